package fit

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Journal has the problems of a benchmark as they are solved, a line for each.
type Journal struct{ file *os.File }

// OpenJournal opens problems.jsonl of a folder, and reads it first with resume; without a folder it
// keeps nothing. A last line that was cut short counts as not there.
func OpenJournal(dir string, resume bool) (done []Outcome, keep Journal, err error) {
	if dir == "" {
		return nil, Journal{}, nil
	}
	path := filepath.Join(dir, "problems.jsonl")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, Journal{}, &exit.BadInput{File: "--out " + dir, Err: err}
	}
	if resume {
		raw, err := files.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, Journal{}, &exit.BadInput{File: path, Err: err}
		}
		for line := range bytes.Lines(raw) {
			var o Outcome
			if !bytes.HasSuffix(line, []byte("\n")) {
				break
			}
			if err := json.Unmarshal(line, &o); err != nil {
				return nil, Journal{}, &exit.BadInput{File: path, Expected: "a problem on each line", Err: err}
			}
			done = append(done, o)
		}
	}
	err = files.WriteAtomic(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		for _, o := range done {
			if err := e.Encode(o); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		keep.file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o666)
	}
	if err != nil {
		return nil, Journal{}, &exit.BadInput{File: path, Err: err}
	}
	return done, keep, nil
}

// Add writes a problem.
func (j Journal) Add(o Outcome) error {
	if j.file == nil {
		return nil
	}
	return json.NewEncoder(j.file).Encode(o)
}

// Close closes the file; what was written is there already.
func (j Journal) Close() {
	if j.file != nil {
		_ = j.file.Close()
	}
}

// Write writes problems.csv and summary.json into a folder; without a folder, nothing.
func Write(dir string, outcomes []Outcome, summaries []Summary) error {
	if dir == "" || len(outcomes) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return &exit.BadInput{File: "--out " + dir, Err: err}
	}
	err := files.WriteAtomic(filepath.Join(dir, "problems.csv"), func(out io.Writer) error {
		w := csv.NewWriter(out)
		_ = w.Write([]string{"benchmark", "seed", "passed", "name", "value"}) // Flush keeps the error
		for _, o := range outcomes {
			line := func(name string, v float64) {
				_ = w.Write([]string{o.Benchmark, strconv.FormatUint(o.Seed, 10), strconv.FormatBool(o.Passed), name, strconv.FormatFloat(v, 'g', -1, 64)})
			}
			for _, name := range sorted(o.Numbers) {
				line(name, o.Numbers[name])
			}
			line("evaluations", float64(o.Evaluations))
			line("gradients", float64(o.Gradients))
			line("seconds", o.Seconds)
		}
		w.Flush()
		return w.Error()
	})
	if err != nil {
		return &exit.BadInput{File: "--out " + dir, Err: err}
	}
	err = files.WriteAtomic(filepath.Join(dir, "summary.json"), func(out io.Writer) error {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(summaries)
	})
	if err != nil {
		return &exit.BadInput{File: "--out " + dir, Err: err}
	}
	return nil
}
