package data

import (
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// eventLists are the events of samples, one list after the other.
type eventLists struct {
	n       int                 // events
	time    func(i int) float64 // in a unit
	per     float64             // of the unit, in a second: 1000 for ms
	channel func(i int) int
	offsets []int   // [S+1]
	order   []int32 // of the events, where they are not by sample; else nil
}

// event returns event k in the order of the samples, its time in the unit of the list.
func (l *eventLists) event(k int) Spike {
	if l.order != nil {
		k = int(l.order[k])
	}
	return Spike{l.time(k), l.channel(k)}
}

// append appends the events of sample i, from the first one on where first is true.
func (l *eventLists) append(dst []Spike, i int, first bool) []Spike {
	origin := 0.0
	for k := l.offsets[i]; k < l.offsets[i+1]; k++ {
		e := l.event(k)
		if k == l.offsets[i] && first { // before it is divided, so that nothing is rounded twice
			origin = e.Time
		}
		dst = append(dst, Spike{(e.Time - origin) / l.per, e.Channel})
	}
	return dst
}

// perSecond are the inverses, which are exact: t / 1000 is the decimal fraction that t ms means, t
// times 1e-3 is not.
var perSecond = map[string]float64{"s": 1, "ms": 1e3, "us": 1e6}

// endOf returns the end of a sample whose last event is at t: the next microsecond, or, where a
// float64 does not tell them apart, the next number.
func endOf(t float64) float64 {
	return max(math.Floor(float64(t*1e6)+1.001)/1e6, math.Nextafter(t, math.Inf(1)))
}

// events takes lists of events.
func (a arrays) events(r *recorded, s NPZ) error {
	l, err := a.lists("times", "channels", "offsets", "samples", s.Unit)
	if err != nil {
		return err
	}
	return l.record(r, s, a.bad)
}

// record makes the lists the input of samples.
func (l *eventLists) record(r *recorded, s NPZ, bad func(name, format string, args ...any) error) error {
	duration, channels, first := s.Duration, s.Channels, s.Origin == "first"
	r.n = len(l.offsets) - 1
	r.form = Form{Input: EventList, Channels: channels, Duration: duration}
	ends := make([]float64, r.n)
	var events []Spike
	var all, late reach
	for i := range r.n {
		events = l.append(events[:0], i, first)
		last := 0.0
		for k, e := range events {
			t, c := e.Time, e.Channel
			if !(t >= 0) || math.IsInf(t, 1) {
				return bad("times", "times >= 0 s, found %g s for event %d of sample %d; origin = \"first\" lets each sample begin with its first event", t, k, i)
			}
			if t < last {
				return bad("times", "rising times in each sample, found %g s after %g s in sample %d", t, last, i)
			}
			last = t
			if channels > 0 && c >= channels {
				return bad("channels", "channels below %d, found %d in sample %d", channels, c, i)
			}
			r.form.Channels = max(r.form.Channels, c+1)
			all.add(c)
			late.addTime(t)
		}
		ends[i] = duration
		if duration == 0 {
			ends[i] = endOf(last)
		} else if last >= duration {
			return bad("times", "events before %g s (duration), found one at %g s in sample %d", duration, last, i)
		}
		r.form.Duration = max(r.form.Duration, ends[i])
	}
	if most := late.mostTime(); duration == 0 && !s.untargeted && strayTime(r.form.Duration, most) {
		for i := range r.n {
			events = l.append(events[:0], i, first)
			for k, e := range events {
				if e.Time >= most {
					return bad("times", "times below %g s, where all but a few of the events are, or data.duration that says when samples end; found %g s for event %d of sample %d", most, e.Time, k, i)
				}
			}
		}
	}
	if most := all.most(); channels == 0 && !s.untargeted && stray(int64(r.form.Channels), most) {
		for k := range l.n {
			if c := l.channel(k); int64(c) >= most {
				return bad("channels", "channels below %d, where all but a few of the events are, or data.channels that says how many there are; found %d for event %d", most, c, k)
			}
		}
	}
	if r.form.Channels == 0 {
		return bad("times", "events, found none in %d samples", r.n)
	}
	r.input = func(s *Sample, i int) {
		s.Events, s.Duration = l.append(s.Events[:0], i, first), ends[i]
	}
	return nil
}

// spikes takes spike times as the target. Samples of events that are open last until their last
// event, of the target too.
func (a arrays) spikes(r *recorded, open bool) error {
	l, err := a.lists("y_times", "y_channels", "y_offsets", "", "s")
	if err != nil {
		return err
	}
	if n := len(l.offsets) - 1; n != r.n {
		return a.bad("y_offsets", "%d spike trains, one for each sample, found %d", r.n, n)
	}
	r.form.Target = Target{Kind: SpikeTarget}
	for k := range l.n {
		r.form.Target.Size = max(r.form.Target.Size, l.channel(k)+1)
	}
	r.target = func(s *Sample, i int) {
		s.Spikes = l.append(s.Spikes[:0], i, false)
		for _, e := range s.Spikes {
			if open {
				s.Duration = max(s.Duration, endOf(e.Time))
			}
		}
	}
	var s Sample
	for i := range r.n {
		r.target(&s, i)
		if err := s.check(Form{Target: r.form.Target}); err != nil {
			return a.bad("y_times", "spikes that a neuron can fire: found in sample %d: %v", i, err)
		}
	}
	if open {
		r.form.Duration = max(r.form.Duration, s.Duration)
	}
	return nil
}

// lists reads arrays of events.
func (a arrays) lists(times, channels, offsets, samples, unit string) (*eventLists, error) {
	t, c := a.get(times), a.get(channels)
	if c == nil {
		return nil, a.bad("", "%s beside %s; found %s", channels, times, a.names(a.path))
	}
	for _, p := range []*files.Packed{t, c} {
		if len(p.Shape) != 1 || p.DType == files.Text || p.Len() != t.Len() {
			return nil, a.bad(p.Name, "numbers of shape [E], one for each event of %s %v, found %s %v", times, t.Shape, p.DType, p.Shape)
		}
	}
	whole := !strings.HasPrefix(string(t.DType), "float")
	if unit == "" && whole {
		return nil, a.bad(times, "data.unit, one of s, ms, us, because times are whole numbers (%s)", t.DType)
	}
	if unit == "" {
		unit = "s"
	}
	for i := range c.Len() {
		if v, ok := c.Int(i); !ok || v < 0 || v >= math.MaxInt32 {
			return nil, a.bad(channels, "whole numbers >= 0, found %v for event %d", c.Float(i), i)
		}
	}
	l := &eventLists{
		n:       t.Len(),
		time:    t.Float,
		per:     perSecond[unit],
		channel: func(i int) int { v, _ := c.Int(i); return int(v) },
	}
	return l, a.divide(l, offsets, samples)
}

// divide finds the events of each sample.
func (a arrays) divide(l *eventLists, offsets, samples string) error {
	n := l.n
	if o := a.get(offsets); o != nil {
		if len(o.Shape) != 1 || o.DType == files.Text || o.Len() < 2 {
			return a.bad(offsets, "whole numbers of shape [S+1], found %s %v", o.DType, o.Shape)
		}
		for i := range o.Len() {
			v, ok := o.Int(i)
			if !ok || v < 0 || v > int64(n) || i > 0 && int(v) < l.offsets[i-1] {
				return a.bad(offsets, "rising whole numbers from 0 to %d, the number of events, found %v at %d", n, o.Float(i), i)
			}
			l.offsets = append(l.offsets, int(v))
		}
		if first, last := l.offsets[0], l.offsets[o.Len()-1]; first != 0 || last != n {
			return a.bad(offsets, "0 first and %d, the number of events, last, found %d and %d", n, first, last)
		}
		return nil
	}
	p := a.get(samples)
	if p == nil {
		return a.bad("", "%s or samples beside the times of events; found %s", offsets, a.names(a.path))
	}
	number, err := a.small(samples, n)
	if err != nil {
		return err
	}
	count := 0
	for i, v := range number {
		if v < 0 || int(v) > count+maxGap {
			return a.bad(samples, "the numbers of samples from 0, found %d for event %d", v, i)
		}
		count = max(count, int(v)+1)
	}
	l.offsets = make([]int, count+1)
	for _, v := range number {
		l.offsets[v+1]++
	}
	for i := range count {
		l.offsets[i+1] += l.offsets[i]
	}
	if slices.IsSorted(number) {
		return nil
	}
	// Events of different samples are mixed: sort them by sample, in the order in which they stand.
	l.order = make([]int32, n)
	next := slices.Clone(l.offsets)
	for i, v := range number {
		l.order[next[v]] = int32(i)
		next[v]++
	}
	return nil
}

// maxGap bounds the number of samples without events in a row: beyond it the numbers are no numbers
// of samples.
const maxGap = 1 << 20
