package fit

import (
	"context"
	"math"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// TestGiven: a larger current of a weight of 1 is a gain of the synapse that is smaller by as much;
// and what is said of any parameter is what a fit does that takes another value of it as given, to
// the 1 % by which leastSquares draws directions that are hardly seen, and to second order.
func TestGiven(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := draw(t, 2, 1, 400, 2, Core, false)
	e.Space.Network, e.Space.Params = truth, []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.IgainSyn}
	res, err := Run(context.Background(), e, Settings{Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	moves := map[string]map[string]float64{}
	for _, g := range res.Given {
		moves[g.Name] = g.Moves
	}
	if d := moves["Iscale"]["Igain_syn"]; math.Abs(d+1) > 0.01 {
		t.Errorf("Iscale moves Igain_syn by %v %%", d)
	}
	if m, ok := moves["Itau_mem"]; ok {
		t.Errorf("Itau_mem is fitted: %v", m)
	}
	const off = 1e-3
	for _, q := range []dynapse.Param{dynapse.ItauSyn, dynapse.Ut, dynapse.CMem} {
		other := e
		v := q.Default()
		if list := truth.Params[q]; len(list) > 0 {
			v = list[0]
		}
		other.Space.Network.Params[q] = []float64{v * (1 + off)}
		p := compile(t, other)
		least, err := minimize.Fit(context.Background(), p.forced(0, 0).optim(), p.x, &minimize.Settings{}, minimize.LevenbergMarquardt{})
		if err != nil {
			t.Fatal(err)
		}
		for k, c := range p.coords {
			want := math.Log(p.value(k, least.X[k])/res.Parameter(c.name).Value) / math.Log(1+off)
			if got := moves[q.String()][c.name]; math.Abs(got-want) > 0.03*(1+math.Abs(want)) {
				t.Errorf("%v moves %s by %v %%, a fit by %v", q, c.name, got, want)
			}
		}
	}
}
