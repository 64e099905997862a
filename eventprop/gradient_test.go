package eventprop

import (
	"flag"
	"math"
	"slices"
	"sort"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

var (
	nets     = flag.Int("nets", 40, "random networks in TestGradientStatistics")
	firstNet = flag.Int("first", 0, "number of the first of them")
)

// derivative is a finite difference of f at 0: central ones with steps halved, improved by
// Richardson's extrapolation (errors h^2, h^4, ...) and the entry of the table with the
// smallest change. ok is false where f says that the pattern changed at all steps.
func derivative(f func(h float64) (float64, bool), h float64) (d, err float64, ok bool) {
	const levels = 11
	var table [levels][levels]float64
	err = math.Inf(1)
	first := -1
	for k := range levels {
		up, a := f(h)
		down, b := f(-h)
		if !a || !b {
			if first >= 0 {
				return 0, 0, false
			}
			h /= 2
			continue
		}
		if first < 0 {
			first = k
		}
		i := k - first
		table[i][0] = (up - down) / (2 * h)
		factor := 1.0
		for m := 1; m <= i; m++ {
			factor *= 4
			table[i][m] = table[i][m-1] + (table[i][m-1]-table[i-1][m-1])/(factor-1)
			e := max(math.Abs(table[i][m]-table[i][m-1]), math.Abs(table[i][m]-table[i-1][m-1]))
			if e < err {
				err, d = e, table[i][m]
			}
		}
		h /= 2
	}
	return d, err, first >= 0 && !math.IsInf(err, 1)
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
			d, _, ok := derivative(func(h float64) (float64, bool) {
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

// checkEngines compares the adjoint with the implicit derivatives: both are exact, so they differ
// by rounding, which grows with the number of spikes that a derivative goes through.
func checkEngines(t *testing.T, net int, w *network, g *Gradients, tape *Tape, c *Cotangent) {
	t.Helper()
	adjoint := slices.Clone(tape.InputTime)
	other := w.layer.NewGradients()
	if err := tape.Analytical(other, c); err != nil {
		t.Fatalf("net %d: %v", net, err)
	}
	want := w.slots(other, slices.Clone(tape.InputTime))
	for k, s := range w.slots(g, adjoint) {
		largest := 0.0
		for _, x := range s.grads {
			largest = max(largest, math.Abs(x))
		}
		for i, x := range s.grads {
			if d := math.Abs(x - want[k].grads[i]); d > 1e-11*largest {
				t.Errorf("net %d: %s[%d]: adjoint %v, analytical %v", net, s.name, i, x, want[k].grads[i])
			}
		}
	}
	tape.InputTime = append(tape.InputTime[:0], adjoint...)
}

// TestGradientStatistics compares all gradients of random networks with finite differences of
// the event simulation, and the two gradient engines with each other.
func TestGradientStatistics(t *testing.T) {
	var all []float64
	byName := map[string][]float64{}
	skipped, grazing, spikes, measured := 0, 0, 0, 0
	for k := *firstNet; k < *firstNet+*nets; k++ {
		r := random.New(uint64(k), "eventprop/gradients")
		kind := kindOfNetwork{rec: k%2 == 1, delays: k/2%2 == 1, sparse: k/4%3 == 0, equal: k%5 == 0, tonic: k%7 == 0}
		w := newNetwork(r, kind)
		var tape Tape
		var c Cotangent
		if _, _, err := w.loss(&tape, &c); err != nil {
			t.Fatalf("net %d: %v", k, err)
		}
		g := w.layer.NewGradients()
		if err := tape.Backward(g, &c); err != nil {
			t.Fatalf("net %d: %v", k, err)
		}
		checkEngines(t, k, w, g, &tape, &c)
		spikes += len(tape.Spikes)
		near := nearest(&tape)
		inputTime := slices.Clone(tape.InputTime)
		if near < 0.05 {
			grazing++
			continue
		}
		errors, changed := w.finiteDifferences(w.slots(g, inputTime))
		if changed {
			skipped++
			continue
		}
		measured++
		for name, e := range errors {
			all = append(all, e)
			byName[name] = append(byName[name], e)
			if e > 1e-5 {
				t.Errorf("net %d %+v: %s differs from the finite difference by %.3g of its largest entry", k, kind, name, e)
			}
		}
	}
	quantile := func(x []float64, q float64) float64 {
		sort.Float64s(x)
		return x[min(int(q*float64(len(x))), len(x)-1)]
	}
	if len(all) == 0 {
		t.Fatal("no network was measured")
	}
	t.Logf("%d nets (%d more with a changed pattern, %d with a spike near grazing), %d spikes: median %.2g, 99.9 %% %.2g, largest %.2g",
		measured, skipped, grazing, spikes, quantile(all, .5), quantile(all, .999), quantile(all, 1))
	names := make([]string, 0, len(byName))
	for n := range byName {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		t.Logf("%-10s median %.2g largest %.2g of %d", n, quantile(byName[n], .5), quantile(byName[n], 1), len(byName[n]))
	}
	// The bar: what is left is the rounding of the finite difference itself.
	if m := quantile(all, .5); m > 1e-8 {
		t.Errorf("median error is %.3g, want at most 1e-8", m)
	}
	if m := quantile(all, .999); m > 1e-6 {
		t.Errorf("99.9 %% quantile is %.3g, want at most 1e-6", m)
	}
}
