package main

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// lossFigure shifts one spike against another.
func lossFigure() (drawing, error) {
	const at = 50
	c := plot.Curves{Title: "One spike against another: distance by its shift", XLabel: "shift (ms)"}
	purpura, rossum, first := plot.Line{Name: "VictorPurpura, 100 per s"}, plot.Line{Name: "VanRossumDistance, 10 ms"}, plot.Line{Name: "FirstSpikeMSE, 20 ms"}
	for shift := -40; shift <= 40; shift++ {
		a, b := []float64{at * 1e-3}, []float64{float64(at+shift) * 1e-3}
		d, err := train.VictorPurpura(a, b, 100)
		if err != nil {
			return c, err
		}
		r, err := train.VanRossumDistance(a, b, 10e-3)
		if err != nil {
			return c, err
		}
		x := constant(100, 0)
		x[at+shift] = 1
		m, err := run(1e-3, map[string][]float64{"s": x}, len(x), func(b *graph.Builder, in func(string) *G.Node) *G.Node {
			return models.FirstSpikeMSE(b, in("s"), b.Const("t", []float64{at * 1e-3}, 1, 1), 20e-3)
		})
		if err != nil {
			return c, err
		}
		for _, p := range []struct {
			l *plot.Line
			y float64
		}{{&purpura, d}, {&rossum, r}, {&first, m[0]}} {
			p.l.X, p.l.Y = append(p.l.X, float64(shift)), append(p.l.Y, rounded(p.y))
		}
	}
	c.Panels = []plot.Panel{{YLabel: "distance", Lines: []plot.Line{purpura, rossum, first}}}
	return c, nil
}

// curve is a function that is drawn, of a node of inputs [steps, 1, 2].
type curve struct {
	name string
	loss func(b *graph.Builder, x *G.Node) *G.Node
}

// of returns the lines of curves over x, whose inputs are what input makes of it.
func of(curves []curve, x []float64, steps int, input func(x float64) []float64) (lines []plot.Line, err error) {
	for _, c := range curves {
		l := plot.Line{Name: c.name}
		for _, v := range x {
			y, err := run(1e-3, map[string][]float64{"x": input(v)}, steps, func(b *graph.Builder, in func(string) *G.Node) *G.Node { return c.loss(b, in("x")) })
			if err != nil {
				return nil, err
			}
			l.X, l.Y = append(l.X, rounded(v)), append(l.Y, y[0])
		}
		lines = append(lines, l)
	}
	return lines, nil
}

func class(b *graph.Builder) *G.Node { return b.Const("class", []float64{0}, 1) }

// countFigure gives the neuron of the class more and more spikes, and the other one five.
func countFigure() (drawing, error) {
	const steps = 20
	c := plot.Curves{Title: "20 steps, five spikes of another neuron", XLabel: "spikes of the neuron of the class"}
	var x []float64
	for n := range steps + 1 {
		x = append(x, float64(n))
	}
	input := func(n float64) []float64 {
		s := make([]float64, 2*steps)
		for k := range steps {
			if float64(k) < n {
				s[2*k] = 1
			}
			if k < 5 {
				s[2*k+1] = 1
			}
		}
		return s
	}
	only := func(b *graph.Builder, s *G.Node) *G.Node {
		return b.Check(G.HadamardProd(s, b.Const("only", slices.Repeat([]float64{1, 0}, steps), steps, 1, 2)))
	}
	for _, p := range []struct {
		label  string
		curves []curve
	}{
		{"loss", []curve{
			{"CountCrossEntropy", func(b *graph.Builder, s *G.Node) *G.Node { return models.CountCrossEntropy(b, s, class(b)) }},
			{"RateCrossEntropy", func(b *graph.Builder, s *G.Node) *G.Node { return models.RateCrossEntropy(b, s, class(b)) }},
			{"CountMSE, 0.8 and 0.2", func(b *graph.Builder, s *G.Node) *G.Node {
				return models.CountMSE(b, s, b.Const("y", []float64{0.8, 0.2}, 1, 2))
			}},
		}},
		{"penalty", []curve{
			{"RateBounds, 5 to 10", func(b *graph.Builder, s *G.Node) *G.Node {
				return b.Check(ops.RateBounds{Lower: 5, Upper: 10}.Apply(s))
			}},
			{"Silence, 5", func(b *graph.Builder, s *G.Node) *G.Node { return b.Check(ops.Silence(s, 5)) }},
			{"Sparsity × 20", func(b *graph.Builder, s *G.Node) *G.Node {
				return b.Check(ops.Affine(b.Check(ops.Sparsity(only(b, s))), steps, 0))
			}},
		}},
	} {
		lines, err := of(p.curves, x, steps, input)
		if err != nil {
			return c, err
		}
		c.Panels = append(c.Panels, plot.Panel{YLabel: p.label, Lines: lines})
	}
	return c, nil
}

// voltageFigure moves the voltage of the neuron of the class, and keeps the other one at 0.5.
func voltageFigure() (drawing, error) {
	c := plot.Curves{Title: "By the voltage, beside another one at 0.5", XLabel: "voltage of the neuron of the class"}
	var x []float64
	for k := -40; k <= 60; k++ {
		x = append(x, float64(k)/20)
	}
	lines, err := of([]curve{
		{"MaxMembraneCrossEntropy", func(b *graph.Builder, v *G.Node) *G.Node { return models.MaxMembraneCrossEntropy(b, v, class(b)) }},
		{"MembraneMSE to 1 and 0.5", func(b *graph.Builder, v *G.Node) *G.Node {
			return models.MembraneMSE(b, v, b.Const("y", []float64{1, 0.5}, 1, 1, 2))
		}},
		{"VoltageBounds, -1 to 1", func(b *graph.Builder, v *G.Node) *G.Node {
			return b.Check(ops.VoltageBounds{Lower: -1, Upper: 1}.Apply(v))
		}},
	}, x, 1, func(v float64) []float64 { return []float64{v, 0.5} })
	c.Panels = []plot.Panel{{YLabel: "loss", Lines: lines}}
	return c, err
}

// readoutFigure reads out a voltage and spikes up to each step.
func readoutFigure() (drawing, error) {
	const steps, dt = 100, 1e-3
	c := plot.Curves{Title: "A voltage, and spikes every 15 ms, read out up to a time", XLabel: "length (ms)"}
	v, s := make([]float64, steps), make([]float64, steps)
	for k := range v {
		v[k] = rounded(math.Sin(2*math.Pi*float64(k)/60) * math.Exp(-float64(k)/80))
		if k%15 == 14 {
			s[k] = 1
		}
	}
	until := func(f func(x, length *G.Node) (*G.Node, error)) func(b *graph.Builder, x *G.Node, n float64) *G.Node {
		return func(b *graph.Builder, x *G.Node, n float64) *G.Node {
			return b.Check(f(x, b.Const("length", []float64{n}, 1)))
		}
	}
	type readout struct {
		name string
		of   func(b *graph.Builder, x *G.Node, n float64) *G.Node
	}
	for _, p := range []struct {
		label    string
		x        []float64
		readouts []readout
	}{
		{"voltage", v, []readout{{"LastUntil, the voltage", until(ops.LastUntil)}, {"MaxUntil", until(ops.MaxUntil)}, {"MeanUntil", until(ops.MeanUntil)}}},
		{"spikes", s, []readout{{"SumUntil", until(ops.SumUntil)}, {"FirstSpikeTime (10 ms)", func(b *graph.Builder, x *G.Node, n float64) *G.Node {
			rows := b.Check(G.Slice(x, G.S(0, int(n)), nil, nil))
			rows = b.Check(G.Reshape(rows, []int{int(n), 1, 1}))
			return b.Check(ops.Affine(b.Check(ops.FirstSpikeTime(rows, dt)), 100, 0))
		}}}},
	} {
		panel := plot.Panel{YLabel: p.label}
		for _, r := range p.readouts {
			l := plot.Line{Name: r.name}
			for n := 2; n <= steps; n++ {
				y, err := run(dt, map[string][]float64{"x": p.x}, steps, func(b *graph.Builder, in func(string) *G.Node) *G.Node { return r.of(b, in("x"), float64(n)) })
				if err != nil {
					return c, err
				}
				l.X, l.Y = append(l.X, float64(n)), append(l.Y, y[0])
			}
			panel.Lines = append(panel.Lines, l)
		}
		c.Panels = append(c.Panels, panel)
	}
	return c, nil
}

// encoderFigure encodes 21 features from 0 to 1.
func encoderFigure() (drawing, error) {
	const steps, features = 40, 21
	var x, sine []float64
	for i := range features {
		x = append(x, float64(i)/(features-1))
	}
	for k := range steps {
		sine = append(sine, rounded(math.Sin(2*math.Pi*float64(k)/steps)))
	}
	r := plot.Raster{Title: "Encoders", Duration: steps * 1e-3}
	for _, e := range []struct {
		name string
		data.Encoder
	}{
		{"ttfs", data.TTFSBias{}},
		{"latency", data.Latency{}},
		{"latency, tau 10 ms", data.Latency{Threshold: 0.2, Tau: 10e-3, TMax: 40e-3}},
		{"rate, 500 Hz", data.Rate{MaxRate: 500}},
		{"population", data.Population{Neurons: 4}},
		{"phase, 8 bits", data.Phase{Plain: true}},
		{"delta", data.Delta{}},
	} {
		dst, err := data.NewBlock(steps, e.Channels(features)), error(nil)
		if s, ok := e.Encoder.(data.SequenceEncoder); ok {
			dst = data.NewBlock(steps, e.Channels(1))
			err = s.EncodeSequence(dst, sine, 1, nil)
		} else {
			err = e.Encode(dst, x, random.New(1, "figure"))
		}
		if err != nil {
			return r, err
		}
		l, err := plot.DenseLayer(e.name, dst.Data, steps, dst.Channels, 1e-3)
		if err != nil {
			return r, err
		}
		r.Layers = append(r.Layers, l)
	}
	return r, nil
}

// initialiserFigure sorts the weights that initialisers draw.
func initialiserFigure() (drawing, error) {
	const in, out = 100, 50
	c := plot.Curves{Title: "Weights of 100 inputs and 50 outputs, sorted", XLabel: "share of the weights below"}
	driven, err := models.FluctuationDriven{Rate: 20}.Init(in)
	if err != nil {
		return c, err
	}
	p := plot.Panel{YLabel: "weight"}
	for _, i := range []struct {
		name string
		init graph.Init
	}{
		{"Xavier(1), normal", models.Xavier(1, false)},
		{"Xavier(1), uniform", models.Xavier(1, true)},
		{"Kaiming(√2), normal", models.Kaiming(math.Sqrt2, false)},
		{"Kaiming(1/√3), uniform", models.Kaiming(1/math.Sqrt(3), true)},
		{"FanIn(1, 1)", models.FanIn(1, 1)},
		{"FluctuationDriven", driven},
		{"Normal(0.1, 0.05)", models.Normal(0.1, 0.05)},
		{"Uniform(0, 0.2)", models.Uniform(0, 0.2)},
		{"Constant(0.3)", models.Constant(0.3)},
	} {
		w := make([]float64, in*out)
		i.init(w, []int{in, out}, random.New(1, i.name))
		slices.Sort(w)
		l := plot.Line{Name: i.name}
		for k := 12; k < len(w); k += 25 {
			l.X, l.Y = append(l.X, float64(k)/float64(len(w))), append(l.Y, rounded(w[k]))
		}
		p.Lines = append(p.Lines, l)
	}
	c.Panels = []plot.Panel{p}
	return c, nil
}

// optimizerFigure goes down a valley.
func optimizerFigure() (drawing, error) {
	const updates = 150
	c := plot.Curves{Title: "Loss in a valley over 150 updates", XLabel: "update"}
	p := plot.Panel{YLabel: "loss", Log: true}
	for _, o := range []struct {
		name string
		optim.Transform
	}{
		{"SGD, 0.015", optim.SGD{LR: optim.Constant(0.015)}},
		{"SGD, 0.015, momentum 0.8", optim.SGD{LR: optim.Constant(0.015), Momentum: 0.8}},
		{"SGD, 0.005, Nesterov 0.8", optim.SGD{LR: optim.Constant(0.005), Momentum: 0.8, Nesterov: true}},
		{"RMSProp, 0.02", optim.RMSProp{LR: optim.Constant(0.02)}},
		{"Adagrad, 0.3", optim.Adagrad{LR: optim.Constant(0.3)}},
		{"Adam, 0.05", optim.Adam{LR: optim.Constant(0.05)}},
		{"Lion, 0.02", optim.Lion{LR: optim.Constant(0.02)}},
		{"Lookahead of Adam, 0.05", optim.Lookahead{Inner: optim.Adam{LR: optim.Constant(0.05)}}},
	} {
		params := optim.Tree{{Name: "p", F64: []float64{1, 1}}}
		grads := optim.Tree{{Name: "p", F64: make([]float64, 2)}}
		state := o.Init(params)
		l := plot.Line{Name: o.name}
		for n := range updates {
			x, y := params[0].F64[0], params[0].F64[1]
			l.X, l.Y = append(l.X, float64(n)), append(l.Y, max(rounded((x*x+100*y*y)/2), 1e-12))
			grads[0].F64[0], grads[0].F64[1] = x, 100*y
			if err := o.Update(grads, params, &state); err != nil {
				return c, fmt.Errorf("%s: %w", o.name, err)
			}
			if err := optim.Apply(params, grads); err != nil {
				return c, err
			}
		}
		p.Lines = append(p.Lines, l)
	}
	c.Panels = []plot.Panel{p}
	return c, nil
}

func scheduleFigure() (drawing, error) {
	const steps = 100
	panel := plot.Panel{YLabel: "learning rate"}
	for _, s := range []struct {
		name string
		optim.Schedule
	}{
		{"Constant", optim.Constant(0.9)},
		{"Linear", optim.Linear{Init: 1, End: 0.1, Steps: steps}},
		{"Cosine", optim.Cosine{Init: 1, Steps: steps}},
		{"Exponential", optim.Exponential{Init: 1, Rate: 0.1, Every: 50}},
		{"Steps", optim.Steps{Init: 1, Factor: 0.5, Milestones: []uint64{30, 60}}},
		{"WarmUp", optim.WarmUp{Steps: 20, Then: optim.Cosine{Init: 1, Steps: steps - 20}}},
		{"OneCycle", optim.OneCycle{Peak: 1, Steps: steps}},
		{"Join", optim.Join{{Steps: 40, Schedule: optim.Constant(0.6)}, {Schedule: optim.Linear{Init: 0.6, Steps: steps - 40}}}},
	} {
		line := plot.Line{Name: s.name}
		for t := range uint64(steps + 1) {
			line.X, line.Y = append(line.X, float64(t)), append(line.Y, s.At(t))
		}
		panel.Lines = append(panel.Lines, line)
	}
	return plot.Curves{Title: "Schedules over 100 updates", XLabel: "update", Panels: []plot.Panel{panel}}, nil
}
