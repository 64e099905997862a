package chip

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/models/dynapse"
)

// TestDeployDendrites: a network of four synapse types comes back from the configuration with the
// weights that its codes make, each in its column, and the currents of each dendrite.
func TestDeployDendrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, pre := rapid.IntRange(1, 4).Draw(t, "neurons"), rapid.IntRange(1, 3).Draw(t, "channels")
		width := n * dynapse.SynapseTypes
		weights := func(rows int, name string) Weights {
			w := Weights{rows, width, make([]float64, rows*width)}
			for i := range w.W {
				w.W[i] = rapid.SampledFrom([]float64{0, 0, 0.3, 0.5, 1}).Draw(t, name)
			}
			return w
		}
		in, rec := weights(pre, "w_in"), weights(n, "w_rec")
		core := make([]int, n)
		for j := range core {
			core[j] = rapid.IntRange(0, 1).Draw(t, "core")
		}
		net := dynapse.Network{N: n, FourSynapses: true, WRec: rec.W}
		dendrites := []dynapse.Param{dynapse.ItauSyn, dynapse.ItauGABA, dynapse.ItauNMDA, dynapse.ItauSHUNT, dynapse.IgainSyn, dynapse.IgainGABA, dynapse.IgainNMDA, dynapse.IgainSHUNT, dynapse.IfNMDA}
		for _, p := range dendrites {
			net.Params[p] = []float64{math.Exp(rapid.Float64Range(math.Log(2e-12), math.Log(1e-8)).Draw(t, p.String()))}
		}
		q, err := Quantise(in, rec, core, QuantiseSettings{DAC: true, Starts: 20})
		if err != nil {
			t.Fatal(err)
		}
		d, err := Deploy(net, q, DeploySettings{})
		if err != nil {
			t.Fatal(err)
		}
		got, gotIn, err := d.FourSynapses()
		if err != nil {
			t.Fatal(err)
		}
		wantIn, wantRec := q.Weights()
		same := func(name string, got, want []float64) {
			if got == nil {
				got = make([]float64, len(want))
			}
			for i, x := range want {
				if math.Abs(got[i]-x) > 1e-12*(1+x) { // the order of a sum
					t.Fatalf("%s[%d][%d] is %v, want %v", name, i/width, i%width, got[i], x)
				}
			}
		}
		same("w_in", gotIn.W, wantIn.W)
		same("w_rec", got.WRec, wantRec.W)
		for _, p := range dendrites {
			for j, x := range got.Params[p] {
				if math.Abs(x/net.Params[p][0]-1) > 0.1 { // the widest gap between two settings in this range
					t.Fatalf("%v of neuron %d is %v, want %v", p, j, x, net.Params[p][0])
				}
			}
		}
	})
	q, err := Quantise(Weights{1, 4, []float64{0, -1, 0, 0}}, Weights{}, []int{0}, QuantiseSettings{Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Deploy(dynapse.Network{N: 1, FourSynapses: true}, q, DeploySettings{}); err == nil || !strings.Contains(err.Error(), "negative") {
		t.Errorf("a negative weight: %v", err)
	}
	if _, err := Deploy(dynapse.Network{N: 1}, q, DeploySettings{}); err == nil {
		t.Error("weights of four types for neurons of one: no error")
	}
}
