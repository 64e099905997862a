package experiment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Objective is what a row of [Losses] makes: what a network learns.
type Objective struct {
	// Targets are the kinds of targets that it compares with.
	Targets []data.TargetKind
	// Spiking says that it is of spikes of output neurons, which the readout has to have.
	Spiking bool
	// Steps is the loss of a network with time steps; nil: it has none.
	Steps train.Loss
	// Events sets the loss of a network that goes from event to event, for targets of so many
	// numbers; nil: it has none.
	Events func(m *train.EventProp, size int)
}

// Losses are the choices of loss.kind. A new one is a row here. One that needs its own Go program
// stands in [train.BPTT.Loss] or [train.EventProp.Tape].
var Losses = data.Catalogue[Objective]{
	{Name: "cross_entropy", Doc: "of softmax of what the readout gives, with the class: the default for classes", New: func(*data.Params) Objective {
		return Objective{Targets: []data.TargetKind{data.ClassTarget}, Steps: train.CrossEntropy, Events: asByDefault}
	}},
	{Name: "rate_cross_entropy", Doc: "of the spikes in each step, with the class, see train.RateCrossEntropy", New: func(*data.Params) Objective {
		return Objective{Targets: []data.TargetKind{data.ClassTarget}, Spiking: true, Steps: train.RateCrossEntropy}
	}},
	{Name: "count_mse", Doc: "squared distance of the share of steps with a spike from that of the class, or from a vector, see train.CountSquares", New: func(p *data.Params) Objective {
		right, wrong := p.Float("correct_rate", 1, "share of steps in which the neuron of the class is to spike"), p.Float("incorrect_rate", 0, "that of the others")
		p.Want("correct_rate", right > 0 && right <= 1, "in (0, 1]")
		p.Want("incorrect_rate", wrong >= 0 && wrong < right, "in [0, correct_rate)")
		return Objective{Targets: whole, Spiking: true, Steps: train.CountSquares(right, wrong)}
	}},
	{Name: "mse", Doc: "mean squared error: the default for vectors and sequences", New: func(*data.Params) Objective {
		return Objective{Targets: []data.TargetKind{data.VectorTarget, data.SequenceTarget}, Steps: train.MeanSquares, Events: asByDefault}
	}},
	{Name: "van_rossum", Doc: "distance of filtered spikes from those of the target, see train.VanRossum and train.TrainDistance: the default for spike times", New: func(p *data.Params) Objective {
		tau := p.Float("tau", 10e-3, "s, of the filter")
		p.Want("tau", tau > 0, "> 0 s")
		return Objective{Targets: []data.TargetKind{data.SpikeTarget}, Spiking: true, Steps: train.VanRossum(tau), Events: func(m *train.EventProp, size int) {
			m.Tape = train.TrainDistance(tau, size)
		}}
	}},
	{Name: "first_spike_mse", Doc: "squared distance of first spikes from those of the target, see train.FirstSpikeSquares", New: func(p *data.Params) Objective {
		unit := p.Float("unit", 5e-3, "s, in which the distance is")
		p.Want("unit", unit > 0, "> 0 s")
		return Objective{Targets: []data.TargetKind{data.SpikeTarget}, Spiking: true, Steps: train.FirstSpikeSquares(unit), Events: func(m *train.EventProp, _ int) { m.Scale = 1 / unit }}
	}},
}

// asByDefault leaves the loss to package train.
func asByDefault(*train.EventProp, int) {}

// defaultLoss is the loss of a kind of target.
func defaultLoss(k data.TargetKind) string {
	switch k {
	case data.VectorTarget, data.SequenceTarget:
		return "mse"
	case data.SpikeTarget:
		return "van_rossum"
	}
	return "cross_entropy"
}

// objective returns the loss for a target, and an error that names the key that does not fit it.
func (e *Experiment) objective(target data.Target) (Objective, error) {
	name, keys := e.Loss.Kind, e.Loss.Keys
	if name == "" {
		name = defaultLoss(target.Kind)
	}
	o, _, err := Losses.New(name, keys)
	if err != nil {
		return o, e.keyError(section{"loss", &e.Loss}, err)
	}
	readouts, has := e.Model.readout().Targets, "a loss for networks with time steps"
	known := o.Steps != nil
	if e.events() {
		readouts, has, known = e.Model.eventReadout().Targets, "a loss for networks that go from event to event", o.Events != nil
	}
	switch {
	case !slices.Contains(readouts, target.Kind):
		return o, e.bad("model.readout", fmt.Sprintf("one that gives a target of the kind %v, as %s", target.Kind, strings.Join(e.readoutsFor(target.Kind), ", ")), e.Model.Readout)
	case !slices.Contains(o.Targets, target.Kind):
		return o, e.bad("loss.kind", fmt.Sprintf("one that compares with a target of the kind %v, as %s", target.Kind, defaultLoss(target.Kind)), name)
	case !known:
		return o, e.bad("loss.kind", has, name)
	case o.Spiking && !e.spikingOutput():
		return o, e.bad("model.readout", fmt.Sprintf("one of neurons that spike, because loss.kind is %s", name), e.Model.Readout)
	}
	return o, nil
}

// readoutsFor returns the readouts for a kind of target.
func (e *Experiment) readoutsFor(k data.TargetKind) (names []string) {
	for _, row := range Readouts {
		if r, _, _ := Readouts.New(row.Name, nil); !e.events() && slices.Contains(r.Targets, k) {
			names = append(names, row.Name)
		}
	}
	for _, row := range EventReadouts {
		if r, _, _ := EventReadouts.New(row.Name, nil); e.events() && slices.Contains(r.Targets, k) {
			names = append(names, row.Name)
		}
	}
	return names
}

// Metrics are the choices of loss.metrics: numbers that are reported beside the loss, for targets
// of so many numbers or channels. A new one is a row here.
var Metrics = data.Catalogue[Measure]{
	{Name: "mae", Doc: "mean absolute error: the default for vectors and sequences", New: func(*data.Params) Measure {
		return Measure{[]data.TargetKind{data.VectorTarget, data.SequenceTarget}, func(int) train.Metric { return train.MAE() }}
	}},
	{Name: "mse", Doc: "mean squared error", New: func(*data.Params) Measure {
		return Measure{[]data.TargetKind{data.VectorTarget, data.SequenceTarget}, func(int) train.Metric { return train.MSE() }}
	}},
	{Name: "victor_purpura", Doc: "distance of spike trains, 100 per s, mean over the channels: the default for spike times", New: func(*data.Params) Measure {
		return Measure{[]data.TargetKind{data.SpikeTarget}, func(n int) train.Metric { return train.SpikeDistance(100, n) }}
	}},
	{Name: "van_rossum", Doc: "distance of spike trains filtered by 10 ms, in continuous time, mean over the channels", New: func(*data.Params) Measure {
		return Measure{[]data.TargetKind{data.SpikeTarget}, func(n int) train.Metric { return train.FilteredDistance(10e-3, n) }}
	}},
}

// Measure is what a row of [Metrics] makes.
type Measure struct {
	Targets []data.TargetKind
	Of      func(size int) train.Metric
}

// metrics returns those that are reported for a target.
func (e *Experiment) metrics(target data.Target) (all []train.Metric, err error) {
	names := e.Loss.Metrics
	if names == nil {
		switch target.Kind {
		case data.VectorTarget, data.SequenceTarget:
			names = []string{"mae"}
		case data.SpikeTarget:
			names = []string{"victor_purpura"}
		}
	}
	for i, name := range names {
		m, _, err := Metrics.New(name, nil)
		if err != nil {
			return nil, err // Check says so
		}
		if !slices.Contains(m.Targets, target.Kind) {
			return nil, e.bad(fmt.Sprintf("loss.metrics[%d]", i), fmt.Sprintf("one of a target of the kind %v", target.Kind), name)
		}
		all = append(all, m.Of(target.Size))
	}
	return all, nil
}
