package data

import (
	"fmt"
	"math/bits"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/random"
)

// Order is the order in which N samples are shown in each epoch of a run. It has no
// state: which sample stands at a position is a pure function of (Seed, epoch,
// position), and none of the other positions need to be known.
type Order struct {
	Seed uint64
	N    int
}

// At returns the sample at position i of an epoch. For each epoch, At is a
// permutation of [0, N); the permutations of different epochs are unrelated. A
// position outside of [0, N) is an error (ErrIndex).
//
// It is the swap-or-not shuffle: r rounds, each of which pairs x with K - x and
// swaps the pair or leaves it, as a hash F of the pair decides,
//
//	x' = K_r - x mod N
//	x  = x' if F_r(max(x, x')) else x
//
// V. T. Hoang, B. Morris, P. Rogaway, "An enciphering scheme based on a card
// shuffle", CRYPTO 2012, doi:10.1007/978-3-642-32009-5_1. It works on any N as it
// is, without a search for the next valid index. Six rounds per bit of N, as
// that paper proposes, and not less than 48, which makes a coin of N = 2 fair to
// 2^-48: some 0.7 µs for one of the 60000 samples of MNIST.
func (o Order) At(epoch uint64, i int) (int, error) {
	if i < 0 || i >= o.N {
		return 0, fmt.Errorf("%w: position %d in an order of %d", ErrIndex, i, o.N)
	}
	p := o.epoch(epoch)
	return p.at(i), nil
}

func (o Order) epoch(epoch uint64) permutation {
	return newPermutation(o.Seed, "data/order", epoch, o.N)
}

// permutation is the permutation of one epoch: two keys and the number of rounds.
type permutation struct {
	n, pair, swap, rounds uint64
}

func newPermutation(seed uint64, name string, epoch uint64, n int) permutation {
	var pcg rand.PCG
	random.Seed(&pcg, seed, name, epoch)
	rounds := max(48, 6*bits.Len64(uint64(n)))
	return permutation{uint64(n), pcg.Uint64(), pcg.Uint64(), uint64(rounds)}
}

// at requires 0 <= i < n.
func (p *permutation) at(i int) int {
	x := uint64(i)
	pair, swap := p.pair, p.swap
	for range p.rounds {
		// Keys of the round: two Weyl sequences.
		pair += 0x9e3779b97f4a7c15
		swap += 0xd1342543de82ef95
		k, _ := bits.Mul64(mix(pair), p.n) // uniform in [0, n)
		y := k - x
		if k < x {
			y += p.n
		}
		if mix(swap^max(x, y))>>63 != 0 {
			x = y
		}
	}
	return int(x)
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014,
// doi:10.1145/2660193.2660195): a bijection in which every bit of the argument
// flips each bit of the result with a chance of a half.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
