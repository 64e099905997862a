package replay

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/eventprop"
)

// eventParams are the parameters that the models event_lif* share.
type eventParams struct {
	eventprop.LIFParameters
	tauMem, end float64
}

// readEventParams reads them. The package that made the cases knows a v_leak but does not use it: V
// decays to 0, where it starts.
func readEventParams(f *cases.Fields) eventParams {
	tauMem := f.Float("tau_mem", cases.Positive)
	tauSyn := f.Float("tau_syn", cases.Positive)
	vTh := f.Float("v_th", cases.Positive)
	f.FloatOr("v_leak", 0, cases.Finite)
	vReset := f.FloatOr("v_reset", 0, cases.Finite)
	if vReset >= vTh {
		f.Fail("v_reset", "a number less than v_th")
	}
	return eventParams{
		LIFParameters: eventprop.LIFParameters{
			TauMem: []float64{tauMem}, TauSyn: []float64{tauSyn}, VTh: []float64{vTh}, VReset: []float64{vReset},
		},
		tauMem: tauMem,
		end:    f.Float("t_max", cases.Positive),
	}
}

// layer returns feed-forward neurons with the given weights, [pre, post].
func (p eventParams) layer(w cases.Tensor) eventprop.Layer {
	return eventprop.Layer{
		Params:   p.LIFParameters,
		In:       eventprop.Synapses{Pre: w.Shape[0], Post: w.Shape[1], Weight: w.Data},
		Settings: eventprop.Settings{InputFirst: true},
	}
}

// inputSpikes are the input spikes of a case by time, with their place in it.
type inputSpikes struct {
	spikes []eventprop.Spike
	place  []int
	n      int // entries of the case, with those that are padding
}

// readInputSpikes reads two inputs, times and sources. A source of -1 is padding; the others are
// sorted by time.
func readInputSpikes(f *cases.Fields, time, source string, sources func(idx int) (neuron int, ok bool)) inputSpikes {
	t := f.Tensor(time, cases.Check{Expected: "a time >= 0", Holds: func(x float64) bool { return x >= 0 }}, cases.Shape{cases.Extent})
	idx := f.Tensor(source, cases.Finite, cases.Shape{len(t.Data)})
	s := inputSpikes{n: len(t.Data)}
	if f.Err() != nil {
		return s
	}
	latest := 0.0
	for k, x := range idx.Data {
		if x == -1 {
			continue
		}
		if t.Data[k] < latest {
			f.FailInput(time, "spikes sorted by time", fmt.Sprintf("%g after %g at index %d", t.Data[k], latest, k))
			return s
		}
		latest = t.Data[k]
		if _, ok := sources(int(x)); !ok || x != math.Trunc(x) {
			f.FailInput(source, "sources that exist, or -1", strconv.FormatFloat(x, 'g', -1, 64)+" at index "+strconv.Itoa(k))
			return s
		}
	}
	return sortedInput(t.Data, idx.Data, func(idx int) int { neuron, _ := sources(idx); return neuron })
}

// sortedInput sorts spikes by time; equal times keep their order. Sources of -1 and infinite times
// are padding.
func sortedInput(times, idx []float64, neuron func(idx int) int) inputSpikes {
	s := inputSpikes{n: len(times)}
	for k, x := range idx {
		if x >= 0 && !math.IsInf(times[k], 1) {
			s.place = append(s.place, k)
		}
	}
	slices.SortStableFunc(s.place, func(a, b int) int { return cmp.Compare(times[a], times[b]) })
	for _, k := range s.place {
		s.spikes = append(s.spikes, eventprop.Spike{Time: times[k], Neuron: neuron(int(idx[k]))})
	}
	return s
}

// below returns the sources 0 to n-1.
func below(n int) func(int) (int, bool) {
	return func(idx int) (int, bool) { return idx, idx >= 0 && idx < n }
}

// inOrder puts gradients of sorted spikes into the order of the case.
func (s inputSpikes) inOrder(grad []float64) cases.Tensor {
	out := make([]float64, s.n)
	for k, g := range grad {
		out[s.place[k]] = g
	}
	return cases.Vector(out)
}

// slots are the events of a layer as the case has them: inputs and spikes by time, the inputs
// first, cut at a number.
type slots struct {
	input, spike []int // index of each slot in its list, or -1
}

// fillSlots merges the events before end.
func fillSlots(input, spikes []eventprop.Spike, n int, end float64) slots {
	s := slots{input: make([]int, n), spike: make([]int, n)}
	i, k := 0, 0
	for slot := range n {
		s.input[slot], s.spike[slot] = -1, -1
		switch {
		case i < len(input) && input[i].Time < end && (k == len(spikes) || input[i].Time <= spikes[k].Time):
			s.input[slot] = i
			i++
		case k < len(spikes):
			s.spike[slot] = k
			k++
		}
	}
	return s
}

// outputs returns time, idx and current of the slots. The sources of the input have the numbers
// from firstInput, the neurons those from first; unused is the time of an unused slot.
func (s slots) outputs(r *cases.Result, prefix string, input, spikes []eventprop.Spike, firstInput, first int, unused float64) {
	n := len(s.input)
	time, idx, current := make([]float64, n), make([]float64, n), make([]float64, n)
	for k := range n {
		switch {
		case s.input[k] >= 0:
			e := input[s.input[k]]
			time[k], idx[k] = e.Time, float64(firstInput+e.Neuron)
		case s.spike[k] >= 0:
			e := spikes[s.spike[k]]
			time[k], idx[k], current[k] = e.Time, float64(first+e.Neuron), e.Current
		default:
			time[k], idx[k] = unused, -1
		}
	}
	r.Outputs[prefix+"time"] = cases.Vector(time)
	r.Outputs[prefix+"idx"] = cases.Vector(idx)
	r.Outputs[prefix+"current"] = cases.Vector(current)
}

// spikeLosses are the losses of the event models, of the first spikes of the last neurons among n.
type spikeLosses struct {
	target, weight []float64
	tau            float64
	n              int
}

func readSpikeLosses(f *cases.Fields, tau float64, n int) spikeLosses {
	target := f.Tensor("target", cases.Finite, cases.Shape{cases.Extent})
	if f.Err() == nil && (len(target.Data) == 0 || len(target.Data) > n) {
		f.FailInput("target", "one time for each of the last neurons", "shape "+cases.Shape(target.Shape).String())
	}
	weight := f.Tensor("loss_c", cases.Finite, cases.Shape{len(target.Data)})
	return spikeLosses{target.Data, weight.Data, tau, n}
}

// values returns the losses, and their gradients to the times of the spikes. Spikes that are in no
// slot do not count.
func (l spikeLosses) values(s slots, spikes []eventprop.Spike, sumTime bool) (losses map[string]float64, grads map[string][]float64, err error) {
	losses, grads = map[string]float64{}, map[string][]float64{}
	m := len(l.target)
	first, which := make([]float64, m), make([]int, m)
	for k := range first {
		first[k], which[k] = math.Inf(1), -1
	}
	total, each := 0.0, make([]float64, len(spikes))
	for _, k := range s.spike {
		if k < 0 {
			continue
		}
		total += spikes[k].Time
		each[k] = 1
		if j := spikes[k].Neuron - (l.n - m); j >= 0 && which[j] < 0 {
			first[j], which[j] = spikes[k].Time, k
		}
	}
	if sumTime {
		losses["sum_time"], grads["sum_time"] = total, each
	}

	clipped := make([]float64, m) // at twice the time constant
	for k := range clipped {
		clipped[k] = min(first[k], 2*l.tau)
	}
	earliest := 0
	for k, t := range l.target {
		if t < l.target[earliest] {
			earliest = k
		}
	}
	add := func(name string, o eventprop.Objective, x []float64, sign float64, counts func(k int) bool) {
		if err != nil {
			return
		}
		g := make([]float64, m)
		var value float64
		if value, err = o.Value(g, x); err != nil {
			return
		}
		losses[name] = sign * value
		out := make([]float64, len(spikes))
		for k, spike := range which {
			if spike >= 0 && counts(k) {
				out[spike] = sign * g[k]
			}
		}
		grads[name] = out
	}
	unclipped := func(k int) bool { return first[k] < 2*l.tau }
	add("mse_first", eventprop.MSE{Target: l.target, Scale: l.tau}, clipped, 1, unclipped)
	// the package has the cross-entropy with the other sign
	add("ttfs", eventprop.CrossEntropy{Label: earliest, Scale: -1 / l.tau}, clipped, -1, unclipped)
	add("target_time", eventprop.TargetTimes{Target: l.target, Scale: l.tau}, clipped, 1, unclipped)
	weight, finite := slices.Clone(l.weight), slices.Clone(first)
	for k := range weight {
		if which[k] < 0 { // left out
			weight[k], finite[k] = 0, 0
		}
	}
	add("sum_w_first", eventprop.Linear{Weight: weight}, finite, 1, func(int) bool { return true })
	return losses, grads, err
}

// eventTolerance is that of the event models: times to the rounding of the package's closed forms,
// currents and losses a little less, and gradients of finite differences to their own error.
func eventTolerance(q cases.Quantity) (cases.Tolerance, bool) {
	switch {
	case q.Grad && q.Source == cases.FiniteDifference:
		return cases.Tolerance{Rel: 1e-5, OfLargest: true}, true
	case q.Grad:
		return cases.Tolerance{Rel: 1e-7, OfLargest: true}, true
	case q.Name == "idx" || q.Name == "layer1_idx" || q.Name == "layer2_idx":
		return cases.Tolerance{}, true
	case q.Name == "time" || q.Name == "layer1_time" || q.Name == "layer2_time":
		return cases.Tolerance{Rel: 5e-11}, true
	}
	return cases.Tolerance{Rel: 1e-10, Abs: 1e-15}, true
}
