package plot

import (
	"fmt"
	"math"
	"slices"
)

// Traces draws state variables over time (in ms, or where that suits it in µs or s): membrane
// potentials, synaptic currents, thresholds, and spikes as ticks above the panel.
type Traces struct {
	Title  string  // above the figure; empty: none
	Dt     float64 // s, time between two samples
	Panels []TracePanel
	Size   Size // zero: 900 x 600 pixels, and 200 more in height for each panel after the second
}

// TracePanel is one coordinate system of [Traces].
type TracePanel struct {
	Name       string    // of the quantity, for example "membrane potential"
	Unit       string    // "V", "A": labels are then in mV, nA, ... where that is shorter; empty: a pure number
	Log        bool      // logarithmic axis, usual for currents; all values must be > 0
	Traces     []Trace   // at least one
	Thresholds []float64 // dashed lines, in the unit of the traces
}

// Trace is a variable sampled at the times 0, Dt, 2·Dt, ...
type Trace struct {
	Name   string    // in the legend; empty: no entry
	Y      []float64 // at least one sample
	Spikes []float64 // s: ticks above the panel in the colour of the trace; all within the time axis
	// Behind draws the trace first, as a wide, pale line: what others are compared with stays
	// visible where they lie on it.
	Behind bool
}

// Write draws the figure into the file at path, which ends in .png or .svg.
//
// Errors: [ErrEmpty], [ErrNotFinite], [ErrShape], [ErrLog], [ErrFormat], or that of the file
// system.
func (t Traces) Write(path string) error {
	if len(t.Panels) == 0 {
		return fmt.Errorf("%w: %s: the figure has no panel", ErrEmpty, path)
	}
	if !(t.Dt > 0) || math.IsInf(t.Dt, 0) {
		return fmt.Errorf("%w: %s: dt expected > 0 s, found %g", ErrShape, path, t.Dt)
	}
	g := figure{title: t.Title, xlabel: "time", size: t.Size, height: 600 + 200*max(0, len(t.Panels)-2)}
	samples := 0
	for _, p := range t.Panels {
		for _, l := range p.Traces {
			samples = max(samples, len(l.Y))
		}
	}
	times := count(samples)
	for i := range times {
		times[i] = float64(i) * t.Dt
	}
	end := float64(samples) * t.Dt
	for i, p := range t.Panels {
		q, err := p.panel(fmt.Sprintf("%s: panel %d (%q)", path, i, p.Name), times, end)
		if err != nil {
			return err
		}
		g.panels = append(g.panels, q)
	}
	g.x = timeAxis(end)
	return g.write(path)
}

// panel checks p and turns it into marks. times are those of the samples (s), end that of the
// longest trace.
func (p TracePanel) panel(where string, times []float64, end float64) (panel, error) {
	q := panel{ylabel: p.Name, weight: 1}
	ys := newExtent(p.Log)
	if len(p.Traces) == 0 {
		return q, fmt.Errorf("%w: %s has no trace", ErrEmpty, where)
	}
	for i, h := range p.Thresholds {
		if err := ys.add(fmt.Sprintf("%s: threshold %d", where, i), []float64{h}); err != nil {
			return q, err
		}
		q.marks = append(q.marks, rule{h, thresLine})
	}
	for i, l := range p.Traces {
		at := fmt.Sprintf("%s, trace %d (%q)", where, i, l.Name)
		if err := ys.add(at, l.Y); err != nil {
			return q, err
		}
		for j, s := range l.Spikes {
			if !(s >= 0 && s <= end) {
				return q, fmt.Errorf("%w: %s: spike %d expected within 0 .. %g s, found %g", ErrShape, at, j, end, s)
			}
		}
		style := lineStyle(i)
		line := curve{x: times[:len(l.Y)], y: l.Y, style: style}
		if l.Behind {
			line.style = behind(style)
			q.marks = slices.Insert(q.marks, 0, mark(line))
			style = line.style
		} else {
			q.marks = append(q.marks, line)
		}
		if l.Name != "" {
			q.keys = append(q.keys, key{l.Name, style})
		}
		if len(l.Spikes) > 0 {
			q.marks = append(q.marks, band{l.Spikes, q.bands, style.Color})
			q.bands++
		}
	}
	if len(p.Thresholds) > 0 {
		q.keys = append(q.keys, key{"threshold", thresLine})
	}
	q.y = newAxis(ys.min, ys.max, p.Log, 0.05, p.Unit)
	return q, nil
}
