package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/surrogate"
)

// spikeFigure goes from below the threshold to three thresholds above it.
func spikeFigure() (drawing, error) {
	const points = 401
	c := plot.Curves{Title: "Spikes of a step", XLabel: "x = v - VTh, in thresholds"}
	smooth := func(s surrogate.Surrogate) func(x *G.Node) (*G.Node, error) {
		return func(x *G.Node) (*G.Node, error) { return ops.SmoothSpike(x, s) }
	}
	counts := surrogate.Staircase{Sharpness: 10, Levels: 3, Spacing: 1}
	for _, of := range []struct {
		name  string
		apply func(x *G.Node) (*G.Node, error)
	}{
		{"Spike", func(x *G.Node) (*G.Node, error) { return ops.Spike(x, surrogate.Sigmoid{Sharpness: 10}) }},
		{"SmoothSpike, sigmoid(10)", smooth(surrogate.Sigmoid{Sharpness: 10})},
		{"Firing, Max 3", func(x *G.Node) (*G.Node, error) { return ops.Firing{Max: 3}.Apply(x, counts) }},
		{"SmoothSpike, staircase(10, 3)", smooth(counts)},
	} {
		l := plot.Line{Name: of.name, X: make([]float64, points)}
		for k := range l.X {
			l.X[k] = rounded(-1 + 4*float64(k)/(points-1))
		}
		var err error
		if l.Y, err = run(1e-3, map[string][]float64{"x": l.X}, 1, func(b *graph.Builder, in func(string) *G.Node) *G.Node { return b.Check(of.apply(in("x"))) }); err != nil {
			return c, fmt.Errorf("%s: %w", of.name, err)
		}
		if n := len(c.Panels); n == 0 || len(c.Panels[n-1].Lines) == 2 { // a rule and its smoothed twin
			c.Panels = append(c.Panels, plot.Panel{YLabel: "spikes"})
		}
		p := &c.Panels[len(c.Panels)-1]
		p.Lines = append(p.Lines, l)
	}
	return c, nil
}

// peaks are the largest inputs of libraryFigure, for a library or for one of its neurons.
var peaks = map[string]float64{
	"snntorch": 0.4, "snntorch/Synaptic": 0.1, "norse": 2, "norse/Izhikevich": 30, "spikingjelly": 1.5, "sinabs": 3, "spyx": 0.8, "rockpool": 0.05,
}

// libraryFigure has a panel for each library, and for neurons with a peak of their own.
func libraryFigure() (drawing, error) {
	const steps, dt = 60, 1e-3
	c := plot.Traces{Title: "Neurons of other libraries", Dt: dt}
	panel := map[string]int{}
	for _, l := range models.PeerNeurons() {
		of, name, _ := strings.Cut(l.Name, "/")
		peak := peaks[of]
		if own, ok := peaks[l.Name]; ok {
			of, peak = name, own
		}
		x := constant(steps, 0)
		for k := range steps - 10 {
			s := math.Sin(math.Pi * float64(k) / (steps - 10))
			x[k] = rounded(peak * s * s)
		}
		y, err := run(dt, map[string][]float64{"x": x}, steps, func(b *graph.Builder, in func(string) *G.Node) *G.Node {
			if name == "Izhikevich" { // which starts where its user says
				l.Initial = []*G.Node{b.Const("v", []float64{-65}, 1, 1), b.Const("u", []float64{-13}, 1, 1)}
			}
			h := l.Apply(b, "h", in("x"))
			return b.Check(G.Concat(0, h.Vmem, h.Spikes))
		})
		if err != nil {
			return c, fmt.Errorf("%s: %w", l.Name, err)
		}
		if _, ok := panel[of]; !ok {
			panel[of] = len(c.Panels)
			threshold := l.Params[slices.IndexFunc(l.Params, func(p models.PeerParam) bool { return strings.Contains(p.Name, "th") })].Value
			c.Panels = append(c.Panels, plot.TracePanel{Name: fmt.Sprintf("%s, x ≤ %v", of, peak), Thresholds: []float64{threshold}})
		}
		p := &c.Panels[panel[of]]
		p.Traces = append(p.Traces, trace(name, dt, y))
	}
	return c, nil
}

// eventFigure gives the neurons of package equation, in short time steps, four arrivals.
func eventFigure() (drawing, error) {
	const steps, dt = 600, 1e-4
	c := plot.Traces{Title: "Neurons from event to event: arrivals at 5, 10, 15 and 35 ms", Dt: dt}
	common := map[string]float64{
		"tau_mem": 10e-3, "tau_syn": 5e-3, "tau_rise": 2e-3, "tau_adapt": 30e-3, "v_leak": 0, "v_th": 1, "v_reset": 0, "t_ref": 2e-3,
		"beta": 0.5, "delta_t": 0.2, "v_t": 0.8, "a": 0.1, "b": 0.3, "i_ext": -0.2, "v_init": -0.45, "theta_init": -0.8,
	}
	for _, panel := range []struct {
		label        string
		names        []string
		weight, most float64 // of V, which rises without end in a step
		own          map[string]float64
	}{
		{"V", []string{"lif", "alpha", "alif"}, 6, 10, nil},
		{"V", []string{"eif", "adex"}, 4, 2, map[string]float64{"v_th": 2}},
		{"y of V = x/y", []string{"qif", "theta"}, 4, 1, map[string]float64{"v_th": 5, "v_reset": -5}},
		{"V (mV)", []string{"izhikevich"}, 40, 30, map[string]float64{"a": 0.02, "b": 0.2, "c": -65, "d": 8}},
	} {
		p := plot.TracePanel{Name: panel.label}
		for _, name := range panel.names {
			text, _ := equation.Builtin(name)
			m, err := equation.Parse(text)
			if err != nil {
				return c, err
			}
			values := map[string]models.Value{}
			for _, param := range m.Params {
				v, ok := panel.own[param]
				if !ok {
					v = common[param]
				}
				values[param] = models.Fixed(v)
			}
			x := constant(steps, 0)
			for _, k := range []int{50, 100, 150, 350} {
				x[k] = panel.weight
			}
			y, err := run(dt, map[string][]float64{"x": x}, steps, func(b *graph.Builder, in func(string) *G.Node) *G.Node {
				h := models.Equations{Model: m, Params: values}.Apply(b, "h", in("x"))
				return b.Check(G.Concat(0, h.Vmem, h.Spikes))
			})
			if err != nil {
				return c, fmt.Errorf("%s: %w", name, err)
			}
			for k := range steps {
				y[k] = min(y[k], panel.most)
			}
			p.Traces = append(p.Traces, trace(name, dt, y))
		}
		c.Panels = append(c.Panels, p)
	}
	return c, nil
}

// trace returns the trace of a voltage, with four digits behind the point because an upswing
// multiplies roundings, with the spikes that stand behind it.
func trace(name string, dt float64, y []float64) plot.Trace {
	steps := len(y) / 2
	t := plot.Trace{Name: name}
	for _, v := range y[:steps] {
		t.Y = append(t.Y, math.Round(v*1e4)/1e4)
	}
	for k, s := range y[steps:] {
		if s > 0 {
			t.Spikes = append(t.Spikes, rounded(float64(k)*dt))
		}
	}
	return t
}

// objectiveFigure moves the first spike of one of two neurons.
func objectiveFigure() (drawing, error) {
	const unit, target = 1e-3, 10
	c := plot.Curves{Title: "Losses of two spikes, targets and the other one at 10 ms, in units of 5 ms", XLabel: "time of the spike (ms)"}
	p := plot.Panel{YLabel: "loss"}
	at := []float64{target * unit, target * unit}
	for _, o := range []struct {
		name string
		eventprop.Objective
	}{
		{"MSE", eventprop.MSE{Target: at, Scale: 5 * unit}},
		{"CrossEntropy, Scale -1/(5 ms)", eventprop.CrossEntropy{Scale: -1 / (5 * unit)}},
		{"TargetTimes", eventprop.TargetTimes{Target: at, Scale: 5 * unit}},
	} {
		l := plot.Line{Name: o.name}
		for k := range 81 {
			t := float64(k) / 4
			y, err := o.Value(make([]float64, 2), []float64{t * unit, target * unit})
			if err != nil {
				return c, err
			}
			l.X, l.Y = append(l.X, t), append(l.Y, rounded(y))
		}
		p.Lines = append(p.Lines, l)
	}
	c.Panels = []plot.Panel{p}
	return c, nil
}
