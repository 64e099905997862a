// Package evaluate says how well a trained network does on samples: accuracy with its interval,
// classes and their confusion, errors, spikes and rates of layers, and neurons that are silent; and
// writes its predictions into files.
//
//	t, err := experiment.Restore("runs/mine/config.toml", "runs/mine/best.params")
//	set, err := t.Open("") // its test set
//	s := evaluate.New(t, set.Data.Form().Target)
//	err = t.Predict(ctx, set, func(p *train.Prediction) error { s.Add(p); return nil })
//	s.Finish()
package evaluate

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
)

// Summary says how well a network does on samples.
type Summary struct {
	Samples int `json:"samples"`
	// Of classes that are known: the share of right answers with Wilson's interval of 95 %, and for
	// each class how many samples it has and how often each class was the answer.
	Accuracy  *float64    `json:"accuracy,omitempty"`
	Interval  *[2]float64 `json:"interval,omitempty"`
	Classes   []string    `json:"classes,omitempty"`
	Confusion [][]int     `json:"confusion,omitempty"` // [class][answer]; the last column: no answer
	// Of vectors and sequences that are known: root of the mean squared error.
	RMSE *float64 `json:"rmse,omitempty"`
	// Metrics are the mean absolute error of vectors and sequences, and the Victor-Purpura distance
	// of spike trains, with 100 per s, the mean over the channels.
	Metrics map[string]float64 `json:"metrics,omitempty"`
	Layers  []Layer            `json:"layers"`
	Figure  string             `json:"figure,omitempty"` // the file of the confusion matrix as a picture

	trained         *experiment.Trained
	kind            data.TargetKind // of the samples
	correct         int
	squares, metric float64
	measure         train.Metric // of samples without classes
	answers         answers
	seconds         float64 // of all samples
	names           []string
	spikes          [][]float64 // of each neuron of each layer
}

// Layer is what the neurons of a layer do.
type Layer struct {
	Name    string  `json:"name"`
	Neurons int     `json:"neurons"`
	Spikes  float64 `json:"spikes"` // per neuron and sample
	Rate    float64 `json:"rate"`   // per neuron and second
	Silent  int     `json:"silent"` // neurons without a spike in any sample
}

// New begins a summary of samples with these targets.
func New(t *experiment.Trained, samples data.Target) *Summary {
	s := &Summary{trained: t, kind: samples.Kind, measure: train.MAE()}
	if s.kind == data.SpikeTarget {
		s.measure = train.SpikeDistance(100, samples.Size)
	}
	if s.kind == data.ClassTarget {
		for c := range t.Target.Size {
			s.Classes = append(s.Classes, ClassName(t, c))
			s.Confusion = append(s.Confusion, make([]int, t.Target.Size+1))
		}
	}
	return s
}

// Picture returns the name of the file that [Summary.Draw] makes as a rule, and what it shows;
// empty where there is none.
func (s *Summary) Picture() (file, what string) {
	switch s.kind {
	case data.ClassTarget:
		return "confusion.png", "the confusion matrix"
	case data.VectorTarget, data.SequenceTarget:
		return "answers.png", "what the network gives, beside the targets"
	}
	return "", ""
}

// Add counts a sample.
func (s *Summary) Add(p *train.Prediction) {
	s.Samples++
	s.seconds += p.Duration
	s.names = p.Layers
	switch s.kind {
	case data.ClassTarget:
		answer := p.Class
		if answer < 0 {
			answer = s.trained.Target.Size
		}
		s.Confusion[p.Want.Label][answer]++
		if p.Class == p.Want.Label {
			s.correct++
		}
	case data.VectorTarget, data.SequenceTarget:
		sum := 0.0
		for i, y := range p.Want.Y {
			d := p.Want.Found(p.Out, i) - y
			sum += d * d
		}
		s.squares += sum / float64(max(len(p.Want.Y), 1))
		s.metric += s.measure.Of(p.Out, p.Want)
		s.answers.add(s.kind, p)
	case data.SpikeTarget:
		s.metric += s.measure.OfSpikes(p.Spikes, p.Want)
	}
	for len(s.spikes) < len(p.Counts) {
		s.spikes = append(s.spikes, make([]float64, len(p.Counts[len(s.spikes)])))
	}
	for l, counts := range p.Counts {
		for j, c := range counts {
			s.spikes[l][j] += c
		}
	}
}

// Finish makes means of the sums.
func (s *Summary) Finish() {
	n := float64(max(s.Samples, 1))
	switch s.kind {
	case data.ClassTarget:
		p := float64(s.correct) / n
		s.Accuracy = &p
		// Wilson (1927), doi:10.1080/01621459.1927.10502953.
		const z = 1.959963984540054
		middle, width := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
		s.Interval = &[2]float64{(middle - width) / (1 + z*z/n), (middle + width) / (1 + z*z/n)}
	case data.VectorTarget, data.SequenceTarget:
		r := math.Sqrt(s.squares / n)
		s.RMSE, s.Metrics = &r, map[string]float64{s.measure.Name: s.metric / n}
	case data.SpikeTarget:
		s.Metrics = map[string]float64{s.measure.Name: s.metric / n}
	}
	for k, counts := range s.spikes {
		l := Layer{Name: s.names[k], Neurons: len(counts)}
		for _, c := range counts {
			l.Spikes += c
			if c == 0 {
				l.Silent++
			}
		}
		l.Spikes /= n * float64(max(len(counts), 1))
		if s.seconds > 0 {
			l.Rate = l.Spikes * n / s.seconds
		}
		s.Layers = append(s.Layers, l)
	}
}

// Head is the summary in a line.
func (s *Summary) Head() string {
	line := fmt.Sprintf("%d samples", s.Samples)
	if s.Accuracy != nil {
		line += fmt.Sprintf(", accuracy %.2f %% (%.2f to %.2f %%)", 100**s.Accuracy, 100*s.Interval[0], 100*s.Interval[1])
	}
	if s.RMSE != nil {
		line += fmt.Sprintf(", rms error %.4g", *s.RMSE)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		line += fmt.Sprintf(", %s %.4g", name, s.Metrics[name])
	}
	return line
}

// Write prints the summary for people.
func (s *Summary) Write(w io.Writer) error {
	fmt.Fprintln(w, s.Head())
	for _, l := range s.Layers {
		fmt.Fprintf(w, "%s: %.2f spikes per neuron and sample, %.1f per second, %d of %d neurons silent\n", l.Name, l.Spikes, l.Rate, l.Silent, l.Neurons)
	}
	if s.Confusion == nil {
		return nil
	}
	none := slices.ContainsFunc(s.Confusion, func(row []int) bool { return row[len(row)-1] > 0 })
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	columns := len(s.Classes) <= 40
	fmt.Fprintf(t, "class\tsamples\tright (%%)\tof its answers (%%)\t")
	if columns {
		for _, c := range s.Classes {
			fmt.Fprintf(t, "-> %s\t", c)
		}
		if none {
			fmt.Fprintf(t, "no answer\t")
		}
	}
	fmt.Fprintln(t)
	for c, row := range s.Confusion {
		n, answers := 0, 0
		for _, k := range row {
			n += k
		}
		for _, other := range s.Confusion {
			answers += other[c]
		}
		share := func(of int) float64 { return 100 * float64(row[c]) / float64(max(of, 1)) }
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%.2f\t", s.Classes[c], n, share(n), share(answers))
		for a, k := range row {
			if columns && (a < len(s.Classes) || none) {
				fmt.Fprintf(t, "%d\t", k)
			}
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// Draw writes a picture: the confusion matrix, or what the network gives beside the targets.
func (s *Summary) Draw(path, title string) error {
	if s.Confusion == nil {
		return s.answers.draw(path, title)
	}
	m := plot.Matrix{Title: title, XLabel: "answer", YLabel: "class", Rows: s.Classes, Columns: s.Classes, Values: s.Confusion}
	if slices.ContainsFunc(s.Confusion, func(row []int) bool { return row[len(row)-1] > 0 }) {
		m.Columns = append(slices.Clone(s.Classes), "none")
	} else {
		m.Values = make([][]int, len(s.Confusion))
		for c, row := range s.Confusion {
			m.Values[c] = row[:len(row)-1]
		}
	}
	return m.Write(path)
}

// ClassName returns the name of a class, its number where the data have no names, and "" for none.
func ClassName(t *experiment.Trained, class int) string {
	switch {
	case class < 0:
		return ""
	case class < len(t.Target.Names):
		return t.Target.Names[class]
	}
	return strconv.Itoa(class)
}
