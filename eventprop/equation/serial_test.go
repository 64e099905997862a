package equation

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/random"
)

// qifNet is a 5-n-3 network of QIF neurons, and inputs of one spike per source.
func qifNet(t testing.TB, n, samples int) (Serial, [][]eventprop.Spike) {
	m, err := Parse(QIF)
	if err != nil {
		t.Fatal(err)
	}
	r := random.New(1, "equation/qif")
	var net Serial
	for k, size := range [][2]int{{5, n}, {n, 3}} {
		l := &Layer{Model: m, In: eventprop.NewDense(size[0], size[1]), Params: map[string][]float64{}}
		for name, v := range map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "v_th": 8, "v_reset": -4, "v_init": -1, "i_ext": -0.5} {
			l.Params[name] = []float64{v}
		}
		if err := l.In.Init([]eventprop.Normal{{Mean: 2, Std: 1.5}, {Mean: 40 / float64(n), Std: 40 / float64(n)}}[k], 1, r); err != nil {
			t.Fatal(err)
		}
		net = append(net, l)
	}
	var inputs [][]eventprop.Spike
	for range samples {
		var s []eventprop.Spike
		for j := range 5 {
			s = append(s, eventprop.Spike{Time: 10e-3 * r.Float64(), Neuron: j})
		}
		eventprop.SortSpikes(s)
		inputs = append(inputs, s)
	}
	return net, inputs
}

// spikeSum is the sum of all spike times of the last layer.
func spikeSum(_ int, p *Pass) (float64, []float64, error) {
	sum, time := 0.0, make([]float64, len(p.Last().Spikes))
	for k, s := range p.Last().Spikes {
		sum += s.Time
		time[k] = 1
	}
	return sum, time, nil
}

// TestStep: the gradient of a batch through two layers has the slope of its loss along a random
// direction, and its bits do not depend on the number of processors.
func TestStep(t *testing.T) {
	net, inputs := qifNet(t, 10, 20)
	const end = 30e-3
	loss, g, err := net.Step(inputs, end, spikeSum)
	if err != nil {
		t.Fatal(err)
	}
	r := random.New(2, "equation/direction")
	slope := 0.0
	var moved [2][]float64
	for k := range net {
		for _, x := range g[k].In {
			d := random.Normal(r)
			moved[k] = append(moved[k], d)
			slope += d * x
		}
	}
	at := func(h float64) float64 {
		var other Serial
		for k, l := range net {
			c := *l
			c.In.Weight = slices.Clone(l.In.Weight)
			for i := range c.In.Weight {
				c.In.Weight[i] += h * moved[k][i]
			}
			other = append(other, &c)
		}
		x, _, err := other.Step(inputs, end, spikeSum)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	const h = 1e-5
	d1, d2 := (at(h)-at(-h))/(2*h), (at(h/2)-at(-h/2))/h
	want := d2 + (d2-d1)/3
	if math.Abs(slope-want) > 1e-4*math.Abs(want) { // steps of 1e-9 of some 100 spikes of 10 ms, over 1e-5
		t.Errorf("slope %v, differences %v", slope, want)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, h2, err := net.Step(inputs, end, spikeSum)
	if err != nil || again != loss || !slices.Equal(h2[0].In, g[0].In) || !slices.Equal(h2[1].Params["tau_mem"], g[1].Params["tau_mem"]) {
		t.Errorf("another number of processors: loss %v, %v, %v", again, loss, err)
	}
}

// BenchmarkQIF is a gradient step of a 5-100-3 network with a batch of 64.
func BenchmarkQIF(b *testing.B) {
	net, inputs := qifNet(b, 100, 64)
	for b.Loop() {
		if _, _, err := net.Step(inputs, 30e-3, spikeSum); err != nil {
			b.Fatal(err)
		}
	}
}
