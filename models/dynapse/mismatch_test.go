package dynapse

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

// TestSamplesAreChips: chips that are simulated as one batch give, bit for bit, what each gives on
// its own, and gradients that add up in the order of the rows.
func TestSamplesAreChips(t *testing.T) {
	const chips, n, steps, rows = 3, 4, 60, 2 // rows per chip
	rng := rand.New(rand.NewPCG(2, 2))
	w := newWorkload(rng, n, steps, rows, adapting(), true)
	net, err := Mismatch{Percent: 0.1}.Frozen(w.net, chips, rng)
	if err != nil {
		t.Fatal(err)
	}
	if net, err = (Mismatch{Percent: 0.1}).Dynamic(net, rng); err != nil {
		t.Fatal(err)
	}
	net.Rule = SurgeS
	tile := func(x []float64) []float64 { // for all chips
		var y []float64
		for s := range steps {
			for range chips {
				y = append(y, x[s*rows*n:(s+1)*rows*n]...)
			}
		}
		return y
	}
	all, err := net.Simulate(Input{T: steps, B: chips * rows, Counts: tile(w.input)})
	if err != nil {
		t.Fatal(err)
	}
	c := Cotangents{Records: Records{Spikes: tile(w.weights[0])}, LnImem: tile(w.weights[1])}
	g, err := all.Gradient(c)
	if err != nil {
		t.Fatal(err)
	}
	for chip := range chips {
		one := net
		one.Samples = 1
		for p := range one.Params {
			if len(one.Params[p]) > 1 {
				one.Params[p] = one.Params[p][chip*n : (chip+1)*n]
			}
		}
		one.WRec = net.WRec[chip*n*n : (chip+1)*n*n]
		r, err := one.Simulate(Input{T: steps, B: rows, Counts: w.input})
		if err != nil {
			t.Fatal(err)
		}
		for s := range steps {
			at := (s*chips + chip) * rows * n
			if !slices.Equal(all.Imem[at:at+rows*n], r.Imem[s*rows*n:(s+1)*rows*n]) {
				t.Fatalf("chip %d differs in step %d", chip, s)
			}
		}
		g1, err := r.Gradient(Cotangents{Records: Records{Spikes: w.weights[0]}, LnImem: w.weights[1]})
		if err != nil {
			t.Fatal(err)
		}
		// Sums over rows in another order: 1e-13 of the largest.
		if e := worst(g.Params[ItauMem][chip*n:(chip+1)*n], g1.Params[ItauMem]); !(e < 1e-13) {
			t.Errorf("chip %d: gradient of Itau_mem differs by %v", chip, e)
		}
		if e := worst(g.WRec[chip*n*n:(chip+1)*n*n], g1.WRec); !(e < 1e-13) {
			t.Errorf("chip %d: gradient of w_rec differs by %v", chip, e)
		}
	}
}

// TestMismatchStatistics: the deviations have the mean and width of the package's draws, with
// errors of 1/sqrt(draws).
func TestMismatchStatistics(t *testing.T) {
	const draws = 120 * 200
	rng := rand.New(rand.NewPCG(1, 1))
	net, err := Mismatch{Percent: 0.3, SigmaRule: 3}.Frozen(Network{N: 120, WRec: make([]float64, 120*120)}, 200, rng)
	if err != nil {
		t.Fatal(err)
	}
	for p, v := range net.Params {
		if Param(p) == Iscale || Param(p) == Dt || p >= NumSingle {
			if v != nil {
				t.Errorf("%v deviates", Param(p))
			}
			continue
		}
		var sum, squares float64
		for _, x := range v {
			d := x/Param(p).Default() - 1
			sum, squares = sum+d, squares+d*d
		}
		// five standard errors of 0.1/sqrt(draws) and 0.1/sqrt(2 draws)
		if mean, std := sum/draws, math.Sqrt(squares/draws); len(v) != draws || math.Abs(mean) > 3.3e-3 || math.Abs(std-0.1) > 2.3e-3 {
			t.Errorf("%v: %d draws, mean %v, width %v", Param(p), len(v), mean, std)
		}
	}
	again, _ := Mismatch{Percent: 0.3, SigmaRule: 3}.Frozen(Network{N: 120}, 200, rand.New(rand.NewPCG(1, 1)))
	if !slices.Equal(again.Params[Vth], net.Params[Vth]) {
		t.Error("the same source gives other chips")
	}
	if _, err := (Mismatch{Percent: 5}).Frozen(Network{N: 120}, 1, rng); err == nil {
		t.Error("no error for negative currents")
	}
}

// TestDeviationsInLayer: a layer of chips that differ is the network of Frozen with the same draws,
// and the gradient of a value that they deviate from is the sum over the chips; recurrent weights
// may be those of each chip. 1e-12 for the logarithms of what is learned.
func TestDeviationsInLayer(t *testing.T) {
	const n, chips = 3, 2
	w := newWorkload(rand.New(rand.NewPCG(2, 30)), n, 50, 2*chips, adapting(), true)
	w.net.Rule, w.net.Substeps = SurgeS, 2
	m := Mismatch{Percent: 0.1}
	frozen, err := m.Frozen(w.net, chips, rand.New(rand.NewPCG(3, 30)))
	if err != nil {
		t.Fatal(err)
	}
	if frozen, err = m.Dynamic(frozen, rand.New(rand.NewPCG(4, 30))); err != nil {
		t.Fatal(err)
	}
	_, r := w.run(t, frozen, w.input, State{})
	for _, forced := range []bool{false, true} {
		if forced {
			w.forced = r.Spikes
			_, r = w.run(t, frozen, w.input, State{})
		}
		g, err := r.Gradient(w.cotangents())
		if err != nil {
			t.Fatal(err)
		}
		d, err := m.Deviations(n, chips, false, rand.New(rand.NewPCG(3, 30)))
		if err != nil {
			t.Fatal(err)
		}
		l := Neurons{Params: w.net.Params, Deviations: d, Rule: SurgeS, Substeps: 2, Learn: []Param{ItauMem, IgainSyn, Ut}, Share: PerNeuron}
		p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64}, func(b *graph.Builder) {
			l := l
			l.RecWeights = b.Param("w", func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, frozen.WRec) }, chips, n, n)
			if forced {
				l.Forced = b.Const("recorded", w.forced, w.t, w.b, n)
			}
			y := l.Apply(b, "chip", b.Param("x", func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, w.input) }, w.t, w.b, n))
			var loss *G.Node
			for i, out := range []*G.Node{y.Spikes, y.LnImem, y.Vmem(b), y.Isyn(b), y.Iahp(b)} {
				part := b.Check(G.Sum(b.Check(G.HadamardProd(out, b.Const("w"+Param(i).String(), w.weights[i], w.t, w.b, n)))))
				if loss == nil {
					loss = part
				} else {
					loss = b.Check(G.Add(loss, part))
				}
			}
			b.Output("vmem", y.Vmem(b))
			b.Output("imem", y.Imem(b))
			b.Loss(loss)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		check := func(name string, got, want []float64) {
			if e := worst(got, want); !(e <= 1e-12) {
				t.Errorf("forced %v: %s differs by %v", forced, name, e)
			}
		}
		check("vmem", p.Output("vmem").Float64s(), r.Vmem)
		check("imem", p.Output("imem").Float64s(), r.Imem)
		check("input", p.Grad("x").Float64s(), g.Input)
		check("w_rec", p.Grad("w").Float64s(), g.WRec)
		for _, q := range l.Learn {
			sum := make([]float64, n)
			for e, x := range g.Log(q) {
				sum[e%n] += x
			}
			check(q.String(), p.Grad("chip/log_"+q.String()).Float64s(), sum)
		}
		p.Close()
	}
	for want, d := range map[string]*Deviations{
		"4 rows for 3 samples":               {Samples: 3},
		"2 deviations of Itau_mem, want 6":   {Samples: 2, Factors: [NumParams][]float64{ItauMem: {1, 1}}},
		"Itau_mem = -":                       {Samples: 1, Factors: [NumParams][]float64{ItauMem: {1, -1, 1}}},
		"a layer of chips, and none of them": nil,
	} {
		p, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
			y := Neurons{Deviations: d, Learn: []Param{ItauMem}}.Apply(b, "chip", b.Input("x", 2, 4, n))
			b.Loss(b.Check(G.Sum(y.Spikes)))
		})
		if err == nil {
			err = p.Run()
		}
		if d != nil && (err == nil || !strings.Contains(err.Error(), want)) || d == nil && err != nil {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
