package answer

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/suite"
)

// accuracy: does a gradient that is nearer to the truth reach an accuracy sooner?
func accuracy(all []suite.Row) Question {
	q := Question{
		Text: "Does the gradient that is nearest to the truth train fastest?",
		Sides: []string{
			"the shape of the surrogate matters little for training, its scale and the reset do (Zenke and Vogels 2021, doi:10.1162/neco_a_01367)",
			"steep slopes are near the true gradient, and shallow ones train better in supervised learning (arXiv 2510.24461)",
		},
		Run: "surge gradbench --suite learn",
	}
	r := of(all, "learn")
	if len(r) < 2 {
		return q
	}
	first := r[0]
	q.Findings = append(q.Findings, Finding{fmt.Sprintf("%s: %s takes %.0f updates to 90 %% (geometric mean of %d seeds, Adam at %g)",
		first.Network, first.Estimator, first.Values[suite.Updates].Value, len(first.Trials), first.Values[suite.LearningRate].Value), true})
	for _, row := range r[1:] {
		// Log ratios of the updates of each seed.
		n := min(len(row.Trials), len(first.Trials))
		if n < 2 {
			continue
		}
		sum, squares, ended := 0.0, 0.0, 0
		for k := range n {
			x := math.Log2(row.Trials[k] / first.Trials[k])
			sum, squares = sum+x, squares+x*x
			if row.Trials[k] >= row.Limit {
				ended++
			}
		}
		log := gradbench.Mean(sum, squares, n)
		what := fmt.Sprintf("%s: 90 %% after %.0f updates (geometric mean, Adam at %g); %.2f times as many as %s on %d paired seeds (log2 %s)",
			row.Estimator, row.Values[suite.Updates].Value, row.Values[suite.LearningRate].Value, math.Exp2(log.Value), first.Estimator, n, number(log))
		if ended > 0 {
			what = fmt.Sprintf("%s, at least, as %d seeds were not there after %g updates", what, ended, row.Limit)
		}
		switch most := math.Exp2(bound(log, 0)); {
		case math.Abs(log.Value) > sigmas*log.SE:
			q.Findings = append(q.Findings, Finding{what, true})
		case most <= 1.5 && ended == 0:
			q.Findings = append(q.Findings, Finding{fmt.Sprintf("%s: a factor of %.2f at most", what, most), true})
		default:
			q.Findings = append(q.Findings, Finding{what + ": not decided whether it takes more", false})
		}
	}
	return q
}

// landscape: which neuron has the smoother loss?
func landscape(all []suite.Row) Question {
	q := Question{
		Text: "LIF, refractory LIF or QIF under exact gradients: whose loss has fewer jumps?",
		Sides: []string{
			"LIF is enough: 93.5 % on SHD (arXiv 2212.01232v3)",
			"the loss of LIF is torn by spikes that appear and vanish, that of QIF is not (arXiv 2309.14523, arXiv 2606.03935)",
		},
		Run: "surge gradbench --suite lines",
	}
	r := of(all, "lines")
	if len(r) == 0 {
		return q
	}
	lif := r[0]
	about := func(row suite.Row) string {
		return fmt.Sprintf("of %s (%s spikes)", row.Estimator, number(row.Values[suite.Spikes]))
	}
	for _, row := range r[1:] {
		q.Findings = append(q.Findings,
			compare("jumps of more than 0.001 of the loss of one input, per length of the norm of the weights, along random lines", lif.Values[suite.Jumps], about(lif), row.Values[suite.Jumps], about(row)),
			compare("sum of the sizes of these jumps", lif.Values[suite.JumpSize], "of lif", row.Values[suite.JumpSize], "of "+row.Estimator))
	}
	return q
}
