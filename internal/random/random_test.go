package random

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// TestSeedMessage writes the hashed message out by hand, byte by byte, for one
// path: the definition of a stream must not drift, or no old run can be repeated.
func TestSeedMessage(t *testing.T) {
	msg, err := hex.DecodeString("0400000000000000" + // len("init")
		"696e6974" + // "init"
		"2a00000000000000" + // seed 42
		"0700000000000000" + "0001000000000000") // 7, 256
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(msg)
	word := func(b []byte) (w uint64) {
		for i := 7; i >= 0; i-- {
			w = w<<8 | uint64(b[i])
		}
		return w
	}
	want := rand.NewPCG(word(h[0:8]), word(h[8:16]))
	got := New(42, "init", 7, 256)
	for i := range 10 {
		if g, w := got.Uint64(), want.Uint64(); g != w {
			t.Fatalf("draw %d: got %#x, want %#x", i, g, w)
		}
	}
}

// TestStreamsDiffer draws pairs of paths; the first words agree if and only if
// the paths do (a false alarm has a chance of 2^-64 per pair).
func TestStreamsDiffer(t *testing.T) {
	type path struct {
		seed  uint64
		name  string
		index []uint64
	}
	draw := rapid.Custom(func(t *rapid.T) path {
		small := rapid.Uint64Range(0, 2)
		return path{small.Draw(t, "seed"), rapid.StringMatching(`[ab\x00]{0,3}`).Draw(t, "name"),
			rapid.SliceOfN(small, 0, 3).Draw(t, "index")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		same := a.seed == b.seed && a.name == b.name && len(a.index) == len(b.index)
		for i := 0; same && i < len(a.index); i++ {
			same = a.index[i] == b.index[i]
		}
		x := New(a.seed, a.name, a.index...).Uint64()
		y := New(b.seed, b.name, b.index...).Uint64()
		if (x == y) != same {
			t.Fatalf("%v and %v: first words %#x and %#x, same path: %v", a, b, x, y, same)
		}
	})
}

// TestConsecutiveStreams correlates the first draws of neighbouring streams: a
// weak seeding shows here. For n independent pairs the sample correlation has the
// standard deviation 1/sqrt(n); the bound is five of them (one in 1.7e6).
func TestConsecutiveStreams(t *testing.T) {
	const n = 20000
	var pcg rand.PCG
	r := rand.New(&pcg)
	first := func(i uint64) float64 {
		Seed(&pcg, 1, "test", i)
		return r.Float64() - 0.5
	}
	sum, prev := 0.0, first(0)
	for i := range uint64(n) {
		next := first(i + 1)
		sum += prev * next
		prev = next
	}
	// Variance of a uniform draw is 1/12.
	if corr := sum * 12 / n; math.Abs(corr) > 5/math.Sqrt(n) {
		t.Errorf("correlation of neighbouring streams %g, want |.| <= %g", corr, 5/math.Sqrt(n))
	}
}

func TestSeedDoesNotAllocate(t *testing.T) {
	var pcg rand.PCG
	if n := testing.AllocsPerRun(100, func() { Seed(&pcg, 1, "data/encode", 2, 3) }); n != 0 {
		t.Errorf("Seed allocates %g times, want 0", n)
	}
}

// TestNormal compares counts in 16 cells of equal probability, and four cells of
// the tails, with the normal distribution function. Chi-square with 19 degrees of
// freedom exceeds 60 with a chance of 4e-6.
func TestNormal(t *testing.T) {
	const n = 200000
	cdf := func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
	edges := []float64{-3.5, -2.5}
	for i := 1; i < 16; i++ {
		edges = append(edges, -math.Sqrt2*math.Erfcinv(2*float64(i)/16))
	}
	edges = append(edges, 2.5, 3.5)

	counts := make([]float64, len(edges)+1)
	r := New(3, "test/normal")
	var mean, square float64
	for range n {
		x := Normal(r)
		mean += x / n
		square += x * x / n
		k := 0
		for k < len(edges) && x >= edges[k] {
			k++
		}
		counts[k]++
	}
	chi, below := 0.0, 0.0
	for k, c := range counts {
		above := 1.0
		if k < len(edges) {
			above = cdf(edges[k])
		}
		want := n * (above - below)
		if want <= 0 {
			t.Fatalf("cell %d has probability %g: edges %v", k, above-below, edges)
		}
		chi += (c - want) * (c - want) / want
		below = above
	}
	if chi > 60 {
		t.Errorf("chi-square %g with %d degrees of freedom, want <= 60", chi, len(counts)-1)
	}
	// Five standard deviations of the sample mean (1/sqrt(n)) and square (sqrt(2/n)).
	if math.Abs(mean) > 5/math.Sqrt(n) || math.Abs(square-1) > 5*math.Sqrt(2.0/n) {
		t.Errorf("mean %g, mean square %g", mean, square)
	}
}

func BenchmarkSeed(b *testing.B) {
	var pcg rand.PCG
	for i := range b.N {
		Seed(&pcg, 1, "data/encode", 2, uint64(i))
	}
}
