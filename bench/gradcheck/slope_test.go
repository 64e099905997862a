package gradcheck

import (
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/surrogate"
)

// TestSlope: every surrogate of the catalogue is the derivative of its antiderivative, wherever
// their kinks are; one with a wrong factor or sign, shifted or clipped is not.
func TestSlope(t *testing.T) {
	for _, s := range suite.Catalogue([]float64{0.5, 4, 100}) {
		if err, at := slope(s); err > TwinLimit {
			t.Errorf("%s: off by %.2g of its peak at %g", s, err, at)
		}
		for _, wrong := range append(suite.Wrong(s), half{s}) {
			if err, _ := slope(wrong); !(err > 1e-2) {
				t.Errorf("%s: %.2g of its peak", wrong, err)
			}
		}
	}
	for _, row := range surrogate.Peers() {
		s, err := surrogate.Parse(row.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err, at := slope(s); err > TwinLimit {
			t.Errorf("%s: off by %.2g of its peak at %g", s, err, at)
		}
	}
}
