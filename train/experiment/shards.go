package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
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
// at once on as many processors as there are, and by as many processes as peers are, nil for one.
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
	if ranks <= 0 || ranks&(ranks-1) != 0 {
		return e.bad("train.shards", "1, 2, 4, 8, ... ranks", fmt.Sprint(ranks))
	}
	return e.bad("train.shards", fmt.Sprintf("a multiple of the %d ranks, as --shards %d: the bytes are those of one process with as many", ranks, ranks), fmt.Sprint(shards))
}

// fewest are the shards of an experiment that says nothing of them and is computed by several
// processes: 2 and 4 of them write the same bytes.
const fewest = 4

// Share makes the experiment one that so many processes compute together. Where it says nothing
// of shards, it takes those of the run that it goes on with, begun, and without one (nil), for
// more processes than one, the least power of two that all have an equal part of and that is 4 or
// more, as far as the batch has rows for it; chosen tells of the latter. One process leaves the
// batch whole.
//
// Errors: *exit.BadInput for a batch with fewer rows than processes, keys that do not go with
// shards, and those of [Experiment.Among].
func (e *Experiment) Share(ranks int, begun *Experiment) (chosen bool, err error) {
	if err := e.usable(); err != nil {
		return false, err
	}
	switch {
	case e.Train.Shards != 0:
	case begun != nil:
		e.Train.Shards = begun.Train.Shards
		if n := max(e.Train.Shards, 1); ranks > n {
			return false, e.bad("train.shards", fmt.Sprintf("at most %d ranks, as many as the shards that the run was begun with", n), fmt.Sprint(ranks))
		}
	case ranks > 1 && ranks&(ranks-1) == 0:
		if ranks > e.Train.Batch {
			return false, e.bad("train.batch", fmt.Sprintf("at least %d, a row for each rank", ranks), fmt.Sprint(e.Train.Batch))
		}
		e.Train.Shards, chosen = ranks, true
		for e.Train.Shards < fewest && 2*e.Train.Shards <= e.Train.Batch {
			e.Train.Shards *= 2
		}
		if err := e.Check(); err != nil {
			return false, err
		}
	}
	return chosen, e.Among(ranks)
}

// Begun returns the experiment of the run in a folder, as its checkpoint has it; a method that is
// not empty replaces train.method.
//
// The error is *exit.BadInput.
func Begun(dir, method string) (*Experiment, error) {
	path := filepath.Join(dir, CheckpointFile)
	saved, _, err := train.ReadCheckpoint(path)
	if err != nil {
		bad := &exit.BadInput{File: path, Expected: "the checkpoint of a run to go on from", Err: err}
		if errors.Is(err, fs.ErrNotExist) {
			bad.Found, bad.Err = "no file", nil
		}
		return nil, bad
	}
	return Parse(path, saved.Config, method)
}

// learners returns how many networks compute the shards at once in each of some processes.
func (e *Experiment) learners(ranks int) int {
	n := 1
	for 2*n <= min(runtime.GOMAXPROCS(0), max(e.Train.Shards, 1)/ranks) {
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

// Explain says where a batch leaves the finite numbers.
func (s *sharded) Explain(set data.Batches, epoch uint64, k int) error {
	return s.learner.Explain(set, epoch, k)
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
