package models_test

import (
	"errors"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
)

// TestEquations holds neurons of equations in short time steps to the same equations from event to
// event: as many spikes, which differ less the shorter the steps are.
func TestEquations(t *testing.T) {
	compareEquations(t, 5e-5, 800)
	compareEquations(t, 1.25e-5, 3200)
}

func compareEquations(t *testing.T, dt float64, steps int) {
	const channels = 3
	weights := [channels]float64{3, 5, -2}
	finer := steps / 800
	arrivals := [][2]int{{20, 0}, {60, 1}, {90, 2}, {140, 1}, {200, 0}, {260, 1}, {300, 1}, {420, 0}, {500, 1}, {510, 0}}
	for _, c := range []struct {
		name   string
		params map[string]float64
		scale  float64
	}{
		{"lif", map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "v_th": 1, "v_reset": -0.2, "t_ref": 3e-3}, 1},
		{"alpha", map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_rise": 2e-3, "v_th": 1, "v_reset": -0.2, "t_ref": 0}, 2},
		{"alif", map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_adapt": 30e-3, "beta": 0.3, "v_th": 1, "v_reset": -0.2}, 1},
		{"qif", map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "v_th": 8, "v_reset": -4, "v_init": -1, "i_ext": -0.5}, 1},
		{"theta", map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "theta_init": -1.5, "i_ext": -0.3}, 1},
		{"eif", map[string]float64{"v_leak": 0, "tau_mem": 10e-3, "tau_syn": 5e-3, "delta_t": 0.2, "v_t": 0.8, "v_th": 2, "v_reset": -0.2, "t_ref": 2e-3}, 1},
		{"adex", map[string]float64{
			"v_leak": 0, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_adapt": 30e-3, "a": 0.1, "b": 0.3, "delta_t": 0.2, "v_t": 0.8, "v_th": 2, "v_reset": -0.2, "t_ref": 2e-3,
		}, 1},
		{"izhikevich", map[string]float64{"a": 0.02, "b": 0.2, "c": -65, "d": 8, "tau_syn": 5e-3}, 5},
	} {
		text, _ := equation.Builtin(c.name)
		m, err := equation.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		params, values := map[string][]float64{}, map[string]models.Value{}
		for k, v := range c.params {
			params[k], values[k] = []float64{v}, models.Fixed(v)
		}
		in := eventprop.NewDense(channels, 1)
		for i, w := range weights {
			in.Weight[i] = c.scale * w
		}
		x := make([]float64, steps)
		var input []eventprop.Spike
		for _, a := range arrivals {
			x[a[0]*finer] += in.Weight[a[1]]
			input = append(input, eventprop.Spike{Time: float64(a[0]*finer) * dt, Neuron: a[1]})
		}
		var tape eventprop.Tape
		layer := eventprop.Layer{In: in, Neuron: equation.Neurons{Model: m, Params: params}}
		if err := tape.Forward(&layer, input, float64(steps)*dt); err != nil {
			t.Fatal(c.name, err)
		}
		p, err := graph.Build(graph.NewParams(1), graph.Settings{Dt: dt, DType: tensor.Float64, NoGrad: true}, func(b *graph.Builder) {
			n := models.Equations{Model: m, Params: values}.Apply(b, "h", b.Input("x", steps, 1, 1))
			b.Output("spikes", n.Spikes)
		})
		if err != nil {
			t.Fatal(c.name, err)
		}
		if err := p.Set("x", x); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(c.name, err)
		}
		var found []float64
		for k, s := range p.Output("spikes").Data().([]float64) {
			if s != 0 {
				found = append(found, float64(k)*dt)
			}
		}
		if len(found) != len(tape.Spikes) || len(found) < 2 {
			t.Errorf("%s: spikes at %v, from event to event %v", c.name, found, tape.Spikes)
			continue
		}
		for k, s := range tape.Spikes {
			// a spike of step k lies between k dt and (k+1) dt; one that is found late makes the
			// next ones later, by more where V is shallow
			if d := found[k] - s.Time; math.Abs(d) > float64(2+2*k)*dt {
				t.Errorf("%s: spike %d at %v, from event to event %v", c.name, k, found[k], s.Time)
			}
		}
	}
}

// TestEquationsRefused: what time steps cannot do is refused by name.
func TestEquationsRefused(t *testing.T) {
	lif, _ := equation.Builtin("lif")
	theta, _ := equation.Builtin("theta")
	values := func(names ...string) map[string]models.Value {
		p := map[string]models.Value{}
		for _, n := range names {
			p[n] = models.Fixed(2e-3)
		}
		return p
	}
	all := []string{"v_leak", "tau_mem", "tau_syn", "v_th", "v_reset", "t_ref"}
	learned := values(all...)
	learned["t_ref"] = models.Learned(2e-3)
	unknown := values(append(all, "other")...)
	sine := values("tau_mem", "tau_syn", "i_ext")
	sine["theta_init"] = models.Learned(0.1)
	for name, c := range map[string]struct {
		text   string
		params map[string]models.Value
	}{
		"missing":    {lif, values("v_leak")},
		"unknown":    {lif, unknown},
		"refractory": {lif, learned},
		"sine":       {theta, sine},
		"logarithm":  {"dV/dt = log(V)/tau\nthreshold: V - 1", values("tau")},
	} {
		m, err := equation.Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = graph.Build(graph.NewParams(1), graph.Settings{Dt: 1e-3, NoGrad: true}, func(b *graph.Builder) {
			n := models.Equations{Model: m, Params: c.params}.Apply(b, "h", b.Input("x", 3, 1, 1))
			b.Output("spikes", n.Spikes)
		})
		if !errors.Is(err, models.ErrParameter) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := graph.Build(graph.NewParams(1), graph.Settings{Dt: 1e-3, NoGrad: true}, func(b *graph.Builder) {
		models.Equations{}.Apply(b, "h", (*G.Node)(nil))
	})
	if !errors.Is(err, models.ErrParameter) {
		t.Errorf("no input: %v", err)
	}
}
