package train

import (
	"errors"
	"fmt"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// The choices of Settings.OnNonFinite.
const (
	Stop = "stop"
	Skip = "skip"
)

// Explainer is a [Learner] that can say where a batch leaves the finite numbers.
type Explainer interface {
	// Explain computes the gradient of a batch again and returns an error that names the first
	// result that is not finite, by layer, time step and operation; nil where there is none. It may
	// cost several times what a gradient does.
	Explain(set data.Batches, epoch uint64, k int) error
}

func notFinite(err error) bool {
	return errors.Is(err, optim.ErrNonFinite) || errors.Is(err, graph.ErrNotFinite) || errors.Is(err, eventprop.ErrNonFinite)
}

// notFinite is what happens to a batch with an error of numbers that are not finite. The parameters
// are those before it.
func (r *run) notFinite(err error) error {
	if r.OnNonFinite == Skip { // all ranks know of it
		if r.at.Train.Skipped == 0 {
			r.Logger.Warn(fmt.Sprintf("epoch %d, batch %d is not learned: %v; more of this epoch are counted in the metrics alone", r.at.Epoch+1, r.at.Batch+1, err))
		}
		r.at.Train.Skipped++
		return nil
	}
	if err = r.explained(err); errors.Is(err, ErrPeer) {
		return err
	}
	return fmt.Errorf("%w, or leave such batches out (on_nonfinite = \"skip\")", err)
}

// runsAway tells whether neurons spiked without end or went to infinity, as they do where weights
// have grown too large.
func runsAway(err error) bool {
	return errors.Is(err, eventprop.ErrLimit) || errors.Is(err, eventprop.ErrRunaway) || errors.Is(err, equation.ErrStep)
}

// explained returns the error of a batch with what the network can say of it, and what helps.
func (r *run) explained(err error) error {
	if e, ok := r.net.(Explainer); ok {
		switch first := e.Explain(r.sets.Train, uint64(r.at.Epoch), r.at.Batch); {
		case notFinite(first):
			err = fmt.Errorf("%w; the first: %w", err, first)
		case runsAway(first):
			err = first
		case errors.Is(first, ErrPeer):
			return first
		}
	}
	if r.at.Epoch == 0 && r.at.Batch == 0 {
		err = fmt.Errorf("%w; %s", err, startHint)
	}
	if r.Checkpoint != "" {
		err = fmt.Errorf("%w; the last checkpoint is from before it", err)
	}
	return fmt.Errorf("%w; %s", err, nonFiniteHint)
}

const (
	nonFiniteHint = "lower the learning rate (lr) or clip the gradients (clip)"
	startHint     = "nothing has been learned yet, so that it may be the weights or the values of neurons at the start"
)

// Explain runs a program that looks at the result of each operation.
func (n *Network) Explain(set data.Batches, epoch uint64, k int) error {
	if !n.built() {
		return errNotBuilt
	}
	m := n.method
	m.Graph.DebugNaNs = true
	shape := n.shape
	if err := n.check(&set); err != nil {
		return err
	}
	shape.Batch = set.Rows(k)
	prog, err := m.pass(n.params, shape, m.Graph)
	if err != nil {
		return err
	}
	defer prog.prog.Close()
	batch := new(data.Batch)
	if err := set.Fill(batch, epoch, k); err != nil {
		return err
	}
	if err := n.set(prog, batch); err != nil {
		return err
	}
	prog.prog.SetRun(epoch<<32 | uint64(k*max(set.Shards, 1)+set.Shard))
	return prog.prog.Run()
}

// Explain asks the learner about the shards of this process; where the last gradient was not finite
// in another rank, it returns what that rank says of it when it ends.
func (s *Sharded) Explain(set data.Batches, epoch uint64, k int) error {
	if !s.built() {
		return errNotBuilt
	}
	e, ok := s.workers[0].net.(Explainer)
	if !ok {
		return nil
	}
	rank, ranks := 0, 1
	if s.peers != nil {
		rank, ranks = s.peers.Rank(), s.peers.Size()
	}
	if s.fault != nil && s.fault.Rank != rank {
		_, err := s.peers.Exchange(s.fault.Rank, nil)
		return fmt.Errorf("%w: %w", ErrPeer, err)
	}
	each := s.shards / ranks
	set.Shards = s.shards
	for set.Shard = rank * each; set.Shard < (rank+1)*each; set.Shard++ {
		if set.Rows(k) == 0 {
			continue
		}
		if err := e.Explain(set, epoch, k); err != nil {
			return err
		}
	}
	return nil
}
