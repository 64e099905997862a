package predictcmd

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
)

// summary says how well a network does on samples.
type summary struct {
	Samples int `json:"samples"`
	// Of classes that are known: the share of right answers with Wilson's interval of 95 %, and for each class how
	// many samples it has and how often each class was the answer.
	Accuracy  *float64    `json:"accuracy,omitempty"`
	Interval  *[2]float64 `json:"interval,omitempty"`
	Classes   []string    `json:"classes,omitempty"`
	Confusion [][]int     `json:"confusion,omitempty"` // [class][answer]; the last column: no answer
	// Of vectors and sequences that are known: root of the mean squared error.
	RMSE   *float64 `json:"rmse,omitempty"`
	Layers []layer  `json:"layers"`

	trained *experiment.Trained
	kind    data.TargetKind // of the samples
	correct int
	squares float64
	spikes  [][]float64 // of each neuron of each layer
}

// layer is what the neurons of a layer do.
type layer struct {
	Neurons int     `json:"neurons"`
	Spikes  float64 `json:"spikes"` // per neuron and sample
	Silent  int     `json:"silent"` // neurons without a spike in any sample
}

func newSummary(t *experiment.Trained, samples data.Target) *summary {
	s := &summary{trained: t, kind: samples.Kind}
	if s.kind == data.ClassTarget {
		for c := range t.Target.Size {
			s.Classes = append(s.Classes, className(t, c))
			s.Confusion = append(s.Confusion, make([]int, t.Target.Size+1))
		}
	}
	return s
}

func (s *summary) add(p *train.Prediction) {
	s.Samples++
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
			sum += (p.Out[i] - y) * (p.Out[i] - y)
		}
		s.squares += sum / float64(max(len(p.Want.Y), 1))
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

// finish makes means of the sums.
func (s *summary) finish() {
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
		s.RMSE = &r
	}
	for _, counts := range s.spikes {
		l := layer{Neurons: len(counts)}
		for _, c := range counts {
			l.Spikes += c
			if c == 0 {
				l.Silent++
			}
		}
		l.Spikes /= n * float64(max(len(counts), 1))
		s.Layers = append(s.Layers, l)
	}
}

// write prints the summary for people.
func (s *summary) write(w io.Writer, out string) error {
	fmt.Fprintf(w, "%d samples", s.Samples)
	if s.Accuracy != nil {
		fmt.Fprintf(w, ", accuracy %.2f %% (%.2f to %.2f %%)", 100**s.Accuracy, 100*s.Interval[0], 100*s.Interval[1])
	}
	if s.RMSE != nil {
		fmt.Fprintf(w, ", rms error %.4g", *s.RMSE)
	}
	fmt.Fprintln(w)
	for i, l := range s.Layers {
		fmt.Fprintf(w, "layer %d: %.2f spikes per neuron and sample, %d of %d neurons silent\n", i+1, l.Spikes, l.Silent, l.Neurons)
	}
	if s.Confusion != nil && len(s.Classes) <= 40 {
		t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(t, "class\tsamples\tright (%%)\t")
		for _, c := range s.Classes {
			fmt.Fprintf(t, "-> %s\t", c)
		}
		none := slices.ContainsFunc(s.Confusion, func(row []int) bool { return row[len(row)-1] > 0 })
		if none {
			fmt.Fprintf(t, "no answer\t")
		}
		fmt.Fprintln(t)
		for c, row := range s.Confusion {
			n := 0
			for _, k := range row {
				n += k
			}
			fmt.Fprintf(t, "%s\t%d\t%.2f\t", s.Classes[c], n, 100*float64(row[c])/float64(max(n, 1)))
			for a, k := range row {
				if a < len(s.Classes) || none {
					fmt.Fprintf(t, "%d\t", k)
				}
			}
			fmt.Fprintln(t)
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	if out != "" {
		_, err := fmt.Fprintf(w, "%s  a row per sample\n", out)
		return err
	}
	return nil
}
