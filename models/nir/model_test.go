package nir

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"gorgonia.org/gorgonia"
)

// graphs returns the files of testdata that a model can be made of, and graphs of their own.
func modelGraphs(t *testing.T) map[string]*Graph {
	all := map[string]*Graph{}
	files, err := filepath.Glob("testdata/*.nir")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		g, err := Read(f)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(f)] = g
	}
	rng := rand.New(rand.NewPCG(1, 2))
	weights := func(n int) []float64 {
		w := make([]float64, n)
		for i := range w {
			w[i] = rng.NormFloat64() + 0.3
		}
		return w
	}
	conv := New("Conv2d", "weight", Array{Shape: []int{4, 1, 3, 2}, Data: weights(24)}, "stride", Integers(1, 2), "padding", Integers(1, 0), "dilation", Integers(1, 1), "groups", Integers(2), "bias", Vector(weights(4)...))
	all["images"] = Chain("input", New("Input", "shape", Integers(2, 5, 6)), "c", conv,
		"h", New("LIF", "tau", Array{Shape: []int{4, 5, 3}, Data: Fill(20e-3, 60).Data}, "r", Array{Shape: []int{4, 5, 3}, Data: Fill(30, 60).Data},
			"v_leak", Array{Shape: []int{4, 5, 3}, Data: Fill(0.1, 60).Data}, "v_threshold", Array{Shape: []int{4, 5, 3}, Data: Fill(1, 60).Data}),
		"p", New("SumPool2d", "kernel_size", Integers(2, 3), "stride", Integers(1, 3), "padding", Integers(0, 0)),
		"f", New("Flatten", "start_dim", Integers(0), "end_dim", Integers(-1)), "d", New("Delay", "delay", Vector(0, 1e-3, 2e-3, 0.5e-3, 1.25e-3, 2.6e-3, 0, 0, 3e-3, 0, 0, 0, 1e-3, 0, 0, 2e-3)),
		"s", New("Scale", "scale", Vector(weights(16)...)),
		"w", New("Affine", "weight", Matrix(3, 16, weights(48)), "bias", Vector(weights(3)...)),
		"o", New("CubaLI", "tau_mem", Fill(10e-3, 3), "tau_syn", Fill(5e-3, 3), "r", Fill(2, 3), "v_leak", Fill(0, 3), "w_in", Fill(3, 3)), "output", New("Output", "shape", Integers(3)))
	skip := Chain("input", New("Input", "shape", Integers(3)), "m", neurons(3), "w", New("Linear", "weight", Matrix(3, 3, weights(9))),
		"n", New("LIF", "tau", Vector(5e-3, 6e-3, 7e-3), "r", Vector(8, 9, 10), "v_leak", Fill(0.1, 3), "v_threshold", Fill(1, 3)), "output", New("Output", "shape", Integers(3)))
	skip.Nodes["rec"] = New("Linear", "weight", Matrix(3, 3, weights(9)))
	skip.Edges = append(skip.Edges, Edge{"m", "n"}, Edge{"n", "rec"}, Edge{"rec", "n"})
	skip.Nodes["m"].Values["r"] = Fill(30, 3)
	all["skip"] = skip
	all["integrators"] = Chain("input", New("Input", "shape", Integers(4)), "w", New("Linear", "weight", Matrix(3, 4, weights(12))),
		"h", New("IF", "r", Vector(300, 400, 500), "v_threshold", Fill(1, 3), "v_reset", Fill(-0.2, 3)),
		"v", New("Linear", "weight", Matrix(2, 3, weights(6))), "t", New("Threshold", "threshold", Fill(0.4, 2)), "i", New("I", "r", Vector(10, 20)), "output", New("Output", "shape", Integers(2)))
	return all
}

// TestModelIsTheNet: spikes and voltages of the layers are those of the graph step by step, in both
// engines, and weights have gradients.
func TestModelIsTheNet(t *testing.T) {
	const T, B = 12, 2
	made := 0
	for name, g := range modelGraphs(t) {
		for _, convention := range []string{"surge", "snntorch", "spikingjelly"} {
			c, err := Surge(g)
			if convention != "surge" {
				c, err = Peers[convention], nil
			}
			if err != nil {
				t.Fatal(err)
			}
			dt := c.Dt
			if dt == 0 {
				dt = 1e-3
			}
			net, err := Compile(g, c, dt)
			if err != nil {
				continue // not for this convention
			}
			m, err := net.Model()
			if err != nil {
				t.Logf("%s, %s: %v", name, convention, err)
				continue
			}
			made++
			n := size(net.Shape(net.Inputs[0]))
			rng := rand.New(rand.NewPCG(3, 4))
			x := make([]float64, T*B*n)
			for i := range x {
				if rng.Float64() < 0.4 {
					x[i] = float64(1 + rng.IntN(2))
				}
			}
			for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
				params := graph.NewParams(1)
				p, err := graph.Build(params, graph.Settings{DType: tensor.Float64, Engine: engine, Dt: 2e-3}, func(b *graph.Builder) {
					a := m.Apply(b, b.Input("x", T, B, n))
					b.Output("output", a.Y)
					for _, l := range a.Layers {
						b.Output(l.Name, l.Spikes)
					}
					b.Loss(b.Check(gorgonia.Sum(a.Y)))
				})
				if err != nil {
					t.Fatalf("%s, %s: %v", name, convention, err)
				}
				if err := p.Set("x", x); err != nil {
					t.Fatal(err)
				}
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
				again, err := m.Graph(params, g)
				if err != nil && strings.Contains(err.Error(), "a decay of 0") { // no time constant says it
					continue
				}
				if err != nil {
					t.Fatalf("%s, %s: %v", name, convention, err)
				}
				own, err := Surge(again)
				if err != nil {
					t.Fatal(err)
				}
				written, err := Compile(again, own, 0)
				if err != nil {
					t.Fatal(err)
				}
				for row := range B {
					input := make([]float64, 0, T*n)
					for k := range T {
						input = append(input, x[(k*B+row)*n:][:n]...)
					}
					want, err := net.Run(map[string][]float64{net.Inputs[0]: input}, T)
					if err != nil {
						t.Fatal(err)
					}
					other, err := written.Run(map[string][]float64{net.Inputs[0]: input}, T)
					if err != nil {
						t.Fatal(err)
					}
					compare := func(node, record string) {
						got, w := p.Output(record).Float64s(), want.Values[node]
						width := len(w) / T
						for i, v := range w {
							d := got[(i/width*B+row)*width+i%width] - v
							if e := other.Values[node][i] - v; e > 1e-9 || e < -1e-9 {
								t.Fatalf("%s, %s: %s as it was written: step %d, neuron %d: %v, want %v", name, convention, node, i/width, i%width, v+e, v)
							}
							if d > 1e-9 || d < -1e-9 {
								t.Fatalf("%s, %s, %v: %s: step %d, neuron %d: %v, want %v", name, convention, engine, node, i/width, i%width, v+d, v)
							}
						}
					}
					compare(net.Outputs[0], "output")
					for _, s := range net.Spiking() {
						compare(s, s)
					}
				}
				p.Close()
			}
		}
	}
	if made < 10 {
		t.Errorf("%d models were made, too few to test anything", made)
	}
}
