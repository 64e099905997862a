package experiment

import (
	"github.com/surge-snn/surge/optim"
)

// LR returns the learning rate as a function of the update, for so many samples to learn.
func (e *Experiment) LR(samples int) optim.Schedule {
	t := e.Train
	warmup := uint64(t.Warmup)
	steps := uint64(max(e.Updates(samples)-t.Warmup, 1))
	var s optim.Schedule
	switch t.Schedule {
	case "linear":
		s = optim.Linear{Init: t.LR, End: t.LREnd, Steps: steps}
	case "cosine":
		s = optim.Cosine{Init: t.LR, End: t.LREnd, Steps: steps}
	case "exponential":
		s = optim.Exponential{Init: t.LR, Rate: t.LREnd / t.LR, Every: steps}
	default:
		s = optim.Constant(t.LR)
	}
	if warmup == 0 {
		return s
	}
	return optim.Join{
		{Steps: warmup, Schedule: optim.Linear{Init: t.LR / float64(warmup), End: t.LR, Steps: max(warmup-1, 1)}},
		{Schedule: s},
	}
}

// Optimizer returns the transform that the section [train] describes, for so many samples to learn.
func (e *Experiment) Optimizer(samples int) optim.Transform {
	t := e.Train
	var c optim.Chain
	if t.Clip > 0 {
		c = append(c, optim.ClipByGlobalNorm{Max: t.Clip})
	}
	if t.Optimizer == "sgd" {
		c = append(c, optim.SGD{LR: e.LR(samples), Momentum: t.Momentum})
	} else {
		c = append(c, optim.Adam{LR: e.LR(samples)})
	}
	if t.WeightDecay > 0 {
		c = append(c, optim.Masked{Match: isWeight, Inner: optim.WeightDecay{LR: e.LR(samples), Rate: t.WeightDecay}})
	}
	return c
}
