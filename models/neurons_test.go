package models_test

import (
	"errors"
	"math"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// TestNeurons compares each neuron with its equations, written down once more for one of them.
func TestNeurons(t *testing.T) {
	rest := -65.0
	for _, c := range []struct {
		name      string
		l         neuron
		want      scalar
		scale, dt float64
	}{
		{"IF", models.IF{VTh: models.Fixed(0.9)}, scalar{nil, func(x float64, _, s []float64) (float64, float64) {
			v := s[0] + x
			z := above(v - 0.9)
			s[0] = v - 0.9*z
			return z, v
		}}, 1, 1e-3},
		{"IF that counts", models.IF{VTh: models.Fixed(0.5), Max: 3}, scalar{nil, func(x float64, _, s []float64) (float64, float64) {
			v := s[0] + x
			z := math.Min(math.Max(math.Ceil((v-0.5)/0.5), 0), 3)
			s[0] = v - 0.5*z
			return z, v
		}}, 2, 1e-3},
		{"refractory", models.LIF{TauMem: models.Fixed(10e-3), Refractory: 3e-3}, scalar{nil, func(x float64, _, s []float64) (float64, float64) {
			if s[1] > 0 {
				s[1]--
				return 0, s[0]
			}
			v := math.Exp(-0.1)*s[0] + x
			z := above(v - 1)
			s[0], s[1] = v-z, 3*z
			return z, v
		}}, 2, 1e-3},
		{"refractory, current", models.LIF{
			TauMem: models.Fixed(10e-3), TauSyn: models.Fixed(5e-3), Hold: true, Refractory: 2e-3, Reset: models.ToValue, VReset: models.Fixed(-0.2),
		}, scalar{nil, func(x float64, _, s []float64) (float64, float64) {
			s[2] = math.Exp(-0.2)*s[2] + x
			if s[1] > 0 {
				s[1]--
				return 0, s[0]
			}
			v := math.Exp(-0.1)*s[0] + (1-math.Exp(-0.1))*s[2]
			z := above(v - 1)
			if s[0], s[1] = v, 2*z; z > 0 {
				s[0] = -0.2
			}
			return z, v
		}}, 5, 1e-3},
		{"ALIF", models.ALIF{
			TauMem: models.Fixed(10e-3), TauAdapt: models.Fixed(50e-3), TauW: models.Fixed(20e-3), Beta: models.Fixed(0.4), B: models.Fixed(0.1),
		}, scalar{nil, func(x float64, _, s []float64) (float64, float64) {
			v, theta := math.Exp(-0.1)*s[0]+x-s[2], 1+0.4*s[1]
			z := above(v - theta)
			s[0], s[1], s[2] = v-theta*z, math.Exp(-0.02)*s[1]+z, math.Exp(-0.05)*s[2]+0.1*z
			return z, v
		}}, 1, 1e-3},
		{"PLIF", models.PLIF{InitTau: 4, VReset: models.Fixed(0.1)}, scalar{nil, func(x float64, _, s []float64) (float64, float64) {
			v := s[0] + (x-s[0])/4
			z := above(v - 1)
			s[0] = (1-z)*v + z*0.1
			return z, v
		}}, 4, 1e-3},
		{"EIF", models.EIF{}, scalar{[]float64{-70.6e-3}, func(x float64, _, s []float64) (float64, float64) {
			v := s[0] + 1e-4/9.37e-3*(-70.6e-3-s[0]+2e-3*math.Exp((s[0]+50.4e-3)/2e-3)+33.3e6*x)
			z := above(v)
			if s[0] = v; z > 0 {
				s[0] = -70.6e-3
			}
			return z, v
		}}, 20e-9, 1e-4},
		{"AdEx", models.AdEx{}, scalar{[]float64{-70.6e-3, 0}, func(x float64, _, s []float64) (float64, float64) {
			v := s[0] + 1e-4/281e-12*(30e-9*(-70.6e-3-s[0]+2e-3*math.Exp((s[0]+50.4e-3)/2e-3))-s[1]+x)
			w := s[1] + 1e-4/144e-3*(4e-9*(s[0]+70.6e-3)-s[1])
			z := above(v)
			if s[0] = v; z > 0 {
				s[0] = -70.6e-3
			}
			s[1] = w + z*80.5e-12
			return z, v
		}}, 20e-9, 1e-4},
		{"Izhikevich", models.Izhikevich{}, scalar{[]float64{rest, 0.2 * rest}, func(x float64, _, s []float64) (float64, float64) {
			v := s[0] + 0.5*(0.04*s[0]*s[0]+5*s[0]+140-s[1]+x)
			u := s[1] + 0.5*0.02*(0.2*s[0]-s[1])
			z := above(v - 30)
			s[0], s[1] = (1-z)*v+z*-65, u+8*z
			return z, v
		}}, 40, 0.5e-3},
	} {
		t.Run(c.name, func(t *testing.T) { compareSteps(t, c.l, c.want, nil, c.scale, c.dt) })
	}
}

// The charge of a unit input is 1, and the current peaks where the difference of exponentials does.
func TestDoubleExp(t *testing.T) {
	const steps = 400
	prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, NoGrad: true}, func(b *graph.Builder) {
		b.Output("i", models.DoubleExp{TauDecay: models.Fixed(10e-3), TauRise: models.Fixed(2e-3)}.Apply(b, "syn", b.Input("x", steps, 1, 1)).Isyn)
	})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float64, steps)
	x[0] = 1
	if err := errors.Join(prog.Set("x", x), prog.Run()); err != nil {
		t.Fatal(err)
	}
	sum, peak := 0.0, 0
	i := prog.Output("i").Float64s()
	for k, v := range i {
		if sum += v; v > i[peak] {
			peak = k
		}
	}
	// exp(-40) of the charge is left after 400 ms.
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("charge %v, want 1", sum)
	}
	if want := 10e-3 * 2e-3 / 8e-3 * math.Log(5); math.Abs(float64(peak)*1e-3-want) > 0.5e-3 {
		t.Errorf("peak at %d ms, want near %v s", peak, want)
	}
}

func TestNeuronErrors(t *testing.T) {
	for name, l := range map[string]neuron{
		"reset without a value":   models.IF{VReset: models.Fixed(1)},
		"half a step":             models.LIF{Refractory: 1.5e-3},
		"negative":                models.LIF{Refractory: -1e-3},
		"weights without":         models.ALIF{RecMask: []float64{1}},
		"a time constant below 1": models.PLIF{InitTau: 0.5},
		"no slope":                models.EIF{DeltaT: models.Fixed(0)},
		"two of three":            models.AdEx{B: models.Learned(1, 2)},
		"no number":               models.Izhikevich{A: models.Fixed(math.NaN())},
		"a fraction of spikes":    models.IF{Max: 1.5},
		"Hold without a synapse":  models.LIF{Refractory: 1e-3, Hold: true},
		"recurrent without Hold":  models.LIF{Refractory: 1e-3, TauSyn: models.Fixed(1e-3), Recurrent: true},
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) { l.Apply(b, "h", b.Input("x", 3, 1, 3)) })
		if !errors.Is(err, models.ErrParameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Another width of the surrogate, set from run to run, changes gradients and no spike; that of 1 is
// the plain layer.
func TestAnnealedWidth(t *testing.T) {
	run := func(sharp bool, k float64) (spikes, gradient []float64) {
		prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64}, func(b *graph.Builder) {
			l := models.LIF{Surrogate: surrogate.ATan{}}
			if sharp {
				l.Sharpness = b.Input("sharpness", 4)
			}
			h := l.Apply(b, "h", b.Param("x", models.Normal(0.5, 0.6), 12, 2, 4))
			b.Output("s", h.Spikes)
			b.Loss(b.Check(ops.MSE(h.Spikes, b.Const("zero", make([]float64, 12*2*4), 12, 2, 4))))
		})
		if err != nil {
			t.Fatal(err)
		}
		if sharp {
			if err := prog.Set("sharpness", []float64{k, k, k, k}); err != nil {
				t.Fatal(err)
			}
		}
		if err := prog.Run(); err != nil {
			t.Fatal(err)
		}
		return prog.Output("s").Float64s(), prog.Grad("x").Float64s()
	}
	spikes, gradient := run(false, 0)
	for _, k := range []float64{0.2, 1, 5} {
		s, g := run(true, k)
		difference := 0.0
		for i := range s {
			if s[i] != spikes[i] {
				t.Fatalf("sharpness %v changes a spike", k)
			}
		}
		for i := range g {
			difference = max(difference, math.Abs(g[i]-gradient[i]))
		}
		// 12 steps of some ten roundings, of gradients below 1.
		if (k == 1) != (difference < 1e-13) {
			t.Errorf("sharpness %v: gradients differ by %v from those of the plain layer", k, difference)
		}
	}
	_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
		models.LIF{Sharpness: b.Input("k", 3)}.Apply(b, "h", b.Input("x", 3, 1, 4))
	})
	if !errors.Is(err, models.ErrParameter) {
		t.Errorf("a width of another length: %v", err)
	}
}

// BenchmarkNeurons runs a layer forwards and backwards, with the loss.
func BenchmarkNeurons(b *testing.B) {
	const steps, batch, n = 100, 32, 512
	for _, c := range []struct {
		name      string
		l         neuron
		scale, dt float64
	}{
		{"LIF", models.LIF{}, 1, 1e-3},
		{"LIF, learned", models.LIF{TauMem: models.Learned(20e-3), Reset: models.ToValue}, 1, 1e-3},
		{"IF", models.IF{}, 1, 1e-3},
		{"PLIF", models.PLIF{}, 4, 1e-3},
		{"ALIF", models.ALIF{}, 1, 1e-3},
		{"EIF", models.EIF{}, 20e-9, 1e-4},
		{"AdEx", models.AdEx{}, 20e-9, 1e-4},
		{"Izhikevich", models.Izhikevich{}, 15, 1e-3},
		{"refractory", models.LIF{Refractory: 3e-3}, 1, 1e-3},
	} {
		b.Run(c.name, func(b *testing.B) {
			prog, err := graph.Build(graph.NewParams(1), graph.Settings{Dt: c.dt}, func(g *graph.Builder) {
				x := g.Param("x", models.Normal(0.2*c.scale, 0.6*c.scale), steps, batch, n)
				silence := g.Const("silence", make([]float64, steps*batch*n), steps, batch, n)
				g.Loss(g.Check(ops.MSE(c.l.Apply(g, "h", x).Spikes, silence)))
			})
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := prog.Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
