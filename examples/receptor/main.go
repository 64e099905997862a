// Command receptor fits a neuron of the chip to a real one: an auditory receptor of a grasshopper,
// of which a recording comes with the Python package nitime. The currents, a refractory time, and a
// latency are found on one stimulus; what they are worth is the coincidence factor on the other
// one, which the cell heard at another level and with other frequencies. The program prints both,
// with currents as they are found and as codes of the chip, draws receptor.svg and
// receptor-rates.svg, and writes the recordings for surge fit.
//
//	surge data get grasshopper
//	go run ./examples/receptor -record examples/receptor
//	surge fit examples/receptor/fit.toml
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/train/data"
)

func main() {
	dir := flag.String("data", "data/grasshopper", "folder of the recording")
	on := flag.Int("on", 2, "stimulus to fit, 1 (up to 200 Hz) or 2 (up to 800 Hz)")
	seed := flag.Uint64("seed", 1, "of the search")
	starts := flag.Int("starts", 24, "points that the search starts from")
	budget := flag.Int("budget", 20000, "simulations of the search")
	picture := flag.String("picture", "receptor", "beginning of the names of the pictures")
	to := flag.String("record", "", "folder for the recordings stimulus1.csv and stimulus2.csv, for surge fit; empty: none")
	flag.Parse()
	if *on != 1 && *on != 2 {
		log.Fatalf("-on %d: there are stimuli 1 and 2", *on)
	}
	recordings, err := data.LoadGrasshopper(*dir)
	if err != nil {
		log.Fatalf("%v; get it with: surge data get grasshopper", err)
	}
	fitted, other := encode(recordings[*on-1]), encode(recordings[2-*on])
	for i, s := range map[int]sound{*on: fitted, 3 - *on: other} {
		if *to == "" {
			break
		}
		if err := record(filepath.Join(*to, fmt.Sprintf("stimulus%d.csv", i)), s); err != nil {
			log.Fatal(err)
		}
	}
	ctx := context.Background()
	res, err := fitTo(ctx, fitted, *seed, *starts, *budget)
	if err != nil {
		log.Fatal(err)
	}
	x, list, err := codes(ctx, problem(fitted), res.X)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d simulations, loss %.4f\n", res.Evaluations, res.Loss)
	var heard []float64
	for _, row := range []struct {
		name string
		x    []float64
	}{{"currents", res.X}, {"codes", x}} {
		for _, s := range []sound{fitted, other} {
			train, err := simulate(s, [][]float64{row.x})
			if err != nil {
				log.Fatal(err)
			}
			heard = train[0]
			name := map[bool]string{true: "fitted", false: "other"}[&s.counts[0] == &fitted.counts[0]]
			fmt.Printf("%-8s on the %-6s stimulus: %4d spikes of %4d, coincidence factor %.3f\n", row.name, name,
				len(heard), len(s.spikes), fit.Coincidence(s.spikes, heard, s.seconds, precision))
		}
	}
	for i, s := range list {
		fmt.Printf("%-9s %.3g A, code %v\n", currents[i].Param, s.Current, s.Code)
	}
	fmt.Printf("latency   %.2f ms\n", x[len(currents)])
	if err := draw(*picture, other, heard); err != nil {
		log.Fatal(err)
	}
}

// draw shows the spikes of cell and model and their rates in half a second of a sound, file.svg,
// and their rates over the whole of it, file-rates.svg, each on light and on dark paper.
func draw(file string, s sound, model []float64) error {
	const from, seconds = 3.0, 0.5
	panel := func(name string, times []float64) plot.RasterLayer {
		l := plot.RasterLayer{Name: name, Neurons: 1}
		for _, t := range times {
			if t >= from && t < from+seconds {
				l.Spikes = append(l.Spikes, plot.Spike{Time: t - from})
			}
		}
		return l
	}
	const step = 1e-3 // s
	raster := plot.Raster{Layers: []plot.RasterLayer{panel("cell", s.spikes), panel("chip", model)}, Duration: seconds, Dt: step}
	rates := plot.Curves{XLabel: "time (s)", Panels: []plot.Panel{{YLabel: "rate (Hz)"}}}
	for i, train := range [][]float64{s.spikes, model} {
		name := []string{"cell", "chip"}[i]
		_, y := rate(train, from, from+seconds, step, 5e-3)
		raster.Readout = append(raster.Readout, plot.Trace{Name: "rate of the " + name + " (Hz)", Y: y})
		x, y := rate(train, 0, s.seconds, 25*step, 0.3)
		rates.Panels[0].Lines = append(rates.Panels[0].Lines, plot.Line{Name: name, X: x, Y: y})
	}
	for _, paper := range []string{".svg", ".dark.svg"} {
		if err := raster.Write(file + paper); err != nil {
			return err
		}
		if err := rates.Write(file + "-rates" + paper); err != nil {
			return err
		}
	}
	return nil
}

// rate is that of spikes in Hz, in steps of a time, by a Gaussian window of a width in s: of one
// presentation what the histogram over many is, a PSTH.
func rate(spikes []float64, from, to, step, sigma float64) (x, y []float64) {
	for i := range int((to-from)/step+0.5) + 1 {
		at := from + float64(i)*step
		sum, weight := 0.0, (math.Erf((to-at)/sigma/math.Sqrt2)-math.Erf((from-at)/sigma/math.Sqrt2))/2
		for _, t := range spikes {
			if t >= from && t < to {
				sum += math.Exp(-(t-at)*(t-at)/(2*sigma*sigma)) / (sigma * math.Sqrt(2*math.Pi))
			}
		}
		x, y = append(x, at), append(y, sum/weight)
	}
	return x, y
}

// record writes a sound as the recording of an experiment: the columns input and spikes, in bins of
// dt.
func record(path string, s sound) error {
	spikes := make([]int, len(s.counts))
	for _, t := range s.spikes {
		spikes[min(int(t/dt), len(spikes)-1)]++
	}
	var b strings.Builder
	b.WriteString("input,spikes\n")
	for i, x := range s.counts {
		fmt.Fprintf(&b, "%g,%d\n", x, spikes[i])
	}
	return os.WriteFile(path, []byte(b.String()), 0o666)
}
