package main

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// TestRecording: the recording is that of the neuron that it is said to be of.
func TestRecording(t *testing.T) {
	r, err := read()
	if err != nil {
		t.Fatal(err)
	}
	n := start()
	n.Params[dynapse.IgainAHP], n.Params[dynapse.ItauAHP] = []float64{30e-12}, []float64{8e-12}
	n.Params[dynapse.IwAHP], n.Params[dynapse.IpulseAHP] = []float64{2e-9}, []float64{3.5e-9}
	run, err := n.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(run.Spikes, r.Target[fit.Spikes]) {
		t.Error("other spikes")
	}
	for i, x := range run.Imem {
		if got := r.Target[fit.Imem][i]; math.Abs(got-x) > 6e-6*x { // six digits
			t.Fatalf("Imem of bin %d is %v, want %v", i, got, x)
		}
	}
}

// TestRun: both fits spike as the neuron did, and the one with the membrane finds what can be
// found: the currents to a part in a thousand, from a recording with six digits.
func TestRun(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: the tests of package fit run what is concurrent in it")
	}
	r, err := read()
	if err != nil {
		t.Fatal(err)
	}
	for _, trace := range []bool{false, true} {
		res, err := run(r, trace)
		if err != nil {
			t.Fatal(err)
		}
		got, err := res.Network.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Spikes, r.Target[fit.Spikes]) {
			t.Errorf("trace %v: other spikes", trace)
		}
		if trace {
			if tau := res.Parameter("Itau_ahp").Value; res.Parameter("Itau_ahp").Verdict != fit.Identified || math.Abs(tau/8e-12-1) > 1e-3 {
				t.Errorf("Itau_ahp %s: %v", res.Parameter("Itau_ahp").Verdict, tau)
			}
			if p := product(res); math.Abs(p/(30e-12*2e-9/3.5e-9)-1) > 1e-3 {
				t.Errorf("product %v", p)
			}
			if open := res.Unidentifiable; len(open) != 2 || !strings.HasSuffix(open[0].Text, "only as Igain_ahp*Iw_ahp/Ipulse_ahp") {
				t.Errorf("open: %v", open)
			}
		} else if slices.Contains([]fit.Verdict{res.Parameter("Itau_ahp").Verdict, res.Parameter("Iw_ahp").Verdict}, fit.Identified) {
			t.Error("spikes alone determine a current")
		}
	}
}
