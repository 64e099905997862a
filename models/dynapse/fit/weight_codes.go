package fit

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// Base is one of the base currents Iw_0 to Iw_3, which the bits of the 4-bit codes of recurrent
// weights switch on:
//
//	W[i][j] = sign[i][j] Σ_k bit_k(code[i][j]) Iw_k[j] / Iscale[j]
//
// Without codes they have no effect. Their derivatives are those of the weights, in forced and in
// free networks alike.
type Base struct {
	Start  []float64 // one value, or one for each post-synaptic neuron, A; nil means 2^k nA, the default of Rockpool
	Fit    bool      // it is fitted, tied as the other currents are
	Bounds Range     // A; default: what the bias generator has
	Prior  Prior
}

// addBases checks the codes of weights and adds the base currents that are fitted.
func (s *space) addBases(group []int) error {
	n := s.Network.N
	for k := range s.Bases {
		b := &s.Bases[k]
		if !s.coded() {
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
	if c := s.Codes; c != nil {
		if err := s.checkCodes(c); err != nil {
			return err
		}
	}
	for k, b := range s.Bases {
		if b.Fit {
			if err := s.addCurrent(base{k}, b.Start, b.Bounds, group); err != nil {
				return err
			}
		}
	}
	if s.Codes != nil {
		s.Network.WRec = make([]float64, n*n*s.types())
		s.Network.WRec = s.network(s.x).WRec
	}
	return nil
}

// coded says whether weights follow from the base currents.
func (s *Space) coded() bool { return s.Codes != nil || s.inCodes != nil }

// checkCodes checks the codes of the recurrent weights.
func (s *space) checkCodes(c *chip.Codes) error {
	n := s.Network.N
	width := n * s.types()
	if s.Weights || c.Pre != n || c.Post != width || len(c.Code) != n*width || len(c.Sign) != n*width {
		return fmt.Errorf("%w: codes of %d x %d recurrent weights, want %d x %d, and no fit of the weights themselves", ErrExperiment, c.Pre, c.Post, n, width)
	}
	for i, code := range c.Code {
		if code >= 1<<chip.WeightBits || code > 0 && c.Sign[i] != 1 && c.Sign[i] != -1 {
			return fmt.Errorf("%w: w_rec[%d][%d] has code %d and sign %d, want 0 to 15 and 1 or -1", ErrExperiment, i/width, i%width, code, c.Sign[i])
		}
	}
	return nil
}

// iscale returns Iscale of each neuron of a sample.
func (s *space) iscale(one *sample) []float64 {
	if list := one.params[dynapse.Iscale]; list != nil {
		return list
	}
	return s.start[dynapse.Iscale]
}

// bases returns Iw_0 to Iw_3 of each neuron at x.
func (s *space) bases(x []float64) [chip.WeightBits][]float64 {
	net := s.network(x)
	one := s.sample(&net, 0)
	s.apply(one, x)
	return one.bases
}

// baseCurrents returns the base currents of each neuron at x, nil without codes.
func (s *space) baseCurrents(x []float64) []chip.BaseCurrents {
	if !s.coded() {
		return nil
	}
	iw := s.bases(x)
	list := make([]chip.BaseCurrents, s.Network.N)
	for j := range list {
		for k := range iw {
			list[j][k] = iw[k][j]
		}
	}
	return list
}

// decode stores the weights that codes stand for in a sample, [Pre, N].
func (s *space) decode(w []float64, c *chip.Codes, one *sample) {
	n, types, iscale := s.Network.N, s.types(), s.iscale(one)
	for i, code := range c.Code {
		sum, j := 0.0, i/types%n
		for k, iw := range one.bases {
			if code>>k&1 != 0 {
				sum += iw[j]
			}
		}
		w[i] = float64(c.Sign[i]) * sum / iscale[j]
	}
}

// pullCodes turns the derivatives with respect to the weights into those with respect to base
// currents and Iscale: a larger current of a weight of 1 makes the same base currents smaller
// weights.
func (s *space) pullCodes(one, by *sample) {
	if by.weights == nil {
		return
	}
	n, types, iscale := s.Network.N, s.types(), s.iscale(one)
	for k := range by.bases {
		by.bases[k] = make([]float64, n)
	}
	by.params[dynapse.Iscale] = slices.Clone(by.params[dynapse.Iscale])
	for i, code := range s.Codes.Code {
		j := i / types % n
		share := by.weights[i] * float64(s.Codes.Sign[i]) / iscale[j]
		for k, iw := range one.bases {
			if code>>k&1 == 0 {
				continue
			}
			by.bases[k][j] += share
			if d := by.params[dynapse.Iscale]; d != nil {
				d[j] -= float64(share * iw[j] / iscale[j])
			}
		}
	}
}
