package fmath

import "slices"

// Median sorts x and returns its middle, the mean of the two in the middle of an even number; x
// must not be empty.
func Median(x []float64) float64 {
	slices.Sort(x)
	n := len(x)
	return (x[(n-1)/2] + x[n/2]) / 2
}
