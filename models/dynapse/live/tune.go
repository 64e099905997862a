package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Settings of [Tune]. The zero value is usable.
type Settings struct {
	// Fit are those of the fits between the rounds; codes are looked for whatever it says.
	Fit fit.Settings
	// Rounds is how often the chip is set and recorded, at most; 0 means 4.
	Rounds int
	// Record is called after every round; its error ends the fit.
	Record func(Round) error
}

// Round is what happened at a setting of the chip.
type Round struct {
	// Loss is that of the experiment for what the chip did; null where everything was lost, and of
	// the recordings that were seen where some were.
	Loss *float64 `json:"loss"`
	// Set are the currents that the chip was set to, by parameter, A, and Acts what acts in place
	// of them, as the model says of what the chip did; nil where it was not asked.
	Set  map[string]float64 `json:"set"`
	Acts map[string]float64 `json:"acts,omitempty"`
	// Lost says what was lost, and why.
	Lost []string `json:"lost,omitempty"`
}

// String says it in a line.
func (r Round) String() string {
	text := "nothing was seen"
	if r.Loss != nil {
		text = fmt.Sprintf("loss %.4g", *r.Loss)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Acts)) {
		text += fmt.Sprintf(", %s %.3g times what is set", name, r.Acts[name]/r.Set[name])
	}
	for _, l := range r.Lost {
		text += "; " + l
	}
	return text
}

// Tuned is a chip that was fitted in the loop.
type Tuned struct {
	Rounds []Round `json:"rounds"`
	Best   int     `json:"best"` // the round with the least loss, or -1
	// Device is the configuration of that round; nil if there is none.
	Device *chip.Device `json:"-"`
}

// Tune fits a chip in the loop, from the result of a fit of the experiment with codes: the chip is
// set to them, driven with the input of the recordings, and recorded; the model is fitted to what
// it did, and says which currents act in place of those that are set. By their ratio the next codes
// are chosen, so that what acts is what the experiment wants. The gradients are the model's, and
// the chip runs forward; what is kept is the round with the least loss of the chip.
//
// A recording that is lost ([ErrLost]) is missing in its round, and nothing else. Errors:
// [fit.ErrExperiment] for targets that are no recordings, those of fits, and that of ctx.
func Tune(ctx context.Context, c Chip, e fit.Experiment, res *fit.Result, s Settings) (*Tuned, error) {
	if err := given.Need("ctx", ctx, "a Chip", c, "a result", res); err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	if len(e.Recordings) == 0 || len(e.Curves)+len(e.Statistics)+len(e.Tasks) > 0 {
		return nil, fmt.Errorf("%w: a chip is fitted in the loop to recordings alone", fit.ErrExperiment)
	}
	if s.Rounds < 1 {
		s.Rounds = 4
	}
	s.Fit.Resume, s.Fit.Record, s.Fit.DAC, s.Fit.Infer, s.Fit.Mismatch = nil, nil, true, false, 0
	s.Fit.Method = fit.Auto
	t := &Tuned{Best: -1}
	shift := map[string]float64{}
	for i := range s.Rounds {
		d, err := res.Deploy(ctx, e, s.Fit.Seed)
		if err != nil {
			return t, err
		}
		round := Round{Set: set(res)}
		seen, complete := round.record(ctx, c, e, d.Device)
		if err := ctx.Err(); err != nil {
			return t, err
		}
		if len(seen) > 0 {
			loss, err := part(e, seen).Distance(seen)
			if err != nil {
				return t, err
			}
			round.Loss = &loss
			if t.Best < 0 || complete && loss < *t.Rounds[t.Best].Loss {
				t.Best, t.Device = i, d.Device
			}
		}
		last := i == s.Rounds-1 || len(seen) > 0 && *round.Loss == 0
		moved := false
		if !last && len(seen) > 0 {
			if round.Acts, err = acting(ctx, part(e, seen), seen, res, s.Fit); err != nil {
				return t, err
			}
			moved = corrected(shift, round)
		}
		t.Rounds = append(t.Rounds, round)
		if s.Record != nil {
			if err := s.Record(round); err != nil {
				return t, err
			}
		}
		if last {
			break
		}
		if len(seen) == 0 {
			continue // the same again
		}
		if !moved {
			break
		}
		next := e
		next.Space.Shift, next.Space.Network.Params = maps.Clone(shift), res.Network.Params
		f := s.Fit
		f.Starts = 1
		before := set(res)
		if res, err = fit.Run(ctx, next, f); err != nil {
			return t, err
		}
		if maps.Equal(set(res), before) {
			break
		}
	}
	return t, nil
}

// set returns the currents of the codes of a result, by parameter.
func set(res *fit.Result) map[string]float64 {
	list := map[string]float64{}
	for _, p := range res.Parameters {
		if len(p.Codes) > 0 {
			list[p.Name] = p.Codes[0].Current
		}
	}
	return list
}

// record sets the chip and records what it does: the recordings that are not lost, whose names are
// those of the experiment, and whether these are all.
func (r *Round) record(ctx context.Context, c Chip, e fit.Experiment, d *chip.Device) (seen []fit.Recording, complete bool) {
	complete = true
	lose := func(what string, err error) {
		r.Lost = append(r.Lost, fmt.Sprintf("%s: %v", what, err))
		complete = false
	}
	err := c.Set(ctx, d)
	if errors.Is(err, ErrLost) {
		err = c.Set(ctx, d) // a program that was started anew may be able to
	}
	if err != nil {
		lose("the configuration", err)
		return nil, false
	}
	for _, rec := range e.Recordings {
		one, err := record(ctx, c, e, rec)
		if err != nil {
			lose(rec.Name, err)
			continue
		}
		seen = append(seen, one)
	}
	return seen, complete
}

// record drives the chip with the input of a recording, and returns what was seen in its place.
func record(ctx context.Context, c Chip, e fit.Experiment, rec fit.Recording) (fit.Recording, error) {
	s := Stimulus{Dt: binOf(e.Space.Network), T: rec.T, B: rec.B, Counts: rec.Input, DC: rec.DC, Want: []fit.Quantity{fit.Spikes}}
	if rec.Channels != nil {
		s.Counts = rec.Channels
	}
	for q := range fit.Spikes {
		if rec.Use[q] {
			s.Want = append(s.Want, q)
		}
	}
	records, err := c.Record(ctx, s)
	if err != nil {
		return rec, err
	}
	size := rec.T * rec.B * e.Space.Network.N
	weight := slices.Clone(rec.Weight)
	if weight == nil {
		weight = slices.Repeat([]float64{1}, size)
	}
	rec.Target = [len(rec.Target)][]float64{}
	for _, q := range s.Want {
		x := records[q]
		if len(x) != size {
			return rec, fmt.Errorf("%w: %d samples of %v, want %d", ErrLost, len(x), q, size)
		}
		for i, v := range x {
			if v-v != 0 {
				weight[i] = 0
			}
		}
		rec.Target[q] = x
	}
	rec.Weight = weight
	return rec, nil
}

// part is the experiment with those of its recordings that were seen.
func part(e fit.Experiment, seen []fit.Recording) fit.Experiment {
	list := e.Recordings
	e.Recordings = nil
	for _, r := range list {
		if slices.ContainsFunc(seen, func(s fit.Recording) bool { return s.Name == r.Name }) {
			e.Recordings = append(e.Recordings, r)
		}
	}
	return e
}

// acting returns the currents with which the model does what the chip did, of those that it knows.
// Where the current that was thought to act is as good as any, it is kept.
func acting(ctx context.Context, e fit.Experiment, seen []fit.Recording, res *fit.Result, s fit.Settings) (map[string]float64, error) {
	e.Recordings, e.Space.Network.Params, e.Space.Shift = seen, res.Settable.Params, nil
	s.DAC, s.Starts = false, 2
	found, err := fit.Run(ctx, e, s)
	if errors.Is(err, fit.ErrExperiment) { // a chip that is silent, or says what cannot be
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := map[string]float64{}
	for _, p := range res.Parameters {
		if len(p.Codes) == 0 {
			continue
		}
		got := found.Parameter(p.Name)
		thought := acts(res, p)
		switch {
		case got.Verdict == fit.Unidentified:
		case got.Verdict == fit.SetOnly && got.Interval[0] <= thought && thought <= got.Interval[1]:
			list[p.Name] = thought
		default:
			list[p.Name] = got.Value
		}
	}
	return list, nil
}

// acts is the current of a parameter that is thought to act.
func acts(res *fit.Result, p fit.Parameter) float64 {
	if q, err := dynapse.ParseParam(p.Param); err == nil && len(p.Neurons) > 0 && len(res.Settable.Params[q]) > p.Neurons[0] {
		return res.Settable.Params[q][p.Neurons[0]]
	}
	return p.Codes[0].Current // a base current of weights, which is as it is set
}

// binOf is the time step of a network, s.
func binOf(n dynapse.Network) float64 {
	if dt := n.Params[dynapse.Dt]; len(dt) > 0 {
		return dt[0]
	}
	return dynapse.Dt.Default()
}

// corrected stores in shift by how much ln of what acts is above what is set, and says whether any
// of it has changed.
func corrected(shift map[string]float64, r Round) (moved bool) {
	for name, acts := range r.Acts {
		d := fmath.Log(acts / r.Set[name])
		moved = moved || math.Abs(d-shift[name]) > 1e-6
		shift[name] = d
	}
	return moved
}
