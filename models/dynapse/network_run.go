package dynapse

import (
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// blockElements is how many elements of a record one task converts.
const blockElements = 4096

// simulate runs r in the arithmetic of T.
func simulate[T kernel.Float](r *Run, m mode) error {
	size := r.T * r.B * r.N
	var k ops.Kernel[T] = &neuronKernel[T]{mode: m}
	if r.network.Engine == graph.UnrolledEngine && m.rule != SurgeT && (m.rule != Surge || m.twin) {
		k = &unrolled[T]{cell: cell{mode: m, n: r.N}}
	}
	in := [][]T{convert[T](r.in.Counts)}
	width := r.N * m.types()
	shapes := []tensor.Shape{{r.T, r.B, width}}
	add := func(x []float64, shape ...int) {
		in, shapes = append(in, convert[T](x)), append(shapes, shape)
	}
	neurons := r.samples * r.N
	values := make([][NumParams]float64, neurons)
	coefs, unit := make([][]float64, m.coefs()), make([]float64, neurons)
	for i := range coefs {
		coefs[i] = make([]float64, neurons)
	}
	// rows repeats what belongs to a sample for its rows of the batch.
	rows := func(x []float64) []float64 {
		each := len(x) / r.samples
		var y []float64
		for b := range r.B {
			s := b * r.samples / r.B
			y = append(y, x[s*each:(s+1)*each]...)
		}
		return y
	}
	for j := range values {
		for i := range values[j] {
			values[j][i] = r.params[i][j]
		}
		c := coefficients(&values[j])
		for i := range coefs {
			coefs[i][j] = c[i]
		}
		unit[j] = c[volt]
	}
	if m.forced {
		add(r.in.Forced, r.T, r.B, r.N)
	}
	for _, c := range coefs {
		if r.samples == 1 {
			add(c, r.N)
		} else {
			add(rows(c), r.B, r.N)
		}
	}
	ownWrec := len(r.network.WRec) > r.N*width
	if ownWrec {
		add(rows(r.network.WRec), r.B, r.N, width)
	} else if m.recurrent {
		add(r.network.WRec, r.N, width)
	}
	first, state := m.firstCoef(), m.inputs()
	relative := func(v []float64, f func(x float64, j int) float64) {
		y := make([]float64, len(v))
		for i, x := range v {
			y[i] = f(x, r.neuron(i))
		}
		add(y, r.B, r.N)
	}
	current := func(x float64, j int) float64 { return fmath.Log(x / r.params[Io][j]) }
	relative(r.initial.Isyn, current)
	relative(r.initial.Iahp, current)
	relative(r.initial.Imem, current)
	relative(r.initial.Vmem, func(x float64, j int) float64 { return x / unit[j] })
	relative(r.initial.Spikes, func(x float64, _ int) float64 { return x })
	relative(r.initial.Timer, func(x float64, j int) float64 { return x / r.params[Dt][j] })
	initial, rest := [numMore][]float64{r.initial.Igaba, r.initial.Inmda, r.initial.Ishunt}, [numMore][]float64{r.in.Initial.Igaba, r.in.Initial.Inmda, r.in.Initial.Ishunt}
	for _, x := range initial[:m.types()-1] {
		relative(x, func(x float64, j int) float64 { return x / r.params[Io][j] })
	}

	outShapes, err := k.Shapes(shapes)
	if err != nil {
		return err
	}
	out := make([][]T, len(outShapes))
	for i, s := range outShapes {
		out[i] = make([]T, s.TotalSize())
	}
	if err := k.Forward(in, out); err != nil {
		return err
	}

	of := make([]int, r.B*r.N) // the neuron of an element of a row
	for i := range of {
		of[i] = r.neuron(i)
	}
	absolute := func(v []T, f func(x float64, j int) float64) []float64 {
		y := make([]float64, len(v))
		kernel.Blocks(len(v)/len(of), max(blockElements/len(of), 1), func(lo, hi int) {
			for t := lo; t < hi; t++ {
				from, to := v[t*len(of):(t+1)*len(of)], y[t*len(of):(t+1)*len(of)]
				for i, x := range from {
					to[i] = f(float64(x), of[i])
				}
			}
		})
		return y
	}
	same := func(x float64, _ int) float64 { return x }
	amperes := func(x float64, j int) float64 { return x * r.params[Io][j] }
	lnAmpere := func(x float64, j int) float64 { return fmath.Exp(x) * r.params[Io][j] }
	volts := func(x float64, j int) float64 { return x * unit[j] }
	o := splitOut(m, out)
	r.Records = Records{
		Spikes: absolute(o.spikes, same),
		Imem:   absolute(o.ypost, lnAmpere),
		Vmem:   absolute(o.ypre, volts),
		Isyn:   absolute(o.isyn, amperes),
		Iahp:   absolute(o.iahp, amperes),
	}
	r.Final = State{
		Isyn:   absolute(o.final[0], lnAmpere),
		Iahp:   absolute(o.final[1], lnAmpere),
		Imem:   absolute(o.final[2], lnAmpere),
		Vmem:   absolute(o.final[3], volts),
		Spikes: absolute(o.final[4], same),
		Timer:  absolute(o.final[5], func(x float64, j int) float64 { return x * r.params[Dt][j] }),
	}

	if m.four {
		r.Igaba, r.Inmda, r.Ishunt = absolute(o.more[gaba], amperes), absolute(o.more[nmda], amperes), absolute(o.more[shunt], amperes)
		final := o.final[numStates-numMore:]
		r.Final.Igaba, r.Final.Inmda, r.Final.Ishunt = absolute(final[gaba], amperes), absolute(final[nmda], amperes), absolute(final[shunt], amperes)
	}

	r.backward = func(c Cotangents, g *Gradient) error {
		// Gradients per neuron: of what follows from the parameters, and of these.
		direct, per := make([][numDerived]float64, neurons), make([][NumParams]float64, neurons)
		gout, gin := make([][]T, len(out)), make([][]T, len(in))
		for i := range in {
			gin[i] = make([]T, len(in[i]))
		}
		// A record is a function of a kernel's output and of parameters; so is its derivative.
		take := func(i int, v []float64, f func(c float64, x float64, j int) float64) {
			if v == nil {
				return
			}
			if gout[i] == nil {
				gout[i] = make([]T, size)
			}
			for e, c := range v {
				if c != 0 {
					gout[i][e] += T(f(c, float64(out[i][e]), r.neuron(e)))
				}
			}
		}
		io := func(j int) float64 { return r.params[Io][j] }
		take(0, c.Spikes, func(c, _ float64, _ int) float64 { return c })
		take(1, c.LnImem, func(c, _ float64, j int) float64 {
			direct[j][ampere] += c / io(j)
			return c
		})
		take(1, c.Imem, func(c, y float64, j int) float64 {
			direct[j][ampere] += float64(c * fmath.Exp(y))
			return c * fmath.Exp(y) * io(j)
		})
		take(2, c.Vmem, func(c, y float64, j int) float64 {
			direct[j][volt] += float64(c * y)
			return c * unit[j]
		})
		for i, v := range [][]float64{c.Isyn, c.Iahp, c.Igaba, c.Inmda, c.Ishunt} {
			take(3+i, v, func(c, x float64, j int) float64 {
				direct[j][ampere] += float64(c * x)
				return c * io(j)
			})
		}
		if err := k.Backward(in, out, gout, gin); err != nil {
			return err
		}
		g.Input = widen(gin[0])
		if m.recurrent {
			g.WRec = make([]float64, len(r.network.WRec))
			dw, size := gin[state-1], r.N*width
			each := len(dw) / size // rows with weights of their own, or 1
			for i, d := range dw {
				e := i / size * max(r.samples, 1) / each // the sample
				if !ownWrec {
					e = 0
				}
				g.WRec[e*size+i%size] += float64(d)
			}
		}
		// An initial state that was given is a constant in amperes, volts and seconds; rest moves with Io.
		back := func(i int, given, v []float64, f func(d, x float64, j int) float64) []float64 {
			if given == nil {
				return nil
			}
			y := widen(gin[state+i])
			for e, d := range y {
				if d != 0 {
					y[e] = f(d, v[e], r.neuron(e))
				}
			}
			return y
		}
		lnBack := func(d, x float64, j int) float64 {
			direct[j][ampere] -= d / io(j)
			return d / x
		}
		g.State = State{
			Isyn: back(0, r.in.Initial.Isyn, r.initial.Isyn, lnBack),
			Iahp: back(1, r.in.Initial.Iahp, r.initial.Iahp, lnBack),
			Imem: back(2, r.in.Initial.Imem, r.initial.Imem, lnBack),
			Vmem: back(3, r.in.Initial.Vmem, r.initial.Vmem, func(d, x float64, j int) float64 {
				direct[j][volt] -= d * x / (unit[j] * unit[j])
				return d / unit[j]
			}),
			Spikes: back(4, r.in.Initial.Spikes, r.initial.Spikes, func(d, _ float64, _ int) float64 { return d }),
			Timer: back(5, r.in.Initial.Timer, r.initial.Timer, func(d, x float64, j int) float64 {
				dt := r.params[Dt][j]
				per[j][Dt] -= d * x / (dt * dt)
				return d / dt
			}),
		}
		ampereBack := func(d, x float64, j int) float64 {
			direct[j][ampere] -= d * x / (io(j) * io(j))
			return d / io(j)
		}
		for i, d := range []*[]float64{&g.State.Igaba, &g.State.Inmda, &g.State.Ishunt}[:m.types()-1] {
			*d = back(numStates-numMore+i, rest[i], initial[i], ampereBack)
		}
		for i := range m.coefs() {
			for e, d := range gin[first+i] {
				direct[r.neuron(e)][i] += float64(d)
			}
		}
		for j := range per {
			chain(&values[j], &direct[j], &per[j])
		}
		for p := range g.Params {
			g.Params[p] = make([]float64, max(len(r.network.Params[p]), 1))
			for j := range per {
				g.Params[p][j%len(g.Params[p])] += per[j][p]
			}
		}
		g.params = r.params
		return nil
	}
	return nil
}

func convert[T kernel.Float](x []float64) []T {
	y := make([]T, len(x))
	for i, v := range x {
		y[i] = T(v)
	}
	return y
}

func widen[T kernel.Float](x []T) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
