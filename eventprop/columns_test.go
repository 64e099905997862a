package eventprop

import (
	"math"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// TestColumns compares the sweep over neurons that differ, and its gradients of time constants of
// those and of neurons that are alike, with the steps from event to event: spikes, peaks of silent
// neurons, and all gradients of a loss of both. Inputs of some nets take several stretches of
// states.
func TestColumns(t *testing.T) {
	spikes, silent := 0, 0
	for k := range 120 {
		r := random.New(uint64(k), "eventprop/columns")
		n := []int{17, 70}[k%2]
		l, input := uniformLayerOf(n, r, []float64{2, 1, 0.4, 3.7}[k/2%4], false)
		p, end := &l.Params, 30.0
		if k%3 > 0 {
			for _, v := range []*[]float64{&p.TauMem, &p.TauSyn, &p.VReset} {
				x := (*v)[0]
				*v = make([]float64, n)
				for j := range *v {
					(*v)[j] = x * (0.7 + 0.6*r.Float64())
				}
			}
			p.TauSyn[3] = p.TauMem[3]
			p.VTh = make([]float64, n)
			for j := range p.VTh {
				p.VTh[j] = 0.8 + 0.5*r.Float64()
			}
		}
		if k%8 == 7 {
			end = 60
			for range 2 * stretch {
				input = append(input, Spike{Time: 40 * r.Float64(), Neuron: r.IntN(l.In.Pre)})
			}
			SortSpikes(input)
			for s := range l.In.Weight {
				l.In.Weight[s] = 0.3 * (l.In.Weight[s] - 0.5)
			}
		}
		var swept, stepped Tape
		if err := swept.Forward(l, input, end); err != nil {
			t.Fatal(err)
		}
		stepThrough(t, &stepped, l, input, end)
		if swept.engine != &swept.sweep || swept.sweep.differ != (k%3 > 0) {
			t.Fatal("the layer is not swept")
		}
		if len(swept.Spikes) != len(stepped.Spikes) {
			t.Errorf("net %d: %d spikes, by steps %d", k, len(swept.Spikes), len(stepped.Spikes))
			continue
		}
		spikes += len(swept.Spikes)
		steep := 1.0 // rounding of a spike time grows with the inverse slope of it and of later ones
		var c, d Cotangent
		c.Reset(&swept)
		for i, s := range swept.Spikes {
			o, cell := stepped.Spikes[i], &stepped.plan.cells[s.Neuron]
			steep = max(steep, (s.Current-cell.rho)/(s.Current-cell.q))
			if s.Neuron != o.Neuron || math.Abs(s.Time-o.Time) > 1e-12*steep*end || math.Abs(s.Current-o.Current) > 1e-12*steep*10 {
				t.Errorf("net %d: spike %d is %v, by steps %v", k, i, s, o)
			}
			c.Time[i] = random.Normal(r)
		}
		times := append([]float64(nil), c.Time...)
		d.Reset(&stepped)
		copy(d.Time, times)
		a, err := Silence{Weight: 0.3}.Add(&swept, &c)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Silence{Weight: 0.3}.Add(&stepped, &d)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(a-b) > 1e-11*steep {
			t.Errorf("net %d: silence costs %v, by steps %v", k, a, b)
		}
		silent += swept.Report.SilentNeurons
		all := func(tape *Tape, c *Cotangent) []slot {
			g := l.NewGradients()
			if err := tape.Backward(g, c); err != nil {
				t.Fatal(err)
			}
			return []slot{{"In", nil, g.In}, {"VTh", nil, g.VTh}, {"VLeak", nil, g.VLeak}, {"VReset", nil, g.VReset},
				{"VInit", nil, g.VInit}, {"IInit", nil, g.IInit}, {"TauMem", nil, g.TauMem}, {"TauSyn", nil, g.TauSyn}, {"InputTime", nil, tape.InputTime}}
		}
		// parameters that all neurons share sum n terms, which cancel
		compareSlots(t, "swept", all(&swept, &c), all(&stepped, &d), 2e-12*steep*float64(n))
		// weights alone, without the states
		g, h := l.NewWeightGradients(), l.NewWeightGradients()
		if err := swept.Backward(g, &c); err != nil {
			t.Fatal(err)
		}
		if err := stepped.Backward(h, &d); err != nil {
			t.Fatal(err)
		}
		compareSlots(t, "weights", []slot{{"In", nil, g.In}}, []slot{{"In", nil, h.In}}, 1e-11*steep)
	}
	if spikes < 5000 || silent < 100 {
		t.Errorf("draws say little: %d spikes, %d silent neurons", spikes, silent)
	}
}
