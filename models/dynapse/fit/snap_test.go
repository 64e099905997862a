package fit

import (
	"context"
	"math"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
)

// TestSnapped: what the configuration of the chip does, simulated as it is written, is what the fit
// says of its codes, also where currents are given that have none, and recurrent weights of many
// sizes.
func TestSnapped(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := draw(t, 8, 3, 150, 2, Core, true)
	e.Space.Weights, e.Space.Network.WRec = false, truth.WRec
	res, err := Run(context.Background(), e, Settings{DAC: true, Starts: 3})
	if err != nil {
		t.Fatal(err)
	}
	d, err := res.Deploy(context.Background(), e, 1)
	if err != nil {
		t.Fatal(err)
	}
	if res.LossDAC == nil || math.Abs(d.Loss / *res.LossDAC - 1) > 1e-9 { // the logarithm and back
		t.Errorf("loss of the file %v, with codes %v", d.Loss, res.LossDAC)
	}
	if e.Space.Network.WRec[1] != truth.WRec[1] || res.Network.WRec[1] != truth.WRec[1] {
		t.Error("the weights of the experiment, or of the continuous answer, have changed")
	}
}

// TestSnappedWeights: fitted recurrent weights become 4-bit codes before the codes of currents are
// looked for, so that the loss of the codes is that of the file.
func TestSnappedWeights(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := draw(t, 8, 3, 150, 2, Core, true)
	for p := range e.Space.Network.Params {
		e.Space.Network.Params[p] = truth.Params[p]
	}
	for name, params := range map[string][]dynapse.Param{"currents": {dynapse.ItauMem, dynapse.IgainSyn}, "weights alone": nil} {
		e.Space.Params = params
		res, err := Run(t.Context(), e, Settings{DAC: true, Starts: 1})
		if err != nil {
			t.Fatal(err)
		}
		d, err := res.Deploy(t.Context(), e, 1)
		if err != nil {
			t.Fatal(err)
		}
		if res.LossDAC == nil || math.Abs(d.Loss / *res.LossDAC - 1) > 1e-9 { // the logarithm and back
			t.Errorf("%s: loss of the file %v, with codes %v (%v before)", name, d.Loss, *res.LossDAC, res.Loss)
		}
		if len(res.Codes()) != len(params) {
			t.Errorf("%s: codes %v", name, res.Codes())
		}
	}
}

// TestSnappedIsOffered: what is found while the codes are looked for is the answer where it does
// better, as after a search that had no time.
func TestSnappedIsOffered(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := draw(t, 8, 3, 100, 1, Core, true)
	e.Space.Weights, e.Space.Network.WRec = false, truth.WRec
	f := newSession(compile(t, e), Settings{DAC: true, Starts: 1, Method: Auto})
	f.experiment = e
	ctx := context.Background()
	if err := f.offer(ctx, f.x); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	first := f.best.loss
	res, err := f.result(schedule{over, ctx, ctx}, first)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := e.Loss(ctx, res.Network); err != nil || math.Abs(again/res.Loss-1) > 1e-9 { // the logarithm and back
		t.Errorf("loss %v, of the currents %v, %v", res.Loss, again, err)
	}
	if res.Loss > first/4 || *res.LossDAC > first/4 {
		t.Errorf("loss %v and %v with codes, %v before", res.Loss, *res.LossDAC, first)
	}
}
