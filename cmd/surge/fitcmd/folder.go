package fitcmd

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/models/dynapse/fit/report"
)

// folder takes --out, or by default the first folder that holds no fit yet, unless that of an
// earlier one is to be resumed or replaced. fresh says that there was none.
func (c *Command) folder(e *subject) (dir *rundir.Dir, fresh bool, err error) {
	base := c.Out
	if base == "" {
		base = filepath.Join("runs", strings.TrimSuffix(filepath.Base(e.Path), filepath.Ext(e.Path)))
	}
	fresh = !exists(base)
	switch {
	case c.Resume && fresh:
		_, err = (&progress{path: filepath.Join(base, checkpointFile), experiment: e}).read() // says that there is no checkpoint
		return nil, false, err
	case c.Out != "" || c.Resume || c.Force:
		dir, err = rundir.Open(base)
		return dir, fresh, err
	}
	dir, err = rundir.Claim(base, func(path string) bool {
		return !exists(filepath.Join(path, report.ResultFile)) && !exists(filepath.Join(path, checkpointFile))
	})
	return dir, err == nil && dir.String() != base || fresh, err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// begin prepares the folder of the results. A fit that is in it already is not replaced, and the
// checkpoint of one that was stopped may be hours of work.
func (c *Command) begin(dir *rundir.Dir) error {
	stopped := dir.Has(checkpointFile)
	if c.Resume {
		return dir.Unseal()
	}
	for _, name := range append([]string{checkpointFile, checkpointFile + ".prev", rundir.SumsFile}, report.Files()...) {
		switch {
		case !dir.Has(name):
			continue
		case !c.Force && stopped:
			return &exit.BadInput{File: c.Out, Expected: "a folder without a fit that was stopped; --resume goes on with it, --force gives it up", Found: name}
		case !c.Force:
			return &exit.BadInput{File: c.Out, Expected: "a folder without a fit; --force replaces it", Found: name}
		}
		if err := files.Remove(dir.Path(name)); err != nil {
			return &exit.BadInput{File: "--out " + c.Out, Err: err}
		}
	}
	return nil
}
