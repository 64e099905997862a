package dynapse

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPadding: steps without input behind the end of the samples, whose records no loss sees,
// change no bit of a record before it and of a gradient. (SurgeT, and with it SurgeMixed, moves a
// spike in the bin behind the end back before it.)
func TestPadding(t *testing.T) {
	for _, rule := range []Rule{Rockpool, Surge, SurgeS} {
		rng := rand.New(rand.NewPCG(uint64(rule), 3))
		const n, steps, rows = 3, 30, 2
		w := newWorkload(rng, n, steps, rows, around(rng, n, 1.5, adapting()), true)
		w.input = poisson(rng, len(w.input), 0.5, 4)
		w.net.Params[Ispkthr] = []float64{2e-8}
		w.net.Rule = rule
		var found []string
		for _, times := range []int{1, 10} {
			w.t = steps * times
			input := append(slices.Clone(w.input), make([]float64, (times-1)*len(w.input))...)
			r, err := w.net.Simulate(Input{T: w.t, B: rows, Counts: input})
			if err != nil {
				t.Fatal(err)
			}
			if spikes := r.Spikes[:n*steps*rows]; slices.Max(spikes) < 1 {
				t.Fatalf("%v: no spikes: the test says nothing", rule)
			}
			c := Cotangents{Records: Records{Spikes: slices.Clone(w.weights[0])}}
			if rule != Surge {
				c.Imem = slices.Clone(w.weights[3])
			}
			for _, x := range []*[]float64{&c.Spikes, &c.Imem} {
				if *x != nil {
					*x = append(*x, make([]float64, (times-1)*len(*x))...)
				}
			}
			g, err := r.Gradient(c)
			if err != nil {
				t.Fatalf("%v: %v", rule, err)
			}
			for _, later := range g.Input[n*steps*rows:] {
				if later != 0 {
					t.Fatalf("%v: input behind the end has the gradient %v", rule, later)
				}
			}
			text := fmt.Sprintf("%x %x", r.Spikes[:n*steps*rows], g.WRec)
			for p := range Param(NumParams) {
				text += fmt.Sprintf("\n%v %x", p, g.Params[p])
			}
			found = append(found, text+fmt.Sprintf("\n%x", g.Input[:n*steps*rows]))
		}
		if found[0] != found[1] {
			t.Errorf("%v: in a window ten times as long\n%s\nwant\n%s", rule, found[1], found[0])
		}
	}
}
