package lanes

//go:generate go -C _gen run . -pkg lanes -out ../lanes_amd64.s -stubs ../stubs_amd64.go

// Factors are the elements of the propagator over an interval,
//
//	V <- Mem V + Kappa I,  I <- Syn I
type Factors struct{ Mem, Syn, Kappa float64 }

// Block is the number of neurons that [Run] and [RunBack] keep in registers.
const Block = 8

// Step is an interval and the input at its end, whose weights begin at the index Row.
type Step struct {
	Factors
	Row int
}

// Words returns the length of the mask of n elements.
func Words(n int) int { return (n + 63) / 64 }

// Advance sets v1, i1 to the states after an interval, from v, i, all of one length, and the bits
// in mask of the neurons that may have crossed the threshold q on the way: they are over it at the
// end, or V has a maximum on the way and the current could lift it so far.
//
//	v1_j = Mem v_j + Kappa i_j,  i1_j = Syn i_j
//	bit j = v1_j >= q or i_j > q and i1_j <= v1_j
//
// with equality, as both are 0 after an interval in which they underflow.
//
// mask has [Words] elements; bits without a neuron are 0.
func Advance(mask []uint64, v1, i1, v, i []float64, f Factors, q float64) {
	n := len(v)
	mask, v1, i1, i = mask[:Words(n)], v1[:n], i1[:n], i[:n]
	clear(mask)
	if n > 0 && !fastAdvance(mask, v1, i1, v, i, f, q) {
		advance(mask, v1, i1, v, i, f, q)
	}
}

// Retreat carries the adjoints a = dL/dV, b = dL/dI, of one length, from the end of an interval to
// its beginning:
//
//	b_j <- Kappa a_j + Syn b_j,  a_j <- Mem a_j
func Retreat(a, b []float64, f Factors) {
	b = b[:len(a)]
	if len(a) > 0 && !fastRetreat(a, b, f) {
		retreat(a, b, f)
	}
}

// Add adds x to y, which has the same length.
func Add(y, x []float64) {
	y = y[:len(x)]
	if len(x) > 0 && !fastAdd(y, x) {
		add(y, x)
	}
}

// Moved returns the derivative with respect to the time of an event that adds w to the currents,
//
//	sum_j w_j (b_j beta - a_j alpha)
//
// with the adjoints a, b of [Retreat], and alpha = 1/TauMem, beta = 1/TauSyn. There are eight
// partial sums: lane l sums the elements j = l mod 8 by rising j. Then lane l < 4 takes lane l + 4,
// l < 2 takes l + 2, and 0 takes 1.
func Moved(w, a, b []float64, alpha, beta float64) float64 {
	a, b = a[:len(w)], b[:len(w)]
	if len(w) > 0 {
		if sum, ok := fastMoved(w, a, b, alpha, beta); ok {
			return sum
		}
	}
	return moved(w, a, b, alpha, beta)
}

// Finite tells whether no element is infinite or NaN.
func Finite(x []float64) bool {
	if len(x) > 0 {
		if all, ok := fastFinite(x); ok {
			return all
		}
	}
	return finite(x)
}

// Run carries up to [Block] neurons from input to input, until some may cross the threshold as in
// [Advance]: it returns the number of steps before that, at the end of which v, i are the states,
// and the bits of these neurons. In a step
//
//	v_j <- Mem v_j + Kappa i_j,  i_j <- Syn i_j + w_(Row + j)
func Run(v, i []float64, steps []Step, w []float64, q float64) (done int, hits uint64) {
	i = i[:len(v)]
	if len(v) == 0 || len(steps) == 0 {
		return len(steps), 0
	}
	if done, hits, ok := fastRun(v, i, steps, w, q); ok {
		return done, hits
	}
	return run(v, i, steps, w, q)
}

// Climb carries up to [Block] neurons without a threshold from input to input as [Run] does, and
// keeps the largest V so far in best: where V is larger just before an input, it sets best to it,
// current to i there, and at to first and the number of the step. It stops where V may have a
// larger maximum within a step, because V' changes its sign from + to - and the current, which V
// cannot exceed at a maximum, is larger:
//
//	bit j = i_j > v_j and Syn i_j <= Mem v_j + Kappa i_j and i_j > best_j
func Climb(v, i, best, current []float64, at []int64, steps []Step, first int, w []float64) (done int, hits uint64) {
	n := len(v)
	i, best, current, at = i[:n], best[:n], current[:n], at[:n]
	if n == 0 || len(steps) == 0 {
		return len(steps), 0
	}
	if done, hits, ok := fastClimb(v, i, best, current, at, steps, first, w); ok {
		return done, hits
	}
	return climb(v, i, best, current, at, steps, first, w)
}

// RunBack undoes steps, from the last to the first, for the adjoints of up to [Block] neurons: it
// adds b to the gradients g of the weights, and the derivatives with respect to the times of the
// inputs to time, as [Moved] has them; each of the two may be nil. Then it does as [Retreat].
//
//	g_(Row + j) += b_j,  time_k += sum_j w_(Row + j) (b_j beta - a_j alpha)
//	b_j <- Kappa a_j + Syn b_j,  a_j <- Mem a_j
func RunBack(a, b []float64, steps []Step, w, g, time []float64, alpha, beta float64) {
	b = b[:len(a)]
	if len(a) > 0 && len(steps) > 0 && !fastRunBack(a, b, steps, w, g, time, alpha, beta) {
		runBack(a, b, steps, w, g, time, alpha, beta)
	}
}

// Cross finds the crossings of neurons with TauMem = 2 TauSyn from their states v, i: with a = v +
// i, and the decay m over the time to the crossing,
//
//	i m² - a m + q = 0,  d = a² - 4 i q,  r = sqrt(d)
//	e = (i - v + r) (a + r),  g = 4 i (q - v)
//	z_j = g / e = 1/mem_j - 1,  h = TauMem ln(1 + z_j)
//	mem_j = e / (e + g) = e^(-h/TauMem), as far as z_j has digits;
//	                               (a + r) / (2 i) has those of r alone
//
// The bit of j in hits is that it crosses, and before the decay now_j mem_j is down to last; that
// in unsure, that it has to be looked at on its own: d is within 1e-6 a² of grazing, where the root
// loses digits, or z is beyond 2^54. Without a crossing z_j and mem_j have no meaning. The masks
// have [Words] elements, the others one length.
//
// Source: the closed form of Göltz et al. 2021, doi:10.1038/s42256-021-00388-x, free of
// cancellation.
func Cross(hits, unsure []uint64, z, mem, v, i, now []float64, q, last float64) {
	n := len(v)
	hits, unsure, z, mem, i, now = hits[:Words(n)], unsure[:Words(n)], z[:n], mem[:n], i[:n], now[:n]
	clear(hits)
	clear(unsure)
	if n > 0 && !fastCross(hits, unsure, z, mem, v, i, now, q, last) {
		cross(hits, unsure, z, mem, v, i, now, q, last)
	}
}

// Log1p sets dst to ln(1 + x), with the bits of [fmath.Log1p], for 0 <= x < 2^54. dst and x have
// one length, and may be one slice.
func Log1p(dst, x []float64) {
	dst = dst[:len(x)]
	if len(x) > 0 && !fastLog1p(dst, x) {
		log1p(dst, x)
	}
}

// Expm1 sets dst to e^x - 1, with the bits of [fmath.Expm1], for -1/8 < x < 0; NaN stays NaN, and
// of other x it has no meaning. dst and x have one length, and may be one slice.
func Expm1(dst, x []float64) {
	dst = dst[:len(x)]
	if len(x) > 0 && !fastExpm1(dst, x) {
		expm1(dst, x)
	}
}
