package cases

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
)

// TestLies: a case that says other extents than it has takes no memory for what is not there.
func TestLies(t *testing.T) {
	hostile.Lies(t, []byte(`{"model": "m", "params": {"dt": 1e-3, "layers": [3, 2]}, "inputs": {"x": {"shape": [2, 1], "data": [1e300, -0.0]}},
		"outputs": {"s": {"shape": [1], "data": [1]}}, "grads": {"sum": {"w": {"shape": [2], "data": [1, 2]}}}}`), func(b []byte) (int, error) {
		c, err := Parse("a.json", b)
		if err == nil {
			_, err = c.Answers()
		}
		return 0, err
	})
}
