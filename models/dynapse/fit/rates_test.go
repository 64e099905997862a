package fit

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// drawCurve makes a curve of n neurons whose currents differ by up to e^±0.5 from those of
// adapting; the start differs from them by up to a decade.
func drawCurve(t *testing.T, seed uint64, n int, tie Tie) Experiment {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 8))
	truth := dynapse.Network{N: n, Params: adapting()}
	start := truth
	params := []dynapse.Param{dynapse.ItauMem, dynapse.IgainSyn, dynapse.ItauSyn, dynapse.Iref}
	vary(rng, &truth, &start, params, tie)
	c := Curve{Name: "curve", InputRate: []float64{10, 20, 40, 80}, Seconds: 2, Seed: 3}
	rates, err := Rates(truth, c)
	if err != nil {
		t.Fatal(err)
	}
	c.Rate = rates
	return Experiment{Space: Space{Network: start, Params: params, Tie: tie}, Curves: []Curve{c}}
}

// TestRates: where the neuron that made the curve is in the space, the fit comes as close to it as
// the numbers of spikes allow: no rate is off by more than one spike in the mean.
func TestRates(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	for _, seed := range []uint64{1, 2} {
		if testing.Short() && seed != 1 {
			continue
		}
		e := drawCurve(t, seed, 1, Core)
		if seed == 2 { // the input does not reach the neuron
			e.Space.Network.Params[dynapse.IgainSyn] = []float64{1e-12}
		}
		res, err := Run(context.Background(), e, Settings{DAC: true})
		if err != nil {
			t.Fatal(err)
		}
		if limit := compile(t, e).resolution(); res.Loss > limit || *res.LossDAC > 2*limit || res.Status != minimize.Converged {
			t.Errorf("seed %d: %s, loss %v, with codes %v, want at most %v", seed, res.Status, res.Loss, *res.LossDAC, limit)
		}
	}
}

// TestRateResiduals: half the squares of the residuals is the loss where all neurons spike, and
// more where they do not.
func TestRateResiduals(t *testing.T) {
	p := compile(t, drawCurve(t, 1, 3, Neuron))
	for _, gain := range []float64{0, -20} {
		x := slices.Clone(p.x)
		for _, k := range p.index(dynapse.IgainSyn) {
			x[k] = max(x[k]+gain, p.box.Lower[k])
		}
		want, err := p.loss(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		r := make([]float64, rateProblem{p}.size())
		if err := (rateProblem{p}).residuals(context.Background(), r, x); err != nil {
			t.Fatal(err)
		}
		got := 0.0
		for _, v := range r {
			got += v * v / 2
		}
		if silent := gain < 0; silent && got < 1.1*want || !silent && math.Abs(got-want) > 1e-12*want { // rounding of 4 terms
			t.Errorf("gain e^%v: %v, loss %v", gain, got, want)
		}
	}
}

// TestRateJacobian compares the Jacobian, which moves all neurons at once, with difference
// quotients of one coordinate at a time: the same simulations, so that only rounding differs.
func TestRateJacobian(t *testing.T) {
	p := rateProblem{compile(t, drawCurve(t, 2, 3, Neuron))}
	ctx := context.Background()
	r, jac := make([]float64, p.size()), mat.NewDense(p.size(), len(p.x), nil)
	if err := p.jacobian(ctx, r, jac, p.x); err != nil {
		t.Fatal(err)
	}
	up, down := make([]float64, len(r)), make([]float64, len(r))
	some := false
	for k := range p.x {
		y, z := slices.Clone(p.x), slices.Clone(p.x)
		y[k] += rateStep
		z[k] -= rateStep
		p.box.Project(y)
		p.box.Project(z)
		for _, side := range []struct{ r, x []float64 }{{up, y}, {down, z}} {
			if err := p.residuals(ctx, side.r, side.x); err != nil {
				t.Fatal(err)
			}
		}
		for m := range r {
			want := (up[m] - down[m]) / (y[k] - z[k])
			some = some || want != 0
			if got := jac.At(m, k); math.Abs(got-want) > 1e-12*(1+math.Abs(want)) {
				t.Errorf("residual %d by %s: %v, want %v", m, p.coords[k].name, got, want)
			}
		}
	}
	if !some {
		t.Error("nothing depends on anything")
	}
}

// TestCountNoise: a curve that the same neuron has with other input is one that it has with this:
// its loss is one of the noise of counts, and the warning is above it.
func TestCountNoise(t *testing.T) {
	_, truth := draw(t, 2, 2, 300, 2, Core, false)
	c := Curve{Name: "curve", InputRate: []float64{20, 60, 120}, Seconds: 4, Seed: 3}
	sum := 0.0
	const tries = 5
	for seed := range uint64(tries) {
		c.Seed = 10 + seed
		rates, err := Rates(truth, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, inputs := range []int{1, 4} {
			e := Experiment{Space: Space{Network: truth, Params: fitted}, Curves: []Curve{{Name: "curve", InputRate: c.InputRate, Rate: rates, Seconds: c.Seconds, Inputs: inputs, Seed: 3}}}
			p := compile(t, e)
			loss, err := p.loss(context.Background(), p.x)
			if err != nil {
				t.Fatal(err)
			}
			if bar := wellSummed*p.resolution() + countsOff*p.countNoise(); loss > bar {
				t.Errorf("seed %d, %d draws: loss of the truth %v, warned about above %v", seed, inputs, loss, bar)
			}
			if inputs == 1 {
				sum += loss / tries
			}
		}
	}
	if p := compile(t, Experiment{Space: Space{Network: truth, Params: fitted}, Curves: []Curve{{Name: "curve", InputRate: c.InputRate, Rate: []float64{1, 2, 3}, Seconds: c.Seconds}}}); sum < p.countNoise()/30 {
		t.Errorf("mean loss of the truth %v, bar %v: the bar says nothing", sum, p.countNoise())
	}
}

// TestDraws: the rate of a curve with several draws of the input is the mean of the rates with
// each, and its noise that of the measurement alone where there are many.
func TestDraws(t *testing.T) {
	_, truth := draw(t, 2, 2, 300, 2, Core, false)
	c := Curve{InputRate: []float64{20, 60}, Seconds: 2, Seed: 3, Inputs: 3}
	got, err := Rates(truth, c)
	if err != nil {
		t.Fatal(err)
	}
	// One draw at 20, 20, 20, 60, 60 and 60 Hz has the rows of three draws at 20 and 60.
	each, err := Rates(truth, Curve{InputRate: c.draws(), Seconds: c.Seconds, Seed: c.Seed})
	if err != nil {
		t.Fatal(err)
	}
	for b, rate := range got {
		mean := (each[3*b] + each[3*b+1] + each[3*b+2]) / 3
		if math.Abs(rate-mean) > 1e-12*mean || each[3*b] == each[3*b+1] { // rounding of three terms
			t.Errorf("%v Hz, the mean of %v", rate, each[3*b:3*b+3])
		}
	}
	if one, many := (&Curve{Scale: 1}).countNoise(2, 3), (&Curve{Scale: 1, Inputs: mostInputs}).countNoise(2, 3); one != 2./24 || math.Abs(many-1.01/24) > 1e-15 {
		t.Errorf("noise %v and %v", one, many)
	}
	for _, inputs := range []int{-1, mostInputs + 1} {
		if err := (&Curve{InputRate: []float64{1}, Rate: []float64{1}, Inputs: inputs}).check(); err == nil {
			t.Errorf("%d draws", inputs)
		}
	}
}
