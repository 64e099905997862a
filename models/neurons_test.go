package models_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop/equation"
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
// the plain layer. So it is for every neuron that has a surrogate.
func TestAnnealedWidth(t *testing.T) {
	m, err := equation.Parse(equation.QIF)
	if err != nil {
		t.Fatal(err)
	}
	qif := map[string]models.Value{
		"tau_mem": models.Fixed(4e-3), "tau_syn": models.Fixed(5e-3), "v_th": models.Fixed(1.5), "v_reset": models.Fixed(-1),
		"v_init": models.Fixed(-0.5), "i_ext": models.Fixed(0.2),
	}
	peer, err := models.Compat("norse/LIF-1.1.0")
	if err != nil {
		t.Fatal(err)
	}
	s := surrogate.ATan{}
	for name, of := range map[string]func(k *G.Node) (l neuron, gain float64){
		"LIF":             func(k *G.Node) (neuron, float64) { return models.LIF{Surrogate: s, Sharpness: k}, 1 },
		"LIF, refractory": func(k *G.Node) (neuron, float64) { return models.LIF{Surrogate: s, Sharpness: k, Refractory: 2e-3}, 1 },
		"LIF, current": func(k *G.Node) (neuron, float64) {
			return models.LIF{Surrogate: s, Sharpness: k, TauSyn: models.Fixed(5e-3), Hold: true, Recurrent: true}, 10
		},
		"IF":         func(k *G.Node) (neuron, float64) { return models.IF{Surrogate: s, Sharpness: k, Recurrent: true}, 1 },
		"ALIF":       func(k *G.Node) (neuron, float64) { return models.ALIF{Surrogate: s, Sharpness: k}, 1 },
		"PLIF":       func(k *G.Node) (neuron, float64) { return models.PLIF{Surrogate: s, Sharpness: k}, 3 },
		"EIF":        func(k *G.Node) (neuron, float64) { return models.EIF{Surrogate: s, Sharpness: k}, 10e-9 },
		"AdEx":       func(k *G.Node) (neuron, float64) { return models.AdEx{Surrogate: s, Sharpness: k}, 10e-9 },
		"Izhikevich": func(k *G.Node) (neuron, float64) { return models.Izhikevich{Surrogate: s, Sharpness: k}, 40 },
		"Equations": func(k *G.Node) (neuron, float64) {
			return models.Equations{Model: m, Params: qif, Surrogate: s, Sharpness: k}, 3
		},
		"PeerNeuron": func(k *G.Node) (neuron, float64) {
			peer := peer
			peer.Surrogate, peer.Sharpness = s, k
			return peer, 10
		},
		"WTASCell": func(k *G.Node) (neuron, float64) { return winners{models.WTASCell{Surrogate: s, Sharpness: k}}, 4 },
	} {
		for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
			run := func(sharp bool, k float64) (spikes, gradient []float64) {
				prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, Dt: 1e-4, Engine: engine}, func(b *graph.Builder) {
					var width *G.Node
					if sharp {
						width = b.Input("sharpness", 4)
					}
					l, gain := of(width)
					x := b.Check(ops.Affine(b.Param("x", models.Normal(0.5, 0.6), 40, 2, 4), gain, 0))
					h := l.Apply(b, "h", x)
					b.Output("s", h.Spikes)
					b.Loss(b.Check(ops.MSE(h.Spikes, b.Const("zero", make([]float64, 40*2*4), 40, 2, 4))))
				})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
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
			largest := 0.0
			for _, g := range gradient {
				largest = max(largest, math.Abs(g))
			}
			if largest == 0 || !slices.Contains(spikes, 1) {
				t.Fatalf("%s: gradients up to %v, want a layer that spikes and learns", name, largest)
			}
			for _, k := range []float64{0.2, 1, 5} {
				s, g := run(true, k)
				if !slices.Equal(s, spikes) {
					t.Errorf("%s: sharpness %v changes a spike", name, k)
				}
				difference := 0.0
				for i := range g {
					difference = max(difference, math.Abs(g[i]-gradient[i]))
				}
				// 40 steps of some ten roundings; those of LIF are another kernel's.
				if (k == 1) != (difference <= 1e-12*largest) {
					t.Errorf("%s: sharpness %v: gradients up to %v differ by %v from those of the plain layer", name, k, largest, difference)
				}
			}
		}
	}
	for name, apply := range map[string]func(b *graph.Builder, x *G.Node){
		"a width of another length": func(b *graph.Builder, x *G.Node) { models.LIF{Sharpness: b.Input("k", 3)}.Apply(b, "h", x) },
		"a matrix":                  func(b *graph.Builder, x *G.Node) { models.ALIF{Sharpness: b.Input("k", 4, 4)}.Apply(b, "h", x) },
		"counts":                    func(b *graph.Builder, x *G.Node) { models.IF{Max: 3, Sharpness: b.Input("k", 4)}.Apply(b, "h", x) },
		"one winner": func(b *graph.Builder, x *G.Node) {
			models.WTASCell{Hard: true, Sharpness: b.Input("k", 4)}.Apply(b, "h", x)
		},
		"winners of another length": func(b *graph.Builder, x *G.Node) { models.WTASCell{Sharpness: b.Input("k", 3)}.Apply(b, "h", x) },
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) { apply(b, b.Input("x", 3, 1, 4)) })
		if !errors.Is(err, models.ErrParameter) {
			t.Errorf("%s: %v", name, err)
		}
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

// winners is a WTASCell as a neuron.
type winners struct{ models.WTASCell }

func (w winners) Apply(b *graph.Builder, name string, x *G.Node) models.Neurons {
	y := w.WTASCell.Apply(b, name, x)
	return models.Neurons{Spikes: y.Spikes, Vmem: y.V, Final: y.Final}
}
