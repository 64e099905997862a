package experiment

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// sharded is a network that computes its batches in shards.
type sharded struct {
	Network // the first of those that compute them
	others  []Network
	learner *train.Sharded
}

// BuildShards returns the network for training, which computes each batch in Train.Shards shards:
// at once on as many processors as there are, where it goes through time steps (event-based ones
// use all processors for every shard), and by as many processes as peers are, nil for one.
//
// Errors: *exit.BadInput for train.shards that the processes do not divide, and those of Build.
func (e *Experiment) BuildShards(peers train.Peers, channels int, target data.Target) (Network, error) {
	if err := e.usable(); err != nil {
		return nil, err
	}
	shards, ranks := max(e.Train.Shards, 1), 1
	if peers != nil {
		ranks = peers.Size()
	}
	if err := e.Among(ranks); err != nil {
		return nil, err
	}
	if shards == 1 {
		return e.build(graph.NewParams(e.Seed), channels, target)
	}
	learners := e.learners(ranks)
	part := *e
	part.Train.Batch = data.Batches{Size: e.Train.Batch, Shards: shards}.MaxRows()
	params := graph.NewParams(e.Seed)
	s := &sharded{}
	var all []train.Learner
	for i := range learners {
		n, err := part.build(params, channels, target)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		if i == 0 {
			s.Network = n
		} else {
			s.others = append(s.others, n)
		}
		all = append(all, n)
	}
	var err error
	if s.learner, err = train.Shard(all, shards, peers); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Among says whether so many processes can compute the shards: each an equal number of them. A
// number of shards that followed the processes would make the results depend on them.
//
// The error is *exit.BadInput.
func (e *Experiment) Among(ranks int) error {
	if err := e.usable(); err != nil {
		return err
	}
	shards := max(e.Train.Shards, 1)
	if ranks > 0 && shards%ranks == 0 {
		return nil
	}
	found := fmt.Sprint(shards)
	if e.Train.Shards == 0 {
		found += ", the default"
	}
	if ranks <= 0 || ranks&(ranks-1) != 0 {
		return e.bad("train.shards", "1, 2, 4, 8, ... ranks", fmt.Sprint(ranks))
	}
	return e.bad("train.shards", fmt.Sprintf("a multiple of the %d ranks, as --shards %d: the bytes are those of one process with as many", ranks, ranks), found)
}

// learners returns how many networks compute the shards at once in each of some processes.
func (e *Experiment) learners(ranks int) int {
	n := 1
	for !e.events() && 2*n <= min(runtime.GOMAXPROCS(0), max(e.Train.Shards, 1)/ranks) {
		n *= 2
	}
	return n
}

// Gradient computes the gradient of a batch.
func (s *sharded) Gradient(set data.Batches, epoch uint64, k int) (train.Sums, error) {
	return s.learner.Gradient(set, epoch, k)
}

// Evaluate computes the loss of a batch.
func (s *sharded) Evaluate(set data.Batches, epoch uint64, k int) (train.Sums, error) {
	return s.learner.Evaluate(set, epoch, k)
}

// Close releases all networks.
func (s *sharded) Close() error {
	var errs []error
	if s.Network != nil {
		errs = append(errs, s.Network.Close())
	}
	for _, n := range s.others {
		errs = append(errs, n.Close())
	}
	return errors.Join(errs...)
}
