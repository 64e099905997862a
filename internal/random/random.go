package random

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/fmath"
)

// New returns the generator of the stream that is named by name and index under
// the given seed. Equal arguments give equal streams.
//
// The name says what the numbers are for ("init/w_in", "data/order"); the indices
// count what there are many of (layer, epoch, sample). Lists of different length
// are different streams: "a" and "a", 0 are not the same.
func New(seed uint64, name string, index ...uint64) *rand.Rand {
	var pcg rand.PCG
	Seed(&pcg, seed, name, index...)
	return rand.New(&pcg)
}

// Seed sets pcg to the beginning of the stream that [New] returns for the same
// arguments. It is for loops that go through many streams with one generator: it
// does not allocate for names of up to 64 bytes and up to 8 indices.
//
// The state is
//
//	h = SHA-256(len(name) | name | seed | index[0] | index[1] | ...)
//	hi, lo = h[0:8], h[8:16]
//
// with all numbers as 64-bit little-endian words. It costs one SHA-256 of a short
// message, some 100 ns.
func Seed(pcg *rand.PCG, seed uint64, name string, index ...uint64) {
	var buf [8 + 64 + 8 + 8*8]byte
	msg := binary.LittleEndian.AppendUint64(buf[:0], uint64(len(name)))
	msg = append(msg, name...)
	msg = binary.LittleEndian.AppendUint64(msg, seed)
	for _, i := range index {
		msg = binary.LittleEndian.AppendUint64(msg, i)
	}
	h := sha256.Sum256(msg)
	pcg.Seed(binary.LittleEndian.Uint64(h[0:8]), binary.LittleEndian.Uint64(h[8:16]))
}

// Normal draws from the normal distribution of mean 0 and variance 1:
//
//	p(x) = exp(-x²/2) / sqrt(2π)
//
// It is the ratio of uniforms of J. L. Leva, "A fast normal random number
// generator", ACM Trans. Math. Softw. 18 (1992), doi:10.1145/138351.138364. The
// result v/u is made with exactly rounded operations alone; a logarithm, which
// decides 1.2 % of the candidates, is that of fmath. So the bits are the same on
// every CPU.
func Normal(r *rand.Rand) float64 {
	for {
		u := 1 - float64(r.Float64()) // (0, 1]: the logarithm is finite
		v := 1.7156 * (float64(r.Float64()) - 0.5)
		x := u - 0.449871
		y := math.Abs(v) + 0.386595
		q := float64(x*x) + float64(y*(float64(0.19600*y)-float64(0.25472*x)))
		if q < 0.27597 {
			return v / u
		}
		if q > 0.27846 {
			continue
		}
		if float64(v*v) <= float64(-4*fmath.Log(u))*float64(u*u) {
			return v / u
		}
	}
}
