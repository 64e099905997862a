package models_test

import (
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models"
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
			"Compat": models.Compat, "PeerNeurons": models.PeerNeurons, "Couple": models.Couple[float64], "InSteps": models.InSteps, "Flatten": models.Flatten, "Constant": models.Constant,
			"Normal": models.Normal, "Uniform": models.Uniform, "FanIn": models.FanIn, "Masked": models.Masked, "Xavier": models.Xavier, "Kaiming": models.Kaiming,
			"ScaleToRate": models.ScaleToRate, "Spike": models.Spike, "CountCrossEntropy": models.CountCrossEntropy, "RateCrossEntropy": models.RateCrossEntropy, "MaxMembraneCrossEntropy": models.MaxMembraneCrossEntropy, "CountMSE": models.CountMSE,
			"MembraneMSE": models.MembraneMSE, "FirstSpikeCrossEntropy": models.FirstSpikeCrossEntropy, "FirstSpikeMSE": models.FirstSpikeMSE, "DrawNormal": models.DrawNormal, "SparseMask": models.SparseMask, "Fixed": models.Fixed,
			"Learned": models.Learned, "FormulaOf": models.FormulaOf, "Values": models.Values, "ResetWTAS": models.ResetWTAS,
		},
		Types: []any{
			new(models.ALIF), new(models.AlphaSynapse), new(models.BatchNorm), new(models.PeerNeuron), new(models.Conv), new(models.Delay),
			new(models.DelayedLinear), new(models.DoubleExp), new(models.Dropout), new(models.EIF), new(models.AdEx), new(models.Equations),
			new(models.ExpSyn), new(models.IF), new(models.Image), new(models.FluctuationDriven), new(models.Izhikevich), new(models.LI),
			new(models.LIF), new(models.Linear), new(models.PLIF), new(models.Pool), new(models.Value), new(models.WTASCell),
		},
		Pool: hostile.Of(rand.New(rand.NewPCG(1, 2))),
	}.Test(t)
}
