package answer

import (
	"fmt"
	"math"
	"strings"

	"github.com/surge-snn/surge/bench/gradbench/suite"
)

func kind(name string) func(suite.Row) bool {
	return func(r suite.Row) bool { return r.Kind == name }
}

func matched(kind string) func(suite.Row) bool {
	return func(r suite.Row) bool { return r.Kind == kind && strings.HasPrefix(r.Estimator, "bptt/sigmoid(") }
}

// approach: does surrogate BPTT approach the gradient of the expected loss, and at which slope?
func approach(all []suite.Row) Question {
	q := Question{
		Text: "Does surrogate BPTT approach the gradient of the expected loss, and at which slope?",
		Sides: []string{
			"steep slopes keep the gradient aligned with the true one, shallow ones do not (arXiv 2510.24461)",
			"surrogate gradients are stochastic automatic differentiation where the surrogate is the derivative of the escape noise, and the gradient of no loss (Gygax and Zenke, Neural Computation 37, 2025, doi:10.1162/neco_a_01752)",
		},
		Run: "surge gradbench --suite surrogate,cell",
	}
	r := of(all, "surrogate")
	for _, w := range r.xs() {
		noisy, ok := r.find(w, matched("surrogate")).best()
		if !ok {
			continue
		}
		q.Findings = append(q.Findings, near(fmt.Sprintf("noise of width %g: cosine of BPTT with the derivative of the escape function, on runs with the noise", w), noisy.Cosine))
		best, _ := r.find(w, func(r suite.Row) bool { return strings.HasPrefix(r.Kind, "quiet") }).best()
		q.Findings = append(q.Findings, paired(fmt.Sprintf("noise of width %g: cosine", w), noisy.Cosine, "on runs with noise",
			best, fmt.Sprintf("at best on the run without noise (%s, peak over area %.3g)", best.Estimator, best.Slope/best.Area)))
		for _, far := range []struct {
			name string
			is   func(k float64) bool
		}{
			{"at least 4 times as steep", func(k float64) bool { return k*w >= 4 }},
			{"at most a quarter as steep", func(k float64) bool { return k*w <= 0.25 }},
		} {
			other, ok := r.find(w, func(r suite.Row) bool { return r.Kind == "noisy detached" && far.is(4*r.Slope) }).best()
			if ok {
				q.Findings = append(q.Findings, paired(fmt.Sprintf("noise of width %g: cosine", w), noisy.Cosine, "with the matched slope",
					other, fmt.Sprintf("with a logistic surrogate %s (the best: %s)", far.name, other.Estimator)))
			}
		}
	}
	cells := of(all, "cell")
	for _, x := range cells.xs() {
		noisy, ok := cells.find(x, matched("surrogate")).best()
		if !ok {
			continue
		}
		q.Findings = append(q.Findings,
			near(noisy.Vary+", noise of width 0.2: cosine of BPTT with the derivative of the escape function, on runs with the noise", noisy.Cosine),
			near(noisy.Vary+": norm over that of the truth", noisy.Ratio))
		for _, quiet := range cells.find(x, matched("quiet")) {
			q.Findings = append(q.Findings, paired(noisy.Vary+": cosine", noisy.Cosine, "on runs with noise", quiet, "of the same surrogate on the run without"))
		}
	}
	return q
}

// truths: do estimates of the gradient of the expected loss agree that have nothing in common?
func truths(all []suite.Row) Question {
	q := Question{
		Text: "Is the truth true: do unbiased estimates of the gradient of the expected loss agree, and how far are relaxed spikes from it?",
		Sides: []string{
			"the truth of this report gives sites the other spike and runs the rest again: the reparameterised gradient with the jumps of the loss (Lee, Yu and Yang, arXiv 1806.00176; Arya et al., arXiv 2210.08572)",
			"the score function needs no second run (Williams 1992, doi:10.1007/BF00992696); relaxed spikes need no jumps, and are unbiased only as their temperature goes to 0 (Maddison, Mnih and Teh, arXiv 1611.00712)",
		},
		Run: "surge gradbench --suite surrogate",
	}
	r := of(all, "surrogate")
	var wild []string // whose single draws outweigh all others
	for _, w := range r.xs() {
		for _, score := range r.find(w, kind("score")) {
			q.Findings = append(q.Findings,
				near(fmt.Sprintf("noise of width %g: cosine of the score-function estimate to the truth", w), score.Cosine),
				near(fmt.Sprintf("noise of width %g: its norm over that of the truth", w), score.Ratio))
		}
		for _, relaxed := range r.find(w, kind("relaxed")) {
			name := fmt.Sprintf("%s at noise of width %g", relaxed.Estimator, w)
			if !(relaxed.Ratio.SE < relaxed.Ratio.Value/2) {
				wild = append(wild, name)
				continue
			}
			q.Findings = append(q.Findings, near(fmt.Sprintf("%s: norm ratio %s; cosine", name, number(relaxed.Ratio)), relaxed.Cosine))
		}
	}
	for _, w := range r.xs() {
		if f, ok := mistakes(r, w); ok {
			q.Findings = append(q.Findings, f)
		}
	}
	if len(wild) > 0 {
		q.Findings = append(q.Findings, Finding{strings.Join(wild, ", ") + ": single draws outweigh all others, the mean is not decided", false})
	}
	return q
}

// mistakes says where surrogates that are wrong in themselves would stand by their distance alone.
func mistakes(r rows, w float64) (Finding, bool) {
	var list []string
	all := 0
	for _, row := range r {
		if row.X != w || row.Estimator == "" {
			continue
		}
		if all++; row.Wrong == "" {
			continue
		}
		before := 1
		for _, other := range r {
			if other.X == w && other.Estimator != "" && suite.Distance(other) < suite.Distance(row) {
				before++
			}
		}
		list = append(list, fmt.Sprintf("%s (cosine %s, norm ratio %s) at %d", row.Estimator, number(row.Cosine), number(row.Ratio), before))
	}
	return Finding{fmt.Sprintf("noise of width %g: %d surrogates are wrong in themselves and stand behind all others; by the distance to the truth alone, of %d estimators, there would be %s", w, len(list), all, strings.Join(list, ", ")), true}, len(list) > 0
}

// scale: which area under the surrogate gives the right scale?
func scale(all []suite.Row) Question {
	q := Question{
		Text: "Which area under the surrogate gives the right scale?",
		Sides: []string{
			"the shape is free and the scale matters (Zenke and Vogels 2021, doi:10.1162/neco_a_01367); libraries ship areas from 0.02 (Norse, jaxsnn: SuperSpike) over 0.08 (snnTorch: FastSigmoid) to 2 (SpikingJelly: SuperSpike)",
			"the surrogate is the derivative of a probability, so its area is 1 (Gygax and Zenke 2025)",
		},
		Run: "surge gradbench --suite surrogate",
	}
	r := of(all, "surrogate")
	for _, w := range r.xs() {
		if one, ok := r.find(w, matched("surrogate")).best(); ok {
			q.Findings = append(q.Findings, near(fmt.Sprintf("noise of width %g, area 1: norm over that of the truth", w), one.Ratio))
		}
		for _, k := range []struct{ kind, name string }{{"quiet", "with the path through the reset"}, {"quiet detached", "detached"}} {
			q.Findings = append(q.Findings, areas(r, w, k.kind, k.name)...)
		}
	}
	return q
}

// areas sets the norms of surrogates whose slope is that of the noise to a factor of 2, and whose
// area is not 1, beside the truth.
func areas(r rows, w float64, kind, name string) []Finding {
	var all []Finding
	for _, part := range []struct {
		name     string
		from, to float64
	}{{"below 0.5", 0, 0.5}, {"from 0.5 to 2", 0.5, 2}, {"above 2", 2, math.Inf(1)}} {
		list := r.find(w, func(r suite.Row) bool {
			steep := r.Slope / r.Area * 4 * w
			return r.Kind == kind && steep > 0.5 && steep < 2 && r.Area >= part.from && r.Area < part.to && r.Ratio.Value > 0
		})
		if len(list) < 2 {
			continue
		}
		sum, se := 0.0, 0.0
		for _, one := range list {
			sum += math.Log(one.Ratio.Value) / float64(len(list))
			se = max(se, one.Ratio.SE/one.Ratio.Value)
		}
		one := list[0].Ratio
		one.Value = math.Exp(sum)
		one.SE = one.Value * se
		all = append(all, against(fmt.Sprintf("noise of width %g, run without noise, %d surrogates about as steep as the noise with an area %s, %s: geometric mean of the norm over that of the truth", w, len(list), part.name, name), one, 1))
	}
	return all
}

// reset: should the gradient flow through the reset?
func reset(all []suite.Row) Question {
	q := Question{
		Text: "Should the gradient flow through the reset?",
		Sides: []string{
			"detach it: the path pushes the voltage away from threshold (Zenke, github.com/fzenke/spytorch issue 2)",
			"keep it: more robust to the learning rate, little gain (arXiv 2011.09964); stochastic automatic differentiation has the path",
		},
		Run: "surge gradbench --suite surrogate,cell",
	}
	cells := of(all, "cell")
	for _, x := range cells.xs() {
		kept, ok := cells.find(x, matched("surrogate")).best()
		cut, ok2 := cells.find(x, matched("detached")).best()
		if ok && ok2 {
			q.Findings = append(q.Findings, paired(kept.Vary+", noise of width 0.2: cosine", kept.Cosine, "with the path", cut, "without"))
		}
	}
	r := of(all, "surrogate")
	for _, w := range r.xs() {
		kept, ok := r.find(w, matched("surrogate")).best()
		cut, ok2 := r.find(w, matched("detached")).best()
		if !ok || !ok2 {
			continue
		}
		q.Findings = append(q.Findings, paired(fmt.Sprintf("noise of width %g, matched slope, runs with noise: cosine", w), kept.Cosine, "with the path", cut, "without"))
		for _, row := range r.find(w, kind("quiet")) {
			if row.Estimator == "bptt/sigmoid(25)" {
				q.Findings = append(q.Findings, against(fmt.Sprintf("noise of width %g, run without noise, sigmoid(25) with the path: norm over that of the truth", w), row.Ratio, 1))
			}
		}
		for _, row := range r.find(w, kind("quiet detached")) {
			if row.Estimator == "bptt/sigmoid(25)/detached" {
				q.Findings = append(q.Findings, against(fmt.Sprintf("noise of width %g, the same detached", w), row.Ratio, 1))
			}
		}
	}
	return q
}
