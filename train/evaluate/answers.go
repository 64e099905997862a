package evaluate

import (
	"cmp"
	"slices"

	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// answers are what a network gives, and what it was to give: the first component of all vectors, or
// of the first sequence.
type answers struct {
	sequence    bool
	want, found []float64
}

func (a *answers) add(k data.TargetKind, p *train.Prediction) {
	switch {
	case k == data.VectorTarget:
		a.want, a.found = append(a.want, p.Want.Y[0]), append(a.found, p.Out[0])
	case !a.sequence:
		a.sequence = true
		for i := 0; i < len(p.Want.Y); i += p.Want.Size {
			a.want, a.found = append(a.want, p.Want.Y[i]), append(a.found, p.Want.Found(p.Out, i))
		}
	}
}

// draw writes two lines: over the steps of the sequence, or over the samples by rising target.
func (a *answers) draw(path, title string) error {
	label, order := "step", make([]int, len(a.want))
	for i := range order {
		order[i] = i
	}
	if !a.sequence {
		label = "sample, by rising target"
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(a.want[i], a.want[j]) })
	}
	target, found := plot.Line{Name: "target"}, plot.Line{Name: "network"}
	for x, i := range order {
		target.X, target.Y = append(target.X, float64(x)), append(target.Y, a.want[i])
		found.X, found.Y = append(found.X, float64(x)), append(found.Y, a.found[i])
	}
	return plot.Curves{Title: title, XLabel: label, Panels: []plot.Panel{{YLabel: "value", Lines: []plot.Line{target, found}}}}.Write(path)
}
