package eventprop

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"testing"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/internal/random"
)

var (
	nets     = flag.Int("nets", 100, "random networks in TestGradientStatistics; 10000 for the full statistics")
	firstNet = flag.Int("first", 0, "number of the first of them")
)

// derivative is a finite difference of f at 0: central ones with steps halved, improved by
// Richardson's extrapolation (errors h^2, h^4, ...) and the entry of the table with the smallest
// change; it ends when three halvings have not made that smaller. ok is false where f says that the
// pattern changes at the smallest of the first steps, h/2^(most-1).
func derivative(f func(h float64) (float64, bool), h float64) (d float64, ok bool) {
	const most, levels = 9, 8 // first steps that are tried, and steps from there on
	var table [levels][levels]float64
	least, best := math.Inf(1), 0
	tries := 0
	for i := 0; i < levels && i-best <= 3; {
		up, a := f(h)
		down, b := f(-h)
		if !a || !b {
			if tries++; i > 0 || tries == most {
				return 0, false
			}
			h /= 2
			continue
		}
		table[i][0] = (up - down) / (2 * h)
		factor := 1.0
		for m := 1; m <= i; m++ {
			factor *= 4
			table[i][m] = table[i][m-1] + (table[i][m-1]-table[i-1][m-1])/(factor-1)
			e := max(math.Abs(table[i][m]-table[i][m-1]), math.Abs(table[i][m]-table[i-1][m-1]))
			if e < least {
				least, best, d = e, i, table[i][m]
			}
		}
		h /= 2
		i++
	}
	return d, !math.IsInf(least, 1)
}

// nearest is the distance of the spike nearest to grazing, TauMem V'/|VTh - VLeak|.
func nearest(t *Tape) float64 {
	d := math.Inf(1)
	for _, s := range t.Spikes {
		c := &t.plan.cells[s.Neuron]
		d = min(d, (s.Current-c.q)/math.Abs(c.q))
	}
	return d
}

// finiteDifferences returns the errors of the gradients in slots relative to the largest entry of
// the slot, and whether some pattern changed.
func (w *network) finiteDifferences(slots []slot) (errors map[string]float64, changed bool) {
	var tape Tape
	var c Cotangent
	_, want, err := w.loss(&tape, &c)
	if err != nil {
		return nil, true
	}
	errors = map[string]float64{}
	for _, s := range slots {
		largest, worst := 0.0, 0.0
		for _, g := range s.grads {
			largest = max(largest, math.Abs(g))
		}
		for i := range s.grads {
			x := &w.input[i%len(w.input)].Time
			if s.name != "InputTime" {
				x = &s.values[i]
			}
			x0 := *x
			if math.IsInf(x0, 0) {
				continue
			}
			if x0 == 0 && (s.name == "InDelay" || s.name == "RecDelay") {
				continue // one-sided
			}
			step := 2e-3 * max(math.Abs(x0), 0.1)
			if s.name == "InDelay" || s.name == "RecDelay" {
				step = min(step, x0/2)
			}
			d, ok := derivative(func(h float64) (float64, bool) {
				*x = x0 + h
				defer func() { *x = x0 }()
				loss, got, err := w.loss(&tape, &c)
				return loss, err == nil && slices.Equal(got.order, want.order) && slices.Equal(got.peaks, want.peaks)
			}, step)
			if !ok {
				return nil, true
			}
			if largest == 0 {
				worst = max(worst, math.Abs(d))
				continue
			}
			worst = max(worst, math.Abs(d-s.grads[i])/largest)
		}
		errors[s.name] = worst
	}
	return errors, false
}

// engines returns the largest difference of the adjoint from the implicit derivatives, relative to
// the largest entry of its slot. Both are exact, so they differ by rounding.
func (w *network) engines(g *Gradients, tape *Tape, c *Cotangent) (worst float64, where string, err error) {
	adjoint := slices.Clone(tape.InputTime)
	other := w.layer.NewGradients()
	if err := tape.Analytical(other, c); err != nil {
		return 0, "", err
	}
	want := w.slots(other, slices.Clone(tape.InputTime))
	for k, s := range w.slots(g, adjoint) {
		largest := 0.0
		for _, x := range s.grads {
			largest = max(largest, math.Abs(x))
		}
		for i, x := range s.grads {
			if d := math.Abs(x - want[k].grads[i]); d > worst*largest {
				worst, where = d/largest, fmt.Sprintf("%s[%d]: adjoint %v, analytical %v", s.name, i, x, want[k].grads[i])
			}
		}
	}
	return worst, where, nil
}

// result is what one random network gave.
type result struct {
	kind    kindOfNetwork
	spikes  int
	near    float64 // of the spike nearest to grazing
	changed bool    // the spike pattern changes under the step
	engines float64 // adjoint against analytical
	where   string
	errors  map[string]float64 // against finite differences, by class of parameters
	failure error
}

// measureNet draws network k and checks its gradients.
func measureNet(k int) (x result) {
	r := random.New(uint64(k), "eventprop/gradients")
	x.kind = kindOfNetwork{rec: k%2 == 1, delays: k/2%2 == 1, sparse: k/4%3 == 0, equal: k%5 == 0, tonic: k%7 == 0}
	w := newNetwork(r, x.kind)
	var tape Tape
	var c Cotangent
	if _, _, x.failure = w.loss(&tape, &c); x.failure != nil {
		return x
	}
	x.spikes, x.near = len(tape.Spikes), nearest(&tape)
	g := w.layer.NewGradients()
	if x.failure = tape.Backward(g, &c); x.failure != nil {
		return x
	}
	inputTime := slices.Clone(tape.InputTime)
	if x.engines, x.where, x.failure = w.engines(g, &tape, &c); x.failure != nil {
		return x
	}
	x.errors, x.changed = w.finiteDifferences(w.slots(g, inputTime))
	return x
}

// errorsOfNets collects errors of networks, of all classes of parameters and of each.
type errorsOfNets struct {
	nets   int
	all    []float64
	byName map[string][]float64
}

func (e *errorsOfNets) add(x *result) {
	if e.byName == nil {
		e.byName = map[string][]float64{}
	}
	e.nets++
	for name, v := range x.errors {
		e.all = append(e.all, v)
		e.byName[name] = append(e.byName[name], v)
	}
}

func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return 0
	}
	sort.Float64s(x)
	return x[min(int(q*float64(len(x))), len(x)-1)]
}

func (e *errorsOfNets) log(t *testing.T, what string, each bool) {
	t.Logf("%d nets %s: median %.2g, 99.9 %% %.2g, largest %.2g", e.nets, what, quantile(e.all, .5), quantile(e.all, .999), quantile(e.all, 1))
	if !each {
		return
	}
	for _, n := range slices.Sorted(maps.Keys(e.byName)) {
		x := e.byName[n]
		t.Logf("%-10s median %.2g, 99.9 %% %.2g, largest %.2g of %d", n, quantile(x, .5), quantile(x, .999), quantile(x, 1), len(x))
	}
}

// TestGradientStatistics compares all gradients of random networks with finite differences of the
// event simulation, and the two gradient engines with each other. Networks with a spike near
// grazing, where derivatives are huge and differences poor, and networks whose spike pattern
// changes under the smallest step are counted apart.
func TestGradientStatistics(t *testing.T) {
	results := make([]result, *nets)
	kernel.Blocks(*nets, 1, func(k, _ int) { results[k] = measureNet(*firstNet + k) })
	var regular, grazing errorsOfNets
	changed, spikes, engines := 0, 0, 0.0
	for i := range results {
		x, k := &results[i], *firstNet+i
		if x.failure != nil {
			t.Fatalf("net %d %+v: %v", k, x.kind, x.failure)
		}
		spikes += x.spikes
		engines = max(engines, x.engines)
		// Rounding grows with the number of spikes that a derivative goes through, and each with
		// the inverse slope.
		if x.engines > 1e-11 {
			t.Errorf("net %d %+v: engines differ by %.3g, %s", k, x.kind, x.engines, x.where)
		}
		switch {
		case x.changed:
			changed++
		case x.near < 0.05:
			grazing.add(x)
		default:
			regular.add(x)
			for name, e := range x.errors {
				if e > 1e-5 { // ten times the bar of one in a thousand: a wrong formula, no finite difference
					t.Errorf("net %d %+v: %s differs from the finite difference by %.3g of its largest entry", k, x.kind, name, e)
				}
			}
		}
	}
	t.Logf("%d nets, %d spikes; adjoint against analytical at most %.2g; the pattern of %d more nets changes under the step", len(results)-changed, spikes, engines, changed)
	regular.log(t, "against finite differences", true)
	grazing.log(t, "with a spike nearer to grazing than 0.05", false)
	if regular.nets < *nets*9/10 {
		t.Errorf("only %d of %d networks are regular", regular.nets, *nets)
	}
	// The bar: what is left is the rounding of the finite difference itself.
	if m := quantile(regular.all, .5); !(m <= 1e-8) {
		t.Errorf("median error is %.3g, want at most 1e-8", m)
	}
	if m := quantile(regular.all, .999); !(m <= 1e-6) {
		t.Errorf("99.9 %% quantile is %.3g, want at most 1e-6", m)
	}
}
