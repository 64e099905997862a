// Package suite holds the runs of the gradient benchmark: each takes a network, finds the gradient
// that exists, and compares estimators with it. The questions of package answer read what they
// wrote.
package suite

import (
	"context"
	"fmt"
	"slices"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/lif"
)

// Settings determine the numbers.
type Settings struct {
	Seed uint64 `json:"seed"`
	// Quick takes fewer points and larger errors: a minute in all.
	Quick bool `json:"quick"`
	// Network is the file or folder of a network of the user's, and Width the noise that it gets,
	// in units of its threshold, or of its parameters.
	Network string  `json:"network,omitempty"`
	Width   float64 `json:"width,omitempty"`
}

// Row is what was found about one estimator, or one quantity, at one point of a suite.
type Row struct {
	Suite   string  `json:"suite"`
	Network string  `json:"network"`
	Vary    string  `json:"vary"` // what the suite varies: "depth"
	X       float64 `json:"x"`    // its value
	// Estimator is what is compared; empty for a row that holds Values of the network.
	Estimator string `json:"estimator,omitempty"`
	// Kind groups estimators: "surrogate", "detached", "online", "exact", "wrong" and so on.
	Kind string `json:"kind,omitempty"`
	// Slope and Area are those of the surrogate, where there is one: peak of the slope, and its
	// integral; 0 where it is infinite.
	Slope float64 `json:"slope,omitempty"`
	Area  float64 `json:"area,omitempty"`
	// Main says that the row is of the class by which estimators are ranked: the weights of a
	// network.
	Main bool `json:"main"`
	gradbench.Comparison
	// TruthError is the standard error of the truth, over all parameters, as a share of its norm.
	TruthError float64 `json:"truth_error"`
	// Lead is by how much the cosine of the first estimator of the point, BPTT with the derivative
	// of the escape function on runs with the noise, is above that of this one, of the same draws;
	// of the suite dt, that of the estimator of the same kind in the coarsest steps.
	Lead       *gradbench.Estimate   `json:"lead,omitempty"`
	Descent    *gradbench.Descent    `json:"descent,omitempty"`
	Prediction *gradbench.Prediction `json:"prediction,omitempty"`
	// Note says why there is no comparison: the gradient is not finite, or single draws outweigh
	// all others, which a cosine shows that is above 1 by more than three errors.
	Note string `json:"note,omitempty"`
	// Wrong says why the estimator cannot be right: its surrogate, with its name, is not what it
	// says it is (surrogate.Wrong). Such a row stands behind all others, however far it is from the
	// truth.
	Wrong string `json:"wrong,omitempty"`
	// Values are further quantities, by name.
	Values map[string]gradbench.Estimate `json:"values,omitempty"`
	// Trials are the updates until the accuracy of each seed, with those of the same place in other
	// rows paired; Limit where it was not reached in so many.
	Trials []float64 `json:"trials,omitempty"`
	Limit  float64   `json:"limit,omitempty"`
	// Profile is a curve of the network: the length along the first line, and the loss.
	Profile [][2]float64 `json:"profile,omitempty"`
}

// Run is a unit of work: one point of a suite.
type Run struct {
	ID string // "depth/4"
	Do func(ctx context.Context) ([]Row, error)
	// Problem returns the network of a run in discrete time; nil for others.
	Problem func() *lif.Problem
}

// Suite is a set of runs with one thing that they vary.
type Suite struct {
	Name string
	// About says in a sentence what is varied and what is compared with what.
	About string
	runs  func(s Settings) []Run
}

// All returns the suites in the order of the report.
func All() []Suite {
	return []Suite{
		{"surrogate", "every surrogate of the catalogue over its sharpness, against the gradient of the expected loss under escape noise of several widths", surrogates},
		{"depth", "rules against the number of layers", depths},
		{"steps", "rules against the number of time steps", lengths},
		{"rate", "rules against the rate of the hidden neurons", rates},
		{"tau", "online rules against the membrane time constant", taus},
		{"cell", "rules on other neurons: reset by subtraction or to zero, recurrent, and with exponential currents", cells},
		{"sweeps", "K fixed-point sweeps of the reset against the sequential neuron: spikes and gradient", sweeps},
		{"dt", "surrogate BPTT in steps of 1 to 1/64 ms against the gradient of the expected loss of the same weights from event to event", grids},
		{"birth", "EventProp against the gradient of the expected loss over random inputs, which sees spikes that appear and vanish; a small step, predicted and real", births},
		{"lines", "jumps of the loss per unit length along random lines through the weights, for LIF, refractory LIF and QIF with exact gradients", lines},
		{"learn", "updates until a fixed accuracy on a small task, for rules as training rules, over paired seeds", learning},
		{"chip", "the rules for DynapSim in ln I, Rockpool's among them, against the gradient of the expected loss at seven operating points of a neuron, at one of them with input spikes of different weights, too, and in two recurrent networks", chips},
	}
}

// Names returns the names of the suites.
func Names() []string {
	var names []string
	for _, s := range All() {
		names = append(names, s.Name)
	}
	return names
}

// Runs returns the runs of the named suites; of all, where no name is given.
func Runs(s Settings, names []string) ([]Run, error) {
	var runs []Run
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("suite: no suite %q", name)
		}
	}
	for _, one := range All() {
		if len(names) == 0 || slices.Contains(names, one.Name) {
			runs = append(runs, one.runs(s)...)
		}
	}
	return runs, nil
}

// pick returns the whole list, or the short one.
func pick[T any](s Settings, all, quick []T) []T {
	if s.Quick {
		return quick
	}
	return all
}
