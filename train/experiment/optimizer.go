package experiment

import (
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// Optimizers are the choices of train.optimizer: each makes the transform of gradients for a learning rate. A new one
// is a row here, and is thereby in files, in their documentation and in the tests.
var Optimizers = data.Catalogue[func(lr optim.Schedule) optim.Transform]{
	{Name: "adam", Doc: "running mean over root of running mean square, see optim.Adam", New: func(p *data.Params) func(optim.Schedule) optim.Transform {
		a := optim.Adam{
			Beta1: p.Float("beta1", 0.9, "decay of the mean"),
			Beta2: p.Float("beta2", 0.999, "decay of the mean square"),
			Eps:   p.Float("eps", 1e-8, "added to the root"),
		}
		p.Want("beta1", a.Beta1 > 0 && a.Beta1 < 1, "in (0, 1)")
		p.Want("beta2", a.Beta2 > 0 && a.Beta2 < 1, "in (0, 1)")
		p.Want("eps", a.Eps > 0, "> 0")
		return func(lr optim.Schedule) optim.Transform { a.LR = lr; return a }
	}},
	{Name: "sgd", Doc: "gradient descent, see optim.SGD", New: func(p *data.Params) func(optim.Schedule) optim.Transform {
		s := optim.SGD{
			Momentum: p.Float("momentum", 0, "decay of the running sum of gradients"),
			Nesterov: p.Bool("nesterov", false, "look ahead by one step of the momentum"),
		}
		p.Want("momentum", s.Momentum >= 0 && s.Momentum < 1, "in [0, 1)")
		p.Want("nesterov", !s.Nesterov || s.Momentum > 0, "nothing: it has an effect only where momentum > 0")
		return func(lr optim.Schedule) optim.Transform { s.LR = lr; return s }
	}},
	{Name: "rmsprop", Doc: "gradient over root of running mean square, see optim.RMSProp", New: func(p *data.Params) func(optim.Schedule) optim.Transform {
		r := optim.RMSProp{
			Decay:    p.Float("decay", 0.99, "of the mean square"),
			Eps:      p.Float("eps", 1e-8, "added to the root"),
			Momentum: p.Float("momentum", 0, "decay of the running sum of updates"),
			Centered: p.Bool("centered", false, "the root is that of the variance"),
		}
		p.Want("decay", r.Decay > 0 && r.Decay < 1, "in (0, 1)")
		p.Want("eps", r.Eps > 0, "> 0")
		p.Want("momentum", r.Momentum >= 0 && r.Momentum < 1, "in [0, 1)")
		return func(lr optim.Schedule) optim.Transform { r.LR = lr; return r }
	}},
	{Name: "adagrad", Doc: "gradient over root of the sum of squares, see optim.Adagrad", New: func(p *data.Params) func(optim.Schedule) optim.Transform {
		a := optim.Adagrad{
			Initial: p.Float("initial", 0, "what the sums start with"),
			Eps:     p.Float("eps", 1e-10, "added to the root"),
		}
		p.Want("initial", a.Initial >= 0, ">= 0")
		p.Want("eps", a.Eps > 0, "> 0")
		return func(lr optim.Schedule) optim.Transform { a.LR = lr; return a }
	}},
	{Name: "lion", Doc: "sign of a mean of gradient and momentum, see optim.Lion", New: func(p *data.Params) func(optim.Schedule) optim.Transform {
		l := optim.Lion{
			Beta1: p.Float("beta1", 0.9, "share of the momentum in the update"),
			Beta2: p.Float("beta2", 0.99, "decay of the momentum"),
		}
		p.Want("beta1", l.Beta1 > 0 && l.Beta1 < 1, "in (0, 1)")
		p.Want("beta2", l.Beta2 > 0 && l.Beta2 < 1, "in (0, 1)")
		return func(lr optim.Schedule) optim.Transform { l.LR = lr; return l }
	}},
}

// Schedules are the choices of train.schedule: each makes the learning rate of a number of updates, that of the first of
// which is lr.
var Schedules = data.Catalogue[func(lr float64, updates uint64) optim.Schedule]{
	{Name: "constant", Doc: "lr", New: func(*data.Params) func(float64, uint64) optim.Schedule {
		return func(lr float64, _ uint64) optim.Schedule { return optim.Constant(lr) }
	}},
	{Name: "linear", Doc: "a straight line", New: func(p *data.Params) func(float64, uint64) optim.Schedule {
		end := lrEnd(p)
		return func(lr float64, n uint64) optim.Schedule { return optim.Linear{Init: lr, End: end, Steps: n} }
	}},
	{Name: "cosine", Doc: "half a period of a cosine", New: func(p *data.Params) func(float64, uint64) optim.Schedule {
		end := lrEnd(p)
		return func(lr float64, n uint64) optim.Schedule { return optim.Cosine{Init: lr, End: end, Steps: n} }
	}},
	{Name: "exponential", Doc: "the same factor from each update to the next", New: func(p *data.Params) func(float64, uint64) optim.Schedule {
		end := lrEnd(p)
		p.Want("lr_end", end > 0, "> 0, because schedule is exponential")
		return func(lr float64, n uint64) optim.Schedule {
			return optim.Exponential{Init: lr, Rate: end / lr, Every: n}
		}
	}},
}

func lrEnd(p *data.Params) float64 {
	end := p.Float("lr_end", 0, "the rate after the last update")
	p.Want("lr_end", end >= 0, ">= 0")
	return end
}

// LR returns the learning rate as a function of the update, for so many samples to learn. The experiment passes Check.
func (e *Experiment) LR(samples int) optim.Schedule {
	t := e.Train
	warmup := uint64(t.Warmup)
	of, _, err := Schedules.New(t.Schedule, t.ScheduleKeys)
	if err != nil {
		panic(err) // Check says so
	}
	s := of(t.LR, uint64(max(e.Updates(samples)-t.Warmup, 1)))
	if warmup == 0 {
		return s
	}
	return optim.Join{
		{Steps: warmup, Schedule: optim.Linear{Init: t.LR / float64(warmup), End: t.LR, Steps: max(warmup-1, 1)}},
		{Schedule: s},
	}
}

// Optimizer returns the transform that the section [train] describes, for so many samples to learn. The experiment
// passes Check.
func (e *Experiment) Optimizer(samples int) optim.Transform {
	t := e.Train
	of, _, err := Optimizers.New(t.Optimizer, t.OptimizerKeys)
	if err != nil {
		panic(err) // Check says so
	}
	var c optim.Chain
	if t.Clip > 0 {
		c = append(c, optim.ClipByGlobalNorm{Max: t.Clip})
	}
	c = append(c, of(e.LR(samples)))
	if t.WeightDecay > 0 {
		c = append(c, optim.Masked{Match: isWeight, Inner: optim.WeightDecay{LR: e.LR(samples), Rate: t.WeightDecay}})
	}
	return c
}
