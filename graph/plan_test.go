package graph

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/ops"
)

// randomGraph adds random operations, most of them on what was added last, to a graph of a few
// inputs: chains in which memory becomes free, aliases, shared operands, scalars, and results
// that nobody reads.
func randomGraph(t *rapid.T, b *Builder) []*G.Node {
	square := func(name string) *G.Node {
		v := make([]float64, 9)
		for i := range v {
			v[i] = rapid.Float64Range(-2, 2).Draw(t, name)
		}
		return b.Const(name, v, 3, 3)
	}
	matrices := []*G.Node{square("a"), square("b")} // [3, 3]
	vectors := []*G.Node{b.Const("v", []float64{1, -2, 3, 4, 5, -6, 7, 8, 9}, 9)}
	scalars := []*G.Node{b.Check(G.Sum(matrices[0]))}
	pick := func(list []*G.Node) *G.Node {
		if rapid.IntRange(0, 2).Draw(t, "late") > 0 {
			return list[len(list)-1]
		}
		return list[rapid.IntRange(0, len(list)-1).Draw(t, "operand")]
	}
	matrix := func(n *G.Node, err error) { matrices = append(matrices, b.Check(n, err)) }
	vector := func(n *G.Node, err error) { vectors = append(vectors, b.Check(n, err)) }
	scalar := func(n *G.Node, err error) { scalars = append(scalars, b.Check(n, err)) }
	choices := []func(){
		func() { matrix(G.Add(pick(matrices), pick(matrices))) },
		func() { matrix(G.Sub(pick(matrices), pick(matrices))) },
		func() { matrix(G.HadamardProd(pick(matrices), pick(matrices))) },
		func() { matrix(G.Neg(pick(matrices))) },
		func() { matrix(G.Tanh(pick(matrices))) },
		func() { matrix(G.Square(pick(matrices))) },
		func() { matrix(G.Mul(pick(matrices), pick(matrices))) },
		func() { matrix(G.HadamardProd(pick(scalars), pick(matrices))) },
		func() { matrix(G.Add(pick(matrices), pick(scalars))) },
		func() { matrix(G.Gt(pick(matrices), pick(matrices), true)) },
		func() { matrix(G.Transpose(pick(matrices), 1, 0)) },
		func() { matrix(G.Reshape(pick(vectors), tensor.Shape{3, 3})) },
		func() { matrix(ops.Affine(pick(matrices), -0.5, 0.25)) },
		func() { matrix(ops.Detach(pick(matrices))) },
		func() { matrix(ops.Softmax(pick(matrices), nil)) },
		func() { vector(G.Reshape(pick(matrices), tensor.Shape{9})) },
		func() { vector(G.Add(pick(vectors), pick(vectors))) },
		func() { vector(G.Mul(b.Check(G.OuterProd(pick(vectors), pick(vectors))), pick(vectors))) },
		func() { vector(ops.Affine(pick(vectors), 0.125, 1)) },
		func() { scalar(G.Sum(pick(matrices))) },
		func() { scalar(G.Mean(pick(vectors))) },
		func() { scalar(G.Add(pick(scalars), pick(scalars))) },
		func() { scalar(ops.Affine(pick(scalars), 0.5, 1)) },
		func() { scalar(G.Neg(pick(scalars))) },
		func() {
			n := b.Check(ops.Stack([]*G.Node{pick(matrices), pick(matrices)}))
			matrix(ops.SumOverTime(b.Check(G.Reshape(n, tensor.Shape{2, 3, 3}))))
		},
	}
	for range rapid.IntRange(1, 40).Draw(t, "operations") {
		choices[rapid.IntRange(0, len(choices)-1).Draw(t, "operation")]()
		// Keep the numbers in range, or NaN would hide differences.
		matrices[len(matrices)-1] = b.Check(G.Tanh(matrices[len(matrices)-1]))
		vectors[len(vectors)-1] = b.Check(ops.Affine(b.Check(G.Tanh(vectors[len(vectors)-1])), 1.5, 0))
		scalars[len(scalars)-1] = b.Check(G.Tanh(scalars[len(scalars)-1]))
	}
	all := append(append(matrices, vectors...), scalars...)
	var recorded []*G.Node
	for _, n := range all {
		if rapid.IntRange(0, 3).Draw(t, "record") == 0 {
			recorded = append(recorded, n)
		}
	}
	return append(recorded, all[len(all)-1])
}

// TestRandomGraphs: the machine gives the same bits as computing node by node with memory
// that is never used again, in the first run and in later ones, and leaves inputs alone.
func TestRandomGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var build error
		var b *Builder
		var recorded []*G.Node
		func() {
			defer recovered(&build)
			s, err := Settings{DType: tensor.Float64}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			b = newBuilder(NewParams(1), s, 0)
			recorded = randomGraph(t, b)
			for i, n := range recorded {
				s := &slot{name: fmt.Sprint(i), node: n}
				b.outputs = append(b.outputs, s)
			}
			b.recordAll()
		}()
		if build != nil {
			t.Fatal(build)
		}
		m, err := newMachine(b.g)
		if err != nil {
			t.Fatal(err)
		}
		want := reference(t, b.g)
		for run := range 3 {
			for _, o := range b.outputs {
				o.value.Memset(99.0)
			}
			if err := m.run(); err != nil {
				t.Fatal(err)
			}
			for i, o := range b.outputs {
				if got := bits(o.value.Float64s()); !bytes.Equal(got, want[recorded[i]]) {
					t.Fatalf("run %d: %v is %v, want other bits", run, recorded[i], o.value)
				}
			}
		}
		if again := reference(t, b.g); !bytes.Equal(again[recorded[0]], want[recorded[0]]) {
			t.Fatal("the runs have changed an input")
		}
	})
}

// reference computes every node with copies of its operands and returns the bits of the
// values.
func reference(t *rapid.T, g *G.ExprGraph) map[*G.Node][]byte {
	value := map[*G.Node]G.Value{}
	all := map[*G.Node][]byte{}
	for _, n := range g.AllNodes() {
		v := n.Value()
		if n.Op() != nil {
			if _, ok := n.Op().(*recordOp); ok {
				continue
			}
			var args []G.Value
			for _, c := range children(g, n) {
				arg, err := G.CloneValue(value[c])
				if err != nil {
					t.Fatal(err)
				}
				args = append(args, arg)
			}
			var err error
			if v, err = n.Op().Do(args...); err != nil {
				t.Fatal(err)
			}
		}
		value[n] = v
		switch v := v.(type) {
		case *G.F64:
			all[n] = bits([]float64{float64(*v)})
		case *tensor.Dense:
			if v.IsScalar() {
				all[n] = bits([]float64{v.ScalarValue().(float64)})
				continue
			}
			if !ordered(v) {
				v = v.Materialize().(*tensor.Dense)
			}
			all[n] = bits(v.Float64s())
		}
	}
	return all
}

func bits(x []float64) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, x)
	if err != nil {
		panic(err)
	}
	return b
}

// TestBuffersAreReused: of a chain of a thousand operations two values exist at a time, one
// where the operations are the machine's own.
func TestBuffersAreReused(t *testing.T) {
	for _, c := range []struct {
		name    string
		next    func(x, y *G.Node) (*G.Node, error)
		buffers int
	}{
		{"in place", func(x, y *G.Node) (*G.Node, error) { return G.Add(x, y) }, 1},
		{"into another", func(x, _ *G.Node) (*G.Node, error) { return ops.Affine(x, 1, 1) }, 2},
		{"Gorgonia's elementwise", func(x, _ *G.Node) (*G.Node, error) { return G.Tanh(x) }, 2},
		{"Gorgonia's product", func(x, y *G.Node) (*G.Node, error) { return G.Mul(x, y) }, 2},
		// The result of Reshape shares the memory of its operand.
		{"through aliases", func(x, y *G.Node) (*G.Node, error) {
			flat, err := G.Reshape(x, tensor.Shape{25})
			if err != nil {
				return nil, err
			}
			if flat, err = ops.Affine(flat, 1, 1); err != nil {
				return nil, err
			}
			return G.Reshape(flat, tensor.Shape{5, 5})
		}, 2},
	} {
		p, err := Build(NewParams(1), Settings{DType: tensor.Float64}, func(b *Builder) {
			x, y := b.Input("x", 5, 5), b.Input("y", 5, 5)
			for range 1000 {
				x = b.Check(c.next(x, y))
			}
			b.Output("x", x)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := p.Report().Memory, c.buffers*25*8; got != want {
			t.Errorf("%s: %d bytes of buffers, want %d", c.name, got, want)
		}
	}
}

// TestGorgoniasOperationsAreKnown: what the machine knows of Gorgonia's operations it knows by
// their names; another version of Gorgonia may have others.
func TestGorgoniasOperationsAreKnown(t *testing.T) {
	b := newBuilder(NewParams(1), Settings{DType: tensor.Float64}, 0)
	x, y := b.Input("x", 3, 3), b.Input("y", 3, 3)
	product := b.Check(G.Mul(x, y))
	check := func(n *G.Node, want method) {
		t.Helper()
		if got, _ := methodOf(n, children(b.g, n)); got != want {
			t.Errorf("%v: method %d, want %d", n, got, want)
		}
	}
	check(b.Check(G.Add(x, y)), byAdd)
	check(b.Check(G.Sub(x, y)), bySub)
	check(b.Check(G.HadamardProd(x, y)), byMul)
	check(b.Check(G.Neg(x)), byNeg)
	check(b.Check(G.Exp(x)), byUnsafe)
	check(b.Check(G.HadamardDiv(x, y)), byPrealloc)
	check(product, byGemm)
	sum := b.Check(G.Sum(x))
	spread, err := sum.Op().(G.SDOp).SymDiff(children(b.g, sum), sum, b.Check(G.Sum(y)))
	if err != nil {
		t.Fatal(err)
	}
	check(spread[0], byRepeat)
	grads, err := product.Op().(G.SDOp).SymDiff(children(b.g, product), product, x)
	if err != nil {
		t.Fatal(err)
	}
	check(grads[0], byGemmNT)
	check(grads[1], byGemmTN)
	if lookupOf(b.g) == nil {
		t.Error("Gorgonia's table of nodes is not where it was: building takes time quadratic in the number of nodes")
	}
}
