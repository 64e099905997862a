package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/plot"
)

// shown is how many neurons a figure shows at most.
const shown = 4

// figures draws target and fit of the first recording, the first curve, and the loss, each where
// there is one, and returns the names of the files.
func (o *Outcome) figures(path func(string) string) (names []string, err error) {
	if len(o.experiment.Recordings) > 0 {
		names = append(names, TracesFile)
		if err := o.traces(path(TracesFile)); err != nil {
			return nil, err
		}
	}
	if len(o.experiment.Curves) > 0 {
		name := RatesFile
		if len(names) == 0 {
			name = TracesFile
		}
		names = append(names, name)
		c := &o.experiment.Curves[0]
		lines := []plot.Line{{Name: "target", X: c.InputRate, Y: c.Rate}}
		for _, s := range o.states() {
			if s.name == "file" {
				continue // the weights of its input are those of channels, not of the curve
			}
			rate, err := fit.Rates(s.network, *c)
			if err != nil {
				return nil, err
			}
			lines = append(lines, plot.Line{Name: s.name, X: c.InputRate, Y: rate})
		}
		if err := (plot.Curves{Title: o.experiment.Path, XLabel: "input rate (Hz)", Panels: []plot.Panel{{YLabel: "rate (Hz)", Lines: lines}}}).Write(path(name)); err != nil {
			return nil, err
		}
	}
	if len(o.Populations) > 0 {
		names = append(names, MismatchFile)
		if err := o.mismatchMap(o.experiment.Path).Write(path(MismatchFile)); err != nil {
			return nil, err
		}
	}
	if o.Posterior != nil {
		names = append(names, CornerFile)
		if err := o.corner().Write(path(CornerFile)); err != nil {
			return nil, err
		}
	}
	return append(names, LossFile), lossCurve(o).Write(path(LossFile))
}

// traces draws the target, the fit and what can be set in the first row of the first recording.
func (o *Outcome) traces(path string) error {
	r := &o.experiment.Recordings[0]
	states := o.states()
	if len(states) > 2 {
		states = []state{states[0], states[2]} // the codes alone are what no chip does
	}
	var runs []*dynapse.Run
	measured := o.experiment.Measured(o.Result)
	for _, s := range states {
		run, err := measured.Record(0, s.network, s.in)
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	n := o.Settable.N
	f := plot.Traces{Dt: o.experiment.File.Dt}
	var names []string
	recorded := 0
	for j := range n {
		if r.Weight != nil && !seen(r, n, j) {
			continue
		}
		recorded++
		if len(f.Panels) == shown {
			continue
		}
		if p, ok := o.panel(r, states, runs, j); ok {
			f.Panels = append(f.Panels, p)
			names = append(names, fmt.Sprint(j))
		}
	}
	f.Title = fmt.Sprintf("%s: %s", o.experiment.Path, o.short(r.Name))
	if r.B > 1 {
		f.Title += fmt.Sprintf(", row 0 of %d", r.B)
	}
	if len(o.experiment.Recordings) > 1 {
		f.Title += fmt.Sprintf(", the first of %d recordings", len(o.experiment.Recordings))
	}
	if recorded > len(names) {
		f.Title += fmt.Sprintf(", neurons %s of %d", strings.Join(names, ", "), recorded)
	}
	return f.Write(path)
}

// short is the name of a file without its folder.
func (o *Outcome) short(name string) string { return name[strings.LastIndexAny(name, `/\`)+1:] }

// panel shows one neuron; ok is false where there is nothing to show.
func (o *Outcome) panel(r *fit.Recording, states []state, runs []*dynapse.Run, j int) (panel plot.TracePanel, ok bool) {
	n := runs[0].N
	q := fit.Imem
	for k := range fit.Spikes {
		if r.Use[k] {
			q = k
			break
		}
	}
	panel = plot.TracePanel{Name: fmt.Sprintf("%v of neuron %d", q, j), Unit: "A", Log: true}
	if q == fit.Vmem {
		panel.Unit, panel.Log = "V", false
	}
	want := plot.Trace{Name: "target", Behind: true}
	last := math.NaN()
	for t := range r.T {
		i := t*r.B*n + j
		if s := r.Target[fit.Spikes]; s != nil && s[i] > 0 {
			want.Spikes = append(want.Spikes, float64(t)*o.experiment.File.Dt)
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
	for t := len(want.Y) - 2; t >= 0; t-- { // a gap at the begin
		if want.Y[t] != want.Y[t] {
			want.Y[t] = want.Y[t+1]
		}
	}
	if want.Y[0] != want.Y[0] {
		return panel, false
	}
	panel.Traces = append(panel.Traces, want)
	for k, run := range runs {
		got := plot.Trace{Name: map[string]string{"fit": "fit", "codes": "codes", "file": DeviceFile}[states[k].name]}
		record := [...][]float64{fit.Imem: run.Imem, fit.Isyn: run.Isyn, fit.Iahp: run.Iahp, fit.Vmem: run.Vmem}[q]
		for t := range r.T {
			i := t*r.B*n + j
			got.Y = append(got.Y, record[i])
			if run.Spikes[i] > 0 {
				got.Spikes = append(got.Spikes, float64(t)*o.experiment.File.Dt)
			}
		}
		panel.Traces = append(panel.Traces, got)
	}
	return panel, true
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

// mostPhases is how many phases of a fit have a name of their own in the figure.
const mostPhases = 6

// lossCurve draws one line, the least loss of the experiment up to each step in the colour of the
// phase that is at work, and below it the loss that the phase itself goes down.
func lossCurve(o *Outcome) plot.Curves {
	const least = 1e-20 // a logarithmic axis has no 0
	names := phaseNames(o.History)
	whole, own := plot.Panel{YLabel: "loss", Log: true}, plot.Panel{YLabel: "loss of the phase", Log: true}
	best, last := o.LossStart, len(o.History)-1
	for i, h := range o.History {
		after := best // at the end of a phase the best point is known
		if i == last {
			after = o.Loss
		} else if next := o.History[i+1].Best; !math.IsInf(next, 0) && (next < best || h.Best != next) {
			after = next
		}
		name := names[h.Phase]
		if n := len(whole.Lines); n == 0 || whole.Lines[n-1].Name != name {
			whole.Lines = append(whole.Lines, plot.Line{Name: name, X: []float64{float64(i)}, Y: []float64{max(best, least)}})
		}
		l := &whole.Lines[len(whole.Lines)-1]
		l.X, l.Y = append(l.X, float64(i+1)), append(l.Y, max(after, least))
		best = after
		if math.IsInf(h.Loss, 0) {
			continue
		}
		if n := len(own.Lines); n == 0 || h.Step < o.History[i-1].Step || h.Phase != o.History[i-1].Phase {
			own.Lines = append(own.Lines, plot.Line{Name: name})
		}
		l = &own.Lines[len(own.Lines)-1]
		l.X, l.Y = append(l.X, float64(i+1)), append(l.Y, max(h.Loss, least))
	}
	c := plot.Curves{Title: "The loss of the fit, and those of its phases", XLabel: "step"}
	if len(own.Lines) == 0 {
		whole.Lines = []plot.Line{{X: []float64{0, 1}, Y: []float64{max(o.LossStart, least), max(o.Loss, least)}}}
		c.Title, c.Panels = "The loss of the fit", []plot.Panel{whole}
		return c
	}
	c.Panels = []plot.Panel{whole, own}
	return c
}

// phaseNames are the names by which phases are drawn: those with the most steps have their own.
func phaseNames(history []fit.Progress) map[string]string {
	steps, names := map[string]int{}, map[string]string{}
	var phases []string
	for _, h := range history {
		if steps[h.Phase]++; steps[h.Phase] == 1 {
			phases = append(phases, h.Phase)
		}
	}
	slices.SortStableFunc(phases, func(a, b string) int { return steps[b] - steps[a] })
	for i, phase := range phases {
		names[phase] = phase
		if i >= mostPhases-1 && len(phases) > mostPhases {
			names[phase] = "others"
		}
	}
	return names
}
