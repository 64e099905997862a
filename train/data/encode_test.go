package data

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/random"
)

// encoders are all encoders, with a number of steps that holds every spike.
var encoders = []struct {
	name  string
	e     Encoder
	steps int
	dt    float64 // 0: 1 ms
}{
	{"latency", Latency{}, 21, 0},
	{"latency of mlGeNN", Latency{TMin: 2e-3, TMax: 18e-3, Threshold: 1. / 255}, 19, 1e-3},
	{"latency, logarithmic", Latency{TMax: 20e-3, Threshold: 0.2, Tau: 10e-3}, 21, 0},
	{"ttfs", TTFSBias{}, 31, 0},
	{"ttfs in fine steps", TTFSBias{TEarly: 1e-3, TLate: 4e-3, TBias: 2e-3}, 41, 1e-4},
	{"rate", Rate{MaxRate: 500}, 10, 0},
	{"rate, Poisson", Rate{MaxRate: 5000, Poisson: true}, 10, 0},
	{"current", Current{Scale: 1e-8}, 3, 0},
	{"population", Population{}, 10, 0},
	{"phase", Phase{}, 10, 0},
}

// TestLatencyOfPixels compares the step of each of the 256 pixel values with integer
// arithmetic: t = (255-p)/255 · 16 ms + 2 ms in steps of 1 ms is the step
// floor(16 (255-p) / 255) + 2.
func TestLatencyOfPixels(t *testing.T) {
	e := Latency{TMin: 2e-3, TMax: 18e-3, Threshold: 1.0 / 255}
	x := make([]float64, 256)
	for p := range x {
		x[p] = float64(p) / 255
	}
	b := NewBlock(19, 256)
	if err := e.Encode(b, x, nil); err != nil {
		t.Fatal(err)
	}
	for p := range x {
		for k := range b.Steps {
			want := float32(0)
			if p > 1 && k == 16*(255-p)/255+2 {
				want = 1
			}
			if got := b.Step(k)[p]; got != want {
				t.Errorf("pixel %d, step %d: %g, want %g", p, k, got, want)
			}
		}
	}
}

func TestAppendSpikes(t *testing.T) {
	// Times are exact in binary, so that results must be equal.
	latency := Latency{TMin: 0.25, TMax: 1.25, Threshold: 0.25}
	ttfs := TTFSBias{TEarly: 0.25, TLate: 1.25, TBias: 0.75}
	for _, c := range []struct {
		e    EventEncoder
		x    []float64
		want []Spike
	}{
		{latency, []float64{0.5, 1, 0.25, 0, 0.5}, []Spike{{0.25, 1}, {0.75, 0}, {0.75, 4}}},
		{latency, []float64{0, 0.25}, nil},
		{ttfs, []float64{0.5, 1, 0}, []Spike{{0.25, 2}, {0.75, 0}, {0.75, 3}, {1.25, 1}}},
		{TTFSBias{}, []float64{0}, []Spike{{0, 0}, {0, 1}}},
	} {
		before := []Spike{{9, 9}}
		got, err := c.e.AppendSpikes(before, c.x)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, append(before, c.want...)) {
			t.Errorf("%+v of %v: %v, want %v after what was there", c.e, c.x, got, c.want)
		}
	}
}

// TestBlockHasTheSpikes holds the two forms of the encoders equal: the block has a 1
// for each spike of the list, in the step that its time is in, and nothing else.
func TestBlockHasTheSpikes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(encoders[:5]).Draw(t, "encoder")
		e := c.e.(EventEncoder)
		x := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 8).Draw(t, "x")
		b := NewBlock(c.steps, e.Channels(len(x)))
		b.Dt = c.dt
		dt := b.dt()
		if err := e.Encode(b, x, nil); err != nil {
			t.Fatal(err)
		}
		spikes, err := e.AppendSpikes(nil, x)
		if err != nil {
			t.Fatal(err)
		}
		total := float32(0)
		for _, v := range b.Data {
			total += v
		}
		if int(total) != len(spikes) {
			t.Fatalf("%g spikes in the block, %d in the list", total, len(spikes))
		}
		for i, s := range spikes {
			if i > 0 && (s.Time < spikes[i-1].Time || s.Time == spikes[i-1].Time && s.Channel <= spikes[i-1].Channel) {
				t.Fatalf("spike %v comes after %v", s, spikes[i-1])
			}
			k := -1
			for step := range b.Steps {
				if b.Step(step)[s.Channel] == 1 {
					k = step
				}
			}
			// 2e-9 of a step is what Encode rounds away, and the rounding of the product.
			if k < 0 || s.Time < (float64(k)-2e-9)*dt || s.Time >= float64(k+1)*dt {
				t.Fatalf("spike at %g s is in step %d of %g s", s.Time, k, dt)
			}
		}
	})
}

// TestStepsAreDecimal puts spikes at multiples of a step: rounding must not move
// them to the step before.
func TestStepsAreDecimal(t *testing.T) {
	for _, dt := range []float64{1e-3, 1e-4, 5e-4, 3e-3, 0.1} {
		for k := range 2000 {
			// The decimal fraction k·dt as a reader writes it, not the product.
			time := math.Round(float64(k)*dt*1e4) / 1e4
			if got := StepOf(time, dt); got != float64(k) {
				t.Fatalf("%g s is in step %g of %g s, want %d", time, got, dt, k)
			}
			if got := StepOf(time+dt/2, dt); got != float64(k) {
				t.Fatalf("%g s is in step %g of %g s, want %d", time+dt/2, got, dt, k)
			}
		}
	}
}

// TestRateCounts compares the number of spikes with the binomial distribution: the
// bound is 5 standard deviations, sqrt(n p (1-p)).
func TestRateCounts(t *testing.T) {
	const steps = 20000
	x := []float64{0, 0.1, 0.5, 1, 1}
	for _, c := range []struct {
		e    Rate
		dt   float64
		most float64 // probability at x = 1
	}{{Rate{}, 0, 0.1}, {Rate{MaxRate: 400}, 2e-3, 0.8}, {Rate{MaxRate: 1000}, 1e-3, 1}} {
		b := NewBlock(steps, len(x))
		b.Dt = c.dt
		if err := c.e.Encode(b, x, random.New(5, "test")); err != nil {
			t.Fatal(err)
		}
		for i, v := range x {
			n := 0
			for k := range steps {
				n += int(b.Step(k)[i])
			}
			if p := v * c.most; math.Abs(float64(n)-steps*p) > 5*math.Sqrt(steps*p*(1-p)) {
				t.Errorf("%+v: feature %g has %d spikes in %d steps, want %g", c.e, v, n, steps, steps*p)
			}
		}
		// Channels are independent: the last two coincide with the chance p².
		both, p := 0, c.most
		for k := range steps {
			both += int(b.Step(k)[3] * b.Step(k)[4])
		}
		if q := p * p; math.Abs(float64(both)-steps*q) > 5*math.Sqrt(steps*q*(1-q)) {
			t.Errorf("%+v: two channels coincide %d times in %d steps, want %g", c.e, both, steps, steps*q)
		}
	}
}

// TestPoissonCounts: a draw is the quantile of the distribution of Poisson, whose probabilities are
// those of gonum, and steps that are long have the counts of a Poisson process.
func TestPoissonCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mu := math.Pow(10, rapid.Float64Range(-6, 2).Draw(t, "log10 mu"))
		u := rapid.Float64Range(0, 1-0x1p-53).Draw(t, "u")
		n := poisson(mu, u)
		d := distuv.Poisson{Lambda: mu}
		// gonum's incomplete gamma function has some 1e-13; no term is above 1.
		if below := d.CDF(float64(n - 1)); n > 0 && below > u+1e-12 {
			t.Fatalf("mean %v, u = %v: %d spikes, but %v of the probability lies below", mu, u, n, below)
		}
		if upto := d.CDF(float64(n)); upto < u-1e-12 {
			t.Fatalf("mean %v, u = %v: %d spikes, and only %v of the probability lies up to there", mu, u, n, upto)
		}
	})
	const steps = 20000
	x := []float64{0, 0.05, 0.5, 1}
	b := NewBlock(steps, len(x))
	b.Dt = 10e-3
	if err := (Rate{MaxRate: 400, Poisson: true}).Encode(b, x, random.New(5, "test")); err != nil {
		t.Fatal(err)
	}
	for i, v := range x {
		mu, sum, squares := 4*v, 0.0, 0.0
		for k := range steps {
			n := float64(b.Step(k)[i])
			sum += n
			squares += (n - mu) * (n - mu)
		}
		// Five deviations: of the sum, whose variance is the mean, and of the variance, whose own
		// is (mu + 2 mu²)/steps.
		if math.Abs(sum-steps*mu) > 5*math.Sqrt(steps*mu) || math.Abs(squares/steps-mu) > 5*math.Sqrt((mu+2*mu*mu)/steps) {
			t.Errorf("feature %v: %v spikes in %d steps, variance %v; want %v, %v", v, sum, steps, squares/steps, steps*mu, mu)
		}
	}
}

func TestCurrent(t *testing.T) {
	b := NewBlock(3, 2)
	if err := (Current{Scale: 2}).Encode(b, []float64{0.25, -3}, nil); err != nil {
		t.Fatal(err)
	}
	if want := []float32{0.5, -6, 0.5, -6, 0.5, -6}; !slices.Equal(b.Data, want) {
		t.Errorf("block %v, want %v", b.Data, want)
	}
	if err := (Current{}).Encode(b, []float64{0.25, 7}, nil); err != nil || b.Data[5] != 7 {
		t.Errorf("zero settings: %v, error %v; want the features", b.Data, err)
	}
}

// TestBlockOfABatch encodes into rows of a batch full of rubbish: all of the row and
// nothing else is overwritten.
func TestBlockOfABatch(t *testing.T) {
	x := []float64{0.2, 0.9, 0}
	for _, c := range encoders {
		n := c.e.Channels(len(x))
		want := NewBlock(c.steps, n)
		want.Dt = c.dt
		if err := c.e.Encode(want, x, random.New(1, "test")); err != nil {
			t.Fatal(c.name, err)
		}
		const rows, row, rubbish = 3, 1, 77
		batch := slices.Repeat([]float32{rubbish}, c.steps*rows*n)
		b := Block{Data: batch[row*n:], Steps: c.steps, Channels: n, Stride: rows * n, Dt: c.dt}
		if err := c.e.Encode(b, x, random.New(1, "test")); err != nil {
			t.Fatal(c.name, err)
		}
		for i, v := range batch {
			step, r, channel := i/(rows*n), i/n%rows, i%n
			w := float32(rubbish)
			if r == row {
				w = want.Step(step)[channel]
			}
			if v != w {
				t.Fatalf("%s: step %d, row %d, channel %d is %g, want %g", c.name, step, r, channel, v, w)
			}
		}
	}
}

func TestEncodeErrors(t *testing.T) {
	nan := math.NaN()
	x := []float64{0.5, 1}
	for _, c := range []struct {
		name  string
		e     Encoder
		steps int
		x     []float64
		want  error
	}{
		{"latency NaN", Latency{}, 21, []float64{0.5, nan}, ErrFeature},
		{"latency > 1", Latency{}, 21, []float64{0.5, 1.01}, ErrFeature},
		{"latency < 0", Latency{}, 21, []float64{-0.1, 1}, ErrFeature},
		{"latency too late", Latency{}, 10, x, ErrOutside},
		{"latency order", Latency{TMin: 30e-3}, 50, x, ErrSettings},
		{"latency TMin", Latency{TMin: nan}, 50, x, ErrSettings},
		{"latency TMax", Latency{TMax: -1}, 50, x, ErrSettings},
		{"latency threshold", Latency{Threshold: 1}, 50, x, ErrSettings},
		{"latency tau", Latency{Tau: -1, Threshold: 0.5}, 50, x, ErrSettings},
		{"latency without threshold", Latency{Tau: 1}, 50, x, ErrSettings},
		{"ttfs NaN", TTFSBias{}, 31, []float64{nan, 0}, ErrFeature},
		{"ttfs too late", TTFSBias{}, 30, x, ErrOutside},
		{"ttfs bias too late", TTFSBias{TBias: 31e-3}, 31, x, ErrOutside},
		{"ttfs bias", TTFSBias{TBias: -1e-3}, 31, x, ErrSettings},
		{"ttfs order", TTFSBias{TEarly: 40e-3}, 50, x, ErrSettings},
		{"rate NaN", Rate{}, 5, []float64{nan, 0}, ErrFeature},
		{"rate p > 1", Rate{MaxRate: 1001}, 5, x, ErrSettings},
		{"rate mean > 100", Rate{MaxRate: 100001, Poisson: true}, 5, x, ErrSettings},
		{"rate MaxRate", Rate{MaxRate: -5}, 5, x, ErrSettings},
		{"population NaN", Population{}, 10, []float64{nan, 0}, ErrFeature},
		{"population too late", Population{}, 3, x, ErrOutside},
		{"population range", Population{Low: 1}, 10, x, ErrSettings},
		{"population of one", Population{Neurons: 1}, 10, x, ErrSettings},
		{"population threshold", Population{Threshold: 1}, 10, x, ErrSettings},
		{"population width", Population{Width: -1}, 10, x, ErrSettings},
		{"phase > 1", Phase{}, 10, []float64{0, 1.1}, ErrFeature},
		{"phase bits", Phase{Bits: 25}, 10, x, ErrSettings},
		{"current NaN", Current{}, 5, []float64{nan, 0}, ErrFeature},
		{"current overflow", Current{Scale: 1e30}, 5, []float64{1e30, 0}, ErrFeature},
	} {
		err := c.e.Encode(NewBlock(c.steps, c.e.Channels(2)), c.x, rand.New(rand.NewPCG(1, 2)))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
		// The list form finds the same, but for steps that it does not have.
		if e, ok := c.e.(EventEncoder); ok && c.want != ErrOutside {
			if _, err := e.AppendSpikes(nil, c.x); !errors.Is(err, c.want) {
				t.Errorf("%s, list: error %v, want %v", c.name, err, c.want)
			}
		}
	}
	if err := (Rate{}).Encode(NewBlock(5, 2), x, nil); !errors.Is(err, ErrSettings) {
		t.Errorf("rate without random numbers: error %v, want ErrSettings", err)
	}
	for _, c := range encoders {
		n := c.e.Channels(2)
		for _, dt := range []float64{-1e-3, math.Inf(1), nan} {
			b := NewBlock(c.steps, n)
			b.Dt = dt
			if err := c.e.Encode(b, x, random.New(1, "test")); !errors.Is(err, ErrSettings) {
				t.Errorf("%s, steps of %g s: error %v, want ErrSettings", c.name, dt, err)
			}
		}
		for _, b := range []Block{
			{}, NewBlock(c.steps, n+1), NewBlock(c.steps, n-1), NewBlock(0, n), NewBlock(-1, n),
			{Data: make([]float32, c.steps*n-1), Steps: c.steps, Channels: n, Stride: n},
			{Data: make([]float32, c.steps*n), Steps: c.steps, Channels: n, Stride: n - 1},
			{Data: make([]float32, c.steps*n), Steps: c.steps, Channels: n, Stride: n + 1},
			{Data: make([]float32, c.steps*n), Steps: math.MaxInt, Channels: n, Stride: math.MaxInt},
		} {
			if err := c.e.Encode(b, x, random.New(1, "test")); !errors.Is(err, ErrShape) {
				t.Errorf("%s, block %d×%d, stride %d on %d values: error %v, want ErrShape", c.name, b.Steps, b.Channels, b.Stride, len(b.Data), err)
			}
		}
	}
}
