package traincmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/ranks"
)

// runner trains one experiment in a folder.
type runner struct {
	experiment *experiment.Experiment
	dir        *rundir.Dir
	resume     bool // there is a checkpoint to go on from
	every      interval
	keep       int
	report     *report
	ranks      ranks.World
	chosen     bool // the shards, for as many ranks
	fit        func(e *experiment.Experiment, sets train.Data, target data.Target) (experiment.Memory, error)

	sets   train.Data
	target data.Target
	net    experiment.Network
}

// open loads the data and builds the network.
func (r *runner) open() error {
	e := r.experiment
	var err error
	if r.sets, r.target, err = e.Load(); err != nil {
		return err
	}
	e.Warn(r.report.logger())
	if _, err := r.fit(e, r.sets, r.target); errors.As(err, new(*exit.BadInput)) {
		return err
	}
	if err := e.Try(r.sets); err != nil {
		return err
	}
	r.net, err = e.BuildShards(r.ranks.Peers(), r.channels(), r.target)
	return err
}

// channels returns the number of input channels.
func (r *runner) channels() int { return r.sets.Train.Channels() }

// close frees the network.
func (r *runner) close() {
	if r.net != nil {
		r.net.Close()
	}
}

// checkResume compares the experiment with that of the checkpoint: all but the number of epochs
// must be the same. A run that was killed before its first checkpoint begins anew.
func (r *runner) checkResume() error {
	path := r.dir.Path(experiment.CheckpointFile)
	if !r.dir.Has(experiment.CheckpointFile) && !r.dir.Has(experiment.CheckpointFile+".prev") && r.dir.Has(experiment.ConfigFile) {
		r.report.logger().Warn("there is no checkpoint yet: the run begins anew", "folder", r.dir)
		return nil
	}
	old, err := experiment.Begun(r.dir.String(), "")
	if err != nil {
		return err
	}
	old.Train.Epochs = r.experiment.Train.Epochs
	if was, is, differs := experiment.Difference(old, r.experiment); differs {
		return &exit.BadInput{File: path, Expected: "the same experiment, with " + was, Found: is}
	}
	r.resume = true
	return nil
}

// settings returns what all ranks of a run in the folder at path have in common.
func (r *runner) settings(path string) train.Settings {
	s := r.experiment.Settings(r.net, r.sets.Train.Data.Len())
	s.Checkpoint, s.Resume, s.Ranks = filepath.Join(path, experiment.CheckpointFile), r.resume, r.ranks.Size()
	return s
}

// run trains and writes what came out.
func (r *runner) run(ctx context.Context) error {
	r.report.begin(r)
	s := r.settings(r.dir.String())
	s.CheckpointBatches, s.CheckpointTime = r.every.batches, r.every.time
	s.Metrics, s.Times, s.Receipt, s.Keep = r.dir.Path(experiment.MetricsFile), r.dir.Path(experiment.TimesFile), r.dir.Path(experiment.ReceiptFile), r.keep
	s.AfterBatch, s.AfterEpoch, s.Logger = r.report.batch, r.report.epoch, r.report.logger()
	result, err := train.Run(ctx, r.net, r.sets, s)
	err = r.experiment.Explain(err)
	r.report.end()
	if errors.Is(err, train.ErrComputing) {
		r.net = nil // it cannot be closed, and the program ends
	}
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return fmt.Errorf("%w; go on with: surge train --resume --out %s", err, r.dir)
	}
	if err != nil {
		if r.ranks.Size() > 1 && !errors.Is(err, train.ErrPeer) {
			err = fmt.Errorf("rank 0: %w", err) // as those of the others say theirs
		}
		return err
	}
	// What was found is said first: a picture that cannot be written costs nothing else.
	saved := train.SaveParams(r.dir.Path(experiment.ParamsFile), r.net.Params())
	if err := r.report.result(result, r.dir.String()); err != nil {
		return errors.Join(saved, err)
	}
	return errors.Join(saved, r.experiment.Draw(r.net, r.sets.Test, r.dir.Path(experiment.MetricsFile), r.dir.String()))
}

// agree makes sure that all ranks run the same, and tells them whether to go on from the checkpoint
// in the folder at path.
func (r *runner) agree(ctx context.Context, path string) error {
	if r.ranks.Size() == 1 {
		return nil
	}
	var mine ranks.Identity
	err := exit.Within(ctx, func() (err error) {
		mine, err = ranks.Identify(r.experiment.Text(), r.sets)
		return err
	})
	if err != nil {
		return err
	}
	mine.Resume = r.resume
	first, all, err := r.ranks.Agree(mine)
	if err != nil {
		return err
	}
	if r.resume = first.Resume; r.resume {
		if mine.Checkpoint, err = ranks.FileDigest(filepath.Join(path, experiment.CheckpointFile)); err != nil {
			return err
		}
		if _, _, err = r.ranks.Agree(mine); err != nil {
			return err
		}
	}
	r.report.ranks(all, r)
	return nil
}

// follow trains as one of several processes, of which another one writes the files into the folder
// at path. A signal is for that one, too: this one gives it some seconds to end the run in order.
func (r *runner) follow(ctx context.Context, path string) error {
	if err := r.agree(ctx, path); err != nil {
		return err
	}
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() {
		time.AfterFunc(patience, func() { cancel(context.Cause(ctx)) })
	})()
	s := r.settings(path)
	s.Follow = true
	_, err := train.Run(own, r.net, r.sets, s)
	if errors.Is(err, train.ErrComputing) {
		r.net = nil // it cannot be closed, and the program ends
	}
	return err
}

// patience is how long a following rank leaves a signal to the first.
const patience = 3 * time.Second
