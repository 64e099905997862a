package fit

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// TestRecovery: the currents of clean traces come back from starts within a decade, and the true
// values lie in the intervals.
func TestRecovery(t *testing.T) {
	for seed := range seeds(3) {
		e, truth := draw(t, seed, 1, 300, 2, Core, false)
		res, err := Run(context.Background(), e, Settings{DAC: seed == 0})
		if err != nil {
			t.Fatal(err)
		}
		if res.Status != minimize.Converged || res.Loss > 1e-16 {
			t.Errorf("seed %d: %s with loss %v", seed, res.Status, res.Loss)
		}
		for _, p := range fitted {
			got, want, in := res.Parameter(p.String()).Value, truth.Params[p][0], res.Parameter(p.String()).Interval
			if want < in[0] || want > in[1] {
				t.Errorf("seed %d: %v = %v is not in %v", seed, p, want, in)
			}
			if v := res.Parameter(p.String()).Verdict; p == dynapse.Ispkthr || p == dynapse.Iref {
				if v != SetOnly {
					t.Errorf("seed %d: %v is identified: %v", seed, p, v)
				}
			} else if v != Identified || math.Abs(got/want-1) > 1e-6 { // the minimum is exact; what is left is rounding, times the condition
				t.Errorf("seed %d: %v = %v, want %v; identified: %v", seed, p, got, want, v)
			}
		}
		if seed == 0 {
			settable(t, e, res)
		}
	}
}

// settable checks codes and loss of a result.
func settable(t *testing.T, e Experiment, res *Result) {
	t.Helper()
	d, err := res.Deploy(context.Background(), e, 1)
	if err != nil {
		t.Fatal(err)
	}
	if res.LossDAC == nil || math.Abs(*res.LossDAC-d.Loss) > 1e-12+1e-9*d.Loss { // the logarithm and back
		t.Errorf("loss with codes is %v, says %v", d.Loss, res.LossDAC)
	}
	if len(res.Codes()) != len(fitted) {
		t.Fatalf("%d codes, want %d", len(res.Codes()), len(fitted))
	}
	for i, c := range res.Codes() {
		bias, err := chip.BiasOf(c.DeviceParameter)
		if err != nil {
			t.Fatal(err)
		}
		current, err := bias.Current(chip.Code{Coarse: c.Coarse, Fine: c.Fine})
		if err != nil || current != c.Current || c.Name != fitted[i].String() || math.Abs(res.Settable.Params[fitted[i]][0]/current-1) > 1e-14 {
			t.Errorf("%+v: code means %v A, %v", c, current, err)
		}
	}
}

// TestSpikesAlone fits spike trains without a trace: the number of spikes is that of the target
// within one, no current is claimed, and the intervals hold the truth.
func TestSpikesAlone(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := draw(t, 4, 1, 200, 2, Core, false)
	if testing.Short() {
		e.Space.Params = fitted[:4]
		for _, q := range fitted[4:] {
			e.Space.Network.Params[q] = truth.Params[q]
		}
	}
	e.Recordings[0].Target[Imem], e.Recordings[0].Use[Imem] = nil, false
	res, err := Run(context.Background(), e, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	r := e.Recordings[0]
	run, err := res.Network.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := countsOf(run.Spikes, 1)[0], countsOf(r.Target[Spikes], 1)[0]; math.Abs(got-want) > 1 {
		t.Errorf("%v spikes, want %v", got, want)
	}
	for _, p := range res.Parameters {
		q, err := dynapse.ParseParam(p.Name)
		if v := truth.Params[q][0]; err != nil || p.Verdict == Identified || v < p.Interval[0] || v > p.Interval[1] {
			t.Errorf("%s: %s in %v, truth %v", p.Name, p.Verdict, p.Interval, v)
		}
	}
}

// TestProducts: of currents that act as a product alone, the product comes back, and the report
// says so.
func TestProducts(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := draw(t, 2, 1, 300, 2, Core, false)
	e.Space.Params = []dynapse.Param{dynapse.IgainSyn, dynapse.Iscale, dynapse.Ipulse, dynapse.ItauMem}
	start := &e.Space.Network.Params
	for _, p := range fitted {
		start[p] = truth.Params[p]
	}
	start[dynapse.IgainSyn] = []float64{2 * truth.Params[dynapse.IgainSyn][0]}
	res, err := Run(context.Background(), e, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	combination := func(n dynapse.Network) float64 {
		return n.Params[dynapse.IgainSyn][0] * n.Params[dynapse.Iscale][0] / n.Params[dynapse.Ipulse][0]
	}
	// The pulse is a two-thousandth of the time constant, so that the rest of the exponential is
	// some 1e-3.
	if got, want := combination(res.Network), combination(truth); math.Abs(got/want-1) > 2e-3 {
		t.Errorf("Igain_syn Iscale/Ipulse = %v, want %v", got, want)
	}
	for _, q := range []dynapse.Param{dynapse.IgainSyn, dynapse.Iscale, dynapse.Ipulse} { // a pulse that lasts long would be another one, so that Ipulse has a lower end
		p, v := res.Parameter(q.String()), truth.Params[q][0]
		if p.Verdict == Identified || q != dynapse.Ipulse && p.Verdict != Unidentified || v < p.Interval[0] || v > p.Interval[1] {
			t.Errorf("%v is %s in %v, truth %v", q, p.Verdict, p.Interval, v)
		}
	}
	if res.Parameter("Itau_mem").Verdict != Identified || !slices.ContainsFunc(res.Unidentifiable, func(o Open) bool { return strings.Contains(o.Text, "Igain_syn*Iscale/Ipulse") }) {
		t.Errorf("%+v", res.Unidentifiable)
	}
}

// TestResume: a fit that is stopped after any step and resumed from the bytes of its checkpoint
// does what the other would have done, with the history of the whole.
func TestResume(t *testing.T) {
	e, _ := draw(t, 1, 1, 100, 2, Core, false)
	s := Settings{Starts: 3}
	whole, err := Run(context.Background(), e, s)
	if err != nil {
		t.Fatal(err)
	}
	apart := 5
	if testing.Short() {
		apart = 13
	}
	for stop := 2; stop < len(whole.History); stop += apart {
		ctx, cancel := context.WithCancel(context.Background())
		cut := s
		steps := 0
		cut.Record = func(Progress) error {
			if steps++; steps == stop {
				cancel()
			}
			return nil
		}
		part, err := Run(ctx, e, cut)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if part.Status != minimize.Interrupted {
			t.Fatalf("stopped after step %d: %s", stop, part.Status)
		}
		raw, err := part.Checkpoint.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		again := s
		again.Resume = new(optim.State)
		if err := again.Resume.UnmarshalBinary(raw); err != nil {
			t.Fatal(err)
		}
		rest, err := Run(context.Background(), e, again)
		if err != nil {
			t.Fatal(err)
		}
		if rest.Loss != whole.Loss || rest.Parameter("Itau_mem").Value != whole.Parameter("Itau_mem").Value || rest.Parameter("Iref").Value != whole.Parameter("Iref").Value {
			t.Errorf("stopped after step %d: loss %v, want %v", stop, rest.Loss, whole.Loss)
		}
		if !slices.EqualFunc(rest.History, whole.History, func(a, b Progress) bool {
			return a.Phase == b.Phase && a.Step == b.Step && a.Loss == b.Loss && a.Best == b.Best && a.Evaluations == b.Evaluations && a.Gradients == b.Gradients
		}) {
			t.Errorf("stopped after step %d: %d steps in the history, want the %d of a fit that was not stopped", stop, len(rest.History), len(whole.History))
		}
	}
}

// TestCurve fits a rate-against-input curve of another neuron.
func TestCurve(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	_, truth := draw(t, 2, 2, 300, 2, Core, false)
	c := Curve{Name: "curve", InputRate: []float64{20, 60}, Seconds: 1, Seed: 3}
	rates, err := Rates(truth, c)
	if err != nil {
		t.Fatal(err)
	}
	c.Rate = rates
	start := truth
	start.Params[dynapse.IgainSyn] = []float64{0.5 * truth.Params[dynapse.IgainSyn][0]}
	e := Experiment{Space: Space{Network: start, Params: []dynapse.Param{dynapse.IgainSyn}}, Curves: []Curve{c}}
	res, err := Run(context.Background(), e, Settings{Starts: 3})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Rates(res.Network, c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if math.Abs(got[i]-rates[i]) > 2 { // 2 Hz are 4 of some 40 spikes of both neurons in a second
			t.Errorf("%v Hz, want %v Hz at %v Hz", got[i], rates[i], c.InputRate[i])
		}
	}
	if res.Parameter("Igain_syn").Verdict != Unidentified {
		t.Error("a rate determines a current")
	}
}

// TestRobust: over fresh chips, the fit for chips with mismatch is at least as good at the 95th
// percentile as the nominal one.
func TestRobust(t *testing.T) {
	e, truth := draw(t, 2, 1, 100, 2, Core, false)
	e.Space.Params = []dynapse.Param{dynapse.IgainSyn, dynapse.ItauMem}
	start := &e.Space.Network.Params
	for _, p := range fitted {
		start[p] = truth.Params[p]
	}
	e.Recordings[0].Use[Imem] = false
	s := Settings{Starts: 2, Mismatch: 0.05, Samples: 8}
	robust, err := Run(context.Background(), e, s)
	if err != nil {
		t.Fatal(err)
	}
	p := compile(t, e)
	if err := s.check(p); err != nil {
		t.Fatal(err)
	}
	nominal, err := newSession(p, s).spread(context.Background(), point(p, truth))
	if err != nil {
		t.Fatal(err)
	}
	if m := robust.Mismatch; m == nil || m.P50 > m.P95 || m.Mean > 1.1*nominal.Mean { // 8 chips stand for all: their mean has an error
		t.Errorf("robust %+v, nominal %+v", m, nominal)
	}
}

// TestInterruptedCodes: a fit that is cancelled while it looks for codes has those of then, says
// how sure its best point is, and goes on to the same codes.
func TestInterruptedCodes(t *testing.T) {
	e, _ := draw(t, 1, 1, 100, 2, Core, false)
	s := Settings{Starts: 2, DAC: true, Grace: time.Hour}
	whole, err := Run(context.Background(), e, s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cut := s
	cut.Record = func(p Progress) error {
		if p.Phase == "codes" {
			cancel()
		}
		return nil
	}
	part, err := Run(ctx, e, cut)
	if err != nil {
		t.Fatal(err)
	}
	got, want := part.Parameter("Itau_mem"), whole.Parameter("Itau_mem")
	if part.Status != minimize.Interrupted || part.LossDAC == nil || len(part.Codes()) != len(whole.Codes()) {
		t.Errorf("%v, loss with codes %v, %v", part.Status, part.LossDAC, part.Codes())
	}
	if got.Verdict != Identified || got.Interval != want.Interval || part.Unidentifiable != nil {
		t.Errorf("%+v, want %+v; %v", got, want, part.Unidentifiable)
	}
	again := s
	again.Resume = &part.Checkpoint
	rest, err := Run(context.Background(), e, again)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rest.Codes(), whole.Codes()) || *rest.LossDAC != *whole.LossDAC {
		t.Errorf("codes %v, want %v", rest.Codes(), whole.Codes())
	}
}

// TestDebugNaNs: a simulation that overflows is named by time step, neuron and point: by DebugNaNs
// at once, else where there is no other point.
func TestDebugNaNs(t *testing.T) {
	e, truth := draw(t, 1, 1, 120, 1, Neuron, false)
	e.Space.Network.Params = truth.Params             // which spikes
	e.Space.Network.WRec = []float64{math.MaxFloat64} // and so overflows its own synapse
	for _, debug := range []bool{false, true} {
		_, err := Run(context.Background(), e, Settings{Starts: 1, DebugNaNs: debug})
		if !errors.Is(err, dynapse.ErrState) || errors.Is(err, optim.ErrNonFinite) == debug {
			t.Fatalf("DebugNaNs %v: error %v", debug, err)
		}
		for _, part := range []string{": step ", ", row 0, neuron 0: Isyn = +Inf Io", "; at Itau_mem = "} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("DebugNaNs %v: error %q, want %q in it", debug, err, part)
			}
		}
	}
}
