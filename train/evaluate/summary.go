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

	"github.com/surge-snn/surge/internal/given"
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
	err             error       // the first of Add
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
	if s.kind == data.ClassTarget && t != nil {
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
	if s == nil {
		return "", ""
	}
	switch s.kind {
	case data.ClassTarget:
		return "confusion.png", "the confusion matrix"
	case data.VectorTarget, data.SequenceTarget:
		return "answers.png", "what the network gives, beside the targets"
	}
	return "", ""
}

// Add counts a sample. One that is none of the network and of the samples of New is left out, and
// is an error of [Summary.Write] and [Summary.Draw].
func (s *Summary) Add(p *train.Prediction) {
	if s == nil {
		return
	}
	if err := s.fits(p); err != nil {
		if s.err == nil {
			s.err = fmt.Errorf("evaluate: sample %d: %w", s.Samples, err)
		}
		return
	}
	s.Samples++
	s.seconds += p.Duration
	if len(p.Layers) >= len(s.names) {
		s.names = p.Layers
	}
	switch s.kind {
	case data.ClassTarget:
		answer := p.Class
		if answer < 0 {
			answer = len(s.Confusion)
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

// fits returns an error for a prediction that cannot be counted.
func (s *Summary) fits(p *train.Prediction) error {
	if err := given.Need("a prediction", p); err != nil {
		return err
	}
	switch classes := len(s.Confusion); {
	case s.kind == data.ClassTarget && (p.Want.Label < 0 || p.Want.Label >= classes || p.Class >= classes):
		return fmt.Errorf("class %d, and %d is predicted, of %d classes", p.Want.Label, p.Class, classes)
	case s.kind == data.VectorTarget && (len(p.Want.Y) == 0 || len(p.Out) == 0), s.kind == data.SequenceTarget && p.Want.Size < 1:
		return fmt.Errorf("%d numbers where %d are wanted, of size %d", len(p.Out), len(p.Want.Y), p.Want.Size)
	case len(p.Layers) < len(p.Counts):
		return fmt.Errorf("%d names of %d layers", len(p.Layers), len(p.Counts))
	}
	for l, counts := range p.Counts {
		if l < len(s.spikes) && len(counts) != len(s.spikes[l]) {
			return fmt.Errorf("layer %d has %d neurons, and %d before", l, len(counts), len(s.spikes[l]))
		}
	}
	return nil
}

// table returns an error where the confusion matrix is not that of New.
func (s *Summary) table() error {
	if err := given.Need("a Summary of New", s); err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	for _, row := range s.Confusion {
		if len(row) != len(s.Confusion)+1 || len(s.Classes) != len(s.Confusion) {
			return fmt.Errorf("evaluate: a confusion matrix of %d x %d for %d classes", len(s.Confusion), len(row), len(s.Classes))
		}
	}
	return s.err
}

// Finish makes means of the sums.
func (s *Summary) Finish() {
	if s == nil {
		return
	}
	n := float64(max(s.Samples, 1))
	switch s.kind {
	case data.ClassTarget:
		p := float64(s.correct) / n
		s.Accuracy = &p
		// Wilson (1927), doi:10.1080/01621459.1927.10502953.
		const z = 1.959963984540054
		middle, width := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
		s.Interval = &[2]float64{max((middle-width)/(1+z*z/n), 0), min((middle+width)/(1+z*z/n), 1)} // rounding
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
	if s == nil {
		return "0 samples"
	}
	line := fmt.Sprintf("%d samples", s.Samples)
	if s.Accuracy != nil && s.Interval != nil {
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
	if err := s.table(); err != nil {
		return err
	}
	if err := given.Need("w", w); err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
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
	if err := s.table(); err != nil {
		return err
	}
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
	case t != nil && class < len(t.Target.Names):
		return t.Target.Names[class]
	}
	return strconv.Itoa(class)
}
