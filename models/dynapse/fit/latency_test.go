package fit

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/internal/race"
)

// TestLatencyAtBin: the interval of a latency on both sides of a whole number of bins, where its
// derivative jumps, ends where a fit with that latency given has squares that are larger by 3.84
// times those of the noise.
func TestLatencyAtBin(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	const late = 2 // bins
	e, _ := scoped(t, 1, 300, 1, 0, 0, 1e-3)
	r := &e.Recordings[0]
	r.Input = append(slices.Clone(r.Input[late*r.B:]), make([]float64, late*r.B)...)
	r.Latency = Nuisance{Fit: true, Mean: late * 1e-3, SD: 1e-3}
	res, err := Run(context.Background(), e, Settings{Starts: 2})
	if err != nil {
		t.Fatal(err)
	}
	p := res.Parameter("target[0].latency")
	if p.Verdict != Identified || p.Interval[0] >= late*1e-3 || p.Interval[1] <= late*1e-3 {
		t.Fatalf("latency %v in %v, want an interval on both sides", p.Value, p.Interval)
	}
	e.Space.Network = res.Network
	for _, end := range p.Interval {
		r.Latency = Nuisance{Mean: end}
		held, err := Run(context.Background(), e, Settings{Starts: 1})
		if err != nil {
			t.Fatal(err)
		}
		more := (held.Loss/res.Loss - 1) * float64(r.T*r.B)
		if math.Abs(more-3.84) > 0.8 { // a twentieth of half the interval is a tenth of 3.84, on a slope that jumps
			t.Errorf("latency %v of %v in %v: squares larger by %.3g of the noise", end, p.Value, p.Interval, more)
		}
	}
}
