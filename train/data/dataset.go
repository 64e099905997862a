package data

import (
	"errors"
	"fmt"
)

// Errors of the package; what is returned wraps one of them.
var (
	// ErrIndex signifies an index outside of a data set, an epoch or a batch list.
	ErrIndex = errors.New("data: index out of range")
	// ErrShape signifies an array whose length does not fit the shape asked for.
	ErrShape = errors.New("data: shapes do not fit")
	// ErrSettings signifies a settings value outside of its documented range.
	ErrSettings = errors.New("data: invalid settings")
	// ErrFeature signifies a feature that an encoder cannot take, NaN among them.
	ErrFeature = errors.New("data: invalid feature")
	// ErrOutside signifies a spike outside of the time window [0, T).
	ErrOutside = errors.New("data: spike outside of the time window")
)

// Dataset is a list of labelled samples. Methods are called from several
// goroutines at once and must not change what others see.
type Dataset interface {
	// Len returns the number of samples.
	Len() int
	// Features returns the number of features of each sample.
	Features() int
	// Classes returns the number of classes; labels are in [0, Classes).
	Classes() int
	// Sample writes the features of sample i into dst, which has the length
	// Features, and returns its label. An i outside of [0, Len) and a dst of
	// another length are errors (ErrIndex, ErrShape). It should not allocate.
	Sample(dst []float64, i int) (label int, err error)
}

// checkSample is the check of arguments that every Sample begins with.
func checkSample(d Dataset, dst []float64, i int) error {
	if i < 0 || i >= d.Len() {
		return fmt.Errorf("%w: sample %d of a data set of %d", ErrIndex, i, d.Len())
	}
	if len(dst) != d.Features() {
		return fmt.Errorf("%w: room for %d features, samples have %d", ErrShape, len(dst), d.Features())
	}
	return nil
}

// view is a data set made of some samples of another.
type view struct {
	Dataset
	index []int
}

func (v *view) Len() int { return len(v.index) }

func (v *view) Sample(dst []float64, i int) (int, error) {
	if err := checkSample(v, dst, i); err != nil {
		return 0, err
	}
	return v.Dataset.Sample(dst, v.index[i])
}

// Subset returns the view of d whose sample i is sample index[i] of d. Samples may
// occur more than once. The view keeps its own copy of index. An index outside of d
// is an error (ErrIndex).
func Subset(d Dataset, index []int) (Dataset, error) {
	for k, i := range index {
		if i < 0 || i >= d.Len() {
			return nil, fmt.Errorf("%w: index[%d] is sample %d of a data set of %d", ErrIndex, k, i, d.Len())
		}
	}
	return &view{d, append([]int(nil), index...)}, nil
}

// Split returns disjoint random views of d with the given sizes, for example
// Split(d, seed, 55000, 5000) for training and validation. Samples that the sizes
// leave over are in no view. The choice is a pure function of (seed, d.Len()), and
// the first views do not depend on the sizes of the later ones. Sizes that are
// negative or add up to more than d.Len() are an error (ErrSettings).
func Split(d Dataset, seed uint64, sizes ...int) ([]Dataset, error) {
	n, left := d.Len(), d.Len()
	for k, size := range sizes {
		if size < 0 || size > left {
			return nil, fmt.Errorf("%w: part %d of the split has size %d, and %d of %d samples are left", ErrSettings, k, size, left, n)
		}
		left -= size
	}
	p := newPermutation(seed, "data/split", 0, n)
	parts := make([]Dataset, len(sizes))
	first := 0
	for k, size := range sizes {
		index := make([]int, size)
		for i := range index {
			index[i] = p.at(first + i)
		}
		first += size
		parts[k] = &view{d, index}
	}
	return parts, nil
}
