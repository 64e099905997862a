package lanes

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// crosses takes the two steps for a neuron with rates alpha and beta, V and I, from 0 up to limit.
func crosses(alpha, beta, v, i, q, limit float64) (h float64, p Each, found bool) {
	one := func(x float64) []float64 { return []float64{x} }
	rates := Rates{one(1 / alpha), one(alpha), one(beta), one(-alpha / math.Abs(beta-alpha))}
	p = Each{one(0), one(0), one(0)}
	at, until := one(0), one(limit)
	var hits [1]uint64
	Approach(at, until, one(v), one(i), one(q), rates)
	Flow(p, rates, at)
	Halley(at, until, one(v), one(i), one(q), p, rates)
	Flow(p, rates, at)
	Settle(hits[:], at, until, one(v), one(i), one(q), p, rates)
	return at[0], p, hits[0] != 0
}

// exact returns V and I after h in closed form, for rates that differ.
func exact(alpha, beta, v, i, h float64) (v1, i1 float64) {
	i1 = i * math.Exp(-beta*h)
	return v*math.Exp(-alpha*h) + i*alpha*math.Exp(-alpha*h)*-math.Expm1(-(beta-alpha)*h)/(beta-alpha), i1
}

// TestCrossing: where two steps say that they suffice, V is at the threshold, rises and was below
// it before, and the propagators are those of that time.
func TestCrossing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		alpha := rapid.Float64Range(0.5, 2).Draw(r, "alpha")
		beta := alpha * rapid.OneOf(rapid.Float64Range(1.5, 3), rapid.Float64Range(0.3, 8)).Draw(r, "ratio")
		if beta == alpha {
			beta *= 1.01 // the formula below has no digits there
		}
		q := rapid.Float64Range(0.5, 2).Draw(r, "q")
		v, i := q*rapid.Float64Range(-2, 0.999).Draw(r, "v"), q*rapid.Float64Range(1.001, 20).Draw(r, "i")
		limit := rapid.Float64Range(0.1, 20).Draw(r, "limit")
		h, p, found := crosses(alpha, beta, v, i, q, limit)
		if !found {
			return
		}
		if !(h > 0 && h < limit) {
			t.Fatalf("h = %g, limit %g", h, limit)
		}
		u, c := exact(alpha, beta, v, i, h)
		size := math.Abs(v) + i
		if math.Abs(u-q) > 4e-15*size || c < u-4e-15*size {
			t.Fatalf("V = %.17g, I = %g at %g, want %g", u, c, h, q)
		}
		if u, _ := exact(alpha, beta, v, i, h*(1-1e-3)); u > q+4e-15*size {
			t.Fatalf("V = %g before, above %g", u, q)
		}
		if mem, syn := math.Exp(-alpha*h), math.Exp(-beta*h); math.Abs(p.Mem[0]/mem-1) > 2e-15 || math.Abs(p.Syn[0]/syn-1) > 8e-15 {
			t.Fatalf("decays %g, %g, want %g, %g", p.Mem[0], p.Syn[0], mem, syn)
		}
		if kappa := (u - float64(v*p.Mem[0])) / i; math.Abs(p.Kappa[0]-kappa) > 4e-15*size/i {
			t.Fatalf("kappa %g, want %g", p.Kappa[0], kappa)
		}
	})
}

// TestCrossingSuffices: two steps suffice for nearly all neurons that reach the threshold well
// before their peak.
func TestCrossingSuffices(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	within := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	clear, found := 0, 0
	for range 4000 {
		alpha, q := within(0.5, 2), within(0.5, 2)
		beta, v, i, limit := alpha*within(1.5, 3), q*within(0, 0.999), q*within(1.001, 20), within(0.1, 20)
		peak := math.Log1p((beta-alpha)*(i-v)/(alpha*i+(beta-alpha)*v)) / (beta - alpha)
		if early, _ := exact(alpha, beta, v, i, math.Min(0.3*peak, limit)); early > q {
			clear++
			if _, _, ok := crosses(alpha, beta, v, i, q, limit); ok {
				found++
			}
		}
	}
	if clear < 1000 || float64(found) < 0.99*float64(clear) {
		t.Errorf("%d of %d found", found, clear)
	}
}
