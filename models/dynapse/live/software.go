package live

import (
	"context"
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Software is a chip that is simulated. Its currents are those of its codes, times what the
// transistors of each neuron make of them, the same for every configuration:
//
//	I = I(code) max(1 + Mismatch z, 0.1),   z ~ N(0, 1) of each current of each neuron
//
// What is recorded of the membrane went through a scope,
//
//	shown = Gain vmem + Offset + noise
//
// with noise of the standard deviation Noise that is correlated by Correlation from bin to bin, new
// in each recording; currents I are shown as I exp(noise/Ut). Spikes have no errors. The zero value
// is a chip without any of that: a gain of 0 means 1, and so do 0 substeps. Tags are of flags.
type Software struct {
	Seed        uint64  `help:"Of the transistors and the noise."`
	Mismatch    float64 `default:"0.15" help:"Relative standard deviation of each current of each neuron."`
	Noise       float64 `default:"1e-3" help:"Standard deviation of the noise of vmem, V."`
	Correlation float64 `help:"Of the noise from bin to bin, 0 to less than 1."`
	Gain        float64 `default:"1" help:"Of the scope."`
	Offset      float64 `help:"Of the scope, V."`
	Substeps    int     `default:"1" help:"Steps of the simulation in a bin."`

	network dynapse.Network
	in      chip.Weights
	runs    uint64 // recordings
}

// Check says what is wrong with the numbers.
func (c *Software) Check() error {
	if err := given.Need("a Software", c); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	switch {
	case !(c.Mismatch >= 0 && c.Mismatch <= 1):
		return fmt.Errorf("%w: a mismatch of %v, want 0 to 1", ErrStimulus, c.Mismatch)
	case !(c.Noise >= 0) || math.IsInf(c.Noise, 0) || c.Offset-c.Offset != 0:
		return fmt.Errorf("%w: noise of %v V and an offset of %v V, want finite numbers, and noise >= 0", ErrStimulus, c.Noise, c.Offset)
	case !(c.Correlation >= 0 && c.Correlation < 1):
		return fmt.Errorf("%w: a correlation of %v, want 0 to less than 1", ErrStimulus, c.Correlation)
	case !(c.Gain >= 0) || math.IsInf(c.Gain, 0) || c.Substeps < 0:
		return fmt.Errorf("%w: a gain of %v and %d substeps, want finite numbers >= 0", ErrStimulus, c.Gain, c.Substeps)
	}
	return nil
}

// leastFactor is the smallest factor of a transistor.
const leastFactor = 0.1

// Set loads a configuration. Errors: those of [chip.Device.Network], and of Check.
func (c *Software) Set(_ context.Context, d *chip.Device) error {
	if err := c.Check(); err != nil {
		return err
	}
	n, in, err := d.Network()
	if err != nil {
		return err
	}
	for p := range dynapse.Param(dynapse.NumParams) {
		if !p.CurrentOf(n.FourSynapses) {
			continue
		}
		for j := range n.Params[p] {
			z := random.Normal(random.New(c.Seed, "live/software/"+p.String(), uint64(j)))
			n.Params[p][j] *= max(1+float64(c.Mismatch*z), leastFactor)
		}
	}
	n.Substeps = c.Substeps
	c.network, c.in = n, in
	return nil
}

// Record simulates. Errors: [ErrStimulus], also before there is a configuration, and those of
// [dynapse.Network.Simulate].
func (c *Software) Record(ctx context.Context, s Stimulus) (Records, error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	channels, err := s.channels()
	if err != nil {
		return nil, err
	}
	switch {
	case c.network.N == 0:
		return nil, fmt.Errorf("%w: the chip has no configuration", ErrStimulus)
	case channels != c.in.Pre:
		return nil, fmt.Errorf("%w: %d input channels, the configuration has %d", ErrStimulus, channels, c.in.Pre)
	case s.DC != nil && len(s.DC) != s.T*s.B*c.network.N:
		return nil, fmt.Errorf("%w: %d factors of the constant current, want %d for %d neurons", ErrStimulus, len(s.DC), s.T*s.B*c.network.N, c.network.N)
	case s.T*s.B > mostSamples/c.in.Post:
		return nil, fmt.Errorf("%w: %d bins of %d neurons, want %d in all at most", ErrStimulus, s.T*s.B, c.network.N, mostSamples)
	}
	n := c.network
	n.Params[dynapse.Dt] = []float64{s.Dt}
	input, err := c.in.Drive(s.Counts)
	if err != nil {
		return nil, err
	}
	run, err := n.Simulate(dynapse.Input{T: s.T, B: s.B, Counts: input, DC: s.DC})
	if err != nil {
		return nil, err
	}
	c.runs++
	records := Records{}
	for _, q := range s.Want {
		x := [...][]float64{fit.Imem: run.Imem, fit.Isyn: run.Isyn, fit.Iahp: run.Iahp, fit.Vmem: run.Vmem, fit.Spikes: run.Spikes}[q]
		c.measure(q, x, s.B*n.N)
		records[q] = x
	}
	return records, nil
}

// measure adds the errors of measurement to rows of a trace, [T, width].
func (c *Software) measure(q fit.Quantity, x []float64, width int) {
	if q == fit.Spikes {
		return
	}
	rng := random.New(c.Seed, "live/noise", c.runs, uint64(q))
	gain := c.Gain
	if gain == 0 {
		gain = 1
	}
	e, fresh := make([]float64, len(x)), math.Sqrt(1-c.Correlation*c.Correlation)
	for i := range x {
		e[i] = c.Noise * random.Normal(rng)
		if i >= width {
			e[i] = float64(c.Correlation*e[i-width]) + float64(fresh*e[i])
		}
		if q == fit.Vmem {
			x[i] = float64(gain*x[i]) + c.Offset + e[i]
		} else {
			x[i] *= fmath.Exp(e[i] / dynapse.Ut.Default())
		}
	}
}

// Close does nothing.
func (c *Software) Close() error { return nil }
