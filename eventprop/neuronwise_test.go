package eventprop

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// separateLayer draws a feed-forward layer of neurons that differ, some of them readouts, sparse or
// with delays, and an input with two spikes at one instant and some after the end.
func separateLayer(r *rand.Rand, kind int) (*Layer, []Spike) {
	l, input := uniformLayerOf(7, r, 2, false)
	p := &l.Params
	each := func(base []float64) []float64 {
		x := make([]float64, 7)
		for j := range x {
			x[j] = base[0] * (0.7 + 0.6*r.Float64())
		}
		return x
	}
	p.TauMem, p.TauSyn, p.VReset, p.VTh = each(p.TauMem), each(p.TauSyn), each(p.VReset), each([]float64{1})
	p.TauSyn[0] = p.TauMem[0]
	p.TauSyn[1] = 3 * p.TauMem[1]
	p.VTh[2] = math.Inf(1)
	if kind&1 != 0 {
		l.In.Delay = make([]float64, len(l.In.Weight))
		for k := range l.In.Delay {
			l.In.Delay[k] = float64(r.IntN(3)) * r.Float64()
		}
	}
	if kind&2 != 0 {
		for k := range l.In.Weight {
			if r.IntN(3) == 0 {
				l.In.Weight[k] = 0
			}
		}
		s, err := NewSparse(l.In.Pre, l.In.Post, l.In.Weight, l.In.Delay)
		if err != nil {
			panic(err)
		}
		l.In = s
	}
	return l, input
}

// TestNeuronwise compares passes neuron by neuron with those from event to event: spikes, reports,
// voltages, peaks, integrals, and all gradients of losses of all of them.
func TestNeuronwise(t *testing.T) {
	spikes, kinks, inside := 0, 0, 0
	for k := range 400 {
		r := random.New(uint64(k), "eventprop/neuronwise")
		l, input := separateLayer(r, k%4)
		const end = 22
		var own, stepped Tape
		if err := own.Forward(l, input, end); err != nil {
			t.Fatal(err)
		}
		stepThrough(t, &stepped, l, input, end)
		if own.engine != &own.neuronwise || stepped.engine != &stepped.events {
			t.Fatal("the two passes are of one engine")
		}
		steep := 1.0 // rounding of a spike time grows with the inverse slope of it and of later ones
		if len(own.Spikes) != len(stepped.Spikes) {
			t.Fatalf("net %d: %v and %v", k, own.Spikes, stepped.Spikes)
		}
		spikes += len(own.Spikes)
		var c, d Cotangent
		c.Reset(&own)
		for i, s := range own.Spikes {
			o, cell := stepped.Spikes[i], &own.plan.cells[s.Neuron]
			steep = max(steep, (s.Current-cell.rho)/(s.Current-cell.q))
			if s.Neuron != o.Neuron || math.Abs(s.Time-o.Time) > 1e-12*steep*end || math.Abs(s.Current-o.Current) > 1e-12*steep*10 {
				t.Errorf("net %d: spike %d is %v, by steps %v", k, i, s, o)
			}
			c.Time[i] = random.Normal(r)
		}
		if a, b := own.Report, stepped.Report; a.Arrivals != b.Arrivals || a.SilentNeurons != b.SilentNeurons || a.Inputs != b.Inputs || a.LateInputs != b.LateInputs {
			t.Errorf("net %d: %v, by steps %v", k, a, b)
		}
		c.Integral, c.Decay = make([]float64, 7), 9
		times := append([]float64(nil), c.Time...)
		d.Reset(&stepped)
		copy(d.Time, times)
		d.Integral, d.Decay = c.Integral, 9
		for j := range 7 {
			c.Integral[j] = 0.1 * random.Normal(r)
			at := end * r.Float64()
			for name, f := range map[string]func(t *Tape) (float64, error){
				"voltage":  func(t *Tape) (float64, error) { return t.Voltage(j, at) },
				"integral": func(t *Tape) (float64, error) { return t.Integral(j, 9) },
				"max":      func(t *Tape) (float64, error) { p, err := t.Max(j); return p.Value, err },
			} {
				a, err := f(&own)
				if err != nil {
					t.Fatal(err)
				}
				b, err := f(&stepped)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(a-b) > 1e-11*steep {
					t.Errorf("net %d: %s of %d is %v, by steps %v", k, name, j, a, b)
				}
			}
			g := random.Normal(r)
			c.AddVoltage(j, at, g)
			d.AddVoltage(j, at, g)
			p, _ := own.Max(j)
			q, _ := stepped.Max(j)
			switch {
			case p.kind == arrivalIn:
				kinks++
			case p.kind == still && p.Time > 0 && p.Time < end:
				inside++
			}
			c.AddPeak(p, g)
			d.AddPeak(q, g)
		}
		all := func(tape *Tape, c *Cotangent) []slot {
			g := l.NewGradients()
			if err := tape.Backward(g, c); err != nil {
				t.Fatal(err)
			}
			return []slot{{"In", nil, g.In}, {"InDelay", nil, g.InDelay}, {"VTh", nil, g.VTh}, {"VLeak", nil, g.VLeak}, {"VReset", nil, g.VReset},
				{"VInit", nil, g.VInit}, {"IInit", nil, g.IInit}, {"TauMem", nil, g.TauMem}, {"TauSyn", nil, g.TauSyn}, {"InputTime", nil, tape.InputTime}}
		}
		compareSlots(t, "neuron by neuron", all(&own, &c), all(&stepped, &d), 1e-11*steep)
	}
	if spikes < 2000 || kinks < 50 || inside < 50 {
		t.Errorf("draws say little: %d spikes, %d peaks in a kink, %d between events", spikes, kinks, inside)
	}
}
