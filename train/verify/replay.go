package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/mpi"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// replay does epochs of a run again, see [train.Replay]. config is the text of its experiment.
func replay(ctx context.Context, e *experiment.Experiment, config string, from *train.Checkpoint, epochs int, each func(train.Link) error) error {
	net, sets, err := again(e)
	if err != nil {
		return err
	}
	s := e.Settings(net, sets.Train.Data.Len())
	s.Checkpoint, s.Ranks, s.Config = experiment.CheckpointFile, 1, config
	err = train.Replay(ctx, net, sets, s, from, epochs, each)
	if !errors.Is(err, train.ErrComputing) { // else it cannot be closed, and the program ends
		net.Close()
	}
	return err
}

// redraw draws the pictures of a run again and returns the names of those in its folder that are
// others. params are those of its best epoch.
func redraw(e *experiment.Experiment, folder string, params *graph.Params) (others []string, err error) {
	net, sets, err := again(e)
	if err != nil {
		return nil, err
	}
	defer net.Close()
	if err := net.Params().CopyFrom(params); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "surge-verify-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	if err := e.Draw(net, sets.Test, filepath.Join(folder, experiment.MetricsFile), temp); err != nil {
		return nil, err
	}
	for _, name := range []string{experiment.CurvesFile, experiment.RasterFile} {
		want, err := os.ReadFile(filepath.Join(temp, name))
		if err != nil {
			return nil, err
		}
		if found, err := files.ReadFile(filepath.Join(folder, name)); err != nil || !bytes.Equal(found, want) {
			others = append(others, name)
		}
	}
	return others, nil
}

// again loads the data and builds the network of an experiment.
func again(e *experiment.Experiment) (experiment.Network, train.Data, error) {
	if _, size, _ := mpi.Started(); size > 1 {
		return nil, train.Data{}, fmt.Errorf("a run is verified by one process, not by the %d of mpiexec", size)
	}
	sets, target, err := e.Load()
	if err != nil {
		return nil, sets, err
	}
	if _, err := e.Memory(sets, target); errors.As(err, new(*exit.BadInput)) {
		return nil, sets, err
	}
	net, err := e.BuildShards(nil, sets.Train.Channels(), target)
	return net, sets, err
}
