package fit

import (
	"context"
	"math"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
)

// TestOneByOne: neurons that share nothing are found each by itself.
func TestOneByOne(t *testing.T) {
	e, truth := draw(t, 5, 4, 200, 2, Neuron, false)
	res, err := Run(context.Background(), e, Settings{Starts: 6})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range res.Parameters {
		q, err := dynapse.ParseParam(p.Param)
		if err != nil {
			t.Fatal(err)
		}
		want := truth.Params[q][p.Group]
		if q == dynapse.Ispkthr || q == dynapse.Iref {
			if want < p.Interval[0] || want > p.Interval[1] {
				t.Errorf("%s: %v is not in %v", p.Name, want, p.Interval)
			}
		} else if math.Abs(p.Value/want-1) > 0.01 { // the bar for a single neuron
			t.Errorf("%s = %v, want %v", p.Name, p.Value, want)
		}
	}
}
