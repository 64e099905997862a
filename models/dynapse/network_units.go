package dynapse

import (
	"github.com/surge-snn/surge/internal/fmath"
)

// quantity is how a number x of the kernel stands for one in amperes, volts or seconds.
type quantity struct {
	unit unit
	// absolute returns the value, given its unit u, and number the way back.
	absolute func(x, u float64) float64
	number   func(value, u float64) float64
	// slopes are the derivatives of absolute.
	slopes func(x, u float64) (dx, du float64)
}

// unit is what the numbers of the kernel are relative to.
type unit uint8

const (
	one     unit = iota
	io           // Io, A
	thermal      // Ut/kappa, V
	bin          // dt, s
)

// The quantities of states and records.
var (
	plain = quantity{one,
		func(x, _ float64) float64 { return x },
		func(v, _ float64) float64 { return v },
		func(_, _ float64) (dx, du float64) { return 1, 0 }}
	relative = quantity{io,
		func(x, u float64) float64 { return x * u },
		func(v, u float64) float64 { return v / u },
		func(x, u float64) (dx, du float64) { return u, x }}
	logarithm = quantity{io,
		func(x, u float64) float64 { return fmath.Exp(x) * u },
		func(v, u float64) float64 { return fmath.Log(v / u) },
		func(x, u float64) (dx, du float64) { e := fmath.Exp(x); return e * u, e }}
	lnAmperes = quantity{io, // of a value that is a logarithm itself
		nil, nil,
		func(_, u float64) (dx, du float64) { return 1, 1 / u }}
	voltage  = quantity{thermal, relative.absolute, relative.number, relative.slopes}
	duration = quantity{bin, relative.absolute, relative.number, relative.slopes}
)

// recordQuantities are those of the records of the kernel, and stateQuantities those of its states.
var (
	recordQuantities = [numRecords]quantity{plain, logarithm, voltage, relative, relative, relative, relative, relative}
	stateQuantities  = [numStates]quantity{logarithm, logarithm, logarithm, voltage, plain, duration, relative, relative, relative}
)

// lists are the records in the order of the kernel, the first of which exist with one synapse type.
func (r *Records) lists() [numRecords]*[]float64 {
	return [...]*[]float64{&r.Spikes, &r.Imem, &r.Vmem, &r.Isyn, &r.Iahp, &r.Igaba, &r.Inmda, &r.Ishunt}
}

// lists are the states in the order of the kernel.
func (s *State) lists() [numStates]*[]float64 {
	return [...]*[]float64{&s.Isyn, &s.Iahp, &s.Imem, &s.Vmem, &s.Spikes, &s.Timer, &s.Igaba, &s.Inmda, &s.Ishunt}
}

// pulled are derivatives of a loss on their way to the parameters of each neuron.
type pulled struct {
	derived [][numDerived]float64
	direct  [][NumParams]float64
}

// add adds the derivative with respect to a unit of neuron j.
func (p *pulled) add(u unit, j int, d float64) {
	switch u {
	case io:
		p.derived[j][ampere] += d
	case thermal:
		p.derived[j][volt] += d
	case bin:
		p.direct[j][Dt] += d
	}
}
