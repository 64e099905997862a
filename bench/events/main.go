// Command events measures one pass forward and back through a large sparse network of LIF neurons,
// as SparseProp is measured (R. Engelken 2023, arXiv:2312.17216): what it costs per spike, and how
// much memory it takes.
//
//	go run ./bench/events                                1e6 neurons of 100 synapses each
//	go run ./bench/events -neurons 1e5 -duration 0.1     a smaller one, for longer
//	go run ./bench/events -json                          as JSON
//
// The neurons have a leak potential above the threshold, random states at the start, and so spike
// at some 40 Hz; each reaches others at random, with weights of both signs. The loss is the sum of
// all spike times, and the gradient that with respect to all weights. The time is that of the
// passes, without the making of the network. The memory is what the program has got from the
// system, network and gradients included.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/random"
)

func main() {
	neurons := flag.Float64("neurons", 1e6, "neurons")
	synapses := flag.Int("synapses", 100, "synapses of each neuron to others")
	duration := flag.Float64("duration", 20e-3, "duration of the simulation in s")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Parse()
	if err := run(os.Stdout, int(*neurons), *synapses, *duration, *asJSON); err != nil {
		fmt.Fprintln(os.Stderr, "events:", err)
		os.Exit(1)
	}
}

// result is what was measured.
type result struct {
	Neurons  int     `json:"neurons"`
	Synapses int     `json:"synapses"` // of each
	Duration float64 `json:"duration"` // s
	Spikes   int     `json:"spikes"`
	Arrivals int     `json:"arrivals"`
	Forward  float64 `json:"forward"`   // s per spike
	Backward float64 `json:"backward"`  // s per spike
	Memory   float64 `json:"memory_gb"` // 1e9 bytes
	Slope    float64 `json:"slope"`     // sum of the gradient, for comparisons
}

func run(w io.Writer, neurons, synapses int, duration float64, asJSON bool) error {
	if neurons < 1 || synapses < 1 || neurons > math.MaxInt32/synapses {
		return fmt.Errorf("%d neurons of %d synapses, want at least 1 of each, and at most %d synapses", neurons, synapses, math.MaxInt32)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(5)) // almost all memory stays in use
	l := network(neurons, synapses)
	r := result{Neurons: neurons, Synapses: synapses, Duration: duration}
	var tape eventprop.Tape
	start := time.Now()
	if err := tape.Forward(l, nil, duration); err != nil {
		return err
	}
	forward := time.Since(start)
	var c eventprop.Cotangent
	c.Reset(&tape)
	for k := range c.Time {
		c.Time[k] = 1
	}
	g := l.NewWeightGradients()
	start = time.Now()
	if err := tape.Backward(g, &c); err != nil {
		return err
	}
	backward := time.Since(start)
	for _, x := range g.Rec {
		r.Slope += x
	}
	r.Spikes, r.Arrivals = len(tape.Spikes), tape.Report.Arrivals
	if r.Spikes == 0 {
		return fmt.Errorf("no spikes within %g s", duration)
	}
	r.Forward, r.Backward = forward.Seconds()/float64(r.Spikes), backward.Seconds()/float64(r.Spikes)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.Memory = float64(m.Sys) / 1e9
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	_, err := fmt.Fprintf(w, "%d LIF neurons of %d synapses, %g ms: %d spikes, %d arrivals\nforward %.2f us per spike, backward %.2f us, together %.2f us; %.2f GB\n",
		r.Neurons, r.Synapses, 1e3*duration, r.Spikes, r.Arrivals, 1e6*r.Forward, 1e6*r.Backward, 1e6*(r.Forward+r.Backward), r.Memory)
	return err
}

// network makes the layer.
func network(neurons, synapses int) *eventprop.Layer {
	rng := random.New(1, "bench/events")
	rec := eventprop.Synapses{
		Pre: neurons, Post: neurons, Weight: make([]float64, neurons*synapses), Row: make([]int, neurons+1), Col: make([]int, neurons*synapses),
	}
	for k := range rec.Weight {
		rec.Weight[k] = 0.4 / math.Sqrt(float64(synapses)) * (rng.Float64() - 0.5)
		rec.Col[k] = rng.IntN(neurons)
	}
	for i := range rec.Row {
		rec.Row[i] = i * synapses
	}
	start := make([]float64, neurons)
	for j := range start {
		start[j] = 0.99 * rng.Float64()
	}
	return &eventprop.Layer{
		In:       eventprop.Synapses{Pre: 1, Post: neurons, Weight: []float64{}, Row: []int{0, 0}, Col: []int{}},
		Rec:      &rec,
		Params:   eventprop.LIFParameters{VLeak: []float64{1.1}, VInit: start},
		Settings: eventprop.Settings{MaxSpikes: 1 << 24},
	}
}
