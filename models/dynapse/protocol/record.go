package protocol

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/live"
)

// row is what was recorded of a stimulus: of all neurons, [T, N].
type row struct {
	steps                   int
	input, dc, vmem, spikes []float64 // input weighted; dc factors of the reference
}

// record makes the recordings of a stage. What the chip does not give is lost, and named.
func (c *subject) record(ctx context.Context, on live.Chip, s Stage, rheobase []float64, note func(string)) (rows []row, lost []string, err error) {
	for _, x := range c.asked(s) {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		note(x.text)
		r, err := c.one(ctx, on, s, x, rheobase)
		switch {
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case err != nil:
			lost = append(lost, fmt.Sprintf("%s: %v", x.text, err))
		default:
			rows = append(rows, *r)
		}
	}
	return rows, lost, nil
}

// one makes a recording.
func (c *subject) one(ctx context.Context, on live.Chip, s Stage, x stimulus, rheobase []float64) (*row, error) {
	d, err := c.device(x.idc(rheobase), s >= AHP)
	if err != nil {
		return nil, err
	}
	net, _, err := d.Network() // the currents of the codes
	if err != nil {
		return nil, err
	}
	if err := on.Set(ctx, d); errors.Is(err, live.ErrLost) {
		err = on.Set(ctx, d) // a program that was started anew may be able to
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	counts := c.input(x)
	seen, err := on.Record(ctx, live.Stimulus{Dt: c.dt, T: x.steps, B: 1, Counts: counts, Want: []fit.Quantity{fit.Spikes, fit.Vmem}})
	if err != nil {
		return nil, err
	}
	r := &row{steps: x.steps, vmem: seen[fit.Vmem], spikes: seen[fit.Spikes]}
	if r.input, err = c.in.Drive(counts); err != nil {
		return nil, err
	}
	size := x.steps * c.n
	if len(r.spikes) != size && len(r.vmem) != size {
		return nil, fmt.Errorf("%w: neither spikes nor vmem", live.ErrLost)
	}
	for _, list := range []*[]float64{&r.vmem, &r.spikes} {
		if len(*list) != size {
			*list = make([]float64, size)
			for i := range *list {
				(*list)[i] = math.NaN()
			}
		}
	}
	for range x.steps {
		for j := range c.n {
			r.dc = append(r.dc, net.Params[dynapse.Idc][j]/c.reference(j))
		}
	}
	return r, nil
}

// rowsOf are the rows of a recording that is there already.
func (c *subject) rowsOf(r fit.Recording) (rows []row, err error) {
	size := r.T * r.B * c.n
	bad := func(what string, n int) error {
		return fmt.Errorf("%w: %s: %d samples of %s, want %d for %d steps, %d rows, %d neurons", ErrSubject, r.Name, n, what, size, r.T, r.B, c.n)
	}
	if r.T < 1 || r.B < 1 || r.T > mostBins/r.B/c.n {
		return nil, fmt.Errorf("%w: %s: %d steps of %d rows and %d neurons, want 1 to %d in all", ErrSubject, r.Name, r.T, r.B, c.n, mostBins)
	}
	for _, list := range []struct {
		name string
		x    []float64
		may  bool
	}{{"input", r.Input, false}, {"dc", r.DC, true}, {"vmem", r.Target[fit.Vmem], true}, {"spikes", r.Target[fit.Spikes], true}, {"weight", r.Weight, true}} {
		if len(list.x) != size && !(list.may && list.x == nil) {
			return nil, bad(list.name, len(list.x))
		}
	}
	if r.Target[fit.Vmem] == nil && r.Target[fit.Spikes] == nil {
		return nil, fmt.Errorf("%w: %s: neither vmem nor spikes", ErrSubject, r.Name)
	}
	for b := range r.B {
		x := row{steps: r.T}
		for t := range r.T {
			for j := range c.n {
				at := (t*r.B+b)*c.n + j
				sample := func(list []float64) float64 {
					if list == nil || r.Weight != nil && r.Weight[at] == 0 {
						return math.NaN()
					}
					return list[at]
				}
				factor := 1.0
				if r.DC != nil {
					factor = r.DC[at]
				}
				x.input, x.dc = append(x.input, r.Input[at]), append(x.dc, factor*c.wanted(j)/c.reference(j))
				x.vmem, x.spikes = append(x.vmem, sample(r.Target[fit.Vmem])), append(x.spikes, sample(r.Target[fit.Spikes]))
			}
		}
		rows = append(rows, x)
	}
	return rows, nil
}

// mostBins bounds the recordings of a stage, in samples.
const mostBins = 1 << 24

// recordings are rows as recordings, with factors of the constant current of the subject.
func (c *subject) recordings(rows []row, s Stage) (list []fit.Recording) {
	for _, group := range lengths(rows) {
		r := fit.Recording{Name: s.String(), T: group[0].steps, B: len(group)}
		for t := range r.T {
			for _, x := range group {
				for j := range c.n {
					at := t*c.n + j
					v, count := x.vmem[at], x.spikes[at]
					weight := whether(v == v || count == count)
					r.Input, r.DC, r.Weight = append(r.Input, x.input[at]), append(r.DC, x.dc[at]*c.reference(j)/c.wanted(j)), append(r.Weight, weight)
					r.Target[fit.Vmem], r.Target[fit.Spikes] = append(r.Target[fit.Vmem], v), append(r.Target[fit.Spikes], count)
				}
			}
		}
		r.Use[fit.Vmem], r.Use[fit.Spikes] = true, true
		list = append(list, r)
	}
	return list
}

// lengths groups rows of equal length.
func lengths(rows []row) (groups [][]row) {
	for _, x := range rows {
		i := slices.IndexFunc(groups, func(g []row) bool { return g[0].steps == x.steps })
		if i < 0 {
			groups, i = append(groups, nil), len(groups)
		}
		groups[i] = append(groups[i], x)
	}
	return groups
}
