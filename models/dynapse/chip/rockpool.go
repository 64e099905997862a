package chip

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// specified are the currents of a specification of Rockpool: those of a neuron with one synapse.
func specified() (list []dynapse.Param) {
	for p := range dynapse.Param(dynapse.NumCurrents) {
		list = append(list, p)
	}
	return list
}

// WriteRockpool writes the configuration as the quantised specification that Rockpool's
// config_from_specification takes as keyword arguments, in JSON: n_cluster, core_map, the currents
// and Iw_0 to Iw_3 of each cluster, and the codes and signs of its weights, zero for neurons of
// others. The clusters are the cores in their order.
//
// Source: Rockpool 3.1.0, devices.dynapse.mapping and .quantization. Errors: those of
// [Device.Network], [ErrFit] for NMDA and SHUNT, which a specification has not, and that of w.
func (d *Device) WriteRockpool(w io.Writer) error {
	n, in, err := d.Network()
	if err != nil {
		return err
	}
	if n.FourSynapses {
		return fmt.Errorf("%w: synapses of NMDA or SHUNT, of which a specification of Rockpool has none", ErrFit)
	}
	r, err := d.receivers()
	if err != nil {
		return err
	}
	type matrix [][]int
	zero := func(rows int) matrix {
		m := make(matrix, rows)
		for i := range m {
			m[i] = make([]int, n.N)
		}
		return m
	}
	spec := object{"Iscale": d.Iscale, "n_neuron": n.N}
	coreMap := make([]int, n.N)
	currents := map[string][]float64{}
	var win, sin, wrec, srec []matrix
	cluster := 0
	for _, chip := range d.Chips {
		for _, core := range chip.Cores {
			if len(core.Neurons) == 0 {
				continue
			}
			now, base, err := core.currents(fmt.Sprintf("chip %d core %d", chip.Chip, core.Core), false)
			if err != nil {
				return err
			}
			dc, adapts := false, false
			wi, si, wr, sr := zero(in.Pre), zero(in.Pre), zero(n.N), zero(n.N)
			for _, cell := range core.Neurons {
				coreMap[cell.ID] = cluster
				dc, adapts = dc || cell.DC, adapts || cell.Adaptation
				for _, s := range cell.Synapses {
					source := r.source[arrival{[2]int{chip.X, chip.Y}, core.Core, s.Tag}]
					_, sign := s.Dendrite.column(false)
					code, signs := wr, sr
					if source < 0 {
						source, code, signs = ^source, wi, si
					}
					if code[source][cell.ID] != 0 {
						return fmt.Errorf("%w: two synapses of neuron %d with one source, of which a specification of Rockpool has one", ErrFit, cell.ID)
					}
					code[source][cell.ID], signs[source][cell.ID] = int(s.Weight), int(sign)
				}
			}
			if !dc {
				now[dynapse.Idc] = 0
			}
			if !adapts {
				now[dynapse.IwAHP] = 0
			}
			for _, p := range specified() {
				currents[p.String()] = append(currents[p.String()], now[p])
			}
			for k, name := range baseNames {
				currents[name] = append(currents[name], base[k])
			}
			win, sin, wrec, srec = append(win, wi), append(sin, si), append(wrec, wr), append(srec, sr)
			cluster++
		}
	}
	spec["n_cluster"], spec["core_map"] = cluster, coreMap
	spec["weights_in"], spec["sign_in"], spec["weights_rec"], spec["sign_rec"] = win, sin, wrec, srec
	if in.Pre == 0 {
		spec["weights_in"], spec["sign_in"] = nil, nil
	}
	if n.WRec == nil {
		spec["weights_rec"], spec["sign_rec"] = nil, nil
	}
	for name, list := range currents {
		spec[name] = list
	}
	text, err := json.MarshalIndent(spec, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// Specification is what a specification of Rockpool says.
type Specification struct {
	Network dynapse.Network
	Core    []int
	In      Weights // of the input channels; Pre is 0 where there are none
	// Codes are the quantised weights; nil in a specification that has not been quantised.
	Codes *Quantised
}

// ReadRockpool reads a specification of Rockpool in JSON (arrays as nested lists), quantised or
// not: the dictionary of its mapper, with that of its quantisation or without. Keys that say
// nothing of the network are left alone.
//
// Errors: [ErrDevice] for what is not of that form.
func ReadRockpool(r io.Reader) (*Specification, error) {
	if r == nil {
		return nil, fmt.Errorf("%w: nothing to read from", ErrDevice)
	}
	var spec map[string]json.RawMessage
	if err := json.NewDecoder(r).Decode(&spec); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDevice, err)
	}
	read := func(key string, to any) error {
		if err := json.Unmarshal(spec[key], to); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrDevice, key, err)
		}
		return nil
	}
	has := func(key string) bool { v, ok := spec[key]; return ok && string(v) != "null" }
	if !has("core_map") {
		return nil, fmt.Errorf("%w: no core_map: want the dictionary of Rockpool's mapper", ErrDevice)
	}
	var places []float64
	if err := read("core_map", &places); err != nil {
		return nil, err
	}
	s := &Specification{}
	n := &s.Network
	n.N = len(places)
	clusters := 0
	for j, c := range places {
		if c != math.Trunc(c) || c < 0 || c >= MaxCores {
			return nil, fmt.Errorf("%w: core_map[%d] is %v, want 0 to %d", ErrDevice, j, c, MaxCores-1)
		}
		s.Core = append(s.Core, int(c))
		clusters = max(clusters, int(c)+1)
	}
	perCore := func(key string) ([]float64, error) {
		var list []float64
		if err := read(key, &list); err != nil {
			return nil, err
		}
		if len(list) < clusters {
			return nil, fmt.Errorf("%w: %s has %d values for %d clusters", ErrDevice, key, len(list), clusters)
		}
		return list, nil
	}
	for _, p := range specified() {
		if !has(p.String()) {
			return nil, fmt.Errorf("%w: no %v", ErrDevice, p)
		}
		list, err := perCore(p.String())
		if err == nil {
			n.Params[p], err = dynapse.PerCore(list, s.Core)
		}
		if err != nil {
			return nil, err
		}
	}
	iscale := dynapse.Iscale.Default()
	if has("Iscale") {
		if err := read("Iscale", &iscale); err != nil {
			return nil, err
		}
		n.Params[dynapse.Iscale] = []float64{iscale}
	}
	if has(baseNames[0]) {
		return s, s.quantised(clusters, iscale, has, read, perCore)
	}
	matrix := func(key string) (w Weights, err error) {
		if !has(key) {
			return w, nil
		}
		var rows [][]float64
		if err := read(key, &rows); err != nil {
			return w, err
		}
		w = Weights{Pre: len(rows), Post: n.N, W: slices.Concat(rows...)}
		return w, w.check(key)
	}
	var err error
	if s.In, err = matrix("weights_in"); err != nil {
		return nil, err
	}
	rec, err := matrix("weights_rec")
	if err == nil && rec.W != nil && rec.Pre != n.N {
		err = fmt.Errorf("%w: weights_rec has %d rows for %d neurons", ErrDevice, rec.Pre, n.N)
	}
	n.WRec = rec.W
	return s, err
}

// quantised reads the codes of the clusters.
func (s *Specification) quantised(clusters int, iscale float64, has func(string) bool, read func(string, any) error, perCore func(string) ([]float64, error)) error {
	q := &Quantised{Core: s.Core, Bases: make([]BaseCurrents, clusters), Iscale: iscale}
	for k, name := range baseNames {
		list, err := perCore(name)
		if err != nil {
			return err
		}
		for c := range clusters {
			q.Bases[c][k] = list[c]
		}
	}
	for _, m := range []struct {
		key, sign string
		to        *Codes
	}{{"weights_in", "sign_in", &q.In}, {"weights_rec", "sign_rec", &q.Rec}} {
		if !has(m.key) {
			continue
		}
		var codes, signs [][][]float64
		if err := read(m.key, &codes); err != nil {
			return err
		}
		if err := read(m.sign, &signs); err != nil {
			return err
		}
		if len(codes) < clusters || len(signs) < clusters {
			return fmt.Errorf("%w: %s of %d clusters, want %d", ErrDevice, m.key, len(codes), clusters)
		}
		pre, n := len(codes[0]), s.Network.N
		*m.to = Codes{Pre: pre, Post: n, Code: make([]uint8, pre*n), Sign: make([]int8, pre*n)}
		for c := range clusters {
			code, sign := slices.Concat(codes[c]...), slices.Concat(signs[c]...)
			if len(code) != pre*n || len(sign) != pre*n {
				return fmt.Errorf("%w: %s of cluster %d has %d codes and %d signs, want %d", ErrDevice, m.key, c, len(code), len(sign), pre*n)
			}
			for i, x := range code {
				if s.Core[i%n] != c || x == 0 {
					continue
				}
				if x != math.Trunc(x) || x < 0 || x >= 1<<WeightBits || sign[i] != 1 && sign[i] != -1 {
					return fmt.Errorf("%w: %s[%d] of cluster %d has code %v and sign %v, want 0 to 15 and 1 or -1", ErrDevice, m.key, i, c, x, sign[i])
				}
				m.to.Code[i], m.to.Sign[i] = uint8(x), int8(sign[i])
			}
		}
	}
	s.Codes = q
	in, rec := q.Weights()
	s.In = in
	if len(rec.W) > 0 {
		s.Network.WRec = rec.W
	}
	return nil
}
