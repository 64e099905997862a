package data

import (
	"fmt"
	"math"
	"slices"
)

// division says which samples of one file are for training, validation and test.
type division struct {
	fractions []float64 // of the parts in order; those that are missing have none
	groups    []int32   // number of the group of each sample; samples of a group stay together. nil: each is one
	set       []int32   // number of the part of each sample; nil: fractions decide
	seed      uint64    // of the choice
}

// checkFractions returns what is wrong with fractions for so many parts, or "".
func checkFractions(f []float64, parts int) string {
	sum := 0.0
	for _, x := range f {
		if !(x > 0) {
			sum = math.NaN()
		}
		sum += x
	}
	if len(f) != parts || !(sum <= 1+1e-9) {
		names := "[train, valid, test]"
		if parts == 2 {
			names = "[train, valid]"
		}
		return fmt.Sprintf("%s, numbers > 0 whose sum is at most 1", names)
	}
	return ""
}

// indices returns the samples of each part, in rising order. What the fractions leave over is in
// none.
func (d division) indices(n int) (parts [3][]int, err error) {
	if d.set != nil {
		for i, part := range d.set {
			if part < 0 || part > 2 {
				return parts, fmt.Errorf("%w: the array set has %d for sample %d, want 0 (training), 1 (validation) or 2 (test)", ErrFormat, part, i)
			}
			parts[part] = append(parts[part], i)
		}
		return parts, nil
	}
	members := make([][]int, 0, n)
	if d.groups == nil {
		for i := range n {
			members = append(members, []int{i})
		}
	}
	for i, g := range d.groups {
		for len(members) <= int(g) {
			members = append(members, nil)
		}
		members[g] = append(members[g], i)
	}
	if len(members) < len(d.fractions) {
		of := "samples"
		if d.groups != nil {
			of = "groups of samples"
		}
		return parts, fmt.Errorf("%w: %d %s cannot be divided into %d parts", ErrFormat, len(members), of, len(d.fractions))
	}
	// In a random order, each group goes to the part that is farthest from what it is to have, as
	// long as one lacks half of the group.
	order := newPermutation(d.seed, "data/split", 0, len(members))
	for k := range members {
		g := members[order.at(k)]
		best, lack := -1, 0.0
		for part, f := range d.fractions {
			missing := float64(f*float64(n)) - float64(len(parts[part]))
			if relative := missing / (f * float64(n)); missing >= float64(len(g))/2 && relative > lack {
				best, lack = part, relative
			}
		}
		if best >= 0 {
			parts[best] = append(parts[best], g...)
		}
	}
	for part := range d.fractions {
		if len(parts[part]) == 0 {
			return parts, fmt.Errorf("%w: the %s part has no samples: %d groups of samples, of which one may be too large", ErrFormat, partNames[part], len(members))
		}
		slices.Sort(parts[part])
	}
	return parts, nil
}
