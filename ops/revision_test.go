package ops_test

import (
	"errors"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// listener is a kernel that keeps what it is told of its input.
type listener struct {
	heard []bool
	fail  bool
}

func (*listener) Name() string { return "listener" }
func (*listener) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{in[0].Clone()}, nil
}
func (k *listener) Stays(_ int, yes bool)               { k.heard = append(k.heard, yes) }
func (*listener) Backward(_, _, _, _ [][]float64) error { return nil }
func (k *listener) Forward(in, out [][]float64) error {
	copy(out[0], in[0])
	if k.fail {
		return errors.New("asked to fail")
	}
	return nil
}

// TestFollower: a kernel hears that its input stays from one run to the next, unless it was set,
// the run before failed, or somebody holds the array.
func TestFollower(t *testing.T) {
	var k *listener
	p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, NoGrad: true}, func(b *graph.Builder) {
		k = &listener{}
		y := b.CheckAll(ops.Apply(ops.Kernels{Float64: k}, nil, b.Input("x", 2)))
		b.Output("y", y[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		change func() error
		stays  bool
	}{
		{func() error { return nil }, false},
		{func() error { return nil }, true},
		{func() error { return p.Set("x", []float64{1, 2}) }, false},
		{func() error { return nil }, true},
		{func() error { k.fail = true; return nil }, true},
		{func() error { k.fail = false; return nil }, false},
		{func() error { return nil }, true},
		{func() error { p.Input("x").Float64s()[0] = 3; return nil }, false},
		{func() error { return nil }, false},
		{func() error { return p.Set("x", []float64{1, 2}) }, false},
		{func() error { return nil }, false},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); (err != nil) != k.fail {
			t.Fatal(err)
		}
		if len(k.heard) != i+1 || k.heard[i] != step.stays {
			t.Fatalf("run %d: heard %v, want %v", i, k.heard, step.stays)
		}
	}
}
