// Command sharedcore finds the currents that the neurons of a core share. Transistors differ, and
// so no neuron has quite the currents that the core is set to: a fit of one neuron finds its own.
// The fit of all 64 finds those of the core, with an interval for each. The program prints both
// beside the truth, and draws currents.png: how far off they are, with the neurons differing by 5,
// 10 and 20 %.
//
//	go run ./examples/sharedcore
//
// The same fit without a program, of 16 neurons:
//
//	surge fit examples/sharedcore/fit.toml
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/plot"
)

const (
	steps  = 200 // of 1 ms
	smooth = 4   // that many currents act smoothly; Ispkthr and Iref, in steps, are known as intervals
)

// shared are the fitted currents, and truth what the core is set to, A.
var (
	shared = []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.ItauSyn, dynapse.IgainSyn, dynapse.Ispkthr, dynapse.Iref}
	truth  = []float64{4.1e-12, 2.8e-11, 6.2e-11, 7.3e-9, 8.1e-8, 2.7e-10}
)

// record returns a recording of a core of n neurons that differ by mismatch, a relative standard
// deviation, in all currents and constants of their layout. Each has its own Poisson input of 40
// Hz.
func record(n int, mismatch float64, seed uint64) (fit.Recording, error) {
	core := dynapse.Network{N: n}
	for i, p := range shared {
		core.Params[p] = []float64{truth[i]}
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	chip, err := dynapse.Mismatch{Percent: mismatch}.Frozen(core, 1, rng)
	if err != nil {
		return fit.Recording{}, err
	}
	r := fit.Recording{Name: "core", T: steps, B: 1, Input: make([]float64, steps*n)}
	for i := range r.Input {
		if rng.Float64() < 0.04 {
			r.Input[i] = 1
		}
	}
	run, err := chip.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		return fit.Recording{}, err
	}
	r.Target[fit.Imem], r.Target[fit.Spikes] = run.Imem, run.Spikes
	r.Use[fit.Imem], r.Use[fit.Spikes] = true, true
	return r, nil
}

// first returns the recording of neuron 0 alone.
func first(r fit.Recording, n int) fit.Recording {
	column := func(v []float64) (out []float64) {
		for i := 0; i < len(v); i += n {
			out = append(out, v[i])
		}
		return out
	}
	r.Input = column(r.Input)
	for q := range r.Target {
		r.Target[q] = column(r.Target[q])
	}
	return r
}

// run fits the currents of a core of n neurons from the defaults.
func run(r fit.Recording, n int) (*fit.Result, error) {
	return fit.Run(context.Background(), fit.Experiment{
		Space:      fit.Space{Network: dynapse.Network{N: n}, Params: shared},
		Recordings: []fit.Recording{r},
	}, fit.Settings{DAC: true})
}

func main() {
	neurons := flag.Int("neurons", 64, "neurons of the core")
	picture := flag.String("picture", "currents.png", "file to draw")
	flag.Parse()
	figure := plot.Curves{XLabel: "difference between neurons (%)", Panels: make([]plot.Panel, smooth)}
	for i, p := range shared[:smooth] {
		figure.Panels[i] = plot.Panel{YLabel: p.String() + " off (%)", Lines: []plot.Line{{Name: "all neurons"}, {Name: "one neuron"}}}
	}
	for _, mismatch := range []float64{0.05, 0.1, 0.2} {
		r, err := record(*neurons, mismatch, 1)
		if err != nil {
			log.Fatal(err)
		}
		all, err := run(r, *neurons)
		if err != nil {
			log.Fatal(err)
		}
		one, err := run(first(r, *neurons), 1)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%2.0f %%      %10s %34s %35s\n", 100*mismatch, "core", "all neurons", "one neuron")
		for i, p := range shared {
			fmt.Printf("%-9s %8.3g A", p, truth[i])
			for k, res := range []*fit.Result{all, one} {
				v, in := res.Parameter(p.String()).Value, res.Parameter(p.String()).Interval
				off := 100 * (v/truth[i] - 1)
				fmt.Printf("  %8.3g A %+3.0f %% (%8.3g to %8.3g)", v, off, in[0], in[1])
				if i < smooth {
					l := &figure.Panels[i].Lines[k]
					l.X, l.Y = append(l.X, 100*mismatch), append(l.Y, math.Abs(off))
				}
			}
			fmt.Println()
		}
	}
	if err := figure.Write(*picture); err != nil {
		log.Fatal(err)
	}
}
