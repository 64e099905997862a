package optim

import (
	"fmt"
	"math"
)

// ClipByValue limits every element:
//
//	u <- min(max(u, -Max), Max)
//
// As clip_grad_value_ of PyTorch, and clip of optax.
type ClipByValue struct {
	// Max is the largest magnitude; zero means 1.
	Max float64
}

// Init returns a state without arrays.
func (ClipByValue) Init(Tree) State { return State{Kind: "clip_by_value"} }

// Update clips updates. An infinite element is an error that wraps ErrNonFinite,
// as NaN is: clipping would hide it.
func (c ClipByValue) Update(updates, _ Tree, state *State) error {
	limit, err := limit("clip_by_value", c.Max, updates, state)
	if err != nil {
		return err
	}
	if err := finite("clip_by_value", updates); err != nil {
		return err
	}
	for _, l := range updates {
		clip(l.F32, downTo32(limit))
		clip(l.F64, limit)
	}
	state.Step++
	return nil
}

// ClipByGlobalNorm shortens the gradient as a whole to a length of at most Max:
//
//	u <- u min(1, Max / norm),  norm = sqrt(sum over all leaves of u^2)
//
// The norm is summed in float64 in the order of the tree, without overflow or
// underflow. Pascanu et al. (2013), arXiv:1211.5063.
type ClipByGlobalNorm struct {
	// Max is the largest norm; zero means 1.
	Max float64
}

// Init returns a state without arrays.
func (ClipByGlobalNorm) Init(Tree) State { return State{Kind: "clip_by_global_norm"} }

// Update clips updates. Elements that are not finite are an error that wraps
// ErrNonFinite.
func (c ClipByGlobalNorm) Update(updates, _ Tree, state *State) error {
	limit, err := limit("clip_by_global_norm", c.Max, updates, state)
	if err != nil {
		return err
	}
	if err := finite("clip_by_global_norm", updates); err != nil {
		return err
	}
	shorten(updates, limit)
	state.Step++
	return nil
}

// ClipByNorm shortens the gradient of every leaf for itself to a length of at most Max:
//
//	u <- u min(1, Max / norm),  norm = sqrt(sum over the leaf of u^2)
//
// As clip_grad_norm_ of PyTorch for each parameter. For a norm over a group of leaves put
// [ClipByGlobalNorm] into [Groups] or [Masked].
type ClipByNorm struct {
	// Max is the largest norm of a leaf; zero means 1.
	Max float64
}

// Init returns a state without arrays.
func (ClipByNorm) Init(Tree) State { return State{Kind: "clip_by_norm"} }

// Update clips updates. Elements that are not finite are an error that wraps ErrNonFinite.
func (c ClipByNorm) Update(updates, _ Tree, state *State) error {
	limit, err := limit("clip_by_norm", c.Max, updates, state)
	if err != nil {
		return err
	}
	if err := finite("clip_by_norm", updates); err != nil {
		return err
	}
	for i := range updates {
		shorten(updates[i:i+1], limit)
	}
	state.Step++
	return nil
}

// shorten scales t to a norm of at most limit.
func shorten(t Tree, limit float64) {
	norm, exp := globalNorm(t)
	if math.Ldexp(limit, -exp) < norm {
		// limit / (norm 2^exp) in three factors: norm 2^exp may be above the
		// largest float64, and its reciprocal below the smallest.
		frac, e := math.Frexp(limit)
		frac, e = frac/norm, e-exp
		a, b := math.Ldexp(1, e/2), math.Ldexp(1, e-e/2)
		for _, l := range t {
			for i, v := range l.F32 {
				l.F32[i] = float32(float64(v) * a * b * frac)
			}
			for i, v := range l.F64 {
				l.F64[i] = v * a * b * frac
			}
		}
	}
}

// globalNorm returns the Euclidean norm of all elements as norm 2^exp, where the
// largest element is in [1/2, 1) 2^exp.
func globalNorm(t Tree) (norm float64, exp int) {
	largest := 0.0
	for _, l := range t {
		for _, v := range l.F32 {
			largest = max(largest, math.Abs(float64(v)))
		}
		for _, v := range l.F64 {
			largest = max(largest, math.Abs(v))
		}
	}
	if largest == 0 {
		return 0, 0
	}
	_, exp = math.Frexp(largest)
	// In two factors, each of which is a normal number for every exp.
	a := math.Ldexp(1, -exp/2)
	b := math.Ldexp(1, -exp-(-exp/2))
	sum := 0.0
	for _, l := range t {
		for _, v := range l.F32 {
			x := float64(v) * a * b
			sum += float64(x * x)
		}
		for _, v := range l.F64 {
			x := v * a * b
			sum += float64(x * x)
		}
	}
	return math.Sqrt(sum), exp
}

// limit returns the largest magnitude of a clip after the checks of both.
func limit(kind string, field float64, updates Tree, state *State) (float64, error) {
	if err := state.belongs(kind, updates, 0, 0, 0); err != nil {
		return 0, err
	}
	if field == 0 {
		field = 1
	}
	if !(field > 0) || math.IsInf(field, 1) {
		return 0, fmt.Errorf("%w: %s: Max is %v, want finite and > 0, or 0 for 1", ErrSettings, kind, field)
	}
	return field, wellFormed(kind, updates)
}

// clip limits the magnitude of all elements.
func clip[T float](x []T, limit T) {
	for i, v := range x {
		x[i] = min(max(v, -limit), limit)
	}
}

// downTo32 returns the largest float32 that is not above x > 0.
func downTo32(x float64) float32 {
	f := float32(x)
	if float64(f) > x {
		f = math.Nextafter32(f, 0)
	}
	return f
}
