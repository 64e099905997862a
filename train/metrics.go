package train

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/surge-snn/surge/internal/files"
)

// Epoch is what one epoch gave: a line of metrics.jsonl. All but Seconds is determined by the
// settings of the run, so that Seconds is for Settings.AfterEpoch alone and stands in no file
// but times.jsonl.
type Epoch struct {
	Epoch         int     `json:"epoch"`          // 1, 2, ...
	TrainLoss     float64 `json:"train_loss"`     // mean over the epoch, while the parameters change
	TrainAccuracy float64 `json:"train_accuracy"` // in [0, 1]; 0, and left out, where targets are no classes
	ValidLoss     float64 `json:"valid_loss"`     // after the epoch
	ValidAccuracy float64 `json:"valid_accuracy"` // as TrainAccuracy
	// Metrics of the two sets, by name; they are left out where there are none.
	TrainMetrics map[string]float64 `json:"train_metrics,omitempty"`
	ValidMetrics map[string]float64 `json:"valid_metrics,omitempty"`
	LearningRate float64            `json:"learning_rate"`    // of the last update; 0 where Settings.LR is nil
	Spikes       float64            `json:"spikes"`           // per sample and spiking neuron, validation set
	Silent       int                `json:"silent,omitzero"`  // Sums.Silent of the training epoch
	Grazing      int                `json:"grazing,omitzero"` // Sums.Grazing of the training epoch
	Clipped      int                `json:"clipped,omitzero"` // Sums.Clipped of the training epoch
	Skipped      int                `json:"skipped,omitzero"` // batches that were not learned, see Settings.OnNonFinite
	// Layers are the spiking layers, on the validation set.
	Layers  []LayerShares `json:"layers,omitempty"`
	Seconds float64       `json:"seconds,omitzero"` // wall time; of a resumed epoch, since it was resumed

	noClasses bool // nothing is right or wrong
}

// MarshalJSON leaves accuracies out where there are none.
func (e Epoch) MarshalJSON() ([]byte, error) {
	type plain Epoch
	b, err := json.Marshal(plain(e))
	if e.noClasses {
		for _, key := range []string{`"train_accuracy":0,`, `"valid_accuracy":0,`} {
			b = bytes.Replace(b, []byte(key), nil, 1)
		}
	}
	return b, err
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Epoch) UnmarshalJSON(b []byte) error {
	type plain Epoch
	if e == nil {
		return fmt.Errorf("%w: no Epoch to read into", ErrSettings)
	}
	if err := json.Unmarshal(b, (*plain)(e)); err != nil {
		return err
	}
	var has struct {
		Accuracy *float64 `json:"valid_accuracy"`
	}
	err := json.Unmarshal(b, &has)
	e.noClasses = has.Accuracy == nil
	return err
}

// LayerShares says how many neurons of a spiking layer do not take part, see [LayerSpikes.Shares].
type LayerShares struct {
	Name      string  `json:"name"`
	Silent    float64 `json:"silent"`             // share of neurons without a spike
	Saturated float64 `json:"saturated,omitzero"` // share of those that spike in at least half of all steps
}

// better says whether e is a better epoch than f: by the accuracy on the validation set,
// then by the loss. The first of equals is the best.
func (e Epoch) better(f Epoch) bool {
	if f.Epoch == 0 || e.ValidAccuracy != f.ValidAccuracy {
		return f.Epoch == 0 || e.ValidAccuracy > f.ValidAccuracy
	}
	return e.ValidLoss < f.ValidLoss
}

// ReadMetrics reads the lines of a metrics.jsonl. An unfinished last line is left out. Errors
// name the file and the line, as that of an epoch which does not come after the one
// before.
func ReadMetrics(path string) ([]Epoch, error) {
	rows, _, err := files.ReadLines[Epoch](path)
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		if r.Epoch < 1 || i > 0 && r.Epoch <= rows[i-1].Epoch {
			return nil, fmt.Errorf("%s: %w: line %d: epoch expected to rise from 1, found %d",
				path, files.ErrCorrupt, i+1, r.Epoch)
		}
	}
	return rows, nil
}
