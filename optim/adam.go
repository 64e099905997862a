package optim

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/kernel"
)

const adamLR = 1e-3

// Adam divides a running mean of the gradient by the root of a running mean of its
// square, both corrected for their start at zero. At the t-th update, t = 1, 2, ...,
//
//	m <- Beta1 m + (1 - Beta1) g
//	v <- Beta2 v + (1 - Beta2) g^2
//	u  = -LR(t-1) mh / (sqrt(vh) + Eps),  mh = m / (1 - Beta1^t),  vh = v / (1 - Beta2^t)
//
// The first update is -LR g / (|g| + Eps): every element moves by LR against the
// sign of its gradient. By the inequality of Cauchy and Schwarz no gradients
// whatever give a larger t-th update than
//
//	|u| <= LR sqrt(sum_{j=0..t-1} w_j^2 / q_j)
//	w_j = (1 - Beta1) Beta1^j / (1 - Beta1^t),  q_j = (1 - Beta2) Beta2^j / (1 - Beta2^t)
//
// which tends to 7.3 LR with the default betas.
//
// Moments have the type of their parameters: in float32 the square of a gradient
// below 1e-23 is zero and its update is -LR mh / Eps.
//
// Kingma and Ba (2015), arXiv:1412.6980. For AdamW see [WeightDecay].
type Adam struct {
	// LR is the learning rate; nil means Constant(1e-3).
	LR Schedule
	// Beta1 is the decay of the mean, in [0, 1); zero means 0.9, and 1e-30
	// stands for no averaging.
	Beta1 float64
	// Beta2 is the decay of the mean square, in [0, 1); zero means 0.999.
	Beta2 float64
	// Eps is added to the root; zero means 1e-8.
	Eps float64
}

// Init returns a state with the slots "m" and "v", zero.
func (Adam) Init(params Tree) State {
	return State{Kind: "adam", Slots: []Slot{{"m", zerosLike(params)}, {"v", zerosLike(params)}}}
}

// Update turns gradients into updates. A gradient that is not finite, or whose
// square is not, is an error that wraps ErrNonFinite and names leaf and index;
// updates and state are as before then. Two passes, the second on several processors.
func (a Adam) Update(updates, _ Tree, state *State) error {
	if err := state.belongs("adam", updates, 0, 2, 0); err != nil {
		return err
	}
	lr, err := rate("adam", a.LR, adamLR, state.Step)
	if err != nil {
		return err
	}
	if a, err = a.withDefaults(); err != nil {
		return err
	}
	if err := wellFormed("adam", updates); err != nil {
		return err
	}
	if err := squares("adam", updates); err != nil {
		return err
	}
	t := state.Step + 1
	c1, c2 := 1-power(a.Beta1, t), 1-power(a.Beta2, t)
	m, v := state.Slots[0].Tree, state.Slots[1].Tree
	for i, g := range updates {
		adam(g.F32, m[i].F32, v[i].F32, newAdamStep[float32](a, lr, c1, c2))
		adam(g.F64, m[i].F64, v[i].F64, newAdamStep[float64](a, lr, c1, c2))
	}
	state.Step = t
	return nil
}

// withDefaults replaces zeros and checks the rest.
func (a Adam) withDefaults() (Adam, error) {
	var err error
	if a.Beta1, err = positive("adam", "Beta1", a.Beta1, 0.9, 1); err != nil {
		return a, err
	}
	if a.Beta2, err = positive("adam", "Beta2", a.Beta2, 0.999, 1); err != nil {
		return a, err
	}
	a.Eps, err = positive("adam", "Eps", a.Eps, 1e-8, math.Inf(1))
	return a, err
}

// nonFiniteSquare returns the first index where x^2 is not finite, or -1. The
// second moment lies between its old value and the square, so it is finite too.
func nonFiniteSquare[T float](x []T) int {
	if kernel.FiniteSquare(x) {
		return -1
	}
	return slices.IndexFunc(x, func(v T) bool { s := T(v * v); return s-s != 0 })
}

// newAdamStep holds the numbers of one update, rounded to the type of the leaf.
func newAdamStep[T float](a Adam, lr, c1, c2 float64) kernel.Adam[T] {
	return kernel.Adam[T]{
		Mean: kernel.NewMean[T](a.Beta1), Square: kernel.NewMean[T](a.Beta2),
		MinusLR: T(-lr / c1), InvC2: T(1 / c2), Eps: T(a.Eps),
	}
}

func adam[T float](g, m, v []T, c kernel.Adam[T]) {
	if len(g) > block {
		kernel.Blocks(len(g), block, func(lo, hi int) { c.Update(g[lo:hi], m[lo:hi], v[lo:hi]) })
		return
	}
	c.Update(g, m, v)
}

// positive returns v, or byDefault for zero; v must be in (0, below).
func positive(who, name string, v, byDefault, below float64) (float64, error) {
	if v == 0 {
		return byDefault, nil
	}
	if !(v > 0 && v < below) {
		return 0, fmt.Errorf("%w: %s: %s is %v, want in (0, %v), or 0 for %v", ErrSettings, who, name, v, below, byDefault)
	}
	return v, nil
}

// squares returns an error that names the first gradient that is not finite, or whose square is
// not.
func squares(who string, t Tree) error {
	for _, g := range t {
		at := -1
		if g.F32 != nil {
			at = nonFiniteSquare(g.F32)
		} else {
			at = nonFiniteSquare(g.F64)
		}
		if at >= 0 {
			return fmt.Errorf("%w: %s: gradient %s[%d] is %v; want finite, and its square in %s too", ErrNonFinite, who, g.Name, at, g.at(at), g.DType())
		}
	}
	return nil
}
