package graph_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/bench/gradcheck"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/race"
)

// TestMachines runs every row of the table of gradient checks on both machines, twice: all
// bits are the same, in float64: the own machine sums float32 with float64 inside.
func TestMachines(t *testing.T) {
	machines := []graph.Machine{graph.OwnMachine, graph.TapeMachine}
	if race.Detector {
		machines = machines[:1] // the other is Gorgonia's, which runs one operation at a time
	}
	for _, c := range gradcheck.Table() {
		if c.Gorgonia && testing.Short() {
			continue // hundreds of rows, each of one operation
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
				params := graph.NewParams(1)
				var want []byte
				for _, m := range machines {
					s := graph.Settings{Engine: engine, DType: tensor.Float64, Twin: true, Machine: m}
					p, err := graph.Build(params, s, c.Model)
					if m == graph.TapeMachine && (err != nil && strings.Contains(err.Error(), "the tape machine computes a wrong value") || tapeFails(c.Name)) {
						continue
					}
					if err != nil {
						t.Fatalf("%v, %v: %v", engine, m, err)
					}
					for range 2 {
						p.SetRun(0)
						mustRun(t, p)
						got := result(t, p)
						if want == nil {
							want = got
						}
						if !bytes.Equal(got, want) {
							t.Errorf("%v, %v: other numbers than on the own machine", engine, m)
						}
					}
				}
			}
		})
	}
}

// TestMachinesInFloat32: in float32 every row gives the same numbers on both machines but for the
// roundings of sums, which the own one adds up in float64.
func TestMachinesInFloat32(t *testing.T) {
	if race.Detector {
		t.Skip("compares numbers: TestMachines runs the same programs")
	}
	for _, c := range gradcheck.Table() {
		if c.Gorgonia || strings.HasPrefix(c.Name, "equation.") {
			continue // single operations, whose sums are of a few numbers; layers of float64 alone
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			params := graph.NewParams(1)
			var own *graph.Program
			for _, m := range []graph.Machine{graph.OwnMachine, graph.TapeMachine} {
				p, err := graph.Build(params, graph.Settings{Twin: true, Machine: m}, c.Model)
				if err != nil {
					t.Fatal(err)
				}
				mustRun(t, p)
				if own == nil {
					own = p
				}
				// Sums of at most some hundred numbers, a few in a row.
				if d := apart(p, own); d > 1000*0x1p-24 {
					t.Errorf("%v: a result is %.2g of its largest number away from that of the own machine", m, d)
				}
			}
		})
	}
}

// apart returns by how much the results of two programs differ at most, as a share of the largest
// number of the record or gradient at hand.
func apart(p, q *graph.Program) (most float64) {
	compare := func(a, b []float64) {
		largest := 0.0
		for _, v := range b {
			largest = max(largest, math.Abs(v))
		}
		for i, v := range a {
			if d := math.Abs(v - b[i]); d > 0 {
				most = max(most, d/largest)
			}
		}
	}
	for _, name := range p.Outputs() {
		compare(values(p.Output(name)), values(q.Output(name)))
	}
	for _, name := range p.Report().Trained {
		compare(values(p.Grad(name)), values(q.Grad(name)))
	}
	return most
}

// tapeFails says whether Gorgonia's tape machine cannot run a row: it has another type for the
// element that At takes out, and for a slice of one element, and writes over the operand of a
// reshaped mean.
func tapeFails(row string) bool {
	if strings.HasPrefix(row, "gorgonia.Slice/") {
		return slices.ContainsFunc([]string{" [3×1]", " [1×3]", " [1×1×4]", " [1×1]"}, func(s string) bool { return strings.HasSuffix(row, s) })
	}
	return strings.HasPrefix(row, "gorgonia.At/") || strings.HasPrefix(row, "gorgonia.KeepDims/")
}

// TestGradientEqualsGorgonias compares the gradients with those that Gorgonia's Grad
// builds, on the same table, but for the rows about operations whose derivatives are replaced.
func TestGradientEqualsGorgonias(t *testing.T) {
	if race.Detector {
		t.Skip("compares numbers: TestMachines runs the same programs")
	}
	for _, c := range gradcheck.Table() {
		if c.Gorgonia {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
				params := graph.NewParams(1)
				s := graph.Settings{Engine: engine, DType: tensor.Float64, Twin: true}
				compareWithGorgonia(t, params, s, c.Model)
			}
		})
	}
}

// TestCheckpointOfTheTable: every model of the table, cut into segments of two time steps, gives
// the bits of the whole.
func TestCheckpointOfTheTable(t *testing.T) {
	for _, c := range gradcheck.Table() {
		if c.Gorgonia {
			continue // no layers to cut
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			params := graph.NewParams(1)
			s := graph.Settings{Engine: graph.UnrolledEngine, DType: tensor.Float64, Twin: true}
			var want []byte
			for _, s.Checkpoint = range []int{0, 2} {
				p, err := graph.Build(params, s, c.Model)
				if err != nil {
					t.Fatal(err)
				}
				mustRun(t, p)
				if want == nil {
					want = result(t, p)
				}
				if !bytes.Equal(result(t, p), want) {
					t.Error("other bits than with the whole sequence")
				}
			}
		})
	}
}
