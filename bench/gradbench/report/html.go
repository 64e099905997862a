package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"

	"github.com/surge-snn/surge/bench/gradbench/answer"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
)

//go:embed page.html
var page embed.FS

// drawing is a figure in the page.
type drawing struct {
	Caption     string
	Light, Dark template.HTML // SVG
}

// Write writes results.json, results.csv, values.csv, trials.csv, the figures and report.html into
// a folder. Equal results give equal bytes.
func (r *Result) Write(dir string) error {
	if err := given.Need("a Result of New", r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for name, write := range map[string]func(io.Writer) error{"results.json": r.JSON, "results.csv": r.CSV, "values.csv": r.values, "trials.csv": r.trials} {
		if err := files.WriteAtomic(filepath.Join(dir, name), write); err != nil {
			return err
		}
	}
	figures, err := r.draw(dir)
	if err != nil {
		return err
	}
	var drawings []drawing
	for _, f := range figures {
		var svg [2]template.HTML
		for i, paper := range papers {
			text, err := os.ReadFile(filepath.Join(dir, f.name+paper))
			if err != nil {
				return err
			}
			_, text, _ = bytes.Cut(text, []byte("?>")) // no declaration inside a page
			svg[i] = template.HTML(text)
		}
		drawings = append(drawings, drawing{f.caption, svg[0], svg[1]})
	}
	findings, open := 0, 0
	for _, q := range r.Questions {
		findings += len(q.Findings)
		for _, f := range q.Findings {
			if !f.Decided {
				open++
			}
		}
	}
	t, err := template.New("page.html").Funcs(template.FuncMap{
		"number":  func(x float64) string { return fmt.Sprintf("%.4g", x) },
		"percent": func(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) },
		"rank":    func(i int) int { return i + 1 },
		"ms":      func(seconds float64) string { return fmt.Sprintf("%.3g", 1e3*seconds) },
		"kB":      func(bytes uint64) uint64 { return bytes / 1000 },
	}).ParseFS(page, "page.html")
	if err != nil {
		return err
	}
	return files.WriteAtomic(filepath.Join(dir, "report.html"), func(w io.Writer) error {
		return t.Execute(w, struct {
			Settings  suite.Settings
			Questions []answer.Question
			Drawings  []drawing
			Suites    []suite.Suite
			Tables    []table
			Costs     []suite.Cost
			Findings  int
			Open      int
		}{r.Settings, r.Questions, drawings, suite.All(), r.tables(), r.costs, findings, open})
	})
}
