package chip

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
)

// WeightBits is the number of bits of a weight on the chip; bit k adds the base current Iw_k.
const WeightBits = 4

// Weights is a matrix of synaptic weights, the one from presynaptic i to postsynaptic j at
// W[i*Post+j].
type Weights struct {
	Pre, Post int
	W         []float64 // [Pre][Post]
}

// check is [dynapse.ErrParameter] unless the shape fits and all weights are finite.
func (w Weights) check(name string) error {
	if w.Pre < 0 || w.Post < 0 || len(w.W) != w.Pre*w.Post {
		return fmt.Errorf("%w: %s has %d weights, want %d x %d", dynapse.ErrParameter, name, len(w.W), w.Pre, w.Post)
	}
	for i, x := range w.W {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%w: %s[%d][%d] = %v, want a finite number", dynapse.ErrParameter, name, i/w.Post, i%w.Post, x)
		}
	}
	return nil
}

// Drive returns what counts of spikes of the sources, [samples, Pre], bring to the targets,
// [samples, Post]:
//
//	out_j = Σ_i counts_i W_ij
//
// The error is [dynapse.ErrParameter] for weights, or counts, of another number.
func (w Weights) Drive(counts []float64) ([]float64, error) {
	if err := w.check("weights"); err != nil {
		return nil, err
	}
	if w.Pre < 1 || len(counts)%w.Pre != 0 {
		return nil, fmt.Errorf("%w: %d counts of %d sources", dynapse.ErrParameter, len(counts), w.Pre)
	}
	out := make([]float64, len(counts)/w.Pre*w.Post)
	for i, count := range counts {
		if count == 0 {
			continue
		}
		to := out[i/w.Pre*w.Post:][:w.Post]
		for j, v := range w.W[i%w.Pre*w.Post:][:w.Post] {
			to[j] += float64(count * v)
		}
	}
	return out, nil
}

// Codes are weights as the chip holds them: a weight is the sum of those base currents of its core
// whose bits are set,
//
//	w = Sign · Σ_k bit_k(Code) · Iw_k / Iscale
//
// A weight of 0 has sign 0 and code 0.
type Codes struct {
	Pre, Post int
	Code      []uint8 // [Pre][Post], 0 to 15
	Sign      []int8  // [Pre][Post], -1, 0 or 1
}

// BaseCurrents are Iw_0 to Iw_3 of a core in ampere.
type BaseCurrents [WeightBits]float64

// sum returns the current of a code.
func (b BaseCurrents) sum(code uint8) float64 {
	var s float64
	for k, x := range b {
		if code>>k&1 != 0 {
			s += x
		}
	}
	return s
}

// Nearest returns the code whose sum of base currents is nearest to that of a weight >= 0, the
// smallest of equals, and how far the weight that it makes is off; iscale is the current of a
// weight of 1, A.
func (b BaseCurrents) Nearest(weight, iscale float64) (code uint8, off float64) {
	off = math.Inf(1)
	for c := range uint8(1 << WeightBits) {
		if d := math.Abs(b.sum(c)/iscale - weight); d < off {
			code, off = c, d
		}
	}
	return code, off
}

// Quantised are the weights of a network in the form that the chip holds.
type Quantised struct {
	In, Rec Codes          // weights of the inputs and between the neurons; empty where there are none
	Core    []int          // core of each neuron
	Bases   []BaseCurrents // of each core
	Iscale  float64        // current of a weight of 1, A
	Errors  []QuantisationError
}

// QuantisationError says how well the codes of one core stand for its weights; statistics are over
// the weights that are not 0.
type QuantisationError struct {
	Weights int     // number of weights that are not 0
	RMS     float64 // root of the mean squared error
	Largest float64 // largest error
	Scale   float64 // root of the mean squared weight: RMS/Scale is the relative error
	Lost    int     // weights that are not 0 and have code 0: connections that are gone
}

// QuantiseSettings are the settings of [Quantise]. The zero value is usable.
type QuantiseSettings struct {
	// Iscale is the current of a weight of 1, A. Default: that of [Iscale].
	Iscale float64
	// Starts is how many starting points are tried for each core. Default: 5000 for up to 100
	// weights that are not 0, and fewer for more (500000 divided by their number, at least 200),
	// where all starting points lead to nearly the same error.
	Starts int
	// Seed makes the starting points, together with the number of the core. Equal seeds give equal
	// results.
	Seed uint64
	// DAC restricts the base currents to those that the bias generator can make.
	DAC bool
}

// Quantise finds for each core four base currents, and for each weight of its neurons a 4-bit code,
// so that the sum of squared errors
//
//	E(Iw, code) = Σ_ij (|w_ij| - Σ_k bit_k(code_ij)·Iw_k/Iscale)²,  Iw_k >= 0
//
// is small. The neurons of a core share its base currents; these weights are the columns of in and
// rec that belong to them. core[j] is the core of neuron j, 0 to 15; in or rec may be empty. Signs
// are kept separately (they choose the type of the synapse). Of neurons with four synapse types in
// and rec have four columns for each neuron, AMPA, GABA, NMDA, SHUNT.
//
// Codes and base currents are fitted in turn, each exactly: codes by the nearest of the 16 sums,
// base currents by non-negative least squares. E falls in each round until nothing changes. From
// the best of many starting points, further ones are made by changing it in part. Weights that four
// base currents can represent are met to rounding where a starting point leads there; up to four
// distinct magnitudes always are.
//
// Base currents come in ascending order. The error is [dynapse.ErrParameter] for matrices that do
// not fit the neurons, weights that are not finite or currents of more than 1 A, and settings that
// are negative.
//
// Cost of each starting point and core: 3 µs with 20 weights, 30 µs with 300, 200 µs with 10000; it
// grows with the logarithm of their number and with the rounds until nothing changes.
func Quantise(in, rec Weights, core []int, s QuantiseSettings) (*Quantised, error) {
	if s.Iscale == 0 {
		s.Iscale = dynapse.Iscale.Default()
	}
	if _, err := positive(s.Iscale, "Iscale"); err != nil {
		return nil, err
	}
	if s.Starts < 0 {
		return nil, fmt.Errorf("%w: %d starting points", dynapse.ErrParameter, s.Starts)
	}
	cores, err := checkNetwork(in, rec, core)
	if err != nil {
		return nil, err
	}
	for _, m := range []struct {
		name string
		Weights
	}{{"w_in", in}, {"w_rec", rec}} {
		for _, x := range m.W {
			if i := math.Abs(x) * s.Iscale; i > 1 {
				return nil, fmt.Errorf("%w: %s has a weight of %v, a current of %v A, want 1 A at most", dynapse.ErrParameter, m.name, x, i)
			}
		}
	}
	q := &Quantised{In: codesFor(in), Rec: codesFor(rec), Core: slices.Clone(core), Iscale: s.Iscale}
	for c := range cores {
		var magnitudes []float64
		for _, w := range []Weights{in, rec} {
			for i, x := range w.W {
				if x != 0 && core[i%w.Post*len(core)/w.Post] == c {
					magnitudes = append(magnitudes, math.Abs(x))
				}
			}
		}
		starts := s.Starts
		if starts == 0 {
			starts = min(max(500_000/max(len(magnitudes), 1), 200), 5000)
		}
		search := newSearch(magnitudes)
		base := search.run(starts, random.New(s.Seed, "dynapse/quantise", uint64(c)))
		currents := BaseCurrents{}
		for k, x := range base {
			currents[k] = x * s.Iscale
		}
		if s.DAC {
			if currents, err = search.settable(currents, s.Iscale); err != nil {
				return nil, fmt.Errorf("core %d: %w", c, err)
			}
		}
		q.Bases = append(q.Bases, currents)
		q.Errors = append(q.Errors, q.encode(in, rec, c))
	}
	return q, nil
}

// checkNetwork checks that the matrices fit the neurons, and returns the number of cores.
func checkNetwork(in, rec Weights, core []int) (cores int, err error) {
	n := len(core)
	if err := in.check("w_in"); err != nil {
		return 0, err
	}
	if err := rec.check("w_rec"); err != nil {
		return 0, err
	}
	if len(in.W) > 0 && in.Post != n && in.Post != n*dynapse.SynapseTypes {
		return 0, fmt.Errorf("%w: w_in is %d x %d, want %d columns, one per neuron, or four", dynapse.ErrParameter, in.Pre, in.Post, n)
	}
	if len(rec.W) > 0 && (rec.Pre != n || rec.Post != n && rec.Post != n*dynapse.SynapseTypes) {
		return 0, fmt.Errorf("%w: w_rec is %d x %d, want %d x %d, or %d x %d", dynapse.ErrParameter, rec.Pre, rec.Post, n, n, n, n*dynapse.SynapseTypes)
	}
	if len(in.W) > 0 && len(rec.W) > 0 && in.Post != rec.Post {
		return 0, fmt.Errorf("%w: w_in has %d columns, w_rec %d, want as many", dynapse.ErrParameter, in.Post, rec.Post)
	}
	for j, c := range core {
		if c < 0 || c >= MaxCores {
			return 0, fmt.Errorf("%w: neuron %d is on core %d, want 0 to %d", dynapse.ErrParameter, j, c, MaxCores-1)
		}
		cores = max(cores, c+1)
	}
	return cores, nil
}

func codesFor(w Weights) Codes {
	return Codes{w.Pre, w.Post, make([]uint8, len(w.W)), make([]int8, len(w.W))}
}

// encode sets the codes of the neurons of core c, from its base currents, and returns the error
// that they make.
func (q *Quantised) encode(in, rec Weights, c int) (e QuantisationError) {
	var base bases
	for k, x := range q.Bases[c] {
		base[k] = x / q.Iscale
	}
	levels := base.levels()
	var squares, weights float64
	for _, m := range []struct {
		w Weights
		c *Codes
	}{{in, &q.In}, {rec, &q.Rec}} {
		for i, x := range m.w.W {
			if x == 0 || q.Core[i%m.w.Post*len(q.Core)/m.w.Post] != c {
				continue
			}
			a := math.Abs(x)
			l := levels.nearest(a)
			m.c.Code[i] = l.code
			m.c.Sign[i] = int8(math.Copysign(1, x))
			d := math.Abs(a - l.value)
			e.Weights++
			if l.code == 0 {
				e.Lost++
			}
			e.Largest = max(e.Largest, d)
			squares += float64(d * d)
			weights += float64(a * a)
		}
	}
	if e.Weights > 0 {
		e.RMS, e.Scale = math.Sqrt(squares/float64(e.Weights)), math.Sqrt(weights/float64(e.Weights))
	}
	return e
}

// Weights returns the weights that the codes stand for; those of codes that do not fit together, or
// of none, are empty.
func (q *Quantised) Weights() (in, rec Weights) {
	if q == nil {
		return in, rec
	}
	decode := func(c Codes) Weights {
		if c.Post < 0 {
			return Weights{}
		}
		bases, iscale := make([]BaseCurrents, c.Post), make([]float64, c.Post)
		for j := range c.Post {
			iscale[j] = q.Iscale
			neuron := j
			if c.Post == dynapse.SynapseTypes*len(q.Core) {
				neuron /= dynapse.SynapseTypes
			}
			if neuron < len(q.Core) && q.Core[neuron] >= 0 && q.Core[neuron] < len(q.Bases) {
				bases[j] = q.Bases[q.Core[neuron]]
			}
		}
		return c.Weights(bases, iscale)
	}
	return decode(q.In), decode(q.Rec)
}

// Weights returns the weights that the codes stand for with the base currents and the current of a
// weight of 1 (A) of each postsynaptic neuron, [Post] both; where lengths do not fit, they are
// empty.
func (c Codes) Weights(bases []BaseCurrents, iscale []float64) Weights {
	if c.Post < 0 || len(c.Sign) != len(c.Code) || len(c.Code) > 0 && (c.Post == 0 || len(bases) < c.Post || len(iscale) < c.Post) {
		return Weights{}
	}
	w := Weights{c.Pre, c.Post, make([]float64, len(c.Code))}
	for i, code := range c.Code {
		w.W[i] = float64(c.Sign[i]) * bases[i%c.Post].sum(code) / iscale[i%c.Post]
	}
	return w
}
