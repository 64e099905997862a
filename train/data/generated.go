package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"unsafe"

	"github.com/surge-snn/surge/internal/random"
)

// Friedman is a regression: a smooth function of five features with normal noise,
//
//	y = (10 sin(π x1 x2) + 20 (x3 - 1/2)² + 10 x4 + 5 x5 + Noise n) / 30
//
// of features that are uniform in [0, 1), of which those beyond the fifth say nothing. The division
// is ours: the target, a data.VectorTarget of one number, is in [0, 1] without noise. Friedman
// 1991, doi:10.1214/aos/1176347963.
type Friedman struct {
	Train, Valid, Test int     // samples
	Features           int     // >= 5
	Noise              float64 // standard deviation, before the division
}

func newFriedman(p *Params) Source {
	s := Friedman{Features: p.Int("features", 5, "of each sample; those beyond the fifth say nothing"), Noise: p.Float("noise", 0, "standard deviation, of targets times 30")}
	s.Train, s.Valid, s.Test = readSizes(p, 1000, 250, 250)
	p.Want("features", s.Features >= 5, ">= 5")
	p.Want("noise", s.Noise >= 0, ">= 0")
	return s
}

// readSizes reads the numbers of samples of a set that is generated.
func readSizes(p *Params, train, valid, test int) (int, int, int) {
	a, b, c := p.Int("train", train, "samples to learn"), p.Int("valid", valid, "samples that choose the epoch"), p.Int("test", test, "samples of the test set")
	p.Want("train", a > 0, "> 0")
	p.Want("valid", b > 0, "> 0")
	p.Want("test", c > 0, "> 0")
	return a, b, c
}

// Form is that of features with one number.
func (s Friedman) Form() Form {
	return Form{Channels: s.Features, Target: Target{Kind: VectorTarget, Size: 1}}
}

// Need counts the features and the target.
func (s Friedman) Need() (samples [3]int, bytes float64) {
	return [3]int{s.Train, s.Valid, s.Test}, sampleBytes + float64(8*(float64(s.Features)+1))
}

// Load makes the parts: the same samples for every run.
func (s Friedman) Load() (Parts, error) {
	if s.Features < 5 {
		return Parts{}, fmt.Errorf("%w: Friedman.Features is %d, want >= 5", ErrSettings, s.Features)
	}
	return generate("friedman", s.Form(), [3]int{s.Train, s.Valid, s.Test}, func(x *Sample, rng *rand.Rand) {
		f := x.Features(s.Features)
		for j := range f {
			f[j] = rng.Float64()
		}
		y := float64(10*sinPi(float64(f[0]*f[1]))) + float64(20*(f[2]-0.5)*(f[2]-0.5)) + float64(10*f[3]) + float64(5*f[4])
		if s.Noise > 0 {
			y += float64(s.Noise * random.Normal(rng))
		}
		x.Y = []float64{y / 30}
	})
}

// sinPi returns sin(πx) for x in [0, 1], rounded alike on all processors.
func sinPi(x float64) float64 {
	q := float64(math.Pi*math.Pi) * (x - 0.5) * (x - 0.5) // cos(π(x - 1/2)) by its series
	y := 1.0
	for i := 22.0; i > 0; i -= 2 {
		y = 1 - float64(q*y)/(i*(i-1))
	}
	return y
}

// Lowpass is a task of sequence to sequence: an input that stays at a number u, uniform in [0, 1),
// for Hold steps, and as the target in each step its low-pass of first order,
//
//	y[t] = y[t-1] + (u[t] - y[t-1])/Tau
//
// from y = 1/2 on.
type Lowpass struct {
	Train, Valid, Test int     // sequences
	Steps, Hold        int     // of each, and of each number
	Tau                float64 // steps, >= 1
}

func newLowpass(p *Params) Source {
	s := Lowpass{Steps: p.Int("length", 60, "steps of each sequence"), Hold: p.Int("every", 12, "steps after which the input changes"), Tau: p.Float("tau", 6, "steps, of the filter")}
	s.Train, s.Valid, s.Test = readSizes(p, 200, 50, 50)
	p.Want("length", s.Steps > 0, "> 0")
	p.Want("every", s.Hold > 0, "> 0")
	p.Want("tau", s.Tau >= 1, ">= 1 step")
	return s
}

// Form is that of sequences of one channel with a number for each step.
func (s Lowpass) Form() Form {
	return Form{Input: Sequence, Channels: 1, Steps: s.Steps, Target: Target{Kind: SequenceTarget, Size: 1}}
}

// Need counts the input and the target of each step.
func (s Lowpass) Need() (samples [3]int, bytes float64) {
	return [3]int{s.Train, s.Valid, s.Test}, sampleBytes + float64(16*float64(s.Steps))
}

// Load makes the parts: the same sequences for every run.
func (s Lowpass) Load() (Parts, error) {
	if s.Steps <= 0 || s.Hold <= 0 || !(s.Tau >= 1) {
		return Parts{}, fmt.Errorf("%w: Lowpass of %d steps that hold %d, Tau %g, want > 0, > 0 and >= 1", ErrSettings, s.Steps, s.Hold, s.Tau)
	}
	return generate("lowpass", s.Form(), [3]int{s.Train, s.Valid, s.Test}, func(x *Sample, rng *rand.Rand) {
		in := x.Sequence(s.Steps, 1)
		x.Y = make([]float64, s.Steps)
		y, u := 0.5, 0.0
		for t := range in {
			if t%s.Hold == 0 {
				u = rng.Float64()
			}
			y += (u - y) / s.Tau
			in[t], x.Y[t] = u, y
		}
	})
}

// Patterns is a task of spike times: Kinds patterns of one input spike of each channel at a random
// time in the first half of Duration, for each of which an output channel is to spike at a random
// time of its own in the second half. Samples are patterns whose spikes are moved by normal jitter.
// After the tasks of Bohte et al. 2002, doi:10.1016/S0925-2312(01)00658-0.
type Patterns struct {
	Train, Valid, Test int     // samples
	Kinds              int     // patterns
	Channels, Outputs  int     // of inputs and of targets
	Duration, Jitter   float64 // s
}

func newPatterns(p *Params) Source {
	s := Patterns{
		Kinds: p.Int("patterns", 4, "that occur"), Channels: p.Int("channels", 20, "of the input"), Outputs: p.Int("outputs", 3, "of the target, with a spike each"),
		Duration: p.Float("duration", 40e-3, "s"), Jitter: p.Float("jitter", 0.2e-3, "s, standard deviation of the times of input spikes"),
	}
	s.Train, s.Valid, s.Test = readSizes(p, 200, 50, 50)
	p.Want("patterns", s.Kinds > 0, "> 0")
	p.Want("channels", s.Channels > 0, "> 0")
	p.Want("outputs", s.Outputs > 0, "> 0")
	p.Want("duration", s.Duration > 0, "> 0 s")
	p.Want("jitter", s.Jitter >= 0, ">= 0 s")
	return s
}

// Form is that of events with spike times.
func (s Patterns) Form() Form {
	return Form{Input: EventList, Channels: s.Channels, Duration: s.Duration, Target: Target{Kind: SpikeTarget, Size: s.Outputs}}
}

// Need counts the spikes of input and target.
func (s Patterns) Need() (samples [3]int, bytes float64) {
	return [3]int{s.Train, s.Valid, s.Test}, sampleBytes + float64(spikeBytes*(float64(s.Channels)+float64(s.Outputs)))
}

// Load makes the parts: the same samples for every run.
func (s Patterns) Load() (Parts, error) {
	if s.Kinds <= 0 || s.Channels <= 0 || s.Outputs <= 0 || !(s.Duration > 0) || !(s.Jitter >= 0) {
		return Parts{}, fmt.Errorf("%w: Patterns of %d kinds, %d channels, %d outputs, %g s with jitter %g s, want numbers > 0 and a jitter >= 0",
			ErrSettings, s.Kinds, s.Channels, s.Outputs, s.Duration, s.Jitter)
	}
	rng := random.New(generated, "data/patterns")
	type pattern struct{ in, out []float64 }
	all := make([]pattern, s.Kinds)
	for k := range all {
		for range s.Channels {
			all[k].in = append(all[k].in, rng.Float64()*s.Duration/2)
		}
		for range s.Outputs {
			all[k].out = append(all[k].out, (0.5+float64(0.4*rng.Float64()))*s.Duration)
		}
	}
	return generate("patterns", s.Form(), [3]int{s.Train, s.Valid, s.Test}, func(x *Sample, rng *rand.Rand) {
		k := all[rng.IntN(s.Kinds)]
		x.Duration = s.Duration
		for c, t := range k.in {
			t += float64(s.Jitter * random.Normal(rng))
			x.Events = append(x.Events, Spike{Time: min(max(t, 0), s.Duration*(1-1e-9)), Channel: c})
		}
		for c, t := range k.out {
			x.Spikes = append(x.Spikes, Spike{Time: t, Channel: c})
		}
		sortSpikes(x.Events)
		sortSpikes(x.Spikes)
	})
}

// What a sample takes besides its numbers and spikes, and a spike.
const (
	sampleBytes = float64(unsafe.Sizeof(Sample{}))
	spikeBytes  = float64(unsafe.Sizeof(Spike{}))
)

// generated is the seed of sets that are made here: the same ones for every run.
const generated = 42

// generate draws the samples of three parts, each from a source of its own.
func generate(name string, form Form, sizes [3]int, draw func(x *Sample, rng *rand.Rand)) (p Parts, err error) {
	if min(sizes[0], sizes[1], sizes[2]) < 0 {
		return p, fmt.Errorf("%w: %s of %d samples, want numbers >= 0", ErrSettings, name, sizes)
	}
	for k, dst := range []*Dataset{&p.Train, &p.Valid, &p.Test} {
		rng := random.New(generated, fmt.Sprintf("data/%s/%s", name, partNames[k]))
		set := &inMemory{form: form, samples: make([]Sample, sizes[k])}
		for i := range set.samples {
			draw(&set.samples[i], rng)
		}
		*dst = set
	}
	return p, nil
}

// inMemory is a data set in memory.
type inMemory struct {
	form    Form
	samples []Sample
}

func (d *inMemory) Len() int   { return len(d.samples) }
func (d *inMemory) Form() Form { return d.form }

func (d *inMemory) Sample(s *Sample, i int) error {
	if err := checkSample(d, s, i); err != nil {
		return err
	}
	from := &d.samples[i]
	s.Steps, s.Duration, s.Label = from.Steps, from.Duration, from.Label
	s.X, s.Y = append(s.X[:0], from.X...), append(s.Y[:0], from.Y...)
	s.Events, s.Spikes = append(s.Events[:0], from.Events...), append(s.Spikes[:0], from.Spikes...)
	return nil
}
