package fit

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/parts"
	"github.com/surge-snn/surge/internal/rundir"
)

// Journal has the problems of a benchmark as they are solved, a line for each; commands that have
// it in common share the problems. The zero value keeps nothing.
type Journal struct{ parts *parts.Journal[Outcome] }

// journalFile is in the folder of a benchmark.
const journalFile = "problems.jsonl"

// OpenJournal opens problems.jsonl of a folder, with what is there already, or with fresh anew;
// then the results of a benchmark that are there are an error, unless force replaces them. Without
// a folder it keeps nothing. A last line that was cut short counts as not there.
func OpenJournal(dir string, fresh, force bool) (Journal, error) {
	if dir == "" {
		return Journal{}, nil
	}
	if fresh {
		r := rundir.Results{What: "benchmark", Out: dir, Force: force, Checkpoint: journalFile, Files: []string{"summary.json", "problems.csv"}}
		d, _, err := r.Take()
		if err != nil {
			return Journal{}, err
		}
		if err := errors.Join(r.Begin(d), d.Close()); err != nil {
			return Journal{}, err
		}
	}
	j, err := parts.Open(filepath.Join(dir, journalFile), fresh, func(o Outcome) string { return name(o.Benchmark, o.Seed) })
	return Journal{j}, err
}

// name is that of a problem.
func name(benchmark string, seed uint64) string {
	return benchmark + "-" + strconv.FormatUint(seed, 10)
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
