package models_test

import (
	"errors"
	"math"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models"
)

func moments(x []float64) (mean, deviation, largest float64) {
	for _, v := range x {
		mean += v / float64(len(x))
		largest = max(largest, math.Abs(v))
	}
	for _, v := range x {
		deviation += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, math.Sqrt(deviation), largest
}

func TestScaledInits(t *testing.T) {
	const in, out = 60, 300
	for _, c := range []struct {
		name  string
		init  graph.Init
		sigma float64
		bound float64
	}{
		{"Xavier", models.Xavier(1, false), math.Sqrt(2. / 360), math.Inf(1)},
		{"Xavier, uniform", models.Xavier(2, true), 2 * math.Sqrt(2./360), 2 * math.Sqrt(6./360)},
		{"Kaiming", models.Kaiming(math.Sqrt2, false), math.Sqrt(2. / 60), math.Inf(1)},
		{"PyTorch's Linear", models.Kaiming(1/math.Sqrt(3), true), 1 / math.Sqrt(180), 1 / math.Sqrt(60)},
	} {
		w := make([]float64, in*out)
		c.init(w, []int{in, out}, random.New(1, c.name))
		mean, s, largest := moments(w)
		// 18000 numbers: the mean within 5 deviations of it, the deviation within 5 of its own,
		// s/sqrt(2n) or less.
		if math.Abs(mean) > 5*c.sigma/math.Sqrt(in*out) || math.Abs(s-c.sigma) > 5*c.sigma/math.Sqrt(2*in*out) || largest > c.bound {
			t.Errorf("%s: mean %v, deviation %v, want %v; largest %v, bound %v", c.name, mean, s, c.sigma, largest, c.bound)
		}
	}
}

// The voltage of neurons that do not spike has the mean and the deviation that were asked for.
func TestFluctuationDriven(t *testing.T) {
	const in, n, steps, dt = 200, 40, 1500, 1e-3
	for _, c := range []struct {
		f models.FluctuationDriven
		l models.LIF
	}{
		{models.FluctuationDriven{Rate: 20, Xi: 2}, models.LIF{VTh: models.Fixed(1e9)}},
		{models.FluctuationDriven{Rate: 40, TauMem: 10e-3, Mean: 0.2, Xi: 2}, models.LIF{TauMem: models.Fixed(10e-3), VTh: models.Fixed(1e9)}},
		{models.FluctuationDriven{Rate: 20, TauSyn: 5e-3, Xi: 2}, models.LIF{TauSyn: models.Fixed(5e-3), VTh: models.Fixed(1e9)}},
		{models.FluctuationDriven{Rate: 20, TauSyn: 20e-3, Xi: 2}, models.LIF{TauSyn: models.Fixed(20e-3), VTh: models.Fixed(1e9)}},
	} {
		init, err := c.f.Init(in)
		if err != nil {
			t.Fatal(err)
		}
		prog, err := graph.Build(graph.NewParams(3), graph.Settings{DType: tensor.Float64, NoGrad: true, Dt: dt}, func(b *graph.Builder) {
			x := models.Linear{Out: n, Init: init}.Apply(b, "w", b.Input("x", steps, 1, in))
			b.Output("v", c.l.Apply(b, "h", x).Vmem)
		})
		if err != nil {
			t.Fatal(err)
		}
		rng := random.New(5, "spikes")
		x := make([]float64, steps*in)
		for i := range x {
			if rng.Float64() < c.f.Rate*dt {
				x[i] = 1
			}
		}
		if err := errors.Join(prog.Set("x", x), prog.Run()); err != nil {
			t.Fatal(err)
		}
		// Without the first 200 ms. Each neuron has a mean of its own, about Mean, and fluctuates
		// about it; the mean of 40 variances that have 2 % or more of error each, as 1.3 s hold
		// some 65 membrane time constants.
		v := prog.Output("v").Float64s()[200*n:]
		mean, variance := 0.0, 0.0
		for j := range n {
			var own []float64
			for k := j; k < len(v); k += n {
				own = append(own, v[k])
			}
			m, s, _ := moments(own)
			mean, variance = mean+m/n, variance+s*s/n
		}
		want := (1 - c.f.Mean) / c.f.Xi
		if s := math.Sqrt(variance); math.Abs(s/want-1) > 0.15 || math.Abs(mean-c.f.Mean) > 0.2 {
			t.Errorf("%+v: mean %v, deviation %v; want %v, %v", c.f, mean, s, c.f.Mean, want)
		}
	}
	for _, f := range []models.FluctuationDriven{{}, {Rate: 2000}, {Rate: 10, Mean: 1}, {Rate: 10, Mean: 2}, {Rate: 10, Xi: -1}, {Rate: 10, Mean: 0.99}} {
		if _, err := f.Init(10); !errors.Is(err, models.ErrParameter) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

func TestScaleToRate(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		params := graph.NewParams(2)
		const steps, in, n = 100, 20, 30
		prog, err := graph.Build(params, graph.Settings{DType: dtype, NoGrad: true}, func(b *graph.Builder) {
			x := models.Linear{Out: n}.Apply(b, "w", b.Input("x", steps, 2, in))
			b.Output("s", models.LIF{}.Apply(b, "h", x).Spikes)
		})
		if err != nil {
			t.Fatal(err)
		}
		rng := random.New(5, "spikes")
		x := make([]float64, steps*2*in)
		for i := range x {
			x[i] = above(rng.Float64() - 0.95)
		}
		if dtype == tensor.Float32 {
			y := make([]float32, len(x))
			for i, v := range x {
				y[i] = float32(v)
			}
			err = prog.Set("x", y)
		} else {
			err = prog.Set("x", x)
		}
		if err != nil {
			t.Fatal(err)
		}
		rate := func() (float64, error) {
			if err := prog.Run(); err != nil {
				return 0, err
			}
			out, sum := prog.Output("s"), 0.0
			for i := range out.DataSize() {
				switch v := out.Get(i).(type) {
				case float32:
					sum += float64(v)
				case float64:
					sum += v
				}
			}
			return sum / (steps * 1e-3 * 2 * n), nil // Hz
		}
		factor, err := models.ScaleToRate(params, []string{"w"}, 20, 0, rate)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rate(); err != nil || math.Abs(got-20) > 1 || factor <= 0 {
			t.Errorf("%v: rate %v Hz, factor %v, %v; want 20 within 5 %%", dtype, got, factor, err)
		}
		before := params.Clone()
		if _, err := models.ScaleToRate(params, []string{"w"}, 5000, 0, rate); !errors.Is(err, models.ErrRate) {
			t.Errorf("a rate above one spike a step: %v", err)
		}
		if a, b := before.Value("w").Get(3), params.Value("w").Get(3); a != b {
			t.Errorf("weights are %v after a failure, were %v", b, a)
		}
		if _, err := models.ScaleToRate(params, []string{"v"}, 20, 0, rate); !errors.Is(err, models.ErrParameter) {
			t.Errorf("no such weights: %v", err)
		}
	}
}
