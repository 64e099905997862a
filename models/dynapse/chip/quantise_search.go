package chip

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// bases are the four numbers whose sums stand for magnitudes of weights.
type bases [WeightBits]float64

// level is one of the 16 sums.
type level struct {
	value float64
	code  uint8
}

// levels are the sums in ascending order, and of the codes where they are equal: a base of 0 is
// then in no code.
type levels [1 << WeightBits]level

func (b bases) levels() (l levels) {
	for code := range uint8(len(l)) {
		l[code] = level{BaseCurrents(b).sum(code), code}
	}
	// Insertion sort: nearly sorted, and small.
	for i := 1; i < len(l); i++ {
		x := l[i]
		j := i
		for ; j > 0 && (l[j-1].value > x.value || l[j-1].value == x.value && l[j-1].code > x.code); j-- {
			l[j] = l[j-1]
		}
		l[j] = x
	}
	return l
}

// boundary returns the largest number that goes to level i rather than to i+1.
func (l *levels) boundary(i int) float64 {
	return l[i].value + (l[i+1].value-l[i].value)/2
}

// nearest returns the level nearest to a, the lower one of two.
func (l *levels) nearest(a float64) level {
	i := sort.Search(len(l)-1, func(i int) bool { return a <= l.boundary(i) })
	return l[i]
}

// search looks for the bases of a list of magnitudes.
type search struct {
	a   []float64 // ascending, > 0
	sum []float64 // sum[i] = a[0] + ... + a[i-1]
}

// newSearch takes the list over.
func newSearch(magnitudes []float64) *search {
	slices.Sort(magnitudes)
	s := &search{a: magnitudes, sum: make([]float64, len(magnitudes)+1)}
	for i, x := range magnitudes {
		s.sum[i+1] = s.sum[i] + x
	}
	return s
}

// cells are what the magnitudes with each code have in common.
type cells [1 << WeightBits]struct{ n, sum float64 }

// assign gives each magnitude its nearest level. gain is how much smaller the sum of squared errors
// is than without bases:
//
//	gain = Σ_i a_i² - E = Σ_code (2·sum·level - n·level²)
func (s *search) assign(b bases) (c cells, gain float64) {
	l := b.levels()
	from := 0
	for i := range l {
		to := len(s.a)
		if i < len(l)-1 {
			// The first magnitude above the boundary.
			bound := l.boundary(i)
			to = from + sort.Search(len(s.a)-from, func(k int) bool { return s.a[from+k] > bound })
		}
		n, sum := float64(to-from), s.sum[to]-s.sum[from]
		c[l[i].code].n, c[l[i].code].sum = n, sum
		gain += float64(l[i].value * (2*sum - float64(n*l[i].value)))
		from = to
	}
	return c, gain
}

// fit returns the bases of the least squared error for given codes:
//
//	min_b Σ_code n·(mean - Σ_k bit_k·b_k)²,  b >= 0
//
// It tries the sets of bases that are not 0, all 15 where the largest one does not do; the best one
// that is not negative anywhere is the solution, as the problem is convex.
func (c *cells) fit() (best bases) {
	var g [WeightBits][WeightBits]float64 // number of magnitudes that have both bits
	var r bases
	for code := range c {
		for k := range WeightBits {
			if code>>k&1 == 0 {
				continue
			}
			r[k] += c[code].sum
			for j := range WeightBits {
				if code>>j&1 != 0 {
					g[k][j] += c[code].n
				}
			}
		}
	}
	most := 0.0
	for set := 1<<WeightBits - 1; set > 0; set-- {
		b, ok := solve(g, r, set)
		if !ok || slices.Min(b[:]) < 0 {
			continue
		}
		if set == 1<<WeightBits-1 {
			return b
		}
		if gain := dot(b, r); gain > most { // at a solution: gain = 2 r·b - b·G·b = r·b
			most, best = gain, b
		}
	}
	return best
}

func dot(a, b bases) (s float64) {
	for k, x := range a {
		s += float64(x * b[k])
	}
	return s
}

// solve solves G·b = r for the bases in set, by elimination; the others are 0. ok is false where
// that has no single solution.
func solve(g [WeightBits][WeightBits]float64, r bases, set int) (b bases, ok bool) {
	for k := range WeightBits {
		if set>>k&1 != 0 {
			continue
		}
		for j := range WeightBits {
			g[k][j], g[j][k] = 0, 0
		}
		g[k][k], r[k] = 1, 0
	}
	// G is symmetric and positive semidefinite: the pivots are the diagonal. Its elements are whole
	// numbers up to the number of weights, so that a pivot below 1e-9 is a 0 that was not met to
	// rounding.
	for k := range WeightBits {
		if g[k][k] < 1e-9 {
			return b, false
		}
		for i := k + 1; i < WeightBits; i++ {
			f := g[i][k] / g[k][k]
			for j := k; j < WeightBits; j++ {
				g[i][j] -= float64(f * g[k][j])
			}
			r[i] -= float64(f * r[k])
		}
	}
	for k := WeightBits - 1; k >= 0; k-- {
		x := r[k]
		for j := k + 1; j < WeightBits; j++ {
			x -= float64(g[k][j] * b[j])
		}
		b[k] = x / g[k][k]
	}
	return b, true
}

// rounds is the most rounds of one descent; it takes 5 to 30.
const rounds = 200

// descend fits codes and bases in turn until the error falls no more.
func (s *search) descend(b bases) (bases, float64) {
	c, gain := s.assign(b)
	for range rounds {
		next := c.fit()
		nextCells, nextGain := s.assign(next)
		if nextGain <= gain {
			break
		}
		b, c, gain = next, nextCells, nextGain
	}
	return b, gain
}

// run returns the best bases that it finds from the given number of starting points.
func (s *search) run(starts int, r *rand.Rand) bases {
	if len(s.a) == 0 {
		return bases{}
	}
	best, most := s.descend(s.first())
	for i := range starts {
		b := best
		if i < starts/2 {
			for k := range b {
				b[k] = s.guess(r)
			}
		} else {
			b = s.change(b, r)
		}
		if b, gain := s.descend(b); gain > most {
			best, most = b, gain
		}
	}
	slices.Sort(best[:])
	return best
}

// first returns the distinct magnitudes where there are four at most, which are met exactly, and
// else the binary numbers.
func (s *search) first() bases {
	var b bases
	distinct := slices.Compact(slices.Clone(s.a))
	if len(distinct) <= WeightBits {
		copy(b[:], distinct)
		return b
	}
	for k := range b {
		b[k] = distinct[len(distinct)-1] * float64(int(1)<<k) / (1<<WeightBits - 1)
	}
	return b
}

// guess returns a number that may be a base: a magnitude, or the difference of two.
func (s *search) guess(r *rand.Rand) float64 {
	x, y := s.a[r.IntN(len(s.a))], s.a[r.IntN(len(s.a))]
	if r.IntN(2) == 0 {
		return x
	}
	return math.Abs(x - y)
}

// change returns b with one or two bases replaced or scaled.
func (s *search) change(b bases, r *rand.Rand) bases {
	for range 1 + r.IntN(2) {
		k := r.IntN(WeightBits)
		if r.IntN(2) == 0 {
			b[k] = s.guess(r)
		} else {
			b[k] *= 0.5 + r.Float64()
		}
	}
	return b
}

// settable returns currents near the given ones that the bias generator makes: the nearest,
// improved one by one on its grid.
func (s *search) settable(currents BaseCurrents, iscale float64) (BaseCurrents, error) {
	const reach = 16 // steps on the grid; there are about 1500 over 6 decades
	var bias [WeightBits]Bias
	var codes [WeightBits]Code
	for k := range codes {
		name, err := DeviceParameter(baseNames[k])
		if err == nil {
			bias[k], err = BiasOf(name)
		}
		var nearest Setting
		if err == nil {
			nearest, err = bias[k].Lookup(currents[k])
		}
		if err != nil {
			return currents, err
		}
		codes[k], currents[k] = nearest.Code, nearest.Current
	}
	gain := func(currents BaseCurrents) float64 {
		var b bases
		for k, x := range currents {
			b[k] = x / iscale
		}
		_, gain := s.assign(b)
		return gain
	}
	for most, better := gain(currents), true; better; {
		better = false
		for k := range codes {
			neighbours, err := bias[k].Neighbours(codes[k], reach)
			if err != nil {
				return currents, err
			}
			for _, n := range neighbours {
				try := currents
				try[k] = n.Current
				if x := gain(try); x > most {
					most, better = x, true
					currents, codes[k] = try, n.Code
				}
			}
		}
	}
	slices.Sort(currents[:]) // the four parameters have the same grid
	return currents, nil
}
