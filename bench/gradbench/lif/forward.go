package lif

import (
	"math"
)

func sqrt(x float64) float64 { return math.Sqrt(x) }

// fire says how a neuron at a distance x above threshold spikes.
type fire struct {
	smooth func(x float64) float64 // of the smoothed twin and of relaxed spikes; nil: spikes are 0 or 1
	width  float64                 // of the escape noise; 0: none
	noise  [][]float64             // for every layer, [T, N], what is added to the threshold: logistic, of that width
}

// trace is what one layer did, each [T, N]: x is the input without recurrence, s the spikes, or u
// of a readout.
type trace struct {
	coefficients
	x, i, u, s []float64
}

// tape is one run of a network on one input.
type tape struct {
	net    *Net
	p      []float64
	steps  int
	input  []float64 // [T, channels]
	fire   fire
	traces []trace
	forced site // whose spike is given
}

// site is a neuron at a step. The zero value of forced is none: layers count from 1 there.
type site struct {
	layer, t, j int
	s           float64
}

// run simulates the network with parameters p.
func (n *Net) run(p, input []float64, steps int, f fire) *tape {
	tp := &tape{net: n, p: p, steps: steps, input: input, fire: f, traces: make([]trace, len(n.layers))}
	for l := range n.layers {
		ly := &n.layers[l]
		tr := &tp.traces[l]
		tr.coefficients = n.coefficients(ly, p)
		block := make([]float64, 4*steps*ly.N)
		size := steps * ly.N
		tr.x, tr.i, tr.u, tr.s = block[:size:size], block[size:2*size:2*size], block[2*size:3*size:3*size], block[3*size:]
		tp.current(l, 0)
		tp.layer(l, 0)
	}
	return tp
}

// pre returns what layer l gets from below, [T, in].
func (tp *tape) pre(l int) []float64 {
	if l == 0 {
		return tp.input
	}
	return tp.traces[l-1].s
}

// current computes the input of layer l from a step on.
func (tp *tape) current(l, from int) {
	ly, tr := &tp.net.layers[l], &tp.traces[l]
	w, pre := ly.w.of(tp.p), tp.pre(l)
	for t := from; t < tp.steps; t++ {
		x := tr.x[t*ly.N : (t+1)*ly.N]
		clear(x)
		copy(x, ly.bias.of(tp.p))
		for i, s := range pre[t*ly.in : (t+1)*ly.in] {
			if s == 0 {
				continue
			}
			for j, w := range w[i*ly.N : (i+1)*ly.N] {
				x[j] += s * w
			}
		}
	}
}

// layer computes the steps of layer l from one on.
func (tp *tape) layer(l, from int) {
	ly, tr := &tp.net.layers[l], &tp.traces[l]
	n := ly.N
	rec := ly.rec.of(tp.p)
	for t := from; t < tp.steps; t++ {
		now := t * n
		i, u, s := tr.i[now:now+n], tr.u[now:now+n], tr.s[now:now+n]
		copy(i, tr.x[now:now+n])
		if t > 0 {
			before := now - n
			if len(rec) > 0 {
				for pre, sp := range tr.s[before:now] {
					if sp == 0 {
						continue
					}
					for j, w := range rec[pre*n : (pre+1)*n] {
						i[j] += sp * w
					}
				}
			}
			for j := range i {
				i[j] += tr.beta[j] * tr.i[before+j]
				u[j] = tr.alpha[j]*tr.after(ly, before+j, j) + tr.k[j]*i[j]
			}
		} else {
			for j := range i {
				u[j] = tr.k[j] * i[j]
			}
		}
		if ly.Readout {
			copy(s, u)
			continue
		}
		for j := range s {
			s[j] = tp.fire.spike(u[j]-tr.vTh[j], l, now+j)
		}
		if f := &tp.forced; f.layer == l+1 && f.t == t {
			s[f.j] = f.s
		}
	}
}

// after returns v after the reset at a place of the trace.
func (tr *trace) after(ly *layer, at, j int) float64 {
	switch {
	case ly.Readout:
		return tr.u[at]
	case ly.Zero:
		return tr.u[at] * (1 - tr.s[at])
	}
	return tr.u[at] - tr.vTh[j]*tr.s[at]
}

func (f *fire) spike(x float64, l, at int) float64 {
	if f.width > 0 {
		x -= f.noise[l][at]
	}
	if f.smooth != nil {
		return f.smooth(x)
	}
	if x > 0 {
		return 1
	}
	return 0
}

// out returns what the last layer gives, [T, N].
func (tp *tape) out() []float64 { return tp.traces[len(tp.traces)-1].s }

// copyFrom makes tp what other is from layer l on; both are runs of one network.
func (tp *tape) copyFrom(other *tape, l int) {
	tp.net, tp.p, tp.steps, tp.input, tp.fire = other.net, other.p, other.steps, other.input, other.fire
	if tp.traces == nil {
		tp.traces = make([]trace, len(other.traces))
	}
	copy(tp.traces[:l], other.traces[:l])
	for ; l < len(tp.traces); l++ {
		a, b := &tp.traces[l], &other.traces[l]
		a.coefficients = b.coefficients
		a.x = append(a.x[:0:cap(a.x)], b.x...)
		a.i, a.u, a.s = append(a.i[:0], b.i...), append(a.u[:0], b.u...), append(a.s[:0], b.s...)
	}
}

// again runs tp from a site on, whose spike is s; what lies before stays.
func (tp *tape) again(at site) {
	tp.forced = at
	tp.layer(at.layer-1, at.t)
	for l := at.layer; l < len(tp.traces); l++ {
		tp.current(l, at.t)
		tp.layer(l, at.t)
	}
	tp.forced = site{}
}
