package eventprop

import "fmt"

// Observable is one number per neuron of what a pass puts out, which an [Objective] looks
// at. First, Max, Integral and At are observables.
type Observable interface {
	// Observe writes the number of each neuron to dst, which has the length N.
	Observe(dst []float64, t *Tape) error
	// Pull adds dL/d(number) of each neuron, grad, to the cotangent.
	Pull(c *Cotangent, t *Tape, grad []float64) error
}

// First is the time of the first spike of each neuron in seconds, at most Horizon:
//
//	x_j = min(t_j, Horizon)
//
// A neuron without a spike, or whose first one is later, is at Horizon and has no gradient; see
// [Silence] for what brings it back.
type First struct {
	Horizon float64 // s; 0 means the end of the simulation
}

func (f First) horizon(t *Tape) float64 {
	if f.Horizon == 0 {
		return t.end
	}
	return f.Horizon
}

// Observe writes the times.
func (f First) Observe(dst []float64, t *Tape) error {
	if err := checkLength("First", dst, t); err != nil {
		return err
	}
	for j := range dst {
		dst[j] = f.horizon(t)
	}
	for k := len(t.Spikes) - 1; k >= 0; k-- {
		s := &t.Spikes[k]
		dst[s.Neuron] = min(s.Time, f.horizon(t))
	}
	return nil
}

// Pull adds the gradient to that of the first spikes.
func (f First) Pull(c *Cotangent, t *Tape, grad []float64) error {
	if err := c.checkLength("First", grad, t); err != nil {
		return err
	}
	c.first = t.First(c.first)
	for j, k := range c.first {
		if k >= 0 && t.Spikes[k].Time < f.horizon(t) {
			c.Time[k] += grad[j]
		}
	}
	return nil
}

// Max is the largest voltage of each neuron, see [Tape.Max]:
//
//	x_j = max_t V_j(t)
//
// With [CrossEntropy]: Wunderlich and Pehle 2021, doi:10.1038/s41598-021-91786-z.
type Max struct{}

// Observe writes the maxima.
func (Max) Observe(dst []float64, t *Tape) error {
	if err := checkLength("Max", dst, t); err != nil {
		return err
	}
	for j := range dst {
		p, err := t.Max(j)
		if err != nil {
			return err
		}
		dst[j] = p.Value
	}
	return nil
}

// Pull adds the gradient of the maxima.
func (Max) Pull(c *Cotangent, t *Tape, grad []float64) error {
	if err := c.checkLength("Max", grad, t); err != nil {
		return err
	}
	for j, g := range grad {
		if g == 0 {
			continue
		}
		p, err := t.Max(j)
		if err != nil {
			return err
		}
		c.AddPeak(p, g)
	}
	return nil
}

// Integral is the integral of the voltage of each neuron with an exponential weight,
// see [Tape.Integral]:
//
//	x_j = ∫ V_j(t) e^(-t/Decay) dt    from 0 to the end
//
// With [CrossEntropy]: Nowotny, Turner and Knight 2022, arXiv:2212.01232.
type Integral struct {
	Decay float64 // s; 0 means no weight
}

// Observe writes the integrals.
func (i Integral) Observe(dst []float64, t *Tape) error {
	if err := checkLength("Integral", dst, t); err != nil {
		return err
	}
	return t.integrals(dst, 0, i.Decay)
}

// Pull adds the gradient of the integrals. All integrals of one cotangent have the same decay.
func (i Integral) Pull(c *Cotangent, t *Tape, grad []float64) error {
	if err := c.checkLength("Integral", grad, t); err != nil {
		return err
	}
	if c.Integral == nil {
		c.integral = zeroed(c.integral, len(grad))
		c.Integral, c.Decay = c.integral, i.Decay
	}
	if len(c.Integral) != len(grad) {
		return fmt.Errorf("%w: cotangent has %d integrals, want %d, one per neuron", ErrShape, len(c.Integral), len(grad))
	}
	if c.Decay != i.Decay {
		return fmt.Errorf("%w: integrals of decay %g s and %g s in one loss", ErrParameter, c.Decay, i.Decay)
	}
	for j, g := range grad {
		c.Integral[j] += g
	}
	return nil
}

// At is the voltage of each neuron at a time:
//
//	x_j = V_j(Time)
type At struct {
	Time float64 // s, from 0 to the end
}

// Observe writes the voltages.
func (a At) Observe(dst []float64, t *Tape) error {
	if err := checkLength("At", dst, t); err != nil {
		return err
	}
	return t.voltages(dst, 0, a.Time)
}

// Pull adds the gradient of the voltages.
func (a At) Pull(c *Cotangent, t *Tape, grad []float64) error {
	if err := c.checkLength("At", grad, t); err != nil {
		return err
	}
	for j, g := range grad {
		c.AddVoltage(j, a.Time, g)
	}
	return nil
}

func checkLength(what string, x []float64, t *Tape) error {
	if t == nil || t.plan == nil || len(x) != len(t.plan.cells) {
		return fmt.Errorf("%w: %s of a pass of %d neurons into %d numbers", ErrShape, what, t.neurons(), len(x))
	}
	return nil
}

// checkLength looks at a cotangent too, which is to be one of the pass.
func (c *Cotangent) checkLength(what string, x []float64, t *Tape) error {
	if err := checkLength(what, x, t); err != nil {
		return err
	}
	return c.checkTimes(t)
}

func (t *Tape) neurons() int {
	if t == nil || t.plan == nil {
		return 0
	}
	return len(t.plan.cells)
}
