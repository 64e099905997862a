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
	code  []lanes.SeriesOp // of coefficients: rules, and what integrates
	rules []lanes.SeriesOp // of registers that are no states
	next  []lanes.SeriesOp // of the next coefficients of states

	c, bar      []lane // coefficients of all registers, and dL/d of them
	con, conBar []lane // constants, 1, and 0 for neurons that are held

	// of an expansion
	until     lane              // what is asked for, from where the neurons are
	bound     []lane            // the largest error of each state
	sizes     []float64         // of states
	own       [most + 1]float64 // threshold of one neuron
	after     []lane            // states after h
	seeds     []lane            // dL/d(states)
	holds     lane              // how far the series hold, at most until
	h         lane              // and at most until the threshold is reached
	fires     [width]bool       // whether it is
	used      lane              // order of each
	last      int               // largest of them
	tolerance float64
}

func newBundle(m *Model, order int, tolerance float64) *bundle {
	s := m.series
	b := &bundle{s: s, order: order, tolerance: tolerance, bound: make([]lane, s.states), sizes: make([]float64, s.states)}
	b.c, b.bar = make([]lane, s.registers*(order+1)), make([]lane, s.registers*(order+1))
	n := len(s.constants.out)
	b.after, b.seeds = make([]lane, s.states), make([]lane, s.states)
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
	b.rules, b.next = b.code[:len(s.code)], b.code[len(s.code):]
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

// make fills the series of all registers up to coefficient last - 1, and those of the states up to
// last.
func (b *bundle) make(last int) {
	b.values()
	lanes.Series(b.next, b.c, b.con, 0, 1)
	lanes.Series(b.code, b.c, b.con, 1, last)
}

// expand fills the series of the states, which are their coefficients 0, and those of all
// registers. Each neuron goes on until two terms in a row are below the tolerance at until, or to
// the full order; then it goes as far as that holds, or to where the threshold is reached.
func (b *bundle) expand(active [width]bool) {
	b.make(2)
	b.fromZero()
	e := lanes.Expansion{Until: b.until}
	for l, is := range active {
		e.Power[l] = b.until[l] * b.until[l]
		if !is {
			e.Small[l] = 2
		}
	}
	b.last = lanes.Expand(b.code, b.c, b.con, b.bound, b.order+1, 2, b.order, &e)
	b.holds, b.used = b.until, e.Used
	for l, small := range e.Small {
		if small < 2 {
			b.holds[l] = min(b.until[l], b.reach(l))
		}
	}
	lanes.Series(b.rules, b.c, b.con, b.last, b.last+1) // what the threshold has of the last coefficient
	b.cross(&active)
	b.follow()
}

// cross sets h to where the threshold is reached, or to where the series hold.
func (b *bundle) cross(active *[width]bool) {
	var most lane
	g := b.of(b.s.threshold)[:b.last+1]
	lanes.Bounds(&most, g, &b.used, &b.holds)
	b.h, b.fires = b.holds, [width]bool{}
	for l, is := range active {
		if !is || most[l] < 0 || b.con[len(b.con)-1][l] == 0 {
			continue
		}
		used := int(b.used[l])
		for k, c := range g[:used+1] {
			b.own[k] = c[l]
		}
		var at float64
		if at, b.fires[l] = crossing(b.own[:used+1], b.holds[l]); b.fires[l] {
			b.h[l] = at
		}
	}
}

// stuck tells whether the series of neuron l holds over less than the resolution of the time end.
func (b *bundle) stuck(l int, end float64) bool {
	return b.holds[l] < b.until[l] && !(b.holds[l] > 1e-13*end)
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
	for k := b.order - 1; k <= b.order; k++ {
		least := math.Inf(1) // of the bounds, relative to the term
		for n := range b.bound {
			switch last := math.Abs(b.of(n)[k][l]); {
			case last-last != 0:
				return 0
			case last != 0:
				least = min(least, b.bound[n][l]/last)
			}
		}
		if least < math.Inf(1) {
			h = min(h, rootOf(least, k))
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
				out[l], cosine[l] = fmath.Sincos(u[l])
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

// follow sets the states after h.
func (b *bundle) follow() {
	for n := range b.after {
		lanes.Polynomials(&b.after[n], b.of(n)[:b.last+1], &b.used, &b.h)
	}
}

// at sets x to the states of neuron l after h.
func (b *bundle) at(x []float64, l int) {
	for n := range x {
		x[n] = b.after[n][l]
	}
}

// pull takes dL/d(state) of the neurons that have one from after h to before, for series of the
// orders used from the states that are loaded, and sets conBar.
func (b *bundle) pull(adj *[width][]float64, h, used *lane) {
	most := 0
	for l, a := range adj {
		if a == nil {
			used[l] = -1
		}
		most = max(most, int(used[l]))
		for n, x := range a {
			b.seeds[n][l] = x
		}
	}
	b.make(most)
	for n := range b.seeds {
		lanes.Powers(b.barOf(n)[:most+1], &b.seeds[n], used, h)
	}
	for r := b.s.states; r < b.s.registers; r++ {
		clear(b.barOf(r)[:most+1])
	}
	clear(b.conBar)
	lanes.SeriesBack(b.code, b.c, b.bar, b.con, b.conBar, 1, most)
	lanes.SeriesBack(b.next, b.c, b.bar, b.con, b.conBar, 0, 1)
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
