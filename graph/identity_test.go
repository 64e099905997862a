package graph_test

// How Gorgonia takes different nodes for one, and what a program makes of it: as in
// gorgonia_test.go.

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// TestSliceIdentity: Gorgonia's Slice keeps eight bits of an index in the identity of
// a node.
func TestSliceIdentity(t *testing.T) {
	const T = 300
	values := make([]float64, T)
	for i := range values {
		values[i] = float64(i)
	}
	g := G.NewGraph()
	x := input(g, "x", slices.Clone(values), T, 1)
	if a, b := G.Must(G.Slice(x, G.S(3))), G.Must(G.Slice(x, G.S(259))); a != b {
		t.Error("plain Gorgonia: steps 3 and 259 are different nodes")
	}

	for _, m := range []graph.Machine{graph.OwnMachine, graph.TapeMachine} {
		s := float64s
		s.Machine = m
		p, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
			x := b.Const("x", values, T, 1)
			for _, i := range []int{3, 44, 259, 44 + 256 - 1} {
				b.Output(fmt.Sprint("step ", i), b.Check(G.Slice(x, G.S(i))))
			}
			b.Output("early", b.Check(G.Mean(b.Check(G.Slice(x, G.S(0, 40))))))
			b.Output("late", b.Check(G.Mean(b.Check(G.Slice(x, G.S(256, 296))))))
		})
		if err != nil {
			t.Fatal(err)
		}
		mustRun(t, p)
		for _, i := range []int{3, 44, 259, 299} {
			wantOutput(t, p, fmt.Sprint("step ", i), float64(i))
		}
		wantOutput(t, p, "early", 19.5)
		wantOutput(t, p, "late", 275.5)
	}
	wantBuildError(t, graph.ErrBuild, "a Builder.Check of its own", func(b *graph.Builder) {
		x := b.Const("x", values, T, 1)
		b.Output("y", b.Check(G.Add(G.Must(G.Slice(x, G.S(3))), G.Must(G.Slice(x, G.S(259))))))
	})

	p := build(t, func(b *graph.Builder) {
		x := b.Param("x", fill(values...), T, 1)
		steps := b.Steps(x)
		b.Output("3", steps[3])
		b.Output("259", steps[259])
		b.Output("all", b.StackSteps(slices.Clone(steps)))
		square := make([]*G.Node, T)
		for i := range steps {
			square[i] = b.Check(G.Square(steps[i]))
		}
		b.Loss(b.Check(G.Sum(b.StackSteps(square))))
	})
	wantOutput(t, p, "3", 3)
	wantOutput(t, p, "259", 259)
	wantOutput(t, p, "all", values...)
	for i, g := range p.Grad("x").Float64s() {
		if g != 2*float64(i) {
			t.Fatalf("gradient at step %d is %v, want %v", i, g, 2*i)
		}
	}
}

// TestCoarseIdentities: the identities of some of Gorgonia's operations leave settings out.
func TestCoarseIdentities(t *testing.T) {
	image := func(g *G.ExprGraph) *G.Node { return input(g, "x", nil, 1, 1, 5, 5) }
	conv := func(x *G.Node, dilation int) (*G.Node, error) {
		return G.Im2Col(x, tensor.Shape{1, 1}, tensor.Shape{0, 0}, tensor.Shape{1, 1}, tensor.Shape{dilation, dilation})
	}
	g := G.NewGraph()
	if x := image(g); G.Must(conv(x, 1)) != G.Must(conv(x, 2)) {
		t.Error("plain Gorgonia: columns of two dilations are different nodes")
	}
	v := input(g, "v", nil, 3)
	if G.Must(G.SoftMax(v)) != G.Must(G.LogSoftMax(v)) {
		t.Error("plain Gorgonia: SoftMax and LogSoftMax are different nodes")
	}

	p := build(t, func(b *graph.Builder) {
		x := b.Const("x", []float64{0, math.Ln2}, 2)
		b.Output("softmax", b.Check(G.SoftMax(x)))
		b.Output("log", b.Check(G.LogSoftMax(x)))
	})
	for name, want := range map[string][]float64{"softmax": {1. / 3, 2. / 3}, "log": {-math.Log(3), math.Log(2. / 3)}} {
		for i, y := range p.Output(name).Float64s() {
			if math.Abs(y-want[i]) > 1e-15 { // some roundings of numbers of order one
				t.Errorf("%s: element %d is %v, want %v", name, i, y, want[i])
			}
		}
	}
	// The pieces of the gradient of a concatenation begin at multiples of 256.
	p = build(t, func(b *graph.Builder) {
		var x []*G.Node
		for i := range 3 {
			x = append(x, b.Param(fmt.Sprint(i), models.Constant(1), 256))
		}
		weight := make([]float64, 3*256)
		for i := range weight {
			weight[i] = float64(i)
		}
		b.Loss(b.Check(G.Sum(b.Check(G.HadamardProd(b.Check(G.Concat(0, x...)), b.Const("w", weight, 3*256))))))
	})
	for i := range 3 {
		for k, g := range p.Grad(fmt.Sprint(i)).Float64s() {
			if g != float64(256*i+k) {
				t.Fatalf("gradient of piece %d: element %d is %v", i, k, g)
			}
		}
	}
}

// collidingNames returns two names of which the nodes of the first two inputs [1] under
// salt 0 have one hash.
func collidingNames(t *testing.T) (a, b string) {
	t.Helper()
	prefix := fmt.Sprintf("%v%v", G.TensorType{Dims: 1, Of: tensor.Float64}, tensor.Shape{1})
	hashOf := func(name string) uint32 {
		h := fnv.New32a()
		h.Write([]byte(prefix + name))
		h.Write([]byte{0}) // the number of operands
		return h.Sum32()
	}
	// 2^18 names on each side: 2^36 pairs for 2^32 hashes.
	rng := rand.New(rand.NewPCG(1, 2))
	random := func() string { return strconv.FormatUint(rng.Uint64(), 36) }
	seen := make(map[uint32]string, 1<<18)
	for range 1 << 18 {
		name := random()
		seen[hashOf("0.0 "+name)] = name
	}
	for range 1 << 18 {
		name := random()
		if other, ok := seen[hashOf("0.1 "+name)]; ok {
			return other, name
		}
	}
	t.Fatal("no collision found")
	return "", ""
}

// TestHashCollision: two nodes with one 32-bit hash become one if their operations are
// equal, whatever their operands are.
func TestHashCollision(t *testing.T) {
	nameA, nameB := collidingNames(t)
	g := G.NewGraph()
	a, b := input(g, "0.0 "+nameA, []float64{1}, 1), input(g, "0.1 "+nameB, []float64{2}, 1)
	if a == b || a.Hashcode() != b.Hashcode() {
		t.Fatalf("inputs %v and %v do not collide", a, b)
	}
	if expA, expB := G.Must(G.Exp(a)), G.Must(G.Exp(b)); expA != expB {
		t.Error("plain Gorgonia: the exponentials of colliding inputs are different nodes")
	}

	p := build(t, func(b *graph.Builder) {
		x, y := b.Const(nameA, []float64{1}, 1), b.Const(nameB, []float64{2}, 1)
		b.Output("x", b.Check(ops.Affine(x, 2, 0)))
		b.Output("y", b.Check(ops.Affine(y, 2, 0)))
	})
	wantOutput(t, p, "x", 2)
	wantOutput(t, p, "y", 4)
	if p.Report().Salts != 3 {
		t.Errorf("%d builds, want 3: the first one has merged nodes", p.Report().Salts)
	}
}

// TestEqualHashesOfDifferentNodes: Gorgonia's compiler takes nodes of one hash for one,
// even where the graph has kept them apart.
func TestEqualHashesOfDifferentNodes(t *testing.T) {
	nameA, nameB := collidingNames(t)
	g := G.NewGraph()
	a, b := input(g, "0.0 "+nameA, []float64{1}, 1), input(g, "0.1 "+nameB, []float64{2}, 1)
	sum := G.Must(G.Add(a, b))
	run(t, g)
	if got := sum.Value().Data().([]float64)[0]; got == 3 {
		t.Error("plain Gorgonia: the sum of colliding inputs is right")
	}

	p := build(t, func(b *graph.Builder) {
		x, y := b.Const(nameA, []float64{1}, 1), b.Const(nameB, []float64{2}, 1)
		b.Output("sum", b.Check(G.Add(x, y)))
	})
	wantOutput(t, p, "sum", 3)
}

// TestInputsOfOneName: inputs of equal type, shape and name, as all without a name, are
// one node.
func TestInputsOfOneName(t *testing.T) {
	g := G.NewGraph()
	if a, b := input(g, "x", nil, 2), input(g, "x", nil, 2); a != b {
		t.Error("plain Gorgonia: inputs of one name are different nodes")
	}
	unnamed := func() *G.Node { return G.NewTensor(g, tensor.Float64, 1, G.WithShape(2)) }
	if a, b := unnamed(), unnamed(); a != b {
		t.Error("plain Gorgonia: inputs without a name are different nodes")
	}

	p := build(t, func(b *graph.Builder) {
		// An input, a constant and a parameter may share a name; two inputs may not.
		x, c, w := b.Input("x", 2), b.Const("x", []float64{1, 2}, 2), b.Param("x", fill(3, 4), 2)
		b.Output("sum", b.Check(G.Add(b.Check(G.Add(x, c)), w)))
	})
	wantOutput(t, p, "sum", 4, 6)
	wantBuildError(t, graph.ErrBuild, `two of input "x"`, func(b *graph.Builder) { b.Input("x", 2); b.Input("x", 2) })
	wantBuildError(t, graph.ErrBuild, "input without a name", func(b *graph.Builder) { b.Input("", 2) })
}

// TestMergedConstants: constants that print alike are one node.
func TestMergedConstants(t *testing.T) {
	long := func(last float64) []float64 {
		v := make([]float64, 1000)
		v[500] = last
		return v
	}
	g := G.NewGraph()
	zero := input(g, "zero", nil, 1000)
	constant := func(last float64) *G.Node {
		return G.NewConstant(tensor.New(tensor.WithShape(1000), tensor.WithBacking(long(last))))
	}
	a, b := G.Must(G.Add(zero, constant(1))), G.Must(G.Add(zero, constant(2)))
	sumA, sumB := G.Must(G.Sum(a)), G.Must(G.Sum(b))
	run(t, g)
	if sumA.Value().Data() != sumB.Value().Data() {
		t.Error("plain Gorgonia: constants that print alike are told apart")
	}

	p := build(t, func(b *graph.Builder) {
		b.Output("a", b.Check(G.Sum(b.Const("a", long(1), 1000))))
		b.Output("b", b.Check(G.Sum(b.Const("b", long(2), 1000))))
	})
	wantOutput(t, p, "a", 1)
	wantOutput(t, p, "b", 2)
	wantBuildError(t, graph.ErrBuild, "use Builder.Const", func(b *graph.Builder) {
		x := b.Input("x", 1000)
		b.Output("a", b.Check(G.Add(x, G.NewConstant(tensor.New(tensor.WithShape(1000), tensor.WithBacking(long(1)))))))
	})
	wantBuildError(t, graph.ErrBuild, `constant "k"`, func(b *graph.Builder) {
		b.Output("a", b.Check(G.Add(b.Input("x"), G.NewConstant(0.5, G.WithName("k")))))
	})
}
