package experiment

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Readout is what a row of [Readouts] makes: what the network gives, made of what its output
// neurons do.
type Readout struct {
	// Targets are the kinds of targets for which it gives something.
	Targets []data.TargetKind
	// Spiking says that the output neurons spike; else they are leaky integrators.
	Spiking bool
	// Over makes it of what they do, [T, B, C], until the length of each sample, [B], for a time
	// step in s; nil: what they do in each step is what the network gives.
	Over func(x, length *G.Node, dt float64) (*G.Node, error)
	// Tau is readout_tau, s, where it has that key.
	Tau float64
}

// Readouts are the choices of model.readout with surrogate gradients. A new one is a row here.
var Readouts = data.Catalogue[Readout]{
	{Name: "li-max", Doc: "largest voltage of leaky integrators", New: overTime(false, ops.MaxUntil)},
	{Name: "li-mean", Doc: "their mean voltage", New: overTime(false, ops.MeanUntil)},
	{Name: "li-sum", Doc: "the sum of their voltages", New: overTime(false, ops.SumUntil)},
	{Name: "li-last", Doc: "their last voltage", New: overTime(false, ops.LastUntil)},
	{Name: "count", Doc: "number of spikes of output neurons", New: overTime(true, ops.SumUntil)},
	{Name: "first_spike", Doc: "-t/readout_tau of their first spike, which is at the end where there is none", New: func(p *data.Params) Readout {
		tau := p.Float("readout_tau", 5e-3, "s")
		p.Want("readout_tau", tau > 0, "> 0 s")
		return Readout{Targets: []data.TargetKind{data.ClassTarget}, Spiking: true, Tau: tau, Over: func(x, length *G.Node, dt float64) (*G.Node, error) {
			first, err := ops.FirstSpikeUntil(x, length, dt)
			if err != nil {
				return nil, err
			}
			return ops.Affine(first, -1/tau, 0)
		}}
	}},
	{Name: "li", Doc: "voltage of leaky integrators in each step: for sequences", New: func(*data.Params) Readout {
		return Readout{Targets: []data.TargetKind{data.SequenceTarget}}
	}},
	{Name: "spikes", Doc: "spikes of output neurons in each step: for spike times", New: func(*data.Params) Readout {
		return Readout{Targets: []data.TargetKind{data.SpikeTarget}, Spiking: true}
	}},
}

// whole are the kinds of targets of a sample as a whole.
var whole = []data.TargetKind{data.ClassTarget, data.VectorTarget}

func overTime(spiking bool, over train.Readout) func(*data.Params) Readout {
	return func(*data.Params) Readout {
		return Readout{Targets: whole, Spiking: spiking, Over: func(x, length *G.Node, _ float64) (*G.Node, error) { return over(x, length) }}
	}
}

// EventReadout is what a row of [EventReadouts] makes.
type EventReadout struct {
	// Targets are the kinds of targets for which it gives something.
	Targets []data.TargetKind
	// Spiking says that the output neurons spike; else they are leaky integrators.
	Spiking bool
	// Of is the number of each output neuron.
	Of eventprop.Observable
	// Unit is what the number is divided by before loss.scale: "tau_syn", "tau_out" or nothing.
	Unit string
	// Scale is the default of loss.scale.
	Scale float64
}

// EventReadouts are the choices of model.readout for the methods that go from event to event. A new
// one is a row here.
var EventReadouts = data.Catalogue[EventReadout]{
	{Name: "ttfs", Doc: "times of the first spikes of output neurons", New: eventReadout(EventReadout{append([]data.TargetKind{data.SpikeTarget}, whole...), true, eventprop.First{}, "tau_syn", 5})},
	{Name: "li-max", Doc: "largest voltage of leaky integrators", New: eventReadout(EventReadout{whole, false, eventprop.Max{}, "", 1})},
	{Name: "li-integral", Doc: "integral of their voltage over time", New: eventReadout(EventReadout{whole, false, eventprop.Integral{}, "tau_out", 1})},
	{Name: "li", Doc: "voltage of leaky integrators at the end of each step: for sequences", New: eventReadout(EventReadout{[]data.TargetKind{data.SequenceTarget}, false, eventprop.Max{}, "", 1})},
}

func eventReadout(r EventReadout) func(*data.Params) EventReadout {
	return func(*data.Params) EventReadout { return r }
}

// readout returns the row that the section [model] names; of the other methods, the one of these
// with the same name.
func (m *Model) readout() Readout {
	r, _, _ := Readouts.New(m.Readout, m.ReadoutKeys)
	return r
}

func (m *Model) eventReadout() EventReadout {
	r, _, _ := EventReadouts.New(m.Readout, nil)
	return r
}

// spikingOutput tells whether output neurons spike.
func (e *Experiment) spikingOutput() bool {
	if e.events() {
		return e.Model.eventReadout().Spiking
	}
	return e.Model.readout().Spiking
}

// integrators tells whether the readout is that of leaky integrators of its own.
func (e *Experiment) integrators() bool { return !e.spikingOutput() && e.Model.Output != "none" }
