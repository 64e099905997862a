package own_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/own"
)

var conductanceParams = map[string][]float64{
	"tau_mem": {8e-3}, "tau_syn": {5e-3}, "tau_b": {20e-3}, "e": {3}, "v_th": {1}, "jump": {0.2}, "keep": {0.3}, "full": {2},
}

// wrongCell is a cell with one wrong number in a Pull.
type wrongCell struct {
	conductance
	which string
}

func (c wrongCell) PullSlope(ax, ap, a, x, p []float64) {
	switch c.conductance.PullSlope(ax, ap, a, x, p); c.which {
	case "slope":
		ax[2] += 1e-3 * a[0]
	case "slope of tau":
		ap[2] = 0
	case "no factor":
		ap[3] += x[1]/p[0] - a[0]*x[1]/p[0]
	case "overwrites":
		ax[2] = -a[2] / p[2]
	case "not finite":
		ax[0] = math.NaN()
	case "changes x":
		x[0] = 0
	}
}

func (c wrongCell) PullThreshold(ax, ap []float64, a float64, x, p []float64) {
	if c.conductance.PullThreshold(ax, ap, a, x, p); c.which == "threshold" {
		ap[4] += 2 * a
	}
}

func (c wrongCell) PullReset(a, ap, x, p []float64) {
	if c.conductance.PullReset(a, ap, x, p); c.which == "reset" {
		a[2] = 0
	}
}

func (c wrongCell) PullArrive(a, ap, x []float64, w float64, p []float64) float64 {
	dw := c.conductance.PullArrive(a, ap, x, w, p)
	if c.which == "arrive" {
		dw *= 1.01
	}
	return dw
}

func (c wrongCell) PullStart(ap, a, p []float64) {
	if c.which != "start" {
		c.conductance.PullStart(ap, a, p)
	}
}

// TestVerify: right cells pass, and of a wrong one the error says what is wrong; a layer of it is
// refused.
func TestVerify(t *testing.T) {
	for which, want := range map[string]string{
		"slope": "PullSlope of V to B", "slope of tau": "PullSlope of V to tau_b", "no factor": "PullSlope of V to e", "overwrites": "PullSlope of V to B", "not finite": "PullSlope of V to V",
		"threshold": "PullThreshold of g to v_th", "reset": "PullReset of B to B", "arrive": "PullArrive of V to w", "start": "PullStart of B to jump",
		"changes x": "changes V", "nothing": "",
	} {
		n := own.Neurons{Cell: wrongCell{which: which}, Params: conductanceParams}
		l := eventprop.Layer{In: eventprop.NewDense(1, 1), Neuron: n}
		for _, err := range []error{n.Verify(), l.Check()} {
			switch {
			case want == "" && err != nil:
				t.Errorf("%s: %v", which, err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s: %v, want %q", which, err, want)
			case want != "" && which != "changes x" && !errors.Is(err, own.ErrDerivative):
				t.Errorf("%s: %v, want ErrDerivative", which, err)
			}
		}
	}
}

// table is a neuron whose slope bends: its leak is by lines between points.
type table struct{ lif }

func (table) Slope(dx, x, p []float64) {
	lif{}.Slope(dx, x, p)
	dx[0] -= max(0, x[0]) / p[0]
}
func (table) PullSlope(ax, ap, a, x, p []float64) {
	if (lif{}).PullSlope(ax, ap, a, x, p); x[0] > 0 {
		ax[0] -= a[0] / p[0]
		ap[0] += a[0] * x[0] / (p[0] * p[0])
	}
}

// nowhere is a neuron without finite slopes.
type nowhere struct{ lif }

func (nowhere) Slope(dx, x, p []float64) { dx[0], dx[1] = math.Inf(1), 0 }

// TestVerifyBends: a bend is no error, and values that are not finite are one.
func TestVerifyBends(t *testing.T) {
	params := map[string][]float64{"tau_mem": {10e-3}, "tau_syn": {5e-3}, "v_th": {1}, "v_leak": {0}, "v_reset": {0}}
	if err := (own.Neurons{Cell: table{}, Params: params}).Verify(); err != nil {
		t.Error(err)
	}
	if err := (own.Neurons{Cell: nowhere{}, Params: params}).Verify(); !errors.Is(err, own.ErrDerivative) {
		t.Errorf("without finite slopes: %v", err)
	}
}
