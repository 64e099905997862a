package own

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/random"
)

// Verify compares every Pull of the cell with differences of its function, at random states near
// the start and the reset and parameters near the given ones. The error (ErrDerivative) says which
// Pull and which entry is wrong, what was expected and what was found; functions that have no
// finite values at most of these states are one too. Where a function bends, as at the knot of a
// table, nothing is compared. It costs some thousand calls. Errors are also those of Prepare.
func (n Neurons) Verify() (err error) {
	defer caught(&err)
	neurons := 1
	if n.Cell != nil {
		for _, name := range n.Cell.Params() {
			neurons = max(neurons, len(n.Params[name]))
		}
	}
	w, err := n.prepare(neurons)
	if err != nil {
		return err
	}
	return w.verify(20, 5)
}

// verify compares at so many points, of which some must have finite values.
func (w *prepared) verify(points, want int) error {
	if len(w.p) == 0 {
		return nil // there are no neurons
	}
	rng := random.New(1, "own/verify")
	n := len(w.states)
	v := &verifier{prepared: w, rng: rng, x: make([]float64, n), p: make([]float64, len(w.params)), a: make([]float64, n)}
	good := 0
	for i := range points {
		for k, x := range w.p[i%len(w.p)] {
			v.p[k] = x * (1 + float64(0.1*random.Normal(rng)))
		}
		w.f.start(v.x, v.p)
		if i%2 == 1 {
			w.f.Reset(v.x, v.p)
		}
		for k := range v.x {
			v.x[k] = float64(v.x[k]*(1+float64(0.1*random.Normal(rng)))) + float64(0.1*random.Normal(rng))
		}
		v.w = random.Normal(rng)
		v.was = [2][]float64{append(v.was[0][:0], v.x...), append(v.was[1][:0], v.p...)}
		ok, err := v.compare()
		if err != nil {
			return err
		}
		if ok {
			good++
		}
	}
	if good < want {
		return fmt.Errorf("%w: values are finite at %d of %d states near the start, want %d", ErrDerivative, good, points, want)
	}
	return nil
}

// verifier is a point.
type verifier struct {
	*prepared
	rng  *rand.Rand
	x, p []float64
	w    float64
	a    []float64
	was  [2][]float64 // x and p as they were
}

// function is one of a cell: its value, of some numbers, and its Pull, which adds to ax and ap and
// returns the derivative to w.
type function struct {
	name   string
	values []string
	of     func(y, x, p []float64, w float64)
	pull   func(ax, ap, a []float64) (dw float64)
	start  bool // whether it is of p alone
	arrive bool // whether it is of w too
}

func (v *verifier) functions() []function {
	inPlace := func(pull func(a, ap []float64) float64) func(ax, ap, a []float64) float64 {
		return func(ax, ap, a []float64) float64 {
			b := append([]float64(nil), a...)
			dw := pull(b, ap)
			for n, x := range b {
				ax[n] += x
			}
			return dw
		}
	}
	all := []function{
		{name: "Slope", values: v.states, of: func(y, x, p []float64, _ float64) { v.f.Slope(y, x, p) },
			pull: func(ax, ap, a []float64) float64 { v.f.PullSlope(ax, ap, a, v.x, v.p); return 0 }},
		{name: "Threshold", values: []string{"g"}, of: func(y, x, p []float64, _ float64) { y[0] = v.f.Threshold(x, p) },
			pull: func(ax, ap, a []float64) float64 { v.f.PullThreshold(ax, ap, a[0], v.x, v.p); return 0 }},
		{name: "Reset", values: v.states, of: func(y, x, p []float64, _ float64) { copy(y, x); v.f.Reset(y, p) },
			pull: inPlace(func(a, ap []float64) float64 { v.f.PullReset(a, ap, v.x, v.p); return 0 })},
	}
	if v.f.arriver != nil {
		all = append(all, function{name: "Arrive", values: v.states, arrive: true, of: func(y, x, p []float64, w float64) { copy(y, x); v.f.arrive(y, w, p) },
			pull: inPlace(func(a, ap []float64) float64 { return v.f.pullArrive(a, ap, v.x, v.w, v.p) })})
	}
	if v.f.starter != nil {
		all = append(all, function{name: "Start", values: v.states, start: true, of: func(y, _, p []float64, _ float64) { v.f.start(y, p) },
			pull: func(_, ap, a []float64) float64 { v.f.pullStart(ap, a, v.p); return 0 }})
	}
	return all
}

// compare compares all functions. It tells whether all values are finite.
func (v *verifier) compare() (bool, error) {
	for _, f := range v.functions() {
		pulled, err := v.pulled(&f)
		if err != nil {
			return true, err
		}
		f.of(append([]float64(nil), v.x...), v.x, v.p, v.w)
		if err := v.unchanged(&f); err != nil {
			return true, err
		}
		for n, name := range v.states {
			if f.start {
				break
			}
			ok, err := v.entry(&f, name, &v.x[n], 0, pulled, n)
			if !ok || err != nil {
				return ok, err
			}
		}
		for k, name := range v.params {
			ok, err := v.entry(&f, name, &v.p[k], v.p[k], pulled, len(v.x)+k)
			if !ok || err != nil {
				return ok, err
			}
		}
		if f.arrive {
			if ok, err := v.entry(&f, "w", &v.w, 0, pulled, len(v.x)+len(v.p)); !ok || err != nil {
				return ok, err
			}
		}
	}
	return true, nil
}

// unchanged returns an error if a function or its Pull has changed what it may only read.
func (v *verifier) unchanged(f *function) error {
	for k, names := range [][]string{v.states, v.params} {
		now, was := v.x, v.was[0]
		if k == 1 {
			now, was = v.p, v.was[1]
		}
		for n, name := range names {
			if now[n] != was[n] && now[n] == now[n] {
				return fmt.Errorf("%w: %s or its Pull changes %s, which it only may read, from %g to %g", ErrCell, f.name, name, was[n], now[n])
			}
		}
	}
	return nil
}

// pulled returns the derivatives of each value of a function to x, p and w. What was in ax and ap
// before must stay, and a matters as a factor.
func (v *verifier) pulled(f *function) ([][]float64, error) {
	const before, factor = 0.375, -1.5
	var all [][]float64
	for i := range f.values {
		d := make([]float64, len(v.x)+len(v.p)+1)
		for k := range d {
			d[k] = before
		}
		clear(v.a)
		v.a[i] = factor
		dw := f.pull(d[:len(v.x)], d[len(v.x):len(v.x)+len(v.p)], v.a)
		d[len(d)-1] += dw
		for k := range d {
			d[k] = (d[k] - before) / factor
		}
		if inPlace := f.name == "Reset" || f.name == "Arrive"; !inPlace {
			for n, a := range v.a {
				if n == i && a != factor || n != i && a != 0 {
					return nil, fmt.Errorf("%w: Pull%s changes a, which it is given", ErrCell, f.name)
				}
			}
		}
		all = append(all, d)
	}
	return all, nil
}

// entry compares the derivatives of all values to one variable, which is number at of those pulled.
func (v *verifier) entry(f *function, name string, x *float64, size float64, pulled [][]float64, at int) (bool, error) {
	was := *x
	if size = math.Abs(size); size == 0 { // a parameter has the size of its value, as a capacity in F
		size = max(math.Abs(was), 1e-3)
	}
	h := float64(1e-4 * size)
	half := float64(h / 2)
	value := func(x1 float64) []float64 {
		*x = x1
		y := make([]float64, len(v.x))
		f.of(y, v.x, v.p, v.w)
		*x = was
		return y
	}
	y, up, down, up2, down2 := value(was), value(was+h), value(was-h), value(was+half), value(was-half)
	for i, output := range f.values {
		far, near := (up[i]-down[i])/(2*h), (up2[i]-down2[i])/h
		want, got := near+(near-far)/3, pulled[i][at]
		if want-want != 0 || y[i]-y[i] != 0 {
			return false, nil
		}
		largest, noise := max(math.Abs(got), math.Abs(want)), float64(1e-8*math.Abs(y[i]))/size
		// a bend lets the derivatives of both sides differ
		if side := math.Abs(up2[i] - y[i] - (y[i] - down2[i])); side > float64(0.01*math.Abs(up2[i]-down2[i]))+float64(noise*h) {
			continue
		}
		if !(math.Abs(got-want) <= float64(1e-5*largest)+noise) || got-got != 0 {
			return true, fmt.Errorf("%w: Pull%s of %s to %s gives %g, want %g by differences", ErrDerivative, f.name, output, name, got, want)
		}
	}
	return true, nil
}
