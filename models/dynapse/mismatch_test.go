package dynapse

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSamplesAreChips: chips that are simulated as one batch give, bit for bit, what each gives on its own, and gradients that
// add up in the order of the rows.
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
	all, err := net.Simulate(steps, chips*rows, tile(w.input), State{}, nil)
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
		r, err := one.Simulate(steps, rows, w.input, State{}, nil)
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

// TestMismatchStatistics: the deviations have the mean and width of the package's draws, with errors of 1/sqrt(draws).
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
