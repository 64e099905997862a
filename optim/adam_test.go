package optim

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func f64(name string, x ...float64) Leaf { return Leaf{Name: name, F64: x} }

func f32(name string, x ...float32) Leaf { return Leaf{Name: name, F32: x} }

// near reports whether got is within rel of want relatively, or within abs.
func near(got, want, rel, abs float64) bool {
	return got == want || math.Abs(got-want) <= rel*math.Abs(want)+abs
}

// bigAdam is the algorithm as the paper prints it, in 300 bits, for one parameter
// with the gradient a x of the quadratic a x^2/2. It returns x after each step.
func bigAdam(x0, a, lr, beta1, beta2, eps float64, steps int) []float64 {
	num := func(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }
	mul := func(x, y *big.Float) *big.Float { return new(big.Float).Mul(x, y) }
	add := func(x, y *big.Float) *big.Float { return new(big.Float).Add(x, y) }
	sub := func(x, y *big.Float) *big.Float { return new(big.Float).Sub(x, y) }
	quo := func(x, y *big.Float) *big.Float { return new(big.Float).Quo(x, y) }
	one, m, v, x := num(1), num(0), num(0), num(x0)
	b1, b2, b1t, b2t := num(beta1), num(beta2), num(1), num(1)
	var xs []float64
	for range steps {
		g := mul(num(a), x)
		m = add(mul(b1, m), mul(sub(one, b1), g))
		v = add(mul(b2, v), mul(sub(one, b2), mul(g, g)))
		b1t, b2t = mul(b1t, b1), mul(b2t, b2)
		mh, vh := quo(m, sub(one, b1t)), quo(v, sub(one, b2t))
		x = sub(x, quo(mul(num(lr), mh), add(new(big.Float).Sqrt(vh), num(eps))))
		f, _ := x.Float64()
		xs = append(xs, f)
	}
	return xs
}

func TestAdamAgainstBigFloat(t *testing.T) {
	const steps = 30
	x0, curvature := []float64{1, -3, 0.25}, []float64{1, 0.01, 50}
	for _, c := range []struct {
		adam           Adam
		lr, b1, b2, ep float64
	}{
		{Adam{}, 1e-3, 0.9, 0.999, 1e-8},
		{Adam{LR: Constant(0.05), Beta1: 0.5, Beta2: 0.9, Eps: 1e-3}, 0.05, 0.5, 0.9, 1e-3},
		{Adam{LR: Constant(0.01), Beta1: 1e-30}, 0.01, 1e-30, 0.999, 1e-8},
	} {
		var want [3][]float64
		for i := range x0 {
			want[i] = bigAdam(x0[i], curvature[i], c.lr, c.b1, c.b2, c.ep, steps)
		}
		p64, g64 := Tree{f64("x", x0...)}, Tree{f64("x", 0, 0, 0)}
		p64[0].F64 = append([]float64(nil), x0...)
		p32, g32 := Tree{f32("x", 1, -3, 0.25)}, Tree{f32("x", 0, 0, 0)}
		s64, s32 := c.adam.Init(p64), c.adam.Init(p32)
		for step := range steps {
			for i, a := range curvature {
				g64[0].F64[i] = a * p64[0].F64[i]
				g32[0].F32[i] = float32(a) * p32[0].F32[i]
			}
			if err := errors.Join(
				c.adam.Update(g64, p64, &s64), Apply(p64, g64),
				c.adam.Update(g32, p32, &s32), Apply(p32, g32),
			); err != nil {
				t.Fatal(err)
			}
			for i := range x0 {
				// A step of size lr has an error of about 10 u lr, and x one of
				// u |x| per step; the feedback through the gradient amplifies
				// them where the curvature is high, by less than 10 in 30 steps.
				scale := 10 * float64(step+1) * (math.Abs(x0[i]) + 10*c.lr)
				if got := p64[0].F64[i]; !near(got, want[i][step], 0, scale*0x1p-53) {
					t.Fatalf("%+v step %d: x[%d] = %v, want %v", c.adam, step+1, i, got, want[i][step])
				}
				if got := float64(p32[0].F32[i]); !near(got, want[i][step], 0, scale*0x1p-24) {
					t.Fatalf("%+v step %d: float32 x[%d] = %v, want %v", c.adam, step+1, i, got, want[i][step])
				}
			}
		}
		if s64.Step != steps {
			t.Errorf("Step = %d, want %d", s64.Step, steps)
		}
	}
}

func TestAdamFirstStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lr := rapid.Float64Range(1e-6, 1).Draw(t, "lr")
		g := rapid.Float64Range(-1e6, 1e6).Draw(t, "g")
		adam := Adam{LR: Constant(lr)}
		u := Tree{f64("x", g), f32("y", float32(g))}
		state := adam.Init(u)
		if err := adam.Update(u, nil, &state); err != nil {
			t.Fatal(err)
		}
		want := -lr * g / (math.Abs(g) + 1e-8)
		// ten roundings, where m = g/10 is normal, and in float32 its square as well
		if math.Abs(g) > 1e-300 && !near(u[0].F64[0], want, 10*0x1p-53, 0) {
			t.Fatalf("float64: %v, want %v", u[0].F64[0], want)
		}
		g32 := float64(float32(g))
		want = -lr * g32 / (math.Abs(g32) + 1e-8)
		if math.Abs(g) > 1e-15 && !near(float64(u[1].F32[0]), want, 10*0x1p-24, 0) {
			t.Fatalf("float32: %v, want %v", u[1].F32[0], want)
		}
	})
}

// The largest t-th update that any gradients can cause, in units of LR, and the
// gradients that cause it: g_j proportional to w_j/q_j, from Cauchy and Schwarz.
func adamBound(beta1, beta2 float64, t int) (bound float64, worst []float64) {
	c1, c2 := 1-math.Pow(beta1, float64(t)), 1-math.Pow(beta2, float64(t))
	sum := 0.0
	worst = make([]float64, t)
	for j := range t {
		w := (1 - beta1) * math.Pow(beta1, float64(j)) / c1
		q := (1 - beta2) * math.Pow(beta2, float64(j)) / c2
		sum += w * w / q
		worst[t-1-j] = w / q
	}
	return math.Sqrt(sum), worst
}

func TestAdamBound(t *testing.T) {
	run := func(adam Adam, gradients []float64) float64 {
		u := Tree{f64("x", 0)}
		state := adam.Init(u)
		for _, g := range gradients {
			u[0].F64[0] = g
			if err := adam.Update(u, nil, &state); err != nil {
				t.Fatal(err)
			}
		}
		return u[0].F64[0]
	}
	rapid.Check(t, func(rt *rapid.T) {
		adam := Adam{
			LR:    Constant(1),
			Beta1: rapid.Float64Range(0.01, 0.95).Draw(rt, "beta1"),
			Beta2: rapid.Float64Range(0.91, 0.9999).Draw(rt, "beta2"),
			Eps:   1e-300,
		}
		gradients := rapid.SliceOfN(rapid.Float64Range(-1e3, 1e3), 1, 50).Draw(rt, "gradients")
		for i, g := range gradients {
			if math.Abs(g) < 1e-100 {
				gradients[i] = 0 // its square underflows
			}
		}
		bound, worst := adamBound(adam.Beta1, adam.Beta2, len(gradients))
		// 1 - beta loses up to 1e4 u, 50 steps
		const tol = 1e-10
		if u := run(adam, gradients); !(math.Abs(u) <= bound*(1+tol)) {
			rt.Fatalf("update %v, bound %v", u, bound)
		}
		if u := run(adam, worst); !near(u, -bound, tol, 0) {
			rt.Fatalf("worst gradients give %v, want %v", u, -bound)
		}
	})
	if bound, _ := adamBound(0.9, 0.999, 5000); !near(bound, 7.3, 0.01, 0) {
		t.Errorf("bound with the defaults is %v, the comment says 7.3", bound)
	}
}

// bad are gradients that are not finite, or whose square is not.
func bad() map[string]Tree {
	return map[string]Tree{
		"NaN":             {f32("w_in", 1, 2), f64("w_rec", 1, 2, math.NaN())},
		"+Inf":            {f32("w_in", 1, 2), f64("w_rec", 1, 2, math.Inf(1))},
		"-Inf":            {f32("w_in", 1, float32(math.Inf(-1))), f64("w_rec", 1, 2, 3)},
		"float32 NaN":     {f32("w_in", float32(math.NaN()), 0), f64("w_rec", 1, 2, 3)},
		"float32 squared": {f32("w_in", 0, 2e19), f64("w_rec", 1, 2, 3)},
		"float64 squared": {f32("w_in", 0, 2), f64("w_rec", 1, 2, -2e154)},
	}
}

func bytesOf(t testing.TB, s State) string {
	b, err := s.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func clone(t Tree) Tree {
	c := zerosLike(t)
	for i, l := range t {
		copy(c[i].F32, l.F32)
		copy(c[i].F64, l.F64)
	}
	return c
}

// bits prints a tree with one text per bit pattern.
func bits(t Tree) string {
	var b strings.Builder
	for _, l := range t {
		fmt.Fprintf(&b, "%s %d %d:", l.Name, len(l.F32), len(l.F64))
		for _, v := range l.F32 {
			fmt.Fprintf(&b, " %x", math.Float32bits(v))
		}
		for _, v := range l.F64 {
			fmt.Fprintf(&b, " %x", math.Float64bits(v))
		}
	}
	return b.String()
}

func TestAdamNonFinite(t *testing.T) {
	for name, g := range bad() {
		adam := Adam{}
		state := adam.Init(g)
		good := Tree{f32("w_in", 1, -2), f64("w_rec", 3, 4, 5)}
		if err := adam.Update(good, nil, &state); err != nil {
			t.Fatal(err)
		}
		before, bitsBefore := bytesOf(t, state), bits(g)
		err := adam.Update(g, nil, &state)
		where := "w_rec[2]"
		switch name {
		case "-Inf", "float32 squared":
			where = "w_in[1]"
		case "float32 NaN":
			where = "w_in[0]"
		}
		if !errors.Is(err, ErrNonFinite) || !strings.Contains(err.Error(), where) {
			t.Errorf("%s: %v, want an error at %s", name, err, where)
		}
		if bytesOf(t, state) != before || bits(g) != bitsBefore {
			t.Errorf("%s: state or gradients changed", name)
		}
	}
}

func TestAdamSettings(t *testing.T) {
	for _, adam := range []Adam{
		{Beta1: 1}, {Beta1: -0.1}, {Beta2: 1}, {Beta2: math.NaN()}, {Eps: -1}, {Eps: math.Inf(1)},
		{LR: Constant(-1)}, {LR: Constant(math.NaN())}, {LR: Constant(math.Inf(1))}, {LR: Join{}},
	} {
		u := Tree{f64("x", 1)}
		state := adam.Init(u)
		if err := adam.Update(u, nil, &state); !errors.Is(err, ErrSettings) || u[0].F64[0] != 1 || state.Step != 0 {
			t.Errorf("%+v: %v", adam, err)
		}
	}
}

// On the quadratic sum a x^2/2 with a step that decays to zero, Adam comes to rest
// near the minimum: its last steps sum up to less than what is left of the path.
func TestAdamConverges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	p, a := Tree{f64("x", make([]float64, 20)...)}, make([]float64, 20)
	for i := range a {
		p[0].F64[i], a[i] = rng.NormFloat64(), math.Exp(rng.NormFloat64())
	}
	const steps, lr = 2000, 0.02
	adam := Adam{LR: Linear{Init: lr, Steps: steps}}
	state, g := adam.Init(p), zerosLike(p)
	for range steps {
		for i, x := range p[0].F64 {
			g[0].F64[i] = a[i] * x
		}
		if err := errors.Join(adam.Update(g, p, &state), Apply(p, g)); err != nil {
			t.Fatal(err)
		}
	}
	for i, x := range p[0].F64 {
		// Away from the minimum the gradient keeps its sign and x moves by about
		// lr(t) per step: the path lr steps/2 = 20 is enough for |x0| < 5. Near it
		// x swings by no more than the steps of one time constant of the mean
		// square, 1000, at their end: the last 10 have lr below 1e-4, so 1e-3.
		if math.Abs(x) > 1e-3 {
			t.Errorf("x[%d] = %g after %d steps (curvature %g)", i, x, steps, a[i])
		}
	}
}

// Means in float32 are those of float64, whatever the decay: what rounding makes of them has no
// sign. A decay that is itself rounded to float32 makes 0.999 one of 0.99900001, and all means
// 1.3e-5 smaller. Each rounding is 3e-8 of the mean and lasts 1/(1 - decay) updates, so that
// some 200 of them add up to at most 1e-5 in the average over 400 elements.
func TestMeansInFloat32(t *testing.T) {
	const n, updates = 400, 3000
	for _, decay := range []float64{0.9, 0.99, 0.999, 0.9999, 1 - 1e-7, 1 - 1e-9} {
		for name, transform := range map[string]Transform{
			"adam":    Adam{Beta1: decay, Beta2: decay},
			"rmsprop": RMSProp{Decay: decay, Centered: true},
			"lion":    Lion{Beta2: decay},
		} {
			random := rand.New(rand.NewPCG(1, 2))
			single, double := Tree{f32("p", make([]float32, n)...)}, Tree{f64("p", make([]float64, n)...)}
			got, want := transform.Init(single), transform.Init(double)
			for range updates {
				g32, g64 := zerosLike(single), zerosLike(double)
				for i := range n {
					x := float32(1 + random.NormFloat64()/4)
					g32[0].F32[i], g64[0].F64[i] = x, float64(x)
				}
				if err := errors.Join(transform.Update(g32, single, &got), transform.Update(g64, double, &want)); err != nil {
					t.Fatal(err)
				}
			}
			for s, slot := range got.Slots {
				bias := 0.0
				for i, x := range slot.Tree[0].F32 {
					bias += (float64(x)/want.Slots[s].Tree[0].F64[i] - 1) / n
				}
				if !(math.Abs(bias) < 1e-5) {
					t.Errorf("%s with decay %v: %s in float32 is %v beside that in float64", name, decay, slot.Name, bias)
				}
			}
		}
	}
}
