package kernel

import "github.com/surge-snn/surge/internal/fmath"

// LIF holds the parameters of a row of leaky integrate-and-fire neurons, one number for
// each neuron; see models.LIF. Beta and Gain are nil without a synaptic current, Alpha with one,
// VReset where a spike subtracts the threshold.
//
// Gain is 1 - exp(-dt/TauMem): of a long time constant the digits are in it, not in Alpha, and with
// v + Gain (i - v) a constant current has its voltage exactly.
type LIF[T Float] struct {
	Alpha, Gain, VTh, Beta, VReset []T
	Detach                         bool // no gradient through the reset
}

// leak returns Alpha, or Gain where there is a synaptic current.
func (l *LIF[T]) leak() *T {
	if l.Beta != nil {
		return at(l.Gain[:len(l.VTh)])
	}
	return at(l.Alpha[:len(l.VTh)])
}

// Rows are rows of numbers, of which the first element of each is LD elements behind that of
// the one before: 0 for one row that stands for all.
type Rows[T Float] struct {
	Data []T
	LD   int
}

func (r Rows[T]) row(i, n int) []T { return r.Data[i*r.LD:][:n] }

// check makes sure that there are as many rows of n numbers.
func (r Rows[T]) check(rows, n int) *T {
	_ = r.Data[(rows-1)*r.LD+n-1]
	return at(r.Data)
}

// Step computes one step for some rows: the voltages u before the reset and v after it, from v
// after the step before and the input x, and the bits of the neurons that spike, of which those of
// a row are words elements behind those of the one before. With a synaptic current i goes to the
// next one, too. The rows of v and i have no gaps.
//
//	i  = Beta i + x,  u = v + Gain (i - v)             (with Beta)
//	                  u = Alpha v + x                  (without)
//	spike where not u - VTh <= 0: a NaN counts
//	v  = u + (VReset - u) or u - VTh where there is a spike, else u
//
// i and u are 0 where they are no larger than 2^-100 (float64: 2^-960), see [fmath.Flush].
func (l *LIF[T]) Step(rows int, u Rows[T], v, i []T, x Rows[T], bits []uint64, words int) {
	n := len(l.VTh)
	if n == 0 || rows == 0 {
		return
	}
	vth, leak := at(l.VTh), l.leak()
	pu, pv, px := u.check(rows, n), at(v[:rows*n]), x.check(rows, n)
	_ = bits[(rows-1)*words+Words(n)-1]
	if avx2 {
		for r := range rows {
			bits[r*words+Words(n)-1] = 0 // kernels write whole blocks, which need not fill the last word
		}
	}
	done := false
	switch {
	case l.Beta == nil && l.VReset == nil:
		done = fastLif(pu, u.LD, pv, px, x.LD, leak, vth, at(bits), 8*words, n, rows)
	case l.Beta == nil:
		done = fastLifToValue(pu, u.LD, pv, px, x.LD, leak, vth, at(bits), 8*words, at(l.VReset[:n]), n, rows)
	case l.VReset == nil:
		done = fastLifSyn(pu, u.LD, pv, px, x.LD, leak, vth, at(bits), 8*words, at(i[:rows*n]), at(l.Beta[:n]), n, rows)
	default:
		done = fastLifSynToValue(pu, u.LD, pv, px, x.LD, leak, vth, at(bits), 8*words, at(i[:rows*n]), at(l.Beta[:n]), at(l.VReset[:n]), n, rows)
	}
	if done {
		return
	}
	for r := range rows {
		var current []T
		if l.Beta != nil {
			current = i[r*n : (r+1)*n]
		}
		b := bits[r*words:][:Words(n)]
		clear(b)
		lif(l, u.row(r, n), v[r*n:(r+1)*n], current, x.row(r, n), b)
	}
}

// Adjoint is what goes back through time for rows of neurons or of leaky integrators: in DV and DI
// are the gradients of the state after the step, and then those of the state before it, without
// gaps between the rows. DX becomes the gradient of the input; G is that of the recorded voltage.
//
// Where DLeak has data, the gradients of all parameters that there are are added up, those of a
// row in a row of their own: DLeak is that of Alpha or Gain. DLeak, DVTh, DBeta and DVReset have
// one LD. Then Before is the voltage after the step before, or what it was before the reset if
// Unreset, and I and IBefore are the synaptic currents after and before the step.
type Adjoint[T Float] struct {
	DV, DI                      []T
	DX, G                       Rows[T]
	DLeak, DVTh, DBeta, DVReset Rows[T]
	Before, I, IBefore          Rows[T]
	Unreset                     bool
}

// Back is the adjoint of Step for some rows. ds is the gradient of the spikes, slope that of the
// surrogate at u - VTh, both without gaps. Where slope is nil, it is that of the fast sigmoid with
// sharpness k, see [FastSigmoid].
//
//	dr = DV,  reset = dr where there is a spike, else 0
//	r  = (VReset - u) dr or -VTh dr, 0 with Detach
//	du = (1 - spike) dr or dr, + (ds + r) slope, + G
//	DV = Alpha du,  DX = du                                            (without Beta)
//	DV = du - Gain du,  DX = DI + Gain du,  DI = Beta DX               (with)
//	DVTh -= reset (subtracting alone),  DVTh -= (ds + r) slope,  DVReset += reset
//	DLeak += du Before or du (I - Before),  DBeta += DX IBefore
//
// du and DX are 0 where they are no larger than 2^-100 (float64: 2^-960).
func (l *LIF[T]) Back(a *Adjoint[T], rows int, ds, slope []T, k T, u Rows[T]) {
	n := len(l.VTh)
	if n == 0 || rows == 0 {
		return
	}
	if done := l.fastBack(a, rows, ds, slope, k, u); !done {
		lifBack(l, a, rows, ds, slope, k, u)
	}
}

func (l *LIF[T]) fastBack(a *Adjoint[T], rows int, ds, slope []T, k T, u Rows[T]) bool {
	n := len(l.VTh)
	attached := ^uint64(0)
	if l.Detach {
		attached = 0
	}
	dv, dx, pds, pu, g := at(a.DV[:rows*n]), a.DX.check(rows, n), at(ds[:rows*n]), u.check(rows, n), a.G.check(rows, n)
	leak, vth := l.leak(), at(l.VTh)
	inside := slope == nil
	var given, di, beta, vreset *T
	if !inside {
		given = at(slope[:rows*n])
	}
	if l.Beta != nil {
		di, beta = at(a.DI[:rows*n]), at(l.Beta[:n])
	}
	if l.VReset != nil {
		vreset = at(l.VReset[:n])
	}
	if a.DLeak.Data != nil {
		return l.fastBackLearned(a, rows, k, u, dv, dx, pds, given, pu, g, leak, vth, attached, di, beta, vreset)
	}
	switch {
	case l.Beta == nil && l.VReset == nil && inside:
		return fastLifBackFast(dv, dx, a.DX.LD, pds, nil, pu, u.LD, g, a.G.LD, leak, vth, attached, k, n, rows)
	case l.Beta == nil && l.VReset == nil:
		return fastLifBack(dv, dx, a.DX.LD, pds, given, pu, u.LD, g, a.G.LD, leak, vth, attached, n, rows)
	case l.Beta == nil && inside:
		return fastLifBackToValueFast(dv, dx, a.DX.LD, pds, nil, pu, u.LD, g, a.G.LD, leak, vth, attached, vreset, k, n, rows)
	case l.Beta == nil:
		return fastLifBackToValue(dv, dx, a.DX.LD, pds, given, pu, u.LD, g, a.G.LD, leak, vth, attached, vreset, n, rows)
	case l.VReset == nil && inside:
		return fastLifBackSynFast(dv, dx, a.DX.LD, pds, nil, pu, u.LD, g, a.G.LD, leak, vth, attached, di, beta, k, n, rows)
	case l.VReset == nil:
		return fastLifBackSyn(dv, dx, a.DX.LD, pds, given, pu, u.LD, g, a.G.LD, leak, vth, attached, di, beta, n, rows)
	case inside:
		return fastLifBackSynToValueFast(dv, dx, a.DX.LD, pds, nil, pu, u.LD, g, a.G.LD, leak, vth, attached, di, beta, vreset, k, n, rows)
	default:
		return fastLifBackSynToValue(dv, dx, a.DX.LD, pds, given, pu, u.LD, g, a.G.LD, leak, vth, attached, di, beta, vreset, n, rows)
	}
}

// fastBackLearned is fastBack where parameters are learned.
func (l *LIF[T]) fastBackLearned(a *Adjoint[T], rows int, k T, u Rows[T], dv, dx, ds, slope, pu, g, leak, vth *T, attached uint64, di, beta, vreset *T) bool {
	n := len(l.VTh)
	dleak, dvth, before, ld := a.DLeak.check(rows, n), a.DVTh.check(rows, n), a.Before.check(rows, n), a.DLeak.LD
	var unreset uint64
	if a.Unreset {
		unreset = ^uint64(0)
	}
	var dbeta, dvreset, i, ibefore *T
	if l.Beta != nil {
		dbeta, i, ibefore = a.DBeta.check(rows, n), a.I.check(rows, n), a.IBefore.check(rows, n)
	}
	if l.VReset != nil {
		dvreset = a.DVReset.check(rows, n)
	}
	switch {
	case l.Beta == nil && l.VReset == nil && slope == nil:
		return fastLifBackLearnedFast(dv, dx, a.DX.LD, ds, nil, pu, u.LD, g, a.G.LD, leak, vth, attached, dleak, before, dvth, ld, a.Before.LD, unreset, k, n, rows)
	case l.Beta == nil && l.VReset == nil:
		return fastLifBackLearned(dv, dx, a.DX.LD, ds, slope, pu, u.LD, g, a.G.LD, leak, vth, attached, dleak, before, dvth, ld, a.Before.LD, unreset, n, rows)
	case l.Beta == nil && slope == nil:
		return fastLifBackToValueLearnedFast(dv, dx, a.DX.LD, ds, nil, pu, u.LD, g, a.G.LD, leak, vth, attached, vreset, dleak, before, dvth, dvreset, ld, a.Before.LD, unreset, k, n, rows)
	case l.Beta == nil:
		return fastLifBackToValueLearned(dv, dx, a.DX.LD, ds, slope, pu, u.LD, g, a.G.LD, leak, vth, attached, vreset, dleak, before, dvth, dvreset, ld, a.Before.LD, unreset, n, rows)
	case l.VReset == nil && slope == nil:
		return fastLifBackSynLearnedFast(dv, dx, a.DX.LD, ds, nil, pu, u.LD, g, a.G.LD, leak, vth, attached, di, beta, dleak, before, dvth, dbeta, i, ibefore, ld, a.Before.LD, unreset, a.I.LD, a.IBefore.LD, k, n, rows)
	case l.VReset == nil:
		return fastLifBackSynLearned(dv, dx, a.DX.LD, ds, slope, pu, u.LD, g, a.G.LD, leak, vth, attached, di, beta, dleak, before, dvth, dbeta, i, ibefore, ld, a.Before.LD, unreset, a.I.LD, a.IBefore.LD, n, rows)
	case slope == nil:
		return fastLifBackSynToValueLearnedFast(dv, dx, a.DX.LD, ds, nil, pu, u.LD, g, a.G.LD, leak, vth, attached, di, beta, vreset, dleak, before, dvth, dbeta, i, ibefore, dvreset, ld, a.Before.LD, unreset, a.I.LD, a.IBefore.LD, k, n, rows)
	default:
		return fastLifBackSynToValueLearned(dv, dx, a.DX.LD, ds, slope, pu, u.LD, g, a.G.LD, leak, vth, attached, di, beta, vreset, dleak, before, dvth, dbeta, i, ibefore, dvreset, ld, a.Before.LD, unreset, a.I.LD, a.IBefore.LD, n, rows)
	}
}

// LI holds the parameters of a row of leaky integrators; see models.LI. Beta and Gain are nil
// without a synaptic current, Alpha with one, as in [LIF].
type LI[T Float] struct{ Alpha, Gain, Beta []T }

func (l *LI[T]) len() int { return max(len(l.Alpha), len(l.Gain)) }

// Step computes one step for a row, from v and i to v1 and i1, which may be the same
// slices, as in [LIF.Step] without a threshold.
func (l *LI[T]) Step(v1, v, i1, i, x []T) {
	n := l.len()
	if n == 0 {
		return
	}
	v1, v, x = v1[:n], v[:n], x[:n]
	if l.Beta == nil {
		if fastLi(at(v1), at(v), at(x), at(l.Alpha), n) {
			return
		}
	} else if fastLiSyn(at(v1), at(v), at(x), at(l.Gain), at(i1[:n]), at(i[:n]), at(l.Beta), n) {
		return
	}
	for j, x := range x {
		if l.Beta != nil {
			i1[j] = fmath.Flush(T(l.Beta[j]*i[j]) + x)
			v1[j] = fmath.Flush(v[j] + T(l.Gain[j]*(i1[j]-v[j])))
		} else {
			v1[j] = fmath.Flush(T(l.Alpha[j]*v[j]) + x)
		}
	}
}

// Back is the adjoint of Step for a row, as in [LIF.Back] without a threshold.
func (l *LI[T]) Back(a *Adjoint[T]) {
	n := l.len()
	if n == 0 {
		return
	}
	done := false
	switch learned := a.DLeak.Data != nil; {
	case l.Beta == nil && !learned:
		done = fastLiBack(at(a.DV), at(a.DX.Data), at(a.G.Data), at(l.Alpha), n)
	case l.Beta == nil:
		done = fastLiBackLearned(at(a.DV), at(a.DX.Data), at(a.G.Data), at(l.Alpha), at(a.DLeak.Data), at(a.Before.Data), n)
	case !learned:
		done = fastLiBackSyn(at(a.DV), at(a.DX.Data), at(a.G.Data), at(l.Gain), at(a.DI), at(l.Beta), n)
	default:
		done = fastLiBackSynLearned(at(a.DV), at(a.DX.Data), at(a.G.Data), at(l.Gain), at(a.DI), at(l.Beta), at(a.DLeak.Data), at(a.Before.Data), at(a.DBeta.Data), at(a.I.Data), at(a.IBefore.Data), n)
	}
	if !done {
		for j := range n {
			var before T
			if a.DLeak.Data != nil {
				before = a.Before.Data[j]
			}
			liBackOf(l.Alpha, l.Gain, l.Beta, a, 0, n, j, a.DV[j]+a.G.Data[j], before)
		}
	}
}
