package fit

import (
	"slices"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// TestNearerCodes: where two codes of each neuron are wrong ones that do as those that made the
// recording are found, and where none is there are no better ones.
func TestNearerCodes(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, iw := coded(t)
	_, truth := draw(t, 21, 3, 300, 1, Core, true) // whose currents it has
	e.Space.Network.Params = truth.Params
	for k, x := range iw {
		e.Space.Bases[k].Start = []float64{x}
	}
	right := e.Space.Codes
	if codes, err := newSession(compile(t, e), Settings{}).nearerCodes(t.Context(), compile(t, e).x); err != nil || codes != nil {
		t.Fatalf("%v, %v", codes, err)
	}
	wrong := chip.Codes{Pre: right.Pre, Post: right.Post, Code: slices.Clone(right.Code), Sign: right.Sign}
	for i := range 6 {
		wrong.Code[i] = (wrong.Code[i] + uint8(2*i+1)) % (1 << chip.WeightBits)
	}
	e.Space.Codes = &wrong
	p := compile(t, e)
	codes, err := newSession(p, Settings{}).nearerCodes(t.Context(), p.x)
	if err != nil || codes == nil || codes.Code[1] != right.Code[1] || codes.Code[5] != right.Code[5] {
		t.Fatalf("%v, %v; want %v from %v", codes, err, right.Code, wrong.Code)
	}
	e.Space.Codes = codes // that are not the same where a neuron is inhibited below its rest, anyhow
	if loss, err := compile(t, e).forced(1, 0).loss(t.Context(), p.x); err != nil || loss > 1e-20 {
		t.Errorf("a loss of %v with %v, want none as with %v, %v", loss, codes.Code, right.Code, err)
	}
}
