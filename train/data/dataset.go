package data

import (
	"errors"
	"fmt"
)

// Errors of the package; what is returned wraps one of them.
var (
	// ErrIndex signifies an index outside of a data set, an epoch or a batch list.
	ErrIndex = errors.New("data: index out of range")
	// ErrShape signifies an array whose length does not fit the shape asked for.
	ErrShape = errors.New("data: shapes do not fit")
	// ErrSettings signifies a settings value outside of its documented range.
	ErrSettings = errors.New("data: invalid settings")
	// ErrFeature signifies a feature that an encoder cannot take, NaN among them.
	ErrFeature = errors.New("data: invalid feature")
	// ErrOutside signifies a spike outside of the time window [0, T).
	ErrOutside = errors.New("data: spike outside of the time window")
)

// Dataset is a list of samples with targets. Methods are called from several goroutines at once and
// must not change what others see.
//
// The simplest one has features and classes:
//
//	func (d Iris) Len() int        { return len(d) }
//	func (d Iris) Form() data.Form { return data.Form{Channels: 4, Target: data.Classes(3)} }
//	func (d Iris) Sample(s *data.Sample, i int) error {
//		copy(s.Features(4), d[i].features)
//		s.Label = d[i].class
//		return nil
//	}
type Dataset interface {
	// Len returns the number of samples.
	Len() int
	// Form returns what all samples have in common.
	Form() Form
	// Sample writes sample i into s: the input and the target that Form names, and nothing else. It
	// overwrites what an earlier call left, and reuses the memory of the slices in s. An i outside
	// of [0, Len) is an error (ErrIndex). It should not allocate.
	Sample(s *Sample, i int) error
}

// Form is what all samples of a data set have in common.
type Form struct {
	// Input is the kind of the input.
	Input Input
	// Channels is the number of features, of values in each step of a sequence, or of event
	// channels.
	Channels int
	// Steps is the length of the longest sequence; 0 for other inputs.
	Steps int
	// Duration is the end of the longest sample of events, in s: no event is at or after it. 0 for
	// other inputs.
	Duration float64
	// Target is the kind and size of the target.
	Target Target
	// Image is the size of images, [channels, height, width] in the order of Channels; of other
	// inputs 0. A [Digest] leaves it out.
	Image [3]int
}

// Input is the kind of the input of a sample.
type Input int

// The kinds of input.
const (
	// Static are features without time, [Channels].
	Static Input = iota
	// Sequence are values in time steps, [Sample.Steps, Channels]. Samples may differ in length.
	Sequence
	// EventList are events with exact times, by rising time.
	EventList
)

// String returns the name of the kind.
func (k Input) String() string { return name(k, "features", "sequences", "events") }

// Target is the kind and the size of the target of a sample. The zero value is no target.
type Target struct {
	Kind TargetKind
	// Size is the number of classes, of components of a vector, of values in each step of a
	// sequence, or of channels of spikes.
	Size int
	// Names of the classes, [Size], where the data set has some; else nil.
	Names []string
}

// Classes returns the target of a classification with n classes.
func Classes(n int) Target { return Target{Kind: ClassTarget, Size: n} }

// TargetKind is what a network is to give for a sample.
type TargetKind int

// The kinds of target.
const (
	// NoTarget is for prediction.
	NoTarget TargetKind = iota
	// ClassTarget is one of Size classes, Sample.Label in [0, Size).
	ClassTarget
	// VectorTarget is Size numbers, Sample.Y [Size]; a single number has Size 1.
	VectorTarget
	// SequenceTarget is Size numbers for each step of a sequence, Sample.Y [Sample.Steps, Size].
	SequenceTarget
	// SpikeTarget are spike times of Size channels, Sample.Spikes by rising time.
	SpikeTarget
)

// String returns the name of the kind.
func (k TargetKind) String() string {
	return name(k, "none", "class", "vector", "sequence", "spikes")
}

func name[K ~int](k K, names ...string) string {
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("%T(%d)", k, int(k))
	}
	return names[k]
}

// Sample is one sample. The zero value is ready to be filled.
type Sample struct {
	X        []float64 // Static: [Channels]; Sequence: [Steps, Channels], row-major
	Steps    int       // length of a sequence
	Events   []Spike   // EventList: by rising time
	Duration float64   // EventList: s, end of the sample, no event is at or after it

	Label  int       // ClassTarget
	Y      []float64 // VectorTarget: [Size]; SequenceTarget: [Steps, Size]
	Spikes []Spike   // SpikeTarget: by rising time
}

// Features makes s a sample of n features and returns them, X, to be filled. A negative n counts
// as 0, which no form takes. Without a sample they are numbers of nobody.
func (s *Sample) Features(n int) []float64 {
	n = max(n, 0)
	if s == nil {
		return make([]float64, n)
	}
	s.X, s.Steps = resize(s.X, n), 0
	return s.X
}

// Sequence makes s a sequence of steps times channels values and returns them, X, to be filled.
// Negative sizes count as 0, which no form takes.
func (s *Sample) Sequence(steps, channels int) []float64 {
	steps, channels = max(steps, 0), max(channels, 0)
	if s == nil {
		return make([]float64, steps*channels)
	}
	s.X, s.Steps = resize(s.X, steps*channels), steps
	return s.X
}

// check returns an error (ErrShape, ErrIndex) where a sample is not of the form.
func (s *Sample) check(f Form) error {
	switch f.Input {
	case Static:
		if len(s.X) != f.Channels {
			return fmt.Errorf("%w: %d features, want %d", ErrShape, len(s.X), f.Channels)
		}
	case Sequence:
		if s.Steps <= 0 || len(s.X) != s.Steps*f.Channels {
			return fmt.Errorf("%w: a sequence of %d steps and %d channels with %d values", ErrShape, s.Steps, f.Channels, len(s.X))
		}
	case EventList:
		last := 0.0
		for i, e := range s.Events {
			if e.Channel < 0 || e.Channel >= f.Channels {
				return fmt.Errorf("%w: event %d is in channel %d of %d", ErrIndex, i, e.Channel, f.Channels)
			}
			if !(e.Time >= last && e.Time < s.Duration) {
				return fmt.Errorf("%w: event %d is at %g s, want from %g s (the one before) to less than %g s (the end)", ErrOutside, i, e.Time, last, s.Duration)
			}
			last = e.Time
		}
	}
	want := f.Target.Size
	switch f.Target.Kind {
	case ClassTarget:
		if s.Label < 0 || s.Label >= want {
			return fmt.Errorf("%w: label %d in a data set of %d classes", ErrIndex, s.Label, want)
		}
		return nil
	case SequenceTarget:
		want *= s.Steps
		fallthrough
	case VectorTarget:
		if len(s.Y) != want {
			return fmt.Errorf("%w: a target of %d numbers, want %d", ErrShape, len(s.Y), want)
		}
	case SpikeTarget:
		for i, e := range s.Spikes {
			if e.Channel < 0 || e.Channel >= want || !(e.Time >= 0) {
				return fmt.Errorf("%w: target spike %d in channel %d at %g s, want one of %d channels and >= 0 s", ErrIndex, i, e.Channel, e.Time, want)
			}
		}
		return checkOnce(s.Spikes)
	}
	return nil
}

// checkOnce returns an error (ErrIndex) where target spikes do not rise in time, or a channel has
// two at one time, which no neuron can fire.
func checkOnce(spikes []Spike) error {
	for i, e := range spikes {
		if i > 0 && e.Time < spikes[i-1].Time {
			return fmt.Errorf("%w: target spike %d is at %g s, after one at %g s: want rising times", ErrIndex, i, e.Time, spikes[i-1].Time)
		}
		for k := i - 1; k >= 0 && spikes[k].Time == e.Time; k-- {
			if spikes[k].Channel == e.Channel {
				return fmt.Errorf("%w: target spikes %d and %d are both in channel %d at %g s", ErrIndex, k, i, e.Channel, e.Time)
			}
		}
	}
	return nil
}

// checkTarget returns an error (ErrOutside) where spikes of the target are behind the end of the
// sample, in s, where no output is.
func (s *Sample) checkTarget(f Form, end float64) error {
	if f.Target.Kind != SpikeTarget {
		return nil
	}
	for i, e := range s.Spikes {
		if e.Time >= end*(1+1e-12) {
			return fmt.Errorf("%w: target spike %d is at %g s, the sample ends at %g s", ErrOutside, i, e.Time, end)
		}
	}
	return nil
}

// checkSample is the check of arguments of Dataset.Sample.
func checkSample(d Dataset, s *Sample, i int) error {
	if s == nil {
		return fmt.Errorf("%w: no sample to fill", ErrSettings)
	}
	return checkIndex(d, i)
}

// checkIndex is the check of arguments that every Sample begins with.
func checkIndex(d Dataset, i int) error {
	if i < 0 || i >= d.Len() {
		return fmt.Errorf("%w: sample %d of a data set of %d", ErrIndex, i, d.Len())
	}
	return nil
}

// view is a data set made of some samples of another.
type view struct {
	Dataset
	index []int
}

func (v *view) Len() int { return len(v.index) }

func (v *view) Sample(s *Sample, i int) error {
	if err := checkSample(v, s, i); err != nil {
		return err
	}
	return v.Dataset.Sample(s, v.index[i])
}

// Subset returns the view of d whose sample i is sample index[i] of d. Samples may
// occur more than once. The view keeps its own copy of index. An index outside of d
// is an error (ErrIndex).
func Subset(d Dataset, index []int) (Dataset, error) {
	if d == nil {
		return nil, fmt.Errorf("%w: a subset of no data set", ErrSettings)
	}
	for k, i := range index {
		if i < 0 || i >= d.Len() {
			return nil, fmt.Errorf("%w: index[%d] is sample %d of a data set of %d", ErrIndex, k, i, d.Len())
		}
	}
	return &view{d, append([]int(nil), index...)}, nil
}

// Split returns disjoint random views of d with the given sizes, for example
// Split(d, seed, 55000, 5000) for training and validation. Samples that the sizes
// leave over are in no view. The choice is a pure function of (seed, d.Len()), and
// the first views do not depend on the sizes of the later ones. Sizes that are
// negative or add up to more than d.Len() are an error (ErrSettings).
func Split(d Dataset, seed uint64, sizes ...int) ([]Dataset, error) {
	if d == nil {
		return nil, fmt.Errorf("%w: a split of no data set", ErrSettings)
	}
	n, left := d.Len(), d.Len()
	for k, size := range sizes {
		if size < 0 || size > left {
			return nil, fmt.Errorf("%w: part %d of the split has size %d, and %d of %d samples are left", ErrSettings, k, size, left, n)
		}
		left -= size
	}
	p := newPermutation(seed, "data/split", 0, n)
	parts := make([]Dataset, len(sizes))
	first := 0
	for k, size := range sizes {
		index := make([]int, size)
		for i := range index {
			index[i] = p.at(first + i)
		}
		first += size
		parts[k] = &view{d, index}
	}
	return parts, nil
}
