package fit

import (
	"errors"
	"fmt"
	"math"

	"github.com/surge-snn/surge/models/dynapse/chip"
)

// ErrExperiment signifies an experiment that contradicts itself or that nothing can be learned
// from; the message says where.
var ErrExperiment = errors.New("fit: bad experiment")

// Error is an [ErrExperiment] of one target.
type Error struct {
	Target string // its Name
	Err    error
}

// Error returns the name of the target with what is wrong with it.
func (e *Error) Error() string {
	if e == nil {
		return ErrExperiment.Error()
	}
	return fmt.Sprintf("%v: %s: %v", ErrExperiment, e.Target, e.Err)
}

// Unwrap returns [ErrExperiment] and Err.
func (e *Error) Unwrap() []error {
	if e == nil {
		return []error{ErrExperiment}
	}
	return []error{ErrExperiment, e.Err}
}

// badTarget makes errors of a target.
func badTarget(name string) func(format string, a ...any) error {
	return func(format string, a ...any) error { return &Error{name, fmt.Errorf(format, a...)} }
}

// Quantity is what a target was recorded of.
type Quantity uint8

// The quantities.
const (
	Imem   Quantity = iota // membrane current after the reset, A
	Isyn                   // synaptic current, A
	Iahp                   // adaptation current, A
	Vmem                   // membrane potential before the reset, V
	Spikes                 // counts per bin

	numQuantities = int(Spikes) + 1
)

var quantityNames = [numQuantities]string{"imem", "isyn", "iahp", "vmem", "spikes"}

// String returns the name of the array in files: imem, isyn, iahp, vmem, spikes.
func (q Quantity) String() string {
	if int(q) < numQuantities {
		return quantityNames[q]
	}
	return fmt.Sprintf("Quantity(%d)", uint8(q))
}

// ParseQuantity reads what String prints.
func ParseQuantity(name string) (Quantity, error) {
	for q, n := range quantityNames {
		if n == name {
			return Quantity(q), nil
		}
	}
	return 0, fmt.Errorf("%w: quantity %q, want imem, isyn, iahp, vmem or spikes", ErrExperiment, name)
}

// Recording is what was recorded, or is wanted, of some neurons. Lists are [T, B, N], row-major,
// for all neurons of the network; what was not recorded has weight 0.
type Recording struct {
	Name  string // for messages
	T, B  int
	Input []float64 // weighted spike counts
	// Channels are the spike counts of the input channels, [T, B, C], of which the weights In of
	// the experiment make Input; nil where Input is what comes in.
	Channels []float64
	// DC are factors of Idc in each step, [T, B, N], as those of [dynapse.Input]; nil: 1
	// throughout.
	DC []float64
	// Target are the recorded quantities in A, V and counts; nil where there is none. Use says
	// which of them enter the loss.
	Target [numQuantities][]float64
	Use    [numQuantities]bool
	// Scale is the weight of each term; 0 means 1.
	Scale [numQuantities]float64
	// Weight is the weight of each sample, 0 where it is missing; nil means 1 throughout.
	Weight []float64
	// TauSpikes is the time constant of the van Rossum distance, s; 0 means 10 ms.
	TauSpikes float64
	// Gain, Offset and Drift say how the one trace that is used was measured,
	//
	//	shown = Gain x + Offset + Drift t/T     V, of currents A
	//
	// and Latency by how much what the input does is late, s. Defaults of their priors: 1 with 5 %;
	// 0 with 5 mV, or 1 pA; 2 ms with 2 ms.
	Gain, Offset, Drift, Latency Nuisance
	// Start fits the state in which each row begins, in place of rest: Imem, Isyn, and Iahp where a
	// current of it is fitted. No neuron may begin in its refractory time.
	Start bool

	label string       // "target[0]"
	state [3][]float64 // at the begin, Imem, Isyn and Iahp, [B, N]; nil: at rest
}

// Experiment is what is to be fitted to what.
//
// The loss is
//
//	L = Σ_terms Scale · Σ w d² / M,   M the number of samples with w > 0
//
// with d the difference of ln I for a current, of V/Ut for a potential, and of sqrt(rate/Hz) for a
// rate; for spikes
//
//	d[t] = exp(-dt/TauSpikes) d[t-1] + s[t] - s*[t],  d² counts dt/TauSpikes times
//
// the van Rossum distance (van Rossum 2001, doi:10.1162/089976601300014321), where bins with w = 0
// add nothing to d. States start at rest. [Statistics] and a [Prior] say what they add.
type Experiment struct {
	Space      Space
	Recordings []Recording
	Curves     []Curve
	Statistics []Statistics
	Tasks      []Task
	// In are the weights of the input channels of recordings and tasks, [C, N]; nil where channel j
	// is neuron j, with a weight of 1. They are part of what is given to a chip, not of the loss.
	In *chip.Weights
	// Noise is the standard deviation of d, by which priors are weighed against the targets; 0
	// means 0.05.
	Noise float64
}

// weight returns the weight of sample i.
func (r *Recording) weight(i int) float64 {
	if r.Weight == nil {
		return 1
	}
	return r.Weight[i]
}

// scale returns the weight of a term.
func (r *Recording) scale(q Quantity) float64 {
	if s := r.Scale[q]; s != 0 {
		return s
	}
	return 1
}

// size is that of a target, T B N.
func (r *Recording) size() int {
	for _, x := range r.Target {
		if x != nil {
			return len(x)
		}
	}
	return len(r.Weight)
}

// samples counts those with weight > 0.
func (r *Recording) samples() int {
	if r.Weight == nil {
		return r.size()
	}
	m := 0
	for _, w := range r.Weight {
		if w > 0 {
			m++
		}
	}
	return m
}

// leastSteps is the shortest recording that is taken for one.
const leastSteps = 10

// check says what is wrong with a recording of n neurons with some types of synapse.
func (r *Recording) check(n, types int) error {
	bad := badTarget(r.Name)
	if r.T < leastSteps {
		return bad("%d time steps, want at least %d: too short to fit anything to", r.T, leastSteps)
	}
	if r.B < 1 {
		return bad("%d rows, want at least 1", r.B)
	}
	size := r.T * r.B * n
	where := func(i int) string { return fmt.Sprintf("row %d, step %d, neuron %d", i/n%r.B, i/n/r.B, i%n) }
	if len(r.Input) != size*types {
		return bad("input has %d samples, want %d", len(r.Input), size*types)
	}
	for i, x := range r.Input {
		if !(math.Abs(x) <= mostInput) || x < 0 && (r.Channels == nil || types > 1) { // weights of channels may inhibit
			return bad("input of %s is %v, want a count of spikes, 0 to %v", where(i/types), x, float64(mostInput))
		}
	}
	if r.DC != nil && len(r.DC) != size {
		return bad("dc has %d factors, want %d", len(r.DC), size)
	}
	for i, x := range r.DC {
		if !(x >= 0) || math.IsInf(x, 0) {
			return bad("the factor of Idc of %s is %v, want a finite number >= 0", where(i), x)
		}
	}
	if r.Weight != nil && len(r.Weight) != size {
		return bad("weight has %d samples, want %d", len(r.Weight), size)
	}
	for i, w := range r.Weight {
		if !(w >= 0) || math.IsInf(w, 0) {
			return bad("weight of %s is %v, want a finite number >= 0", where(i), w)
		}
	}
	if r.Weight != nil && r.samples() == 0 {
		return bad("no sample has a weight > 0")
	}
	if r.TauSpikes < 0 || r.TauSpikes-r.TauSpikes != 0 {
		return bad("TauSpikes is %v s, want a finite number >= 0", r.TauSpikes)
	}
	used := false
	for q := range Quantity(numQuantities) {
		if s := r.Scale[q]; !(s >= 0) || math.IsInf(s, 0) {
			return bad("scale of %v is %v, want a finite number >= 0", q, s)
		}
		x := r.Target[q]
		if x == nil {
			if r.Use[q] {
				return bad("%v is to be used, but was not recorded", q)
			}
			continue
		}
		used = used || r.Use[q]
		if len(x) != size {
			return bad("%v has %d samples, want %d", q, len(x), size)
		}
		if err := r.checkValues(q, x, bad, where); err != nil {
			return err
		}
	}
	if !used {
		return bad("nothing of it is used")
	}
	return nil
}

// plausible are the values that quantities can have on the chip, with room: from a hundredth of the
// dark current to 0.1 mA, a supply of 1.8 V, and no more spikes in a bin than an Imem of e^80 would
// be. The synaptic current starts at the charge of one pulse, t_pulse/tau_syn of the dark current.
var plausible = [numQuantities]Range{Imem: {1e-15, 1e-4}, Isyn: {1e-19, 1e-4}, Iahp: {1e-15, 1e-4}, Vmem: {-0.1, 3}, Spikes: {0, 80}}

// mostInput is the largest count of input spikes in a bin: at the default Iscale they are 10 mA.
const mostInput = 1e6

// leastSwing is what a potential that is used moves at least, V: a twenty-fifth of Ut.
const leastSwing = 1e-3

func (r *Recording) checkValues(q Quantity, x []float64, bad func(string, ...any) error, where func(int) string) error {
	least, most := math.Inf(1), math.Inf(-1)
	atLeast, atMost, seen := 0, 0, 0
	for i, v := range x {
		if r.weight(i) == 0 {
			continue
		}
		if v-v != 0 {
			return bad("%v of %s is %v; a missing sample has weight 0", q, where(i), v)
		}
		if q == Spikes && v != math.Floor(v) {
			return bad("spikes of %s are %v, want a whole number", where(i), v)
		}
		if v < least {
			least, atLeast = v, i
		}
		if v > most {
			most, atMost = v, i
		}
		seen++
	}
	p := plausible[q]
	switch unit := [numQuantities]string{" A", " A", " A", " V", ""}[q]; {
	case least < p.Low:
		return bad("%v of %s is %.3g%s, want %.3g to %.3g%s: is the unit right?", q, where(atLeast), least, unit, p.Low, p.High, unit)
	case most > p.High:
		return bad("%v of %s is %.3g%s, want %.3g to %.3g%s: is the unit right?", q, where(atMost), most, unit, p.Low, p.High, unit)
	case (q == Isyn || q == Iahp) && r.othersMove(q): // a synapse without input, no adaptation
	case r.Use[q] && q != Spikes && most-least <= 1e-12*math.Abs(most):
		return bad("%v is constant, %.6g%s in all %d samples: there is nothing to fit", q, most, unit, seen)
	case r.Use[q] && q == Vmem && most-least < leastSwing:
		return bad("%v moves by %.3g V only, want at least %v V: is the unit right?", q, most-least, leastSwing)
	case r.Use[q] && q == Spikes && most == 0 && !r.otherTerms():
		return bad("there is not one spike in %d samples, and no trace: there is nothing to fit", seen)
	}
	return nil
}

// othersMove says whether another quantity than q is used and changes.
func (r *Recording) othersMove(q Quantity) bool {
	for o := range Quantity(numQuantities) {
		if o == q || !r.Use[o] {
			continue
		}
		first := -1
		for i, v := range r.Target[o] {
			switch {
			case r.weight(i) == 0:
			case first < 0:
				first = i
			case v != r.Target[o][first]:
				return true
			}
		}
	}
	return false
}

// otherTerms says whether something else than spikes is used.
func (r *Recording) otherTerms() bool {
	for q := range Quantity(numQuantities) {
		if q != Spikes && r.Use[q] {
			return true
		}
	}
	return false
}
