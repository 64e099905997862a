package lanes

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestCrossing: where two steps say that they suffice, V is at the threshold, rises and was below
// it before; and they suffice for nearly all neurons that reach it well before their peak.
func TestCrossing(t *testing.T) {
	clear, found := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		alpha := rapid.Float64Range(0.5, 2).Draw(r, "alpha")
		beta := alpha * rapid.OneOf(rapid.Float64Range(1.5, 3), rapid.Float64Range(0.3, 8)).Draw(r, "ratio")
		if beta == alpha {
			beta *= 1.01 // the formula below has no digits there
		}
		q := rapid.Float64Range(0.5, 2).Draw(r, "q")
		v, i := q*rapid.Float64Range(-2, 0.999).Draw(r, "v"), q*rapid.Float64Range(1.001, 20).Draw(r, "i")
		at := func(h float64) (v1, i1 float64) {
			i1 = i * math.Exp(-beta*h)
			return v*math.Exp(-alpha*h) + i*alpha*math.Exp(-alpha*h)*-math.Expm1(-(beta-alpha)*h)/(beta-alpha), i1
		}
		one := func(x float64) []float64 { return []float64{x} }
		rates := Rates{one(1 / alpha), one(alpha), one(beta), one(-alpha / math.Abs(beta-alpha))}
		p := Each{one(0), one(0), one(0)}
		h, limit := one(0), one(rapid.Float64Range(0.1, 20).Draw(r, "limit"))
		var hits [1]uint64
		Approach(h, limit, one(v), one(i), one(q), rates)
		Flow(p, rates, h)
		Halley(h, limit, one(v), one(i), one(q), p, rates)
		Flow(p, rates, h)
		Settle(hits[:], h, limit, one(v), one(i), one(q), p, rates)
		early, peak := 0.0, math.Log1p((beta-alpha)*(i-v)/(alpha*i+(beta-alpha)*v))/(beta-alpha)
		if beta > 1.5*alpha && beta < 3*alpha && v >= 0 {
			early, _ = at(math.Min(0.3*peak, limit[0]))
		}
		if early > q {
			clear++
		}
		if hits[0] == 0 {
			return
		}
		if early > q {
			found++
		}
		if !(h[0] > 0 && h[0] < limit[0]) {
			t.Fatalf("h = %g, limit %g", h[0], limit[0])
		}
		u, c := at(h[0])
		size := math.Abs(v) + i
		if math.Abs(u-q) > 4e-15*size || c < u-4e-15*size {
			t.Fatalf("V = %.17g, I = %g at %g, want %g", u, c, h[0], q)
		}
		if u, _ := at(h[0] * (1 - 1e-3)); u > q+4e-15*size {
			t.Fatalf("V = %g before, above %g", u, q)
		}
		if mem, syn := math.Exp(-alpha*h[0]), math.Exp(-beta*h[0]); math.Abs(p.Mem[0]/mem-1) > 2e-15 || math.Abs(p.Syn[0]/syn-1) > 8e-15 {
			t.Fatalf("decays %g, %g, want %g, %g", p.Mem[0], p.Syn[0], mem, syn)
		}
		if kappa := (u - float64(v*p.Mem[0])) / i; math.Abs(p.Kappa[0]-kappa) > 4e-15*size/i {
			t.Fatalf("kappa %g, want %g", p.Kappa[0], kappa)
		}
	})
	if clear == 0 || float64(found) < 0.99*float64(clear) {
		t.Errorf("%d of %d found", found, clear)
	}
}
