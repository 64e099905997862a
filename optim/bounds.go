package optim

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// Box keeps parameters within bounds, by shortening updates that would leave them:
//
//	u <- min(max(p + u, Low), High) - p
//
// as optax' projections.projection_box does with parameters.
// It stands at the end of a Chain. A parameter that is outside already is brought in. For one bound
// alone the other is infinite: math.Inf(1). Moments know nothing of it; [Reparam] moves inside of
// the bounds instead.
type Box struct {
	Low, High float64
}

// Init returns a state without arrays.
func (Box) Init(Tree) State { return State{Kind: "box"} }

// Update shortens updates. It needs params.
func (b Box) Update(updates, params Tree, state *State) error {
	if err := state.belongs("box", updates, 0, 0, 0); err != nil {
		return err
	}
	if !(b.Low < b.High) {
		return fmt.Errorf("%w: box: bounds are %v and %v, want Low < High", ErrSettings, b.Low, b.High)
	}
	if err := match("updates", updates, "params", params); err != nil {
		return fmt.Errorf("box: %w", err)
	}
	if err := finite("box", updates); err != nil {
		return err
	}
	for i, u := range updates {
		into(u.F32, params[i].F32, b.Low, b.High, math.Nextafter32)
		into(u.F64, params[i].F64, b.Low, b.High, math.Nextafter)
	}
	state.Step++
	return nil
}

// into bounds p + u, which is rounded: updates are moved until the sum is inside. A parameter that
// is so far outside that an update of its precision can skip the whole box ends beside it, by a
// rounding of that update, and is inside after the next one.
func into[T float](u, p []T, low, high float64, next func(x, to T) T) {
	inf := T(math.Inf(1))
	for i, v := range u {
		switch {
		case float64(p[i]+v) < low:
			u[i] = T(low) - p[i]
			for float64(p[i]+u[i]) < low {
				u[i] = next(u[i], inf)
			}
		case float64(p[i]+v) > high:
			u[i] = T(high) - p[i]
			for float64(p[i]+u[i]) > high {
				u[i] = next(u[i], -inf)
			}
		}
	}
}

// Reparam lets Inner move parameters in a coordinate without bounds, from which they come by a Map,
// so that no step of any size leaves the range:
//
//	theta = Map^-1(p),  g_theta = g dp/dtheta,  u = Map(theta + u_theta) - p
//
// Parameters themselves are stored, not theta. One that would be rounded to a bound, or beyond,
// ends at the next number of its type inside, from which it can come back.
type Reparam struct {
	// Map is the coordinate.
	Map Map
	// Inner makes the steps in it.
	Inner Transform
}

// Map is a coordinate of [Reparam].
type Map interface {
	// kind is part of the identity of the state.
	kind() string
	// inverse returns theta, NaN for a p that is out of the range; slope dp/dtheta at p; forward p
	// at theta.
	inverse(p float64) float64
	slope(p float64) float64
	forward(theta float64) float64
	// bounds are those between which p is.
	bounds() (low, high float64)
}

// LogMap is a coordinate for parameters > 0 of any size: steps are relative.
//
//	p = exp(theta),  dp/dtheta = p
type LogMap struct{}

func (LogMap) kind() string                  { return "reparam log" }
func (LogMap) slope(p float64) float64       { return p }
func (LogMap) forward(theta float64) float64 { return fmath.Exp(theta) }
func (LogMap) bounds() (low, high float64)   { return 0, math.Inf(1) }
func (LogMap) inverse(p float64) float64 {
	if !(p > 0) {
		return math.NaN()
	}
	return fmath.Log(p)
}

// SoftplusMap is a coordinate for parameters > 0: steps are relative for p << 1 and absolute for
// p >> 1.
//
//	p = ln(1 + exp(theta)),  dp/dtheta = 1 - exp(-p)
//
// Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing",
// NIPS 13.
type SoftplusMap struct{}

func (SoftplusMap) kind() string                { return "reparam softplus" }
func (SoftplusMap) slope(p float64) float64     { return -fmath.Expm1(-p) }
func (SoftplusMap) bounds() (low, high float64) { return 0, math.Inf(1) }
func (SoftplusMap) forward(theta float64) float64 {
	return max(theta, 0) + fmath.Log1p(fmath.Exp(-math.Abs(theta)))
}
func (SoftplusMap) inverse(p float64) float64 {
	if !(p > 0) {
		return math.NaN()
	}
	return p + fmath.Log(-fmath.Expm1(-p))
}

// BoxMap is a coordinate for parameters in (Low, High).
//
//	p = Low + (High - Low) / (1 + exp(-theta)),  dp/dtheta = (p - Low) (High - p) / (High - Low)
type BoxMap struct{ Low, High float64 }

func (m BoxMap) kind() string                { return "reparam box" }
func (m BoxMap) bounds() (low, high float64) { return m.Low, m.High }
func (m BoxMap) slope(p float64) float64 {
	return (p - m.Low) * ((m.High - p) / (m.High - m.Low))
}
func (m BoxMap) forward(theta float64) float64 {
	e := fmath.Exp(-math.Abs(theta))
	if theta < 0 {
		return m.Low + float64((m.High-m.Low)*(e/(1+e)))
	}
	return m.High - float64((m.High-m.Low)*(e/(1+e)))
}
func (m BoxMap) inverse(p float64) float64 {
	if !(p > m.Low && p < m.High) {
		return math.NaN()
	}
	return fmath.Log((p - m.Low) / (m.High - p))
}

// Init returns a state with Inner's state as member.
func (r Reparam) Init(params Tree) State {
	s := State{Kind: "reparam", Members: make([]State, 1), scratch: zerosLike(params)}
	if r.Map != nil {
		s.Kind = r.Map.kind()
	}
	if r.Inner != nil {
		s.Members[0] = r.Inner.Init(params)
	}
	return s
}

// Update runs Inner in the coordinate. It needs params. A parameter that is out of the range is an
// error that wraps ErrNonFinite and names it; updates and state are as before then.
func (r Reparam) Update(updates, params Tree, state *State) error {
	if r.Inner == nil || r.Map == nil {
		return fmt.Errorf("%w: reparam: Map or Inner is nil", ErrSettings)
	}
	if err := state.belongs(r.Map.kind(), updates, 0, 0, 1); err != nil {
		return err
	}
	if err := match("updates", updates, "params", params); err != nil {
		return fmt.Errorf("reparam: %w", err)
	}
	if err := finite("reparam", updates); err != nil {
		return err
	}
	if match("scratch", state.scratch, "params", params) != nil {
		state.scratch = zerosLike(params) // a state that was read
	}
	theta := state.scratch
	for i, p := range params {
		for j := range p.Len() {
			x := r.Map.inverse(p.at(j))
			if !isFinite(x) {
				return fmt.Errorf("%w: %s: parameter %s[%d] is %v, out of the range", ErrNonFinite, r.Map.kind(), p.Name, j, p.at(j))
			}
			theta[i].set(j, x)
		}
	}
	for i, p := range params {
		for j := range p.Len() {
			updates[i].set(j, updates[i].at(j)*r.Map.slope(p.at(j)))
		}
	}
	if err := r.Inner.Update(updates, theta, &state.Members[0]); err != nil {
		return fmt.Errorf("reparam: %w", err)
	}
	for i, p := range params {
		for j := range p.Len() {
			updates[i].set(j, r.Map.forward(r.Map.inverse(p.at(j))+updates[i].at(j))-p.at(j))
		}
		low, high := r.Map.bounds()
		into(updates[i].F32, p.F32, inside(float32(low), 1, math.Nextafter32), inside(float32(high), -1, math.Nextafter32), math.Nextafter32)
		into(updates[i].F64, p.F64, inside(low, 1, math.Nextafter), inside(high, -1, math.Nextafter), math.Nextafter)
	}
	state.Step++
	return nil
}

// inside returns the number beside a bound that is finite, in a direction.
func inside[T float32 | float64](bound T, direction int, next func(x, to T) T) float64 {
	if bound-bound != 0 {
		return float64(bound)
	}
	return float64(next(bound, T(math.Inf(direction))))
}

// set sets an element, rounded to the type of the leaf.
func (l Leaf) set(i int, v float64) {
	if l.F32 != nil {
		l.F32[i] = float32(v)
		return
	}
	l.F64[i] = v
}
