package dynapse_test

import (
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/dynapse"
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
			"SpikeCount": dynapse.SpikeCount, "VanRossum": dynapse.VanRossum, "TraceError": dynapse.TraceError, "ParseParam": dynapse.ParseParam, "PerCore": dynapse.PerCore, "ParseRule": dynapse.ParseRule,
		},
		Types: []any{
			new(dynapse.Effect), new(dynapse.Gradient), new(dynapse.Mismatch), new(dynapse.Network), new(dynapse.Run), new(dynapse.Neurons),
			new(dynapse.Traces), new(dynapse.Param), new(dynapse.Params), new(dynapse.Rule),
		},
		Pool: hostile.Of(rand.New(rand.NewPCG(1, 2))),
	}.Test(t)
}
