package gradbench

import (
	"math"
	"slices"
)

// Comparison says how a gradient stands to the truth in one class of parameters.
type Comparison struct {
	Class  string   `json:"class"`
	Cosine Estimate `json:"cosine"`
	Ratio  Estimate `json:"ratio"` // of norms, gradient over truth
	// Signs is the share of equal signs among the Counted parameters whose truth is larger than
	// three of its standard errors.
	Signs   float64 `json:"signs"`
	Counted int     `json:"counted"`
	// Bias is |gradient - truth| / |truth|, Spread the standard deviation of the gradient of one
	// draw over |truth|. Spread is known for all classes together.
	Bias   Estimate `json:"bias"`
	Spread float64  `json:"spread"`
}

// All is the class of all parameters.
const All = "all"

// Compare returns how g stands to the truth, for all parameters and for each class. Averages over
// draws must be of different streams. It is nil where the two are not of as many parameters, or a
// class is none of these.
func Compare(g, truth *Blocks, classes []Class) []Comparison {
	size := truth.size()
	if size < 0 || g.size() != size || slices.ContainsFunc(classes, func(c Class) bool { return !c.within(size) }) {
		return nil
	}
	sides := [2]side{g.side(), truth.side()}
	rows := []Comparison{compare(sides, Class{All, 0, len(truth.Mean[0])})}
	for _, c := range classes {
		rows = append(rows, compare(sides, c))
	}
	if norm := square(sides[1].mean) - sum(sides[1].errors); norm > 0 {
		rows[0].Spread = math.Sqrt(max(g.Spread, 0) / norm)
	}
	return rows
}

// side is an average with what a comparison needs of it.
type side struct {
	*Blocks
	mean, errors []float64 // the mean, and its squared standard errors
}

func (b *Blocks) side() side { return side{b, b.Gradient(), b.errors()} }

// without writes to left the mean of all blocks but one, of the parameters of a class.
func (s side) without(left []float64, block int, c Class) {
	n := float64(len(s.Mean))
	for k := range left {
		left[k] = s.mean[c.From+k] + (s.mean[c.From+k]-s.Mean[block][c.From+k])/(n-1)
	}
}

func compare(sides [2]side, c Class) Comparison {
	part := func(x []float64) []float64 { return x[c.From:c.To] }
	gm, tm, te := part(sides[0].mean), part(sides[1].mean), part(sides[1].errors)
	r := Comparison{Class: c.Name}
	measure := func(gm, tm []float64, gn, tn float64) (cos, ratio, bias float64) {
		gg, tt, gt := square(gm)-gn, square(tm)-tn, inner(gm, tm)
		if !(gg > 0) || !(tt > 0) {
			return 0, 0, 1
		}
		return gt / math.Sqrt(gg) / math.Sqrt(tt), math.Sqrt(gg / tt), math.Sqrt(max(gg+tt-2*gt, 0) / tt)
	}
	gn, tn := sum(part(sides[0].errors)), sum(te)
	r.Cosine.Value, r.Ratio.Value, r.Bias.Value = measure(gm, tm, gn, tn)
	var v [3]float64
	left := make([]float64, len(gm))
	// Jackknife over the blocks of each side. The noise of a mean of one block less is larger by
	// n/(n-1).
	for i, s := range sides {
		n := len(s.Mean)
		if n < 2 {
			continue
		}
		var total, squares [3]float64
		for block := range n {
			s.without(left, block, c)
			grow := float64(n) / float64(n-1)
			var x [3]float64
			if i == 0 {
				x[0], x[1], x[2] = measure(left, tm, gn*grow, tn)
			} else {
				x[0], x[1], x[2] = measure(gm, left, gn, tn*grow)
			}
			for k := range x {
				total[k] += x[k]
				squares[k] += x[k] * x[k]
			}
		}
		for k := range v {
			v[k] += max(squares[k]-total[k]*total[k]/float64(n), 0) * float64(n-1) / float64(n)
		}
	}
	r.Cosine.SE, r.Ratio.SE, r.Bias.SE = math.Sqrt(v[0]), math.Sqrt(v[1]), math.Sqrt(v[2])
	equal := 0
	for k, t := range tm {
		if t != 0 && t*t > 9*te[k] {
			r.Counted++
			if t*gm[k] > 0 {
				equal++
			}
		}
	}
	if r.Counted > 0 {
		r.Signs = float64(equal) / float64(r.Counted)
	}
	return r
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func square(x []float64) float64 { return inner(x, x) }

func inner(x, y []float64) float64 {
	s := 0.0
	for i, v := range x {
		s += v * y[i]
	}
	return s
}
