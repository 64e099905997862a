package optim_test

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/optim"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	leaf := optim.Leaf{Name: "w", F64: []float64{1, 2}}
	tree := optim.Tree{leaf}
	state := optim.Adam{}.Init(tree)
	pool := hostile.Of(leaf, tree, state, &state, optim.Adam{}, optim.SGD{}, optim.Constant(1), optim.Chain{optim.Scale{}}, []float64{1, 2}, []float32{1})
	functions := map[string]any{"NewLeaf": optim.NewLeaf, "Apply": optim.Apply, "Vector": optim.Vector, "AdamW": optim.AdamW, "Weigh": optim.Weigh}
	hostile.API{Functions: functions, Pool: pool, Types: []any{leaf, tree, state, optim.Slot{}, optim.Adam{}, optim.SGD{}, optim.Chain{}, optim.Scale{}, optim.ScaleBySchedule{},
		optim.ClipByGlobalNorm{}, optim.ClipByValue{}, optim.WeightDecay{}, optim.Masked{}, optim.SkipNonFinite{}, optim.Constant(0), optim.Cosine{}, optim.Exponential{},
		optim.RMSProp{}, optim.Adagrad{}, optim.Lion{}, optim.Lookahead{}, optim.Accumulate{}, optim.Groups{}, optim.ClipByNorm{}, optim.Box{}, optim.Reparam{}, optim.Plateau{},
		optim.Steps{}, optim.Linear{}, optim.Join{}, optim.WarmUp{}, optim.OneCycle{}, optim.LogMap{}, optim.SoftplusMap{}, optim.BoxMap{}}}.Test(t)
}
