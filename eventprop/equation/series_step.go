package equation

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/lanes"
)

// bundle is neurons side by side, each at a time of its own. It expands their states in Taylor
// series of time about where they are (A. Jorba and M. Zou 2005,
// doi:10.1080/10586458.2005.10128904), and takes derivatives through the same recurrences in
// reverse.
type bundle struct {
	s     *series
	order int
	code  []lanes.SeriesOp // of coefficients
	last  []lanes.SeriesOp // the part of it that makes the next coefficients of states

	c, bar      []lane // coefficients of all registers, and dL/d of them
	con, conBar []lane // constants, 1, and 0 for neurons that are held

	// of an expansion
	until     lane       // what is asked for, from where the neurons are
	bound     []lane     // the largest error of each state
	sizes     []float64  // of states
	h         lane       // how far the series hold, at most until
	used      [width]int // order of each
	tolerance float64
}

func newBundle(m *Model, order int, tolerance float64) *bundle {
	s := m.series
	b := &bundle{s: s, order: order, tolerance: tolerance, bound: make([]lane, s.states), sizes: make([]float64, s.states)}
	b.c, b.bar = make([]lane, s.registers*(order+1)), make([]lane, s.registers*(order+1))
	n := len(s.constants.out)
	b.con, b.conBar = make([]lane, n+2), make([]lane, n+2)
	for l := range width {
		b.con[n][l], b.con[n+1][l] = 1, 1
	}
	for _, o := range append(append(b.code, s.code...), s.integrate...) {
		o.C, o.A = o.C*(order+1), o.A*(order+1)
		if o.Kind != lanes.SeriesScale && o.Kind != lanes.SeriesIntegrate {
			o.B *= order + 1
		}
		b.code = append(b.code, o)
	}
	b.last = b.code[len(s.code):]
	return b
}

// load puts a neuron into lane l, for a series that holds over h if it can.
func (b *bundle) load(l int, x, largest []float64, held bool, con []float64, h float64) {
	for n, v := range x {
		b.of(n)[0][l], b.bound[n][l] = v, b.tolerance*largest[n]
	}
	for k, v := range con {
		b.con[k][l] = v
	}
	b.until[l] = h
	keep := &b.con[len(b.con)-1][l]
	if *keep = 1; held {
		*keep = 0
	}
}

// of returns the series of a register.
func (b *bundle) of(r int) []lane { return b.c[r*(b.order+1) : (r+1)*(b.order+1)] }

func (b *bundle) barOf(r int) []lane { return b.bar[r*(b.order+1) : (r+1)*(b.order+1)] }

// next makes coefficient k of all registers, and k+1 of the states.
func (b *bundle) next(k int) {
	if k == 0 {
		b.values()
		lanes.Series(b.last, b.c, b.con, 0)
		return
	}
	lanes.Series(b.code, b.c, b.con, k)
}

// expand fills the series of the states, which are their coefficients 0, and those of all
// registers. Each neuron goes on until two terms in a row are below the tolerance at until, or to
// the full order; then h is as far as that holds.
func (b *bundle) expand(active [width]bool) {
	left, last := 0, 0
	var power, fine lane // until^k; 0 as long as all terms of order k are below the tolerance
	var small [width]int
	for l, is := range active {
		power[l], b.used[l], b.h[l] = 1, b.order, b.until[l]
		if is {
			left++
		}
	}
	for k := 0; k < b.order && left > 0; k++ {
		b.next(k)
		last = k + 1
		for l := range power {
			power[l] *= b.until[l]
		}
		fine = lane{}
		for n := range b.bound {
			x, bound := &b.of(n)[k+1], &b.bound[n]
			for l, most := range bound {
				if !(math.Abs(x[l]*power[l]) <= most) {
					fine[l] = 1
				}
			}
		}
		if k == 1 {
			b.fromZero()
		}
		for l, is := range active {
			switch {
			case !is || small[l] == 2:
			case fine[l] != 0:
				small[l] = 0
			default:
				if small[l]++; small[l] == 2 {
					b.used[l] = k + 1
					left--
				}
			}
		}
	}
	for l, is := range active {
		if is && small[l] < 2 {
			b.h[l] = min(b.until[l], b.reach(l))
		}
	}
	lanes.Series(b.code[:len(b.s.code)], b.c, b.con, last) // what the threshold has of the last coefficient
}

// fromZero bounds the error of states that have been 0 so far, by their first terms.
func (b *bundle) fromZero() {
	for n := range b.bound {
		x := b.of(n)
		for l, most := range b.bound[n] {
			if most == 0 {
				b.bound[n][l] = b.tolerance * max(math.Abs(x[1][l]*b.until[l]), math.Abs(float64(x[2][l]*b.until[l])*b.until[l]))
			}
		}
	}
}

// reach returns how far the series of full order of a neuron holds: where its last two terms are
// the tolerance, to a few percent.
func (b *bundle) reach(l int) float64 {
	h := math.Inf(1)
	for n := range b.bound {
		bound := b.bound[n][l]
		for k := b.order - 1; k <= b.order; k++ {
			last := math.Abs(b.of(n)[k][l])
			if last == 0 {
				continue
			}
			if last-last != 0 {
				return 0
			}
			h = min(h, rootOf(bound/last, k))
		}
	}
	return 0.9 * h
}

// rootOf is x^(1/k) within 2 %, for steps that need not be exact.
func rootOf(x float64, k int) float64 {
	if !(x > 0x1p-1000) || x > 0x1p1000 {
		return fmath.Pow(x, 1/float64(k))
	}
	bits := math.Float64bits(x)
	f := math.Float64frombits(bits&(1<<52-1)|1023<<52) - 1
	y := (float64(int(bits>>52)-1023) + float64(f*(1.3466-float64(0.3466*f)))) / float64(k) // log2 of x, over k
	whole := math.Floor(y)
	f = y - whole
	return math.Float64frombits(uint64(int(whole)+1023)<<52) * (1 + float64(f*(0.6562+float64(0.3438*f))))
}

// values makes coefficient 0 of all registers.
func (b *bundle) values() {
	for i := range b.s.terms {
		x := &b.s.terms[i]
		out, u, v := &b.of(x.c)[0], &b.of(x.a)[0], &b.of(x.b)[0]
		con := &b.con[x.con]
		switch x.op {
		case sumOf:
			for l := range out {
				out[l] = u[l] + v[l]
			}
		case differenceOf:
			for l := range out {
				out[l] = u[l] - v[l]
			}
		case shifted:
			for l := range out {
				out[l] = u[l] + con[l]
			}
		case fixed:
			*out = *con
		case scaled:
			for l := range out {
				out[l] = u[l] * con[l]
			}
		case product:
			for l := range out {
				out[l] = u[l] * v[l]
			}
		case quotient:
			for l := range out {
				out[l] = u[l] / v[l]
			}
		case inverse:
			for l := range out {
				out[l] = con[l] / v[l]
			}
		case expOf:
			for l := range out {
				out[l] = fmath.Exp(u[l])
			}
		case logOf:
			for l := range out {
				out[l] = fmath.Log(u[l])
			}
		case sqrtOf:
			for l := range out {
				out[l] = math.Sqrt(u[l])
			}
		case powOf:
			for l := range out {
				out[l] = fmath.Pow(u[l], x.x)
			}
		case sinOf:
			cosine := &b.of(x.c + 1)[0]
			for l := range out {
				out[l], cosine[l] = math.Sincos(u[l])
			}
		case tanhOf:
			rest := &b.of(x.c + 1)[0]
			for l := range out {
				out[l] = fmath.Tanh(u[l])
				rest[l] = 1 - float64(out[l]*out[l])
			}
		}
	}
}

// at sets the states of neuron l to those after h.
func (b *bundle) at(x []float64, l int, h float64) {
	for n := range x {
		x[n] = horner(b.of(n), l, b.used[l], h)
	}
}

// horner returns the sum of c_k h^k up to k = last.
func horner(c []lane, l, last int, h float64) float64 {
	sum := c[last][l]
	for k := last - 1; k >= 0; k-- {
		sum = float64(sum*h) + c[k][l]
	}
	return sum
}

// pull takes dL/d(state) of the neurons from after h to before, after an expand with the orders
// used, and adds to conBar.
func (b *bundle) pull(adj *[width][]float64, h *lane, used *[width]int) {
	most := 0
	for l := range used {
		if adj[l] != nil {
			most = max(most, used[l])
		}
	}
	for r := range b.s.registers {
		clear(b.barOf(r)[:most+1])
	}
	clear(b.conBar)
	for l, a := range adj {
		for n, x := range a {
			bar := b.barOf(n)
			for k := range used[l] + 1 {
				bar[k][l] = x
				x *= h[l]
			}
		}
	}
	for k := most - 1; k > 0; k-- {
		lanes.SeriesBack(b.code, b.c, b.bar, b.con, b.conBar, k)
	}
	lanes.SeriesBack(b.last, b.c, b.bar, b.con, b.conBar, 0)
	b.pullValues()
	for l, a := range adj {
		for n := range a {
			a[n] = b.barOf(n)[0][l]
		}
	}
}

// pullValues undoes values.
func (b *bundle) pullValues() {
	for i := len(b.s.terms) - 1; i >= 0; i-- {
		x := &b.s.terms[i]
		g, u, v, c := &b.barOf(x.c)[0], &b.of(x.a)[0], &b.of(x.b)[0], &b.of(x.c)[0]
		uBar, vBar := &b.barOf(x.a)[0], &b.barOf(x.b)[0]
		con, conBar := &b.con[x.con], &b.conBar[x.con]
		for l, d := range g {
			switch x.op {
			case sumOf:
				uBar[l] += d
				vBar[l] += d
			case differenceOf:
				uBar[l] += d
				vBar[l] -= d
			case shifted:
				uBar[l] += d
				conBar[l] += d
			case fixed:
				conBar[l] += d
			case scaled:
				uBar[l] += float64(d * con[l])
				conBar[l] += float64(d * u[l])
			case product:
				uBar[l] += float64(d * v[l])
				vBar[l] += float64(d * u[l])
			case quotient:
				uBar[l] += d / v[l]
				vBar[l] -= float64(d / v[l] * c[l])
			case inverse:
				conBar[l] += d / v[l]
				vBar[l] -= float64(d / v[l] * c[l])
			case expOf:
				uBar[l] += float64(d * c[l])
			case logOf:
				uBar[l] += d / u[l]
			case sqrtOf:
				uBar[l] += d / (2 * c[l])
			case powOf:
				uBar[l] += float64(float64(d*x.x) * fmath.Pow(u[l], x.x-1))
			case sinOf:
				uBar[l] += float64(d*b.of(x.c + 1)[0][l]) - float64(b.barOf(x.c + 1)[0][l]*c[l])
			case tanhOf:
				rest, restBar := b.of(x.c + 1)[0][l], b.barOf(x.c + 1)[0][l]
				uBar[l] += float64((d - float64(2*restBar*c[l])) * rest)
			}
		}
	}
}
