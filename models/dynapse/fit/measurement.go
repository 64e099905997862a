package fit

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
)

// Nuisance is a property of a measurement that is fitted beside the currents, with a prior, because
// nobody knows it exactly: it has an interval, and makes those of the currents as wide as not
// knowing it does. The zero value fits nothing. The prior is normal, of a gain log-normal.
type Nuisance struct {
	Fit bool
	// Mean is the median of the prior, and the value where it is not fitted, SD its standard
	// deviation, of a gain that of the logarithm. Both 0 means the default of [Recording].
	Mean, SD float64
}

// probe is how a recording was measured, and the state that it begins in.
type probe struct {
	gain, offset, drift, latency float64
	state                        [3][]float64 // Imem, Isyn, Iahp at the begin, [B, N]; nil: at rest
}

// nominal is a probe that shows what is there.
var nominal = probe{gain: 1}

// Properties of a measurement, and of the state at the begin.
const (
	gainName = iota
	offsetName
	driftName
	latencyName
	stateName
)

var probeNames = [...]string{gainName: "gain", offsetName: "offset", driftName: "drift", latencyName: "latency", stateName: "start_imem", stateName + 1: "start_isyn", stateName + 2: "start_iahp"}

// nuisance is a coordinate of a measurement: x = (v - mean)/SD, or of a logarithm for gains and
// currents.
type nuisance struct {
	label     string // of the target
	recording int
	what      int
	row       int // of a state, its neuron in a row, row N + j; or -1
	mean, sd  float64
	volts     bool
}

// determinedSD is the part of its prior's standard deviation to which a nuisance is known where it
// counts as determined.
const determinedSD = 0.5

func (n nuisance) parameter() string { return n.label + "." + probeNames[n.what] }

func (n nuisance) unit() string {
	switch {
	case n.what == gainName:
		return ""
	case n.what == latencyName:
		return "s"
	case n.volts && n.what < stateName:
		return "V"
	}
	return "A"
}

func (n nuisance) logarithmic() bool { return n.what == gainName || n.what >= stateName }

func (n nuisance) value(x float64) float64 {
	if n.logarithmic() {
		return n.mean * fmath.Exp(n.sd*x)
	}
	return n.mean + float64(n.sd*x)
}

func (n nuisance) at(v float64) float64 {
	if n.logarithmic() {
		return fmath.Log(v/n.mean) / n.sd
	}
	return (v - n.mean) / n.sd
}

// relative makes a determined nuisance one that is known to determinedSD, as a current is to a
// tenth.
func (nuisance) relative(float64) float64 { return 10 * determinedSD }

// field returns where a probe has the nuisance.
func (n nuisance) field(p *probe) *float64 {
	switch n.what {
	case gainName:
		return &p.gain
	case offsetName:
		return &p.offset
	case driftName:
		return &p.drift
	case latencyName:
		return &p.latency
	}
	return &p.state[n.what-stateName][n.row]
}

func (n nuisance) apply(s *sample, _ []int, x float64) { *n.field(&s.probes[n.recording]) = n.value(x) }

func (n nuisance) pull(grad *float64, s, by *sample, _ []int) {
	if by.probes == nil {
		return
	}
	d := n.sd
	if n.logarithmic() {
		d *= *n.field(&s.probes[n.recording])
	}
	*grad += float64(d * *n.field(&by.probes[n.recording]))
}

func (nuisance) bias() (string, bool) { return "", false }

// system is what points of the space stand for: a network of samples, and how each recording shows
// each of them.
type system struct {
	dynapse.Network
	probes [][]probe   // [M][recordings]; nil: nominal
	in     [][]float64 // [M], weights of the input channels, [C, N]; nil: those that the recordings' Input has
}

// measuring is a network that stands in the place of the start, as it is measured there.
func (s *space) measuring(n dynapse.Network) (system, error) {
	if n.N != s.Network.N || n.Samples > 1 {
		return system{}, fmt.Errorf("%w: a network of %d neurons and %d samples in the place of one of %d", ErrExperiment, n.N, max(n.Samples, 1), s.Network.N)
	}
	net := s.system(s.x)
	net.Network = n
	return net, nil
}

// Measured returns the experiment with gains, offsets, drifts, latencies and states at the begin as
// a result has them, which are not fitted any more.
func (e Experiment) Measured(r *Result) Experiment {
	if r == nil {
		return e
	}
	e.Recordings = slices.Clone(e.Recordings)
	for k := range e.Recordings {
		rec := &e.Recordings[k]
		if rec.label == "" {
			rec.label = fmt.Sprintf("target[%d]", k)
		}
		for what, s := range []*Nuisance{&rec.Gain, &rec.Offset, &rec.Drift, &rec.Latency} {
			if p := r.Parameter(rec.label + "." + probeNames[what]); s.Fit && p.Name != "" {
				*s = Nuisance{Mean: p.Value}
			}
		}
		if !rec.Start {
			continue
		}
		rec.Start = false
		for i := range rec.state {
			rec.state[i] = nil
			for _, p := range r.Parameters {
				if p.Param == rec.label+"."+probeNames[stateName+i] {
					if rec.state[i] == nil {
						rec.state[i] = slices.Repeat([]float64{dynapse.Io.Default()}, max(rec.B*r.Network.N, 0))
					}
					var b, j int
					if _, err := fmt.Sscanf(p.Name[len(p.Param):], "[%d][%d]", &b, &j); err == nil {
						rec.state[i][b*r.Network.N+j] = p.Value
					}
				}
			}
		}
	}
	return e
}

// probe returns how sample i is measured in recording k.
func (s *system) probe(i, k int) probe {
	if s.probes == nil {
		return nominal
	}
	return s.probes[i%len(s.probes)][k]
}

// shown returns what a probe makes of a value of a trace in a step of T, and the derivative by it.
func (p probe) shown(q Quantity, x float64, step, steps int) (y, slope float64) {
	if p.gain == 1 && p.offset == 0 && p.drift == 0 {
		return x, 1
	}
	y = float64(p.gain*x) + p.offset + float64(p.drift*float64(step)/float64(steps))
	if q != Vmem && y < shownLeast*x { // a current whose logarithm is looked at
		return shownLeast * x, shownLeast
	}
	return y, p.gain
}

// shownLeast is the part of a current that an offset leaves of it at least.
const shownLeast = 1e-3

// bound is how many standard deviations of its prior a nuisance may be away.
const bound = 5

// addMeasurements adds the nuisances of the recordings to the coordinates.
func addMeasurements(p *problem) error {
	p.probes = make([]probe, len(p.recordings))
	for k := range p.recordings {
		r := &p.recordings[k]
		p.probes[k] = nominal
		bad := badTarget(r.Name)
		trace := Quantity(numQuantities)
		several := false
		for q := range Spikes {
			if r.Use[q] {
				several = several || int(trace) < numQuantities
				trace = q
			}
		}
		if r.label == "" {
			r.label = fmt.Sprintf("target[%d]", k)
		}
		n := nuisance{label: r.label, recording: k, row: -1, volts: trace == Vmem}
		defaults := [...]Nuisance{gainName: {Mean: 1, SD: 0.05}, offsetName: {SD: 5e-3}, driftName: {SD: 5e-3}, latencyName: {Mean: 2e-3, SD: 2e-3}}
		if !n.volts {
			defaults[offsetName].SD, defaults[driftName].SD = 1e-12, 1e-12
		}
		for what, s := range [...]Nuisance{r.Gain, r.Offset, r.Drift, r.Latency} {
			if s == (Nuisance{}) {
				continue
			}
			name := probeNames[what]
			if s.Fit && s.SD == 0 && s.Mean == 0 {
				s.Mean, s.SD = defaults[what].Mean, defaults[what].SD
			}
			switch {
			case what != latencyName && (several || int(trace) == numQuantities):
				return bad("a %s belongs to one trace, want one in use of imem, isyn, iahp, vmem", name)
			case s.Mean-s.Mean != 0 || what == gainName && !(s.Mean > 0) || what == latencyName && !(s.Mean >= 0 && s.Mean < float64(r.T)*p.dt):
				return bad("the %s is %v, want a finite number, of a gain > 0, of a latency >= 0 and shorter than the recording", name, s.Mean)
			case s.Fit && (!(s.SD > 0) || math.IsInf(s.SD, 0)):
				return bad("the standard deviation of the %s is %v, want a finite number > 0", name, s.SD)
			}
			n.what, n.mean, n.sd = what, s.Mean, s.SD
			*n.field(&p.probes[k]) = s.Mean
			if s.Fit {
				lo := -float64(bound)
				if what == latencyName {
					lo = max(lo, -s.Mean/s.SD)
				}
				p.addNuisance(n, lo, every(p.Network.N))
			}
		}
		p.probes[k].state = r.state
		if r.Start {
			if err := addStart(p, k); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *space) addNuisance(n nuisance, lo float64, neurons []int) {
	name := n.parameter()
	if n.row >= 0 {
		name = fmt.Sprintf("%s[%d][%d]", name, n.row/p.Network.N, n.row%p.Network.N)
	}
	if !p.has(n.what) {
		p.colours[n.what] = p.colour
		p.colour++
	}
	p.add(coordinate{quantity: n, name: name, label: -1, neurons: neurons, colour: p.colours[n.what]}, 0, lo, bound)
}

// has says whether there is a nuisance of a kind.
func (s *space) has(what int) bool {
	return slices.ContainsFunc(s.coords, func(c coordinate) bool {
		n, ok := c.quantity.(nuisance)
		return ok && n.what == what
	})
}

// Standard deviations of the logarithm of currents at the begin of a recording: of Imem where it
// was recorded, and of what was not.
const (
	startSeen   = 0.5
	startUnseen = 3
	startMedian = 2e-11 // A, of what was not recorded
)

// addStart adds the state at the begin of recording k: of each row and neuron that was recorded
// Imem, Isyn, and Iahp where the adaptation current is fitted or acts.
func addStart(p *problem, k int) error {
	r := &p.recordings[k]
	width := r.B * p.Network.N
	adapts := len(p.index(dynapse.IwAHP))+len(p.index(dynapse.IgainAHP))+len(p.index(dynapse.ItauAHP)) > 0
	for i := range 3 {
		if i == 2 && !adapts {
			break
		}
		p.probes[k].state[i] = make([]float64, width)
		for row := range width {
			j := row % p.Network.N
			n := nuisance{label: r.label, recording: k, what: stateName + i, row: row, mean: startMedian, sd: startUnseen}
			p.probes[k].state[i][row] = p.start[dynapse.Io][j]
			if r.weight(row) == 0 {
				continue
			}
			if q := [...]Quantity{Imem, Isyn, Iahp}[i]; r.Target[q] != nil {
				n.mean, n.sd = r.Target[q][row], startSeen
			} else if i == 0 && r.Target[Vmem] != nil {
				n.mean, n.sd = fmath.Exp(r.Target[Vmem][row]/p.volt(j))*p.start[dynapse.Io][j], startSeen
			}
			n.mean = max(n.mean, p.start[dynapse.Io][j])
			p.addNuisance(n, -bound, []int{j})
		}
	}
	return nil
}

// sees says whether coordinate c acts on element at of recording k, of one of its neurons.
func (c coordinate) sees(k, at, width int) bool {
	n, ok := c.quantity.(nuisance)
	return !ok || n.recording == k && (n.row < 0 || n.row == at%width)
}

// input returns the input of recording k for all samples of a system, [T, M, B, N], late by their
// latencies:
//
//	input'[t] = (1-f) input[t-n] + f input[t-n-1],   n + f = latency/dt
func (p *targets) input(s *system, k int) []float64 {
	r := &p.recordings[k]
	m, width := max(s.Samples, 1), r.B*p.neurons*p.columns
	x := tile(r.Input, r.T, width, m)
	for i := range m {
		late, input := s.probe(i, k).latency/p.dt, p.entering(s, k, i)
		if late == 0 && s.in == nil {
			continue
		}
		if m == 1 {
			x = slices.Clone(x)
		}
		whole := math.Floor(late)
		f, n := late-whole, int(whole)
		for t := range r.T {
			to := x[t*m*width+i*width:][:width]
			for at := range to {
				to[at] = 0
				if t-n >= 0 {
					to[at] += float64((1 - f) * input[(t-n)*width+at])
				}
				if t-n-1 >= 0 {
					to[at] += float64(f * input[(t-n-1)*width+at])
				}
			}
		}
	}
	return x
}

// entering is the input of recording k to the neurons of sample i, [T, B, N] or [T, B, 4N], as it
// comes.
func (p *targets) entering(s *system, k, i int) []float64 {
	r, n := &p.recordings[k], p.neurons*p.columns
	if s.in == nil {
		return r.Input
	}
	out, channels := make([]float64, len(r.Input)), r.Channels
	if channels == nil {
		channels = r.Input
	}
	spread(out, channels, s.in[i], n)
	return out
}

// pullProbes returns the derivatives with respect to how recording k is measured, which belong to
// those with respect to the records c, and the input and state of g: [M][recordings], or nil where
// nothing of it is fitted.
func (p *problem) pullProbes(s *system, k int, run *dynapse.Run, c *dynapse.Cotangents, g *dynapse.Gradient) [][]probe {
	if k < 0 || !slices.ContainsFunc(p.coords, func(c coordinate) bool { n, ok := c.quantity.(nuisance); return ok && n.recording == k }) {
		return nil
	}
	r := &p.recordings[k]
	m, width := max(s.Samples, 1), r.B*p.Network.N
	all := make([][]probe, m)
	for i := range all {
		all[i] = make([]probe, len(p.recordings))
		by, at := &all[i][k], s.probe(i, k)
		by.latency = p.pullLatency(s, k, i, g.Input)
		for q, list := range [...][]float64{g.State.Imem, g.State.Isyn, g.State.Iahp} {
			by.state[q] = make([]float64, width)
			if len(list) > 0 {
				copy(by.state[q], list[i*width:(i+1)*width])
			}
		}
		for q, trace := range []struct{ record, by []float64 }{{run.Imem, c.LnImem}, {run.Isyn, c.Isyn}, {run.Iahp, c.Iahp}, {run.Vmem, c.Vmem}} {
			for step := range r.T {
				for e := step*m*width + i*width; trace.by != nil && e < step*m*width+(i+1)*width; e++ {
					d := trace.by[e] / at.gain // by what is shown
					if q == 0 {                // it is by the logarithm
						d /= trace.record[e]
					}
					by.gain += float64(d * trace.record[e])
					by.offset += d
					by.drift += float64(d * float64(step) / float64(r.T))
				}
			}
		}
	}
	return all
}

// pullLatency returns the derivative with respect to the latency of sample i that belongs to that
// with respect to the input.
func (p *targets) pullLatency(s *system, k, i int, by []float64) (sum float64) {
	r := &p.recordings[k]
	m, width := max(s.Samples, 1), r.B*p.neurons*p.columns
	n, input := int(math.Floor(s.probe(i, k).latency/p.dt)), p.entering(s, k, i)
	for t := range r.T {
		for at := range width {
			d := 0.0
			if t-n >= 0 {
				d -= input[(t-n)*width+at]
			}
			if t-n-1 >= 0 {
				d += input[(t-n-1)*width+at]
			}
			sum += float64(d * by[t*m*width+i*width+at] / p.dt)
		}
	}
	return sum
}

// initial returns the state in which recording k begins, [M B, N].
func (p *targets) initial(s *system, k int) (state dynapse.State) {
	if r := &p.recordings[k]; !r.Start && r.state[0] == nil {
		return state
	}
	for i := range max(s.Samples, 1) {
		one := s.probe(i, k).state
		for q, list := range []*[]float64{&state.Imem, &state.Isyn, &state.Iahp} {
			*list = append(*list, one[q]...)
		}
	}
	return state
}

// alone is the name of a coordinate in the experiment of one of its neurons.
func (c coordinate) alone() string {
	if n, ok := c.quantity.(nuisance); ok && n.row >= 0 {
		return c.name[:len(c.name)-len(fmt.Sprintf("[%d]", c.neurons[0]))] + "[0]"
	}
	return c.parameter()
}
