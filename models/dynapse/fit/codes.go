package fit

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// Base is one of the base currents Iw_0 to Iw_3, which the bits of the 4-bit codes of recurrent weights switch on:
//
//	W[i][j] = sign[i][j] Σ_k bit_k(code[i][j]) Iw_k[j] / Iscale[j]
//
// Without codes they have no effect. Their derivatives are those of the weights, in forced and in free networks alike.
type Base struct {
	Start  []float64 // one value, or one for each post-synaptic neuron, A; nil means 2^k nA, the default of Rockpool
	Fit    bool      // it is fitted, tied as the other currents are
	Bounds Range     // A; default: what the bias generator has
	Prior  Prior
}

// baseParam stands for Iw_k in a coordinate.
func baseParam(k int) dynapse.Param { return dynapse.Param(dynapse.NumParams + k) }

// base returns the bit of the base current that c is, or -1.
func (c coordinate) base() int {
	if c.weight >= 0 {
		return -1
	}
	return max(int(c.param)-dynapse.NumParams, -1)
}

// weightName is the parameter of recurrent weights.
const weightName = "w_rec"

// parameter is the name without the group.
func (c coordinate) parameter() string {
	if c.weight >= 0 {
		return weightName
	}
	return c.current()
}

// label is the group where there are several, or else -1.
func (c coordinate) label() int {
	if c.weight >= 0 || c.name == c.current() {
		return -1
	}
	return c.group
}

// unit is that of the value.
func (c coordinate) unit() string {
	if c.weight >= 0 {
		return ""
	}
	return "A"
}

// current is the name of the current that c is.
func (c coordinate) current() string { return currentName(c.param) }

func currentName(p dynapse.Param) string {
	if k := int(p) - dynapse.NumParams; k >= 0 {
		return fmt.Sprintf("Iw_%d", k)
	}
	return p.String()
}

// addBases checks the codes of weights and adds the base currents that are fitted.
func (s *space) addBases(group []int) error {
	n := s.Network.N
	for k := range s.Bases {
		b := &s.Bases[k]
		if s.Codes == nil {
			if b.Fit {
				return fmt.Errorf("%w: Iw_%d is to be fitted, want the codes of recurrent weights, as it has no effect without", ErrExperiment, k)
			}
			continue
		}
		if b.Start == nil {
			b.Start = []float64{math.Ldexp(1e-9, k)}
		}
		if len(b.Start) != 1 && len(b.Start) != n {
			return fmt.Errorf("%w: Iw_%d has %d values, want 1 or %d", ErrExperiment, k, len(b.Start), n)
		}
		for _, x := range b.Start {
			if !(x > 0) || math.IsInf(x, 0) {
				return fmt.Errorf("%w: Iw_%d is %v A, want a finite number > 0", ErrExperiment, k, x)
			}
		}
		if len(b.Start) == 1 {
			b.Start = slices.Repeat(b.Start, n)
		}
	}
	if s.Codes == nil {
		return nil
	}
	c := s.Codes
	if s.Weights || c.Pre != n || c.Post != n || len(c.Code) != n*n || len(c.Sign) != n*n {
		return fmt.Errorf("%w: codes of %d x %d recurrent weights, want %d x %d, and no fit of the weights themselves", ErrExperiment, c.Pre, c.Post, n, n)
	}
	for i, code := range c.Code {
		if code >= 1<<chip.WeightBits || code > 0 && c.Sign[i] != 1 && c.Sign[i] != -1 {
			return fmt.Errorf("%w: w_rec[%d][%d] has code %d and sign %d, want 0 to 15 and 1 or -1", ErrExperiment, i/n, i%n, code, c.Sign[i])
		}
	}
	for k, b := range s.Bases {
		if b.Fit {
			if err := s.addCurrent(baseParam(k), b.Start, b.Bounds, group); err != nil {
				return err
			}
		}
	}
	s.Network.WRec = make([]float64, n*n)
	s.decode(s.Network.WRec, s.x)
	return nil
}

// bases returns Iw_0 to Iw_3 and Iscale of each neuron at x.
func (s *space) bases(x []float64) (iw [chip.WeightBits][]float64, iscale []float64) {
	for k, b := range s.Bases {
		iw[k] = slices.Clone(b.Start)
	}
	iscale = slices.Clone(s.start[dynapse.Iscale])
	for k, c := range s.coords {
		into := iscale
		if b := c.base(); b >= 0 {
			into = iw[b]
		} else if c.weight >= 0 || c.param != dynapse.Iscale {
			continue
		}
		v := fmath.Exp(x[k])
		for _, j := range c.neurons {
			into[j] = v
		}
	}
	return iw, iscale
}

// decode stores the weights at x in w, [N, N].
func (s *space) decode(w, x []float64) {
	iw, iscale := s.bases(x)
	n := s.Network.N
	for i, code := range s.Codes.Code {
		sum := 0.0
		for k := range iw {
			if code>>k&1 != 0 {
				sum += iw[k][i%n]
			}
		}
		w[i] = float64(s.Codes.Sign[i]) * sum / iscale[i%n]
	}
}

// pullCodes adds to grad the gradient with respect to x that belongs to one with respect to the weights, [N, N], through their codes.
func (s *space) pullCodes(grad, x, w []float64) {
	iw, iscale := s.bases(x)
	n := s.Network.N
	for at, c := range s.coords {
		b := c.base()
		if b < 0 && (c.weight >= 0 || c.param != dynapse.Iscale) {
			continue
		}
		for i, code := range s.Codes.Code {
			if !slices.Contains(c.neurons, i%n) {
				continue
			}
			for k := range iw {
				share := w[i] * float64(s.Codes.Sign[i]) * iw[k][i%n] / iscale[i%n]
				switch {
				case code>>k&1 == 0:
				case k == b:
					grad[at] += share
				case b < 0: // a larger current of a weight of 1 makes the same currents smaller weights
					grad[at] -= share
				}
			}
		}
	}
}
