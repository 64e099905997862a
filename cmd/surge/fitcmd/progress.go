package fitcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/fit/report"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// progress prints how a fit goes, and keeps its checkpoint.
type progress struct {
	out        io.Writer
	path       string        // of the checkpoint
	every      time.Duration // how often it is written
	experiment *subject
	printed    time.Time
	saved      time.Time
	phase      string
}

// printEvery is how often a line is printed.
const printEvery = time.Second

func (p *progress) record(s fit.Progress) error {
	now := time.Now()
	if s.Phase != p.phase || now.Sub(p.printed) >= printEvery {
		p.phase, p.printed = s.Phase, now
		if _, err := fmt.Fprintf(p.out, "%-12s step %-4d loss %-10.4g %d simulations\n", s.Phase, s.Step, s.Loss, s.Evaluations+3*s.Gradients); err != nil {
			return err
		}
	}
	if p.saved.IsZero() {
		p.saved = now
	}
	if now.Sub(p.saved) < p.every {
		return nil
	}
	p.saved = now
	return p.save(s.Checkpoint())
}

// checkpointFormat is the kind of archive that a checkpoint is.
var checkpointFormat = files.Format{Name: "surge-fit", Version: 1}

// meta says what a checkpoint belongs to.
func (p *progress) meta() map[string]string {
	e := p.experiment
	return map[string]string{"config": e.Text, "seed": fmt.Sprint(e.Settings.Seed), "targets": e.Targets}
}

func (p *progress) save(s optim.State) error {
	raw, err := s.MarshalBinary()
	if err != nil {
		return err
	}
	a := files.Archive{Format: checkpointFormat, Meta: p.meta()}
	if err := files.Put(&a, "state", raw, len(raw)); err != nil {
		return err
	}
	return files.WriteKeep(p.path, &a)
}

// read reads the checkpoint, which must be of the same experiment.
func (p *progress) read() (*optim.State, error) {
	a, _, err := files.ReadLatest(p.path, checkpointFormat)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &exit.BadInput{File: p.path, Expected: "the checkpoint of a fit that was stopped", Found: "none"}
	}
	if err != nil {
		return nil, &exit.BadInput{File: p.path, Err: err}
	}
	for _, m := range []struct{ key, what string }{{"config", "experiment file"}, {"seed", "seed"}, {"targets", "target files"}} {
		if a.Meta[m.key] != p.meta()[m.key] {
			return nil, &exit.BadInput{File: p.path, Expected: "the checkpoint of this experiment", Found: "one with another " + m.what}
		}
	}
	raw, err := files.Get[uint8](a, "state", -1)
	s := new(optim.State)
	if err == nil {
		err = s.UnmarshalBinary(raw)
	}
	if err != nil {
		return nil, &exit.BadInput{File: p.path, Err: err}
	}
	return s, nil
}

// remove takes the checkpoint of a fit away that has ended.
func (p *progress) remove() error {
	if err := files.Remove(p.path + ".prev"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return files.Remove(p.path)
}

// write writes the files of the results, and takes the checkpoint away when all are there.
func (p *progress) write(ctx context.Context, o *report.Outcome, dir *rundir.Dir) error {
	if err := p.save(o.Checkpoint); err != nil { // until all is written
		return &exit.BadInput{File: p.path, Err: err}
	}
	if err := o.Write(ctx, dir.String()); err != nil {
		return err
	}
	if o.Status == minimize.Interrupted || o.Status == minimize.BudgetReached {
		return dir.Seal()
	}
	if err := dir.Seal(checkpointFile, checkpointFile+".prev"); err != nil {
		return err
	}
	if err := p.remove(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &exit.BadInput{File: p.path, Err: err}
	}
	return nil
}
