package data

import (
	"fmt"
	"math"
	"math/bits"
)

// reach counts the events by the bits of a number that is theirs: a coordinate, or a channel. It
// tells a size that events need from one that a damaged event asks for.
type reach [33]int

func (r *reach) add(v int) { r[bits.Len32(uint32(v))]++ }

func (r *reach) merge(b *reach) {
	for i, n := range b {
		r[i] += n
	}
}

// most returns the power of 2 that all but one in a thousand numbers are below, or all but one.
func (r *reach) most() int64 {
	left := 0
	for _, n := range r {
		left += n
	}
	left = max(left/1000, 1)
	b := len(r) - 1
	for ; b > 0; b-- {
		if left -= r[b]; left < 0 {
			break
		}
	}
	return 1 << b
}

// smallSize is a size that few events may say: that of a sensor of 128 x 128 pixels.
const smallSize = 1 << 14

// stray tells whether a size is that of a few events that lie far from all others.
func stray(size, most int64) bool { return size > smallSize && size/4 > most }

// addTime counts an event by its time in µs.
func (r *reach) addTime(t float64) { r.add(int(min(t*1e6, math.MaxInt32))) }

// mostTime returns a time that all but one in a thousand events are before, or all but one, in s.
func (r *reach) mostTime() float64 { return float64(r.most()) / 1e6 }

// strayTime tells whether the end of samples is that of a few events that lie far behind all
// others: some samples are longer than others, but not that much.
func strayTime(end, most float64) bool { return end > 10 && end > 64*most }

// event finds the first event of a file beyond a size, after the filter, and returns an error that
// names it and what was expected.
func (s *EventFiles) event(path string, width, height int, expected string) error {
	rec, _, err := readRecording(path, eventOptions{sensor: s.Sensor, unit: s.Unit})
	if err != nil {
		return err
	}
	for i, e := range rec {
		if x, y := s.Filter.pixel(e); int(x) >= width || int(y) >= height {
			return fmt.Errorf("%s: %w: event %d: expected %s, found the pixel (%d, %d)", path, ErrFormat, i, expected, x, y)
		}
	}
	return fmt.Errorf("%s: %w: expected %s", path, ErrFormat, expected)
}
