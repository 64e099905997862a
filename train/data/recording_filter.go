package data

import (
	"fmt"
	"math"
	"slices"
)

// EventFilter is what is done with the events of a recording, in this order. The names and the
// rules are those of tonic (https://tonic.readthedocs.io), so that a pipeline can be taken over.
// The zero value changes nothing.
type EventFilter struct {
	// TimeFactor multiplies the times; 0 means 1.
	TimeFactor float64
	// SpatialFactor multiplies the coordinates of pixels, which are rounded down: Downsample. 0
	// means 1, at most 1.
	SpatialFactor float64
	// FilterTime leaves out events without a neighbour: Denoise. An event stays where one of the
	// four pixels beside its own had an event less than FilterTime before it, in s. (As in tonic, a
	// pixel without any event counts as one that had one at time 0.) 0: all stay.
	FilterTime float64
	// Refractory leaves out events that do not follow the one before in the same pixel, of any
	// polarity and kept or not, by more than this time in s: RefractoryPeriod. (As in tonic, an
	// event at time 0 is left out.) 0: all stay.
	Refractory float64
	// MergePolarities makes one channel of the two polarities of a pixel.
	MergePolarities bool
	// MaxTime leaves out events from this time on, in s: CropTime. 0: all stay.
	MaxTime float64
}

func readEventFilter(p *Params) EventFilter {
	f := EventFilter{
		TimeFactor:      p.Float("time_factor", 1, "times are multiplied with it"),
		SpatialFactor:   p.Float("spatial_factor", 1, "coordinates of pixels are multiplied with it and rounded down (Downsample)"),
		FilterTime:      p.Float("filter_time", 0, "s; events without one of a neighbour so long before are left out (Denoise)"),
		Refractory:      p.Float("refractory", 0, "s; events that follow one of the same pixel sooner are left out (RefractoryPeriod)"),
		MergePolarities: p.Bool("merge_polarities", false, "both polarities of a pixel are one channel"),
		MaxTime:         p.Float("max_time", 0, "s; events from there on are left out (CropTime)"),
	}
	p.Want("time_factor", f.TimeFactor > 0, "> 0")
	p.Want("spatial_factor", f.SpatialFactor > 0 && f.SpatialFactor <= 1, "0 < spatial_factor <= 1")
	p.Want("filter_time", f.FilterTime >= 0, ">= 0 s")
	p.Want("refractory", f.Refractory >= 0, ">= 0 s")
	p.Want("max_time", f.MaxTime >= 0, ">= 0 s")
	return f
}

// apply filters a recording in place. Times must rise; origin "first" makes the first one 0.
func (f EventFilter) apply(rec recording, origin string) (recording, error) {
	if len(rec) == 0 {
		return rec, nil
	}
	first := int64(0)
	if origin == "first" {
		first = rec[0].t
		for _, e := range rec {
			first = min(first, e.t)
		}
	}
	// Sensors deliver events of one time in any order, and files of several of them somewhat mixed.
	slices.SortStableFunc(rec, func(a, b pixelEvent) int {
		switch {
		case a.t < b.t:
			return -1
		case a.t > b.t:
			return 1
		}
		return 0
	})
	if rec[0].t < first || rec[0].t-first < 0 {
		return nil, fmt.Errorf("%w: an event at %d µs, want >= 0; origin = \"first\" lets each recording begin with its first event", ErrFormat, rec[0].t)
	}
	timeFactor := factor(f.TimeFactor)
	for i := range rec {
		e := &rec[i]
		e.t = int64(math.Floor(float64(e.t-first) * timeFactor))
		e.x, e.y = f.pixel(*e)
		if f.MergePolarities {
			e.p = 0
		}
	}
	if f.FilterTime > 0 {
		rec = rec.denoise(f.FilterTime * 1e6)
	}
	if f.Refractory > 0 {
		rec = rec.refractory(f.Refractory * 1e6)
	}
	if f.MaxTime > 0 {
		end := slices.IndexFunc(rec, func(e pixelEvent) bool { return float64(e.t) >= f.MaxTime*1e6 })
		if end >= 0 {
			rec = rec[:end]
		}
	}
	return rec, nil
}

func factor(f float64) float64 {
	if f == 0 {
		return 1
	}
	return f
}

// pixel returns that of an event after SpatialFactor.
func (f EventFilter) pixel(e pixelEvent) (x, y int32) {
	space := factor(f.SpatialFactor)
	return int32(math.Floor(float64(e.x) * space)), int32(math.Floor(float64(e.y) * space))
}

// perPixel tells whether the filter keeps something for each pixel.
func (f EventFilter) perPixel() bool { return f.FilterTime > 0 || f.Refractory > 0 }

// size returns the width and height that hold all events.
func (rec recording) size() (width, height int) {
	for _, e := range rec {
		width, height = max(width, int(e.x)+1), max(height, int(e.y)+1)
	}
	return width, height
}

// denoise leaves out events without a neighbour within so many µs.
func (rec recording) denoise(filterTime float64) recording {
	width, height := rec.size()
	// until is the time up to which an event of a pixel counts for its neighbours.
	until := slices.Repeat([]float64{filterTime}, width*height)
	kept := rec[:0]
	for _, e := range rec {
		x, y, t := int(e.x), int(e.y), float64(e.t)
		until[x*height+y] = t + filterTime
		if x > 0 && until[(x-1)*height+y] > t || x < width-1 && until[(x+1)*height+y] > t ||
			y > 0 && until[x*height+y-1] > t || y < height-1 && until[x*height+y+1] > t {
			kept = append(kept, e)
		}
	}
	return kept
}

// refractory leaves out events that do not follow the one before in the same pixel by more than so
// many µs.
func (rec recording) refractory(period float64) recording {
	width, height := rec.size()
	last := slices.Repeat([]float64{-period}, width*height)
	kept := rec[:0]
	for _, e := range rec {
		at := int(e.x)*height + int(e.y)
		if float64(e.t)-last[at] > period {
			kept = append(kept, e)
		}
		last[at] = float64(e.t)
	}
	return kept
}
