package answer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surge-snn/surge/bench/gradbench/suite"
)

// chip: how much of Rockpool's DynapSim gradient survives, and does any rule follow the truth
// everywhere?
func chip(all []suite.Row) Question {
	q := Question{
		Text: "How much of Rockpool's DynapSim gradient survives, and does a rule follow the true one in ln I with a cosine of 0.99 everywhere?",
		Sides: []string{
			"Rockpool 3.1 (devices.dynapse): a surrogate of slope 1 per ampere for ceil(ln(Imem/Ispkthr)), nothing to Ispkthr and Iref",
			"surge: S (spikes created and deleted), T (spikes moved, to first order), their sum (mixed), and surge (spikes moved by a bin, and the rest run again)",
		},
		Run: "surge gradbench --suite chip",
		Limits: []string{
			"At 20 Hz with AHP and input spikes of one size the expected loss is a staircase in ln I: few different inputs are likely, and each changes its spikes at one place. No difference settles the truth (with the target of go test ./models/dynapse -run SurgeAgainstTruth, d/d ln Igain_syn is -1.77, -1.86, -1.73, -2.28, -1.11, -1.00 for differences from 0.2 down to 0.0075). With the target of surge truth --seed 2, 4096 inputs, rule surge has cosines of 0.9952 ± 0.0023 (count), 0.9799 ± 0.0025 (van Rossum) and 0.9808 ± 0.0028 (trace), and the truth 0.991, 0.977 and 0.973 to itself at half the difference, with 0.82, 0.72 and 0.70 of the norm. Where the weights of these spikes vary by 10 % (--jitter 0.1), the truth is settled (1.0005 ± 0.0007, 1.0001 ± 0.0003, 1.0003 ± 0.0004), and rule surge has 1.0007 ± 0.0003, 1.0005 ± 0.0013 and 0.9997 ± 0.0007.",
			"Recurrent networks are those of three neurons in the tables, with weights of input spikes that vary by 10 %. Of three others with adaptation, surge truth with 1024 inputs gives rule surge 1.0002 ± 0.0005 (count), 1.0000 and 1.0000.",
			"All cosines are over the currents whose truth is larger than three of its standard errors, and without Iref, in which the loss is a staircase.",
		},
	}
	// Rows of one loss and rule, over the settings.
	groups := map[string]rows{}
	var order []string
	for _, row := range of(all, "chip") {
		if row.Kind == "mixture" { // for the figure: it knows the truth
			continue
		}
		loss := row.Network[strings.LastIndex(row.Network, ", ")+2:]
		key := loss + ", " + row.Estimator
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], row)
	}
	for _, key := range order {
		q.Findings = append(q.Findings, overSettings(key, groups[key]))
	}
	return q
}

// overSettings says where a rule is worst, and how its norm varies.
func overSettings(what string, r rows) Finding {
	worst := slices.MinFunc(r, func(a, b suite.Row) int {
		if a.Cosine.Value < b.Cosine.Value {
			return -1
		}
		return 1
	})
	low, high := r[0].Ratio, r[0].Ratio
	for _, row := range r {
		if row.Ratio.Value < low.Value {
			low = row.Ratio
		}
		if row.Ratio.Value > high.Value {
			high = row.Ratio
		}
	}
	network := strings.TrimPrefix(worst.Network[:strings.LastIndex(worst.Network, ", ")], "DynapSim, ")
	f := against(fmt.Sprintf("%s: over %d settings the norm ratio goes from %.3g to %.3g; the lowest cosine, at %s", what, len(r), low.Value, high.Value, network), worst.Cosine, 0.99)
	f.Text += fmt.Sprintf(" (that of the truth to itself at half the difference is %s)", number(worst.Values[suite.CosineAtHalf]))
	return f
}
