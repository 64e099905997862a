package gradcheck

import (
	"slices"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/surrogate"
)

// half is a surrogate whose slope is half of what its antiderivative says.
type half struct{ surrogate.Surrogate }

func (h half) Slope(x float64) float64 { return h.Surrogate.Slope(x) / 2 }
func (h half) String() string          { return h.Surrogate.String() + " factor 1/2" }

// TestWrongSurrogatesFail: a surrogate whose slope has a wrong factor or sign, is shifted or
// clipped is not the derivative of its antiderivative, and a network with it fails, by both
// engines; what is not within its own peak is taken by no layer, and fails as that. The right one
// passes.
func TestWrongSurrogatesFail(t *testing.T) {
	for _, right := range []surrogate.Surrogate{surrogate.Sigmoid{Sharpness: 4}, surrogate.ATan{}, surrogate.FastSigmoid{Sharpness: 3}} {
		check := func(s surrogate.Surrogate) (checks []string) {
			results, err := Run(Case{Name: s.String(), Model: func(b *graph.Builder) {
				h := models.LIF{Recurrent: true, Surrogate: s}.Apply(b, "h", b.Param("x", current, 5, 2, 3))
				probe(b, h.Spikes, h.Vmem)
			}}, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if !r.Passed {
					checks = append(checks, r.Check)
				}
			}
			return checks
		}
		if list := check(right); len(list) > 0 {
			t.Errorf("%s: %v", right, list)
		}
		for _, s := range append(suite.Wrong(right), half{right}) {
			list := check(s)
			taken := surrogate.Check(s) == nil
			if !taken && !slices.Equal(list, []string{"surrogate"}) ||
				taken && !(slices.Contains(list, "twin/fused") && slices.Contains(list, "twin/unrolled")) {
				t.Errorf("%s is not caught: only %v failed", s, list)
			}
		}
	}
}
