package lanes

import "math"

// Width is the number of neurons whose Taylor series are made side by side.
const Width = 8

// Lane is one number of each of them.
type Lane = [Width]float64

// SeriesOp makes one Taylor series C of others, A and B, which are indices of their coefficients 0.
// Of SeriesScale and SeriesIntegrate B is the index of a constant.
type SeriesOp struct {
	Kind    SeriesKind
	C, A, B int
}

// SeriesKind is what a SeriesOp does to coefficient k.
type SeriesKind int

// The kinds, with the coefficients a, b, c of the series.
const (
	SeriesIntegrate SeriesKind = iota // c_(k+1) = a_k con/(k+1)
	SeriesScale                       // c_k = con a_k
	SeriesProduct                     // c_k = sum a_i b_(k-i), 0 <= i <= k
	SeriesRest                        // the same, 1 <= i <= k
	SeriesInner                       // the same, 1 <= i < k
	SeriesAdd                         // c_k = a_k + b_k
	SeriesSub                         // c_k = a_k - b_k
	SeriesCopy                        // c_k = a_k
	SeriesPer                         // c_k = a_k/k
	SeriesTimes                       // c_k = k a_k
	SeriesOver                        // c_k = a_k/b_0
)

// Series makes coefficients from to to-1 of the series of all operations, in each of them one
// operation after the other. c are the coefficients of all series and con the constants; the
// indices are within them.
func Series(code []SeriesOp, c, con []Lane, from, to int) {
	if len(code) > 0 && !fastExpand(code, c, con, nil, 0, from, to, &Expansion{}) {
		for k := from; k < to; k++ {
			series(code, c, con, k)
		}
	}
}

// SeriesBack is the adjoint of Series: it takes dL/d(coefficients) from after coefficients to-1 to
// from to before them, and adds what constants have of SeriesScale. A coefficient k has got all of
// its derivatives when coefficient k of the last operation that uses it is undone.
func SeriesBack(code []SeriesOp, c, bar, con, conBar []Lane, from, to int) {
	if len(code) > 0 && !fastSeriesBack(code, c, bar, con, conBar, from, to) {
		for k := to - 1; k >= from; k-- {
			seriesBack(code, c, bar, con, conBar, k)
		}
	}
}

// Expansion is how far series go.
type Expansion struct {
	Until Lane // h: where they are to hold
	Power Lane // h^k
	Small Lane // terms in a row that are within their bounds; with 2 of them a lane is done
	Used  Lane // the last k of each lane
}

// Expand makes the series of states as Series does, of which there is one from every stride-th
// coefficient on, with coefficients up to from; until in each lane two terms in a row are small,
//
//	|x_k h^k| <= bound    for all states x
//
// or up to coefficient last. It returns k of the last coefficients that were made.
func Expand(code []SeriesOp, c, con, bound []Lane, stride, from, last int, e *Expansion) (k int) {
	if len(code) > 0 && len(bound) > 0 && fastExpand(code, c, con, bound, stride, from, last, e) {
		k = from
		for _, used := range e.Used {
			k = max(k, int(used))
		}
		return k
	}
	return expand(code, c, con, bound, stride, from, last, e)
}

// The specification, as in generic.go.

func expand(code []SeriesOp, c, con, bound []Lane, stride, k, last int, e *Expansion) int {
	for ; ; k++ {
		left := false
		for l, small := range e.Small {
			if small == 2 {
				continue
			}
			e.Used[l], e.Small[l] = float64(k), small+1
			for n := range bound {
				if !(math.Abs(c[n*stride+k][l])*e.Power[l] <= bound[n][l]) {
					e.Small[l] = 0
				}
			}
			left = left || e.Small[l] != 2
		}
		for l, h := range e.Until {
			e.Power[l] *= h
		}
		if !left || k >= last {
			return k
		}
		series(code, c, con, k)
	}
}

// Polynomials sets y to
//
//	sum c_k h^k    for k <= used
//
// in each lane, by Horner's rule, which begins with the last of c.
func Polynomials(y *Lane, c []Lane, used, h *Lane) {
	if len(c) > 0 && !fastPolynomials(y, c, used, h) {
		polynomials(y, c, used, h)
	}
}

func polynomials(y *Lane, c []Lane, used, h *Lane) {
	*y = Lane{}
	for k := len(c) - 1; k >= 0; k-- {
		for l := range y {
			x := 0.0
			if float64(k) <= used[l] {
				x = c[k][l]
			}
			y[l] = float64(y[l]*h[l]) + x
		}
	}
}

// Bounds sets y to what a polynomial is at most from 0 to h >= 0,
//
//	c_0 + sum |c_k| h^k    for 0 < k <= used
//
// by Horner's rule.
func Bounds(y *Lane, c []Lane, used, h *Lane) {
	if len(c) > 0 && !fastBounds(y, c, used, h) {
		bounds(y, c, used, h)
	}
}

func bounds(y *Lane, c []Lane, used, h *Lane) {
	*y = Lane{}
	for k := len(c) - 1; k >= 0; k-- {
		for l := range y {
			x := 0.0
			if float64(k) <= used[l] {
				x = c[k][l]
			}
			if k > 0 {
				x = math.Abs(x)
			}
			y[l] = float64(y[l]*h[l]) + x
		}
	}
}

// Powers sets c_k to x h^k for k <= used, and to 0 beyond.
func Powers(c []Lane, x, used, h *Lane) {
	if len(c) > 0 && !fastPowers(c, x, used, h) {
		powers(c, x, used, h)
	}
}

func powers(c []Lane, x, used, h *Lane) {
	p := *x
	for k := range c {
		for l := range p {
			c[k][l] = 0
			if float64(k) <= used[l] {
				c[k][l] = p[l]
			}
			p[l] *= h[l]
		}
	}
}

// sumRange returns the range of i of a sum of products.
func (o *SeriesOp) sumRange(k int) (lo, hi int) {
	switch o.Kind {
	case SeriesProduct:
		return 0, k
	case SeriesRest:
		return 1, k
	}
	return 1, k - 1
}

func series(code []SeriesOp, c, con []Lane, k int) {
	per, next, times := 1/float64(max(k, 1)), 1/float64(k+1), float64(k)
	for o := range code {
		o := &code[o]
		var x Lane
		switch a := &c[o.A+k]; o.Kind {
		case SeriesIntegrate:
			for l, v := range con[o.B] {
				c[o.C+k+1][l] = float64(a[l]*v) * next
			}
			continue
		case SeriesScale:
			for l, v := range con[o.B] {
				x[l] = v * a[l]
			}
		case SeriesAdd:
			for l, v := range c[o.B+k] {
				x[l] = a[l] + v
			}
		case SeriesSub:
			for l, v := range c[o.B+k] {
				x[l] = a[l] - v
			}
		case SeriesCopy:
			x = *a
		case SeriesPer:
			for l, v := range a {
				x[l] = v * per
			}
		case SeriesTimes:
			for l, v := range a {
				x[l] = v * times
			}
		case SeriesOver:
			for l, v := range c[o.B] {
				x[l] = a[l] / v
			}
		default:
			lo, hi := o.sumRange(k)
			for i := lo; i <= hi; i++ {
				u, v := &c[o.A+i], &c[o.B+k-i]
				for l := range x {
					x[l] += float64(u[l] * v[l])
				}
			}
		}
		c[o.C+k] = x
	}
}

func seriesBack(code []SeriesOp, c, bar, con, conBar []Lane, k int) {
	per, next, times := 1/float64(max(k, 1)), 1/float64(k+1), float64(k)
	for o := len(code) - 1; o >= 0; o-- {
		o := &code[o]
		g, a := bar[o.C+k], &bar[o.A+k]
		switch o.Kind {
		case SeriesIntegrate:
			for l, v := range con[o.B] {
				a[l] += float64(float64(bar[o.C+k+1][l]*next) * v)
			}
		case SeriesScale:
			for l, v := range con[o.B] {
				a[l] += float64(g[l] * v)
				conBar[o.B][l] += float64(g[l] * c[o.A+k][l])
			}
		case SeriesAdd:
			for l, v := range g {
				a[l] += v
				bar[o.B+k][l] += v
			}
		case SeriesSub:
			for l, v := range g {
				a[l] += v
				bar[o.B+k][l] -= v
			}
		case SeriesCopy:
			for l, v := range g {
				a[l] += v
			}
		case SeriesPer:
			for l, v := range g {
				a[l] += float64(v * per)
			}
		case SeriesTimes:
			for l, v := range g {
				a[l] += float64(v * times)
			}
		case SeriesOver:
			for l, v := range c[o.B] {
				q := g[l] / v
				a[l] += q
				bar[o.B][l] -= float64(q * c[o.C+k][l])
			}
		default:
			lo, hi := o.sumRange(k)
			for i := lo; i <= hi; i++ {
				u, v, uBar, vBar := &c[o.A+i], &c[o.B+k-i], &bar[o.A+i], &bar[o.B+k-i]
				for l := range g {
					uBar[l] += float64(g[l] * v[l])
					vBar[l] += float64(g[l] * u[l])
				}
			}
		}
	}
}
