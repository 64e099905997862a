package optim

import (
	"fmt"
	"slices"
)

// Vector returns a slot with one array of float64, as minimisers keep.
func Vector(name string, x []float64) Slot { return Slot{name, Tree{{Name: name, F64: x}}} }

// Vector returns the array of the i-th slot, which must be one of [Vector]; nil for another.
func (s *State) Vector(i int) []float64 {
	if l := s.vector(i); l != nil {
		return l.F64
	}
	return nil
}

// SetVector replaces the array of the i-th slot, if it is one of [Vector].
func (s *State) SetVector(i int, x []float64) {
	if l := s.vector(i); l != nil {
		l.F64 = x
	}
}

func (s *State) vector(i int) *Leaf {
	if s == nil || i < 0 || i >= len(s.Slots) || len(s.Slots[i].Tree) == 0 {
		return nil
	}
	return &s.Slots[i].Tree[0]
}

// CheckVectors returns an error that wraps [ErrState] unless s has this kind, these
// numbers of counts and members (-1 for any), and for each of lengths (-1 for any) one
// slot of one array of float64.
func (s *State) CheckVectors(kind string, counts, members int, lengths ...int) error {
	if s == nil {
		return fmt.Errorf("%w: no state, want %q", ErrState, kind)
	}
	if s.Kind != kind || len(s.Counts) != counts || (members >= 0 && len(s.Members) != members) || len(s.Slots) != len(lengths) {
		return fmt.Errorf("%w: found kind %q with %d counts, %d slots, %d members, want %q with %d, %d, %d",
			ErrState, s.Kind, len(s.Counts), len(s.Slots), len(s.Members), kind, counts, len(lengths), members)
	}
	for i, slot := range s.Slots {
		if len(slot.Tree) != 1 || slot.Tree[0].F64 == nil || (lengths[i] >= 0 && slot.Tree[0].Len() != lengths[i]) {
			return fmt.Errorf("%w: %s: slot %q does not hold %d float64", ErrState, kind, slot.Name, lengths[i])
		}
	}
	return nil
}

// Clone returns a copy of s that shares nothing with it.
func (s State) Clone() State {
	s.scratch = nil
	s.Counts = slices.Clone(s.Counts)
	s.Slots = slices.Clone(s.Slots)
	for i, slot := range s.Slots {
		tree := slices.Clone(slot.Tree)
		for j, l := range tree {
			tree[j].F32, tree[j].F64 = slices.Clone(l.F32), slices.Clone(l.F64)
		}
		s.Slots[i].Tree = tree
	}
	s.Members = slices.Clone(s.Members)
	for i, m := range s.Members {
		s.Members[i] = m.Clone()
	}
	return s
}
