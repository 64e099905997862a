package fit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// Deployment is a result as a chip is configured with it, and what it does then.
type Deployment struct {
	Device *chip.Device
	// Network and In are what Device stands for: the currents, weights and input weights
	// [channels, N] that its codes make, with the constants and the time step of the experiment.
	Network dynapse.Network
	In      chip.Weights
	// Loss is that of the experiment for Network and In: what was fitted, as the file does it.
	Loss float64
	// Notes say what the chip cannot be set to exactly: currents that are not fitted, input
	// weights.
	Notes []string

	weights *chip.Quantised
}

// offCurrent is the relative error of a current, and of an input weight, that is worth a note.
const offCurrent = 0.05

// Deploy lays the settable network of a result out on the chip, with the input weights of the
// experiment, simulates the configuration and judges it by the experiment:
//
//	d, err := res.Deploy(ctx, e, 1)
//	err = d.Device.Write(file)
//
// Weights that are codes keep them; others are quantised ([chip.Quantise], from the seed). It costs
// one simulation of all targets, and milliseconds.
//
// Errors: [chip.ErrFit] where the network exceeds the chip, those of [chip.Quantise], [chip.Deploy]
// and [Experiment.Loss].
func (r *Result) Deploy(ctx context.Context, e Experiment, seed uint64) (*Deployment, error) {
	if r == nil || r.Settable.N <= 0 {
		return nil, fmt.Errorf("%w: no fitted network to deploy", ErrExperiment)
	}
	n := r.set()
	e = e.Measured(r)
	in := e.inputWeights()
	rec := chip.Weights{}
	if n.WRec != nil {
		rec = chip.Weights{Pre: n.N, Post: n.N * e.Space.types(), W: n.WRec}
	}
	core := e.Space.Core
	if core == nil {
		core = make([]int, n.N)
	}
	if len(core) != n.N || slices.Min(core) < 0 {
		return nil, fmt.Errorf("%w: cores %v of a network of %d neurons", ErrExperiment, core, n.N)
	}
	if err := fitting(in, n.N*e.Space.types()); err != nil {
		return nil, err
	}
	if e.Space.Codes != nil && len(r.Bases) != n.N {
		return nil, fmt.Errorf("%w: base currents of %d neurons for a network of %d", ErrExperiment, len(r.Bases), n.N)
	}
	d := &Deployment{}
	q, err := r.weights, error(nil)
	if q == nil {
		if q, err = d.quantise(r, e.Space.Codes, in, rec, core, seed); err != nil {
			return nil, err
		}
	}
	d.weights = q
	if d.Device, err = chip.Deploy(n, q, chip.DeploySettings{}); err != nil {
		return nil, err
	}
	for _, dev := range d.Device.Deviations(offCurrent) {
		if name, err := chip.SimulatorCurrent(dev.Parameter); err == nil && e.Space.given(name) {
			d.Notes = append(d.Notes, fmt.Sprintf("%s of core %d is not fitted; the chip has %.4g A in place of %.4g A",
				name, dev.Chip*chip.CoresPerChip+dev.Core, dev.Current, dev.Wanted))
		}
	}
	network := d.Device.Network
	if n.FourSynapses {
		network = d.Device.FourSynapses
	}
	set, in, err := network()
	if err != nil {
		return nil, err
	}
	d.Network, d.In = n, in
	d.Network.WRec = set.WRec
	for p := range dynapse.Param(dynapse.NumParams) {
		if set.Params[p] != nil {
			d.Network.Params[p] = set.Params[p]
		}
	}
	d.Loss, err = e.LossOf(ctx, d.Network, d.In)
	return d, err
}

// set is the settable network with the currents of the codes in place of what acts.
func (r *Result) set() dynapse.Network {
	n := r.Settable
	for _, p := range r.Parameters {
		q, err := dynapse.ParseParam(p.Param)
		if err != nil || len(n.Params[q]) != n.N || len(p.Codes) == 0 {
			continue
		}
		n.Params[q] = slices.Clone(n.Params[q])
		for _, j := range p.Neurons {
			if j >= 0 && j < n.N {
				n.Params[q][j] = p.Codes[0].Current // of all cores: they share it
			}
		}
	}
	return n
}

// fitting returns an error for weights of input channels that are not of n columns.
func fitting(in chip.Weights, n int) error {
	if in.Pre < 0 || in.Post != n || len(in.W) != in.Pre*n {
		return fmt.Errorf("%w: %d input weights of %d x %d, want %d columns", ErrExperiment, len(in.W), in.Pre, in.Post, n)
	}
	return nil
}

// quantise returns the weights as the chip holds them.
func (d *Deployment) quantise(r *Result, codes *chip.Codes, in, rec chip.Weights, core []int, seed uint64) (*chip.Quantised, error) {
	s := chip.QuantiseSettings{Seed: seed, DAC: true}
	if list := r.Settable.Params[dynapse.Iscale]; len(list) > 0 {
		s.Iscale = list[0]
	}
	if codes == nil {
		return chip.Quantise(in, rec, core, s)
	}
	if s.Iscale == 0 {
		s.Iscale = dynapse.Iscale.Default()
	}
	q := &chip.Quantised{Rec: *codes, Core: core, Bases: make([]chip.BaseCurrents, slices.Max(core)+1), Iscale: s.Iscale}
	for j, i := range core {
		q.Bases[i] = r.Bases[j]
	}
	q.In = chip.Codes{Pre: in.Pre, Post: in.Post, Code: make([]uint8, len(in.W)), Sign: make([]int8, len(in.W))}
	for i, w := range in.W {
		if w == 0 {
			continue
		}
		j := i % in.Post / (in.Post / len(core))
		code, off := q.Bases[core[j]].Nearest(math.Abs(w), s.Iscale)
		q.In.Code[i], q.In.Sign[i] = code, int8(math.Copysign(1, w))
		if off > offCurrent*math.Abs(w) {
			d.Notes = append(d.Notes, fmt.Sprintf("device.json: the base currents make no input weight of %g for neuron %d, but one that is off by %.2g", w, j, off))
		}
	}
	return q, nil
}

// given says whether a current of the simulation is one that the space has a value of and does not
// fit.
func (s Space) given(name string) bool {
	p, err := dynapse.ParseParam(name)
	return err == nil && p != dynapse.IfNMDA && s.Network.Params[p] != nil && !slices.Contains(s.Params, p)
}

// inputWeights are the weights of the input channels: those of the experiment, or a channel of
// weight 1 for each neuron, of four synapse types for each of them.
func (e Experiment) inputWeights() chip.Weights {
	if e.In != nil {
		return *e.In
	}
	n := e.Space.Network.N * e.Space.types()
	in := chip.Weights{Pre: n, Post: n, W: make([]float64, n*n)}
	for j := range n {
		in.W[j*n+j] = 1
	}
	return in
}

// LossOf is [Experiment.Loss] with other input weights, [channels, N], as those of a chip, where In
// are those of the experiment. Poisson input of curves and statistics, of which neuron j has a
// channel with weight 1, takes the weight of channel j to neuron j where the experiment has no In.
//
// Errors: those of Loss, and [ErrExperiment] where the weights do not fit the recordings.
func (e Experiment) LossOf(ctx context.Context, n dynapse.Network, in chip.Weights) (float64, error) {
	p, err := e.driven(in)
	if err != nil {
		return 0, err
	}
	net, err := p.measuring(n)
	if err != nil {
		return 0, err
	}
	var l [1]float64
	err = p.sampleLosses(ctx, l[:], net, full)
	return l[0], err
}

// Distance returns the loss of what was seen in the place of the recordings of the experiment, such
// as that of a chip that was given their input: recording k of seen has what was seen of recording
// k, of all quantities that it uses. Samples count that have a weight in both.
//
// Errors wrap [ErrExperiment]: for lists of other lengths, and what is no number where it counts.
func (e Experiment) Distance(seen []Recording) (float64, error) {
	if len(seen) != len(e.Recordings) {
		return 0, fmt.Errorf("%w: %d recordings in the place of %d", ErrExperiment, len(seen), len(e.Recordings))
	}
	e.Recordings = slices.Clone(e.Recordings)
	for k := range e.Recordings {
		r, s := &e.Recordings[k], &seen[k]
		weight := make([]float64, r.size())
		for i := range weight {
			if s.Weight != nil && len(s.Weight) != len(weight) || r.Weight != nil && len(r.Weight) != len(weight) {
				return 0, badTarget(s.Name)("%d weights in the place of %d", len(s.Weight), len(weight))
			}
			weight[i] = r.weight(i) * s.weight(i)
		}
		for q := range Quantity(numQuantities) {
			if r.Use[q] && len(s.Target[q]) != len(weight) {
				return 0, badTarget(s.Name)("%d samples of %v, want %d", len(s.Target[q]), q, len(weight))
			}
			for i, v := range s.Target[q] {
				if r.Use[q] && weight[i] > 0 && (v-v != 0 || (q == Imem || q == Isyn || q == Iahp) && !(v > 0)) {
					return 0, badTarget(s.Name)("%v is %v", q, v)
				}
			}
		}
		r.Weight = weight
	}
	p, err := e.compile()
	if err != nil {
		return 0, err
	}
	net := system{Network: p.Network}
	var l [1]float64
	for k := range p.recordings {
		x := &seen[k].Target
		run := &dynapse.Run{T: p.recordings[k].T, B: p.recordings[k].B, N: p.Network.N,
			Records: dynapse.Records{Spikes: x[Spikes], Imem: x[Imem], Vmem: x[Vmem], Isyn: x[Isyn], Iahp: x[Iahp]}}
		p.recordingLoss(l[:], &net, k, run, nil)
	}
	return l[0], nil
}

// driven compiles the experiment with other input weights.
func (e Experiment) driven(in chip.Weights) (*problem, error) {
	recordings := slices.Clone(e.Recordings)
	tasks := slices.Clone(e.Tasks)
	n := e.Space.Network.N * e.Space.types()
	var err error
	for i := range recordings {
		r := &recordings[i]
		if r.Input, err = drive(r.Name, r.Input, r.Channels, e.In == nil, r.T*r.B, n, in); err != nil {
			return nil, err
		}
	}
	for i := range tasks {
		t := &tasks[i]
		if t.Input, err = drive(t.Name, t.Input, t.Channels, e.In == nil, t.T*t.B, n, in); err != nil {
			return nil, err
		}
	}
	e.Recordings, e.Tasks = recordings, tasks
	p, err := e.compile()
	if err != nil || e.In != nil {
		return p, err
	}
	for i := range p.summed {
		if err := fitting(in, n); err != nil || in.Pre < n {
			return nil, cmp.Or(err, fmt.Errorf("%w: weights of %d input channels, want one for each of the %d columns", ErrExperiment, in.Pre, n))
		}
		s := &p.summed[i]
		if _, task := s.judge.(*Task); task {
			continue
		}
		s.input = slices.Clone(s.input)
		for k := range s.input {
			s.input[k] *= in.W[k%n*n+k%n]
		}
	}
	return p, nil
}

// drive returns the input that the channels [samples, C] make with some weights. Without channels,
// and where each neuron has one of weight 1, these are the input.
func drive(name string, input, channels []float64, own bool, samples, n int, in chip.Weights) ([]float64, error) {
	if channels == nil && own {
		channels = input
	}
	if n < 1 || in.Post != n || len(in.W) != in.Pre*n || len(channels) != samples*in.Pre {
		return nil, badTarget(name)("%d samples of channels, want %d for weights of %d x %d", len(channels), samples*in.Pre, in.Pre, in.Post)
	}
	out := make([]float64, samples*n)
	spread(out, channels, in.W, n)
	return out, nil
}

// spread adds to out, [samples, n], what channels, [samples, C], bring with weights w, [C, n].
func spread(out, channels, w []float64, n int) {
	pre := len(w) / n
	for s := range len(out) / n {
		to := out[s*n : (s+1)*n]
		for c, count := range channels[s*pre : (s+1)*pre] {
			if count == 0 {
				continue
			}
			for j, w := range w[c*n : (c+1)*n] {
				to[j] += float64(count * w)
			}
		}
	}
}
