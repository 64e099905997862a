package traincmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// runner trains one experiment in a folder.
type runner struct {
	experiment *experiment.Experiment
	dir        string
	resume     bool
	report     *report

	sets    train.Data
	classes int
	net     experiment.Network
}

func (r *runner) path(name string) string { return filepath.Join(r.dir, name) }

// open loads the data, builds the network, and checks a checkpoint to be resumed.
func (r *runner) open() error {
	e := r.experiment
	var err error
	if r.sets, r.classes, err = e.Load(); err != nil {
		return err
	}
	if r.resume {
		if err := r.checkResume(); err != nil {
			return err
		}
	}
	r.net, err = e.Build(r.channels(), r.classes)
	return err
}

// channels returns the number of input channels.
func (r *runner) channels() int { return r.sets.Train.Channels() }

// checkResume compares the experiment with that of the checkpoint: all but the number of epochs
// must be the same.
func (r *runner) checkResume() error {
	path := r.path(CheckpointFile)
	saved, _, err := train.ReadCheckpoint(path)
	if err != nil {
		return noCheckpoint(path, err)
	}
	old, err := experiment.Parse(path, saved.Config, "")
	if err != nil {
		return err
	}
	old.Train.Epochs = r.experiment.Train.Epochs
	if was, is, differs := firstDifference(old.Text(), r.experiment.Text()); differs {
		return &exit.BadInput{File: path, Expected: "the same experiment, with " + was, Found: is}
	}
	return nil
}

// run trains and writes what came out.
func (r *runner) run(ctx context.Context) error {
	e := r.experiment
	r.report.begin(r)
	result, err := train.Run(ctx, r.net, r.sets, train.Settings{
		Epochs: e.Train.Epochs, Patience: e.Train.Patience, Optimizer: e.Optimizer(), LR: e.LR(),
		Checkpoint: r.path(CheckpointFile), Resume: r.resume, Metrics: r.path(MetricsFile), Config: e.Text(),
		AfterBatch: r.report.batch, AfterEpoch: r.report.epoch, Logger: r.report.logger(),
	})
	r.report.end()
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		return fmt.Errorf("%w; go on with: surge train --resume --out %s", err, r.dir)
	}
	if err != nil {
		return err
	}
	if err := train.SaveParams(r.path(ParamsFile), r.net.Params()); err != nil {
		return err
	}
	if err := r.plot(); err != nil {
		return err
	}
	return r.report.result(result, r.dir)
}

// plot draws the figures.
func (r *runner) plot() error {
	metrics, err := train.ReadMetrics(r.path(MetricsFile))
	if err != nil {
		return err
	}
	if err := Curves(r.experiment.Name, []Run{{Epochs: metrics}}).Write(r.path(curvesFile)); err != nil {
		return err
	}
	one, err := r.net.Sample(r.sets.Test)
	if err != nil {
		return err
	}
	predicted := fmt.Sprint(one.Predicted)
	if one.Predicted < 0 {
		predicted = "none"
	}
	return plot.Raster{
		Title:    fmt.Sprintf("%s: test sample 0, class %d, predicted %s", r.experiment.Name, one.Label, predicted),
		Duration: one.Duration, Layers: one.Layers,
	}.Write(r.path(rasterFile))
}

func writeText(path, text string) error {
	return files.WriteAtomic(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}
