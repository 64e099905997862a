// Command adaptation fits the currents of the spike-frequency adaptation (AHP) of a neuron to a
// recording, recording.csv: first to the spikes alone, then to spikes and membrane current. Both
// fits spike as the neuron did. The spikes alone do not tell which currents it had; with the
// membrane, the time constant is known, and the other three currents as a product that all that one
// sees depends on. The program prints this, and draws membrane.png.
//
//	go run ./examples/adaptation
//
// The second fit without a program:
//
//	surge fit examples/adaptation/fit.toml
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"log"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/plot"
)

// table has the columns input (spike counts), spikes (counts) and imem (A) in bins of 1 ms. The
// neuron had, beside the currents of start,
//
//	Igain_ahp = 30 pA, Itau_ahp = 8 pA, Iw_ahp = 2 nA, Ipulse_ahp = 3.5 nA
//
//go:embed recording.csv
var table []byte

const dt = 1e-3 // s

// adaptation are the fitted currents.
var adaptation = []dynapse.Param{dynapse.IgainAHP, dynapse.ItauAHP, dynapse.IwAHP, dynapse.IpulseAHP}

// start is a neuron with a refractory time of 5 bins and the default currents of the AHP, which do
// nothing.
func start() dynapse.Network {
	n := dynapse.Network{N: 1}
	n.Params[dynapse.Iref] = []float64{2.3e-10}
	return n
}

// read returns the recording.
func read() (fit.Recording, error) {
	r, err := experiment.ParseRecording("recording.csv", table, start(), experiment.Target{})
	if err != nil {
		return fit.Recording{}, err
	}
	return r.Recording, nil
}

// run fits the recording to the spikes, and with membrane to the membrane current, too.
func run(r fit.Recording, membrane bool) (*fit.Result, error) {
	r.Use[fit.Spikes] = true
	if r.Use[fit.Imem] = membrane; !membrane {
		r.Target[fit.Imem] = nil
	}
	return fit.Run(context.Background(), fit.Experiment{
		Space:      fit.Space{Network: start(), Params: adaptation},
		Recordings: []fit.Recording{r},
	}, fit.Settings{DAC: true})
}

// product is what the charge of a spike is proportional to, A.
func product(res *fit.Result) float64 {
	return res.Parameter("Igain_ahp").Value * res.Parameter("Iw_ahp").Value / res.Parameter("Ipulse_ahp").Value
}

// trace is a membrane current with its spikes.
func trace(name string, imem, spikes []float64) plot.Trace {
	tr := plot.Trace{Name: name, Y: imem}
	for t, s := range spikes {
		if s > 0 {
			tr.Spikes = append(tr.Spikes, float64(t)*dt)
		}
	}
	return tr
}

func main() {
	picture := flag.String("picture", "membrane.png", "file to draw")
	flag.Parse()
	r, err := read()
	if err != nil {
		log.Fatal(err)
	}
	figure := plot.Traces{Dt: dt}
	show := func(name string, n dynapse.Network) {
		run, err := n.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
		if err != nil {
			log.Fatal(err)
		}
		figure.Panels = append(figure.Panels, plot.TracePanel{Name: "Imem", Unit: "A", Log: true, Traces: []plot.Trace{
			trace("recording", r.Target[fit.Imem], r.Target[fit.Spikes]), trace(name, run.Imem, run.Spikes)}})
	}
	show("start", start())
	for _, membrane := range []bool{false, true} {
		res, err := run(r, membrane)
		if err != nil {
			log.Fatal(err)
		}
		name := map[bool]string{false: "fit of the spikes", true: "fit of spikes and membrane"}[membrane]
		fmt.Printf("%s: loss %.2g, with codes %.2g; %s\n", name, res.Loss, *res.LossDAC, res.Words)
		for _, p := range adaptation {
			v, in := res.Parameter(p.String()).Value, res.Parameter(p.String()).Interval
			fmt.Printf("  %-10s %.4g A, %.4g to %.4g A\n", p, v, in[0], in[1])
		}
		fmt.Printf("  Igain_ahp Iw_ahp / Ipulse_ahp = %.4g A\n", product(res))
		for i, open := range res.Unidentifiable {
			if i == 0 || open.Text != res.Unidentifiable[i-1].Text {
				fmt.Println("  open:", open.Text)
			}
		}
		show(name+", as codes", res.Settable)
	}
	if err := figure.Write(*picture); err != nil {
		log.Fatal(err)
	}
}
