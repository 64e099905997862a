package fit

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// statistics are those of a neuron that adapts, in a current.
func statistics(t *testing.T) (Experiment, dynapse.Network) {
	t.Helper()
	truth := dynapse.Network{N: 1, Params: adapting()}
	truth.Params[dynapse.ItauAHP], truth.Params[dynapse.IwAHP] = []float64{4e-12}, []float64{1e-9} // slow, so that many spikes differ
	s := Statistics{Name: "statistics", Current: 5e-10, Seconds: 1, Scale: map[Statistic]float64{Adaptation: 100}, Want: map[Statistic]float64{Rate: 1, Adaptation: 0, CV: 0, TauMem: 1, TauSyn: 1, TauAHP: 1, Refractory: 1}}
	got, err := s.Measure(truth)
	if err != nil {
		t.Fatal(err)
	}
	for q := range s.Want {
		s.Want[q] = got[q][0]
	}
	start := truth
	params := []dynapse.Param{dynapse.ItauMem, dynapse.ItauSyn, dynapse.ItauAHP, dynapse.Iref, dynapse.IgainMem, dynapse.IgainAHP}
	for i, p := range params {
		start.Params[p] = []float64{truth.Params[p][0] * []float64{2, 0.4, 0.6, 1.7, 1.5, 0.5}[i]}
	}
	return Experiment{Space: Space{Network: start, Params: params}, Statistics: []Statistics{s}}, truth
}

// TestStatistics: a neuron with other currents gets the rate, the adaptation and the time constants
// of another one, and the time constants determine their currents.
func TestStatistics(t *testing.T) {
	e, truth := statistics(t)
	res, err := Run(context.Background(), e, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Statistics[0].Measure(res.Network)
	if err != nil {
		t.Fatal(err)
	}
	want := e.Statistics[0].Want
	if want[Adaptation] < 0.01 || want[CV] < 0.1 || want[Rate] < 10 {
		t.Fatalf("a neuron that does not adapt, or hardly spikes: %v", want)
	}
	// A spike more or less in a second; a tenth of the indices; times, which the others leave
	// alone, to a few per cent.
	for q, tolerance := range map[Statistic]float64{Rate: 1, Adaptation: 0.1 * want[Adaptation], CV: 0.1 * want[CV], TauMem: 0.02 * want[TauMem], TauSyn: 0.02 * want[TauSyn], TauAHP: 0.02 * want[TauAHP], Refractory: 0.02 * want[Refractory]} {
		if math.Abs(got[q][0]-want[q]) > tolerance {
			t.Errorf("%v: %v, want %v", q, got[q][0], want[q])
		}
	}
	t.Logf("%v, want %v; loss %v, %s, %d evaluations", got, want, res.Loss, res.Status, res.Evaluations)
	for _, p := range []dynapse.Param{dynapse.ItauMem, dynapse.ItauSyn, dynapse.ItauAHP} {
		name := p.String()
		if in := res.Parameter(name).Interval; res.Parameter(name).Verdict != Identified || truth.Params[p][0] < in[0] || truth.Params[p][0] > in[1] {
			t.Errorf("%s: %s, %v in %v", name, res.Parameter(name).Verdict, truth.Params[p][0], in)
		}
	}
	if res.Parameter("Igain_mem").Verdict != Unidentified {
		t.Error("a rate determines a current")
	}
}

// TestRecordingAndStatistics: a time constant that a trace also determines does not disturb the
// fit, and one that it says nothing about is granted.
func TestRecordingAndStatistics(t *testing.T) {
	e, truth := draw(t, 3, 1, 400, 1, Core, false)
	truth.Params[dynapse.IwAHP] = []float64{0} // the AHP does nothing
	s := Statistics{Name: "statistics", Current: 1e-9, Seconds: 0.5, Want: map[Statistic]float64{Rate: 0, TauMem: 1, TauAHP: 30e-3}}
	got, err := s.Measure(truth)
	if err != nil {
		t.Fatal(err)
	}
	s.Want[Rate], s.Want[TauMem] = got[Rate][0], got[TauMem][0]
	e.Space.Params = append(slices.Clone(e.Space.Params), dynapse.ItauAHP)
	e.Space.Network.Params[dynapse.IwAHP] = []float64{0}
	run, err := truth.Simulate(dynapse.Input{T: 400, B: 1, Counts: e.Recordings[0].Input})
	if err != nil {
		t.Fatal(err)
	}
	e.Recordings[0].Target[Imem], e.Recordings[0].Target[Spikes] = run.Imem, run.Spikes
	e.Statistics = []Statistics{s}
	res, err := Run(context.Background(), e, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	want := dynapse.Ut.Default() / ((dynapse.KappaN.Default() + dynapse.KappaP.Default()) / 2) * dynapse.CAHP.Default() / 30e-3
	// Noise-free: rounding times the condition.
	if res.Status != minimize.Converged || math.Abs(res.Parameter("Itau_ahp").Value/want-1) > 1e-6 || math.Abs(res.Parameter("Itau_mem").Value/truth.Params[dynapse.ItauMem][0]-1) > 1e-6 {
		t.Errorf("%s, %v", res.Status, res.Parameters)
	}
}

// TestTimes: time constants alone have a closed form, the current of the chip.
func TestTimes(t *testing.T) {
	e, _ := statistics(t)
	s := &e.Statistics[0]
	s.Want = map[Statistic]float64{TauMem: 20e-3, Refractory: 3e-3}
	e.Space.Params = []dynapse.Param{dynapse.ItauMem, dynapse.Iref}
	res, err := Run(context.Background(), e, Settings{DAC: true})
	if err != nil {
		t.Fatal(err)
	}
	kappa := (dynapse.KappaN.Default() + dynapse.KappaP.Default()) / 2
	for p, want := range map[dynapse.Param]float64{
		dynapse.ItauMem: dynapse.Ut.Default() / kappa * dynapse.CMem.Default() / 20e-3,
		dynapse.Iref:    dynapse.Vth.Default() * dynapse.CRef.Default() / 3e-3,
	} {
		if got := res.Parameter(p.String()).Value; math.Abs(got/want-1) > 1e-12 { // the logarithm and back
			t.Errorf("%v = %v, want %v", p, got, want)
		}
	}
	if res.Status != minimize.Converged || res.Loss > 1e-20 || *res.LossDAC > 1e-2 { // codes are a few per cent apart
		t.Errorf("%s, loss %v, with codes %v", res.Status, res.Loss, *res.LossDAC)
	}
}

// TestIntervals compares the indices with their definitions, and their derivatives with
// differences.
func TestIntervals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		intervals := rapid.SliceOfN(rapid.IntRange(1, 50), 2, 8).Draw(t, "intervals")
		times := []int{3}
		for _, i := range intervals {
			times = append(times, times[len(times)-1]+i)
		}
		k := float64(len(intervals))
		a, mean, square := 0.0, 0.0, 0.0
		for i, v := range intervals {
			mean += float64(v) / k
			square += float64(v*v) / k
			if i > 0 {
				a += float64(v-intervals[i-1]) / float64(v+intervals[i-1]) / (k - 1)
			}
		}
		cv := math.Sqrt(max(square-mean*mean, 0)) / mean
		d := make([]float64, len(times))
		if got := adaptation(times, d); math.Abs(got-a) > 1e-12 { // rounding
			t.Fatalf("adaptation %v, want %v", got, a)
		}
		if got := variation(times, d); math.Abs(got-cv) > 1e-6 { // the root of a difference of squares
			t.Fatalf("cv %v, want %v", got, cv)
		}
		for _, f := range []func([]int, []float64) float64{adaptation, variation} {
			long := make([]int, len(times)) // a thousand times longer, so that a bin is a small step
			for i, v := range times {
				long[i] = 1000 * v
			}
			value := f(long, d)
			at := rapid.IntRange(0, len(times)-1).Draw(t, "spike")
			if value == 0 { // a cv of 0 has a kink
				continue
			}
			up, down := slices.Clone(long), slices.Clone(long)
			up[at]++
			down[at]--
			// Third derivatives of order 1/interval³, of intervals of at least 1000; a cv near 0
			// bends more.
			if want := (f(up, nil) - f(down, nil)) / 2; math.Abs(d[at]-want) > 1e-6/max(value, 1e-2) {
				t.Fatalf("derivative %v, want %v", d[at], want)
			}
		}
	})
}

// TestSillyStatistics: what nothing can have is an error.
func TestSillyStatistics(t *testing.T) {
	for want, change := range map[string]func(e *Experiment, s *Statistics){
		"tau_mem is 200, want":       func(_ *Experiment, s *Statistics) { s.Want[TauMem] = 200 },
		"adaptation is NaN":          func(_ *Experiment, s *Statistics) { s.Want[Adaptation] = math.NaN() },
		"no input":                   func(_ *Experiment, s *Statistics) { s.Current = 0 },
		"want at least one":          func(_ *Experiment, s *Statistics) { s.Want = nil },
		"Itau_mem, which is not":     func(e *Experiment, _ *Statistics) { e.Space.Params = []dynapse.Param{dynapse.ItauSyn} },
		"neuron 1, want 0 to 0":      func(_ *Experiment, s *Statistics) { s.Neurons = []int{1} },
		"scale of rate":              func(_ *Experiment, s *Statistics) { s.Scale = map[Statistic]float64{Rate: -1} },
		"refractory period of 1e-05": func(_ *Experiment, s *Statistics) { s.Want[Refractory] = 1e-5 },
		"bins of all neurons":        func(e *Experiment, s *Statistics) { s.Seconds = 1e4; e.Space.Network.N = 10 },
	} {
		e, _ := statistics(t)
		change(&e, &e.Statistics[0])
		if _, err := Run(context.Background(), e, Settings{}); !errors.Is(err, ErrExperiment) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

// TestImpossible: what cannot be had is said.
func TestImpossible(t *testing.T) {
	e, _ := statistics(t)
	e.Space.Params = []dynapse.Param{dynapse.IgainMem}
	e.Statistics[0].Want = map[Statistic]float64{Rate: 400} // more than the refractory period allows
	res, err := Run(context.Background(), e, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Warnings) == 0 || res.Status == minimize.Converged {
		t.Errorf("%s at a loss of %v, %q", res.Status, res.Loss, res.Warnings)
	}
	e.Space.Params = []dynapse.Param{dynapse.ItauMem}
	e.Statistics[0].Want, e.Statistics[0].Scale = map[Statistic]float64{Rate: 11, TauMem: 2e-3}, map[Statistic]float64{Rate: 10}
	if res, err = Run(context.Background(), e, Settings{}); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(res.Warnings, func(s string) bool { return strings.Contains(s, "Itau_mem is wanted otherwise") }) || res.Parameter("Itau_mem").Verdict == Identified {
		t.Errorf("targets that contradict each other: %q, %v", res.Warnings, res.Parameter("Itau_mem"))
	}
}
