package optim

import "math"

// Steps multiplies Init by Factor at each of the steps At:
//
//	At(t) = Init Factor^(number of At that are <= t)
//
// the multi-step schedule of PyTorch. For equal distances see [Exponential] with Staircase. A
// Factor of zero means 0.1; a negative one makes the value NaN.
type Steps struct {
	Init   float64
	Factor float64
	// Milestones are the steps at which the value falls.
	Milestones []uint64
}

// At returns the value at a step.
func (s Steps) At(step uint64) float64 {
	f := s.Factor
	if f == 0 {
		f = 0.1
	}
	if f < 0 {
		return math.NaN()
	}
	v := s.Init
	for _, m := range s.Milestones {
		if step >= m {
			v *= f
		}
	}
	return v
}

// WarmUp goes up to a schedule in a straight line, over Steps steps:
//
//	At(t) = Then(0) (t+1)/Steps for t < Steps,  Then(t - Steps) from there on
//
// so that the first update is not zero, and the last one of the warm-up is the first value of Then.
// A nil Then is NaN, which every transform refuses. Goyal et al. (2017), arXiv:1706.02677.
type WarmUp struct {
	Steps uint64
	Then  Schedule
}

// At returns the value at a step.
func (w WarmUp) At(step uint64) float64 {
	switch {
	case w.Then == nil:
		return math.NaN()
	case step < w.Steps:
		return w.Then.At(0) * (float64(step+1) / float64(w.Steps))
	}
	return w.Then.At(step - w.Steps)
}

// OneCycle goes up to Peak and down far below the start, both along half a cosine:
//
//	from Peak/Start to Peak in the first Rise of the Steps,
//	to Peak/(Start End) at the last one, where it stays
//
// as torch.optim.lr_scheduler.OneCycleLR with anneal_strategy "cos": the top is at the step Rise
// Steps - 1, the end at Steps - 1. Smith and Topin (2019), doi:10.1117/12.2520589.
type OneCycle struct {
	Peak  float64
	Steps uint64
	// Start is how many times smaller the first value is; zero means 25.
	Start float64
	// End is how many times smaller than the first value the last one is; zero means 1e4.
	End float64
	// Rise is the part of the steps that go up, in (0, 1); zero means 0.3. Values out of range are
	// NaN.
	Rise float64
}

// At returns the value at a step.
func (o OneCycle) At(step uint64) float64 {
	start, end, rise := o.Start, o.End, o.Rise
	if start == 0 {
		start = 25
	}
	if end == 0 {
		end = 1e4
	}
	if rise == 0 {
		rise = 0.3
	}
	if !(rise > 0 && rise < 1) || !(start > 0) || !(end > 0) {
		return math.NaN()
	}
	first := o.Peak / start
	top, last := float64(rise*float64(o.Steps))-1, float64(o.Steps)-1
	t := float64(step)
	switch {
	case t >= last:
		return first / end
	case t <= top:
		return between(first, o.Peak, t/top)
	}
	return between(o.Peak, first/end, (t-top)/(last-top))
}

// between goes from a to b along half a cosine as p goes from 0 to 1.
func between(a, b, p float64) float64 {
	half := cos(math.Pi / 2 * p)
	w := float64(half * half)
	return float64(a*w) + float64(b*(1-w))
}
