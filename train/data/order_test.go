package data

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func orderOf(t interface{ Fatal(...any) }, o Order, epoch uint64) []int {
	out := make([]int, o.N)
	for i := range out {
		at, err := o.At(epoch, i)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = at
	}
	return out
}

func TestOrderIsAPermutation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Order{rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 3000).Draw(t, "n")}
		seen := make([]bool, o.N)
		for i, at := range orderOf(t, o, rapid.Uint64().Draw(t, "epoch")) {
			if at < 0 || at >= o.N || seen[at] {
				t.Fatalf("position %d of %d: sample %d is out of range or occurs twice", i, o.N, at)
			}
			seen[at] = true
		}
	})
}

func TestOrderIndex(t *testing.T) {
	for _, i := range []int{-1, 5, 6} {
		if _, err := (Order{N: 5}).At(0, i); !errors.Is(err, ErrIndex) {
			t.Errorf("position %d of 5: error %v, want ErrIndex", i, err)
		}
	}
	// The largest domain has no overflow: any answer in range will do.
	big := Order{Seed: 1, N: math.MaxInt}
	if at, err := big.At(0, big.N-1); err != nil || at < 0 {
		t.Errorf("last position of %d: sample %d, error %v", big.N, at, err)
	}
}

// TestOrderOfFive counts all 120 permutations of 5 samples over 24000 epochs, 200
// expected for each. Chi-square with 119 degrees of freedom has mean 119 and standard
// deviation sqrt(2·119) = 15.4; the bound is 6 of them above.
func TestOrderOfFive(t *testing.T) {
	const epochs = 24000
	counts := map[[5]int]int{}
	for epoch := range uint64(epochs) {
		counts[[5]int(orderOf(t, Order{7, 5}, epoch))]++
	}
	chi := 0.0
	for _, c := range counts { // the order of the sum does not matter to the bound
		chi += (float64(c) - 200) * (float64(c) - 200) / 200
	}
	chi += float64(120-len(counts)) * 200 // permutations that never came
	if chi > 212 {
		t.Errorf("chi-square %.0f over %d permutations seen, want at most 212", chi, len(counts))
	}
}

// TestOrderPositions counts which of 40 samples is at which position over 4000
// epochs: 1600 cells, 100 expected in each, (40-1)² degrees of freedom. Mean 1521,
// standard deviation 55.2, bound 6 of them above. The same for consecutive seeds in
// epoch 0, and for the distance between neighbours, which must be uniform over
// 1..39 (mod 40): 38 degrees of freedom, mean 38, standard deviation 8.7.
func TestOrderPositions(t *testing.T) {
	const n, runs = 40, 4000
	for _, vary := range []string{"epoch", "seed"} {
		var counts [n][n]int
		var steps [n]int
		for run := range uint64(runs) {
			o, epoch := Order{3, n}, run
			if vary == "seed" {
				o.Seed, epoch = run, 0
			}
			order := orderOf(t, o, epoch)
			for i, at := range order {
				counts[i][at]++
			}
			for i := range n - 1 {
				steps[(order[i+1]-order[i]+n)%n]++
			}
		}
		chi := 0.0
		for i := range n {
			for at := range n {
				d := float64(counts[i][at]) - runs/n
				chi += d * d / (runs / n)
			}
		}
		if chi > 1521+6*55.2 {
			t.Errorf("over %ss: chi-square %.0f of positions, want at most %.0f", vary, chi, 1521+6*55.2)
		}
		chi = 0
		for _, c := range steps[1:] {
			d := float64(c) - runs // 39 neighbours, 39 distances
			chi += d * d / runs
		}
		if chi > 38+6*8.7 {
			t.Errorf("over %ss: chi-square %.0f of neighbours, want at most %.0f", vary, chi, 38+6*8.7)
		}
	}
}

// TestOrderEpochsDiffer counts the positions at which two epochs have the same
// sample. For unrelated permutations the count has a Poisson distribution of mean 1;
// more than 15 have a chance of 2e-14.
func TestOrderEpochsDiffer(t *testing.T) {
	o := Order{Seed: 1, N: 5000}
	first := orderOf(t, o, 0)
	for _, other := range [][]int{orderOf(t, o, 1), orderOf(t, o, 1<<40), orderOf(t, Order{2, o.N}, 0)} {
		same := 0
		for i := range first {
			if first[i] == other[i] {
				same++
			}
		}
		if same > 15 {
			t.Errorf("%d of %d positions are the same in two epochs, want at most 15", same, o.N)
		}
	}
}

func BenchmarkOrder(b *testing.B) {
	p := Order{1, 60000}.epoch(0)
	for i := range b.N {
		p.at(i % 60000)
	}
}
