package nir_test

import (
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/nir"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	inBuild := func(call func(values ...any) []reflect.Value) {
		p, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
			for i, y := range call(b, b.Input("x", 2, 2, 3), b.Input("y", 2, 3), b.Input("z", 2)) {
				if node, ok := y.Interface().(*G.Node); ok && node != nil {
					b.Output(strconv.Itoa(i), node)
				}
			}
		})
		if err == nil {
			p.Run()
			p.Close()
		}
	}
	hostile.API{
		Inside: map[reflect.Type]func(func(...any) []reflect.Value){reflect.TypeFor[*graph.Builder](): inBuild},
		Functions: map[string]any{
			"Compare": nir.Compare, "RandomInput": nir.RandomInput, "Writer": nir.Writer, "Surge": nir.Surge, "Describe": nir.Describe, "Express": nir.Express,
			"Vector": nir.Vector, "Fill": nir.Fill, "Matrix": nir.Matrix, "Integers": nir.Integers, "New": nir.New, "Chain": nir.Chain,
			"ReadMetadata": nir.ReadMetadata, "Guess": nir.Guess, "Warnings": nir.Warnings, "Read": nir.Read, "ReadInputs": nir.ReadInputs, "Compile": nir.Compile,
			"Write": nir.Write, "Encode": nir.Encode,
		},
		Types: []any{
			new(nir.Graph), new(nir.Description), new(nir.Parameter), new(nir.Step), new(nir.Node), new(nir.Metadata),
			new(nir.Net), new(nir.Model), new(nir.Trace),
		},
		Pool: hostile.Of(rand.New(rand.NewPCG(1, 2))),
	}.Test(t)
}
