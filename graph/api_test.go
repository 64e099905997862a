package graph_test

import (
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means. What a Builder is
// asked for inside of Build ends in an error of Build.
func TestNoPanic(t *testing.T) {
	params := graph.NewParams(1)
	model := func(b *graph.Builder) { b.Loss(b.Check(G.Sum(b.Param("w", fill(1, 2), 2)))) }
	prog, err := graph.Build(params, graph.Settings{}, model)
	if err != nil {
		t.Fatal(err)
	}
	pool := hostile.Of(params, model, tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{1, 2})), tensor.Float32, tensor.Float64, tensor.Int,
		func(dst []float64, _ []int, _ *rand.Rand) { clear(dst) }, prog, prog.FinalState())
	functions := map[string]any{
		"Build": func(p *graph.Params, s graph.Settings, m func(*graph.Builder)) {
			s.Logger = nil
			s.Frozen = nil
			if q, err := graph.Build(p, s, m); err == nil {
				q.Run()
			}
		},
		"NewParams": graph.NewParams, "CheckNames": graph.CheckNames, "ParseEngine": graph.ParseEngine, "ParseMachine": graph.ParseMachine,
	}
	hostile.API{Skip: map[string]string{"Builder": "exists inside of Build alone, which makes an error of every panic: see TestNilNodes"}, Functions: functions, Pool: pool, Types: []any{graph.Params{}, graph.Program{}, graph.Engine(0), graph.Machine(0)}}.Test(t)
}

// TestNilNodes: nodes that are nil are errors of the build.
func TestNilNodes(t *testing.T) {
	for name, model := range map[string]func(b *graph.Builder){
		"Loss":        func(b *graph.Builder) { b.Loss(nil) },
		"Output":      func(b *graph.Builder) { b.Output("x", nil) },
		"Steps":       func(b *graph.Builder) { b.Steps(nil) },
		"StackSteps":  func(b *graph.Builder) { b.StackSteps([]*G.Node{nil}) },
		"Scan":        func(b *graph.Builder) { b.Scan("s", nil, []*G.Node{nil}, nil) },
		"Scan inputs": func(b *graph.Builder) { b.Scan("s", nil, []*G.Node{b.Input("x", 2, 2, 2)}, []*G.Node{nil}) },
		"Update":      func(b *graph.Builder) { b.Update("w", nil) },
		"Draw":        func(b *graph.Builder) { b.Draw("w", nil, 2) },
		"Param":       func(b *graph.Builder) { b.Param("w", nil, 2) },
		"Fail":        func(b *graph.Builder) { b.Fail(nil) },
		"Check":       func(b *graph.Builder) { b.Output("x", b.Check(nil, nil)) },
	} {
		if _, err := graph.Build(graph.NewParams(1), float64s, model); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
