package dynapse

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestClip: a bound that no row reaches changes nothing but rounding, in batches of several groups
// of rows; a bound of 1 scales the rows above the median, and the gradient of the input with them.
func TestClip(t *testing.T) {
	for _, rule := range []Rule{SurgeT, SurgeMixed} {
		rng := rand.New(rand.NewPCG(uint64(rule), 5))
		const n, steps, rows = 20, 25, 40
		w := newWorkload(rng, n, steps, rows, around(rng, n, 1.5, adapting()), true)
		w.input = poisson(rng, len(w.input), 0.5, 4)
		w.net.Params[Ispkthr] = []float64{2e-8}
		w.net.Rule = rule
		gradient := func(clip float64) *Gradient {
			w.net.Clip = clip
			_, r := w.run(t, w.net, w.input, State{})
			g, err := r.Gradient(w.cotangents())
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		free, loose, tight := gradient(0), gradient(1e200), gradient(1)
		for p := range Param(NumParams) {
			if e := worst(loose.Params[p], free.Params[p]); !(e <= 1e-11) {
				t.Errorf("%v: a bound that no row reaches changes %v by %v", rule, p, e)
			}
		}
		if !slices.Equal(loose.Input, free.Input) || slices.Equal(tight.Input, free.Input) || slices.Equal(tight.Params[ItauMem], free.Params[ItauMem]) {
			t.Errorf("%v: the gradient of the input does not follow the bound", rule)
		}
	}
}
