package answer

import (
	"fmt"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/suite"
)

// grid: does surrogate BPTT get worse as dt goes to 0?
func grid(all []suite.Row) Question {
	q := Question{
		Text: "Does surrogate BPTT get worse as dt goes to 0?",
		Sides: []string{
			"networks that are trained with surrogate gradients get worse as dt goes to 0 (Parthasarathy and O'Leary, SNUFA 2025)",
			"surrogate gradients are stochastic automatic differentiation, in which the slope of the probability of a step, and so the surrogate, is in proportion to dt (after Gygax and Zenke 2025)",
		},
		Run: "surge gradbench --suite dt",
	}
	r := of(all, "dt")
	for _, x := range r.xs() {
		for _, k := range []string{"fixed width", "fixed width, slope times dt", "width in steps"} {
			row, ok := r.find(x, kind(k)).best()
			if !ok {
				continue
			}
			what := fmt.Sprintf("steps of 1/%g ms, %s, with the path through the reset", x, k)
			if row.Note != "" {
				q.Findings = append(q.Findings, Finding{what + ": " + row.Note, true})
				continue
			}
			if !(row.Ratio.SE < row.Ratio.Value/2) {
				q.Findings = append(q.Findings, Finding{fmt.Sprintf("%s: single inputs outweigh all others (norm ratio %s): not decided", what, number(row.Ratio)), false})
				continue
			}
			q.Findings = append(q.Findings, against(fmt.Sprintf("%s: norm ratio %s; cosine", what, number(row.Ratio)), row.Cosine, 1))
		}
		for _, k := range []string{"fixed width, detached", "fixed width, slope times dt, detached"} {
			if row, ok := r.find(x, kind(k)).best(); ok && row.Note == "" {
				q.Findings = append(q.Findings, against(fmt.Sprintf("steps of 1/%g ms, %s: norm ratio %s; cosine", x, k, number(row.Ratio)), row.Cosine, 1))
			}
		}
	}
	return q
}

// births: when does EventProp miss spikes that appear or vanish, and how large is the missing part?
func births(all []suite.Row) Question {
	q := Question{
		Text: "When does EventProp miss spikes that appear or vanish, and how large is the missing part?",
		Sides: []string{
			"the gradient is exact (Wunderlich and Pehle 2021, doi:10.1038/s41598-021-91786-z); 93.5 % on SHD with the right loss (arXiv 2212.01232v3)",
			"it is blind to spikes that appear or vanish, and learning fails on some losses (arXiv 2212.01232v1)",
		},
		Run: "surge gradbench --suite birth",
	}
	for _, row := range append(of(all, "birth"), of(all, "network")...) {
		if row.Kind != "eventprop" {
			continue
		}
		q.Findings = append(q.Findings,
			against(row.Network+": cosine to the gradient of the expected loss", row.Cosine, 1),
			against(row.Network+": norm over that of the gradient of the expected loss", row.Ratio, 1))
		p := row.Prediction
		if p == nil {
			continue
		}
		same, other := "samples whose spikes stay", "samples in which a spike appears, vanishes or moves past an arrival"
		if row.Suite == "network" {
			same, other = "samples with as many spikes as before", "samples with another number of spikes"
		}
		q.Findings = append(q.Findings,
			compare(fmt.Sprintf("%s, a step of %g along the truth, %s (%.1f %%): change of the loss, 1e-3", row.Network, p.Length, same, 100*(1-p.ChangedShare)),
				milli(p.Same.Real), "real", milli(p.Same.Predicted), "predicted"),
			compare(fmt.Sprintf("%s, %s (%.1f %%), 1e-3", row.Network, other, 100*p.ChangedShare),
				milli(p.Changed.Real), "real", milli(p.Changed.Predicted), "predicted"))
	}
	return q
}

func milli(e gradbench.Estimate) gradbench.Estimate {
	return gradbench.Estimate{Value: 1e3 * e.Value, SE: 1e3 * e.SE}
}
