package graph_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// network is a recurrent network with a readout, over steps time steps. initial, where
// it is not nil, gives the states of the hidden layer as constants.
func network(steps int, initial [][]float64) func(b *graph.Builder) {
	return func(b *graph.Builder) {
		x := b.Input("x", steps, 9, 5)
		l := models.LIF{TauMem: models.Learned(5e-3), TauSyn: models.Learned(4e-3), VTh: models.Learned(0.5), Recurrent: true}
		for i, v := range initial {
			l.Initial = append(l.Initial, b.Const(fmt.Sprintf("initial/%d", i), v, 9, 7))
		}
		h := l.Apply(b, "h", models.Linear{Out: 7, Bias: true}.Apply(b, "w", x))
		b.Output("spikes", h.Spikes)
		b.Output("vmem", h.Vmem)
		sum := b.Check(ops.SumOverTime(h.Vmem))
		b.Loss(b.Check(ops.SoftmaxCrossEntropy(sum, b.Const("class", []float64{0, 1, 2, 3, 4, 5, 6, 0, 1}, 9))))
	}
}

// drive is an input of network with some events.
func drive(steps int) []float64 {
	x := make([]float64, steps*9*5)
	for i := range x {
		if i%3 == 0 {
			x[i] = 2 + math.Sin(float64(i))
		}
	}
	return x
}

func setup(t *testing.T, params *graph.Params, s graph.Settings, model func(b *graph.Builder), x []float64) *graph.Program {
	t.Helper()
	p, err := graph.Build(params, s, model)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Set("x", x); err != nil {
		t.Fatal(err)
	}
	return p
}

func mustRun(t *testing.T, p *graph.Program) {
	t.Helper()
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
}

// everySetting calls f for both engines and dtypes.
func everySetting(t *testing.T, f func(t *testing.T, s graph.Settings)) {
	for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			t.Run(fmt.Sprintf("%v %v", engine, dt), func(t *testing.T) { f(t, graph.Settings{Engine: engine, DType: dt}) })
		}
	}
}

// TestCarriedState: a sequence that is cut in two, with the state carried over, gives the
// same forward values, bit for bit. The gradient of the second half is that of a graph
// whose initial state is a constant: nothing flows back through the cut.
func TestCarriedState(t *testing.T) {
	const T = 10
	everySetting(t, func(t *testing.T, s graph.Settings) {
		params, x := graph.NewParams(3), drive(T)
		whole := setup(t, params, s, network(T, nil), x)
		mustRun(t, whole)
		half := setup(t, params, s, network(T/2, nil), x[:len(x)/2])
		mustRun(t, half)
		check := func(name string, lo, hi int) {
			t.Helper()
			want := values(whole.Output(name))[lo:hi]
			if got := values(half.Output(name)); !slices.Equal(got, want) {
				t.Errorf("%q differs between the whole and a part", name)
			}
		}
		n := T / 2 * 9 * 7
		check("spikes", 0, n)
		check("vmem", 0, n)
		state := half.FinalState()
		var initial [][]float64
		for _, name := range []string{"h/vmem", "h/isyn", "h/spikes"} {
			initial = append(initial, values(state[name]))
		}
		if err := half.SetState(state); err != nil {
			t.Fatal(err)
		}
		if err := half.Set("x", x[len(x)/2:]); err != nil {
			t.Fatal(err)
		}
		mustRun(t, half)
		check("spikes", n, 2*n)
		check("vmem", n, 2*n)
		for name, want := range whole.FinalState() {
			if !slices.Equal(values(half.FinalState()[name]), values(want)) {
				t.Errorf("final state %q differs", name)
			}
		}
		if slices.Max(values(whole.Output("spikes"))) != 1 {
			t.Error("no neuron has fired: the test shows nothing")
		}

		constant := setup(t, params, s, network(T/2, initial), x[len(x)/2:])
		mustRun(t, constant)
		for _, name := range constant.Report().Trained {
			if !slices.Equal(values(half.Grad(name)), values(constant.Grad(name))) {
				t.Errorf("gradient of %q differs from that with a constant initial state", name)
			}
		}
	})
}

// result returns all numbers of a run as bytes.
func result(t *testing.T, p *graph.Program) []byte {
	t.Helper()
	var b bytes.Buffer
	write := func(d *tensor.Dense) {
		if err := binary.Write(&b, binary.LittleEndian, d.Data()); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range p.Outputs() {
		write(p.Output(name))
	}
	for _, name := range p.Report().Trained {
		write(p.Grad(name))
	}
	if err := binary.Write(&b, binary.LittleEndian, p.Loss()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDeterminism: the same seed gives the same bytes in every build and for any number
// of CPUs.
func TestDeterminism(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	everySetting(t, func(t *testing.T, s graph.Settings) {
		var want []byte
		for _, cpus := range []int{1, 2, 3, 8, 8} {
			runtime.GOMAXPROCS(cpus)
			p := setup(t, graph.NewParams(3), s, network(5, nil), drive(5))
			for range 3 {
				mustRun(t, p)
				got := result(t, p)
				if want == nil {
					want = got
				}
				if !bytes.Equal(got, want) {
					t.Fatalf("another result with %d CPUs", cpus)
				}
			}
		}
		other := setup(t, graph.NewParams(4), s, network(5, nil), drive(5))
		mustRun(t, other)
		if bytes.Equal(result(t, other), want) {
			t.Error("another seed gives the same result")
		}
	})
}

// TestOneMachineForManyRuns: many runs of one program, with other data, states and
// parameters each time, equal runs of fresh programs.
func TestOneMachineForManyRuns(t *testing.T) {
	everySetting(t, func(t *testing.T, s graph.Settings) {
		runs, every := 1000, 125
		if s.Engine == graph.UnrolledEngine {
			runs, every = 200, 50
		}
		params := graph.NewParams(3)
		x := drive(3)
		p := setup(t, params, s, network(3, nil), x)
		for run := range runs {
			for i := range x {
				x[i] = 2 * math.Abs(math.Sin(float64(i*run)))
			}
			if err := p.Set("x", x); err != nil {
				t.Fatal(err)
			}
			state := p.FinalState()
			if run%2 == 0 {
				state = nil
			}
			if err := p.SetState(state); err != nil {
				t.Fatal(err)
			}
			if run%every == every-1 {
				fresh := setup(t, params, s, network(3, nil), x)
				if err := fresh.SetState(state); err != nil {
					t.Fatal(err)
				}
				mustRun(t, fresh)
				mustRun(t, p)
				if !bytes.Equal(result(t, p), result(t, fresh)) {
					t.Fatalf("run %d differs from that of a fresh program", run)
				}
			} else {
				mustRun(t, p)
			}
			for _, name := range p.Report().Trained { // a step of gradient descent
				descend(params.Value(name), p.Grad(name))
			}
		}
	})
}

func descend(x, g *tensor.Dense) {
	const rate = 1e-3
	if x.Dtype() == tensor.Float32 {
		for i, v := range g.Float32s() {
			x.Float32s()[i] -= rate * v
		}
		return
	}
	for i, v := range g.Float64s() {
		x.Float64s()[i] -= rate * v
	}
}

// TestBatchIsSumOfSamples: rows of a batch do not see each other: the gradient of a mean
// over the batch is the mean of the gradients of single samples.
func TestBatchIsSumOfSamples(t *testing.T) {
	const T, B, N = 6, 5, 3
	model := func(rows int) func(b *graph.Builder) {
		return func(b *graph.Builder) {
			h := models.LIF{TauMem: models.Learned(5e-3), Recurrent: true}.Apply(b, "h", models.Linear{Out: 4}.Apply(b, "w", b.Input("x", T, rows, N)))
			b.Loss(b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.SumOverTime(h.Vmem)), b.Input("class", rows))))
		}
	}
	params := graph.NewParams(1)
	x, class := make([]float64, T*B*N), []float64{0, 1, 2, 3, 1}
	for i := range x {
		x[i] = 1.5 * math.Abs(math.Sin(float64(3*i)))
	}
	batch := setup(t, params, float64s, model(B), x)
	if err := batch.Set("class", class); err != nil {
		t.Fatal(err)
	}
	mustRun(t, batch)
	sum, loss := map[string][]float64{}, 0.0
	single, err := graph.Build(params, float64s, model(1))
	if err != nil {
		t.Fatal(err)
	}
	for row := range B {
		one := single.Input("x").Float64s()
		for step := range T {
			copy(one[step*N:(step+1)*N], x[(step*B+row)*N:])
		}
		if err := single.Set("class", class[row:row+1]); err != nil {
			t.Fatal(err)
		}
		mustRun(t, single)
		loss += single.Loss() / B
		for _, name := range single.Report().Trained {
			if sum[name] == nil {
				sum[name] = make([]float64, single.Grad(name).DataSize())
			}
			for i, g := range single.Grad(name).Float64s() {
				sum[name][i] += g / B
			}
		}
	}
	// Sums of some 100 terms in another order.
	const tolerance = 1e-13
	if math.Abs(loss-batch.Loss()) > tolerance*loss {
		t.Errorf("loss %v, mean over the samples %v", batch.Loss(), loss)
	}
	for name, want := range sum {
		for i, g := range batch.Grad(name).Float64s() {
			if math.Abs(g-want[i]) > tolerance*(1+math.Abs(want[i])) {
				t.Errorf("gradient of %q: element %d is %v, mean over the samples %v", name, i, g, want[i])
			}
		}
	}
}

// TestStepsAndStackSteps: steps that were stacked come back as the nodes that they were.
func TestStepsAndStackSteps(t *testing.T) {
	build(t, func(b *graph.Builder) {
		x := b.Input("x", 3, 2)
		steps := b.Steps(x)
		if !slices.Equal(b.Steps(x), steps) || !slices.Equal(b.Steps(b.StackSteps(steps)), steps) {
			t.Error("Steps gives new nodes for known steps")
		}
		b.Output("x", b.Check(G.Neg(x)))
	})
}
