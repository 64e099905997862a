package nir

import (
	"strings"
	"testing"
)

// What the libraries write for one LIF with a membrane of 10 steps or 10 ms, see the numbers at
// each.
func TestGuessKnowsWhatLibrariesWrite(t *testing.T) {
	lif := func(name string, tau, r float64) *Graph {
		return Chain("input", New("Input", "shape", Integers(1)), name,
			New("LIF", "tau", Fill(tau, 1), "r", Fill(r, 1), "v_leak", Fill(0, 1), "v_threshold", Fill(1, 1)))
	}
	cuba := Chain("input", New("Input", "shape", Integers(1)), "lif", New("CubaLIF", "tau_mem", Fill(20e-3, 1), "tau_syn", Fill(10e-3, 1),
		"r", Fill(19.024588490014267, 1), "v_leak", Fill(0, 1), "v_threshold", Fill(1, 1), "w_in", Fill(1, 1)))
	jelly := lif("_1", 2e-4, 1)
	jelly.Nodes["input_1"] = jelly.Nodes["input"]
	for want, g := range map[string]*Graph{
		"snntorch":     lif("1", 1e-3, 10), // 1.0.0: dt is 1e-4, tau = dt/(1-beta), r = tau/dt
		"norse":        lif("1", 1e-5, 1),  // 1.1.0: dt·tau
		"sinabs":       lif("1", 10, 1),    // 3.1.3: steps
		"spyx":         lif("1", 10, 0.9),  // 1.0.0: dt is 1, tau = dt/(1-beta), r = beta
		"rockpool":     cuba,               // 3.1.0: r = tau/dt·e^(-dt/tau)
		"spikingjelly": jelly,              // 2.0.0: names
		"":             lif("1", 20e-3, 1), // as the equations want it
		"surge":        Chain("lif", lif("lif", 20e-3, 1).Nodes["lif"]),
	} {
		if want == "surge" {
			Metadata{Dt: 1e-3, Producer: "surge"}.Set(g)
		}
		if got, why := Guess(g); got != want {
			t.Errorf("%q (%s), want %q", got, why, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	has := func(g *Graph, want string) {
		t.Helper()
		if all := strings.Join(Warnings(g), "\n"); !strings.Contains(all, want) {
			t.Errorf("%q, want %q", all, want)
		}
	}
	g := small()
	has(g, "does not say its time step")
	Metadata{Dt: 0.02, Reset: Subtract}.Set(g)
	has(g, "less than 2 steps of 0.02")
	has(g, "NIR has no word")
	g.Nodes["lif"].Values["tau"] = Fill(20, 3)
	has(g, "milliseconds or steps?")
	g = Chain("input", New("Input", "shape", Integers(2)), "w", New("Linear", "weight", Matrix(2, 2, []float64{1, 2, 3, 4})))
	has(g, "the weight is square")
	g.Metadata = map[string]any{"reset": "soft"}
	has(g, "metadata reset: expected one of value, subtract, none, found soft")
}
