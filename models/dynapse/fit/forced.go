package fit

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// force finds the spikes that every recording can be forced with: those recorded, or else those
// that are seen in a trace of Imem or Vmem. All or none: spikes stays nil where one recording has
// none.
func force(p *problem) {
	var all [][]float64
	var segments [][]restart
	for i := range p.recordings {
		s := known(p, &p.recordings[i])
		if s == nil {
			return
		}
		segments = append(segments, restarts(p, &p.recordings[i], s))
		all = append(all, s)
	}
	p.spikes, p.segments = all, segments
}

// drop is the fall of ln Imem from one bin to the next that is a reset. Without one it falls by
// dt/tau_mem, and a time constant of less than half a bin is not one that the model can be used
// with.
const drop = 2

// known returns the spikes of a recording, NaN where they are not known, or nil if they cannot be
// forced. A neuron that was not recorded may have any if nobody listens to it.
func known(p *problem, r *Recording) []float64 {
	n := p.Network.N
	width := r.B * n
	s := make([]float64, r.size())
	recurrent := p.Network.WRec != nil
	for i := range s {
		before, after := i-width, i+width
		switch {
		case r.weight(i) > 0 && r.Target[Spikes] != nil:
			s[i] = r.Target[Spikes][i]
		case r.weight(i) > 0 && r.Target[Imem] != nil:
			x := r.Target[Imem]
			if before >= 0 && r.weight(before) > 0 && fmath.Log(x[before]/x[i]) > drop {
				s[i] = 1
				p.inferred = true
			}
		case r.weight(i) > 0 && r.Target[Vmem] != nil:
			x := r.Target[Vmem]
			if after < len(s) && r.weight(after) > 0 && (x[i]-x[after])/p.ut > drop {
				s[i] = 1
				p.inferred = true
			}
		default:
			if recurrent {
				return nil
			}
			s[i] = math.NaN()
		}
	}
	if r.Target[Spikes] == nil && r.Target[Imem] == nil && r.Target[Vmem] == nil {
		// Isyn does not depend on the spikes of its neuron.
		if recurrent || r.Use[Iahp] || !r.Use[Isyn] {
			return nil
		}
	}
	return s
}

// observation is what a residual belongs to: a sample of a trace, or a spike.
type observation struct {
	recording, at int // index in the record
	quantity      Quantity
	root          float64 // of 2 scale w / M
	value         float64 // of the target; of a spike, the count
}

// forced is the least-squares problem of an experiment whose spikes are forced:
//
//	L = Σ_traces scale · Σ w d² / M  +  hinge Σ_spikes v² / M
//
// The traces are smooth functions of all currents but Ispkthr and Iref then. What holds the
// membrane to the spikes is v, by how much ln(Imem/Ispkthr) before the reset lies on the wrong side
// of what the count c of the bin needs:
//
//	c-1 < ln(Imem/Ispkthr) <= c,   ln(Imem/Ispkthr) <= 0 where c = 0
//
// Where all v are 0 the free network spikes as the forced one does, so that both are equal in
// everything. After Memmesheimer et al. (2014), doi:10.1016/j.neuron.2014.03.026, who learn weights
// in this way.
type forced struct {
	*problem
	samples []observation
	margin  float64 // v counts from there
	hinge   float64
}

// margin is how far from the threshold spikes are held where nothing but them is known.
const margin = 0.05

func (p *problem) forced(hinge, margin float64) *forced {
	f := &forced{problem: p, hinge: hinge, margin: margin}
	for k := range p.recordings {
		r := &p.recordings[k]
		norm := 1 / float64(r.samples())
		for q := range Quantity(numQuantities) {
			if !r.Use[q] && q != Spikes {
				continue
			}
			for i := range r.size() {
				w := r.weight(i)
				if w == 0 {
					continue
				}
				known := p.spikes[k][i]
				if known != known && (q == Imem || q == Iahp || q == Vmem) { // the state is not known
					continue
				}
				if q == Spikes {
					if known == known && hinge > 0 && (r.Target[Spikes] != nil || r.Target[Imem] != nil || r.Target[Vmem] != nil) {
						f.samples = append(f.samples, observation{k, i, q, math.Sqrt(2 * hinge * norm), known})
					}
					continue
				}
				f.samples = append(f.samples, observation{k, i, q, math.Sqrt(2 * r.scale(q) * w * norm), r.Target[q][i]})
			}
		}
	}
	return f
}

// runs simulates all recordings with forced spikes, with a network of M samples.
func (p *problem) runs(ctx context.Context, net system) ([]*dynapse.Run, error) {
	m := max(net.Samples, 1)
	var runs []*dynapse.Run
	for k := range p.recordings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r := &p.recordings[k]
		s := make([]float64, len(p.spikes[k]))
		for i, x := range p.spikes[k] {
			if x > 0 {
				s[i] = x
			}
		}
		width := r.B * p.Network.N
		run, err := p.shoot(net, k, tile(s, r.T, width, m))
		if err != nil {
			return nil, notFinite(err)
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// residuals stores those of the points xs, one list each.
func (f *forced) residuals(ctx context.Context, r [][]float64, xs [][]float64) error {
	chunk := max(mostElements/f.elements(), 1)
	for first := 0; first < len(xs); first += chunk {
		part := xs[first:min(first+chunk, len(xs))]
		net := f.system(part...)
		runs, err := f.runs(ctx, net)
		if err != nil {
			return err
		}
		f.differences(r[first:first+len(part)], net, runs)
	}
	return nil
}

// differences stores the residuals of all samples of a network, one list each.
func (f *forced) differences(r [][]float64, net system, runs []*dynapse.Run) {
	n, m, membranes := f.Network.N, len(r), f.membranes(net.Network)
	for k, s := range f.samples {
		width := f.recordings[s.recording].B * n
		run := runs[s.recording]
		for i := range r {
			at := s.at/width*m*width + i*width + s.at%width
			d := 0.0
			if s.quantity == Spikes {
				d = violation(membranes.above(run, at, i*n+s.at%n), s.value, f.margin)
			} else {
				x := [...][]float64{Imem: run.Imem, Isyn: run.Isyn, Iahp: run.Iahp, Vmem: run.Vmem}[s.quantity][at]
				x, _ = net.probe(i, s.recording).shown(s.quantity, x, s.at/width, f.recordings[s.recording].T)
				d = f.difference(s.quantity, x, s.value)
			}
			r[i][k] = s.root * d
		}
	}
}

// membranes are what the membranes of all neurons of all samples, [M, N], are measured by.
type membranes struct {
	io     []float64 // A
	folds  []float64 // of Imem in a volt of Vmem, kappa/Ut
	spikes []float64 // ln(Ispkthr/Io)
}

// membranes returns those of a network.
func (p *problem) membranes(net dynapse.Network) (m membranes) {
	n := p.Network.N
	size := max(net.Samples, 1) * n
	of := func(q dynapse.Param, i int) float64 {
		if list := net.Params[q]; len(list) == size {
			return list[i]
		}
		return p.start[q][i%n]
	}
	for i := range size {
		io := of(dynapse.Io, i)
		m.io = append(m.io, io)
		m.folds = append(m.folds, (of(dynapse.KappaN, i)+of(dynapse.KappaP, i))/2/of(dynapse.Ut, i))
		m.spikes = append(m.spikes, fmath.Log(of(dynapse.Ispkthr, i)/io))
	}
	return m
}

// above returns ln(Imem/Ispkthr) before the reset, of element at, which belongs to a neuron of a
// sample.
func (m membranes) above(run *dynapse.Run, at, neuron int) float64 {
	return float64(run.Vmem[at]*m.folds[neuron]) - m.spikes[neuron]
}

// violation is positive where x is above what the count allows, negative where it is below.
func violation(x, count, margin float64) float64 {
	if count > 0 {
		if v := x - (count - 1) - margin; v < 0 {
			return v
		}
	}
	if v := x - count + margin; v > 0 {
		return v
	}
	return 0
}

// step of the difference quotients in x. Their errors are some 1e-10 of third derivatives and 1e-11
// of values.
const step = 1e-5

// jacobian stores residuals and derivatives. Spikes do not depend on parameters, so that a current
// of a neuron acts on this neuron alone: all coordinates of a colour are moved at once. It costs 2
// colours + 1 simulations.
func (f *forced) jacobian(ctx context.Context, r []float64, jac *mat.Dense, x []float64) error {
	xs := [][]float64{x}
	for c := range f.colour {
		for _, sign := range []float64{1, -1} {
			y := append([]float64(nil), x...)
			for k, coord := range f.coords {
				if coord.colour == c {
					y[k] += float64(sign * step)
				}
			}
			f.box.Project(y)
			xs = append(xs, y)
		}
	}
	rs := make([][]float64, len(xs))
	rs[0] = r
	for i := range rs[1:] {
		rs[i+1] = make([]float64, len(r))
	}
	if err := f.residuals(ctx, rs, xs); err != nil {
		return err
	}
	of := make([][]int, f.Network.N) // coordinates of a neuron
	for k, coord := range f.coords {
		for _, j := range coord.neurons {
			of[j] = append(of[j], k)
		}
	}
	for m, s := range f.samples {
		row := jac.RawRowView(m)
		clear(row)
		for _, k := range of[s.at%f.Network.N] {
			if !f.coords[k].sees(s.recording, s.at, f.recordings[s.recording].B*f.Network.N) {
				continue
			}
			up, down := 1+2*f.coords[k].colour, 2+2*f.coords[k].colour
			if h := xs[up][k] - xs[down][k]; h > 0 {
				row[k] = (rs[up][m] - rs[down][m]) / h
			}
		}
	}
	return nil
}

// optim returns the least-squares problem.
func (f *forced) optim() minimize.Problem {
	one := func(ctx context.Context, r, x []float64) error {
		return f.residuals(ctx, [][]float64{r}, [][]float64{x})
	}
	return minimize.Problem{Names: f.names(), Box: f.box, Priors: f.wished(), NumResiduals: len(f.samples), Residuals: one, Jacobian: f.jacobian}
}
