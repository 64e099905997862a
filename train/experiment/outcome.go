package experiment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Outcome is what came out of a run, for a script to read.
type Outcome struct {
	TestAccuracy  *float64           `json:"test_accuracy,omitempty"` // of classes alone
	TestLoss      float64            `json:"test_loss"`
	TestMetrics   map[string]float64 `json:"test_metrics,omitempty"`
	ValidAccuracy *float64           `json:"valid_accuracy,omitempty"`
	ValidMetrics  map[string]float64 `json:"valid_metrics,omitempty"`
	BestEpoch     int                `json:"best_epoch"`
	Epochs        int                `json:"epochs"`
	Seconds       float64            `json:"seconds"`
	Out           string             `json:"out"` // the folder of the run
}

// NewOutcome returns that of a run in the folder out; without a test set its numbers are 0.
func NewOutcome(x *train.Result, of data.TargetKind, out string) Outcome {
	if x == nil {
		return Outcome{Out: out}
	}
	if x.Test == nil {
		x = &train.Result{Epochs: x.Epochs, Best: x.Best, Seconds: x.Seconds, Test: &train.Score{}}
	}
	o := Outcome{
		TestLoss: x.Test.Loss, TestMetrics: x.Test.Metrics, ValidMetrics: x.Best.ValidMetrics,
		BestEpoch: x.Best.Epoch, Epochs: x.Epochs, Seconds: x.Seconds, Out: out,
	}
	if of == data.ClassTarget {
		o.TestAccuracy, o.ValidAccuracy = &x.Test.Accuracy, &x.Best.ValidAccuracy
	}
	return o
}

// Summary says in two lines what a run is going to train, and on how many samples; nothing where
// there is no experiment, no network or no data.
func (e *Experiment) Summary(net Network, sets train.Data, target data.Target) string {
	if given.Need("e", e, "net", net, "Encoder", sets.Train.Encoder, "Train", sets.Train.Data, "Valid", sets.Valid.Data, "Test", sets.Test.Data) != nil {
		return ""
	}
	report, weights := net.Report(), 0
	for _, g := range net.Grads() {
		weights += g.Len()
	}
	layers := []string{fmt.Sprint(sets.Train.Channels())}
	for _, n := range e.Model.Hidden {
		layers = append(layers, fmt.Sprint(n))
	}
	for _, l := range e.Layer {
		layers = append(layers, l.Kind)
	}
	layers = append(layers, fmt.Sprint(target.Size))
	how := fmt.Sprintf("%g ms from event to event, %d parameters, %s", 1e3*e.Encode.Duration, weights, e.Train.Method)
	if !e.events() {
		how = fmt.Sprintf("%d steps of %g ms, %d parameters, %s engine (%d nodes)",
			e.Encode.Steps, 1e3*e.Encode.Dt, weights, e.Train.Engine, report.Nodes)
	}
	kind := ""
	for _, l := range report.Layers { // the neurons, not the weights before them
		if kind = l.Kind; !slices.Contains([]string{"linear", "conv", "pool", "delay", "delayed linear"}, kind) {
			break
		}
	}
	return fmt.Sprintf("%s: %s %s network, %s\n%d samples to learn, %d to validate, %d to test; seed %d\n",
		e.Name, strings.Join(layers, "-"), kind, how, sets.Train.Data.Len(), sets.Valid.Data.Len(), sets.Test.Data.Len(), e.Seed)
}

// ScoreText is the loss, the accuracy of classes, and the metrics: "loss 0.0213 mae 0.1188".
func ScoreText(of data.TargetKind, loss, accuracy float64, metrics map[string]float64) string {
	text := fmt.Sprintf("loss %.4f", loss)
	if of == data.ClassTarget {
		text += fmt.Sprintf(" accuracy %5.2f %%", 100*accuracy)
	}
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		text += fmt.Sprintf(" %s %.4f", name, metrics[name])
	}
	return text
}
