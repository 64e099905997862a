package plot

import (
	"fmt"
	"math"
)

// Raster draws the spikes of one sample: one panel per layer, the first at the top, a bar for each
// spike at its time (in ms, or where that suits the duration in µs or s) and its neuron. A layer
// without spikes is drawn empty: its caption says so.
type Raster struct {
	Title    string        // above the figure, for example the sample, its class and what the network said; empty: none
	Layers   []RasterLayer // at least one
	Duration float64       // s, end of the time axis; zero: the last spike
	// Readout are traces in a panel of their own below the layers, sampled at 0, Dt, 2·Dt, ...:
	// what the output neurons do. None: no panel.
	Readout []Trace
	Dt      float64 // s, of the readout
	Size    Size    // zero: 900 pixels wide, and as high as the layers need
}

// RasterLayer is a population of neurons and its spikes.
type RasterLayer struct {
	Name    string
	Neurons int     // number N of neurons, > 0
	Spikes  []Spike // in any order
}

// Spike is an event of one neuron.
type Spike struct {
	Time   float64 // s, >= 0
	Neuron int     // 0 .. N-1
}

// DenseLayer reads a layer from a block of shape [T, N], row-major: an entry > 0 at [t, n] is a
// spike (or several, drawn once) of neuron n at the time t·dt, with dt in seconds. It takes the
// element type of either kernel.
//
// Errors: [ErrShape] where the block is not T·N long, T or N is not positive, dt is not a positive
// number, or an entry is negative; [ErrNotFinite] where an entry is NaN or infinite.
func DenseLayer[T float32 | float64](name string, spikes []T, steps, neurons int, dt float64) (RasterLayer, error) {
	l := RasterLayer{Name: name, Neurons: neurons}
	if steps <= 0 || neurons <= 0 || len(spikes)/neurons != steps || len(spikes)%neurons != 0 {
		return RasterLayer{}, fmt.Errorf("%w: layer %q: shape [%d, %d], found %d values", ErrShape, name, steps, neurons, len(spikes))
	}
	if !(dt > 0) || math.IsInf(dt, 0) {
		return RasterLayer{}, fmt.Errorf("%w: layer %q: dt expected > 0 s, found %g", ErrShape, name, dt)
	}
	for i, s := range spikes {
		switch v := float64(s); {
		case math.IsNaN(v) || math.IsInf(v, 0):
			return RasterLayer{}, fmt.Errorf("%w: layer %q: [%d, %d] is %g", ErrNotFinite, name, i/neurons, i%neurons, v)
		case v < 0:
			return RasterLayer{}, fmt.Errorf("%w: layer %q: [%d, %d] expected a spike count, found %g", ErrShape, name, i/neurons, i%neurons, v)
		case v > 0:
			l.Spikes = append(l.Spikes, Spike{Time: float64(i/neurons) * dt, Neuron: i % neurons})
		}
	}
	return l, nil
}

// Write draws the figure into the file at path, which ends in .png or .svg.
//
// Errors: [ErrEmpty], [ErrNotFinite], [ErrShape] (a neuron or time outside of the panel),
// [ErrFormat], or that of the file system.
func (r Raster) Write(path string) error {
	if len(r.Layers) == 0 {
		return fmt.Errorf("%w: %s: the raster has no layer", ErrEmpty, path)
	}
	if math.IsNaN(r.Duration) || math.IsInf(r.Duration, 0) || r.Duration < 0 {
		return fmt.Errorf("%w: %s: duration expected >= 0 s, found %g", ErrShape, path, r.Duration)
	}
	end := r.Duration
	g := figure{title: r.Title, xlabel: "time"}
	height := 0.0
	for i, l := range r.Layers {
		if l.Neurons <= 0 {
			return fmt.Errorf("%w: %s: layer %d (%q): neurons expected > 0, found %d", ErrShape, path, i, l.Name, l.Neurons)
		}
		for j, s := range l.Spikes {
			switch {
			case math.IsNaN(s.Time) || math.IsInf(s.Time, 0):
				return fmt.Errorf("%w: %s: layer %d (%q): time of spike %d is %g", ErrNotFinite, path, i, l.Name, j, s.Time)
			case s.Time < 0 || r.Duration > 0 && s.Time > r.Duration:
				return fmt.Errorf("%w: %s: layer %d (%q): time of spike %d expected 0 .. %g s, found %g", ErrShape, path, i, l.Name, j, r.Duration, s.Time)
			case s.Neuron < 0 || s.Neuron >= l.Neurons:
				return fmt.Errorf("%w: %s: layer %d (%q): neuron of spike %d expected 0 .. %d, found %d", ErrShape, path, i, l.Name, j, l.Neurons-1, s.Neuron)
			}
			end = math.Max(end, s.Time)
		}
		weight := min(max(math.Sqrt(float64(l.Neurons)), 8), 24)
		y := axis{min: -0.7, max: float64(l.Neurons) - 0.3, integer: true}
		g.panels = append(g.panels, panel{
			caption: fmt.Sprintf("%s: %s, %s", l.Name, plural(l.Neurons, "neuron"), plural(len(l.Spikes), "spike")),
			ylabel:  "neuron", y: y, weight: weight, noGrid: true,
			marks: []mark{events{l.Spikes, l.Neurons, palette[i%len(palette)]}},
		})
		height += 13*weight + 45
	}
	if len(r.Readout) > 0 {
		q, err := r.readout(path, &end)
		if err != nil {
			return err
		}
		g.panels = append(g.panels, q)
		height += 13*q.weight + 45
	}
	if end == 0 {
		return fmt.Errorf("%w: %s: no spike after the time 0, and no duration", ErrEmpty, path)
	}
	g.x = timeAxis(end)
	g.size, g.height = r.Size, max(int(height)+110, 400)
	return g.write(path)
}

// readout is the panel of the readout; it moves the end of the time axis.
func (r Raster) readout(path string, end *float64) (panel, error) {
	if !(r.Dt > 0) || math.IsInf(r.Dt, 0) {
		return panel{}, fmt.Errorf("%w: %s: dt of the readout expected > 0 s, found %g", ErrShape, path, r.Dt)
	}
	samples := 0
	for _, t := range r.Readout {
		samples = max(samples, len(t.Y))
	}
	times := make([]float64, samples)
	for i := range times {
		times[i] = float64(i) * r.Dt
	}
	*end = math.Max(*end, float64(samples)*r.Dt)
	q, err := TracePanel{Name: "readout", Traces: r.Readout}.panel(path+": readout", times, *end)
	q.weight = 12
	return q, err
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
