package suite

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Finished is one of the file of finished runs: the settings first, then a line for each run.
type Finished struct {
	Settings *Settings `json:"settings,omitempty"`
	ID       string    `json:"id,omitempty"`
	Rows     []Row     `json:"rows,omitempty"`
}

// OpenLog reads the finished runs of a folder into done, and opens their file for more.
//
// Errors are [*exit.BadInput]; one is of runs with other settings.
func OpenLog(dir string, s Settings, done map[string][]Row) (*files.Lines, error) {
	path := filepath.Join(dir, "runs.jsonl")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, &exit.BadInput{File: "--out " + dir, Err: err}
	}
	var found []Finished
	if _, err := os.Stat(path); err == nil {
		if found, _, err = files.ReadLines[Finished](path); err != nil {
			return nil, &exit.BadInput{File: path, Expected: "the finished runs of surge gradbench", Err: err}
		}
	}
	for i, l := range found {
		switch {
		case i == 0 && (l.Settings == nil || *l.Settings != s):
			return nil, &exit.BadInput{File: path, Expected: fmt.Sprintf("runs with these settings, %+v, or another --out", s), Found: fmt.Sprintf("%+v", l.Settings)}
		case i > 0:
			done[l.ID] = l.Rows
		}
	}
	log, err := files.OpenLines(path, files.All)
	if err == nil && len(found) == 0 {
		err = log.Write(Finished{Settings: &s})
	}
	if err != nil {
		return nil, &exit.BadInput{File: path, Err: err}
	}
	return log, nil
}

// WriteProblem writes the network of a run into the folder problems of dir, as JSON: weights, inputs
// and targets, from which its rows can be computed again. Of runs without one it writes nothing.
func (r Run) WriteProblem(dir string) error {
	if r.Problem == nil {
		return nil
	}
	dir = filepath.Join(dir, "problems")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return &exit.BadInput{File: dir, Err: err}
	}
	name := strings.Map(func(c rune) rune {
		if c == '/' || c == filepath.Separator || c == ':' {
			return '-'
		}
		return c
	}, r.ID)
	return files.WriteAtomic(filepath.Join(dir, name+".json"), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(r.Problem().Describe())
	})
}
