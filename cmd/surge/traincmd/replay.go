package traincmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/ranks"
)

// Replay does epochs of a run again, see [train.Replay]. config is the text of its experiment.
func Replay(ctx context.Context, e *experiment.Experiment, config string, from *train.Checkpoint, epochs int, each func(train.Link) error) error {
	r, err := again(e)
	if err != nil {
		return err
	}
	defer func() { r.close() }()
	s := r.settings("")
	s.Config = config
	err = train.Replay(ctx, r.net, r.sets, s, from, epochs, each)
	if errors.Is(err, train.ErrComputing) {
		r.net = nil // it cannot be closed, and the program ends
	}
	return err
}

// Redraw draws the pictures of a run again and returns the names of those in its folder that are
// others. params are those of its best epoch.
func Redraw(e *experiment.Experiment, folder string, params *graph.Params) (others []string, err error) {
	r, err := again(e)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.net.Params().CopyFrom(params); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "surge-verify-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	if err := r.draw(filepath.Join(folder, experiment.MetricsFile), temp); err != nil {
		return nil, err
	}
	for _, name := range []string{experiment.CurvesFile, experiment.RasterFile} {
		want, err := os.ReadFile(filepath.Join(temp, name))
		if err != nil {
			return nil, err
		}
		if found, err := os.ReadFile(filepath.Join(folder, name)); err != nil || !bytes.Equal(found, want) {
			others = append(others, name)
		}
	}
	return others, nil
}

// again loads the data and builds the network of an experiment.
func again(e *experiment.Experiment) (*runner, error) {
	all, err := ranks.Join(0)
	if err != nil {
		return nil, err
	}
	if all.Size() > 1 {
		return nil, fmt.Errorf("a run is verified by one process, not by the %d of mpiexec", all.Size())
	}
	r := &runner{experiment: e, ranks: all, report: newReport(io.Discard, io.Discard, false, e), fit: (*experiment.Experiment).Memory}
	if err := r.open(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}
