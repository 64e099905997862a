package ops

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Revision counts how often the numbers of an array that a graph reads have been replaced, so that
// what a kernel makes of them, as lists of events, is made again only when they have been. The zero
// value knows of no array.
type Revision struct {
	array  *tensor.Dense
	number uint64
	shared bool
}

// NewRevision returns the revision of the array.
func NewRevision(array *tensor.Dense) *Revision { return &Revision{array: array, number: 1} }

// Replace counts that the numbers are others.
func (r *Revision) Replace() {
	if r != nil {
		r.number++
	}
}

// Share says that somebody holds the array and may write to it unseen: from now on its numbers are
// taken for new ones in every run.
func (r *Revision) Share() {
	if r != nil {
		r.shared = true
	}
}

// of returns the number of what the array d has, 0 where that is not known.
func (r *Revision) of(d *tensor.Dense) uint64 {
	if r == nil || r.shared || r.array != d {
		return 0
	}
	return r.number
}

// Follower is a Kernel that makes something of an input which it keeps as long as the numbers of
// the input stay.
type Follower interface {
	// Stays says, before Forward, whether input i has the numbers of the run before, which had no
	// error. Where it is not called, they are new in each run.
	Stays(i int, yes bool)
}

// follow is a revision and the number that the last run has seen.
type follow struct {
	*Revision
	seen uint64
}

// Follow tells the kernel of which n runs the forward pass how often the array is replaced that is
// its input i. Other nodes are left alone.
func Follow(n *G.Node, i int, r *Revision) {
	if n == nil || r == nil {
		return
	}
	if o, ok := n.Op().(forwardOp); ok && i >= 0 && i < len(o.follows) {
		o.follows[i].Revision = r
	}
}

// follow compares the revisions of the inputs with those of the run before.
func (m *fused) follow() {
	for i := range m.follows {
		if f := &m.follows[i]; f.Revision != nil {
			now := f.of(m.in[i])
			m.kernel.stays(i, now != 0 && now == f.seen)
			f.seen = now
		}
	}
}

// lose forgets what the last run has seen: it had an error.
func (m *fused) lose() {
	for i := range m.follows {
		m.follows[i].seen = 0
	}
}

func (r *run[T]) stays(i int, yes bool) {
	if f, ok := r.Kernel.(Follower); ok {
		f.Stays(i, yes)
	}
}
