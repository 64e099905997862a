package ops_test

import (
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	g := G.NewGraph()
	node := func(name string, dt tensor.Dtype, shape ...int) *G.Node {
		return G.NewTensor(g, dt, len(shape), G.WithShape(shape...), G.WithName(name))
	}
	input, err := ops.NewInput(tensor.Float64, tensor.Shape{2, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	pool := hostile.Of(input, node("a", tensor.Float64, 2, 3), node("b", tensor.Float64, 2, 3, 2), node("c", tensor.Float32, 3), node("d", tensor.Int, 2),
		G.NewScalar(g, tensor.Float64, G.WithName("s")), new(G.Node), node("other", tensor.Float64, 1),
		tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{1, 2})), surrogate.ATan{}, surrogate.Triangle{})
	functions := map[string]any{
		"Floor": ops.Floor, "FloorSlope": ops.FloorSlope[float64], "AtLeast": ops.AtLeast, "Where": ops.Where, "Decay": ops.Decay, "Approach": ops.Approach, "Exp": ops.Exp, "ExpFrom": ops.ExpFrom, "FromLog": ops.FromLog[float32],
		"Affine": ops.Affine, "Detach": ops.Detach, "Apply": ops.Apply, "SoftmaxCrossEntropy": ops.SoftmaxCrossEntropy, "MSE": ops.MSE,
		"Moments": ops.Moments, "MomentsUntil": ops.MomentsUntil, "Normalise": ops.Normalise, "Slice": ops.Slice[float32], "SumOverTime": ops.SumOverTime, "MeanOverTime": ops.MeanOverTime,
		"Cut": ops.Cut, "NewInput": ops.NewInput, "Place": ops.Place, "MaxOverTime": ops.MaxOverTime, "LastStep": ops.LastStep, "FirstSpikeTime": ops.FirstSpikeTime, "Unstack": ops.Unstack, "Stack": ops.Stack,
		"Rows": ops.Rows, "Spread": ops.Spread, "Softmax": ops.Softmax, "SoftmaxRow": ops.SoftmaxRow[float64], "SoftmaxRowGradient": ops.SoftmaxRowGradient[float64],
		"SumUnits": ops.SumUnits, "Settle": ops.Settle, "NewRevision": ops.NewRevision, "Follow": ops.Follow, "LastUntil": ops.LastUntil, "MaxUntil": ops.MaxUntil, "MeanUntil": ops.MeanUntil, "SumUntil": ops.SumUntil, "Until": ops.Until, "FirstSpikeUntil": ops.FirstSpikeUntil, "SparsityUntil": ops.SparsityUntil, "MeasureOf": ops.MeasureOf, "HeldCurrent": ops.HeldCurrent, "ScaleUnits": ops.ScaleUnits, "Take": ops.Take, "Tap": ops.Tap, "TapOf": ops.TapOf[float64], "Winner": ops.Winner, "WinnerRow": ops.WinnerRow[float32], "Spike": ops.Spike, "Sparsity": ops.Sparsity, "Silence": ops.Silence, "StochasticSpike": ops.StochasticSpike, "FiringCounts": ops.FiringCounts[float64], "SmoothSpike": ops.SmoothSpike, "Heaviside": ops.Heaviside[float64],
	}
	hostile.API{Functions: functions, Pool: pool, Types: []any{ops.StepPWL{}, ops.RateBounds{}, ops.Firing{}, ops.VoltageBounds{}, &ops.Input{}, &ops.Revision{}}}.Test(t)
}
