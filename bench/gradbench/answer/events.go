package answer

import (
	"fmt"
	"math"
	"strings"

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
	for _, k := range []string{"fixed width", "fixed width, slope times dt", "width in steps"} {
		q.Findings = append(q.Findings, finer(r, k, k+", with the path through the reset")...)
		q.Findings = append(q.Findings, finer(r, k+", detached", k+", detached")...)
	}
	return q
}

// finer says what becomes of one kind as steps get finer: its cosines and norm ratios as far as the
// draws settle them, whether the direction gets worse, and from where on nothing is settled.
func finer(r rows, is, what string) (findings []Finding) {
	var known rows
	var list []string
	for _, x := range r.xs() {
		row, ok := r.find(x, kind(is)).best()
		if !ok {
			continue
		}
		if row.Note != "" || !(row.Ratio.SE < row.Ratio.Value/2) {
			why := row.Note
			if why == "" {
				why = "single inputs outweigh all others, and the mean is not decided"
			}
			findings = append(findings, Finding{fmt.Sprintf("%s: from steps of 1/%g ms on %s", what, x, why), row.Note != ""})
			break
		}
		known, list = append(known, row), append(list, fmt.Sprintf("1/%g ms: %s, %s", x, number(row.Cosine), number(row.Ratio)))
	}
	if len(known) < 2 {
		return findings
	}
	first, last := known[0], known[len(known)-1]
	f := Finding{fmt.Sprintf("%s: cosine and norm ratio in steps of %s", what, strings.Join(list, "; ")), true}
	d := gradbench.Estimate{Value: first.Cosine.Value - last.Cosine.Value, SE: math.Hypot(first.Cosine.SE, last.Cosine.SE)}
	if last.Lead != nil { // of the same inputs
		d = *last.Lead
	}
	switch {
	case d.Value > sigmas*d.SE:
		f.Text += fmt.Sprintf(". The direction gets worse, by %s", number(d))
	case d.Value < -sigmas*d.SE:
		f.Text += fmt.Sprintf(". The direction gets better, by %s", number(gradbench.Estimate{Value: -d.Value, SE: d.SE}))
	case bound(d, 0) <= alike:
		f.Text += fmt.Sprintf(". The direction changes by %.2g at most", bound(d, 0))
	default:
		f.Text, f.Decided = f.Text+". Not decided whether the direction changes: "+number(d), false
	}
	return append([]Finding{f}, findings...)
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
	for _, row := range of(all, "birth") {
		if row.Kind != "eventprop" {
			continue
		}
		_, what, _ := strings.Cut(row.Network, ", ")
		q.Findings = append(q.Findings,
			near(what+": cosine to the gradient of the expected loss", row.Cosine),
			near(what+": norm over that of the gradient of the expected loss", row.Ratio))
		q.Findings = append(q.Findings, predicted(what, row, "samples whose spikes stay", "samples in which a spike appears, vanishes or moves past an arrival")...)
	}
	return q
}

// predicted says which part of the change of the loss by a small step an estimator misses, where
// the spikes stay, and where they do not.
func predicted(what string, row suite.Row, same, other string) (findings []Finding) {
	p := row.Prediction
	if p == nil {
		return nil
	}
	for _, part := range []struct {
		name  string
		share float64
		of    gradbench.Part
	}{{same, 1 - p.ChangedShare, p.Same}, {other, p.ChangedShare, p.Changed}} {
		if part.share == 0 {
			continue
		}
		real := part.of.Real
		text := fmt.Sprintf("%s, a step of %.2g along the truth, %s (%.1f %%): the loss changes by %s (1e-3)", what, p.Length, part.name, 100*part.share, number(milli(real)))
		if !(math.Abs(real.Value) > sigmas*real.SE) {
			findings = append(findings, Finding{text + "; not decided whether it does", false})
			continue
		}
		// In percent of the change; the error of that is part of neither bound.
		missed := gradbench.Estimate{Value: 100 * part.of.Missed.Value / real.Value, SE: 100 * part.of.Missed.SE / math.Abs(real.Value)}
		switch text += fmt.Sprintf(", of which %s misses %s %%", row.Estimator, number(missed)); {
		case math.Abs(missed.Value) > sigmas*missed.SE:
			findings = append(findings, Finding{text, true})
		case bound(missed, 0) <= 15:
			findings = append(findings, Finding{fmt.Sprintf("%s: %.2g %% at most", text, bound(missed, 0)), true})
		default:
			findings = append(findings, Finding{text + ": not decided whether it misses any", false})
		}
	}
	return findings
}

// own: which gradients follow that of a network of the user's?
func own(all []suite.Row) Question {
	q := Question{
		Text: "Which gradients follow that of a network of yours?",
		Sides: []string{
			"in time steps: the truth is under escape noise at the threshold, of the width that was asked for",
			"from event to event: the truth is the mean over noise of the parameters, of the width that was asked for",
		},
		Run: "surge gradbench --network FILE.toml|RUN",
	}
	r := of(all, "network")
	for _, row := range r {
		if row.Kind == "own" && row.Wrong != "" {
			q.Findings = append(q.Findings, Finding{"what it is trained with is wrong in itself: " + row.Wrong, true})
		}
	}
	for _, x := range r.xs() {
		for _, one := range []struct {
			name string
			is   func(suite.Row) bool
		}{
			{"EventProp", kind("eventprop")},
			{"what it is trained with", kind("own")},
			{"BPTT with the derivative of the escape function, on runs with the noise", matched("surrogate")},
			{"the best surrogate of the catalogue on the run without noise", kind("quiet")},
			{"the best of them with the reset detached", kind("quiet detached")},
		} {
			row, ok := r.find(x, one.is).best()
			if !ok {
				continue
			}
			what := one.name + " (" + row.Estimator + ")"
			q.Findings = append(q.Findings, near(what+": cosine to the truth", row.Cosine), near(what+": norm over that of the truth", row.Ratio))
			same, other := "samples whose spikes stay", "samples in which a spike appears, vanishes or moves by a step"
			if row.Kind == "eventprop" {
				same, other = "samples with as many spikes as before", "samples with another number of spikes"
			}
			q.Findings = append(q.Findings, predicted(what, row, same, other)...)
		}
	}
	return q
}

func milli(e gradbench.Estimate) gradbench.Estimate {
	return gradbench.Estimate{Value: 1e3 * e.Value, SE: 1e3 * e.SE}
}
