package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/ops"
)

// network is two hidden layers and a readout, large enough that weights are read in several
// panels and tasks.
type network struct {
	share     float64 // of the inputs that are not zero
	graded    bool    // they are numbers, not ones
	recurrent bool
	learned   bool // parameters of the neurons, too
	record    bool // sequences that pass between the layers
	dtype     tensor.Dtype
	engine    graph.Engine
}

func (n network) String() string {
	return fmt.Sprintf("share=%v,graded=%v,recurrent=%v,learned=%v", n.share, n.graded, n.recurrent, n.learned)
}

// build returns the program, with its inputs set.
func (n network) build(t *testing.T) *graph.Program {
	t.Helper()
	const T, B, in, hidden, classes = 5, 7, 900, 150, 3
	p, err := graph.Build(graph.NewParams(3), graph.Settings{DType: n.dtype, Engine: n.engine}, func(b *graph.Builder) {
		x := b.Input("x", T, B, in)
		first, second := LIF{TauMem: Fixed(10e-3)}, LIF{TauSyn: Fixed(5e-3), Reset: ToValue, Recurrent: n.recurrent}
		out := LI{TauSyn: Fixed(5e-3)}
		if n.learned {
			first.TauMem, first.VTh = Learned(10e-3).PerNeuron(), Learned(1)
			second.TauSyn, second.VReset = Learned(5e-3), Learned(-0.1)
			out.TauMem, out.TauSyn = Learned(20e-3).PerNeuron(), Learned(5e-3)
		}
		h := first.Apply(b, "first", Linear{Out: hidden, Bias: true, Init: FanIn(0, 3)}.Apply(b, "first/w", x))
		g := second.Apply(b, "second", Linear{Out: 70, Init: FanIn(0, 30)}.Apply(b, "second/w", h.Spikes))
		y := out.Apply(b, "out", Linear{Out: classes, Bias: true}.Apply(b, "out/w", g.Spikes))
		if n.record {
			b.Output("first", h.Spikes)
			b.Output("vmem", h.Vmem)
			b.Output("second", g.Spikes)
		}
		b.Loss(b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.MaxOverTime(y.Vmem)), b.Input("class", B))))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	rng := rand.New(rand.NewPCG(5, 5))
	x, class := make([]float64, T*B*in), make([]float64, B)
	for i := range x {
		if rng.Float64() < n.share {
			x[i] = 1
			if n.graded {
				x[i] = rng.NormFloat64()
			}
		}
	}
	for i := range class {
		class[i] = float64(i % classes)
	}
	for name, v := range map[string][]float64{"x": x, "class": class} {
		if err := p.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func networks() []network {
	var all []network
	for k := range 8 {
		n := network{recurrent: k&1 != 0, learned: k&2 != 0, share: 0.02, dtype: tensor.Float64}
		if k&4 != 0 {
			n.share, n.graded = 0.9, true
		}
		all = append(all, n)
	}
	return append(all, network{share: 0.1, graded: true, recurrent: true, dtype: tensor.Float64})
}

// TestNetworkEngines: loss and gradients of networks whose layers exchange streams are those
// of the unrolled engine, whether or not the sequences are recorded.
func TestNetworkEngines(t *testing.T) {
	for _, n := range networks() {
		t.Run(n.String(), func(t *testing.T) {
			fused := n.build(t)
			n.record = true
			recorded := n.build(t)
			n.engine = graph.UnrolledEngine
			unrolled := n.build(t)
			for _, p := range []*graph.Program{fused, recorded, unrolled} {
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
			}
			spikes := 0
			for _, s := range recorded.Output("second").Float64s() {
				if s != 0 {
					spikes++
				}
			}
			if spikes < 20 {
				t.Fatalf("%d spikes in the second layer, too few to test anything", spikes)
			}
			for _, name := range []string{"first", "second", "vmem"} {
				near(t, name, recorded.Output(name).Float64s(), unrolled.Output(name).Float64s())
			}
			for _, name := range unrolled.Report().Trained {
				near(t, name, recorded.Grad(name).Float64s(), unrolled.Grad(name).Float64s())
				for i, v := range recorded.Grad(name).Float64s() {
					if w := fused.Grad(name).Float64s()[i]; v != w {
						t.Fatalf("gradient of %s[%d] is %v with records, %v without", name, i, v, w)
					}
				}
			}
			if fused.Loss() != recorded.Loss() || math.Abs(fused.Loss()-unrolled.Loss()) > 1e-12 {
				t.Errorf("loss %v, %v with records, %v unrolled", fused.Loss(), recorded.Loss(), unrolled.Loss())
			}
		})
	}
}

// TestNetworkReport: the report says how dense the input of each layer was, and how its products
// were computed.
func TestNetworkReport(t *testing.T) {
	for _, n := range []network{{share: 0.02, recurrent: true, record: true, dtype: tensor.Float64}, {share: 0.9, graded: true, record: true, dtype: tensor.Float64}} {
		p := n.build(t)
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		share := func(x []float64) float64 {
			count := 0
			for _, v := range x {
				if v != 0 {
					count++
				}
			}
			return float64(count) / float64(len(x))
		}
		want := map[string]float64{"first/w": share(p.Input("x").Float64s()), "second/w": share(p.Output("first").Float64s()), "out/w": share(p.Output("second").Float64s())}
		if n.recurrent {
			want["second"] = want["out/w"]
		}
		for _, l := range p.Report().Layers {
			events := want[l.Name] > 0 && (l.Name != "first/w" || n.share < denseFrom)
			if l.Density != want[l.Name] || l.Events != events {
				t.Errorf("%v: %s has density %v, events %v, want %v, %v", n, l.Name, l.Density, l.Events, want[l.Name], events)
			}
		}
	}
}

// near compares to 1e-12 of the largest number: sums are taken in another order.
func near(t *testing.T, name string, got, want []float64) {
	t.Helper()
	top := 0.0
	for _, v := range want {
		top = max(top, math.Abs(v))
	}
	for i, v := range want {
		if !(math.Abs(got[i]-v) <= 1e-12*top) {
			t.Fatalf("%s[%d] is %v, unrolled %v", name, i, got[i], v)
		}
	}
}

// TestNetworkWorkers: the number of processors has no influence on a bit.
func TestNetworkWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range networks() {
		n.dtype = tensor.Float32
		p := n.build(t)
		var first map[string][]float32
		for _, cpus := range []int{1, 2, 3, 8} {
			runtime.GOMAXPROCS(cpus)
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			now := map[string][]float32{}
			for _, name := range p.Report().Trained {
				now[name] = append([]float32(nil), p.Grad(name).Float32s()...)
			}
			if first == nil {
				first = now
			}
			for name, want := range first {
				for i, v := range now[name] {
					if v != want[i] {
						t.Fatalf("%v: gradient of %s[%d] is %v with %d processors, %v with one", n, name, i, v, cpus, want[i])
					}
				}
			}
		}
	}
}

// TestNetworkAllocations: after warm-up a run allocates nothing, on one processor and on several.
func TestNetworkAllocations(t *testing.T) {
	if race.Detector {
		t.Skip("the race detector empties pools")
	}
	for _, n := range networks() {
		n.dtype = tensor.Float32
		p := n.build(t)
		run := func() {
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if allocs := testing.AllocsPerRun(3, run); allocs > 0 {
			t.Errorf("%v: %v allocations in a run on one processor", n, allocs)
		}
		// AllocsPerRun itself runs on one processor. On several, goroutines of the run-time system
		// may be new, and what one processor has put in a pool another does not find: some objects,
		// where one for each goroutine of each operation would be more than twenty.
		var before, after runtime.MemStats
		run()
		runtime.ReadMemStats(&before)
		const runs = 10
		for range runs {
			run()
		}
		runtime.ReadMemStats(&after)
		if got := after.Mallocs - before.Mallocs; got >= 5*runs {
			t.Errorf("%v: %d allocations in %d runs", n, got, runs)
		}
	}
}
