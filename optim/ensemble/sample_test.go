package ensemble

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// normal is a bivariate normal density with means 1 and -2, standard deviations 1e-3 and 10 and a
// correlation of 0.9.
func normal() Problem {
	return Problem{Names: []string{"a", "b"}, Box: minimize.Box{Lower: []float64{-1e3, -1e3}, Upper: []float64{1e3, 1e3}}, LogDensity: func(_ context.Context, to []float64, xs [][]float64) error {
		for i, x := range xs {
			u, v := (x[0]-1)/1e-3, (x[1]+2)/10
			to[i] = -(u*u - 1.8*u*v + v*v) / (2 * (1 - 0.81))
		}
		return nil
	}}
}

func around(n int) (starts [][]float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range n {
		starts = append(starts, []float64{1 + 1e-3*rng.NormFloat64(), -2 + rng.NormFloat64()})
	}
	return starts
}

// TestNormal: mean, standard deviation and quantiles are those of the density, within 5 standard
// errors of as many independent samples as the effective sample size says, whatever the scales are.
func TestNormal(t *testing.T) {
	c, err := Sample(context.Background(), normal(), around(32), Settings{Seed: 1, ESS: 1000, Steps: 20000})
	if err != nil || !c.Enough {
		t.Fatal(c.Steps, err)
	}
	for i, m := range c.Summary() {
		mean, sd := []float64{1, -2}[i], []float64{1e-3, 10}[i]
		if z := (m.Mean - mean) / sd * math.Sqrt(m.ESS); math.Abs(z) > 5 {
			t.Errorf("%s: mean %v, %v standard errors off", m.Name, m.Mean, z)
		}
		if z := (m.SD/sd - 1) * math.Sqrt(2*m.ESS); math.Abs(z) > 5 {
			t.Errorf("%s: SD %v, %v standard errors off", m.Name, m.SD, z)
		}
		// A quantile of p has the standard error sqrt(p(1-p)/N)/density.
		se := math.Sqrt(0.025*0.975/m.ESS) / (math.Exp(-1.96*1.96/2) / math.Sqrt(2*math.Pi))
		for _, z := range []float64{((m.High-mean)/sd - 1.96) / se, ((mean-m.Low)/sd - 1.96) / se} {
			if math.Abs(z) > 5 {
				t.Errorf("%s: %v to %v, %v standard errors off", m.Name, m.Low, m.High, z)
			}
		}
		if m.RHat > 1.05 || m.RHat < 0.99 {
			t.Errorf("%s: R-hat %v", m.Name, m.RHat)
		}
	}
}

// TestBounds: of a density that is flat within bounds the samples are uniform there.
func TestBounds(t *testing.T) {
	p := Problem{Names: []string{"a"}, Box: minimize.Box{Lower: []float64{-1}, Upper: []float64{3}}, LogDensity: func(_ context.Context, to []float64, xs [][]float64) error {
		clear(to)
		return nil
	}}
	var starts [][]float64
	for i := range 8 {
		starts = append(starts, []float64{float64(i) / 8})
	}
	c, err := Sample(context.Background(), p, starts, Settings{Seed: 2, ESS: 2000})
	if err != nil {
		t.Fatal(err)
	}
	m := c.Summary()[0]
	if se := 4 / math.Sqrt(12*m.ESS); math.Abs(m.Mean-1) > 5*se || slices.Min(c.X) < -1 || slices.Max(c.X) > 3 || m.High < 2.8 {
		t.Errorf("%+v", m)
	}
}

// TestResume: samples are the same when the sampling was cut and resumed, and with the same seed.
func TestResume(t *testing.T) {
	ctx := context.Background()
	s := Settings{Seed: 3, Steps: 200, ESS: 1e6}
	whole, err := Sample(ctx, normal(), around(8), s)
	if err != nil {
		t.Fatal(err)
	}
	cut, stop := context.WithCancel(ctx)
	s.Record = func(p Progress) error {
		if p.Steps == 100 {
			stop()
		}
		return nil
	}
	part, err := Sample(cut, normal(), around(8), s)
	if !errors.Is(err, context.Canceled) || part.Steps != 100 {
		t.Fatal(part.Steps, err)
	}
	s.Record, s.Resume = nil, &part.State
	again, err := Sample(ctx, normal(), around(8), s)
	if err != nil || !slices.Equal(again.X, whole.X) || !slices.Equal(again.LogDensity, whole.LogDensity) || again.Evaluations != whole.Evaluations || again.Accepted != whole.Accepted {
		t.Error(err, again.Steps, whole.Steps, again.Evaluations, whole.Evaluations)
	}
	s.Resume = &optim.State{Kind: "adam"}
	if _, err := Sample(ctx, normal(), around(8), s); !errors.Is(err, optim.ErrState) {
		t.Error(err)
	}
}

// TestTrust: of independent samples the effective number is that of all, and R-hat 1; of chains
// that stay where they are R-hat is large.
func TestTrust(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	c := Chain{Names: []string{"a"}, Walkers: 10, Steps: 2000}
	for range c.Steps * c.Walkers {
		c.X = append(c.X, rng.NormFloat64())
	}
	if m := c.Summary()[0]; math.Abs(m.ESS/10_000-1) > 0.15 || math.Abs(m.RHat-1) > 5e-3 {
		t.Errorf("independent: ESS %v of 10000, R-hat %v", m.ESS, m.RHat)
	}
	for i := range c.X {
		c.X[i] += float64(i % c.Walkers)
	}
	if m := c.Summary()[0]; m.RHat < 2 {
		t.Errorf("apart: R-hat %v", m.RHat)
	}
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	bad := normal()
	bad.LogDensity = func(_ context.Context, to []float64, _ [][]float64) error { to[0] = math.NaN(); return nil }
	zero := normal()
	zero.Box.Lower[0] = 2
	for _, test := range []struct {
		p      Problem
		starts [][]float64
		want   error
	}{{normal(), around(4), ErrProblem}, {normal(), around(7), ErrProblem}, {Problem{}, nil, ErrProblem}, {bad, around(8), optim.ErrNonFinite}, {zero, around(8), ErrProblem}} {
		if _, err := Sample(ctx, test.p, test.starts, Settings{}); !errors.Is(err, test.want) {
			t.Errorf("%v, want %v", err, test.want)
		}
	}
}
