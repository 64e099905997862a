package models

import (
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
)

// Constant fills a parameter with one number.
func Constant(v float64) graph.Init {
	return func(dst []float64, _ []int, _ *rand.Rand) {
		for i := range dst {
			dst[i] = v
		}
	}
}

// Values gives the elements of a parameter, in its order.
func Values(v []float64) graph.Init {
	return func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, v) }
}

// Normal draws every element from the normal distribution N(mean, std²).
func Normal(mean, std float64) graph.Init {
	return func(dst []float64, _ []int, rng *rand.Rand) {
		for i := range dst {
			dst[i] = mean + float64(std*random.Normal(rng))
		}
	}
}

// Uniform draws every element from the uniform distribution over [lo, hi).
func Uniform(lo, hi float64) graph.Init {
	return func(dst []float64, _ []int, rng *rand.Rand) {
		for i := range dst {
			dst[i] = lo + float64((hi-lo)*rng.Float64())
		}
	}
}

// FanIn draws a weight matrix [in, out] from a normal distribution whose width falls
// with the number of inputs,
//
//	w ~ N(mean/in, gain²/in)
//
// so that a neuron with in inputs of unit variance has a drive of mean `mean` and standard
// deviation `gain`. With mean 0 and gain sqrt(2) it is the initialisation of He et al. 2015,
// doi:10.1109/ICCV.2015.123. Of a matrix with a mask ([Masked]) in is the number of inputs that a
// neuron, a column, is connected to.
func FanIn(mean, gain float64) graph.Init {
	return func(dst []float64, shape []int, rng *rand.Rand) {
		if len(dst) == 0 {
			return
		}
		inputs, _ := connections(dst, shape[0])
		for i := range dst {
			in := inputs[i%len(inputs)]
			dst[i] = mean/in + float64(gain/math.Sqrt(in)*random.Normal(rng))
		}
	}
}

// Masked initialises a matrix with a mask of zeros and ones, one for each element: connections that
// do not exist have the weight 0. init, which makes the others, finds the mask in the elements
// that it overwrites, as [FanIn], [Kaiming] and [Xavier] need it.
func Masked(init graph.Init, mask []float64) graph.Init {
	return func(dst []float64, shape []int, rng *rand.Rand) {
		copy(dst, mask)
		init(dst, shape, rng)
		for i, exists := range mask {
			if exists == 0 {
				dst[i] = 0
			}
		}
	}
}
