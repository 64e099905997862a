package event

import (
	"math"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/surrogate"
)

func small() *Net {
	return New(Net{Title: "small", Sizes: []int{5, 4, 2}, TauMem: 20e-3, TauSyn: 5e-3, End: 60e-3, Rate: 100, Tau: 10e-3, Seed: 3}, 12, 2)
}

// kernel is K(a, b) of the definition, for a <= b and a >= b.
func (d distance) kernel(a, b float64) float64 {
	if a > b {
		a, b = b, a
	}
	return fmath.Exp((a-b)/d.tau) - fmath.Exp((a+b-2*d.end)/d.tau)
}

// TestDistance: closed form against the integral, by the midpoint rule; slopes against differences;
// grid against times.
func TestDistance(t *testing.T) {
	d := distance{tau: 7e-3, end: 50e-3}
	spikes, target := []float64{3e-3, 20e-3, 41e-3}, []float64{11e-3, 20e-3}
	sum, steps0 := 0.0, 100000
	for i := range steps0 {
		now, f := (float64(i)+0.5)/float64(steps0)*d.end, 0.0
		for _, s := range spikes {
			if s < now {
				f += math.Exp((s - now) / d.tau)
			}
		}
		for _, s := range target {
			if s < now {
				f -= math.Exp((s - now) / d.tau)
			}
		}
		sum += f * f / 2 / d.tau * d.end / float64(steps0)
	}
	grad := make([]float64, 3)
	got := d.of(spikes, target, grad)
	if math.Abs(got-sum) > 1e-4 { // a jump of 1 within a step of d.end/1e5
		t.Errorf("%v, want %v", got, sum)
	}
	for i := range spikes {
		if i == 1 {
			continue // it lies on a target: a kink
		}
		moved := append([]float64(nil), spikes...)
		const h = 1e-7
		moved[i] = spikes[i] + h
		up := d.of(moved, target, nil)
		moved[i] = spikes[i] - h
		if want := (up - d.of(moved, target, nil)) / (2 * h); math.Abs(grad[i]-want) > 1e-5*math.Abs(want) {
			t.Errorf("spike %d: %v, want %v", i, grad[i], want)
		}
	}
	onGrid := steps{d, 1e-3, [][]float64{target}, 1}
	y, dy := make([]float64, 50), make([]float64, 50)
	for _, s := range spikes {
		y[int(math.Round(s*1e3))-1] = 1
	}
	if loss := onGrid.Of(y, 1, 0, dy); math.Abs(loss-got) > 1e-12 {
		t.Errorf("on the grid %v, want %v", loss, got)
	}
	// The loss is quadratic in the spikes: its derivative is that of the pairs without the square
	// of each spike.
	for _, at := range []int{5, 19, 30} {
		moved := append([]float64(nil), y...)
		moved[at] = 1
		with := onGrid.Of(moved, 1, 0, nil)
		moved[at] = 0
		without := onGrid.Of(moved, 1, 0, nil)
		a := float64(at+1) * 1e-3
		if want := with - without + (y[at]-0.5)*d.kernel(a, a)/2; math.Abs(dy[at]-want) > 1e-12 {
			t.Errorf("step %d: %v, want %v", at, dy[at], want)
		}
	}
}

// TestExact: where no spike appears or vanishes, EventProp and the implicit derivatives are the
// differences of the loss, for all parameters of both layers.
func TestExact(t *testing.T) {
	n := small()
	const h = 1e-6
	compared := 0
	for draw := range uint64(6) {
		exact, implicit := make([]float64, len(n.P)), make([]float64, len(n.P))
		if err := n.Exact(eventprop.Adjoint).Gradient(exact, n.P, 0, draw); err != nil {
			t.Fatal(err)
		}
		if err := n.Exact(eventprop.Implicit).Gradient(implicit, n.P, 0, draw); err != nil {
			t.Fatal(err)
		}
		p := append([]float64(nil), n.P...)
		for k := range p {
			if math.Abs(exact[k]-implicit[k]) > 1e-8*(1+math.Abs(exact[k])) {
				t.Errorf("draw %d, parameter %d: adjoint %v, implicit %v", draw, k, exact[k], implicit[k])
			}
			var side [2]gradbench.Outcome
			for i, d := range []float64{h, -h} {
				p[k] = n.P[k] + d
				var err error
				if side[i], err = n.Loss(p, 0, draw); err != nil {
					t.Fatal(err)
				}
			}
			p[k] = n.P[k]
			if side[0].Spikes != side[1].Spikes {
				continue
			}
			want := (side[0].Loss - side[1].Loss) / (2 * h)
			// A loss of order 1 has an error of 1e-16/h, and the second derivative is large near
			// grazing.
			if math.Abs(exact[k]-want) > 1e-4*(0.01+math.Abs(want)) {
				t.Errorf("draw %d, parameter %d: %v, want %v", draw, k, exact[k], want)
			}
			if want != 0 {
				compared++
			}
		}
	}
	if compared < 60 {
		t.Errorf("only %d derivatives were compared", compared)
	}
}

// TestPrediction: for samples whose spikes stay between the same arrivals, the change of the loss
// by a small step is what EventProp predicts, to second order in the step.
func TestPrediction(t *testing.T) {
	n := small()
	u := make([]float64, len(n.P))
	for k := range u {
		u[k] = math.Sin(float64(k))
	}
	r, err := gradbench.Predict(t.Context(), n, n.Exact(eventprop.Adjoint), u, 0, 200, 1e-4)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Same.Predicted.Value, r.Same.Real.Value; r.ChangedShare > 0.2 || math.Abs(got-want) > 0.03*math.Abs(want) {
		t.Errorf("%+v", r)
	}
}

// TestSteps: with ever smaller steps the network spikes as the event network does.
func TestSteps(t *testing.T) {
	n := small()
	coarse, err := n.Mismatch(1, 20)
	if err != nil {
		t.Fatal(err)
	}
	fine, err := n.Mismatch(64, 20)
	if err != nil {
		t.Fatal(err)
	}
	// The voltage on a grid misses peaks between its points: of order dt in the count.
	if !(coarse.Value > fine.Value) || !(fine.Value < 0.02) {
		t.Errorf("mismatch %v in steps of 1 ms, %v in steps of 1/64 ms", coarse, fine)
	}
	g := make([]float64, len(n.P))
	if err := n.Steps(4, surrogate.Sigmoid{Sharpness: 5}, 0.5, false).Gradient(g, n.P, 0, 1); err != nil {
		t.Fatal(err)
	}
}
