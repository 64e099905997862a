package train

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
)

// TestRevive: neurons that are silent for all samples of an epoch get larger weights at its end, by
// the documented number, others and earlier ones do not, and the count goes on in saved parameters.
func TestRevive(t *testing.T) {
	m := smallEvents(1, false)
	const revive = 0.25
	m.Layers[0].Silence, m.Layers[0].Revive = 0, revive
	w := m.Layers[0].Layer.In.Weight
	for i := range 5 { // neuron 3 has no input at all, and so never spikes
		w[i*10+3] = 0
	}
	params := graph.NewParams(1)
	net, err := m.Build(params)
	if err != nil {
		t.Fatal(err)
	}
	set := eventBatches(yinYang(t, 6, 42), 4) // batches of 4 and 2
	if _, err := net.Gradient(set, 0, 0); err != nil {
		t.Fatal(err)
	}
	in, silent := params.Value("hidden/w").Float64s(), params.Value("hidden/silent").Float64s()
	if in[3] != 0 || silent[3] != 4 {
		t.Errorf("after 4 of 6 samples the weight is %v and the count %v, want 0 and 4", in[3], silent[3])
	}
	// a run that goes on with the parameters does the same
	saved := params.Clone()
	again, err := m.Build(saved)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []*EventNetwork{net, again} {
		before := slices.Clone(n.Params().Value("hidden/w").Float64s())
		if _, err := n.Gradient(set, 0, 1); err != nil {
			t.Fatal(err)
		}
		kappa := 0.25 // (1/2)^2
		want := revive / (kappa * 5)
		for k, x := range n.Params().Value("hidden/w").Float64s() {
			rise := x - before[k]
			if k%10 == 3 && math.Abs(rise-want) > 1e-15 || k%10 != 3 && silent[k%10] < 2 && rise != 0 {
				t.Errorf("weight %d rises by %v", k, rise)
			}
		}
		if c := n.Params().Value("hidden/silent").Float64s()[3]; c != 0 {
			t.Errorf("the count is %v after a revival, want 0", c)
		}
	}
	tree, err := Tree(params, namesOf(net.Grads()))
	if err != nil {
		t.Fatal(err)
	}
	h := watch(net, tree)
	silent[0] = 55000 // samples
	if w := h.epoch(Epoch{}, Sums{}); len(w) != 0 {
		t.Errorf("a count is taken for a weight: %v", w)
	}
	in[0] = 55000
	if w := h.epoch(Epoch{}, Sums{}); len(w) != 1 {
		t.Errorf("a weight of 55000: %v", w)
	}
	set.Shards = 2
	if _, err := net.Gradient(set, 0, 0); !errors.Is(err, ErrSettings) {
		t.Errorf("in shards: %v", err)
	}
	m.Layers[0].Existence = eventprop.Existence{Weight: 1}
	if _, err := m.Build(graph.NewParams(1)); !errors.Is(err, ErrSettings) {
		t.Errorf("existence without a margin: %v", err)
	}
}
