package eventprop

import (
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/random"
)

// network is a random layer with an input and a loss that looks at all it puts out.
type network struct {
	layer Layer
	input []Spike
	end   float64

	timeWeight   []float64 // of the k-th spike of a neuron
	voltageAt    []Spike   // neuron, time; weight in Current
	peakWeight   []float64
	integral     []float64
	decay        float64
	firstWeights []float64
}

// kindOfNetwork says what a random network has.
type kindOfNetwork struct{ rec, delays, sparse, equal, tonic bool }

// newNetwork draws 3 spiking neurons and 2 readouts of any parameters, in units of 1 s.
func newNetwork(r *rand.Rand, k kindOfNetwork) *network {
	between := func(lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }
	const n, spiking, inputs = 5, 3, 2
	w := &network{end: 30, decay: between(5, 40)}
	p := &w.layer.Params
	for j := range n {
		tauMem, tauSyn := between(6, 14), between(3, 9)
		if k.equal {
			tauSyn = tauMem
		}
		leak := between(-0.2, 0.3)
		th := between(0.8, 1.2)
		if k.tonic && j == 0 {
			leak = th + between(0.1, 0.4)
		}
		if j >= spiking {
			th = math.Inf(1)
		}
		p.TauMem = append(p.TauMem, tauMem)
		p.TauSyn = append(p.TauSyn, tauSyn)
		p.VLeak = append(p.VLeak, leak)
		p.VTh = append(p.VTh, th)
		p.VReset = append(p.VReset, between(-0.5, 0.4))
		p.VInit = append(p.VInit, between(-0.3, 0.5))
		p.IInit = append(p.IInit, between(-0.5, 0.5))
	}
	w.layer.In = NewDense(inputs, n)
	for s := range w.layer.In.Weight {
		w.layer.In.Weight[s] = 0.8 + 1.2*random.Normal(r)
	}
	rec := NewDense(n, n)
	for s := range rec.Weight {
		if s/n < spiking {
			rec.Weight[s] = 0.7 * random.Normal(r)
		}
	}
	if k.delays {
		draw := func(m int) []float64 {
			d := make([]float64, m)
			for s := range d {
				if r.IntN(4) > 0 {
					d[s] = between(0, 3)
				}
			}
			return d
		}
		w.layer.In.Delay, rec.Delay = draw(len(w.layer.In.Weight)), draw(len(rec.Weight))
	}
	if k.sparse {
		for s := range rec.Weight {
			if r.IntN(2) == 0 {
				rec.Weight[s] = 0
			}
		}
		rec, _ = NewSparse(n, n, rec.Weight, rec.Delay)
	}
	if k.rec {
		w.layer.Rec = &rec
	}
	for i := range inputs {
		for range 4 {
			w.input = append(w.input, Spike{Time: between(0, 20), Neuron: i})
		}
	}
	SortSpikes(w.input)
	for j := range n {
		w.peakWeight = append(w.peakWeight, 0)
		if j >= spiking {
			w.peakWeight[j] = random.Normal(r)
		}
		w.integral = append(w.integral, 0.1*random.Normal(r))
		w.voltageAt = append(w.voltageAt, Spike{Neuron: j, Time: between(0, 30), Current: random.Normal(r)})
		w.firstWeights = append(w.firstWeights, random.Normal(r))
	}
	for range 64 {
		w.timeWeight = append(w.timeWeight, random.Normal(r))
	}
	return w
}

// pattern is what must not change between the points of a finite difference.
type pattern struct {
	order []int
	peaks []int
}

// loss runs the network and returns the loss, its cotangent and the pattern.
func (w *network) loss(t *Tape, c *Cotangent) (float64, pattern, error) {
	if err := t.Forward(&w.layer, w.input, w.end); err != nil {
		return 0, pattern{}, err
	}
	c.Reset(t)
	e := &t.events // for the jumps of all neurons, which other engines do not keep
	if t.engine != e {
		var again Tape
		if err := again.ForwardRecorded(&w.layer, w.input, t.Spikes, w.end); err != nil {
			return 0, pattern{}, err
		}
		e = &again.events
	}
	sum := 0.0
	var pat pattern
	count := make([]int, w.layer.Neurons())
	for k, s := range t.Spikes {
		g := w.timeWeight[(count[s.Neuron]*5+s.Neuron)%len(w.timeWeight)]
		if count[s.Neuron] == 0 {
			g += w.firstWeights[s.Neuron]
		}
		count[s.Neuron]++
		sum += g * s.Time
		c.Time[k] = g
	}
	for _, v := range w.voltageAt {
		x, err := t.Voltage(v.Neuron, v.Time)
		if err != nil {
			return 0, pat, err
		}
		after := 0 // jumps after the observation, which has a kink where one passes it
		for k := e.present[v.Neuron].last; k >= 0 && e.touches[k].time > v.Time; k = e.touches[k].before {
			after++
		}
		pat.order = append(pat.order, after)
		sum += v.Current * x
		c.AddVoltage(v.Neuron, v.Time, v.Current)
	}
	c.Integral, c.Decay = w.integral, w.decay
	for j := range count {
		x, err := t.Integral(j, w.decay)
		if err != nil {
			return 0, pat, err
		}
		sum += w.integral[j] * x
		if w.peakWeight[j] != 0 {
			p, err := t.Max(j)
			if err != nil {
				return 0, pat, err
			}
			sum += w.peakWeight[j] * p.Value
			c.AddPeak(p, w.peakWeight[j])
			place := 0 // which segment the peak is in, and
			for k := e.present[j].last; k >= 0 && e.touches[k].time >= p.Time; k = e.touches[k].before {
				place++
			}
			where := 0 // whether it is inside of it, in the kink at its end, or at an end of the simulation
			switch {
			case p.kind < crossing:
				where = 1
			case p.Time == 0:
				where = 2
			case p.Time == t.end:
				where = 3
			}
			pat.peaks = append(pat.peaks, place, where)
		}
	}
	// the loss is smooth as long as every neuron sees the same jumps in the same order
	for j := range count {
		for k := e.present[j].last; k >= 0; k = e.touches[k].before {
			x := &e.touches[k]
			jump := int(x.synapse)<<2 | int(x.kind)
			if x.kind >= crossing {
				jump = int(x.kind)
			}
			pat.order = append(pat.order, jump)
		}
		pat.order = append(pat.order, -1)
	}
	return sum, pat, nil
}

// slot is one kind of parameter with its gradient.
type slot struct {
	name   string
	values []float64
	grads  []float64
}

func (w *network) slots(g *Gradients, inputTime []float64) []slot {
	p := &w.layer.Params
	s := []slot{
		{"In", w.layer.In.Weight, g.In}, {"TauMem", p.TauMem, g.TauMem}, {"TauSyn", p.TauSyn, g.TauSyn},
		{"VTh", p.VTh, g.VTh}, {"VLeak", p.VLeak, g.VLeak}, {"VReset", p.VReset, g.VReset}, {"VInit", p.VInit, g.VInit},
		{"IInit", p.IInit, g.IInit},
	}
	if w.layer.In.Delay != nil {
		s = append(s, slot{"InDelay", w.layer.In.Delay, g.InDelay})
	}
	if w.layer.Rec != nil {
		s = append(s, slot{"Rec", w.layer.Rec.Weight, g.Rec})
		if w.layer.Rec.Delay != nil {
			s = append(s, slot{"RecDelay", w.layer.Rec.Delay, g.RecDelay})
		}
	}
	return append(s, slot{"InputTime", nil, inputTime})
}
