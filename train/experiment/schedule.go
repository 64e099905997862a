package experiment

import (
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// Schedule is what a row of [Schedules] makes.
type Schedule struct {
	// Of returns the learning rate of each update after the warm-up, the first of which is with lr.
	Of func(lr float64, run Span) optim.Schedule
	// Plateau, where it is not nil, lowers the rate by what the loss on the validation set does.
	Plateau *optim.Plateau
	// Rises says that it begins below lr, so that there is no warm-up.
	Rises bool
}

// Span is how long a run is, in updates.
type Span struct {
	Updates  uint64  // after the warm-up, at least 1
	Warmup   uint64  // before them
	PerEpoch float64 // fewer than the batches where gradients are accumulated
}

// epoch returns the update, counted from the end of the warm-up, with which the next epoch after n
// begins.
func (s Span) epoch(n float64) uint64 {
	return uint64(max(float64(n*s.PerEpoch)+0.5-float64(s.Warmup), 0))
}

// Schedules are the choices of train.schedule. A new one is a row here, and is thereby in files, in
// their documentation and in the tests.
var Schedules = data.Catalogue[Schedule]{
	{Name: "constant", Doc: "lr", New: func(*data.Params) Schedule {
		return Schedule{Of: func(lr float64, _ Span) optim.Schedule { return optim.Constant(lr) }}
	}},
	{Name: "linear", Doc: "a straight line", New: func(p *data.Params) Schedule {
		end := lrEnd(p)
		return Schedule{Of: func(lr float64, run Span) optim.Schedule {
			return optim.Linear{Init: lr, End: end, Steps: run.Updates}
		}}
	}},
	{Name: "cosine", Doc: "half a period of a cosine", New: func(p *data.Params) Schedule {
		end := lrEnd(p)
		return Schedule{Of: func(lr float64, run Span) optim.Schedule {
			return optim.Cosine{Init: lr, End: end, Steps: run.Updates}
		}}
	}},
	{Name: "exponential", Doc: "the same factor from each update to the next", New: func(p *data.Params) Schedule {
		end := lrEnd(p)
		p.Want("lr_end", end > 0, "> 0, because schedule is exponential")
		return Schedule{Of: func(lr float64, run Span) optim.Schedule {
			return optim.Exponential{Init: lr, Rate: end / lr, Every: run.Updates}
		}}
	}},
	{Name: "steps", Doc: "falls at some epochs, see optim.Steps", New: func(p *data.Params) Schedule {
		at := p.Floats("milestones", nil, "epochs after which the rate falls")
		factor := p.Float("factor", 0.1, "what the rate is multiplied with")
		rising := len(at) > 0
		for i, n := range at {
			rising = rising && n > 0 && (i == 0 || n > at[i-1])
		}
		p.Want("milestones", rising, "rising numbers of epochs > 0")
		p.Want("factor", factor > 0, "> 0")
		return Schedule{Of: func(lr float64, run Span) optim.Schedule {
			s := optim.Steps{Init: lr, Factor: factor}
			for _, n := range at {
				s.Milestones = append(s.Milestones, run.epoch(n))
			}
			return s
		}}
	}},
	{Name: "one_cycle", Doc: "up to lr and far down, along cosines, see optim.OneCycle", New: func(p *data.Params) Schedule {
		o := optim.OneCycle{
			Start: p.Float("start", 25, "how many times smaller than lr the first rate is"),
			End:   p.Float("end", 1e4, "how many times smaller than the first rate the last one is"),
			Rise:  p.Float("rise", 0.3, "share of the updates that go up"),
		}
		p.Want("start", o.Start > 0, "> 0")
		p.Want("end", o.End > 0, "> 0")
		p.Want("rise", o.Rise > 0 && o.Rise < 1, "in (0, 1)")
		return Schedule{Rises: true, Of: func(lr float64, run Span) optim.Schedule {
			o.Peak, o.Steps = lr, run.Updates
			return o
		}}
	}},
	{Name: "plateau", Doc: "falls where the loss on the validation set stopped to fall, see optim.Plateau", New: func(p *data.Params) Schedule {
		plateau := optim.Plateau{
			Factor:    p.Float("factor", 0.1, "what the rate is multiplied with"),
			Patience:  uint64(p.Int("bad_epochs", 10, "epochs without improvement that are borne, > 0")),
			Threshold: p.Float("threshold", 1e-4, "relative improvement that counts"),
			Cooldown:  uint64(p.Int("cooldown", 0, "epochs after a fall that do not count")),
			Min:       p.Float("least", 0, "share of lr below which the rate does not fall"),
		}
		p.Want("factor", plateau.Factor > 0 && plateau.Factor < 1, "in (0, 1)")
		p.Want("bad_epochs", plateau.Patience > 0, "> 0")
		p.Want("threshold", plateau.Threshold > 0 && plateau.Threshold < 1, "in (0, 1)")
		p.Want("least", plateau.Min >= 0 && plateau.Min < 1, "in [0, 1)")
		return Schedule{Plateau: &plateau, Of: func(lr float64, _ Span) optim.Schedule { return optim.Constant(lr) }}
	}},
}

func lrEnd(p *data.Params) float64 {
	end := p.Float("lr_end", 0, "the rate after the last update")
	p.Want("lr_end", end >= 0, ">= 0")
	return end
}

// Updates returns the number of batches of the whole run with so many samples to learn.
func (e *Experiment) Updates(samples int) int {
	if e == nil {
		return 0
	}
	return e.Train.Epochs * learning{e}.batches(samples)
}

// learning is how gradients become updates: the learning rate, and the optimizer of each group.
type learning struct{ *Experiment }

// batches returns those of an epoch.
func (e learning) batches(samples int) int {
	if e.Train.Batch <= 0 {
		return 0
	}
	return (max(samples, 0) + e.Train.Batch - 1) / e.Train.Batch
}

// learningRate returns the learning rate as a function of the update of the inner optimizer, and
// what lowers it. ok is false where the section [train] does not pass Check.
func (e learning) learningRate(samples int) (lr optim.Schedule, p *optim.Plateau, ok bool) {
	if e.Experiment == nil || e.Train.Batch <= 0 {
		return nil, nil, false
	}
	t := e.Train
	row, _, err := Schedules.New(t.Schedule, t.ScheduleKeys)
	if err != nil {
		return nil, nil, false
	}
	every := max(t.Accumulate, 1)
	s := row.Of(t.LR, Span{
		Updates: uint64(max(e.Updates(samples)/every-t.Warmup, 1)), Warmup: uint64(t.Warmup),
		PerEpoch: float64(e.batches(samples)) / float64(every),
	})
	if t.Warmup > 0 {
		s = optim.Join{
			{Steps: uint64(t.Warmup), Schedule: optim.Linear{Init: t.LR / float64(t.Warmup), End: t.LR, Steps: uint64(max(t.Warmup-1, 1))}},
			{Schedule: s},
		}
	}
	return s, row.Plateau, true
}

// LR returns the learning rate as a function of the batch, for so many samples to learn, but for
// what [Experiment.Plateau] lowers; nil where the experiment does not pass Check.
func (e *Experiment) LR(samples int) optim.Schedule {
	s, _, ok := learning{e}.learningRate(samples)
	if !ok {
		return nil
	}
	if e.Train.Accumulate > 1 {
		return slowed{s, uint64(e.Train.Accumulate)}
	}
	return s
}

// slowed is a schedule of which each step lasts for several.
type slowed struct {
	optim.Schedule
	every uint64
}

func (s slowed) At(step uint64) float64 { return s.Schedule.At(step / s.every) }

// Plateau returns what lowers the learning rate by the loss on the validation set, nil for nothing.
func (e *Experiment) Plateau() *optim.Plateau {
	_, p, _ := learning{e}.learningRate(1)
	return p
}

// ofTrain are the rules for what stands around the optimizer.
func (e checks) ofTrain() []rule {
	t := e.Train
	schedule, _, _ := Schedules.New(t.Schedule, t.ScheduleKeys)
	return []rule{
		unless(!schedule.Rises, "train.warmup", t.Warmup, t.Warmup == 0, "schedule does not begin below lr by itself"),
		{"train.clip_value", ">= 0", t.ClipValue, t.ClipValue >= 0},
		{"train.clip_norm", ">= 0", t.ClipNorm, t.ClipNorm >= 0},
		{"train.accumulate", ">= 0 batches", t.Accumulate, t.Accumulate >= 0},
		{"train.lookahead", ">= 0 updates", t.Lookahead, t.Lookahead >= 0},
		unless(t.Lookahead > 0, "train.lookahead_alpha", t.LookaheadAlpha, t.LookaheadAlpha == 0, "lookahead > 0"),
		{"train.lookahead_alpha", "in (0, 1]", t.LookaheadAlpha, t.LookaheadAlpha >= 0 && t.LookaheadAlpha <= 1},
		{"train.lr_neurons", ">= 0", t.LRNeurons, t.LRNeurons >= 0},
		unless(len(e.Model.Learn) > 0 || len(e.Layer) > 0, "train.lr_neurons", t.LRNeurons, t.LRNeurons == 0, "model.learn names something"),
	}
}
