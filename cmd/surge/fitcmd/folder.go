package fitcmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
)

// folder is the default of --out: the first that holds no fit yet, unless that of an earlier one is to be resumed or replaced.
func (c *Command) folder(e *subject) string {
	base := filepath.Join("runs", strings.TrimSuffix(filepath.Base(e.Path), filepath.Ext(e.Path)))
	dir := base
	for i := 2; !c.Resume && !c.Force && (exists(filepath.Join(dir, resultFile)) || exists(filepath.Join(dir, checkpointFile))); i++ {
		dir = fmt.Sprintf("%s-%d", base, i)
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// begin makes the folder of the results, and says whether there was none. A fit that is in it already is not replaced, and the checkpoint of one that was stopped may be hours of work.
func (c *Command) begin() (fresh bool, err error) {
	fresh = !exists(c.Out)
	stopped := exists(filepath.Join(c.Out, checkpointFile))
	for _, name := range []string{checkpointFile, checkpointFile + ".prev", resultFile, markdownFile, htmlFile, deviceFile, tracesFile, ratesFile, lossFile, historyFile} {
		path := filepath.Join(c.Out, name)
		switch {
		case c.Resume || !exists(path):
			continue
		case !c.Force && stopped:
			return false, &exit.BadInput{File: c.Out, Expected: "a folder without a fit that was stopped; --resume goes on with it, --force gives it up", Found: name}
		case !c.Force:
			return false, &exit.BadInput{File: c.Out, Expected: "a folder without a fit; --force replaces it", Found: name}
		}
		if err := os.Remove(path); err != nil {
			return false, &exit.BadInput{File: "--out " + c.Out, Err: err}
		}
	}
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return false, &exit.BadInput{File: "--out " + c.Out, Err: err}
	}
	return fresh, nil
}
