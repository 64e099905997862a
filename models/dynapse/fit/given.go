package fit

import (
	"context"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// A fit takes as given what it does not fit: capacitances, the currents of [init], Ut, kappa. Their
// nominal values are those of a chip that nobody has, and the answer moves with them. With the
// residuals e of the traces and their derivatives S = d e/d ln I, least squares move by
//
//	d ln I/d ln θ = - (SᵀS)⁻¹ Sᵀ d e/d ln θ
//
// which makes up for θ as well as the currents can.

// Given is a parameter that was not fitted, with what the answer owes to its value.
type Given struct {
	Name string `json:"name"`
	// Moves says by how many per cent each determined current moves where the parameter is 1 %
	// larger in all neurons.
	Moves map[string]float64 `json:"moves"`
}

// leastMove is the movement below which nothing is said, in per cent for each per cent.
const leastMove = 0.05

// given returns what moves the determined coordinates, in the order of the parameters.
func (s *sensitivity) given(ctx context.Context, verdict map[string]Verdict) (list []Given, err error) {
	sens := s.sens
	if s.likely != nil {
		sens = s.noises.filterColumns(sens, s.noise)
	}
	rows, n := sens.Dims()
	squares := newNormal(sens, make([]minimize.Prior, n))
	for q := range dynapse.Param(dynapse.NumParams) {
		if q == dynapse.Dt || s.moves(q) || int(q) >= dynapse.NumSingle && !s.Network.FourSynapses {
			continue
		}
		e, err := s.byParameter(ctx, q, rows)
		if err != nil {
			return nil, err
		}
		if s.likely != nil {
			e = s.noises.filter(e[:len(s.e)])
		} else {
			e = scaled(e, 1/s.noise)
		}
		g := Given{Name: q.String(), Moves: map[string]float64{}}
		most := 0.0
		for i, d := range squares.solve(e, make([]float64, n)) {
			c := s.coords[s.smooth[i]]
			if _, ok := c.quantity.(nuisance); ok || verdict[c.name] != Identified {
				continue
			}
			g.Moves[c.name] = d
			most = max(most, math.Abs(d))
		}
		if most >= leastMove {
			list = append(list, g)
		}
	}
	return list, nil
}

// moves says whether a parameter is fitted, or follows from what is.
func (s *space) moves(q dynapse.Param) bool {
	return len(s.where(func(c coordinate) bool { return c.is(q) })) > 0 || q == dynapse.Iscale && s.coded()
}

// byParameter returns the derivatives of the differences of the traces by ln of a parameter of all
// neurons, e-folds, with zeros behind up to a number of rows.
func (s *sensitivity) byParameter(ctx context.Context, q dynapse.Param, rows int) ([]float64, error) {
	net, n := s.system(s.x, s.x), s.Network.N
	moved := make([]float64, 2*n)
	for i, sign := range []float64{1, -1} {
		for j, v := range s.start[q] {
			moved[i*n+j] = v * fmath.Exp(sign*step)
		}
	}
	net.Params[q] = moved
	runs, err := s.runs(ctx, net)
	if err != nil {
		return nil, err
	}
	var ends [2][]float64
	for i := range ends {
		ends[i] = make([]float64, len(s.fp.samples))
	}
	s.fp.differences(ends[:], net, runs)
	e := make([]float64, rows)
	for m, o := range s.fp.samples {
		e[m] = (ends[0][m] - ends[1][m]) / (2 * step * o.root)
	}
	return e, nil
}
