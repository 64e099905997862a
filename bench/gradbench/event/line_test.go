package event

import (
	"math"
	"testing"

	"github.com/surge-snn/surge/eventprop/equation"
)

// theta is a net of QIF neurons that spike at infinity.
func theta(t *testing.T) *Net {
	m, err := equation.Parse(equation.Theta)
	if err != nil {
		t.Fatal(err)
	}
	n := *small()
	n.Model = m
	n.Constants = map[string][]float64{"tau_mem": {20e-3}, "tau_syn": {5e-3}, "i_ext": {-0.25}, "theta_init": {2 * math.Atan(-0.5)}}
	return New(n, 12, 2)
}

// TestSlope: between jumps the slope along a line is the difference of the loss, for LIF and for
// equations.
func TestSlope(t *testing.T) {
	for name, n := range map[string]*Net{"lif": small(), "theta": theta(t)} {
		l, err := n.Line(0, 1)
		if err != nil {
			t.Fatal(err)
		}
		const h = 1e-5
		compared := 0
		for _, x := range []float64{-0.2, -0.1, 0.03, 0.1, 0.2} {
			_, slope, spikes, err := l.At(x)
			if err != nil {
				t.Fatal(err)
			}
			up, _, more, err := l.At(x + h)
			if err != nil {
				t.Fatal(err)
			}
			down, _, less, err := l.At(x - h)
			if err != nil {
				t.Fatal(err)
			}
			if spikes != more || spikes != less || spikes == 0 {
				continue
			}
			compared++
			// Times are exact to 1e-9 of the states for equations; h² times third derivatives,
			// which are large near grazing.
			if want := (up - down) / (2 * h); math.Abs(slope-want) > 1e-3*(0.1+math.Abs(want)) {
				t.Errorf("%s at %v: %v, want %v", name, x, slope, want)
			}
		}
		if compared < 3 {
			t.Errorf("%s: %d points compared", name, compared)
		}
	}
}

// TestJumps: of one LIF neuron with one input the number of spikes is known for every weight: where
// the peak of the voltage passes the threshold the spike appears with a jump of the loss, while QIF
// has it come in from the end of time, where the loss does not feel it.
func TestJumps(t *testing.T) {
	one := func(n *Net) Jumps {
		t.Helper()
		l, err := n.Line(0, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.sample.input) == 0 {
			t.Fatal("no input")
		}
		l.sample.input = l.sample.input[:1]
		l.sample.target = [][]float64{{}}
		j, err := l.Jumps(0.9, 64, 1e-3)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	lif := *small()
	lif.Sizes, lif.Rate = []int{1, 1}, 200
	n := New(lif, 8, 0)
	first := one(n)
	// The peak for a weight of 1 is tau_mem/(tau_mem - tau_syn) times the largest difference of the
	// two exponentials.
	m, s := n.TauMem, n.TauSyn
	peak := math.Log(m/s) / (1/s - 1/m)
	unit := s / (m - s) * (math.Exp(-peak/m) - math.Exp(-peak/s))
	if threshold := 1 / unit; threshold < 0.1*n.P[0] || threshold > 1.9*n.P[0] {
		t.Fatalf("a threshold of %v for a weight of %v", threshold, n.P[0])
	}
	if first.Count < 1 || first.Size < 0.1 {
		t.Errorf("LIF: %+v", first)
	}
	q := *theta(t)
	q.Sizes, q.Rate = []int{1, 1}, 200
	second := one(New(q, 8, 0))
	if second.Count != 0 || second.Spikes == 0 {
		t.Errorf("QIF: %+v", second)
	}
}
