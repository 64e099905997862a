package optim

import (
	"errors"
	"math"
	"math/cmplx"
	"strings"
	"testing"
)

// minimise runs t on the quadratic sum a x^2/2 from x0.
func minimise(t *testing.T, tr Transform, a, x0 []float64, steps int) []float64 {
	t.Helper()
	p := Tree{f64("x", append([]float64(nil), x0...)...)}
	g, state := zerosLike(p), tr.Init(p)
	for range steps {
		for i, x := range p[0].F64 {
			g[0].F64[i] = a[i] * x
		}
		if err := errors.Join(tr.Update(g, p, &state), Apply(p, g)); err != nil {
			t.Fatal(err)
		}
	}
	return p[0].F64
}

// Gradient descent on a quadratic contracts each direction by 1 - lr a per step, so
// with lr = 1/L all of them by at least 1 - mu/L.
func TestSGDContracts(t *testing.T) {
	a, x0 := []float64{0.05, 0.3, 0.7, 1}, []float64{1, -2, 3, -4}
	const steps = 100
	got := minimise(t, SGD{LR: Constant(1)}, a, x0, steps)
	for i, x := range got {
		want := x0[i] * math.Pow(1-a[i], steps)
		// two roundings per step
		if !near(x, want, 3*steps*0x1p-53, 0) {
			t.Errorf("x[%d] = %v, want %v", i, x, want)
		}
		if bound := math.Abs(x0[i]) * math.Pow(1-0.05, steps); math.Abs(x) > bound*(1+1e-13) {
			t.Errorf("x[%d] = %v, bound %v", i, x, bound)
		}
	}
}

// With momentum each direction is a linear recurrence of order two. With
// b_t = mu b + a x and x' = x - lr u it is
//
//	heavy ball:  z^2 - (1 + mu - lr a) z + mu = 0
//	Nesterov:    z^2 - (1 + mu)(1 - lr a) z + mu (1 - lr a) = 0
//
// and x_t = c1 z1^t + c2 z2^t with c1, c2 from x_0 and x_1.
func TestMomentumClosedForm(t *testing.T) {
	const lr, mu, steps = 0.1, 0.9, 60
	a, x0 := []float64{0.5, 2, 7}, []float64{1, -2, 3}
	for _, nesterov := range []bool{false, true} {
		got := minimise(t, SGD{LR: Constant(lr), Momentum: mu, Nesterov: nesterov}, a, x0, steps)
		for i := range a {
			p, q, x1 := 1+mu-lr*a[i], mu, x0[i]*(1-lr*a[i])
			if nesterov {
				p, q, x1 = (1+mu)*(1-lr*a[i]), mu*(1-lr*a[i]), x0[i]*(1-lr*a[i]*(1+mu))
			}
			root := cmplx.Sqrt(complex(p*p/4-q, 0))
			z1, z2 := complex(p/2, 0)+root, complex(p/2, 0)-root
			c1 := (complex(x1, 0) - z2*complex(x0[i], 0)) / (z1 - z2)
			c2 := complex(x0[i], 0) - c1
			want := real(c1*cmplx.Pow(z1, steps) + c2*cmplx.Pow(z2, steps))
			// roundings of 60 steps, cancellation between the two modes
			if !near(got[i], want, 0, 1e-13*math.Abs(x0[i])) {
				t.Errorf("nesterov %v: x[%d] = %v, want %v", nesterov, i, got[i], want)
			}
		}
	}
}

func TestSGDDefaultsAndFloat32(t *testing.T) {
	u := Tree{f32("w", 1, -2), f64("v", 3)}
	state := SGD{}.Init(u)
	if err := (SGD{}).Update(u, nil, &state); err != nil {
		t.Fatal(err)
	}
	if u[0].F32[0] != -float32(0.01) || u[0].F32[1] != 2*float32(0.01) || u[1].F64[0] != -0.03 || len(state.Slots) != 0 {
		t.Errorf("%v, %+v", u, state)
	}
	// momentum 1/2, lr 1: b = 1, 3/2, 7/4 for g = 1
	s := SGD{LR: Constant(1), Momentum: 0.5}
	state = s.Init(u)
	for _, want := range []float32{-1, -1.5, -1.75} {
		u[0].F32[0], u[0].F32[1], u[1].F64[0] = 1, 0, 0
		if err := s.Update(u, nil, &state); err != nil || u[0].F32[0] != want {
			t.Errorf("%v, %v, want %v", u[0].F32[0], err, want)
		}
	}
	if got := state.Slots[0].Tree[0].F32[0]; got != 1.75 {
		t.Errorf("momentum %v", got)
	}
}

func TestSGDErrors(t *testing.T) {
	for _, s := range []SGD{{Momentum: 1}, {Momentum: -0.5}, {Momentum: math.NaN()}, {LR: Constant(-1)}} {
		u := Tree{f64("x", 1)}
		state := s.Init(u)
		if err := s.Update(u, nil, &state); !errors.Is(err, ErrSettings) || u[0].F64[0] != 1 {
			t.Errorf("%+v: %v", s, err)
		}
	}
	for _, s := range []SGD{{}, {Momentum: 0.9}} {
		for name, g := range bad() {
			if strings.HasSuffix(name, "squared") {
				continue // only Adam squares
			}
			state := s.Init(g)
			before, bitsBefore := bytesOf(t, state), bits(g)
			if err := s.Update(g, nil, &state); !errors.Is(err, ErrNonFinite) || !strings.Contains(err.Error(), "w_") {
				t.Errorf("%+v, %s: %v", s, name, err)
			}
			if bytesOf(t, state) != before || bits(g) != bitsBefore {
				t.Errorf("%+v, %s: state or gradients changed", s, name)
			}
		}
	}
	// finite gradients whose momentum overflows: 0.9 x + x > MaxFloat32
	s := SGD{Momentum: 0.9}
	u := Tree{f32("w", 2e38)}
	state := s.Init(u)
	if err := s.Update(u, nil, &state); err != nil {
		t.Fatal(err)
	}
	u[0].F32[0] = 2e38
	if err := s.Update(u, nil, &state); !errors.Is(err, ErrNonFinite) || state.Slots[0].Tree[0].F32[0] != 2e38 {
		t.Errorf("overflow: %v", err)
	}
}
