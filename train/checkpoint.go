package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/optim"
)

// checkpointFormat is the kind of a checkpoint file.
var checkpointFormat = files.Format{Name: "surge-checkpoint", Version: 1}

// Checkpoint is the whole state of a run between two batches.
type Checkpoint struct {
	// Config is the text that Settings.Config gave.
	Config string
	// Seed is that of the training data, whose order it determines; Batches is the number of
	// batches of an epoch. A run can be continued with equal ones alone.
	Seed    uint64
	Batches int
	// Position is where the run goes on.
	Position Position
	// Best is the best epoch so far; Best.Epoch is 0 where there is none yet.
	Best Epoch
	// Params are the parameters at Position, BestParams those after the best epoch.
	Params, BestParams *graph.Params
	// Optimizer is the state of the optimizer.
	Optimizer optim.State
	// Metrics are the lines of metrics.jsonl that belong to the run up to Position, and
	// MetricsSize their length in bytes. Files before v0.1 have the length alone.
	Metrics     []byte
	MetricsSize int64
	// Receipt are the lines of receipt.jsonl up to Position, see [Link]; empty where there is none.
	Receipt []byte
}

// Position is a place between two batches.
type Position struct {
	Epoch int  `json:"epoch"` // complete epochs
	Batch int  `json:"batch"` // batches of the next epoch that were learned
	Train Sums `json:"train"` // what these batches gave
}

// Write writes the checkpoint to a file, atomically, and keeps the one before under path +
// ".prev".
func (c *Checkpoint) Write(path string) error {
	a, err := c.archive()
	if err != nil {
		return err
	}
	return files.WriteKeep(path, a)
}

// Sum returns the SHA-256, in hexadecimal, of all that determines how the run goes on and what it
// has been: the file that Write would write without Config and Receipt.
func (c *Checkpoint) Sum() (string, error) {
	if err := c.complete(); err != nil {
		return "", err
	}
	state := *c
	state.Config, state.Receipt = "", nil
	a, err := state.archive()
	if err != nil {
		return "", err
	}
	return a.Sum()
}

// complete returns an error where there are no parameters.
func (c *Checkpoint) complete() error {
	if c == nil || c.Params == nil || c.BestParams == nil {
		return fmt.Errorf("%w: a checkpoint without parameters, want one of ReadCheckpoint", ErrSettings)
	}
	return nil
}

func (c *Checkpoint) archive() (*files.Archive, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	position, err := json.Marshal(c.Position)
	if err != nil {
		return nil, fmt.Errorf("train: checkpoint: %w", err)
	}
	best, err := json.Marshal(c.Best)
	if err != nil {
		return nil, fmt.Errorf("train: checkpoint: %w", err)
	}
	state, err := c.Optimizer.MarshalBinary()
	if err != nil {
		return nil, fmt.Errorf("train: checkpoint: %w", err)
	}
	a := &files.Archive{Format: checkpointFormat, Meta: map[string]string{
		"config":       c.Config,
		"seed":         strconv.FormatUint(c.Seed, 10),
		"batches":      strconv.Itoa(c.Batches),
		"position":     string(position),
		"best":         string(best),
		"metrics_size": strconv.FormatInt(c.MetricsSize, 10),
	}}
	if err := putParams(a, "param/", c.Params); err != nil {
		return nil, err
	}
	if err := putParams(a, "best/", c.BestParams); err != nil {
		return nil, err
	}
	if err := files.Put(a, "optimizer", state, len(state)); err != nil {
		return nil, err
	}
	if len(c.Metrics) > 0 { // an archive has no arrays without elements
		if err := files.Put(a, "metrics", c.Metrics, len(c.Metrics)); err != nil {
			return nil, err
		}
	}
	if len(c.Receipt) > 0 {
		if err := files.Put(a, "receipt", c.Receipt, len(c.Receipt)); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// ReadCheckpoint reads what Write wrote. Where the file is damaged or missing, it reads the one
// before it, or the latest of those that [Settings.Keep] keeps which is complete; skipped says why,
// and is nil otherwise.
//
// A missing file is an error that wraps fs.ErrNotExist; a damaged one, or one of another kind,
// an error that names the file and what is wrong.
func ReadCheckpoint(path string) (c *Checkpoint, skipped, err error) {
	a, skipped, err := files.ReadLatest(path, checkpointFormat)
	if errors.Is(err, files.ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
		kept, none := KeptCheckpoints(path)
		if none != nil {
			return nil, nil, errors.Join(err, none)
		}
		for _, k := range slices.Backward(kept) {
			if older, damaged := files.Read(k, checkpointFormat); damaged == nil {
				a, skipped, err = older, err, nil
				break
			}
		}
	}
	if err != nil {
		return nil, nil, err
	}
	c, err = decodeCheckpoint(a)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, skipped, nil
}

// ReadOneCheckpoint reads the checkpoint at path, and never another one in its place.
func ReadOneCheckpoint(path string) (*Checkpoint, error) {
	a, err := files.Read(path, checkpointFormat)
	if err != nil {
		return nil, err
	}
	c, err := decodeCheckpoint(a)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// PeekCheckpoint reads all of the checkpoint at path but the parameters, which stay nil: it
// works where they are not finite. It does not go back to the checkpoint before.
func PeekCheckpoint(path string) (*Checkpoint, error) {
	a, err := files.Read(path, checkpointFormat)
	if err != nil {
		return nil, err
	}
	c, err := peek(a)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func decodeCheckpoint(a *files.Archive) (*Checkpoint, error) {
	c, err := peek(a)
	if err != nil {
		return nil, err
	}
	if c.Params, err = getParams(a, "param/"); err != nil {
		return nil, err
	}
	if c.BestParams, err = getParams(a, "best/"); err != nil {
		return nil, err
	}
	return c, nil
}

// peek decodes all but the parameters.
func peek(a *files.Archive) (c *Checkpoint, err error) {
	c = &Checkpoint{Config: a.Meta["config"]}
	for _, m := range []struct {
		key  string
		read func(text string) error
	}{
		{"seed", func(s string) (err error) { c.Seed, err = strconv.ParseUint(s, 10, 64); return err }},
		{"batches", func(s string) (err error) { c.Batches, err = strconv.Atoi(s); return err }},
		{"position", func(s string) error { return json.Unmarshal([]byte(s), &c.Position) }},
		{"best", func(s string) error { return json.Unmarshal([]byte(s), &c.Best) }},
		{"metrics_size", func(s string) (err error) { c.MetricsSize, err = strconv.ParseInt(s, 10, 64); return err }},
	} {
		if err := m.read(a.Meta[m.key]); err != nil {
			return nil, fmt.Errorf("%w: checkpoint: %s is %q: %w", files.ErrCorrupt, m.key, a.Meta[m.key], err)
		}
	}
	p := c.Position
	inOrder := p.Epoch >= 0 && p.Batch >= 0 && p.Batch <= c.Batches && p.Train.Rows >= 0 && c.MetricsSize >= 0 &&
		c.Best.Epoch >= 0 && c.Best.Epoch <= p.Epoch
	if !inOrder {
		return nil, fmt.Errorf("%w: checkpoint: position %+v of %d batches, best epoch %d, %d bytes of metrics do not fit",
			files.ErrCorrupt, p, c.Batches, c.Best.Epoch, c.MetricsSize)
	}
	if slices.Contains(a.Names(), "metrics") {
		if c.Metrics, err = files.Get[uint8](a, "metrics", int(c.MetricsSize)); err != nil {
			return nil, err
		}
	}
	if slices.Contains(a.Names(), "receipt") {
		if c.Receipt, err = files.Get[uint8](a, "receipt", -1); err != nil {
			return nil, err
		}
	}
	state, err := files.Get[uint8](a, "optimizer", -1)
	if err != nil {
		return nil, err
	}
	if err := c.Optimizer.UnmarshalBinary(state); err != nil {
		return nil, err
	}
	return c, nil
}
