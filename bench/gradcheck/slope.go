package gradcheck

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/surrogate"
)

// slope compares the slope of a surrogate with differences of its antiderivative, relative to its
// peak, at distances of 1e-4 to 10 to either side of the threshold: the voltages of a few samples
// need not come as near, or as far. It returns the distance at which they differ most.
func slope(s surrogate.Surrogate) (err, at float64) {
	const points = 400
	for k := range points {
		// Between the steps of the grid nothing has a kink in particular.
		x := 1e-4 * math.Pow(1e5, (float64(k)+1/math.Pi)/points)
		for _, x := range [2]float64{x, -x} {
			best := math.Inf(1)
			for _, h := range steps {
				got, _ := fivePoint(func(d float64) (float64, error) { return s.Antiderivative(x + d), nil }, h)
				if best = min(best, math.Abs(got-s.Slope(x))/s.Peak()); best <= TwinLimit {
					break
				}
			}
			if best > err || math.IsNaN(best) {
				err, at = best, x
			}
		}
	}
	return err, at
}

// surrogate adds the check of the surrogate of the network.
func (c *networkCheck) surrogate() error {
	s, err := surrogate.Parse(c.e.Model.Surrogate)
	if err != nil {
		return fmt.Errorf("gradcheck: %w", err)
	}
	worst, at := slope(s)
	c.add("surrogate", fmt.Sprintf("%s at %.2g from the threshold", s, at), worst, TwinLimit)
	return nil
}
