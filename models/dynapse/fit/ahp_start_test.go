package fit

import (
	"context"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
)

// TestWake: from the default currents of the AHP, which do nothing, the fit of a neuron that adapts
// gets to where they do. What keeps a current in the AHP from its start is said.
func TestWake(t *testing.T) {
	e, truth := draw(t, 1, 1, 300, 2, Core, false)
	e.Space.Network = truth
	e.Space.Params = []dynapse.Param{dynapse.ItauAHP, dynapse.IwAHP, dynapse.IpulseAHP}
	for _, p := range e.Space.Params {
		e.Space.Network.Params[p] = nil
	}
	res, err := Run(context.Background(), e, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if res.Loss > 1e-6 { // currents to a part in a thousand
		t.Errorf("loss %v", res.Loss)
	}
	if len(res.Notes) == 0 || !strings.HasPrefix(res.Notes[0], "the adaptation current does nothing at the start") {
		t.Errorf("notes %q", res.Notes)
	}
}
