package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Trained is an experiment with the network that it trained.
type Trained struct {
	*Experiment
	Net Network
	// Sets are the data of the run; Target is what the network gives.
	Sets   train.Data
	Target data.Target
}

// Restore reads an experiment and its trained parameters, as the files config.toml and best.params
// in the folder of a run, and the data of the run. The caller closes Net.
//
// Errors are *exit.BadInput for files that are not there or do not fit together, and those of the
// data.
func Restore(config, params string) (*Trained, error) {
	e, err := Read(config, "")
	if err != nil {
		return nil, err
	}
	found, err := train.ReadParams(params)
	if err != nil {
		bad := &exit.BadInput{File: params, Expected: "the parameters of a run", Err: err}
		if errors.Is(err, fs.ErrNotExist) {
			bad.Found, bad.Err = "no file: has the run ended?", nil
		}
		return nil, bad
	}
	t := &Trained{Experiment: e}
	if t.Sets, t.Target, err = e.Load(); err != nil {
		return nil, err
	}
	if t.Net, err = e.Build(t.Sets.Train.Channels(), t.Target); err != nil {
		return nil, err
	}
	if err := t.Net.Params().CopyFrom(found); err != nil {
		return nil, errors.Join(&exit.BadInput{File: params, Expected: "the parameters of this experiment", Err: err}, t.Net.Close())
	}
	return t, nil
}

// Open returns the samples of a file as batches for the network; without a file, those of the test
// set. The samples are read with the classes and the scale of the training set, and need no
// targets.
func (t *Trained) Open(path string) (data.Batches, error) {
	if err := t.restored(); err != nil {
		return data.Batches{}, err
	}
	set := t.Sets.Test
	if path == "" {
		if set.Data == nil {
			return set, &exit.BadInput{File: t.file, Expected: "a test set, or a file with samples", Found: "none"}
		}
		return set, nil
	}
	opener, ok := t.source().(data.Opener)
	if !ok {
		return set, &exit.BadInput{File: path, Expected: fmt.Sprintf("no file: the set %s has samples of its own, those of its test set", t.Data.Set), Found: path}
	}
	d, err := opener.Open(path, t.Sets.Train.Data)
	if err != nil {
		return set, t.explain(err)
	}
	set.Data, set.Augment = d, nil
	set.Steps = max(set.Steps, set.MinSteps())
	set.Duration = max(set.Duration, d.Form().Duration)
	return set, nil
}

// Predict calls each with what the network gives for every sample of the set, see
// [train.BPTT.Predict].
func (t *Trained) Predict(ctx context.Context, set data.Batches, each func(*train.Prediction) error, record ...string) error {
	if err := t.restored(); err != nil {
		return err
	}
	if err := given.Need("Net", t.Net, "ctx", ctx, "each", each); err != nil {
		return fmt.Errorf("experiment: Predict: %w", err)
	}
	return t.Net.Predict(ctx, set, each, record...)
}

// restored returns an error where there is no experiment.
func (t *Trained) restored() error {
	if t == nil || t.Experiment == nil {
		return &exit.BadInput{Expected: "an experiment of Restore", Found: "none"}
	}
	return nil
}
