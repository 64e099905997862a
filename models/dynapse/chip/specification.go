package chip

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
)

// Specification is what a specification of Rockpool says.
type Specification struct {
	Network dynapse.Network
	Core    []int
	In      Weights // of the input channels; Pre is 0 where there are none
	// Codes are the quantised weights; nil in a specification that has not been quantised.
	Codes *Quantised
}

// specification is a dictionary that is being read, of JSON or of arrays.
type specification struct {
	texts  map[string]json.RawMessage
	arrays map[string]files.Array
}

// ReadRockpool reads a specification of Rockpool in JSON (arrays as nested lists), quantised or
// not: the dictionary of its mapper, with that of its quantisation or without, where currents have
// a value for each cluster of core_map. Without a core_map it is one of neurons: currents and
// constants by the names of DynapSim, each a number or one for each neuron, and the weights w_in
// [C, N] and w_rec [N, N]. Keys that say nothing of the network are left alone.
//
// Errors: [ErrDevice] for what is not of that form.
func ReadRockpool(r io.Reader) (*Specification, error) {
	var spec specification
	if err := document(r, &spec.texts); err != nil {
		return nil, err
	}
	return spec.read()
}

// mostMembers is more than the members that an object of a configuration has. Many small ones take
// twenty times the memory of their text.
const mostMembers = 1 << 10

// document reads JSON of another program.
func document(r io.Reader, to any) error {
	if r == nil {
		return fmt.Errorf("%w: nothing to read from", ErrDevice)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDevice, err)
	}
	const deepest = 64
	var members []int // of the objects around a place, and in lists nothing
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			members = append(members, 0)
		case '}', ']':
			members = members[:max(len(members)-1, 0)]
		case ':':
			if len(members) > 0 {
				members[len(members)-1]++
			}
		}
		if n := len(members); n > deepest || n > 0 && members[n-1] > mostMembers {
			return fmt.Errorf("%w: at byte %d: expected objects of at most %d members and %d levels, found more", ErrDevice, i, mostMembers, deepest)
		}
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%w: %w", ErrDevice, err)
	}
	return nil
}

// ParseRockpool is [ReadRockpool] for the content of a file of this name, in JSON or as the arrays
// of a .npz (numpy.savez).
//
// Errors: those of ReadRockpool.
func ParseRockpool(name string, content []byte) (*Specification, error) {
	if !strings.EqualFold(filepath.Ext(name), ".npz") {
		return ReadRockpool(bytes.NewReader(content))
	}
	arrays, err := files.ParseArrays(name, content)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDevice, err)
	}
	spec := specification{arrays: map[string]files.Array{}}
	for _, a := range arrays {
		if len(a.Data) == 0 { // an extent beside a 0 may be any number
			return nil, fmt.Errorf("%w: %s has no elements: shape %v", ErrDevice, a.Name, a.Shape)
		}
		spec.arrays[a.Name] = a
	}
	return spec.read()
}

func (s specification) has(key string) bool {
	_, is := s.arrays[key]
	v, ok := s.texts[key]
	return is || ok && string(v) != "null"
}

func (s specification) decode(key string, to any) error {
	if err := json.Unmarshal(s.texts[key], to); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDevice, key, err)
	}
	return nil
}

// values reads a number or a list.
func (s specification) values(key string) (list []float64, err error) {
	if a, ok := s.arrays[key]; ok && len(a.Shape) == 0 {
		return a.Data, nil
	}
	var one float64
	if json.Unmarshal(s.texts[key], &one) == nil {
		return []float64{one}, nil
	}
	_, list, err = s.array(key, 1)
	return list, err
}

// array reads an array of one, two or three axes, row-major.
func (s specification) array(key string, axes int) (shape []int, data []float64, err error) {
	if a, ok := s.arrays[key]; ok {
		if len(a.Shape) != axes {
			err = fmt.Errorf("%w: %s has the shape %v, want %d axes", ErrDevice, key, a.Shape, axes)
		}
		return a.Shape, a.Data, err
	}
	var rows [][]float64
	var blocks [][][]float64
	switch axes {
	case 1:
		err = s.decode(key, &data)
		return []int{len(data)}, data, err
	case 2:
		err = s.decode(key, &rows)
		shape = []int{len(rows), 0}
	default:
		err = s.decode(key, &blocks)
		rows = slices.Concat(blocks...)
		shape = []int{len(blocks), len(rows) / max(len(blocks), 1), 0}
	}
	if len(rows) > 0 {
		shape[axes-1] = len(rows[0])
	}
	irregular := slices.ContainsFunc(rows, func(r []float64) bool { return len(r) != len(rows[0]) }) ||
		slices.ContainsFunc(blocks, func(b [][]float64) bool { return len(b) != len(blocks[0]) })
	if err == nil && irregular {
		err = fmt.Errorf("%w: %s has rows of different lengths", ErrDevice, key)
	}
	return shape, slices.Concat(rows...), err
}

// perCore reads a value of each cluster.
func (s specification) perCore(key string, clusters int) ([]float64, error) {
	_, list, err := s.array(key, 1)
	if err != nil {
		return nil, err
	}
	if len(list) < clusters {
		return nil, fmt.Errorf("%w: %s has %d values for %d clusters", ErrDevice, key, len(list), clusters)
	}
	return list, nil
}

// matrix reads weights to n neurons, 0 as many as there are columns, under one of some names.
func (s specification) matrix(n int, keys ...string) (w Weights, err error) {
	i := slices.IndexFunc(keys, s.has)
	if i < 0 {
		return w, nil
	}
	shape, list, err := s.array(keys[i], 2)
	if err != nil {
		return w, err
	}
	if n == 0 {
		n = shape[1]
	}
	w = Weights{Pre: shape[0], Post: n, W: list}
	return w, w.check(keys[i])
}

// read makes the network that the dictionary says.
func (s specification) read() (*Specification, error) {
	if !s.has("core_map") {
		return s.neurons()
	}
	_, places, err := s.array("core_map", 1)
	if err != nil {
		return nil, err
	}
	out := &Specification{}
	n := &out.Network
	n.N = len(places)
	clusters := 0
	for j, c := range places {
		if c != math.Trunc(c) || c < 0 || c >= MaxCores {
			return nil, fmt.Errorf("%w: core_map[%d] is %v, want 0 to %d", ErrDevice, j, c, MaxCores-1)
		}
		out.Core = append(out.Core, int(c))
		clusters = max(clusters, int(c)+1)
	}
	for _, p := range specified() {
		if !s.has(p.String()) {
			return nil, fmt.Errorf("%w: no %v", ErrDevice, p)
		}
		list, err := s.perCore(p.String(), clusters)
		if err == nil {
			n.Params[p], err = dynapse.PerCore(list, out.Core)
		}
		if err != nil {
			return nil, err
		}
	}
	iscale := dynapse.Iscale.Default()
	if s.has("Iscale") {
		list, err := s.values("Iscale")
		if err != nil || len(list) != 1 {
			return nil, fmt.Errorf("%w: Iscale is no number", ErrDevice)
		}
		iscale = list[0]
		n.Params[dynapse.Iscale] = []float64{iscale}
	}
	if s.has(baseNames[0]) {
		return out, out.quantised(clusters, iscale, s)
	}
	return out, s.weights(out)
}

// weights reads the weights that are not quantised.
func (s specification) weights(to *Specification) (err error) {
	n := &to.Network
	if to.In, err = s.matrix(n.N, "weights_in", inputWeights); err != nil {
		return err
	}
	rec, err := s.matrix(n.N, "weights_rec", recurrentWeights)
	if err == nil && rec.W != nil && rec.Pre != n.N {
		err = fmt.Errorf("%w: the recurrent weights have %d rows for %d neurons", ErrDevice, rec.Pre, n.N)
	}
	n.WRec = rec.W
	return err
}

// Names of the weights in a dictionary of neurons.
const (
	inputWeights     = "w_in"
	recurrentWeights = "w_rec"
)

// neurons reads a dictionary without clusters.
func (s specification) neurons() (*Specification, error) {
	out := &Specification{}
	n := &out.Network
	for _, key := range []string{recurrentWeights, inputWeights} { // which say how many there are
		if w, err := s.matrix(0, key); err != nil {
			return nil, err
		} else if n.N == 0 {
			n.N = w.Post
		}
	}
	for p := range dynapse.Param(dynapse.NumSingle) {
		if !s.has(p.String()) {
			continue
		}
		list, err := s.values(p.String())
		if err != nil {
			return nil, err
		}
		if len(list) > 1 && n.N <= 1 && !s.has(recurrentWeights) && !s.has(inputWeights) {
			n.N = len(list)
		}
		if len(list) != 1 && len(list) != n.N {
			return nil, fmt.Errorf("%w: %v has %d values for %d neurons", ErrDevice, p, len(list), n.N)
		}
		for _, x := range list {
			if err := p.Check(x); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrDevice, err)
			}
		}
		n.Params[p] = list
	}
	if slices.IndexFunc(n.Params[:], func(v []float64) bool { return v != nil }) < 0 {
		return nil, fmt.Errorf("%w: no core_map and no current: want the dictionary of Rockpool's mapper, or currents by their names with w_in and w_rec", ErrDevice)
	}
	n.N = max(n.N, 1)
	out.Core = make([]int, n.N)
	return out, s.weights(out)
}

// quantised reads the codes of the clusters.
func (s *Specification) quantised(clusters int, iscale float64, spec specification) error {
	q := &Quantised{Core: s.Core, Bases: make([]BaseCurrents, clusters), Iscale: iscale}
	for k, name := range baseNames {
		list, err := spec.perCore(name, clusters)
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
		if !spec.has(m.key) {
			continue
		}
		shape, codes, err := spec.array(m.key, 3)
		if err != nil {
			return err
		}
		signed, signs, err := spec.array(m.sign, 3)
		if err != nil {
			return err
		}
		pre, n := shape[1], s.Network.N
		if want := []int{shape[0], pre, n}; shape[0] < clusters || !slices.Equal(shape, want) || !slices.Equal(signed, want) {
			return fmt.Errorf("%w: %s of the shape %v and %s of %v, want at least %d clusters of %d neurons in both", ErrDevice, m.key, shape, m.sign, signed, clusters, n)
		}
		*m.to = Codes{Pre: pre, Post: n, Code: make([]uint8, pre*n), Sign: make([]int8, pre*n)}
		for c := range clusters {
			code, sign := codes[c*pre*n:(c+1)*pre*n], signs[c*pre*n:(c+1)*pre*n]
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
