package experiment

import (
	"strings"

	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// Optimizers are the choices of train.optimizer: each makes the transform of gradients for a
// learning rate. A new one is a row here, and is thereby in files, in their documentation and in
// the tests.
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

// Optimizer returns the transform that the sections [train] and [[group]] describe, for so many
// samples to learn and the parameters of these names, without which there are no groups: clipping,
// the optimizer, and what stands around it. It is nil where the experiment does not pass Check.
func (e *Experiment) Optimizer(samples int, learned ...string) optim.Transform {
	lr, plateau, ok := learning{e}.learningRate(samples)
	if !ok {
		return nil
	}
	t := e.Train
	of, _, err := Optimizers.New(t.Optimizer, t.OptimizerKeys)
	if err != nil {
		return nil
	}
	var c optim.Chain
	if t.ClipValue > 0 {
		c = append(c, optim.ClipByValue{Max: t.ClipValue})
	}
	if t.ClipNorm > 0 {
		c = append(c, optim.ClipByNorm{Max: t.ClipNorm})
	}
	if t.Clip > 0 {
		c = append(c, optim.ClipByGlobalNorm{Max: t.Clip})
	}
	updates, bounds := learning{e}.grouped(learned, of, lr)
	c = append(c, updates...)
	if plateau != nil {
		c = append(c, *plateau)
	}
	var all optim.Transform = c
	if t.Lookahead > 0 {
		all = optim.Lookahead{Inner: all, Every: uint64(t.Lookahead), Alpha: t.LookaheadAlpha}
	}
	if len(bounds) > 0 {
		all = append(optim.Chain{all}, bounds...)
	}
	if t.Accumulate > 1 {
		all = optim.Accumulate{Inner: all, Every: uint64(t.Accumulate)}
	}
	return all
}

// isWeight says whether a parameter is a matrix of weights, for weight decay.
func isWeight(name string) bool {
	return strings.HasSuffix(name, "/w") || strings.HasSuffix(name, "/w_rec")
}

// isOfNeurons says whether a parameter is neither weights nor their bias: time constants,
// thresholds, delays.
func isOfNeurons(name string) bool { return !isWeight(name) && !strings.HasSuffix(name, "/bias") }
