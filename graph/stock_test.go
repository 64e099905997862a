package graph_test

import (
	"bytes"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// stockModels are models of Gorgonia's own operations, the way users write them.
func stockModels() map[string]func(b *graph.Builder) {
	matrix := func(b *graph.Builder, name string, rows, cols int) *G.Node {
		v := make([]float64, rows*cols)
		for i := range v {
			v[i] = 0.3 + float64((i*7+len(name)*3)%11)/10
		}
		return b.Param(name, fill(v...), rows, cols)
	}
	row := func(b *graph.Builder, name string) *G.Node {
		return b.Param(name, fill(0.5, 1.5, 0.75), 3)
	}
	sum := func(b *graph.Builder, x *G.Node) { b.Loss(b.Check(G.Sum(b.Check(G.Square(x))))) }
	return map[string]func(b *graph.Builder){
		"products": func(b *graph.Builder) {
			x, y, v := matrix(b, "x", 4, 3), matrix(b, "y", 3, 5), row(b, "v")
			z := b.Check(G.Mul(b.Check(G.Mul(x, y)), b.Check(G.Transpose(y, 1, 0))))
			sum(b, b.Check(G.Mul(z, v)))
		},
		"dot product": func(b *graph.Builder) {
			v, w := row(b, "v"), row(b, "w")
			b.Loss(b.Check(G.Mul(b.Check(G.Mul(v, w)), b.Check(G.Sum(v)))))
		},
		"thin products": func(b *graph.Builder) {
			x, y := matrix(b, "x", 1, 3), matrix(b, "y", 3, 1)
			z := b.Check(G.Mul(y, x))
			sum(b, b.Check(G.Mul(b.Check(G.Mul(x, z)), y)))
		},
		"elementwise": func(b *graph.Builder) {
			x, y := matrix(b, "x", 2, 3), matrix(b, "y", 2, 3)
			z := b.Check(G.HadamardDiv(b.Check(G.Exp(x)), b.Check(G.Sqrt(y))))
			z = b.Check(G.Sub(z, b.Check(G.Log(b.Check(G.Cube(y))))))
			z = b.Check(G.HadamardProd(z, b.Check(G.Sigmoid(x))))
			sum(b, b.Check(G.Add(z, b.Check(G.Inverse(b.Check(G.Tanh(y)))))))
		},
		"broadcast": func(b *graph.Builder) {
			x, v := matrix(b, "x", 4, 3), row(b, "v")
			z := b.Check(G.BroadcastAdd(x, v, nil, []byte{0}))
			sum(b, b.Check(G.BroadcastHadamardProd(z, v, nil, []byte{0})))
		},
		"reductions": func(b *graph.Builder) {
			x := matrix(b, "x", 4, 3)
			columns, rows := b.Check(G.Sum(x, 0)), b.Check(G.Mean(x, 1))
			b.Loss(b.Check(G.Add(b.Check(G.Sum(b.Check(G.Square(columns)))), b.Check(G.Sum(b.Check(G.Square(rows)))))))
		},
		"softmax": func(b *graph.Builder) {
			x := matrix(b, "x", 4, 3)
			sum(b, b.Check(G.Log(b.Check(G.SoftMax(x)))))
		},
		"shapes": func(b *graph.Builder) {
			x := b.Check(G.Square(matrix(b, "x", 4, 3)))
			flat := b.Check(G.Reshape(x, tensor.Shape{12}))
			part := b.Check(G.Slice(x, G.S(1, 3)))
			joined := b.Check(G.Concat(0, part, b.Check(G.Reshape(flat, tensor.Shape{4, 3}))))
			b.Output("flat", flat)
			sum(b, joined)
		},
		"scalars": func(b *graph.Builder) {
			x := matrix(b, "x", 2, 3)
			s := b.Check(G.Mean(b.Check(G.Square(x))))
			z := b.Check(G.HadamardProd(s, x))
			z = b.Check(G.HadamardDiv(z, b.Check(G.Add(s, s))))
			z = b.Check(G.Sub(z, s))
			b.Output("s", s)
			b.Loss(b.Check(G.HadamardProd(s, b.Check(G.Sum(b.Check(G.Square(z)))))))
		},
		"shared and unused": func(b *graph.Builder) {
			x := matrix(b, "x", 3, 3)
			y := b.Check(G.Mul(x, x))
			b.Check(G.Exp(y)) // nobody reads it
			z := b.Check(G.Add(y, y))
			z = b.Check(G.HadamardProd(z, b.Check(G.Sub(y, z))))
			out := b.CheckAll(ops.Unstack(z, true))
			b.Output("middle", out[1])
			sum(b, b.Check(G.Add(out[0], out[0])))
		},
	}
}

// TestStockOperations: models of Gorgonia's operations give the same bits in every run, in float64
// on both machines, in float32 the same numbers, whose sums are better on the own one, and the
// gradient that Gorgonia's Grad builds.
func TestStockOperations(t *testing.T) {
	for name, model := range stockModels() {
		t.Run(name, func(t *testing.T) {
			for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
				params := graph.NewParams(1)
				var want []byte
				var tape *graph.Program
				for _, m := range []graph.Machine{graph.TapeMachine, graph.OwnMachine} {
					if dt == tensor.Float32 {
						want = nil
					}
					p, err := graph.Build(params, graph.Settings{DType: dt, Machine: m}, model)
					if err != nil {
						t.Fatal(err)
					}
					for run := range 3 {
						mustRun(t, p)
						got := result(t, p)
						if want == nil {
							want = got
						}
						if !bytes.Equal(got, want) {
							t.Errorf("%v, %v: run %d gives other numbers than Gorgonia's machine", dt, m, run)
						}
					}
					if tape == nil {
						tape = p
					}
					// Sums of at most 20 numbers, a few in a row: 20 roundings each.
					if d := apart(p, tape); d > 100*0x1p-24 {
						t.Errorf("%v, %v: a result is %.2g of its largest number away from that of Gorgonia's machine", dt, m, d)
					}
				}
			}
			compareWithGorgonia(t, graph.NewParams(1), float64s, model)
		})
	}
}

// TestNothingIsAllocatedInARun: after the first run an unrolled network on the own machine
// allocates a few words; a single [B, N] of it has 9·7·8 bytes, and there are some thousand.
func TestNothingIsAllocatedInARun(t *testing.T) {
	p := setup(t, graph.NewParams(3), graph.Settings{Engine: graph.UnrolledEngine}, network(20, nil), drive(20))
	mustRun(t, p)
	// Loss and gradient of the loss are Gorgonia's scalars, which are new each time.
	if n := testing.AllocsPerRun(10, func() { mustRun(t, p) }); n > 20 {
		t.Errorf("%v allocations per run, want at most 20, whatever the number of time steps", n)
	}
}

func TestMachineSetting(t *testing.T) {
	for _, m := range []graph.Machine{graph.OwnMachine, graph.TapeMachine} {
		if got, err := graph.ParseMachine(m.String()); err != nil || got != m {
			t.Errorf("machine %q is read as %v, %v", m, got, err)
		}
	}
	if _, err := graph.ParseMachine("slow"); err == nil || !strings.Contains(err.Error(), "want own or tape") {
		t.Errorf("error %v", err)
	}
	for _, s := range []graph.Settings{{Machine: 7}, {Machine: graph.TapeMachine, DebugNaNs: true}} {
		_, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) { b.Output("x", b.Input("x", 1)) })
		wantError(t, err, graph.ErrBuild, "")
	}
	// What the tape machine would not do, it is not asked to.
	s := float64s
	s.Machine = graph.TapeMachine
	_, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
		var v G.Value
		x := b.Input("x", 1)
		b.Output("x", x)
		G.Read(x, &v)
	})
	wantError(t, err, graph.ErrBuild, "Builder.Output")
	nameA, nameB := collidingNames(t)
	p, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
		x, y := b.Const(nameA, []float64{1}, 1), b.Const(nameB, []float64{2}, 1)
		b.Output("sum", b.Check(G.Add(x, y)))
	})
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, p)
	wantOutput(t, p, "sum", 3)
}
