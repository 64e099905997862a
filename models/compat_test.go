package models_test

import (
	"errors"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models"
)

// scalar is one neuron written as its source has it: s is its memory, which starts at zeros.
type scalar struct {
	start []float64
	step  func(x float64, p, s []float64) (spikes, vmem float64)
}

func above(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

func atOrAbove(x float64) float64 {
	if x >= 0 {
		return 1
	}
	return 0
}

// The steps of the libraries, line by line, for parameters and currents that testdata/peers.json
// does not have: see TestPeers, which compares with the packages.
var peerSteps = map[string]scalar{
	"snntorch/Leaky": {nil, func(x float64, p, s []float64) (float64, float64) {
		reset := above(s[0] - p[1])
		s[0] = p[0]*s[0] + x - reset*p[1]
		return above(s[0] - p[1]), s[0]
	}},
	"snntorch/Leaky-0.7": {nil, func(x float64, p, s []float64) (float64, float64) {
		reset := above(s[0] - p[1])
		s[0] = p[0]*(s[0]-reset*p[1]) + x
		return above(s[0] - p[1]), s[0]
	}},
	"snntorch/Leaky-zero": {nil, func(x float64, p, s []float64) (float64, float64) {
		s[0] = (1 - above(s[0]-p[1])) * s[0]
		s[0] = p[0]*s[0] + x
		return above(s[0] - p[1]), s[0]
	}},
	"snntorch/Leaky-zero-0.7": {nil, func(x float64, p, s []float64) (float64, float64) {
		reset := above(s[0] - p[1])
		s[0] = p[0]*s[0] + x - reset*(p[0]*s[0]+x)
		return above(s[0] - p[1]), s[0]
	}},
	"snntorch/Leaky-nodelay": {nil, func(x float64, p, s []float64) (float64, float64) {
		reset := above(s[0] - p[1])
		s[0] = p[0]*s[0] + x - reset*p[1]
		spk := above(s[0] - p[1])
		s[0] -= (spk - reset) * p[1]
		return spk, s[0]
	}},
	"snntorch/Synaptic": {nil, func(x float64, p, s []float64) (float64, float64) {
		reset := above(s[1] - p[2])
		s[0] = p[0]*s[0] + x
		s[1] = p[1]*s[1] + s[0] - reset*p[2]
		return above(s[1] - p[2]), s[1]
	}},
	"snntorch/Lapicque": {nil, func(x float64, p, s []float64) (float64, float64) {
		r, c, dt := p[0], p[1], p[2]
		reset := above(s[0] - p[3])
		s[0] = x*r*(1/(r*c))*dt + (1-dt/(r*c))*s[0] - reset*p[3]
		return above(s[0] - p[3]), s[0]
	}},
	"norse/LIF-1.1.0": {[]float64{math.NaN(), 0}, func(x float64, p, s []float64) (float64, float64) {
		first(&s[0], p[3])
		i := s[1] + x
		v := s[0] + p[0]*p[2]*((p[3]-s[0])+i)
		s[1] = i - p[0]*p[1]*i
		z := above(v - p[4])
		s[0] = (1-z)*v + z*p[5]
		return z, s[0]
	}},
	"norse/LIF-1.0": {[]float64{math.NaN(), 0}, func(x float64, p, s []float64) (float64, float64) {
		first(&s[0], p[3])
		v := s[0] + p[0]*p[2]*((p[3]-s[0])+s[1])
		s[1] = s[1] - p[0]*p[1]*s[1] + x
		z := above(v - p[4])
		s[0] = (1-z)*v + z*p[5]
		return z, s[0]
	}},
	"norse/LIFBox": {[]float64{math.NaN()}, func(x float64, p, s []float64) (float64, float64) {
		first(&s[0], p[2])
		v := s[0] + p[0]*p[1]*(x+p[2]-s[0])
		z := above(v - p[3])
		s[0] = (1-z)*v + z*p[4]
		return z, s[0]
	}},
	"norse/LSNN": {[]float64{math.NaN(), 0, math.NaN()}, func(x float64, p, s []float64) (float64, float64) {
		first(&s[0], p[4])
		first(&s[2], p[5])
		v := s[0] + p[0]*p[2]*((p[4]-s[0])+s[1])
		i := s[1] - p[0]*p[1]*s[1]
		b := s[2] + p[0]*p[3]*(p[5]-s[2])
		z := above(v - b)
		s[0], s[1], s[2] = (1-z)*v+z*p[6], i+x, b+z*p[7]
		return z, s[0]
	}},
	"norse/LIFAdEx": {[]float64{math.NaN(), 0, 0}, func(x float64, p, s []float64) (float64, float64) {
		first(&s[0], p[7])
		i := s[1] + x
		v := s[0] + p[0]*p[6]*((p[7]-s[0])+p[3]*math.Exp((s[0]-p[8])/p[3])+i-s[2])
		a := s[2] + p[0]*p[4]*(p[1]*(s[0]-p[7])-s[2])
		z := above(v - p[8])
		s[0], s[1], s[2] = (1-z)*v+z*p[9], i-p[0]*p[5]*i, a+z*p[2]
		return z, s[0]
	}},
	"norse/Izhikevich": {nil, func(x float64, p, s []float64) (float64, float64) {
		v := s[0] + p[9]*p[0]*(p[5]*s[0]*s[0]+p[6]*s[0]+p[7]-s[1]+x)
		u := s[1] + p[9]*p[0]*p[1]*(p[2]*s[0]-s[1])
		z := above(v - p[8])
		s[0], s[1] = (1-z)*v+z*p[3], (1-z)*u+z*(u+p[4])
		return z, s[0]
	}},
	"spikingjelly/IFNode": {[]float64{math.NaN()}, func(x float64, p, s []float64) (float64, float64) {
		first(&s[0], p[1])
		return hardReset(s[0]+x, p[0], p[1], s)
	}},
	"spikingjelly/LIFNode": {[]float64{math.NaN()}, func(x float64, p, s []float64) (float64, float64) {
		first(&s[0], p[2])
		return hardReset(s[0]+(p[2]-s[0]+x)/p[0], p[1], p[2], s)
	}},
	"spikingjelly/LIFNode-soft": {nil, func(x float64, p, s []float64) (float64, float64) {
		v := s[0] + (x-s[0])/p[0]
		z := atOrAbove(v - p[1])
		s[0] = v - p[1]*z
		return z, s[0]
	}},
	"spikingjelly/LIFNode-nodecay": {[]float64{math.NaN()}, func(x float64, p, s []float64) (float64, float64) {
		first(&s[0], p[2])
		return hardReset(s[0]+(p[2]-s[0])/p[0]+x, p[1], p[2], s)
	}},
	"sinabs/IAF": {nil, func(x float64, p, s []float64) (float64, float64) { return several(s[0]+x, p[0], s) }},
	"sinabs/LIF": {nil, func(x float64, p, s []float64) (float64, float64) {
		alpha := math.Exp(-1 / p[0])
		return several(alpha*s[0]+(1-alpha)*x, p[1], s)
	}},
	"sinabs/LIF-synapse": {nil, func(x float64, p, s []float64) (float64, float64) {
		alpha := math.Exp(-1 / p[0])
		s[1] = math.Exp(-1/p[1]) * (s[1] + x)
		return several(alpha*s[0]+(1-alpha)*s[1], p[2], s)
	}},
	"spyx/IF": {nil, func(x float64, p, s []float64) (float64, float64) {
		z := above(s[0] - p[0])
		s[0] = s[0] + x - z*p[0]
		return z, s[0]
	}},
	"spyx/LIF": {nil, func(x float64, p, s []float64) (float64, float64) {
		z := above(s[0] - p[1])
		s[0] = p[0]*s[0] + x - z*p[1]
		return z, s[0]
	}},
	"spyx/CuBaLIF": {nil, func(x float64, p, s []float64) (float64, float64) {
		z := above(s[0] - p[2])
		s[0] -= z * p[2]
		s[1] = p[0]*s[1] + x
		s[0] = p[1]*s[0] + s[1]
		return z, s[0]
	}},
	"spyx/ALIF": {nil, func(x float64, p, s []float64) (float64, float64) {
		threshold := p[2] + s[1]
		z := above(s[0] - threshold)
		s[0] = p[0]*s[0] + x - z*threshold
		s[1] = p[1]*s[1] + (1-p[1])*z
		return z, s[0]
	}},
	"rockpool/LIFTorch": {nil, func(x float64, p, s []float64) (float64, float64) {
		s[1] = (s[1] + x) * math.Exp(-p[4]/p[1])
		return several(s[0]*math.Exp(-p[4]/p[0])+s[1]+p[2], p[3], s)
	}},
}

// first replaces the NaN that stands for a start that depends on the parameters.
func first(s *float64, start float64) {
	if *s != *s {
		*s = start
	}
}

func hardReset(v, vth, vreset float64, s []float64) (float64, float64) {
	z := atOrAbove(v - vth)
	s[0] = z*vreset + (1-z)*v
	return z, s[0]
}

// several fires trunc(v/vth) spikes.
func several(v, vth float64, s []float64) (float64, float64) {
	z := math.Trunc(math.Max(v, 0) / vth)
	s[0] = v - z*vth
	return z, s[0]
}

// neuron is a layer of spiking neurons.
type neuron interface {
	Apply(b *graph.Builder, name string, x *G.Node) models.Neurons
}

// compareSteps runs a layer of one neuron per row with both engines and compares it with a scalar
// step.
func compareSteps(t *testing.T, l neuron, want scalar, p []float64, scale, dt float64) {
	t.Helper()
	const steps, rows = 80, 3
	rng := random.New(1, "compare")
	x := make([]float64, steps*rows)
	for i := range x {
		x[i] = scale * (0.35 + 0.6*random.Normal(rng))
	}
	for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, NoGrad: true, Engine: engine, Dt: dt}, func(b *graph.Builder) {
			h := l.Apply(b, "h", b.Input("x", steps, rows, 1))
			b.Output("spikes", h.Spikes)
			b.Output("vmem", h.Vmem)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(prog.Set("x", x), prog.Run()); err != nil {
			t.Fatal(err)
		}
		spikes, vmem := prog.Output("spikes").Float64s(), prog.Output("vmem").Float64s()
		fired := 0.0
		for row := range rows {
			s := make([]float64, 8)
			copy(s, want.start)
			for k := range steps {
				i := k*rows + row
				z, v := want.step(x[i], p, s)
				fired += z
				// 80 steps of some ten roundings, of voltages near 1 or, for Izhikevich, 100. An
				// exponential upswing multiplies them: by up to e^20, from a slope factor of 2 mV
				// to the peak.
				tol := 1e-12
				switch l.(type) {
				case models.EIF, models.AdEx:
					tol = 1e-9
				}
				if spikes[i] != z || math.Abs(vmem[i]-v) > tol*(1+math.Abs(v)) {
					t.Fatalf("%v, row %d, step %d: %v spikes, voltage %.17g; want %v, %.17g", engine, row, k, spikes[i], vmem[i], z, v)
				}
			}
		}
		if fired == 0 {
			t.Error("no spike at all")
		}
		if err := prog.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCompat(t *testing.T) {
	all := models.PeerNeurons()
	if len(all) != len(peerSteps) {
		t.Errorf("%d neurons, %d steps written down", len(all), len(peerSteps))
	}
	for _, l := range all {
		want, ok := peerSteps[l.Name]
		if !ok {
			t.Errorf("%s: no step written down", l.Name)
			continue
		}
		for _, other := range []bool{false, true} {
			var p []float64
			for i, param := range l.Params {
				v := param.Value
				if other && i > 0 && v == 0 {
					v = 0.1 // resets and leaks
				}
				p = append(p, v)
			}
			peer, err := models.Compat(l.Name, p...)
			if err != nil {
				t.Fatal(err)
			}
			scale := 1.0
			switch l.Name {
			case "norse/LIF-1.1.0", "norse/LIF-1.0", "norse/LSNN", "norse/LIFAdEx", "sinabs/LIF-synapse", "spikingjelly/LIFNode", "spikingjelly/LIFNode-soft":
				scale = 3
			case "norse/LIFBox", "norse/Izhikevich", "sinabs/LIF":
				scale = 8
			}
			t.Run(l.Name, func(t *testing.T) { compareSteps(t, peer, want, p, scale, 1e-3) })
		}
	}
}

func TestCompatErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		p    []float64
	}{{"snntorch/Leeky", nil}, {"", nil}, {"spyx/IF", []float64{1, 2}}, {"spyx/IF", []float64{math.NaN()}}} {
		if _, err := models.Compat(c.name, c.p...); !errors.Is(err, models.ErrParameter) {
			t.Errorf("Compat(%q, %v): %v", c.name, c.p, err)
		}
	}
	// Changing one does not change the defaults of the next.
	a, err := models.Compat("spyx/IF", 3)
	b, _ := models.Compat("spyx/IF")
	if err != nil || a.Params[0].Value != 3 || b.Params[0].Value != 1 {
		t.Errorf("parameters %v, then %v", a.Params, b.Params)
	}
	_, err = graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
		models.PeerNeuron{}.Apply(b, "h", b.Input("x", 2, 1, 1))
	})
	if !errors.Is(err, models.ErrParameter) {
		t.Errorf("a PeerNeuron of nothing: %v", err)
	}
}
