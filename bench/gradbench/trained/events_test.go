package trained

import (
	"math"
	"strings"
	"testing"

	"github.com/surge-snn/surge/train/experiment"
)

// TestEventGradients: for each draw of the noise EventProp has the differences of the loss as long
// as no spike comes or goes, for weights with and without recurrence.
func TestEventGradients(t *testing.T) {
	for _, method := range []string{"eventprop", "eventprop-recurrent"} {
		e, err := experiment.Parse("small.toml", "name = \"small\"\n[data]\nset = \"yinyang\"\ntrain = 20\nvalid = 2\ntest = 2\n[encode]\nkind = \"latency\"\n[model]\nhidden = [6]\n", method)
		if err != nil {
			t.Fatal(err)
		}
		n, err := NewEvents(e, nil, 3, 0.05, 7)
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		const h = 1e-4 // of the noise
		compared := 0
		for input := range n.Inputs() {
			g := make([]float64, len(n.Params()))
			if err := n.Exact().Gradient(g, n.Params(), input, uint64(input)); err != nil {
				t.Fatal(err)
			}
			scale := 0.0
			for _, x := range g {
				scale = max(scale, math.Abs(x))
			}
			p := append([]float64(nil), n.Params()...)
			for k := range p {
				loss := func(d float64) (float64, uint64) {
					p[k] = n.Params()[k] + d
					defer func() { p[k] = n.Params()[k] }()
					o, err := n.Loss(p, input, uint64(input))
					if err != nil {
						t.Fatal(err)
					}
					return o.Loss, o.Spikes
				}
				up, a := loss(h)
				down, b := loss(-h)
				if a != b {
					continue
				}
				if compared++; math.Abs((up-down)/(2*h)-g[k]) > 1e-5*scale { // h² times third derivatives
					t.Errorf("%s, sample %d, parameter %d: %v, want %v", method, input, k, g[k], (up-down)/(2*h))
				}
			}
		}
		if compared < 50 || len(n.Classes()) < 2 {
			t.Errorf("%s: %d derivatives of %d classes", method, compared, len(n.Classes()))
		}
	}
	e, err := experiment.Parse("small.toml", "name = \"small\"\n[data]\nset = \"yinyang\"\n[encode]\nkind = \"latency\"\n[model]\nhidden = [5]\n", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewEvents(e, nil, 3, 0.05, 7); err == nil || !strings.Contains(err.Error(), "train.method") {
		t.Error(err)
	}
}
