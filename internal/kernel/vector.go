package kernel

import "math"

// Axpy adds a·x to y: y[i] += a·x[i], the product rounded first. x and y have one length.
func Axpy[T Float](a T, x, y []T) {
	y = y[:len(x)]
	if len(x) == 0 || fastAxpy(at(y), at(x), len(x), a) {
		return
	}
	for i, v := range x {
		y[i] += T(a * v)
	}
}

// Accumulate adds x to sums: sums[i] += x[i]. Both have one length.
func Accumulate[T Float](sums []float64, x []T) {
	sums = sums[:len(x)]
	if n := len(x) &^ 15; n > 0 && fastAccumulate(at(sums), at(x), n) {
		sums, x = sums[n:], x[n:]
	}
	for i, v := range x {
		sums[i] += float64(v)
	}
}

// Dot returns Σ_i x[i]·y[i], each product rounded first, in 16 partial sums: number l is of the
// elements i = l mod 16. They are added in pairs that are 8, 4, 2 and 1 apart; the elements behind
// the last 16 follow one by one. x and y have one length.
func Dot[T Float](x, y []T) T {
	y = y[:len(x)]
	var s [16]T
	n := len(x) &^ 15
	if n > 0 && !fastDot(&s[0], at(x), at(y), n) {
		for i := 0; i < n; i += 16 {
			a, b := (*[16]T)(x[i:]), (*[16]T)(y[i:])
			for l := range s {
				s[l] += T(a[l] * b[l])
			}
		}
	}
	for d := len(s) / 2; d > 0; d /= 2 {
		for l := range d {
			s[l] += s[l+d]
		}
	}
	sum := s[0]
	for i, v := range x[n:] {
		sum += T(v * y[n+i])
	}
	return sum
}

// Add sets z[i] = x[i] + y[i]. All have one length, and z may be x or y.
func Add[T Float](z, x, y []T) {
	x, y = x[:len(z)], y[:len(z)]
	if len(z) == 0 || fastAdd(at(z), at(x), at(y), len(z)) {
		return
	}
	for i := range z {
		z[i] = x[i] + y[i]
	}
}

// Sub sets z[i] = x[i] - y[i]. All have one length, and z may be x or y.
func Sub[T Float](z, x, y []T) {
	x, y = x[:len(z)], y[:len(z)]
	if len(z) == 0 || fastSub(at(z), at(x), at(y), len(z)) {
		return
	}
	for i := range z {
		z[i] = x[i] - y[i]
	}
}

// Mul sets z[i] = x[i]·y[i]. All have one length, and z may be x or y.
func Mul[T Float](z, x, y []T) {
	x, y = x[:len(z)], y[:len(z)]
	if len(z) == 0 || fastMul(at(z), at(x), at(y), len(z)) {
		return
	}
	for i := range z {
		z[i] = x[i] * y[i]
	}
}

// SumRows writes the sum of the rows of the m×n matrix x into dst: dst[j] = Σ_i x[i][j],
// in the order of the rows.
func SumRows[T Float](dst, x []T) {
	n := len(dst)
	clear(dst)
	for i := 0; i+n <= len(x); i += n {
		Add(dst, dst, x[i:i+n])
	}
}

// AddRowsBack adds the rows of the m×n matrix x to dst, from the last to the first.
func AddRowsBack[T Float](dst, x []T) {
	n := len(dst)
	for i := len(x) - n; n > 0 && i >= 0; i -= n {
		Add(dst, dst, x[i:i+n])
	}
}

// Finite says whether no element is infinite or NaN.
func Finite[T Float](x []T) bool {
	if len(x) == 0 {
		return true
	}
	if bad, ok := fastFinite(at(x), len(x)); ok {
		return bad == 0
	}
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// FiniteSquare says whether no square of an element is infinite or NaN.
func FiniteSquare[T Float](x []T) bool {
	if len(x) == 0 {
		return true
	}
	if bad, ok := fastFiniteSquare(at(x), len(x)); ok {
		return bad == 0
	}
	for _, v := range x {
		if s := T(v * v); s-s != 0 {
			return false
		}
	}
	return true
}

// Mean is a running mean, old <- Decay old + (1 - Decay) x, of any decay in (0, 1).
type Mean[T Float] struct {
	Keep, Rest T // the decay rounded to T, and what the rounding took away
	New        T // 1 less the decay
}

// NewMean returns the running mean of a decay. In float32 a decay of 0.999 alone would stand for
// 0.99900001, and the mean of a constant would be 1.3e-5 beside it.
func NewMean[T Float](decay float64) Mean[T] {
	keep := T(decay)
	return Mean[T]{keep, T(decay - float64(keep)), T(1 - decay)}
}

// Next returns the mean after x. It is in every order of magnitude exact but for roundings.
func (m Mean[T]) Next(old, x T) T { return T(m.Keep*old) + T(T(m.Rest*old)+T(m.New*x)) }

// Adam holds the numbers of an update of [Adam.Update].
type Adam[T Float] struct {
	Mean, Square Mean[T]
	MinusLR      T // minus the learning rate, over the correction of the mean
	InvC2        T // 1 over the correction of the mean square
	Eps          T
}

// Update replaces gradients g by updates, and the moments m and v by the next ones:
//
//	m <- Mean of g,  v <- Square, the mean of g²,  g <- MinusLR m / (sqrt(InvC2 v) + Eps)
//
// All have one length.
func (a Adam[T]) Update(g, m, v []T) {
	m, v = m[:len(g)], v[:len(g)]
	if len(g) == 0 || fastAdam(at(g), at(m), at(v), len(g), a.Mean.Keep, a.Mean.Rest, a.Mean.New, a.Square.Keep, a.Square.Rest, a.Square.New, a.MinusLR, a.InvC2, a.Eps) {
		return
	}
	for i, x := range g {
		m1, v1 := a.Mean.Next(m[i], x), a.Square.Next(v[i], T(x*x))
		m[i], v[i] = m1, v1
		g[i] = T(a.MinusLR*m1) / (T(math.Sqrt(float64(T(v1*a.InvC2)))) + a.Eps)
	}
}
