package experiment

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/train"
)

// Run is the metrics of a run under a name, which is empty where there is only one.
type Run struct {
	Name   string
	Epochs []train.Epoch
}

// ReadRun reads the metrics in the folder of a run, or in a file, under the name path.
//
// Errors: *exit.BadInput, naming the file.
func ReadRun(path string) (Run, error) {
	name := filepath.Clean(path)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, MetricsFile)
	}
	epochs, err := train.ReadMetrics(path)
	if err != nil {
		return Run{}, &exit.BadInput{File: path, Expected: "the metrics of a run", Err: err}
	}
	if len(epochs) == 0 {
		return Run{}, &exit.BadInput{File: path, Expected: "at least one epoch", Found: "none"}
	}
	return Run{Name: name, Epochs: epochs}, nil
}

// Curves draws loss and accuracy of runs over the epochs, training and validation.
func Curves(title string, runs []Run) plot.Curves {
	loss, accuracy := plot.Panel{YLabel: "loss"}, plot.Panel{YLabel: "accuracy (%)"}
	for _, r := range runs {
		n := len(r.Epochs)
		x := make([]float64, n)
		lines := [4][]float64{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
		for i, e := range r.Epochs {
			x[i] = float64(e.Epoch)
			for j, v := range []float64{e.TrainLoss, e.ValidLoss, 100 * e.TrainAccuracy, 100 * e.ValidAccuracy} {
				lines[j][i] = v
			}
		}
		line := func(part string, y []float64) plot.Line {
			return plot.Line{Name: strings.TrimSpace(r.Name + " " + part), X: x, Y: y}
		}
		loss.Lines = append(loss.Lines, line("training", lines[0]), line("validation", lines[1]))
		accuracy.Lines = append(accuracy.Lines, line("training", lines[2]), line("validation", lines[3]))
	}
	panels := []plot.Panel{loss, accuracy}
	if names := metricsOf(runs); len(names) > 0 { // no classes
		panels = panels[:1]
		for _, name := range names {
			panel := plot.Panel{YLabel: name}
			for _, r := range runs {
				var x, train, valid []float64
				for _, e := range r.Epochs {
					x, train, valid = append(x, float64(e.Epoch)), append(train, e.TrainMetrics[name]), append(valid, e.ValidMetrics[name])
				}
				panel.Lines = append(panel.Lines, plot.Line{Name: strings.TrimSpace(r.Name + " training"), X: x, Y: train},
					plot.Line{Name: strings.TrimSpace(r.Name + " validation"), X: x, Y: valid})
			}
			panels = append(panels, panel)
		}
	}
	return plot.Curves{Title: title, Panels: panels}
}

// metricsOf returns the names of the metrics that all epochs have.
func metricsOf(runs []Run) (names []string) {
	for i, r := range runs {
		for j, e := range r.Epochs {
			if i+j == 0 {
				names = slices.Sorted(maps.Keys(e.ValidMetrics))
			}
			names = slices.DeleteFunc(names, func(n string) bool { _, ok := e.ValidMetrics[n]; return !ok })
		}
	}
	return names
}

// Difference returns the first lines in which the texts of two experiments differ.
func Difference(x, y *Experiment) (inX, inY string, differ bool) {
	a, b := x.Text(), y.Text()
	if a == b {
		return "", "", false
	}
	la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(la), len(lb)) {
		inX, inY = "nothing", "nothing"
		if i < len(la) {
			inX = la[i]
		}
		if i < len(lb) {
			inY = lb[i]
		}
		if inX != inY {
			break
		}
	}
	return inX, inY, true
}
