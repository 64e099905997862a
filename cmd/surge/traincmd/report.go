package traincmd

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/ranks"
)

// report prints how a run goes: lines for people or JSON lines to out, and a progress bar to
// errs if that is a terminal.
type report struct {
	out    io.Writer
	errs   io.Writer
	json   bool
	epochs int
	target data.TargetKind
	bar    *progressbar.ProgressBar // of the epoch at hand; nil: none
}

func newReport(out, errs io.Writer, json bool, e *experiment.Experiment) *report {
	return &report{out: out, errs: errs, json: json, epochs: e.Train.Epochs}
}

// logger returns a logger for warnings.
func (r *report) logger() *slog.Logger {
	untimed := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	return slog.New(slog.NewTextHandler(r.errs, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: untimed}))
}

// begin says what is going to be trained.
func (r *report) begin(run *runner) {
	r.target = run.target.Kind
	if f, ok := r.errs.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		r.bar = progressbar.NewOptions(run.sets.Train.Len(), progressbar.OptionSetWriter(r.errs), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true))
	}
	if r.json {
		return
	}
	fmt.Fprint(r.out, run.experiment.Summary(run.net, run.sets, run.target))
}

// ranks says where the processes of the run are.
func (r *report) ranks(all []ranks.Identity, run *runner) {
	if r.json {
		return
	}
	var places []string
	for _, id := range all {
		places = append(places, fmt.Sprintf("%d: process %d on %s", id.Rank, id.Process, id.Host))
	}
	fmt.Fprintf(r.out, "%d ranks, %s\n", len(all), strings.Join(places, ", "))
	if run.chosen {
		fmt.Fprintf(r.out, "batches in %d shards: one process with --shards %[1]d writes the same bytes\n", run.experiment.Train.Shards)
	}
}

func (r *report) batch(p train.Position) {
	if r.bar != nil {
		r.bar.Describe(fmt.Sprintf("epoch %d/%d", p.Epoch+1, r.epochs))
		_ = r.bar.Set(p.Batch) // an error of the terminal is none of the run
	}
}

func (r *report) epoch(e train.Epoch) error {
	r.end()
	if r.json {
		return json.NewEncoder(r.out).Encode(e)
	}
	_, err := fmt.Fprintf(r.out, "epoch %*d/%d  train %s  valid %s  %.2f spikes  %.1f s\n",
		len(fmt.Sprint(r.epochs)), e.Epoch, r.epochs, experiment.ScoreText(r.target, e.TrainLoss, e.TrainAccuracy, e.TrainMetrics), experiment.ScoreText(r.target, e.ValidLoss, e.ValidAccuracy, e.ValidMetrics), e.Spikes, e.Seconds)
	return err
}

// end takes the progress bar away.
func (r *report) end() {
	if r.bar != nil {
		_ = r.bar.Clear()
		r.bar.Reset()
	}
}

// result prints what came out.
func (r *report) result(x *train.Result, dir string) error {
	if r.json {
		return json.NewEncoder(r.out).Encode(experiment.NewOutcome(x, r.target, dir))
	}
	head, curves := "test "+experiment.ScoreText(r.target, x.Test.Loss, 0, x.Test.Metrics), "loss and metrics"
	if r.target == data.ClassTarget {
		head, curves = fmt.Sprintf("test accuracy %.2f %%", 100*x.Test.Accuracy), "loss and accuracy"
	}
	_, err := fmt.Fprintf(r.out, `%s (epoch %d, the best on the validation set), %.1f s
  %s  parameters
  %s  %s
  %s  spikes of a sample
  %s  a line per epoch
`, head, x.Best.Epoch, x.Seconds,
		filepath.Join(dir, experiment.ParamsFile), filepath.Join(dir, experiment.CurvesFile), curves, filepath.Join(dir, experiment.RasterFile), filepath.Join(dir, experiment.MetricsFile))
	return err
}
