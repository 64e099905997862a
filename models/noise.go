package models

import (
	"fmt"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/random"
)

// DrawNormal fills dst, a float32 or float64 tensor, with independent standard normal numbers
// from the random source that is named by name under seed; run counts the runs, so that each has
// numbers of its own:
//
//	models.DrawNormal(prog.Input("noise"), seed, "noise", run)
//	err := prog.Run()
//
// Equal arguments give the same bytes: the noise of a run is a value, and nothing has to
// be stored to repeat or to resume it. float32 numbers are those of float64, rounded.
// Another dtype is an error that wraps [ErrParameter].
func DrawNormal(dst *tensor.Dense, seed uint64, name string, run uint64) error {
	if dst == nil || (dst.Dtype() != tensor.Float32 && dst.Dtype() != tensor.Float64) {
		return fmt.Errorf("%w: DrawNormal %q: want a tensor of float32 or float64, found %T of another kind", ErrParameter, name, dst)
	}
	rng := random.New(seed, "noise/"+name, run)
	if dst.Dtype() == tensor.Float32 {
		normals(dst.Float32s(), rng)
	} else {
		normals(dst.Float64s(), rng)
	}
	return nil
}

func normals[T float32 | float64](dst []T, rng *rand.Rand) {
	for i := range dst {
		dst[i] = T(random.Normal(rng))
	}
}
