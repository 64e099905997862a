package data

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// NPZ reads samples from .npz files of NumPy, features and sequences as
//
//	x        [S, N]         features
//	         [S, T, N]      sequences of T steps; further axes are more channels
//	lengths  [S]            steps of each sequence; without it, all T
//
// or events as lists of all samples one after the other
//
//	times, channels  [E]    of each event; by rising time within a sample
//	offsets          [S+1]  sample i has the events offsets[i] to offsets[i+1]-1
//	or samples       [E]    the number of the sample of each event, from 0
//
// and the target of each sample as
//
//	y        [S]            classes where they are whole numbers or strings, else a number
//	         [S, K]         a vector
//	         [S, T, K]      a sequence
//
// or as spike times in y_times, y_channels and y_offsets. The element types are any but complex
// numbers and objects. Arrays that are not named here are not read. The arrays stay in memory in
// the element type of the file.
type NPZ struct {
	Files
	X, Y     string  // names of the arrays; empty: x and y
	Target   string  // "class", "vector" or "sequence"; empty: by the type and shape of y
	Unit     string  // of times: "s", "ms" or "us"; empty: s, of floating-point numbers
	Origin   string  // of times: "" as they are, "first": each sample begins with its first event
	Channels int     // of events; 0: the largest that occurs, and one
	Duration float64 // s, of each sample of events; 0: until its last event
}

func newNPZ(p *Params) Source {
	s := NPZ{Files: readFiles(p), X: p.String("x", "x", "name of the array of features [S, N] or sequences [S, T, N]"),
		Y:      p.String("y", "y", "name of the array of targets"),
		Target: p.Choice("target", "", "what y is; nothing: by its type and shape", "class", "vector", "sequence")}
	readEventTimes(p, &s.Unit, &s.Origin, &s.Duration, &s.Channels)
	return s
}

// readEventTimes reads the parameters of lists of events.
func readEventTimes(p *Params, unit, origin *string, duration *float64, channels *int) {
	*unit = p.Choice("unit", "", "of the times of events; nothing: s, where they are floating-point numbers", "s", "ms", "us")
	*origin = p.Choice("origin", "", "of times; first: each sample begins with its first event", "first")
	*duration = p.Float("duration", 0, "s, of each sample of events; 0: until its last event")
	*channels = p.Int("channels", 0, "of events; 0: the largest that occurs, and one")
	p.Want("duration", *duration >= 0, ">= 0 s")
}

// Load reads the files.
func (s NPZ) Load() (Parts, error) { return s.load(s.read) }

// Open reads a file to predict, see [Opener].
func (s NPZ) Open(path string, trained Dataset) (Dataset, error) {
	free := s
	free.untargeted, free.Group = true, ""
	return open(path, trained, free.read)
}

// read reads one file.
func (s NPZ) read(path string) (*recorded, error) {
	xName, yName := s.X, s.Y
	if xName == "" {
		xName = "x"
	}
	if yName == "" {
		yName = "y"
	}
	wanted := []string{xName, yName, "lengths", "times", "channels", "offsets", "samples", "y_times", "y_channels", "y_offsets", "set"}
	if s.Group != "" {
		wanted = append(wanted, s.Group)
	}
	list, err := files.ReadPacked(path, wanted...)
	if err != nil {
		return nil, err
	}
	a := arrays{path: path, list: list}
	r := &recorded{path: path}
	switch x, times := a.get(xName), a.get("times"); {
	case x != nil && times != nil:
		return nil, a.bad("", "either %q or times, found both", xName)
	case x != nil:
		err = a.dense(r, x)
	case times != nil:
		err = a.events(r, s)
	default:
		return nil, a.bad("", "%q, or times and channels; found %s", xName, a.names(path))
	}
	if err != nil {
		return nil, err
	}
	if !s.untargeted || a.get(yName) != nil {
		if err := a.target(r, yName, s); err != nil {
			return nil, err
		}
	}
	if s.Group != "" {
		if r.groups, err = a.groups(s.Group, r.n); err != nil {
			return nil, err
		}
	}
	if set := a.get("set"); set != nil {
		if r.set, err = a.small("set", r.n); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// arrays are the arrays of a file.
type arrays struct {
	path string
	list []files.Packed
}

func (a arrays) get(name string) *files.Packed {
	i := slices.IndexFunc(a.list, func(p files.Packed) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return &a.list[i]
}

// names lists what is in the file.
func (a arrays) names(path string) string {
	members, err := files.Members(path)
	if err != nil || len(members) == 0 {
		return "no arrays"
	}
	var names []string
	for _, m := range members {
		names = append(names, fmt.Sprintf("%s %v", m.Name, m.Shape))
	}
	return strings.Join(names, ", ")
}

// bad is an error about an array, or about the file where name is empty.
func (a arrays) bad(name, expected string, args ...any) error {
	if name != "" {
		name = fmt.Sprintf(" array %q:", name)
	}
	return fmt.Errorf("%s:%s %w: expected %s", a.path, name, ErrFormat, fmt.Sprintf(expected, args...))
}

// dense takes features or sequences.
func (a arrays) dense(r *recorded, x *files.Packed) error {
	if slices.Contains(x.Shape, 0) {
		return a.bad(x.Name, "samples, steps and channels, found %s %v", x.DType, x.Shape)
	}
	if x.DType == files.Text || len(x.Shape) < 2 {
		return a.bad(x.Name, "numbers of shape [S, N] or [S, T, N], found %s %v", x.DType, x.Shape)
	}
	r.n = x.Shape[0]
	size := x.Len() / r.n // of a sample
	if len(x.Shape) == 2 {
		r.form = Form{Channels: size}
		r.input = func(s *Sample, i int) { x.Floats(s.Features(size), i*size) }
		return a.finite(x, r.n, func(int) int { return size })
	}
	steps := x.Shape[1]
	channels := size / steps
	r.form = Form{Input: Sequence, Channels: channels, Steps: steps}
	length := func(int) int { return steps }
	if a.get("lengths") != nil {
		lengths, err := a.small("lengths", r.n)
		if err != nil {
			return err
		}
		for i, n := range lengths {
			if n < 1 || int(n) > steps {
				return a.bad("lengths", "1 to %d steps, found %d for sample %d", steps, n, i)
			}
		}
		r.form.Steps = int(slices.Max(lengths))
		length = func(i int) int { return int(lengths[i]) }
	}
	r.input = func(s *Sample, i int) { x.Floats(s.Sequence(length(i), channels), i*size) }
	return a.finite(x, r.n, func(i int) int { return length(i) * channels })
}

// finite checks the used numbers of each of n samples: what lies behind the end of a sequence may
// be anything.
func (a arrays) finite(x *files.Packed, n int, used func(i int) int) error {
	size := x.Len() / n
	for i := range n {
		for k := range used(i) {
			if v := x.Float(i*size + k); v-v != 0 {
				at := []int{k}
				if len(x.Shape) > 2 {
					channels := size / x.Shape[1]
					at = []int{k / channels, k % channels}
				}
				return a.bad(x.Name, "finite numbers, found %v in sample %d at %v", v, i, at)
			}
		}
	}
	return nil
}

// small reads an array [n] of whole numbers.
func (a arrays) small(name string, n int) ([]int32, error) {
	p := a.get(name)
	if p.DType == files.Text || len(p.Shape) != 1 || p.Len() != n {
		return nil, a.bad(name, "whole numbers of shape [%d], one for each sample, found %s %v", n, p.DType, p.Shape)
	}
	out := make([]int32, n)
	for i := range out {
		v, ok := p.Int(i)
		if !ok || v != int64(int32(v)) {
			return nil, a.bad(name, "whole numbers, found %v for sample %d", p.Float(i), i)
		}
		out[i] = int32(v)
	}
	return out, nil
}

// groups numbers the values of an array.
func (a arrays) groups(name string, n int) ([]int32, error) {
	p := a.get(name)
	if p == nil {
		return nil, a.bad("", "an array %q, the groups of samples; found %s", name, a.names(a.path))
	}
	if len(p.Shape) != 1 || p.Len() != n {
		return nil, a.bad(name, "shape [%d], one group for each sample, found %v", n, p.Shape)
	}
	if p.DType == files.Text {
		return textLabels(p).codes, nil
	}
	out, index := make([]int32, n), map[float64]int32{}
	for i := range out {
		v := p.Float(i)
		if v != v {
			return nil, a.bad(name, "a group for each sample, found NaN for sample %d", i)
		}
		code, ok := index[v]
		if !ok {
			code = int32(len(index))
			index[v] = code
		}
		out[i] = code
	}
	return out, nil
}

// target takes the targets.
func (a arrays) target(r *recorded, name string, s NPZ) error {
	y, kind := a.get(name), s.Target
	if y == nil {
		if a.get("y_times") != nil {
			return a.spikes(r, r.form.Input == EventList && s.Duration == 0)
		}
		return a.bad("", "the targets %q; found %s", name, a.names(a.path))
	}
	if len(y.Shape) == 0 || y.Shape[0] != r.n || slices.Contains(y.Shape, 0) {
		return a.bad(name, "shape [%d], [%d, K] or [%d, T, K] for as many samples, found %v", r.n, r.n, r.n, y.Shape)
	}
	size := y.Len() / r.n
	if kind == "" {
		switch kind = "class"; {
		case len(y.Shape) == 3:
			kind = "sequence"
		case y.DType != files.Text && strings.HasPrefix(string(y.DType), "float"), len(y.Shape) == 2 && size > 1:
			kind = "vector"
		}
	}
	if y.DType == files.Text && kind != "class" {
		return a.bad(name, "numbers, for target = %q, found strings", kind)
	}
	if y.DType != files.Text && kind != "class" {
		for i := range y.Len() {
			if v := y.Float(i); v-v != 0 {
				return a.bad(name, "finite numbers, found %v as element %d", v, i)
			}
		}
	}
	switch kind {
	case "class":
		if size != 1 {
			return a.bad(name, "shape [%d], one class for each sample, found %v", r.n, y.Shape)
		}
		l := labels{}
		if y.DType == files.Text {
			l = textLabels(y)
		} else {
			var err error
			l, err = numberLabels(r.n, func(i int) (int64, error) {
				v, ok := y.Int(i)
				if !ok {
					return 0, a.bad(name, "whole numbers, the classes, found %v for sample %d", y.Float(i), i)
				}
				return v, nil
			})
			if err != nil {
				return err
			}
		}
		r.labels = &l
	case "vector":
		r.form.Target = Target{Kind: VectorTarget, Size: size}
		r.target = func(s *Sample, i int) {
			s.Y = resize(s.Y, size)
			y.Floats(s.Y, i*size)
		}
	case "sequence":
		x := a.list[slices.IndexFunc(a.list, func(p files.Packed) bool { return len(p.Shape) >= 3 || p.Name == name })]
		if r.form.Input != Sequence || len(y.Shape) < 2 || y.Shape[1] != x.Shape[1] {
			return a.bad(name, "shape [S, T] or [S, T, K] with the steps of the sequences, found %v for %v of shape %v", y.Shape, r.form.Input, x.Shape)
		}
		k := size / y.Shape[1]
		r.form.Target = Target{Kind: SequenceTarget, Size: k}
		r.target = func(s *Sample, i int) {
			s.Y = resize(s.Y, s.Steps*k)
			y.Floats(s.Y, i*size)
		}
	}
	return nil
}
