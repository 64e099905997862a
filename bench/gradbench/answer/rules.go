package answer

import (
	"fmt"
	"strings"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/suite"
)

// sweeps: do few fixed-point sweeps give the gradients of LIF?
func sweeps(all []suite.Row) Question {
	q := Question{
		Text: "Do K = 1 to 5 fixed-point sweeps give the gradients of LIF?",
		Sides: []string{
			"three sweeps are enough (arXiv 2506.12087)",
			"sweep K makes the first K steps exact and relaxes the rest (spyx, pull request 68); the reset should go (arXiv 2602.01133)",
		},
		Run: "surge gradbench --suite sweeps",
	}
	for _, row := range of(all, "sweeps") {
		wrong := row.Values["spike mismatch"]
		q.Findings = append(q.Findings, against(fmt.Sprintf("%s (a neuron of the first layer spikes in %.2g of the steps), K = %g: the gradient of the weights has cosine %.4f and %.3g of the norm of the sequential one; wrong spikes per right one",
			row.Network, row.Values["rate"].Value, row.X, row.Cosine.Value, row.Ratio.Value), wrong, 0))
	}
	return q
}

// online: how do online rules fall behind with depth and time constant?
func online(all []suite.Row) Question {
	q := Question{
		Text: "How do online rules fall behind BPTT with depth, time constant, length and rate?",
		Sides: []string{
			"the cosine to BPTT stays above 0.95 in small networks (chaobrain/braintrace, pull request 94); the gap is small (arXiv 2506.14464)",
			"OTTT and OSTL lose 8 points on SHD, OTPE 3 (arXiv 2311.16151)",
		},
		Run: "surge gradbench --suite depth,steps,rate,tau",
	}
	for _, s := range []struct{ suite, what string }{{"depth", "%g layers"}, {"tau", "membrane of %g ms"}, {"steps", "%g time steps"}, {"rate", "drive %g"}} {
		r := of(all, s.suite)
		for _, x := range r.xs() {
			bptt, ok := r.find(x, matched("surrogate")).best()
			if !ok || !known(bptt.Cosine) {
				continue
			}
			for _, rule := range r.find(x, kind("online")) {
				name, _, _ := strings.Cut(rule.Estimator, "/")
				q.Findings = append(q.Findings, paired(fmt.Sprintf(s.what+": cosine to the truth", x), bptt.Cosine, "of BPTT", rule, "of "+name))
			}
		}
	}
	return q
}

// known says whether an estimate is worth a comparison.
func known(e gradbench.Estimate) bool { return e.SE < 0.2 }
