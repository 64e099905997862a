package models

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
)

// weighted is the loss Σ w x with random weights.
func weighted(b *graph.Builder, x *G.Node) *G.Node {
	w := b.Const("weights", normal("weights", x.Shape().TotalSize()), x.Shape()...)
	return b.Check(G.Sum(b.Check(G.HadamardProd(x, w))))
}

// compete runs a layer of n units on a current j and returns its records by name.
func compete(t testing.TB, s graph.Settings, l WTASCell, steps, rows, n int, j []float64) map[string][]float64 {
	p, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
		y := l.Apply(b, "wta", b.Input("j", steps, rows, n))
		b.Output("s", y.Spikes)
		b.Output("v", y.V)
		b.Output("vp", y.Prob)
		b.Output("thr", y.Thr)
		b.Output("rfr", y.Rfr)
		b.Output("tols", y.Tols)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	evaluate(t, p, map[string][]float64{"j": j})
	records := map[string][]float64{}
	for _, o := range p.Outputs() {
		records[o] = numbers(p.Output(o))
	}
	return records
}

// TestWTASProperties runs layers of random size and settings in float64 on random currents and
// checks every step against the definition.
func TestWTASProperties(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		steps, rows, n := rapid.IntRange(1, 12).Draw(r, "T"), rapid.IntRange(1, 3).Draw(r, "B"), rapid.IntRange(1, 5).Draw(r, "N")
		seed := rapid.Uint64().Draw(r, "seed")
		s := graph.Settings{
			Engine: graph.Engine(rapid.IntRange(0, 1).Draw(r, "engine")), DType: tensor.Float64,
			Dt: rapid.SampledFrom([]float64{1e-3, 0.25, 1}).Draw(r, "dt"),
		}
		base := rapid.Float64Range(0.02, 0.6).Draw(r, "thr")
		gain := rapid.Float64Range(0, 0.2).Draw(r, "gain")
		l := WTASCell{
			ResistM: Fixed(2), Thr: Fixed(base), ThrGain: Fixed(gain), RefractTime: float64(rapid.IntRange(0, 3).Draw(r, "refractory")) * s.Dt,
			T0: 5, Hard: rapid.Bool().Draw(r, "hard"), ExcludeRefractory: rapid.Bool().Draw(r, "exclude"),
		}
		rng := random.New(seed, "j")
		j := make([]float64, steps*rows*n)
		for i := range j {
			j[i] = random.Normal(rng)
		}
		y := compete(t, s, l, steps, rows, n, j)
		for b := range rows {
			thr, rfr, tols := make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range n {
				thr[i], rfr[i] = base, l.RefractTime
			}
			for k := range steps {
				at := (k*rows + b) * n
				share, e, best := 0.0, make([]float64, n), -1
				for i := range n {
					ready := rfr[i] >= l.RefractTime
					v := 0.0
					if ready {
						v = 2 * j[at+i]
					}
					if y["v"][at+i] != v {
						r.Fatalf("step %d, row %d, unit %d: v = %v, want %v", k, b, i, y["v"][at+i], v)
					}
					if ready || !l.ExcludeRefractory {
						e[i] = math.Exp(v)
						share += e[i]
						if x := y["vp"][at+i] - thr[i]; best < 0 || x > y["vp"][at+best]-thr[best] {
							best = i
						}
					}
				}
				fired := 0.0
				for i := range n {
					vp := 0.0
					if share > 0 {
						vp = e[i] / share
					}
					if math.Abs(y["vp"][at+i]-vp) > 1e-14 { // exponentials of another argument
						r.Fatalf("step %d, row %d, unit %d: vp = %v, want %v", k, b, i, y["vp"][at+i], vp)
					}
					want := 0.0
					if e[i] > 0 && (l.Hard && i == best || !l.Hard && y["vp"][at+i] > thr[i]) {
						want = 1
					}
					if y["s"][at+i] != want {
						r.Fatalf("step %d, row %d, unit %d: s = %v, want %v", k, b, i, y["s"][at+i], want)
					}
					fired += want
				}
				if l.Hard && share > 0 && fired != 1 {
					r.Fatalf("step %d, row %d: %v winners, want 1", k, b, fired)
				}
				for i := range n {
					thr[i] = math.Max(thr[i]+float64((fired-1)*gain), 0.025)
					if y["s"][at+i] == 1 {
						rfr[i], tols[i] = s.Dt, 5+float64(float64(k)*s.Dt)
					} else {
						rfr[i] = (math.Round(rfr[i]/s.Dt) + 1) * s.Dt // whole steps, not a sum of them
					}
					if y["thr"][at+i] != thr[i] || y["rfr"][at+i] != rfr[i] || y["tols"][at+i] != tols[i] {
						r.Fatalf("step %d, row %d, unit %d: thr, rfr, tols = %v, %v, %v, want %v, %v, %v",
							k, b, i, y["thr"][at+i], y["rfr"][at+i], y["tols"][at+i], thr[i], rfr[i], tols[i])
					}
				}
			}
		}
	})
}

// A refractory unit of the package still wins; without its part in the competition it does not.
func TestWTASRefractory(t *testing.T) {
	// The first unit fires in step 0. Then its v is 0, which beats -9 by far.
	j := []float64{9, -9, 9, -9, 9, -9}
	for _, s := range engines {
		s.Dt = 1
		l := WTASCell{RefractTime: 2}
		if y := compete(t, s, l, 3, 1, 2, j); !slices.Equal(y["s"], []float64{1, 0, 1, 0, 1, 0}) {
			t.Errorf("%s: spikes %v, want the first unit in all steps", label(s), y["s"])
		}
		l.ExcludeRefractory = true
		if y := compete(t, s, l, 3, 1, 2, j); !slices.Equal(y["s"], []float64{1, 0, 0, 1, 1, 0}) {
			t.Errorf("%s: spikes %v, want the second unit while the first is refractory", label(s), y["s"])
		}
		// Nobody is ready in step 1: nobody fires.
		l.RefractTime = 3
		if y := compete(t, s, l, 3, 1, 1, []float64{1, 1, 1}); !slices.Equal(y["s"], []float64{1, 0, 0}) {
			t.Errorf("%s: spikes %v of one unit, want 1, 0, 0", label(s), y["s"])
		}
		l.Hard = true
		if y := compete(t, s, l, 3, 1, 1, []float64{1, 1, 1}); !slices.Equal(y["s"], []float64{1, 0, 0}) {
			t.Errorf("%s: winners %v of one unit, want 1, 0, 0", label(s), y["s"])
		}
	}
}

func TestWTASJitter(t *testing.T) {
	thresholds := func(seed uint64, name string, base ...float64) []float64 {
		params := graph.NewParams(1)
		p, err := graph.Build(params, graph.Settings{DType: tensor.Float64}, func(b *graph.Builder) {
			b.Loss(weighted(b, WTASCell{Thr: Learned(base...), ThrJitter: 0.05, Seed: seed}.Apply(b, name, b.Input("j", 2, 1, 200)).Spikes))
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		return numbers(params.Value(name + "/thr"))
	}
	x := thresholds(1, "a", 0.4)
	lo, hi := slices.Min(x), slices.Max(x)
	// 200 uniform numbers: the extremes are within 10 % of the ends but for a chance of 0.9^200
	// each.
	if lo < 0.35 || lo > 0.36 || hi > 0.45 || hi < 0.44 {
		t.Errorf("thresholds from %v to %v, want 0.35 to 0.45", lo, hi)
	}
	if !slices.Equal(x, thresholds(1, "a", 0.4)) {
		t.Error("the same seed gives other thresholds")
	}
	if slices.Equal(x, thresholds(2, "a", 0.4)) || slices.Equal(x, thresholds(1, "b", 0.4)) {
		t.Error("another seed or layer gives the same thresholds")
	}
}

// Both resets: SetState(nil) is rest, ResetWTAS keeps the thresholds.
func TestWTASResets(t *testing.T) {
	const steps, n = 6, 4
	j := normal("j", steps*n)
	l := WTASCell{Thr: Fixed(0.1), ThrGain: Fixed(0.02), RefractTime: 2.5e-3}
	for _, s := range engines {
		p := build(t, s, func(b *graph.Builder) {
			y := l.Apply(b, "wta", b.Input("j", steps, 1, n))
			b.Output("thr", y.Thr)
			b.Output("rfr", y.Rfr)
			b.Output("tols", y.Tols)
		})
		evaluate(t, p, map[string][]float64{"j": j})
		thr := numbers(p.FinalState()["wta/thr"])
		rest, err := ResetWTAS(p.FinalState(), "wta")
		if err != nil {
			t.Fatal(err)
		}
		if numbers(p.FinalState()["wta/rfr"])[0] == 0 {
			t.Error("ResetWTAS changed its argument")
		}
		if err := p.SetState(rest); err != nil {
			t.Fatal(err)
		}
		evaluate(t, p, nil)
		kept := compete(t, s, WTASCell{Thr: Fixed(thr...), ThrGain: l.ThrGain, RefractTime: l.RefractTime}, steps, 1, n, j)
		for _, name := range []string{"thr", "rfr", "tols"} {
			if got := numbers(p.Output(name)); !slices.Equal(got, kept[name]) {
				t.Errorf("%s: %s after ngc-learn's reset %v, want %v", label(s), name, got, kept[name])
			}
		}
		if _, err := ResetWTAS(rest, "other"); !errors.Is(err, ErrParameter) {
			t.Errorf("reset of an unknown layer: error %v", err)
		}
	}
}

// The loss of coupled layers is the loss of the same layers with the voltages of the steps before
// as data.
func TestCoupleSeesTheVoltageOfTheStepBefore(t *testing.T) {
	const steps, rows, n = 6, 2, 3
	x := normal("x", steps*rows*4)
	l := AlphaSynapse{Out: n, SynRest: Fixed(1.5), GSynBar: Fixed(0.3)}
	w := WTASCell{Thr: Fixed(0.3), RefractTime: 2.5e-3}
	for _, s := range engines {
		params := graph.NewParams(1)
		var outputs [2]map[string][]float64
		var v []float64
		for i := range outputs {
			p, err := graph.Build(params, s, func(b *graph.Builder) {
				in := b.Input("x", steps, rows, 4)
				var y AlphaCurrents
				var h Winners
				if i == 0 {
					y, h = Couple(b, "h", l, in, w)
				} else {
					apart := l
					apart.V = b.Input("v", steps, rows, n)
					y = apart.Apply(b, "h/syn", in)
					h = w.Apply(b, "h", y.Isyn)
				}
				b.Output("i", y.Isyn)
				b.Output("v", h.V)
				b.Output("s", h.Spikes)
			})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			inputs := map[string][]float64{"x": x}
			if i == 1 {
				inputs["v"] = append(make([]float64, rows*n), v[:len(v)-rows*n]...)
			}
			evaluate(t, p, inputs)
			outputs[i] = map[string][]float64{}
			for _, o := range p.Outputs() {
				outputs[i][o] = numbers(p.Output(o))
			}
			v = outputs[i]["v"]
		}
		if fmt.Sprint(outputs[0]) != fmt.Sprint(outputs[1]) {
			t.Errorf("%s: coupled\n%v\nwith the voltage as data\n%v", label(s), outputs[0], outputs[1])
		}
	}
}

// The surrogate reaches the weights in front of the competition: learning makes the wanted unit
// win.
func TestWTASLearns(t *testing.T) {
	for _, s := range engines[:2] {
		params := graph.NewParams(1)
		p, err := graph.Build(params, s, func(b *graph.Builder) {
			x := b.Const("x", slices.Repeat([]float64{1, 0, 0.5}, 10), 10, 1, 3)
			y := WTASCell{ThrGain: Fixed(0)}.Apply(b, "wta", Linear{Out: 4}.Apply(b, "w", x))
			// One spike of unit 2 costs -1, of any other +1.
			b.Output("s", y.Spikes)
			b.Loss(b.Check(G.Sum(b.Check(G.HadamardProd(y.Spikes, b.Const("cost", slices.Repeat([]float64{1, 1, -1, 1}, 10), 10, 1, 4))))))
		})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for range 200 {
			evaluate(t, p, nil)
			w, g := params.Value("w").Float64s(), p.Grad("w").Float64s()
			for i := range w {
				w[i] -= 0.1 * g[i]
			}
		}
		evaluate(t, p, nil)
		if got := numbers(p.Output("s")); !slices.Equal(got, slices.Repeat([]float64{0, 0, 1, 0}, 10)) {
			t.Errorf("%s: spikes after learning %v, want unit 2 in every step", label(s), got)
		}
	}
}
