// Package random gives every use of randomness a generator of its own, named
// by what it is for.
//
// # Overview
//
// A stream is a pure function of a seed, a name and a list of indices:
//
//	init := random.New(seed, "init/w_rec", layer)      // one stream per layer
//	spikes := random.New(seed, "data/encode", epoch, i) // one per sample and epoch
//
// Nothing is shared between streams and nothing depends on the order in which
// they are made, so that results are the same bytes for any number of workers,
// and a resumed run needs no generator state other than the position it is at.
//
// The generator is PCG-DXSM of math/rand/v2 (128 bits of state), seeded with the
// first 128 bits of the SHA-256 of the path. Two different paths therefore give
// streams that are unrelated, even where seeds and indices are consecutive.
//
// # Bits on different machines
//
// The integer and uniform methods of [rand.Rand] are exact arithmetic and give
// the same bits on every CPU. NormFloat64 and ExpFloat64 do not: their tails call
// math.Log, whose last bit depends on the machine. Use [Normal] instead.
package random
