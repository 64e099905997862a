package lanes

// Each are the elements of the propagators of neurons that differ, side by side; see [Factors].
type Each struct{ Mem, Syn, Kappa []float64 }

// first returns those of the first n neurons.
func (p Each) first(n int) Each { return Each{p.Mem[:n], p.Syn[:n], p.Kappa[:n]} }

// Rates are those of neurons that differ, side by side.
type Rates struct {
	TauMem      []float64 // s
	Alpha, Beta []float64 // 1/TauMem, 1/TauSyn
	PerGap      []float64 // -Alpha over the difference of the rates, of no meaning where that is 0
}

// first returns those of the first n neurons.
func (r Rates) first(n int) Rates {
	return Rates{r.TauMem[:n], r.Alpha[:n], r.Beta[:n], r.PerGap[:n]}
}

// Propagate sets p to the propagators over h = 2^doublings part: with the slower and the faster
// rate of each neuron, and [Expm1] of their exponents over part, which are to be above -1/8,
//
//	e^(2x) - 1 = (e^x - 1) (2 + (e^x - 1))    doublings times
//	Mem, Syn = e^(-slower h), e^(-faster h)   or the other way round
//	Kappa = (Mem - Syn) alpha / (beta - alpha), alpha h Mem at equal rates
func Propagate(p Each, r Rates, part float64, doublings int) {
	n := len(r.Alpha)
	p, r = p.first(n), r.first(n)
	if n > 0 && !fastPropagate(p, r, part, doublings) {
		propagate(p, r, part, doublings)
	}
}

// AdvanceEach is [Advance] with the propagators and thresholds of each neuron.
func AdvanceEach(mask []uint64, v1, i1, v, i []float64, p Each, q []float64) {
	n := len(v)
	mask, v1, i1, i, p, q = mask[:Words(n)], v1[:n], i1[:n], i[:n], p.first(n), q[:n]
	clear(mask)
	if n > 0 && !fastAdvanceEach(mask, v1, i1, v, i, p, q) {
		advanceEach(mask, v1, i1, v, i, p, q)
	}
}

// RetreatEach is [Retreat] with the propagators of each neuron.
func RetreatEach(a, b []float64, p Each) {
	n := len(a)
	b, p = b[:n], p.first(n)
	if n > 0 && !fastRetreatEach(a, b, p) {
		retreatEach(a, b, p)
	}
}

// Slopes adds to mem and syn what an interval h gives to dL/dTauMem and dL/dTauSyn, with the states
// v, i at its beginning, the adjoints a, b at its end, and its propagators p. With F = Kappa/alpha
// = (e^(-alpha h) - e^(-beta h))/(beta - alpha), for which dF/dbeta is h² Mem [PhiSlope]((beta -
// alpha) h),
//
//	mem += a alpha² (h Mem v - d(alpha F)/dalpha i)
//	syn += i beta² (h Syn b - alpha dF/dbeta a)
//
// for |beta - alpha| h < 1/8.
func Slopes(mem, syn, v, i, a, b []float64, p Each, r Rates, h float64) {
	n := len(mem)
	syn, v, i, a, b, p, r = syn[:n], v[:n], i[:n], a[:n], b[:n], p.first(n), r.first(n)
	if n > 0 && !fastSlopes(mem, syn, v, i, a, b, p, r, h) {
		slopes(mem, syn, v, i, a, b, p, r, h)
	}
}

// PhiSlope is the derivative of (1 - e^-x)/x as a series, for |x| < 1/8: to 1/8^9 10/11! = 2e-15.
func PhiSlope(x float64) float64 {
	x2 := float64(x * x)
	even := -1./2 + float64(x2*(-1./8+float64(x2*(-1./144+float64(x2*(-1./5760+float64(x2*(-1./403200))))))))
	odd := 1./3 + float64(x2*(1./30+float64(x2*(1./840+float64(x2*(1./45360))))))
	return even + float64(x*odd)
}

// The specification, as in generic.go:

func propagate(p Each, r Rates, part float64, doublings int) {
	h := part
	for range doublings {
		h *= 2
	}
	for j, alpha := range r.Alpha {
		beta := r.Beta[j]
		slow := min(alpha, beta)
		gap := max(alpha, beta) - slow
		x := [2]float64{slow * -part, gap * -part}
		expm1(x[:], x[:])
		for range doublings {
			x[0] *= 2 + x[0]
			x[1] *= 2 + x[1]
		}
		e := 1 + x[0]
		lost := float64(e * x[1])
		p.put(j, r, e, lost, h)
	}
}

// put stores the propagators of neuron j over a time h: the slower of its rates decays to e, the
// faster one to e + lost.
func (p Each) put(j int, r Rates, e, lost, h float64) {
	alpha, beta := r.Alpha[j], r.Beta[j]
	p.Mem[j], p.Syn[j], p.Kappa[j] = e, e+lost, float64(lost*r.PerGap[j])
	if !(alpha <= beta) {
		p.Mem[j], p.Syn[j] = e+lost, e
	}
	if alpha == beta {
		p.Kappa[j] = float64(float64(alpha*h) * e)
	}
}

func advanceEach(mask []uint64, v1, i1, v, i []float64, p Each, q []float64) {
	for j, u := range v {
		c := i[j]
		a, b := float64(p.Mem[j]*u)+float64(p.Kappa[j]*c), float64(p.Syn[j]*c)
		v1[j], i1[j] = a, b
		if a >= q[j] || c > q[j] && b <= a {
			mask[j>>6] |= 1 << (j & 63)
		}
	}
}

func retreatEach(a, b []float64, p Each) {
	for j, x := range a {
		b[j] = float64(p.Kappa[j]*x) + float64(p.Syn[j]*b[j])
		a[j] = float64(p.Mem[j] * x)
	}
}

func slopes(mem, syn, v, i, a, b []float64, p Each, r Rates, h float64) {
	for j, alpha := range r.Alpha {
		beta := r.Beta[j]
		ofBeta := float64(float64(float64(alpha*h)*float64(h*p.Mem[j])) * PhiSlope(float64((beta-alpha)*h)))
		ofAlpha := float64(p.Kappa[j]*r.TauMem[j]) - float64(h*p.Kappa[j]) - ofBeta
		a2, b2 := float64(alpha*alpha), float64(beta*beta)
		mem[j] += float64(a[j] * (float64(float64(float64(a2*p.Mem[j])*h)*v[j]) - float64(float64(a2*ofAlpha)*i[j])))
		syn[j] += float64(i[j] * (float64(float64(float64(b2*p.Syn[j])*h)*b[j]) - float64(float64(b2*ofBeta)*a[j])))
	}
}
