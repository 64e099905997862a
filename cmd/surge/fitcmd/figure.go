package fitcmd

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/plot"
)

// shown is how many neurons a figure shows at most.
const shown = 3

// figures draws target and fit of the first recording, the first curve, and the loss, each where there is one, and returns the names of the files.
func (e *subject) figures(o *outcome, path func(string) string) (names []string, err error) {
	if len(e.Recordings) > 0 {
		names = append(names, tracesFile)
		if err := e.traces(o, path(tracesFile)); err != nil {
			return nil, err
		}
	}
	if len(e.Curves) > 0 {
		name := ratesFile
		if len(names) == 0 {
			name = tracesFile
		}
		names = append(names, name)
		c := &e.Curves[0]
		rate, err := fit.Rates(o.Settable, *c)
		if err != nil {
			return nil, err
		}
		if err := (plot.Curves{Title: e.Path, XLabel: "input rate (Hz)", Panels: []plot.Panel{{YLabel: "rate (Hz)", Lines: []plot.Line{
			{Name: "target", X: c.InputRate, Y: c.Rate}, {Name: "fit", X: c.InputRate, Y: rate}}}}}).Write(path(name)); err != nil {
			return nil, err
		}
	}
	return append(names, lossFile), lossCurve(o).Write(path(lossFile))
}

// traces draws target and fit of the first recording.
func (e *subject) traces(o *outcome, path string) error {
	n := o.Settable
	r := &e.Recordings[0]
	run, err := n.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		return err
	}
	f := plot.Traces{Title: e.Path, Dt: e.File.Dt}
	records := [][]float64{fit.Imem: run.Imem, fit.Isyn: run.Isyn, fit.Iahp: run.Iahp, fit.Vmem: run.Vmem}
	for j := range n.N {
		if len(f.Panels) >= shown {
			break
		}
		if r.Weight != nil && !seen(r, n.N, j) {
			continue
		}
		q := fit.Imem
		for k := range fit.Spikes {
			if r.Use[k] {
				q = k
				break
			}
		}
		panel := plot.TracePanel{Name: fmt.Sprintf("%v of neuron %d", q, j), Unit: "A", Log: true}
		if q == fit.Vmem {
			panel.Unit, panel.Log = "V", false
		}
		got := plot.Trace{Name: "fit"}
		want := plot.Trace{Name: "target"}
		last := math.NaN()
		for t := range r.T {
			i := t*r.B*n.N + j
			at := float64(t) * e.File.Dt
			got.Y = append(got.Y, records[q][i])
			if run.Spikes[i] > 0 {
				got.Spikes = append(got.Spikes, at)
			}
			if s := r.Target[fit.Spikes]; s != nil && s[i] > 0 {
				want.Spikes = append(want.Spikes, at)
			}
			if target := r.Target[q]; target != nil {
				if v := target[i]; v-v == 0 && (r.Weight == nil || r.Weight[i] > 0) {
					last = v
				}
				want.Y = append(want.Y, last) // a gap goes on with the value before it
			}
		}
		if want.Y == nil { // spikes alone: ticks above a flat line
			for range r.T {
				want.Y = append(want.Y, dynapse.Io.Default())
			}
		}
		for t := len(want.Y) - 1; t >= 0; t-- { // a gap at the begin
			if want.Y[t] != want.Y[t] {
				want.Y[t] = want.Y[min(t+1, len(want.Y)-1)]
			}
		}
		if want.Y[0] != want.Y[0] {
			continue
		}
		panel.Traces = []plot.Trace{want, got}
		f.Panels = append(f.Panels, panel)
	}
	return f.Write(path)
}

// seen says whether neuron j has a sample in row 0.
func seen(r *fit.Recording, n, j int) bool {
	for i := j; i < len(r.Weight); i += r.B * n {
		if r.Weight[i] > 0 {
			return true
		}
	}
	return false
}

// lossCurve is the loss over the steps, a line for each phase.
func lossCurve(o *outcome) plot.Curves {
	p := plot.Panel{YLabel: "loss of the phase", Log: true}
	var lines []plot.Line
	named := map[string]bool{}
	for i, h := range o.History {
		if math.IsInf(h.Loss, 0) {
			continue
		}
		if i == 0 || len(lines) == 0 || h.Step < o.History[i-1].Step || h.Phase != o.History[i-1].Phase {
			l := plot.Line{}
			if !named[h.Phase] {
				l.Name, named[h.Phase] = h.Phase, true
			}
			lines = append(lines, l)
		}
		l := &lines[len(lines)-1]
		l.X, l.Y = append(l.X, float64(i)), append(l.Y, max(h.Loss, 1e-20)) // a logarithmic axis has no 0
	}
	if len(lines) == 0 {
		lines = []plot.Line{{X: []float64{0}, Y: []float64{max(o.Loss, 1e-20)}}}
	}
	p.Lines = lines
	return plot.Curves{XLabel: "step", Panels: []plot.Panel{p}}
}
