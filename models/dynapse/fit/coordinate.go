package fit

import (
	"fmt"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// coordinate is an element of x: a quantity that some neurons share.
type coordinate struct {
	quantity
	name    string
	group   int   // core or neuron
	label   int   // group where there are several, or else -1
	neurons []int // that have it; of a weight, the post-synaptic one
	given   bool  // it is no answer, but a parameter that deviates from its value
	colour  int   // coordinates of one colour have no neuron in common
}

// quantity is what a coordinate stands for: a current, a base current of weights, or a weight.
type quantity interface {
	// parameter is its name without the group.
	parameter() string
	// unit is that of value.
	unit() string
	// value is that of x, in its unit.
	value(x float64) float64
	// at is the x of a value.
	at(value float64) float64
	// relative is the change of x that belongs to a relative change of the value, of 1 to first
	// order.
	relative(x float64) float64
	// apply gives the value to neurons of a sample.
	apply(s *sample, neurons []int, x float64)
	// pull adds to grad the derivative with respect to x that belongs to those with respect to what
	// the sample has.
	pull(grad *float64, s, by *sample, neurons []int)
	// bias is the parameter of the bias generator that sets it, and false where there is none.
	bias() (name string, settable bool)
}

// sample is what the coordinates give to one sample of a network, or the derivatives with respect
// to that. What is not fitted is nil.
type sample struct {
	params  [dynapse.NumParams][]float64 // [N]
	weights []float64                    // [N, N]
	bases   [chip.WeightBits][]float64   // [N]
	probes  []probe                      // [recordings]
}

// current is a bias current, or Iscale: x = ln I.
type current struct{ param dynapse.Param }

func (c current) parameter() string                         { return c.param.String() }
func (current) unit() string                                { return "A" }
func (current) at(v float64) float64                        { return fmath.Log(v) }
func (current) value(x float64) float64                     { return fmath.Exp(x) }
func (current) relative(float64) float64                    { return 1 }
func (c current) apply(s *sample, neurons []int, x float64) { set(s.params[c.param], neurons, x) }
func (c current) pull(grad *float64, s, by *sample, neurons []int) {
	pullLog(grad, s.params[c.param], by.params[c.param], neurons)
}
func (c current) bias() (string, bool) { return biasName(c.parameter(), c.param.IsCurrent()) }

// base is a base current Iw of weight codes: x = ln Iw.
type base struct{ bit int }

func (b base) parameter() string                         { return fmt.Sprintf("Iw_%d", b.bit) }
func (base) unit() string                                { return "A" }
func (base) at(v float64) float64                        { return fmath.Log(v) }
func (base) value(x float64) float64                     { return fmath.Exp(x) }
func (base) relative(float64) float64                    { return 1 }
func (b base) apply(s *sample, neurons []int, x float64) { set(s.bases[b.bit], neurons, x) }
func (b base) pull(grad *float64, s, by *sample, neurons []int) {
	pullLog(grad, s.bases[b.bit], by.bases[b.bit], neurons)
}
func (b base) bias() (string, bool) { return biasName(b.parameter(), true) }

// weight is an element of w_rec, in units of the largest: x = w/unit.
type weight struct {
	index   int
	largest float64
}

// weightName is the parameter of recurrent weights.
const weightName = "w_rec"

func (weight) parameter() string                     { return weightName }
func (weight) unit() string                          { return "" }
func (w weight) at(v float64) float64                { return v / w.largest }
func (w weight) value(x float64) float64             { return x * w.largest }
func (weight) relative(x float64) float64            { return x }
func (w weight) apply(s *sample, _ []int, x float64) { s.weights[w.index] = x * w.largest }
func (w weight) pull(grad *float64, _, by *sample, _ []int) {
	*grad += float64(by.weights[w.index] * w.largest)
}
func (weight) bias() (string, bool) { return "", false }

// set gives exp(x) to some neurons.
func set(list []float64, neurons []int, x float64) {
	v := fmath.Exp(x)
	for _, j := range neurons {
		list[j] = v
	}
}

// pullLog adds the derivative with respect to the logarithm of a value of some neurons.
func pullLog(grad *float64, value, by []float64, neurons []int) {
	if by == nil {
		return
	}
	for _, j := range neurons {
		*grad += float64(by[j] * value[j])
	}
}

// biasName returns the bias parameter of a current, which it has if it is settable.
func biasName(current string, settable bool) (string, bool) {
	if !settable {
		return "", false
	}
	name, err := chip.DeviceParameter(current)
	return name, err == nil
}

// is says whether a coordinate is a current of the neuron.
func (c coordinate) is(p dynapse.Param) bool {
	q, ok := c.quantity.(current)
	return ok && q.param == p
}

// isWeight says whether it is a recurrent weight.
func (c coordinate) isWeight() bool {
	_, ok := c.quantity.(weight)
	return ok
}

// steps says whether a coordinate acts in steps, as Ispkthr and Iref do: no derivative of a trace
// with forced spikes sees it.
func (c coordinate) steps() bool { return c.is(dynapse.Ispkthr) || c.is(dynapse.Iref) }
