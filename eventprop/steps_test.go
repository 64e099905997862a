package eventprop

import (
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// TestSteps: a pass that keeps its steps alone has the spikes and gradients of one that keeps all
// jumps, bit for bit, and makes those when they are asked for: with and without delays, with tonic
// neurons, neurons that start above threshold, ties, and inputs before spikes.
func TestSteps(t *testing.T) {
	spikes, ties, split := 0, 0, 0
	for k := range 800 {
		r := random.New(uint64(k), "eventprop/steps")
		w := newNetwork(r, kindOfNetwork{rec: true, delays: k%2 == 0, sparse: true, equal: k%8 < 2, tonic: k%4 < 2})
		l, n := &w.layer, w.layer.Neurons()
		l.InputFirst = k%5 == 0
		if k%3 == 0 { // alike, so that they spike at once and what they reach is at threshold by rounding
			for _, p := range []*[]float64{&l.Params.TauMem, &l.Params.TauSyn, &l.Params.VTh, &l.Params.VLeak, &l.Params.VReset, &l.Params.VInit, &l.Params.IInit} {
				*p = (*p)[:1]
			}
			for i := range l.In.Weight {
				l.In.Weight[i] = l.In.Weight[i/n*n]
			}
			for i := range l.In.Delay {
				l.In.Delay[i] = l.In.Delay[i/n*n]
			}
		}
		if k%6 == 3 { // an arrival without weight rounds the states of some
			in := make([]float64, 2*n)
			for j := range n {
				in[j] = 3
			}
			in[n+1], in[n+2] = 1, 1
			l.In, _ = NewSparse(2, n, in, nil)
			l.In.Weight[n], l.In.Weight[n+1] = 0, 0
		}
		if k%7 == 0 {
			l.Params.VInit[0] = 1.5
		}
		var brief, full Tape
		if err := brief.Forward(l, w.input, w.end); err != nil {
			t.Fatal(err)
		}
		if err := full.Begin(l, w.input, w.end); err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			var err error
			if more, err = full.Step(); err != nil {
				t.Fatal(err)
			}
		}
		if brief.events.detailed || len(brief.events.touches) > 0 || !full.events.detailed {
			t.Fatal("the two passes keep the same")
		}
		if !slices.Equal(brief.Spikes, full.Spikes) || brief.Report != full.Report {
			t.Fatalf("net %d: %v with %v, in detail %v with %v", k, brief.Spikes, brief.Report, full.Spikes, full.Report)
		}
		spikes += len(full.Spikes)
		for i, x := range brief.events.steps { // one that an arrival found over threshold
			if k%2 == 1 && i > 1 && x.kind < crossing && x.kind == brief.events.steps[i-2].kind && x.source == brief.events.steps[i-2].source {
				split++
			}
		}
		cot := make([]float64, len(full.Spikes))
		for i := range cot {
			cot[i] = random.Normal(r)
			if i > 0 && full.Spikes[i].Time == full.Spikes[i-1].Time {
				ties++
			}
		}
		all := func(tape *Tape, c *Cotangent, taus bool) []float64 {
			g := l.NewGradients()
			if !taus {
				g.TauMem, g.TauSyn = nil, nil
			}
			if err := tape.Backward(g, c); err != nil {
				t.Fatal(err)
			}
			return slices.Concat(g.In, g.InDelay, g.Rec, g.RecDelay, g.TauMem, g.TauSyn, g.VTh, g.VLeak, g.VReset, g.VInit, g.IInit, tape.InputTime)
		}
		same := func(what string, got, want []float64) {
			t.Helper()
			for i := range want {
				if math.Float64bits(got[i]+0) != math.Float64bits(want[i]+0) { // -0 is 0
					t.Fatalf("net %d, %s: derivative %d is %v, in detail %v", k, what, i, got[i], want[i])
				}
			}
		}
		c := &Cotangent{Time: cot}
		same("steps", all(&brief, c, false), all(&full, c, false))
		if brief.events.detailed {
			t.Fatal("the backward pass was not that of steps")
		}
		same("time constants", all(&brief, c, true), all(&full, c, true))
		again, _ := brief.Voltage(1, 0.4*w.end)
		if want, err := full.Voltage(1, 0.4*w.end); err != nil || again != want || !slices.Equal(brief.Spikes, full.Spikes) || brief.Report != full.Report {
			t.Fatalf("net %d: voltage %v, in detail %v, error %v", k, again, want, err)
		}
		if err := brief.Forward(l, w.input, w.end); err != nil || !brief.events.detailed {
			t.Fatalf("net %d: a tape that was asked for details does not keep them, error %v", k, err)
		}
	}
	if spikes < 4000 || ties < 100 || split < 3 {
		t.Errorf("%d spikes, %d at once, %d between arrivals", spikes, ties, split)
	}
}
