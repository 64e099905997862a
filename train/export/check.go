package export

import (
	"errors"
	"fmt"

	"github.com/surge-snn/surge/models"
)

// check returns an error ([ErrNetwork]) that names the layer whose lists do not fit its size or the
// layer before.
func (n *Network) check() error {
	if n == nil || len(n.Layers) == 0 {
		return fmt.Errorf("%w: no layers, want a network of experiment.Export", ErrNetwork)
	}
	in := n.Inputs
	for i := range n.Layers {
		l := &n.Layers[i]
		if err := l.check(in); err != nil {
			return fmt.Errorf("%w: layer %q: %w", ErrNetwork, l.Name, err)
		}
		in = l.N
	}
	return nil
}

// check looks at a layer of so many inputs.
func (l *Layer) check(in int) error {
	if in < 1 {
		return fmt.Errorf("%d inputs, want at least 1", in)
	}
	out := in
	switch {
	case l.Map != nil:
		var err error
		if out, err = l.Map.outputs(in); err != nil {
			return err
		}
	case l.Alpha == nil && l.Formula == nil:
		return errors.New("neither a map nor neurons")
	}
	if out != l.N {
		return fmt.Errorf("%d outputs, want N = %d", out, l.N)
	}
	return l.checkNeurons()
}

// checkNeurons looks at the lists of the neurons.
func (l *Layer) checkNeurons() error {
	if l.Formula != nil {
		return l.Formula.check(l.N)
	}
	if l.Spikes && l.Alpha == nil {
		return errors.New("spikes without neurons")
	}
	if l.Spikes && l.VTh == nil {
		return errors.New("spikes without a threshold")
	}
	return lengths(list{"alpha", len(l.Alpha), l.N, l.Alpha == nil}, list{"beta", len(l.Beta), l.N, l.Beta == nil},
		list{"v_th", len(l.VTh), l.N, l.VTh == nil}, list{"w_rec", len(l.WRec), l.N * l.N, l.WRec == nil})
}

// check looks at a formula for n neurons.
func (f *Formula) check(n int) error {
	if f.Formula == nil || len(f.Outputs) == 0 || len(f.Next) != len(f.States) || len(f.Values) != len(f.Params) {
		return errors.New("no formula of models.FormulaOf with a list of values for each parameter")
	}
	first := 1 + len(f.Params) + len(f.States)
	for i, line := range f.Lines {
		if min(line.A, line.B) < 0 || max(line.A, line.B) >= first+i {
			return fmt.Errorf("line %d of the formula has no value before it", i)
		}
	}
	for _, k := range append([]int{f.Outputs[0]}, f.Next...) {
		if k < 0 || k >= first+len(f.Lines) {
			return fmt.Errorf("the formula has no value %d", k)
		}
	}
	lists := []list{{"w_rec", len(f.WRec), n * n, f.WRec == nil}, {"gain", len(f.Gain), n, f.Gain == nil}}
	for i, name := range f.Params {
		lists = append(lists, list{name, len(f.Values[i]), n, false})
	}
	return lengths(lists...)
}

// list is a list that is to have a length, unless it may be left out.
type list struct {
	name       string
	have, want int
	absent     bool
}

func lengths(lists ...list) error {
	for _, l := range lists {
		if !l.absent && l.have != l.want {
			return fmt.Errorf("%s has %d numbers, want %d", l.name, l.have, l.want)
		}
	}
	return nil
}

func inputs(have, want int) list { return list{"the map", have, want, false} }

func (m *Linear) outputs(in int) (int, error) {
	if m == nil {
		return 0, errNoMap
	}
	return m.Out, lengths(inputs(m.In, in), list{"w", len(m.W), m.In * m.Out, false}, list{"bias", len(m.Bias), m.Out, m.Bias == nil})
}

var errNoMap = errors.New("a map that is nil")

func (m *Delayed) outputs(in int) (int, error) {
	if m == nil {
		return 0, errNoMap
	}
	if m.Steps < 0 {
		return 0, fmt.Errorf("a delay of %d steps, want >= 0", m.Steps)
	}
	n := m.In * m.Out
	return m.Out, lengths(inputs(m.In, in), list{"w", len(m.W), n, false}, list{"delay", len(m.Delay), n, false}, list{"whole", len(m.Whole), n, false},
		list{"now", len(m.Now), n, false}, list{"later", len(m.Later), n, false}, list{"bias", len(m.Bias), m.Out, m.Bias == nil})
}

func (m *Conv) outputs(in int) (int, error) {
	if m == nil {
		return 0, errNoMap
	}
	if m.Groups < 1 || m.In.Channels%m.Groups != 0 || m.Out.Channels%m.Groups != 0 {
		return 0, fmt.Errorf("%d groups of %d and %d channels", m.Groups, m.In.Channels, m.Out.Channels)
	}
	k := m.Window.Kernel
	return size(m.Out), lengths(inputs(size(m.In), in), list{"w", len(m.W), m.Out.Channels * (m.In.Channels / m.Groups) * k[0] * k[1], false},
		list{"bias", len(m.Bias), m.Out.Channels, m.Bias == nil})
}

func (m *Pool) outputs(in int) (int, error) {
	if m == nil {
		return 0, errNoMap
	}
	return size(m.Out), lengths(inputs(size(m.In), in), list{"the output", m.Out.Channels, m.In.Channels, false})
}

func (m *Norm) outputs(in int) (int, error) {
	if m == nil {
		return 0, errNoMap
	}
	c := len(m.Scale)
	if c == 0 || m.N%c != 0 {
		return 0, fmt.Errorf("%d channels of %d neurons", c, m.N)
	}
	return m.N, lengths(inputs(m.N, in), list{"mean", len(m.Mean), c, false}, list{"r", len(m.R), c, false}, list{"shift", len(m.Shift), c, false})
}

func (m *Delay) outputs(in int) (int, error) {
	if m == nil {
		return 0, errNoMap
	}
	if m.Steps < 1 {
		return 0, fmt.Errorf("a delay of %d steps, want at least 1", m.Steps)
	}
	return m.N, lengths(inputs(m.N, in), list{"delay", len(m.Delay), m.N, false}, list{"whole", len(m.Whole), m.N, false},
		list{"now", len(m.Now), m.N, false}, list{"later", len(m.Later), m.N, false})
}

func size(m models.Image) int { return m.Channels * m.Height * m.Width }

// check returns an error for a network that cannot be simulated, or has no name for each layer.
func (n *Events) check() error {
	if n == nil {
		return fmt.Errorf("%w: no network, want one of experiment.ExportEvents", ErrNetwork)
	}
	if err := n.Net.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrNetwork, err)
	}
	if len(n.Layers) != len(n.Net) {
		return fmt.Errorf("%w: %d names of %d layers", ErrNetwork, len(n.Layers), len(n.Net))
	}
	return nil
}
