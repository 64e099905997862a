package gradbench

import (
	"context"
	"fmt"
	"math"
)

// Lead returns by how much the cosine of a to the truth is above that of b, in one class of
// parameters. a and b are averages over the same draws, of one stream, so that what the draws and
// the truth do to both cancels: its error is that of the jackknife that leaves out a block of both,
// and a block of the truth. It is NaN where they are not of as many parameters, or the class is
// none of these.
func Lead(a, b, truth *Blocks, c Class) Estimate {
	if size := truth.size(); size < 0 || a.size() != size || b.size() != size || !c.within(size) {
		return Estimate{Value: math.NaN(), SE: math.NaN()}
	}
	sides := [3]side{a.side(), b.side(), truth.side()}
	part := func(x []float64) []float64 { return x[c.From:c.To] }
	var mean, left [3][]float64
	var noise [3]float64
	for i, s := range sides {
		mean[i], noise[i], left[i] = part(s.mean), sum(part(s.errors)), make([]float64, c.To-c.From)
	}
	lead := func(m [3][]float64, n [3]float64) float64 {
		cos := func(i int) float64 {
			gg, tt := square(m[i])-n[i], square(m[2])-n[2]
			if !(gg > 0) || !(tt > 0) {
				return 0
			}
			return inner(m[i], m[2]) / math.Sqrt(gg) / math.Sqrt(tt)
		}
		return cos(0) - cos(1)
	}
	e := Estimate{Value: lead(mean, noise)}
	variance := 0.0
	groups := [][]int{{0, 1}, {2}} // sides that lose a block together
	if len(a.Mean) != len(b.Mean) {
		groups = [][]int{{0}, {1}, {2}}
	}
	for _, group := range groups {
		blocks := len(sides[group[0]].Mean)
		if blocks < 2 {
			continue
		}
		grow := float64(blocks) / float64(blocks-1)
		var total, squares float64
		for block := range blocks {
			m, n := mean, noise
			for _, i := range group {
				sides[i].without(left[i], block, c)
				m[i], n[i] = left[i], noise[i]*grow
			}
			x := lead(m, n)
			total, squares = total+x, squares+x*x
		}
		variance += max(squares-total*total/float64(blocks), 0) / grow
	}
	e.SE = math.Sqrt(variance)
	return e
}

// Average is the average of an estimator, to which draws can be added.
type Average struct {
	Of Estimator
	*Blocks
}

// Settle decides by how much the cosine of the first estimator is above those of the others, the
// claims of a report: it adds draws until the standard error of every [Lead] is below a part of it,
// or the truth has most blocks, and the claim stays undecided. A round doubles the blocks of the
// truth, with draws of stream 0, and those of the estimators, with draws of the stream that they
// have. A stop at part = 1/3 takes a lead of 0 for one of three standard errors, in one case of 370
// at each look.
func Settle(ctx context.Context, n Network, truth Average, list []Average, of uint64, c Class, part float64, most int) error {
	if len(list) == 0 {
		return nil
	}
	for _, a := range append([]Average{truth}, list...) {
		if err := check(ctx, n, a.Of); err != nil {
			return err
		}
		if size := a.Blocks.size(); size < 0 || size != truth.Blocks.size() || !c.within(size) || a.Draws < 1 {
			return fmt.Errorf("gradbench: averages of %d and %d parameters, the class %+v", truth.Blocks.size(), size, c)
		}
	}
	for {
		open := false
		for _, a := range list[1:] {
			lead := Lead(list[0].Blocks, a.Blocks, truth.Blocks, c)
			open = open || lead.SE > part*math.Abs(lead.Value)
		}
		if !open || len(truth.Mean) >= most {
			return nil
		}
		if err := truth.add(ctx, n, truth.Of, 0, min(len(truth.Mean), most-len(truth.Mean))); err != nil {
			return err
		}
		for _, a := range list {
			if !a.Of.Random {
				continue
			}
			if err := a.add(ctx, n, a.Of, of, len(a.Mean)); err != nil {
				return err
			}
		}
	}
}
