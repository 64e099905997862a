package surrogate

import (
	"fmt"
	"math"
	"strings"
)

// Compat returns the rule that another library computes, under the library's name and with its
// defaults for parameters that are left out or zero:
//
//	surrogate.Compat("snntorch/atan", 2)
//	surrogate.Compat("rockpool/step_pwl", 0.5, 1) // window, threshold
//
// Names alone do not say which function is meant: "atan" differs by pi between libraries,
// "superspike" by 100 in area. A rule is what the library's backward pass multiplies the gradient
// with, faults included, as a function of x = v - VTh; where its documentation states another
// function, that has a name of its own with "-docstring" behind it. The antiderivative is the
// integral of that rule, so that the smoothed twin of a network with it can be checked by finite
// differences; it is not what the library says it approximates where the two differ. Gradients with
// respect to the threshold are those of x here: Rockpool's has a term of its own.
//
// [Peers] lists the rules, with formulas and the versions of the libraries. Parse reads what String
// of the result prints. Errors wrap [ErrParse] and [ErrInvalid].
func Compat(name string, params ...float64) (Surrogate, error) {
	for _, row := range peers {
		if row.Name != name {
			continue
		}
		if len(params) > len(row.Params) {
			return nil, fmt.Errorf("%w %q: found %d numbers, want at most %d (%s)", ErrParse, name, len(params), len(row.Params), row.paramNames())
		}
		s := row.New(params...)
		if err := Check(s); err != nil {
			return nil, err
		}
		return s, nil
	}
	return nil, fmt.Errorf("%w %q: unknown rule, want one of %s", ErrParse, name, strings.Join(namesOf(peers), ", "))
}

// Peers returns a row for each rule that [Compat] knows.
func Peers() []Row { return append([]Row(nil), peers...) }

// peer is a rule of another library. It is used by its address, so that it can be compared.
type peer struct {
	name            string
	slope, integral func(x float64) float64
	peak, area      float64
	lo, hi          float64
}

func (s *peer) Slope(x float64) float64          { return s.slope(x) }
func (s *peer) Antiderivative(x float64) float64 { return s.integral(x) }
func (s *peer) Peak() float64                    { return s.peak }
func (s *peer) Area() float64                    { return s.area }
func (s *peer) Support() (lo, hi float64)        { return s.lo, s.hi }
func (s *peer) String() string                   { return s.name }

// ours is c times a surrogate of the package.
func ours(s Surrogate, c float64) *peer {
	lo, hi := Support(s)
	return &peer{
		slope: func(x float64) float64 { return c * s.Slope(x) }, integral: func(x float64) float64 { return c * s.Antiderivative(x) },
		peak: c * s.Peak(), area: c * s.Area(), lo: lo, hi: hi,
	}
}

// rule is a function that is no surrogate of the package.
func rule(slope, integral func(x float64) float64, peak, area float64) *peer {
	return &peer{slope: slope, integral: integral, peak: peak, area: area, lo: math.Inf(-1), hi: math.Inf(1)}
}

// on restricts the support of a rule.
func (s *peer) on(lo, hi float64) *peer {
	s.lo, s.hi = lo, hi
	return s
}

// from is a rule for x > at (or >= with closed), value everywhere there.
func from(at float64, closed bool, value float64) *peer {
	return rule(
		func(x float64) float64 {
			if x > at || closed && x == at {
				return value
			}
			return nanOr(x, 0)
		},
		func(x float64) float64 { return value * max(0, x-at) }, value, math.Inf(1)).on(at, math.Inf(1))
}

// nanOr returns value, or x if that is NaN.
func nanOr(x, value float64) float64 {
	if x != x {
		return x
	}
	return value
}

// positive describes a parameter > 0 of a peer.
func positive(name string, byDefault float64) Param { return Param{name, name, byDefault, 1e-12, 1e12} }

// compat makes a row of a rule; f gets parameters with the defaults filled in.
func compat(name, slope, source string, params []Param, asymmetric bool, f func(p []float64) *peer) Row {
	return Row{name, slope, "its integral", source, params, asymmetric, func(p []float64) Surrogate {
		q := make([]float64, len(p))
		bad := false
		for i, param := range params {
			q[i] = p[i]
			if p[i] == 0 {
				q[i] = param.Default
			}
			bad = bad || !(q[i] >= param.Low && q[i] <= param.High)
		}
		s := f(q)
		s.name = formatAll(name, q...)
		if bad {
			nan := func(float64) float64 { return math.NaN() }
			s.slope, s.integral, s.peak, s.area = nan, nan, math.NaN(), math.NaN()
		}
		return s
	}}
}
