package experiment

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Recording is a recording with the connections that its file has.
type Recording struct {
	fit.Recording
	In     *chip.Weights // w_in, [channels, N] or [channels, 4N]; the Input has it in it
	WRec   []float64     // w_rec, [N, N] or [N, 4N]
	Codes  *chip.Codes   // w_rec_code, [N, N]
	Unused []string      // arrays that are none of a recording
}

// ReadRecording reads a recording of the neurons of a network, of which N, FourSynapses and the
// time step count, as a target of a file says it: t's Use, Neurons, Unit, Scale and TauSpikes. The
// zero Target takes all that is there, in A, V and counts.
//
//	target := experiment.Target{Use: []string{"spikes"}}
//	rec, err := experiment.ReadRecording("recording.csv", dynapse.Network{N: 1}, target)
//
// Errors are [*Error].
func ReadRecording(path string, n dynapse.Network, t Target) (*Recording, error) {
	return readRecording(path, n, t, files.ReadFile)
}

// ParseRecording is [ReadRecording] for the content of a file; the ending of its name says what it
// is, and errors have the name.
func ParseRecording(name string, content []byte, n dynapse.Network, t Target) (*Recording, error) {
	return readRecording(name, n, t, func(path string) ([]byte, error) {
		if path != name {
			return files.ReadFile(path)
		}
		return content, nil
	})
}

// readRecording reads a recording and the file of its input, if it has one.
func readRecording(name string, n dynapse.Network, t Target, read func(string) ([]byte, error)) (*Recording, error) {
	if n.N < 1 {
		return nil, &Error{File: name, Expected: "a recording of at least one neuron", Found: fmt.Sprint(n.N)}
	}
	d := data{path: name, network: n, dt: timeStep(n), target: &t}
	if err := d.load(read, t.Input); err != nil {
		return nil, err
	}
	rec, err := d.recording()
	if err != nil {
		return nil, err
	}
	return &Recording{*rec, d.wIn, d.wRec, d.codes, d.unused}, nil
}

// timeStep is the time step of a network, s.
func timeStep(n dynapse.Network) float64 {
	if dt := n.Params[dynapse.Dt]; len(dt) > 0 {
		return dt[0]
	}
	return dynapse.Dt.Default()
}

// units are those of targets, in SI units.
var units = map[string]float64{
	"A": 1, "mA": 1e-3, "uA": 1e-6, "nA": 1e-9, "pA": 1e-12, "fA": 1e-15,
	"V": 1, "mV": 1e-3, "uV": 1e-6,
}

// recording reads the arrays of a recording.
func (d *data) recording() (*fit.Recording, error) {
	t := d.target
	if err := d.others(known); err != nil {
		return nil, err
	}
	input, err := d.inputs()
	if err != nil {
		return nil, err
	}
	if err := d.selection(); err != nil {
		return nil, err
	}
	rec := &fit.Recording{Name: d.path, T: d.steps, B: d.rows, TauSpikes: t.TauSpikes, Input: input, Channels: d.channels}
	if rec.DC, err = d.factors(); err != nil {
		return nil, err
	}
	if rec.TauSpikes < 0 || rec.TauSpikes-rec.TauSpikes != 0 {
		return nil, d.bad("tau_spikes", "a time in seconds > 0", rec.TauSpikes)
	}
	if err := d.measurement(rec); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(t.Unit)) {
		if q, err := fit.ParseQuantity(name); name != "time" && name != dcName && (err != nil || q == fit.Spikes) {
			return nil, d.bad("unit."+name, "imem, isyn, iahp, vmem, dc or time", name)
		}
	}
	for q := range fit.Spikes + 1 {
		a, ok := d.find(q.String())
		if !ok {
			continue
		}
		factor := 1.0
		if u, given := t.Unit[q.String()]; given {
			if factor, ok = units[u]; !ok || strings.HasSuffix(u, "V") != (q == fit.Vmem) {
				return nil, d.bad("unit."+q.String(), map[bool]string{true: "V, mV or uV", false: "A, mA, uA, nA, pA or fA"}[q == fit.Vmem], u)
			}
			if slices.Contains(d.converted, q.String()) {
				factor = 1 // the file has a unit, and so had its numbers
			}
		}
		if err := d.shape(a); err != nil {
			return nil, err
		}
		rec.Target[q] = d.transpose(a, factor, math.NaN())
	}
	if err := d.weights(rec); err != nil {
		return nil, err
	}
	if err := d.uses(rec); err != nil {
		return nil, err
	}
	return rec, d.recurrence()
}

// selection reads which neurons were recorded.
func (d *data) selection() error {
	n := d.network.N
	d.neurons = d.target.Neurons
	if d.neurons == nil {
		for j := range n {
			d.neurons = append(d.neurons, j)
		}
	}
	if len(d.neurons) == 0 {
		return d.bad("neurons", "at least one neuron", "none")
	}
	for i, j := range d.neurons {
		if j < 0 || j >= n || slices.Contains(d.neurons[:i], j) {
			return d.bad(fmt.Sprintf("neurons[%d]", i), fmt.Sprintf("neurons 0 to %d, each once", n-1), j)
		}
	}
	return nil
}

// shape checks an array of recorded neurons: it has all neurons of the network, or those that were
// recorded.
func (d *data) shape(a files.Array) error {
	n := d.network.N
	if len(a.Shape) == 3 && a.Shape[0] == d.rows && a.Shape[1] == d.steps && (a.Shape[2] == n || a.Shape[2] == len(d.neurons)) {
		return nil
	}
	return d.wrong(a.Name, fmt.Sprintf("shape [%d, %d, %d], that of the input", d.rows, d.steps, len(d.neurons)), fmt.Sprint(a.Shape))
}

// transpose returns an array [B, T, .] as [T, B, N], times a factor, with the columns of the
// recorded neurons, and empty elsewhere.
func (d *data) transpose(a files.Array, factor, empty float64) []float64 {
	n, columns := d.network.N, a.Shape[2]
	out := make([]float64, d.steps*d.rows*n)
	for i := range out {
		out[i] = empty
	}
	for b := range d.rows {
		for t := range d.steps {
			for k, j := range d.neurons {
				if columns == n {
					k = j
				}
				out[(t*d.rows+b)*n+j] = factor * a.Data[(b*d.steps+t)*columns+k]
			}
		}
	}
	return out
}

// weights reads the weight of each sample; what was not recorded has weight 0.
func (d *data) weights(rec *fit.Recording) error {
	n := d.network.N
	a, ok := d.find("weight")
	if !ok && len(d.neurons) == n {
		return nil
	}
	if !ok {
		a = files.Array{Name: "weight", Shape: []int{d.rows, d.steps, n}, Data: slices.Repeat([]float64{1}, d.rows*d.steps*n)}
	}
	if err := d.shape(a); err != nil {
		return err
	}
	rec.Weight = d.transpose(a, 1, 0)
	return nil
}

// uses reads which arrays enter the loss, and their scales.
func (d *data) uses(rec *fit.Recording) error {
	t := d.target
	use := t.Use
	if use == nil {
		for q := range fit.Spikes + 1 {
			if rec.Target[q] != nil {
				use = append(use, q.String())
			}
		}
	}
	if len(use) == 0 {
		return d.wrong("", "at least one of imem, isyn, iahp, vmem, spikes", "none")
	}
	for i, name := range use {
		q, err := fit.ParseQuantity(name)
		if err != nil {
			return &Error{File: d.owner, Member: fmt.Sprintf("%suse[%d]", d.key, i), Expected: "imem, isyn, iahp, vmem or spikes", Found: name,
				Nearest: exit.Nearest(name, []string{"imem", "isyn", "iahp", "vmem", "spikes"})}
		}
		if rec.Target[q] == nil {
			return d.wrong(name, "an array, as it is in use", "none")
		}
		rec.Use[q] = true
	}
	for _, name := range slices.Sorted(maps.Keys(t.Scale)) {
		q, err := fit.ParseQuantity(name)
		if err != nil || !rec.Use[q] {
			return d.bad("scale."+name, "a quantity in use", name)
		}
		s := t.Scale[name]
		if !(s > 0) || math.IsInf(s, 0) {
			return d.bad("scale."+name, "a finite number > 0", s)
		}
		rec.Scale[q] = s
	}
	return nil
}
