package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// EventShift moves all events of a sample along the channels and in time,
//
//	channel' = channel + round(a),  a uniform in [-Channels, Channels]
//	t'       = t + b,               b uniform in [-Time, Time]
//
// and leaves out what is no channel or not in [0, duration) then. It draws two numbers. For speech
// it is another voice and another beginning (Nowotny, Turner & Knight 2025,
// doi:10.1088/2634-4386/ada852).
type EventShift struct {
	Channels float64
	Time     float64 // s
}

// Augment moves the events.
func (e EventShift) Augment(s *Sample, f Form, rng *rand.Rand) error {
	if err := augmentable(s, rng); err != nil {
		return err
	}
	if f.Input != EventList || !(e.Channels >= 0) || !(e.Time >= 0) {
		return fmt.Errorf("%w: EventShift by %g channels and %g s of %v, want numbers >= 0 and events", ErrSettings, e.Channels, e.Time, f.Input)
	}
	s.Events = shifted(s.Events[:0], s.Events, int(math.Round(e.Channels*(2*rng.Float64()-1))), float64(e.Time*(2*rng.Float64()-1)), s.Duration, f.Channels)
	return nil
}

// shifted appends the events that are in the window after they were moved. dst may begin where
// events does.
func shifted(dst, events []Spike, channels int, time, duration float64, n int) []Spike {
	for _, v := range events {
		v.Channel, v.Time = v.Channel+channels, v.Time+time
		if v.Channel >= 0 && v.Channel < n && v.Time >= 0 && v.Time < duration {
			dst = append(dst, v)
		}
	}
	return dst
}

// Blend mixes a sample with another one of its class, which is moved so that both have their centre
// in the same channel and at the same time: each event of either stays with probability 1/2. A
// sample is mixed with probability P. (Nowotny, Turner & Knight 2025,
// doi:10.1088/2634-4386/ada852.)
type Blend struct {
	P       float64
	of      Dataset
	members [][]int32 // samples of each class
}

// NewBlend returns a Blend with the samples of a set, whose labels it reads.
//
// Errors: ErrSettings for samples that are no events of classes, and those of the set.
func NewBlend(of Dataset, p float64) (Blend, error) {
	b := Blend{P: p, of: of}
	if of == nil || !(p >= 0 && p <= 1) || of.Form().Input != EventList || of.Form().Target.Kind != ClassTarget {
		return b, fmt.Errorf("%w: Blend with probability %g, want one, and events of classes", ErrSettings, p)
	}
	b.members = make([][]int32, of.Form().Target.Size)
	label := labelOf(of)
	for i := range of.Len() {
		k, err := label(i)
		if err != nil {
			return b, err
		}
		b.members[k] = append(b.members[k], int32(i))
	}
	return b, nil
}

// labelOf returns what reads labels, without the events where that can be.
func labelOf(d Dataset) func(i int) (int, error) {
	if v, ok := d.(*view); ok {
		of := labelOf(v.Dataset)
		return func(i int) (int, error) { return of(v.index[i]) }
	}
	if l, ok := d.(*spoken); ok {
		return func(i int) (int, error) { return int(l.labels.codes[i]), nil }
	}
	var s Sample
	return func(i int) (int, error) {
		err := d.Sample(&s, i)
		return s.Label, err
	}
}

// centre returns the mean channel and time of events.
func centre(events []Spike) (channel, time float64) {
	for _, v := range events {
		channel += float64(v.Channel)
		time += v.Time
	}
	n := float64(max(len(events), 1))
	return channel / n, time / n
}

// Augment mixes the sample.
func (b Blend) Augment(s *Sample, f Form, rng *rand.Rand) error {
	if err := augmentable(s, rng); err != nil {
		return err
	}
	if b.of == nil || f.Input != EventList || s.Label < 0 || s.Label >= len(b.members) {
		return fmt.Errorf("%w: Blend of a sample of class %d of %v", ErrSettings, s.Label, f.Input)
	}
	mix, class := rng.Float64() < b.P, b.members[s.Label]
	if !mix || len(class) == 0 {
		return nil
	}
	var other Sample
	if err := b.of.Sample(&other, int(class[rng.IntN(len(class))])); err != nil {
		return err
	}
	if len(other.Events) == 0 || len(s.Events) == 0 {
		return nil
	}
	channel, time := centre(s.Events)
	otherChannel, otherTime := centre(other.Events)
	moved := shifted(other.Events[:0], other.Events, int(math.Round(channel-otherChannel)), time-otherTime, s.Duration, f.Channels)
	half := func(dst, events []Spike) []Spike {
		for _, v := range events {
			if rng.Float64() < 0.5 {
				dst = append(dst, v)
			}
		}
		return dst
	}
	s.Events = half(s.Events[:0], s.Events)
	s.Events = half(s.Events, moved)
	sortSpikes(s.Events)
	return nil
}
