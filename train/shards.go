package train

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// Peers are the processes that train one network together. Each has a rank, 0 <= Rank < Size.
type Peers interface {
	Rank() int
	Size() int
	// Exchange gives a message to another rank, which gives one at the same time, and returns
	// that of the other rank, valid until the next exchange. What was given may change afterwards.
	Exchange(rank int, message []byte) ([]byte, error)
}

// ErrPeer signifies that another process of the run ended, or does not answer.
var ErrPeer = errors.New("train: another rank has ended the run")

// Sharded is a Learner that computes each batch in equal parts, the shards, at once on several
// processors and by several processes. With R_i rows in shard i and the gradient g_i of its mean
// loss,
//
//	g = sum_i R_i g_i / sum_i R_i
//
// is added up as a binary tree over the shards: the bits depend on the number of shards and on
// nothing else. What a model computes over a batch, as batch normalisation does, it computes over a
// shard; its buffers, as running means, move once a batch, to the mean over the shards in the same
// way.
type Sharded struct {
	shards  int
	peers   Peers
	workers []*shardWorker
	buffers optim.Tree // of the parameters
	message []byte     // memory for what goes to another rank
	fault   *fault     // of the last gradient
}

// fault is that a rank has found a number that is not finite in its shards of a batch. All ranks
// learn of it in the sum, so that all leave the batch out, or end.
type fault struct {
	Rank   int
	Reason string
}

// Error names the rank.
func (f *fault) Error() string { return fmt.Sprintf("rank %d: %s", f.Rank, f.Reason) }

// Unwrap says of what kind it is.
func (f *fault) Unwrap() error { return graph.ErrNotFinite }

// Shard makes a Learner of some for shards of batches, which share their parameters: each takes
// shards, of ceil(Size / shards) rows at most, and they work at the same time. With peers nil this
// process computes all shards.
//
// Errors: ErrSettings for shards that are not a power of two, or of which each rank and each
// learner cannot have an equal power of two.
func Shard(nets []Learner, shards int, peers Peers) (*Sharded, error) {
	if shards <= 0 || bits.OnesCount(uint(shards)) != 1 {
		return nil, fmt.Errorf("%w: %d shards, want a power of two", ErrSettings, shards)
	}
	each := shards
	if peers != nil {
		if n := peers.Size(); n <= 0 || shards%n != 0 {
			return nil, fmt.Errorf("%w: %d shards for %d ranks, want the ranks to divide the shards", ErrSettings, shards, n)
		}
		each /= peers.Size()
	}
	if n := len(nets); n == 0 || each%n != 0 {
		return nil, fmt.Errorf("%w: %d learners for %d shards, want them to divide the shards", ErrSettings, n, each)
	}
	s := &Sharded{shards: shards, peers: peers}
	var err error
	for _, net := range nets {
		if net == nil || net.Params() == nil || net.Params() != nets[0].Params() {
			return nil, fmt.Errorf("%w: Shard wants networks that share their parameters", ErrSettings)
		}
		w := &shardWorker{net: net, results: slices.Clone(net.Grads())}
		if b, ok := net.(interface{ hold() optim.Tree }); ok {
			moved := b.hold()
			w.results = append(w.results, moved...)
			if s.buffers, err = Tree(net.Params(), namesOf(moved)); err != nil {
				return nil, err
			}
		}
		for range max(1, bits.Len(uint(each/len(nets)))-1) {
			w.levels = append(w.levels, newPart(w.results))
		}
		w.total = &w.levels[len(w.levels)-1]
		if w.spare = &w.levels[0]; peers != nil && w.spare == w.total {
			spare := newPart(w.results)
			w.spare = &spare
		}
		s.workers = append(s.workers, w)
	}
	return s, nil
}

// Params returns the parameters of the network.
func (s *Sharded) Params() *graph.Params {
	if !s.built() {
		return nil
	}
	return s.workers[0].net.Params()
}

// built says whether Shard has made the learner.
func (s *Sharded) built() bool { return s != nil && len(s.workers) > 0 }

// Grads returns the gradients of the first network, which hold those of the batch after Gradient.
func (s *Sharded) Grads() optim.Tree {
	if !s.built() {
		return nil
	}
	return s.workers[0].net.Grads()
}

// Gradient computes the gradient of a batch, all processes their shards of it.
func (s *Sharded) Gradient(set data.Batches, epoch uint64, k int) (Sums, error) {
	total, err := s.batch(true, set, epoch, k)
	if err != nil {
		return Sums{}, err
	}
	results := s.workers[0].results
	for i, g := range results {
		divide(g.F32, total.grads[i].F32, float32(total.sums.Rows))
		divide(g.F64, total.grads[i].F64, float64(total.sums.Rows))
	}
	moved := results[len(results)-len(s.buffers):]
	for i, b := range s.buffers {
		copyLeaf(b, moved[i])
	}
	return total.sums, nil
}

// divide sets z[i] = x[i] / c.
func divide[T float32 | float64](z, x []T, c T) {
	var by [1 << 10]T
	for i := range by {
		by[i] = c
	}
	for len(z) > 0 {
		n := min(len(z), len(by))
		kernel.Div(z[:n], x, by[:])
		z, x = z[n:], x[n:]
	}
}

// Evaluate computes the loss of a batch, all processes their shards of it.
func (s *Sharded) Evaluate(set data.Batches, epoch uint64, k int) (Sums, error) {
	total, err := s.batch(false, set, epoch, k)
	if err != nil {
		return Sums{}, err
	}
	return total.sums, nil
}

// batch returns the sum over the shards of batch k.
func (s *Sharded) batch(gradient bool, set data.Batches, epoch uint64, k int) (*part, error) {
	if !s.built() {
		return nil, errNotBuilt
	}
	if n := set.Len(); k < 0 || k >= n {
		return nil, fmt.Errorf("%w: batch %d of an epoch of %d", data.ErrIndex, k, n)
	}
	rank, ranks := 0, 1
	if s.peers != nil {
		rank, ranks = s.peers.Rank(), s.peers.Size()
	}
	set.Shards = s.shards
	each := s.shards / ranks / len(s.workers)
	if len(s.workers) > 1 {
		set.Workers = 1
	}
	kernel.Abreast(len(s.workers), func(i, _ int) {
		s.workers[i].run(gradient, set, epoch, k, (rank*len(s.workers)+i)*each, each)
	})
	var found error
	for _, w := range s.workers {
		if w.err == nil {
			continue
		}
		if found = w.err; !gradient || s.peers == nil || !notFinite(found) {
			return nil, found
		}
		s.workers[0].total.fault = &fault{rank, found.Error()}
		break // of several that of the first shard
	}
	for step := 1; step < len(s.workers); step *= 2 {
		for i := 0; i < len(s.workers); i += 2 * step {
			s.workers[i].total.add(s.workers[i+step].total, gradient)
		}
	}
	total, other := s.workers[0].total, s.workers[0].spare
	for step := 1; step < ranks; step *= 2 {
		if err := s.swap(rank^step, total, other, gradient); err != nil {
			return nil, err
		}
	}
	if s.fault = total.fault; s.fault == nil {
		return total, nil
	}
	if s.fault.Rank == rank {
		return nil, found
	}
	return nil, s.fault
}

// swap exchanges a sum with another rank and adds what comes.
func (s *Sharded) swap(rank int, total, other *part, gradient bool) error {
	message, err := total.encode(s.message[:0], gradient)
	if err != nil {
		return err
	}
	s.message = message
	if message, err = s.peers.Exchange(rank, message); err != nil {
		return fmt.Errorf("%w: %w", ErrPeer, err)
	}
	if err := other.decode(message, gradient); err != nil {
		return fmt.Errorf("from rank %d: %w", rank, err)
	}
	total.add(other, gradient)
	return nil
}

// shardWorker adds up an aligned subtree of the shards.
type shardWorker struct {
	net     Learner
	results optim.Tree // gradients and buffers of a shard
	levels  []part     // sums of subtrees of up to 2, 4, 8, ... shards
	total   *part      // the last of them: the sum of all
	spare   *part      // memory for that of another rank: the first of them, where it is not total
	err     error
}

// part is the sum over some shards.
type part struct {
	full  bool
	sums  Sums
	grads optim.Tree
	fault *fault // in place of all else
}

func newPart(grads optim.Tree) part {
	var p part
	for _, g := range grads {
		p.grads = append(p.grads, optim.Leaf{Name: g.Name, F32: make([]float32, len(g.F32)), F64: make([]float64, len(g.F64))})
	}
	return p
}

// run adds up n shards, a power of two, from the first on.
func (w *shardWorker) run(gradient bool, set data.Batches, epoch uint64, k, first, n int) {
	do := w.net.Evaluate
	if gradient {
		do = w.net.Gradient
	}
	w.err = nil
	for i := range w.levels {
		w.levels[i].full, w.levels[i].fault = false, nil
	}
	for set.Shard = first; set.Shard < first+n; set.Shard++ {
		var sums Sums
		if set.Rows(k) > 0 { // else the last batch has ended before
			if sums, w.err = do(set, epoch, k); w.err != nil {
				return
			}
		}
		// As in a binary counter, two subtrees of one size make one of twice the size.
		for i := range w.levels {
			l := &w.levels[i]
			switch {
			case i == 0:
				l.include(sums, w.results, gradient)
			case l.full:
				l.add(&w.levels[i-1], gradient)
			default:
				*l, w.levels[i-1] = w.levels[i-1], *l
			}
			if l.full = !l.full; l.full {
				break
			}
		}
	}
}

// include adds one shard to p, or makes it the sum where it is not full: the gradients, which are
// those of a mean, times its rows.
func (p *part) include(sums Sums, grads optim.Tree, gradient bool) {
	if p.full {
		p.count(sums)
	} else {
		p.sums = sums
	}
	if !gradient {
		return
	}
	for i, g := range grads {
		to := p.grads[i]
		switch {
		case sums.Rows > 0 && p.full:
			kernel.Axpy(float32(sums.Rows), g.F32, to.F32)
			kernel.Axpy(float64(sums.Rows), g.F64, to.F64)
		case sums.Rows > 0:
			kernel.Affine(to.F32, g.F32, float32(sums.Rows), float32(negativeZero))
			kernel.Affine(to.F64, g.F64, float64(sums.Rows), negativeZero)
		case p.full: // + 0, which makes a zero positive
			kernel.Affine(to.F32, to.F32, 1, 0)
			kernel.Affine(to.F64, to.F64, 1, 0)
		default:
			clear(to.F32)
			clear(to.F64)
		}
	}
}

// count adds the sums of other shards.
func (p *part) count(sums Sums) {
	switch {
	case p.sums.Rows == 0:
		p.sums = sums
	case sums.Rows > 0:
		p.sums.add(sums)
	}
}

// negativeZero is the number that changes none when it is added.
var negativeZero = math.Copysign(0, -1)

// add adds another part. It commutes, so that both sides of an exchange get the same bits.
func (p *part) add(q *part, gradient bool) {
	if p.fault == nil || q.fault != nil && q.fault.Rank < p.fault.Rank {
		p.fault = q.fault
	}
	if p.fault != nil {
		return
	}
	if p.count(q.sums); !gradient {
		return
	}
	for i, g := range q.grads {
		to := p.grads[i]
		kernel.Add(to.F32, to.F32, g.F32)
		kernel.Add(to.F64, to.F64, g.F64)
	}
}
