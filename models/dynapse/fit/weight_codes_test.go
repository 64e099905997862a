package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/optim/minimize"
)

// coded is a recording of a recurrent network whose weights are codes, and its base currents; the
// start has others.
func coded(t *testing.T) (Experiment, [chip.WeightBits]float64) {
	t.Helper()
	const n = 3
	e, truth := draw(t, 21, n, 300, 1, Core, true)
	rng := rand.New(rand.NewPCG(9, 1))
	codes := &chip.Codes{Pre: n, Post: n, Code: make([]uint8, n*n), Sign: make([]int8, n*n)}
	for i := range codes.Code {
		codes.Code[i], codes.Sign[i] = uint8(rng.IntN(16)), 1
		if i%3 == 0 {
			codes.Sign[i] = -1
		}
	}
	iw := [chip.WeightBits]float64{0.7e-9, 1.1e-9, 2.9e-9, 3.7e-9}
	e.Space.Weights, e.Space.Codes = false, codes
	e.Space.Params = []dynapse.Param{dynapse.ItauMem, dynapse.Ispkthr}
	start := e.Space.Network.Params
	e.Space.Network.Params = truth.Params
	e.Space.Network.Params[dynapse.ItauMem] = start[dynapse.ItauMem]
	for k := range iw {
		e.Space.Bases[k].Fit = true
	}
	for j, code := range codes.Code {
		sum := 0.0
		for k, x := range iw {
			sum += x * float64(code>>k&1)
		}
		truth.WRec[j] = float64(codes.Sign[j]) * sum / dynapse.Iscale.Default()
	}
	r := &e.Recordings[0]
	r.Channels = r.Input // of weights with the code 15, of the same base currents
	e.In = &chip.Weights{Pre: n, Post: n, W: make([]float64, n*n)}
	for j := range n {
		e.In.W[j*n+j] = (iw[0] + iw[1] + iw[2] + iw[3]) / dynapse.Iscale.Default()
	}
	r.Input = make([]float64, len(r.Channels))
	spread(r.Input, r.Channels, e.In.W, n)
	run, err := truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	r.Target[Imem], r.Target[Spikes] = run.Imem, run.Spikes
	return e, iw
}

// TestCodes: the base currents of 4-bit weights come back from traces of a recurrent network, with
// codes of the bias generator.
func TestCodes(t *testing.T) {
	e, iw := coded(t)
	res, err := Run(context.Background(), e, Settings{DAC: true, Starts: 2})
	if err != nil {
		t.Fatal(err)
	}
	if res.Status != minimize.Converged {
		t.Errorf("%s at a loss of %v, %q", res.Status, res.Loss, res.Warnings)
	}
	for k, want := range iw {
		name := base{k}.parameter()
		if got := res.Parameter(name).Value; math.Abs(got/want-1) > 1e-6 || res.Parameter(name).Verdict != Identified || res.Report().Currents[name][0] != got { // noise-free: rounding times the condition
			t.Errorf("%s = %v (%s), want %v", name, got, res.Parameter(name).Verdict, want)
		}
		if i := slices.IndexFunc(res.Codes(), func(s Setting) bool { return s.Name == name }); i < 0 || math.Abs(res.Codes()[i].Current/want-1) > 0.2 || res.Codes()[i].DeviceParameter != []string{"SYAM_W0_P", "SYAM_W1_P", "SYAM_W2_P", "SYAM_W3_P"}[k] {
			t.Errorf("%s has no code near %v: %v", name, want, res.Codes())
		}
	}
	d, err := res.Deploy(t.Context(), e, 1)
	if err != nil || math.Abs(d.Loss / *res.LossDAC - 1) > 1e-9 { // the logarithm and back
		t.Errorf("loss of the file %v, with codes %v: %v", d.Loss, *res.LossDAC, err)
	}
}

// TestGivenBases: base currents that are given stay as the chip can have them, those that nobody
// gave may change with the codes, and the file does what the codes do.
func TestGivenBases(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, iw := coded(t)
	for k, x := range iw {
		e.Space.Bases[k] = Base{}
		if k < 2 {
			e.Space.Bases[k].Start = []float64{x}
		}
	}
	res, err := Run(t.Context(), e, Settings{DAC: true, Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	d, err := res.Deploy(t.Context(), e, 1)
	if err != nil || math.Abs(d.Loss / *res.LossDAC - 1) > 1e-9 { // the logarithm and back
		t.Errorf("loss of the file %v, with codes %v: %v", d.Loss, *res.LossDAC, err)
	}
	for k := range 2 {
		p := d.Device.Chips[0].Cores[0].Parameters[[]string{"SYAM_W0_P", "SYAM_W1_P"}[k]]
		if math.Abs(p.Current/iw[k]-1) > 0.03 { // half a step
			t.Errorf("Iw_%d is %v A, given %v A", k, p.Current, iw[k])
		}
	}
	free, err := e.Loss(t.Context(), res.Network)
	if err != nil || *res.LossDAC > free {
		t.Errorf("loss %v with codes, %v without: base currents that nobody gave do not help (%v)", *res.LossDAC, free, err)
	}
}

// TestPullCodes compares derivatives through codes, with respect to base currents and Iscale, with
// differences.
func TestPullCodes(t *testing.T) {
	e, _ := coded(t)
	e.Space.Params = append(e.Space.Params, dynapse.Iscale)
	p := compile(t, e)
	n := p.Network.N
	rng := rand.New(rand.NewPCG(3, 4))
	w, x := make([]float64, n*n), slices.Clone(p.x)
	for i := range w {
		w[i] = rng.NormFloat64()
	}
	for k := range x {
		x[k] += rng.NormFloat64()
	}
	value := func(x []float64) (sum float64) {
		for i, v := range p.network(x).WRec {
			sum += v * w[i]
		}
		return sum
	}
	grad := make([]float64, len(x))
	g := &dynapse.Gradient{WRec: w}
	for _, q := range p.Params {
		g.Params[q] = make([]float64, n)
	}
	p.pull(grad, x, p.network(x), g, nil)
	for k := range x {
		const h = 1e-5
		up, down := slices.Clone(x), slices.Clone(x)
		up[k] += h
		down[k] -= h
		// Central differences of sums of exponentials are off by h²/6 of their size, and by
		// rounding.
		if want := (value(up) - value(down)) / (2 * h); math.Abs(grad[k]-want) > 1e-8*(1+math.Abs(want)) {
			t.Errorf("%s: %v, want %v", p.coords[k].name, grad[k], want)
		}
	}
}

// TestSillyCodes: what is no code is an error.
func TestSillyCodes(t *testing.T) {
	for want, change := range map[string]func(*Space){
		"want the codes":         func(s *Space) { s.Codes = nil },
		"has code 16":            func(s *Space) { s.Codes.Code[0] = 16 },
		"sign 0":                 func(s *Space) { s.Codes.Code[0], s.Codes.Sign[0] = 1, 0 },
		"want 3 x 3":             func(s *Space) { s.Codes.Pre = 4 },
		"Iw_1 is -1 A":           func(s *Space) { s.Bases[1].Start = []float64{-1} },
		"Iw_2 has 2 values":      func(s *Space) { s.Bases[2].Start = []float64{1e-9, 1e-9} },
		"Iw_3, which is not fit": func(s *Space) { s.Bases[3].Fit, s.Bases[3].Prior = false, Prior{1e-9, 0.1} },
	} {
		e, _ := coded(t)
		change(&e.Space)
		if err := Check(e, Settings{}); !errors.Is(err, ErrExperiment) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
