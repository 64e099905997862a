package optim

import (
	"fmt"
	"math"
)

// Schedule is a number that depends on the step, such as a learning rate: a pure
// function, with step = 0 at the first update.
type Schedule interface {
	At(step uint64) float64
}

// Constant is the same number at every step.
type Constant float64

// At returns the constant.
func (c Constant) At(uint64) float64 { return float64(c) }

// Linear goes from Init to End in a straight line and stays there:
//
//	At(t) = Init + (End - Init) min(t / Steps, 1)
//
// With Steps = 0 it is End throughout. As optax' linear_schedule.
type Linear struct {
	Init, End float64
	Steps     uint64
}

// At returns the value at a step.
func (l Linear) At(step uint64) float64 {
	if step >= l.Steps {
		return l.End
	}
	p := float64(step) / float64(l.Steps)
	return float64(l.Init*(1-p)) + float64(l.End*p)
}

// Cosine goes from Init to End along half a period and stays there:
//
//	At(t) = End + (Init - End) (1 + cos(pi min(t / Steps, 1))) / 2
//
// With Steps = 0 it is End throughout. Loshchilov and Hutter (2017),
// arXiv:1608.03983, without restarts.
type Cosine struct {
	Init, End float64
	Steps     uint64
}

// At returns the value at a step.
func (c Cosine) At(step uint64) float64 {
	if step >= c.Steps {
		return c.End
	}
	// (1 + cos(pi p)) / 2 = cos(pi p / 2)^2
	half := cos(math.Pi / 2 * (float64(step) / float64(c.Steps)))
	w := float64(half * half)
	return float64(c.Init*w) + float64(c.End*(1-w))
}

// Exponential decays by Rate every Every steps:
//
//	At(t) = Init Rate^(t / Every)
//
// continuously, or with Staircase at whole multiples of Every only (t / Every
// rounded down). A Rate of zero means 1, no decay; an Every of zero means 1.
// The value is NaN for a negative Rate. As optax' exponential_decay.
type Exponential struct {
	Init      float64
	Rate      float64
	Every     uint64
	Staircase bool
}

// At returns the value at a step.
func (e Exponential) At(step uint64) float64 {
	r, every := e.Rate, max(e.Every, 1)
	if r == 0 {
		return e.Init
	}
	if r < 0 {
		return math.NaN()
	}
	v := e.Init * power(r, step/every)
	if rest := step % every; rest != 0 && !e.Staircase {
		v *= root(r, float64(rest)/float64(every))
	}
	return v
}

// Join runs schedules one after the other. Each sees steps from 0 when its turn
// comes:
//
//	optim.Join{ // warm-up
//		{Steps: 500, Schedule: optim.Linear{Init: 0, End: 1e-3, Steps: 500}},
//		{Schedule: optim.Cosine{Init: 1e-3, Steps: 9500}},
//	}
//
// The last phase has no end, whatever its Steps. An empty Join, or one with a nil
// Schedule, is NaN, which every transform refuses.
type Join []Phase

// Phase is one part of a Join: a schedule and how many steps it lasts.
type Phase struct {
	Steps    uint64
	Schedule Schedule
}

// At returns the value of the phase that step falls into.
func (j Join) At(step uint64) float64 {
	for i, p := range j {
		if step < p.Steps || i == len(j)-1 {
			if p.Schedule == nil {
				break
			}
			return p.Schedule.At(step)
		}
		step -= p.Steps
	}
	return math.NaN()
}

// rate returns the value of a schedule, or byDefault for a nil one, and an error
// where it is negative or not finite.
func rate(who string, s Schedule, byDefault float64, step uint64) (float64, error) {
	if s == nil {
		return byDefault, nil
	}
	v := s.At(step)
	if !(v >= 0) || math.IsInf(v, 1) {
		return 0, fmt.Errorf("%w: %s: schedule %+v is %v at step %d, want finite and >= 0", ErrSettings, who, s, v, step)
	}
	return v, nil
}

// power returns x^n by repeated squaring.
func power(x float64, n uint64) float64 {
	y := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			y *= x
		}
		x *= x
	}
	return y
}

// root returns x^f for f in [0, 1) to 1e-14 relatively, from the binary digits of
// f: x^f is the product of x^(1/2), x^(1/4), ... where the digit is 1. Square roots
// and products are rounded alike on all processors; math.Pow is not.
func root(x, f float64) float64 {
	y := 1.0
	for f > 0 {
		x = math.Sqrt(x)
		f *= 2
		if f >= 1 {
			f--
			y *= x
		}
	}
	return y
}

// cos returns the cosine of x in [0, pi/2] to 1e-15 absolutely, by its series up to
// x^22/22!, rounded alike on all processors.
func cos(x float64) float64 {
	q := x * x
	y := 1.0
	for i := 22.0; i > 0; i -= 2 {
		y = 1 - float64(q*y)/(i*(i-1))
	}
	return y
}
