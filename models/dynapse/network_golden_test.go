package dynapse

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/bench/cases"
)

// recorded is a simulation of the package, as a network, its input and its answers. Arrays of the
// files are [B, T, N].
type recorded struct {
	name    string
	net     Network
	t, b, n int
	input   []float64
	a       []float64 // weights of the losses, divided by B*T*N
	initial State
	answers *cases.Answers
	single  bool
}

// transpose turns [p, q, n] into [q, p, n].
func transpose(x []float64, p, q, n int) []float64 {
	y := make([]float64, len(x))
	for i := range p {
		for j := range q {
			copy(y[(j*p+i)*n:(j*p+i+1)*n], x[(i*q+j)*n:])
		}
	}
	return y
}

func readRecorded(t *testing.T, path string) recorded {
	t.Helper()
	c, err := cases.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) []float64 {
		if c.Inputs[name] == nil {
			t.Fatalf("%s: no %s", path, name)
		}
		return c.Inputs[name].Data
	}
	shape := c.Inputs["input"].Shape
	r := recorded{name: filepath.Base(path), b: shape[0], t: shape[1], n: shape[2]}
	r.net = Network{N: r.n}
	for p := range NumSingle {
		r.net.Params[p] = in(Param(p).String())
	}
	r.input = transpose(in("input"), r.b, r.t, r.n)
	r.a = transpose(in("A"), r.b, r.t, r.n)
	for i := range r.a {
		r.a[i] /= float64(len(r.a))
	}
	if string(c.Params["recurrent"]) == "true" {
		r.net.WRec = in("w_rec")
	}
	r.initial = State{Isyn: in("state0_iampa"), Iahp: in("state0_iahp"), Imem: in("state0_imem"), Vmem: in("state0_vmem"), Spikes: in("state0_spikes"), Timer: in("state0_timer_ref")}
	if r.answers, err = c.Answers(); err != nil {
		t.Fatal(err)
	}
	r.single = strings.Contains(path, "_f32")
	return r
}

func allRecorded(t *testing.T) []recorded {
	t.Helper()
	paths, err := filepath.Glob("testdata/neuron/dynapsim_[^t]*.json")
	if err != nil || len(paths) < 7 {
		t.Fatalf("%d recorded simulations, %v", len(paths), err)
	}
	var all []recorded
	for _, p := range paths {
		all = append(all, readRecorded(t, p))
	}
	return all
}

// worst returns the largest difference relative to the largest answer.
func worst(got, want []float64) float64 {
	scale, d := 1e-300, 0.0
	for i, w := range want {
		scale = max(scale, math.Abs(w))
		d = max(d, math.Abs(got[i]-w))
	}
	if len(got) != len(want) {
		return math.Inf(1)
	}
	return d / scale
}

// TestRecordedTraces compares with Rockpool. Float64 traces agree to 1e-9 of each value:
// 1-exp(-t_pulse/tau) of the package has lost digits (1e-13), which recurrence and threshold
// crossings amplify. Those of float32 to 2e-3.
func TestRecordedTraces(t *testing.T) {
	for _, r := range allRecorded(t) {
		limit := 1e-9
		if r.single {
			limit = 2e-3
		}
		for _, single := range []bool{false, true} {
			net := r.net
			if net.Float32 = single; single {
				limit = 2e-3
			}
			run, err := net.Simulate(Input{T: r.t, B: r.b, Counts: r.input, Initial: r.initial})
			if err != nil {
				t.Fatalf("%s: %v", r.name, err)
			}
			for name, got := range map[string][]float64{"spikes": run.Spikes, "imem": run.Imem, "vmem": run.Vmem, "isyn": run.Isyn, "iahp": run.Iahp} {
				want := transpose(r.answers.Outputs[name].Data, r.b, r.t, r.n)
				for i, w := range want {
					l := limit * math.Abs(w)
					if name == "spikes" {
						l = 0
					}
					if d := math.Abs(got[i] - w); !(d <= l) && !(name == "vmem" && single && d < 1e-4) {
						t.Errorf("%s, float32 %v: %s[%d] = %v, want %v", r.name, single, name, i, got[i], w)
						break
					}
				}
			}
			for name, got := range map[string][]float64{"imem": run.Final.Imem, "vmem": run.Final.Vmem, "isyn": run.Final.Isyn, "iahp": run.Final.Iahp, "spikes": run.Final.Spikes, "timer_ref": run.Final.Timer} {
				if e := worst(got, r.answers.Outputs["final_"+name].Data); !(e <= limit) {
					t.Errorf("%s: final %s is off by %v", r.name, name, e)
				}
			}
		}
	}
}

// TestRockpoolGradients compares with the package's own gradients, to 1e-8 of the largest entry.
func TestRockpoolGradients(t *testing.T) {
	for _, r := range allRecorded(t) {
		limit := 1e-8
		if r.single {
			limit = 2e-2
		}
		r.net.Rule = Rockpool
		run, err := r.net.Simulate(Input{T: r.t, B: r.b, Counts: r.input, Initial: r.initial})
		if err != nil {
			t.Fatal(err)
		}
		imem := make([]float64, len(r.a))
		for i, a := range r.a {
			imem[i] = 1e9 * a
		}
		for loss, c := range map[string]Cotangents{"spikes": {Records: Records{Spikes: r.a}}, "imem": {Records: Records{Imem: imem}}} {
			g, err := run.Gradient(c)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for name, a := range r.answers.Grads[loss] {
				var got []float64
				switch name {
				case "input":
					got = transpose(g.Input, r.t, r.b, r.n)
				case "w_rec":
					got = g.WRec
				default:
					p, err := ParseParam(name)
					if err != nil {
						t.Fatal(err)
					}
					got = g.Params[p]
				}
				n++
				if e := worst(got, a.Data); !(e <= limit) {
					t.Errorf("%s: d %s/d %s is off by %v of the largest: %v, want %v", r.name, loss, name, e, got[:1], a.Data[:1])
				}
			}
			if n < 27 {
				t.Errorf("%s: %d variables", r.name, n)
			}
		}
	}
}
