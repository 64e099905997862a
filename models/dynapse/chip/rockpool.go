package chip

import (
	"encoding/json"
	"fmt"
	"io"

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
