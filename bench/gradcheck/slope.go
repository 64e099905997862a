package gradcheck

import (
	"fmt"

	"github.com/surge-snn/surge/surrogate"
)

// checkSurrogate checks a surrogate by itself: its slope with differences of its antiderivative, at
// distances of 1e-4 to 10 to either side of the threshold, as the voltages of a few samples need
// not come as near, or as far. One that no layer takes fails, too.
func checkSurrogate(name string, s surrogate.Surrogate) Result {
	off, at := surrogate.Deviation(s)
	r := Result{Case: name, Check: "surrogate", Where: fmt.Sprintf("%v at %.2g from the threshold", s, at), Error: off, Limit: surrogate.DeviationLimit}
	if err := surrogate.Check(s); err != nil && off <= r.Limit {
		r.Error, r.Where = 1, err.Error()
	}
	r.Passed = r.Error <= r.Limit
	return r
}
