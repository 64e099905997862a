package answer

import (
	"fmt"
	"slices"
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
	r := of(all, "sweeps")
	var networks []string
	for _, row := range r {
		if !slices.Contains(networks, row.Network) {
			networks = append(networks, row.Network)
		}
	}
	for _, network := range networks {
		var list []string
		decided, rate := true, 0.0
		for _, row := range r {
			if row.Network != network {
				continue
			}
			wrong := row.Values["spike mismatch"]
			list = append(list, fmt.Sprintf("K = %g: %.4f, %.3g, %s", row.X, row.Cosine.Value, row.Ratio.Value, number(wrong)))
			decided, rate = decided && wrong.Value > sigmas*wrong.SE, row.Values["rate"].Value
		}
		f := Finding{fmt.Sprintf("%s (a neuron of the first layer spikes in %.2g of the steps): cosine and norm ratio to the sequential gradient, and wrong spikes for each right one, %s", network, rate, strings.Join(list, "; ")), decided}
		if !decided {
			f.Text += ": not decided whether spikes are wrong"
		}
		q.Findings = append(q.Findings, f)
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
	for _, s := range []struct{ suite, what string }{{"depth", "layers"}, {"tau", "membrane of (ms)"}, {"steps", "time steps"}, {"rate", "drive"}} {
		r := of(all, s.suite)
		var xs, bptt []string
		behind := map[string][]string{}
		open := map[string][]string{}
		var names []string
		for _, x := range r.xs() {
			first, ok := r.find(x, matched("surrogate")).best()
			if !ok || !known(first.Cosine) {
				continue
			}
			xs, bptt = append(xs, fmt.Sprint(x)), append(bptt, number(first.Cosine))
			for _, rule := range r.find(x, kind("online")) {
				if rule.Lead == nil {
					continue
				}
				name, _, _ := strings.Cut(rule.Estimator, "/")
				if behind[name] == nil {
					names = append(names, name)
				}
				text := number(*rule.Lead)
				switch f := paired("", first.Cosine, "", rule, ""); {
				case *rule.Lead == gradbench.Estimate{}:
					text = "0 (the two are one)"
				case !f.Decided:
					open[name] = append(open[name], fmt.Sprint(x))
				}
				behind[name] = append(behind[name], text)
			}
		}
		if len(xs) == 0 {
			continue
		}
		about := fmt.Sprintf("%s %s: ", s.what, strings.Join(xs, ", "))
		q.Findings = append(q.Findings, Finding{about + "cosine of BPTT to the truth " + strings.Join(bptt, ", "), true})
		for _, name := range names {
			f := Finding{fmt.Sprintf("%scosine of %s below that of BPTT by %s", about, name, strings.Join(behind[name], ", ")), len(open[name]) == 0}
			if !f.Decided {
				f.Text += "; not decided at " + strings.Join(open[name], ", ")
			}
			q.Findings = append(q.Findings, f)
		}
	}
	return q
}

// known says whether an estimate is worth a comparison.
func known(e gradbench.Estimate) bool { return e.SE < 0.2 }
