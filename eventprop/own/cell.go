package own

import (
	"errors"
	"fmt"

	"github.com/surge-snn/surge/eventprop/equation"
)

// ErrCell signifies a Cell that cannot be used: one that is nil, without states, or that panics.
var ErrCell = errors.New("own: bad cell")

// ErrDerivative signifies a Cell with a Pull that is not the derivative of its function.
var ErrDerivative = errors.New("own: derivatives differ from differences")

// ErrStep signifies a Cell that cannot be followed: its step falls below the resolution of time, as
// where a state goes to infinity before the threshold, a state is not finite, or there are too many
// steps. It is an equation.ErrStep, too.
var ErrStep = fmt.Errorf("own: a cell cannot be followed: %w", equation.ErrStep)

// Cell is a neuron as functions of its states x and its parameters p, slices in the order of States
// and Params. Time is in seconds, and no function may depend on it:
//
//	dx/dt = f(x, p)         between events
//	g(x, p) = 0             where it rises, is a spike
//	x <- r(x, p)            after a spike
//	x <- u(x, w, p)         at an arrival of weight w
//	x = s(p)                at 0
//
// The last two are those of an [Arriver] and a [Starter]. In a Cell that is none, an arrival adds w
// to the last state, and all states start at 0.
//
// A Pull takes derivatives of a loss from the values of a function to its arguments: PullSlope and
// PullThreshold add to ax, of x, and ap, of p; PullReset replaces a. x is that before the function.
// Functions are called from several goroutines at once, and change nothing but what they return.
// [Neurons.Verify] compares each Pull with differences.
type Cell interface {
	// States returns the names of the states.
	States() []string
	// Params returns the names of the parameters. Those that begin with tau are positive.
	Params() []string
	// Slope sets dx = f(x, p).
	Slope(dx, x, p []float64)
	// PullSlope adds (df/dx)' a to ax and (df/dp)' a to ap.
	PullSlope(ax, ap, a, x, p []float64)
	// Threshold returns g(x, p).
	Threshold(x, p []float64) float64
	// PullThreshold adds dg/dx a to ax and dg/dp a to ap.
	PullThreshold(ax, ap []float64, a float64, x, p []float64)
	// Reset sets x to r(x, p).
	Reset(x, p []float64)
	// PullReset sets a to (dr/dx)' a and adds (dr/dp)' a to ap: where a state stays, its a stays.
	PullReset(a, ap, x, p []float64)
}

// Arriver is a Cell with arrivals other than x[last] += w, as of a synapse with a conductance or
// with several states.
type Arriver interface {
	// Arrive sets x to u(x, w, p).
	Arrive(x []float64, w float64, p []float64)
	// PullArrive sets a to (du/dx)' a, adds (du/dp)' a to ap, and returns (du/dw)' a.
	PullArrive(a, ap, x []float64, w float64, p []float64) (dw float64)
}

// Starter is a Cell whose states are not 0 at the start.
type Starter interface {
	// Start sets x = s(p).
	Start(x, p []float64)
	// PullStart adds (ds/dp)' a to ap.
	PullStart(ap, a, p []float64)
}

// functions are those of a cell, with what it leaves out.
type functions struct {
	Cell
	arriver Arriver
	starter Starter
}

func functionsOf(c Cell) functions {
	f := functions{Cell: c}
	f.arriver, _ = c.(Arriver)
	f.starter, _ = c.(Starter)
	return f
}

func (f *functions) arrive(x []float64, w float64, p []float64) {
	if f.arriver != nil {
		f.arriver.Arrive(x, w, p)
		return
	}
	x[len(x)-1] += w
}

func (f *functions) pullArrive(a, ap, x []float64, w float64, p []float64) float64 {
	if f.arriver != nil {
		return f.arriver.PullArrive(a, ap, x, w, p)
	}
	return a[len(a)-1]
}

func (f *functions) start(x, p []float64) {
	clear(x)
	if f.starter != nil {
		f.starter.Start(x, p)
	}
}

func (f *functions) pullStart(ap, a, p []float64) {
	if f.starter != nil {
		f.starter.PullStart(ap, a, p)
	}
}

// caught makes an error of a panic of a cell; it is to be deferred.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: it panics: %v", ErrCell, p)
	}
}
