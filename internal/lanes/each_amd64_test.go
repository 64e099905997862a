//go:build amd64 && !noasm

package lanes

import (
	"testing"

	"pgregory.net/rapid"
)

// TestEachSpecification is TestSpecification for neurons that differ.
func TestEachSpecification(t *testing.T) {
	kernels(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			n := rapid.IntRange(0, 70).Draw(r, "n")
			p := Each{numbers(r, n, "mem"), numbers(r, n, "syn"), numbers(r, n, "kappa")}
			v, i, q := numbers(r, n, "v"), numbers(r, n, "i"), numbers(r, n, "q")

			v1, i1 := numbers(r, n, "v1"), numbers(r, n, "i1")
			v2, i2 := cloned(v1), cloned(i1)
			var got, want [3]uint64
			got[Words(n)], want[Words(n)] = 9, 9
			AdvanceEach(got[:Words(n)], v1, i1, v, i, p, q)
			advanceEach(want[:Words(n)], v2, i2, v, i, p, q)
			same(r, "v1", v1, v2)
			same(r, "i1", i1, i2)
			if got != want {
				t.Fatalf("masks %b, want %b", got, want)
			}

			a, b, a2, b2 := cloned(v), cloned(i), cloned(v), cloned(i)
			RetreatEach(a, b, p)
			retreatEach(a2, b2, p)
			same(r, "a", a, a2)
			same(r, "b", b, b2)

			rates := Rates{numbers(r, n, "tauMem"), numbers(r, n, "alpha"), numbers(r, n, "beta"), numbers(r, n, "perGap")}
			h := number(r, "h")
			mem, syn := numbers(r, n, "gMem"), numbers(r, n, "gSyn")
			mem2, syn2 := cloned(mem), cloned(syn)
			Slopes(mem, syn, v, i, v1, i1, p, rates, h)
			slopes(mem2, syn2, v, i, v1, i1, p, rates, h)
			same(r, "dL/dTauMem", mem, mem2)
			same(r, "dL/dTauSyn", syn, syn2)

			for j := range n { // rates are positive
				alpha := rapid.Float64Range(1e-3, 1).Draw(r, "alpha")
				rates.Alpha[j], rates.Beta[j] = alpha, alpha
				if !rapid.Bool().Draw(r, "equal") {
					rates.Beta[j] = rapid.Float64Range(1e-3, 1).Draw(r, "beta")
				}
			}
			p2 := Each{cloned(p.Mem), cloned(p.Syn), cloned(p.Kappa)}
			part, doublings := rapid.Float64Range(1e-9, 0.124).Draw(r, "part"), rapid.IntRange(0, 3).Draw(r, "doublings")
			Propagate(p, rates, part, doublings)
			propagate(p2, rates, part, doublings)
			same(r, "mem", p.Mem, p2.Mem)
			same(r, "syn", p.Syn, p2.Syn)
			same(r, "kappa", p.Kappa, p2.Kappa)
		})
	})
}

// TestCrossingSpecification is TestSpecification for the times at which neurons that differ cross.
func TestCrossingSpecification(t *testing.T) {
	kernels(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			n := rapid.IntRange(0, 70).Draw(r, "n")
			rates := Rates{numbers(r, n, "tauMem"), numbers(r, n, "alpha"), numbers(r, n, "beta"), numbers(r, n, "perGap")}
			h, limit := numbers(r, n, "h"), numbers(r, n, "limit")
			v, i, q := numbers(r, n, "v"), numbers(r, n, "i"), numbers(r, n, "q")
			p := Each{numbers(r, n, "mem"), numbers(r, n, "syn"), numbers(r, n, "kappa")}
			p2 := Each{cloned(p.Mem), cloned(p.Syn), cloned(p.Kappa)}

			h2 := cloned(h)
			Halley(h, limit, v, i, q, p, rates)
			halley(h2, limit, v, i, q, p, rates)
			same(r, "h of a step", h, h2)
			var got, want [3]uint64
			got[Words(n)], want[Words(n)] = 9, 9
			Settle(got[:Words(n)], h, limit, v, i, q, p, rates)
			settle(want[:Words(n)], h2, limit, v, i, q, p2, rates)
			if got != want {
				t.Fatalf("hits %b, want %b", got, want)
			}
			same(r, "h at last", h, h2)
			same(r, "mem", p.Mem, p2.Mem)
			same(r, "syn", p.Syn, p2.Syn)
			same(r, "kappa", p.Kappa, p2.Kappa)

			for j := range n { // as they are
				alpha := rapid.Float64Range(1e-3, 1).Draw(r, "alpha")
				rates.TauMem[j], rates.Alpha[j], rates.Beta[j] = 1/alpha, alpha, alpha
				if !rapid.Bool().Draw(r, "equal") {
					rates.Beta[j] = rapid.Float64Range(1e-3, 1).Draw(r, "beta")
				}
				h[j] = rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(1e-9, 1), rapid.Float64Range(1e-9, 700)).Draw(r, "h")
				q[j] = rapid.Float64Range(1e-3, 2).Draw(r, "q")
				v[j] = q[j] - rapid.Float64Range(1e-9, 4).Draw(r, "gap")
				i[j] = q[j] + rapid.Float64Range(1e-9, 4).Draw(r, "excess")
			}
			Flow(p, rates, h)
			flow(p2, rates, h)
			same(r, "mem", p.Mem, p2.Mem)
			same(r, "syn", p.Syn, p2.Syn)
			same(r, "kappa", p.Kappa, p2.Kappa)
			h2 = cloned(h)
			if n > 0 && fastApproach(h, v, i, q, rates) {
				approach(h2, v, i, q, rates)
				same(r, "first h", h, h2)
			}
		})
	})
}
