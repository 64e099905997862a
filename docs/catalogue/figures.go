package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/surrogate/figure"
)

// papers are the endings of the files of each figure: on light and on dark paper.
var papers = [2]string{".svg", ".dark.svg"}

// picture is a figure of the page: what it shows, in words, and how it is made.
type picture struct {
	alt  string
	draw func() (drawing, error)
}

type drawing interface{ Write(path string) error }

// figures are the figures of the page, by file without ending.
var figures = map[string]picture{
	"surrogates":   {"Slopes of the surrogates", func() (drawing, error) { return figure.Surrogates(false), nil }},
	"peers":        {"Slopes of the rules of other libraries", peerFigure},
	"spikes":       {"Spikes by the distance from the threshold", spikeFigure},
	"libraries":    {"Voltages and spikes of the neurons of other libraries", libraryFigure},
	"events":       {"Neurons from event to event", eventFigure},
	"objectives":   {"Losses of events by the time of a spike", objectiveFigure},
	"neurons":      {"Voltages under a constant current", neuronFigure},
	"winners":      {"Softmax and threshold of units that compete", winnerFigure},
	"synapses":     {"Responses to one input", synapseFigure},
	"losses":       {"Distances of two spikes by their shift", lossFigure},
	"counts":       {"Losses and regularisers by the number of spikes", countFigure},
	"voltages":     {"Losses and regularisers by the voltage", voltageFigure},
	"readouts":     {"Readouts up to a time", readoutFigure},
	"encoders":     {"Spikes of the encoders", encoderFigure},
	"initialisers": {"Weights, sorted", initialiserFigure},
	"optimizers":   {"Loss over the updates", optimizerFigure},
	"schedules":    {"Schedules", scheduleFigure},
}

// run returns the values of a node of inputs that have so many steps, rounded to ten digits, so
// that the last bits of an exponential do not move a point.
func run(dt float64, inputs map[string][]float64, steps int, build func(b *graph.Builder, in func(name string) *G.Node) *G.Node) ([]float64, error) {
	prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, NoGrad: true, Dt: dt}, func(b *graph.Builder) {
		b.Output("y", build(b, func(name string) *G.Node { return b.Input(name, steps, 1, len(inputs[name])/steps) }))
	})
	if err != nil {
		return nil, err
	}
	for name, v := range inputs {
		err = errors.Join(err, prog.Set(name, v))
	}
	if err := errors.Join(err, prog.Run()); err != nil {
		return nil, err
	}
	var y []float64
	for _, v := range prog.Output("y").Float64s() {
		y = append(y, rounded(v))
	}
	return y, prog.Close()
}

// rounded returns v with ten digits.
func rounded(v float64) float64 {
	if math.Abs(v) < 1e-100 {
		return 0
	}
	scale := math.Pow(10, 9-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

// constant returns n numbers v.
func constant(n int, v float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = v
	}
	return x
}

// line returns a line over times in ms.
func line(name string, dt float64, y []float64) plot.Line {
	l := plot.Line{Name: name, Y: y}
	for k := range y {
		l.X = append(l.X, rounded(float64(k)*dt*1e3))
	}
	return l
}

// peerFigure has panels of a few rules each, by library.
func peerFigure() (drawing, error) {
	const from, to, points, most = -2.0, 2.0, 201, 5
	c := plot.Curves{Title: "Rules of other libraries: slope over its peak", XLabel: "x = v - VTh"}
	library := ""
	for _, row := range surrogate.Peers() {
		s := row.New()
		of, name, _ := strings.Cut(s.String(), "/")
		if n := len(c.Panels); of != library || len(c.Panels[n-1].Lines) == most {
			library = of
			c.Panels = append(c.Panels, plot.Panel{YLabel: of})
		}
		l := plot.Line{Name: name}
		for k := range points {
			x := from + (to-from)*float64(k)/(points-1)
			l.X, l.Y = append(l.X, x), append(l.Y, rounded(s.Slope(x)/s.Peak()))
		}
		p := &c.Panels[len(c.Panels)-1]
		p.Lines = append(p.Lines, l)
	}
	return c, nil
}

// neuronFigure runs neurons under a constant current for 100 ms.
func neuronFigure() (drawing, error) {
	c := plot.Curves{Title: "Voltages under a constant current", XLabel: "time (ms)"}
	type layer interface {
		Apply(b *graph.Builder, name string, x *G.Node) models.Neurons
	}
	for _, n := range []struct {
		name, unit         string
		layer              layer
		current, dt, scale float64
	}{
		{"IF", "VTh", models.IF{}, 0.06, 1e-3, 1},
		{"LIF", "VTh", models.LIF{}, 0.06, 1e-3, 1},
		{"LIF, refractory 10 ms", "VTh", models.LIF{Refractory: 10e-3}, 0.06, 1e-3, 1},
		{"PLIF", "VTh", models.PLIF{InitTau: 20}, 1.2, 1e-3, 1},
		{"ALIF", "VTh", models.ALIF{}, 0.12, 1e-3, 1},
		{"EIF", "mV", models.EIF{}, 1e-9, 1e-4, 1e3},
		{"AdEx", "mV", models.AdEx{}, 1e-9, 1e-4, 1e3},
		{"Izhikevich", "mV", models.Izhikevich{}, 10, 0.5e-3, 1},
	} {
		steps := int(math.Round(100e-3 / n.dt))
		v, err := run(n.dt, map[string][]float64{"x": constant(steps, n.current)}, steps, func(b *graph.Builder, in func(string) *G.Node) *G.Node {
			return n.layer.Apply(b, "h", in("x")).Vmem
		})
		if err != nil {
			return c, err
		}
		for i := range v {
			v[i] = math.Round(min(v[i]*n.scale, 60)*1e4) / 1e4
		}
		c.Panels = append(c.Panels, plot.Panel{YLabel: fmt.Sprintf("v (%s)", n.unit), Lines: []plot.Line{line(n.name, n.dt, v)}})
	}
	return c, nil
}

// winnerFigure lets three units of a WTASCell compete.
func winnerFigure() (drawing, error) {
	const steps, units, dt = 200, 3, 1e-3
	c := plot.Curves{Title: "WTASCell: currents 1, 0.8 and 0.6, refractory 5 ms, threshold gain 0.02", XLabel: "time (ms)"}
	x := make([]float64, steps*units)
	for i := range x {
		x[i] = 1 - 0.2*float64(i%units)
	}
	for _, of := range []struct {
		label string
		node  func(models.Winners) *G.Node
	}{{"share", func(w models.Winners) *G.Node { return w.Prob }}, {"threshold", func(w models.Winners) *G.Node { return w.Thr }}} {
		y, err := run(dt, map[string][]float64{"x": x}, steps, func(b *graph.Builder, in func(string) *G.Node) *G.Node {
			return of.node(models.WTASCell{RefractTime: 5e-3, ThrGain: models.Fixed(0.02)}.Apply(b, "h", in("x")))
		})
		if err != nil {
			return c, err
		}
		p := plot.Panel{YLabel: of.label}
		for u := range units {
			var one []float64
			for k := u; k < len(y); k += units {
				one = append(one, y[k])
			}
			p.Lines = append(p.Lines, line(fmt.Sprintf("unit %d", u+1), dt, one))
		}
		c.Panels = append(c.Panels, p)
	}
	return c, nil
}

// synapseFigure gives one input of 1, after 5 ms, to synapses and integrators.
func synapseFigure() (drawing, error) {
	const steps, dt = 600, 1e-4
	c := plot.Curves{Title: "Responses to one input of 1 at 5 ms", XLabel: "time (ms)"}
	x := make([]float64, steps)
	x[50] = 1
	type response struct {
		name string
		node func(b *graph.Builder, x *G.Node) *G.Node
	}
	alpha := func(rule models.AlphaRule) func(b *graph.Builder, x *G.Node) *G.Node {
		return func(b *graph.Builder, x *G.Node) *G.Node {
			return models.AlphaSynapse{Out: 1, Nonplastic: true, Rule: rule}.Apply(b, "h", x).G
		}
	}
	for _, p := range []struct {
		label     string
		responses []response
	}{
		{"current", []response{
			{"ExpSyn", func(b *graph.Builder, x *G.Node) *G.Node { return models.ExpSyn{}.Apply(b, "h", x).Isyn }},
			{"Delay, 10.05 ms", func(b *graph.Builder, x *G.Node) *G.Node {
				return models.Delay{Delay: models.Fixed(10.05e-3)}.Apply(b, "h", x)
			}},
		}},
		{"current", []response{{"DoubleExp", func(b *graph.Builder, x *G.Node) *G.Node { return models.DoubleExp{}.Apply(b, "h", x).Isyn }}}},
		{"conductance", []response{{"AlphaSynapse, exact", alpha(models.AlphaExact)}, {"AlphaSynapse, Euler with τ", alpha(models.AlphaEulerTau)}}},
		{"voltage", []response{
			{"LI", func(b *graph.Builder, x *G.Node) *G.Node { return models.LI{}.Apply(b, "h", x).Vmem }},
			{"LI, TauSyn 5 ms", func(b *graph.Builder, x *G.Node) *G.Node {
				return models.LI{TauSyn: models.Fixed(5e-3)}.Apply(b, "h", x).Vmem
			}},
		}},
	} {
		panel := plot.Panel{YLabel: p.label}
		for _, r := range p.responses {
			y, err := run(dt, map[string][]float64{"x": x}, steps, func(b *graph.Builder, in func(string) *G.Node) *G.Node { return r.node(b, in("x")) })
			if err != nil {
				return c, err
			}
			panel.Lines = append(panel.Lines, line(r.name, dt, y))
		}
		c.Panels = append(c.Panels, panel)
	}
	return c, nil
}
