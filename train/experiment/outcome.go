package experiment

import (
	"fmt"
	"maps"
	"slices"

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

// NewOutcome returns that of a run with a test set in the folder out.
func NewOutcome(x *train.Result, of data.TargetKind, out string) Outcome {
	o := Outcome{
		TestLoss: x.Test.Loss, TestMetrics: x.Test.Metrics, ValidMetrics: x.Best.ValidMetrics,
		BestEpoch: x.Best.Epoch, Epochs: x.Epochs, Seconds: x.Seconds, Out: out,
	}
	if of == data.ClassTarget {
		o.TestAccuracy, o.ValidAccuracy = &x.Test.Accuracy, &x.Best.ValidAccuracy
	}
	return o
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
