// Command ficurve finds bias currents with which a neuron has a given f-I curve, its rate against
// that of its input, and the codes of the chip for them. It prints the rates with other input than
// that of the fit, and what the curve says about currents, and draws rates.png.
//
//	go run ./examples/ficurve
//
// The same fit without a program:
//
//	surge fit examples/ficurve/fit.toml
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/plot"
)

// curve is the target: the rates of a neuron with a refractory time of 21 ms over 100 s.
var curve = fit.Curve{
	InputRate: []float64{10, 20, 30, 40, 60, 80},               // Hz
	Rate:      []float64{3.19, 5.89, 7.56, 8.97, 10.93, 12.32}, // Hz
}

// run fits with so many seconds of input at each rate.
func run(seconds float64) (res *fit.Result, start, got []float64, err error) {
	curve.Seconds = seconds
	neuron := dynapse.Network{N: 1} // at the default currents, with a refractory time of 1 ms
	res, err = fit.Run(context.Background(), fit.Experiment{
		Space: fit.Space{
			Network: neuron,
			Params:  []dynapse.Param{dynapse.ItauMem, dynapse.IgainSyn, dynapse.ItauSyn, dynapse.Iref},
		},
		Curves: []fit.Curve{curve},
	}, fit.Settings{DAC: true})
	if err != nil {
		return nil, nil, nil, err
	}
	fresh := curve
	fresh.Seconds, fresh.Seed = 100, 1
	if start, err = fit.Rates(neuron, fresh); err != nil {
		return nil, nil, nil, err
	}
	got, err = fit.Rates(res.Settable, fresh)
	return res, start, got, err
}

func main() {
	seconds := flag.Float64("seconds", 10, "input at each rate in the fit")
	picture := flag.String("picture", "rates.png", "file to draw")
	flag.Parse()
	res, start, got, err := run(*seconds)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("loss %.2g, with codes %.2g; %d simulations\n", res.Loss, *res.LossDAC, res.Evaluations)
	fmt.Println("input  target  start    fit  (Hz)")
	for i, rate := range curve.InputRate {
		fmt.Printf("%5.0f %7.2f %6.2f %6.2f\n", rate, curve.Rate[i], start[i], got[i])
	}
	for _, c := range res.Codes() {
		fmt.Printf("%-9s %.3g A, %s %d:%d\n", c.Name, c.Current, c.DeviceParameter, c.Coarse, c.Fine)
	}
	for _, open := range res.Unidentifiable {
		fmt.Println(open.Text)
	}
	err = plot.Curves{XLabel: "rate of the input (Hz)", Panels: []plot.Panel{{YLabel: "rate of the neuron (Hz)", Lines: []plot.Line{
		{Name: "target", X: curve.InputRate, Y: curve.Rate},
		{Name: "start", X: curve.InputRate, Y: start},
		{Name: "fit, as codes", X: curve.InputRate, Y: got},
	}}}}.Write(*picture)
	if err != nil {
		log.Fatal(err)
	}
}
