package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// verifier compares the files of a run with each other and with what the run does.
type verifier struct {
	Result
	folder string
	say    io.Writer // how it goes

	links   []train.Link
	receipt []byte // the text of links
	config  string
	sealed  bool                // the run has ended, or was interrupted in order
	states  []*train.Checkpoint // complete ones of complete epochs
	below   []string            // folders of runs in a folder that is none
}

// files compares the files.
func (v *verifier) files() error {
	seals, err := rundir.CheckSeal(v.folder)
	v.sealed = !errors.Is(err, fs.ErrNotExist)
	if err != nil && v.sealed {
		return err
	}
	v.Files, v.Problems = seals.Files, append(v.Problems, seals.Changed...)
	for _, name := range seals.Added {
		v.note("%s is not a file of the run", name)
	}
	switch v.links, v.receipt, err = train.ReadReceipt(v.path(experiment.ReceiptFile)); {
	case errors.Is(err, fs.ErrNotExist) && v.sealed && !v.trained():
		v.note("no run of surge train: its files are compared with %s, and nothing is done again", rundir.SumsFile)
		for _, name := range seals.Names {
			if path.Base(name) == experiment.ReceiptFile && v.is(name) {
				v.below = append(v.below, path.Dir(name))
			}
		}
		return nil
	case errors.Is(err, fs.ErrNotExist) && !v.trained():
		v.problem("there is neither %s nor %s: it holds no results, or what wrote them has not ended", experiment.ReceiptFile, rundir.SumsFile)
		return nil
	case errors.Is(err, fs.ErrNotExist):
		v.problem("there is no %s", experiment.ReceiptFile)
		return nil
	case err != nil:
		v.problem("%v", err)
		return nil
	case len(v.links) == 0:
		v.problem("%s is empty", experiment.ReceiptFile)
		return nil
	}
	v.Epochs = v.links[len(v.links)-1].Epoch
	if !v.sealed {
		v.problem("there is no %s, which is written when a run ends or is interrupted: surge train --resume writes it", rundir.SumsFile)
	}
	for _, check := range []func() error{v.experiment, v.metrics, v.params, v.checkpointFiles} {
		switch err := check(); {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, files.ErrTooLarge):
			v.problem("%v", err)
		case err != nil:
			return err
		}
	}
	return nil
}

// trained tells whether there is a file that surge train alone writes.
func (v *verifier) trained() bool {
	return v.is(experiment.ConfigFile) || v.is(experiment.MetricsFile) || v.is(experiment.ParamsFile)
}

// is tells whether there is a file.
func (v *verifier) is(name string) bool {
	_, err := os.Stat(v.path(name))
	return err == nil
}

func (v *verifier) experiment() error {
	text, err := files.ReadFile(v.path(experiment.ConfigFile))
	if err != nil {
		return err
	}
	v.config = string(text)
	if found, want := files.Digest(text), v.links[len(v.links)-1].Config; found != want {
		v.problem("%s: SHA-256 in the receipt %.12s..., found %.12s...", experiment.ConfigFile, want, found)
	}
	return nil
}

// metrics compares the metrics up to each epoch.
func (v *verifier) metrics() error {
	text, err := files.ReadFile(v.path(experiment.MetricsFile))
	if err != nil {
		return err
	}
	ends := []int{0} // of the lines
	for i, c := range text {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	for _, l := range v.links {
		if l.Epoch >= len(ends) || files.Digest(text[:ends[l.Epoch]]) != l.Metrics {
			v.problem("%s: line %d is not that of the receipt", experiment.MetricsFile, l.Epoch)
			return nil
		}
	}
	if len(ends) > v.Epochs+1 || ends[len(ends)-1] != len(text) {
		v.problem("%s: has more than the %d epochs of the receipt", experiment.MetricsFile, v.Epochs)
	}
	return nil
}

// params compares the parameters of the best epoch, which a run that has ended has.
func (v *verifier) params() error {
	text, err := files.ReadFile(v.path(experiment.ParamsFile))
	if errors.Is(err, fs.ErrNotExist) {
		e, err := experiment.Parse(v.path(experiment.ConfigFile), v.config, "")
		if v.sealed && err == nil && v.Epochs >= e.Train.Epochs {
			v.problem("there is no %s of a run that has ended", experiment.ParamsFile)
			return nil
		}
		v.note("the run has not ended: there is no %s", experiment.ParamsFile)
		return nil
	}
	if err == nil && files.Digest(text) != v.links[len(v.links)-1].Best {
		v.problem("%s: SHA-256 in the receipt %.12s..., found %.12s...", experiment.ParamsFile, v.links[len(v.links)-1].Best, files.Digest(text))
	}
	return err
}

// checkpointFiles compares the checkpoints.
func (v *verifier) checkpointFiles() error {
	names, err := v.checkpoints()
	if err != nil {
		return err
	}
	if !slices.Contains(names, experiment.CheckpointFile) {
		v.problem("there is no %s", experiment.CheckpointFile)
	}
	for _, name := range names {
		c, err := train.ReadOneCheckpoint(v.path(name))
		if err != nil {
			v.problem("%v", err)
			continue
		}
		sum, err := c.Sum()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(v.links, func(l train.Link) bool { return l.Epoch == c.Position.Epoch && l.Batch == c.Position.Batch })
		if name == experiment.CheckpointFile && v.sealed && c.Position.Epoch < v.Epochs {
			v.problem("%s: is of epoch %d, and the receipt ends with epoch %d", name, c.Position.Epoch, v.Epochs)
			continue
		}
		within := i < 0 && c.Position.Batch > 0 && c.Position.Epoch <= v.Epochs
		switch {
		case len(c.Receipt) == 0 && name != experiment.CheckpointFile && (v.links[0].Epoch > 0 || v.links[0].Batch > 0):
			v.note("%s was written before the receipt was begun, by a build that had none: nothing is known of it", name)
		case i < 0 && !within:
			v.problem("%s: is of epoch %d, of which the receipt has none", name, c.Position.Epoch)
		case i >= 0 && (sum != v.links[i].State || files.Digest([]byte(c.Config)) != v.links[i].Config):
			v.problem("%s: is not the state of the receipt after epoch %d", name, c.Position.Epoch)
		case !bytes.HasPrefix(v.receipt, c.Receipt):
			v.problem("%s: has another receipt", name)
		case within:
			v.note("%s is %d batches into epoch %d, of which the receipt says nothing", name, c.Position.Batch, c.Position.Epoch+1)
		case c.Position.Batch == 0:
			v.states = append(v.states, c)
		}
	}
	return nil
}

// replay does a segment again.
func (v *verifier) replay(ctx context.Context, s Options) error {
	if s.Last < 0 {
		s.First, s.Last = 0, v.Epochs
	}
	if s.Last > v.Epochs {
		v.problem("epoch %d: the receipt ends with epoch %d", s.Last, v.Epochs)
		return nil
	}
	var from *train.Checkpoint
	for _, c := range v.states {
		if p := c.Position.Epoch; p > 0 && p <= s.First && (from == nil || p > from.Position.Epoch) {
			from = c
		}
	}
	if first := v.links[0]; from == nil && (first.Epoch > 0 || first.Batch > 0) {
		v.problem("the receipt begins in epoch %d, as of a run that a build without receipts began, and no kept checkpoint of a later epoch is there to go on from: nothing can be done again; --files compares the files alone", first.Epoch+1)
		return nil
	}
	var e *experiment.Experiment
	var err error
	differs := errors.New("differs")
	done := -1
	if from != nil {
		done = from.Position.Epoch - 1
	}
	for _, part := range stretches(v.links, v.config) {
		if from != nil && part.last <= from.Position.Epoch && part.last < s.Last {
			continue // it goes on behind it
		}
		if e, err = v.parse(part.config, s); err != nil {
			v.problem("%v", err)
			return nil
		}
		if from, err = replay(ctx, e, part.config, from, min(part.last, s.Last), func(l train.Link) error {
			if l.Epoch <= done {
				return nil // where the stretch before ended
			}
			want := v.links[l.Epoch-v.links[0].Epoch]
			if other := differences(l, want); len(other) > 0 {
				v.problem("epoch %d: other %s than in the receipt", l.Epoch, strings.Join(other, ", "))
				return differs
			}
			if done = l.Epoch; l.Epoch >= s.First {
				v.Replayed = append(v.Replayed, l.Epoch)
			}
			_, err := fmt.Fprintf(v.say, "epoch %d of %d: the same\n", l.Epoch, s.Last)
			return err
		}); err != nil || part.last >= s.Last {
			break
		}
	}
	switch {
	case errors.Is(err, differs):
		return nil
	case ctx.Err() != nil:
		return err
	case err != nil:
		v.problem("the run cannot be done again: %v", err)
		return nil
	}
	if n := len(v.Replayed); n == 0 || v.Replayed[n-1] != s.Last {
		v.problem("the run ends before epoch %d", s.Last)
		return nil
	}
	return v.pictures(e, s)
}

// parse reads an experiment of the run.
func (v *verifier) parse(config string, s Options) (*experiment.Experiment, error) {
	e, err := experiment.Parse(v.path(experiment.ConfigFile), config, "")
	if err == nil && s.Data != "" {
		e.Locate(s.Data)
	}
	return e, err
}

// pictures draws those of a run that has ended and was proved as a whole.
func (v *verifier) pictures(e *experiment.Experiment, s Options) error {
	if s.First > 0 || s.Last < v.Epochs || len(v.Problems) > 0 || !v.is(experiment.ParamsFile) {
		return nil
	}
	params, err := train.ReadParams(v.path(experiment.ParamsFile))
	if err != nil {
		return err
	}
	others, err := redraw(e, v.folder, params)
	for _, name := range others {
		v.problem("%s: is not what this program draws", name)
	}
	return err
}

// differences names what differs in two links. The experiment of an early link may have been
// another one, with fewer epochs: then what came of it decides.
func differences(l, want train.Link) (names []string) {
	for _, f := range []struct{ name, is, want string }{
		{"data", l.Data, want.Data}, {"parameters", l.Params, want.Params}, {"best parameters", l.Best, want.Best},
		{"metrics", l.Metrics, want.Metrics}, {"state", l.State, want.State},
	} {
		if f.is != f.want {
			names = append(names, f.name)
		}
	}
	return names
}
