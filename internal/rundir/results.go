package rundir

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Results is a folder of results that a command takes for one piece of work, and does not replace
// unless it is told to.
type Results struct {
	What   string // the work in messages: "fit"
	Out    string // "" means runs/NAME, after Path, with a number where there is one
	Path   string // of what the work is named after
	Resume bool   // what is there goes on
	Force  bool   // what is there is replaced
	// Checkpoint is the file of work that was stopped, and Files those of work that has ended, of
	// which the first is always there.
	Checkpoint string
	Files      []string
}

// Take takes Out, or by default the first folder that holds none yet, unless that of an
// earlier one is to be resumed or replaced: none of its files. fresh says that there was none.
func (r Results) Take() (dir *Dir, fresh bool, err error) {
	base := r.Out
	if base == "" {
		base = filepath.Join("runs", strings.TrimSuffix(filepath.Base(r.Path), filepath.Ext(r.Path)))
	}
	fresh = !exists(base)
	switch {
	case r.Resume && fresh:
		return nil, false, &exit.BadInput{File: filepath.Join(base, r.Checkpoint), Expected: "the checkpoint of a " + r.What + " that was stopped", Found: "none"}
	case r.Out != "" || r.Resume || r.Force:
		dir, err = Open(base)
		return dir, fresh, err
	}
	dir, err = Claim(base, func(path string) bool {
		return !slices.ContainsFunc([]string{r.Checkpoint, r.Files[0]}, func(name string) bool { return exists(filepath.Join(path, name)) })
	})
	return dir, err == nil && dir.String() != base || fresh, err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Begin prepares the folder of the results. Work that is in it already is not replaced, and the
// checkpoint of one that was stopped may be hours of work.
func (r Results) Begin(dir *Dir) error {
	stopped := dir.Has(r.Checkpoint)
	if r.Resume {
		return dir.Unseal()
	}
	for _, name := range append([]string{r.Checkpoint, r.Checkpoint + ".prev", SumsFile}, r.Files...) {
		switch {
		case !dir.Has(name):
			continue
		case !r.Force && stopped:
			return &exit.BadInput{File: dir.String(), Expected: "a folder without a " + r.What + " that was stopped; --resume goes on with it, --force gives it up", Found: name}
		case !r.Force:
			return &exit.BadInput{File: dir.String(), Expected: "a folder without a " + r.What + "; --force replaces it", Found: name}
		}
		if err := files.Remove(dir.Path(name)); err != nil {
			return &exit.BadInput{File: "--out " + dir.String(), Err: err}
		}
	}
	return nil
}
