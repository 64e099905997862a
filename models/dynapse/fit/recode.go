package fit

import (
	"context"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// Codes whose weights are nearest to those that are wanted are not those with which the network
// does most nearly what is wanted: an error of a weight that hardly ever acts costs nothing, and
// errors of two weights of a neuron can make up for each other. With forced spikes the neurons are
// independent of each other, and codes of all of them can be tried at once: where a neuron has few
// weights the two that leave least together take the best of their 256 pairs of codes, and
// otherwise one after the other the best of its 16. Then currents and base currents are fitted
// again.

const (
	recodeRounds = 4    // of codes and currents in turn, at most
	recodeMost   = 4000 // simulations of a round, beyond which nothing more is tried
	recodePairs  = 6    // of the weights of a neuron, up to which two codes are tried at once
	recodeGain   = 1e-3 // of the loss of a neuron, below which a code stays
)

// recoded goes on from a session s of the experiment set, whose weights are codes that are not
// given, to one with better ones, and stores them in q.
func (f *session) recoded(ctx context.Context, set Experiment, s *session, q *chip.Quantised) *session {
	best := s
	for range recodeRounds {
		before := s.evaluations
		codes, err := s.nearerCodes(ctx, s.best.x)
		f.evaluations += s.evaluations - before
		if err != nil || codes == nil {
			break
		}
		set.Space.Codes = codes
		p, err := set.compile()
		if err != nil {
			break
		}
		t := newSession(p, s.Settings)
		if err := t.offer(ctx, s.best.x); err != nil || t.best.x == nil {
			break
		}
		_ = forcedFit(ctx, t, t.best.x, 1, f.Seed)
		f.evaluations += t.evaluations
		if s = t; t.best.loss < best.best.loss {
			best, q.Rec = t, *codes
		}
	}
	return best
}

// nearerCodes returns codes of the recurrent weights with which the forced network at x leaves less
// of the recordings; nil where there are none.
func (f *session) nearerCodes(ctx context.Context, x []float64) (*chip.Codes, error) {
	n, types := f.Network.N, f.types()
	incoming := make([][]int, n) // weights of a neuron
	slots := 0
	for i, sign := range f.Codes.Sign {
		if j := i / types % n; sign != 0 {
			incoming[j] = append(incoming[j], i)
			slots = max(slots, len(incoming[j]))
		}
	}
	t := &recoding{session: f, x: x, fp: f.forced(1, 0), codes: *f.Codes, incoming: incoming, loss: slices.Repeat([]float64{math.Inf(1)}, n), left: recodeMost}
	t.codes.Code = slices.Clone(f.Codes.Code)
	if _, err := t.try(ctx, [][]int{nil}); err != nil { // as they are
		return nil, err
	}
	var pairs, singles [][]int
	for a := range slots {
		singles = append(singles, []int{a})
		for b := range a {
			pairs = append(pairs, []int{a, b})
		}
	}
	better := false
	for moved := true; moved && t.left > 0; better = better || moved {
		moved = false
		if len(pairs) > 0 && len(pairs) <= recodePairs {
			var err error
			if moved, err = t.try(ctx, pairs); err != nil {
				return nil, err
			}
			continue
		}
		for _, slot := range singles {
			some, err := t.try(ctx, [][]int{slot})
			if err != nil {
				return nil, err
			}
			moved = moved || some
		}
	}
	if !better {
		return nil, nil
	}
	return &t.codes, nil
}

// recoding is a search for codes at a point.
type recoding struct {
	*session
	x        []float64
	fp       *forced
	codes    chip.Codes
	incoming [][]int
	loss     []float64 // of each neuron
	left     int       // simulations
}

// try looks for codes of the weights in some slots of each neuron, of each set of slots by itself,
// and gives them those of the set with the least loss. It says whether one has changed.
func (t *recoding) try(ctx context.Context, sets [][]int) (moved bool, err error) {
	n := t.Network.N
	of, best := make([][]int, n), make([]int, n) // the set, and the number of its codes
	once := max(mostElements/t.elements(), 1)
	for _, slots := range sets {
		count := 1 << (chip.WeightBits * len(slots))
		for first := 0; first < count; first += once {
			part := min(once, count-first)
			rs := make([][]float64, part)
			for i := range rs {
				rs[i] = make([]float64, len(t.fp.samples))
			}
			net := t.with(slots, first, part)
			runs, err := t.runs(ctx, net)
			if err != nil {
				return false, err
			}
			t.fp.differences(rs, net, runs)
			t.evaluations += part
			t.left -= part
			for i, r := range rs {
				losses := make([]float64, n)
				for m, s := range t.fp.samples {
					losses[s.at%n] += float64(r[m] * r[m] / 2)
				}
				for j, loss := range losses {
					if loss < t.loss[j]*(1-recodeGain) {
						t.loss[j], of[j], best[j] = loss, slots, first+i
					}
				}
			}
		}
	}
	for j, slots := range of {
		moved = moved || len(slots) > 0
		t.set(t.codes.Code, j, slots, best[j])
	}
	return moved, nil
}

// set gives the weights in slots of neuron j the codes with a number.
func (t *recoding) set(codes []uint8, j int, slots []int, number int) {
	for _, slot := range slots {
		if slot < len(t.incoming[j]) {
			codes[t.incoming[j][slot]] = uint8(number % (1 << chip.WeightBits))
		}
		number >>= chip.WeightBits
	}
}

// with is the network with some numbers of codes in slots of all neurons as samples, from first on.
func (t *recoding) with(slots []int, first, count int) system {
	net := t.system(slices.Repeat([][]float64{t.x}, count)...)
	size := len(t.codes.Code)
	bases := t.bases(t.x)
	iscale := t.space.start[dynapse.Iscale] // which is not fitted: freeBases
	for i := range count {
		codes := slices.Clone(t.codes.Code)
		for j := range t.incoming {
			t.set(codes, j, slots, first+i)
		}
		for k, code := range codes {
			j, sum := k/t.types()%t.Network.N, 0.0
			for bit, iw := range bases {
				if code>>bit&1 != 0 {
					sum += iw[j]
				}
			}
			net.WRec[i*size+k] = float64(t.codes.Sign[k]) * sum / iscale[j]
		}
	}
	return net
}
