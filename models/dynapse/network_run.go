package dynapse

import (
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// blockElements is how many elements of a record one task converts.
const blockElements = 4096

// simulation is a run in the arithmetic of T: the kernel, and what it was given and gave.
type simulation[T kernel.Float] struct {
	*Run
	mode
	kernel  ops.Kernel[T]
	in, out [][]T
	neuron  []int // of an element of a row
	ownWrec bool  // samples have weights of their own
	values  [][NumParams]float64
	units   [bin + 1][]float64 // of each neuron
}

// simulate runs r in the arithmetic of T.
func simulate[T kernel.Float](r *Run, m mode) error {
	s := &simulation[T]{Run: r, mode: m, kernel: &neuronKernel[T]{mode: m, trained: true, unread: true}, ownWrec: len(r.network.WRec) > r.N*r.N*m.types()}
	if r.network.Engine == graph.UnrolledEngine && (!m.rule.kernelOnly() || m.twin) {
		s.kernel = &unrolled[T]{cell: cell{mode: m, n: r.N}}
	}
	s.neuron = make([]int, r.B*r.N)
	for i := range s.neuron {
		s.neuron[i] = r.neuron(i)
	}
	in, shapes := s.inputs()
	s.in = joinIn(m, &in)
	outputs, err := s.kernel.Shapes(joinIn(m, &shapes))
	if err != nil {
		return err
	}
	s.out = make([][]T, len(outputs))
	for i, shape := range outputs {
		s.out[i] = make([]T, shape.TotalSize())
	}
	if err := s.kernel.Forward(s.in, s.out); err != nil {
		return err
	}
	records, states := r.Records.lists(), r.Final.lists()
	for i, x := range s.out[:m.records()] {
		*records[i] = s.absolute(x, recordQuantities[i])
	}
	for i, x := range s.out[m.records():] {
		*states[i] = s.absolute(x, stateQuantities[i])
	}
	r.backward = s.gradient
	return nil
}

// inputs returns what the kernel takes, and the shapes.
func (s *simulation[T]) inputs() (in neuronIn[[]T], shapes neuronIn[tensor.Shape]) {
	width := s.N * s.types()
	in.x, shapes.x = convert[T](s.Run.in.Counts), tensor.Shape{s.T, s.B, width}
	in.forced, shapes.forced = convert[T](s.Run.in.Forced), tensor.Shape{s.T, s.B, s.N}
	in.dc, shapes.dc = convert[T](s.Run.in.DC), tensor.Shape{s.T, s.B, s.N}
	each := tensor.Shape{s.N}
	if s.samples > 1 {
		each = tensor.Shape{s.B, s.N}
	}
	for i, c := range s.coefficients() {
		if in.coef[i], shapes.coef[i] = convert[T](c), each; s.samples > 1 {
			in.coef[i] = convert[T](s.rows(c))
		}
	}
	in.wrec, shapes.wrec = convert[T](s.network.WRec), tensor.Shape{s.N, width}
	if s.ownWrec {
		in.wrec, shapes.wrec = convert[T](s.rows(s.network.WRec)), tensor.Shape{s.B, s.N, width}
	}
	values, to, shape := s.initial.lists(), in.states(), shapes.states()
	for i := range s.states() {
		*to[i], *shape[i] = s.relative(*values[i], stateQuantities[i]), tensor.Shape{s.B, s.N}
	}
	return in, shapes
}

// coefficients computes those of each sample and neuron, and the units.
func (s *simulation[T]) coefficients() [][]float64 {
	neurons := s.samples * s.N
	s.values = make([][NumParams]float64, neurons)
	for u := range s.units {
		s.units[u] = make([]float64, neurons)
	}
	coefs := make([][]float64, s.coefs())
	for i := range coefs {
		coefs[i] = make([]float64, neurons)
	}
	for j := range s.values {
		v := &s.values[j]
		for i := range v {
			v[i] = s.params[i][j]
		}
		c := coefficients(v)
		for i := range coefs {
			coefs[i][j] = c[i]
		}
		s.units[one][j], s.units[io][j], s.units[thermal][j], s.units[bin][j] = 1, v[Io], c[volt], v[Dt]
	}
	return coefs
}

// rows repeats what belongs to a sample for its rows of the batch.
func (s *simulation[T]) rows(x []float64) (y []float64) {
	each := len(x) / s.samples
	for b := range s.B {
		sample := b * s.samples / s.B
		y = append(y, x[sample*each:(sample+1)*each]...)
	}
	return y
}

// relative turns a state into numbers of the kernel.
func (s *simulation[T]) relative(v []float64, q quantity) []T {
	y := make([]T, len(v))
	for i, x := range v {
		y[i] = T(q.number(x, s.units[q.unit][s.neuron[i]]))
	}
	return y
}

// absolute turns numbers of the kernel, one for each neuron of any number of steps, into values
// with their units.
func (s *simulation[T]) absolute(v []T, q quantity) []float64 {
	y, row := make([]float64, len(v)), len(s.neuron)
	units := s.units[q.unit]
	kernel.Blocks(len(v)/row, max(blockElements/row, 1), func(lo, hi int) {
		for t := lo; t < hi; t++ {
			to := y[t*row : (t+1)*row]
			for i, x := range v[t*row : (t+1)*row] {
				to[i] = q.absolute(float64(x), units[s.neuron[i]])
			}
		}
	})
	return y
}

// gradient takes the derivatives with respect to the records back. A record is a function of an
// output of the kernel and of a unit, and so is its derivative.
func (s *simulation[T]) gradient(c Cotangents, g *Gradient) error {
	p := pulled{make([][numDerived]float64, len(s.values)), make([][NumParams]float64, len(s.values))}
	gout, gin := make([][]T, len(s.out)), make([][]T, len(s.in))
	for i, x := range s.in {
		gin[i] = make([]T, len(x))
	}
	for i, v := range c.Records.lists() {
		s.push(gout, i, *v, recordQuantities[i], &p)
	}
	const imem = 1
	s.push(gout, imem, c.LnImem, lnAmperes, &p)
	if err := s.kernel.Backward(s.in, s.out, gout, gin); err != nil {
		return err
	}
	d := splitIn(s.mode, gin)
	g.Input = widen(d.x)
	if s.recurrent {
		g.WRec = s.weightGradient(d.wrec)
	}
	s.pullStates(&d, g, &p)
	for i, x := range d.coef[:s.coefs()] {
		for e, v := range x {
			p.derived[s.Run.neuron(e)][i] += float64(v)
		}
	}
	for j := range p.direct {
		chain(&s.values[j], &p.derived[j], &p.direct[j])
	}
	for i := range g.Params {
		g.Params[i] = make([]float64, max(len(s.network.Params[i]), 1))
		for j := range p.direct {
			g.Params[i][j%len(g.Params[i])] += p.direct[j][i]
		}
	}
	g.params = s.params
	return nil
}

// push adds the cotangent v of a record to that of output i of the kernel, and to that of the unit.
func (s *simulation[T]) push(gout [][]T, i int, v []float64, q quantity, p *pulled) {
	if v == nil {
		return
	}
	if gout[i] == nil {
		gout[i] = make([]T, len(v))
	}
	row := len(s.neuron)
	for e, c := range v {
		if c == 0 {
			continue
		}
		j := s.neuron[e%row]
		dx, du := q.slopes(float64(s.out[i][e]), s.units[q.unit][j])
		gout[i][e] += T(c * dx)
		p.add(q.unit, j, float64(c*du))
	}
}

// weightGradient sums over the rows of a sample, where samples have weights of their own.
func (s *simulation[T]) weightGradient(dw []T) []float64 {
	g, size := make([]float64, len(s.network.WRec)), s.N*s.N*s.types()
	for i, d := range dw {
		e := 0
		if s.ownWrec {
			e = i / size * s.samples / s.B
		}
		g[e*size+i%size] += float64(d)
	}
	return g
}

// pullStates makes the gradients of the initial states that were given, which are constants in
// amperes, volts and seconds; rest moves with Io.
func (s *simulation[T]) pullStates(d *neuronIn[[]T], g *Gradient, p *pulled) {
	given, values, to, from := s.Run.in.Initial.lists(), s.initial.lists(), g.State.lists(), d.states()
	for i := range s.states() {
		if *given[i] == nil {
			continue
		}
		q := stateQuantities[i]
		y := widen(*from[i])
		for e, v := range y {
			if v == 0 {
				continue
			}
			j := s.neuron[e]
			u := s.units[q.unit][j]
			dx, du := q.slopes(q.number((*values[i])[e], u), u)
			y[e] = v / dx
			p.add(q.unit, j, -float64(v/dx*du))
		}
		*to[i] = y
	}
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
