package gradcheck

import (
	"slices"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/surrogate"
)

// TestSurrogates: every surrogate of the catalogue is the derivative of its antiderivative,
// wherever their kinks are; one with a wrong factor or sign, shifted or clipped is not.
func TestSurrogates(t *testing.T) {
	all := suite.Catalogue([]float64{0.5, 4, 100})
	for _, s := range all {
		for _, wrong := range append(suite.Wrong(s), half{s}) {
			if r := checkSurrogate("", wrong); r.Passed || !(r.Error > 1e-2) {
				t.Errorf("%s: %+v", wrong, r)
			}
		}
	}
	for _, row := range surrogate.Peers() {
		all = append(all, row.New())
	}
	for _, s := range all {
		if r := checkSurrogate("", s); !r.Passed || surrogate.Wrong(s) != "" {
			t.Errorf("%s: %+v, %s", s, r, surrogate.Wrong(s))
		}
	}
}

// narrow is a surrogate that is clipped where the voltages of a few samples are not.
type narrow struct{ surrogate.Surrogate }

func (n narrow) Slope(x float64) float64 { return min(n.Surrogate.Slope(x), 0.999*n.Peak()) }
func (n narrow) String() string          { return "narrow" }

// TestSurrogateOfCase: a case that names its surrogate fails where the samples do not show the
// mistake, and one whose surrogate no layer takes fails and is no error.
func TestSurrogateOfCase(t *testing.T) {
	wrong := suite.Wrong(surrogate.ATan{})
	for _, test := range []struct {
		name  string
		s     surrogate.Surrogate
		named bool
	}{{"narrow", narrow{surrogate.ATan{Sharpness: 1}}, true}, {"sign", wrong[1], true}, {"sign, not named", wrong[1], false}} {
		c := Case{Name: test.name, Model: func(b *graph.Builder) {
			probe(b, models.Spike(b, b.Param("x", models.Normal(0, 0.5), 4, 5), test.s))
		}}
		if test.named {
			c.Surrogate = test.s
		}
		results, err := Run(c, 1)
		if err != nil || !slices.ContainsFunc(results, func(r Result) bool { return r.Check == "surrogate" && !r.Passed }) {
			t.Errorf("%s: %+v, %v", test.name, results, err)
		}
	}
}
