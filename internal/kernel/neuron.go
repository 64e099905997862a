package kernel

// LIF holds the parameters of a row of leaky integrate-and-fire neurons, one number for
// each neuron; see models.LIF. Beta is nil without a synaptic current, VReset where a
// spike subtracts the threshold.
type LIF[T Float] struct {
	Alpha, VTh, Beta, VReset []T
	Detach                   bool // no gradient through the reset
}

// Step computes one step for a row: the voltages u before the reset and v after it, from v
// after the step before and the input x, and the bits of the neurons that spike. With a
// synaptic current it goes from i to i1, which may be the same slice.
//
//	i1 = Beta i + x,  u = Alpha v + (1 - Alpha) i1     (with Beta)
//	                  u = Alpha v + x                  (without)
//	spike where not u - VTh <= 0: a NaN counts
//	v  = u + (VReset - u) or u - VTh where there is a spike, else u
func (l *LIF[T]) Step(u, v, i1, i, x []T, bits []uint64) {
	n := len(l.Alpha)
	if n == 0 {
		return
	}
	u, v, x, bits = u[:n], v[:n], x[:n], bits[:Words(n)]
	bits[len(bits)-1] = 0 // kernels write whole blocks, which need not fill the last word
	done := false
	switch {
	case l.Beta == nil && l.VReset == nil:
		done = fastLif(at(u), at(v), at(x), at(l.Alpha), at(l.VTh), at(bits), n)
	case l.Beta == nil:
		done = fastLifToValue(at(u), at(v), at(x), at(l.Alpha), at(l.VTh), at(bits), at(l.VReset), n)
	case l.VReset == nil:
		done = fastLifSyn(at(u), at(v), at(x), at(l.Alpha), at(l.VTh), at(bits), at(i1[:n]), at(i[:n]), at(l.Beta), n)
	default:
		done = fastLifSynToValue(at(u), at(v), at(x), at(l.Alpha), at(l.VTh), at(bits), at(i1[:n]), at(i[:n]), at(l.Beta), at(l.VReset), n)
	}
	if !done {
		clear(bits)
		lif(l, u, v, i1, i, x, bits)
	}
}

// Reset computes the voltages after a step from those before the reset, as in Step.
func (l *LIF[T]) Reset(v, u []T) {
	n := len(l.Alpha)
	v, u = v[:n], u[:n]
	switch {
	case n == 0:
	case l.VReset == nil && fastReset(at(v), at(u), at(l.VTh), n):
	case l.VReset != nil && fastResetToValue(at(v), at(u), at(l.VTh), at(l.VReset), n):
	default:
		reset(l, v, u)
	}
}

// Adjoint is what goes back through time for a row of neurons or of leaky integrators: in
// DV and DI are the gradients of the state after the step, and then those of the state
// before it. DX becomes the gradient of the input; G is that of the recorded voltage.
//
// Where DAlpha is not nil, all gradients of the parameters are added up: then Before is
// the voltage after the step before, I and IBefore are the synaptic currents after and
// before the step, and there is a slice for every parameter that exists.
type Adjoint[T Float] struct {
	DV, DI, DX, G                []T
	DAlpha, DVTh, DBeta, DVReset []T
	Before, I, IBefore           []T
}

// Back is the adjoint of Step for a row. ds is the gradient of the spikes, slope that of
// the surrogate at u - VTh.
//
//	dr = DV,  reset = dr where there is a spike, else 0
//	r  = (VReset - u) dr or -VTh dr, 0 with Detach
//	du = (1 - spike) dr or dr, + (ds + r) slope, + G
//	DV = Alpha du,  DX = du                                            (without Beta)
//	DV = Alpha du,  DX = DI + (1 - Alpha) du,  DI = Beta DX            (with)
//	DVTh -= reset (subtracting alone),  DVTh -= (ds + r) slope,  DVReset += reset
//	DAlpha += du Before or du (Before - I),  DBeta += DX IBefore
func (l *LIF[T]) Back(a *Adjoint[T], ds, slope, u []T) {
	n := len(l.Alpha)
	if n == 0 {
		return
	}
	ds, slope, u = ds[:n], slope[:n], u[:n]
	attached := ^uint64(0)
	if l.Detach {
		attached = 0
	}
	done := false
	switch learned := a.DAlpha != nil; {
	case l.Beta == nil && l.VReset == nil && !learned:
		done = fastLifBack(at(a.DV), at(a.DX), at(ds), at(slope), at(u), at(a.G), at(l.Alpha), at(l.VTh), attached, n)
	case l.Beta == nil && l.VReset == nil:
		done = fastLifBackLearned(at(a.DV), at(a.DX), at(ds), at(slope), at(u), at(a.G), at(l.Alpha), at(l.VTh), attached, at(a.DAlpha), at(a.Before), at(a.DVTh), n)
	case l.Beta == nil && !learned:
		done = fastLifBackToValue(at(a.DV), at(a.DX), at(ds), at(slope), at(u), at(a.G), at(l.Alpha), at(l.VTh), attached, at(l.VReset), n)
	case l.Beta == nil:
		done = fastLifBackToValueLearned(at(a.DV), at(a.DX), at(ds), at(slope), at(u), at(a.G), at(l.Alpha), at(l.VTh), attached, at(l.VReset), at(a.DAlpha), at(a.Before), at(a.DVTh), at(a.DVReset), n)
	case l.VReset == nil && !learned:
		done = fastLifBackSyn(at(a.DV), at(a.DX), at(ds), at(slope), at(u), at(a.G), at(l.Alpha), at(l.VTh), attached, at(a.DI), at(l.Beta), n)
	case l.VReset == nil:
		done = fastLifBackSynLearned(at(a.DV), at(a.DX), at(ds), at(slope), at(u), at(a.G), at(l.Alpha), at(l.VTh), attached, at(a.DI), at(l.Beta), at(a.DAlpha), at(a.Before), at(a.DVTh), at(a.DBeta), at(a.I), at(a.IBefore), n)
	case !learned:
		done = fastLifBackSynToValue(at(a.DV), at(a.DX), at(ds), at(slope), at(u), at(a.G), at(l.Alpha), at(l.VTh), attached, at(a.DI), at(l.Beta), at(l.VReset), n)
	default:
		done = fastLifBackSynToValueLearned(at(a.DV), at(a.DX), at(ds), at(slope), at(u), at(a.G), at(l.Alpha), at(l.VTh), attached, at(a.DI), at(l.Beta), at(l.VReset), at(a.DAlpha), at(a.Before), at(a.DVTh), at(a.DBeta), at(a.I), at(a.IBefore), at(a.DVReset), n)
	}
	if !done {
		lifBack(l, a, ds, slope, u)
	}
}

// LI holds the parameters of a row of leaky integrators; see models.LI. Beta is nil
// without a synaptic current.
type LI[T Float] struct{ Alpha, Beta []T }

// Step computes one step for a row, from v and i to v1 and i1, which may be the same
// slices, as in [LIF.Step] without a threshold.
func (l *LI[T]) Step(v1, v, i1, i, x []T) {
	n := len(l.Alpha)
	if n == 0 {
		return
	}
	v1, v, x = v1[:n], v[:n], x[:n]
	if l.Beta == nil {
		if fastLi(at(v1), at(v), at(x), at(l.Alpha), n) {
			return
		}
	} else if fastLiSyn(at(v1), at(v), at(x), at(l.Alpha), at(i1[:n]), at(i[:n]), at(l.Beta), n) {
		return
	}
	for j, x := range x {
		if l.Beta != nil {
			i1[j] = T(l.Beta[j]*i[j]) + x
			x = T((1 - l.Alpha[j]) * i1[j])
		}
		v1[j] = T(l.Alpha[j]*v[j]) + x
	}
}

// Back is the adjoint of Step for a row, as in [LIF.Back] without a threshold.
func (l *LI[T]) Back(a *Adjoint[T]) {
	n := len(l.Alpha)
	if n == 0 {
		return
	}
	done := false
	switch learned := a.DAlpha != nil; {
	case l.Beta == nil && !learned:
		done = fastLiBack(at(a.DV), at(a.DX), at(a.G), at(l.Alpha), n)
	case l.Beta == nil:
		done = fastLiBackLearned(at(a.DV), at(a.DX), at(a.G), at(l.Alpha), at(a.DAlpha), at(a.Before), n)
	case !learned:
		done = fastLiBackSyn(at(a.DV), at(a.DX), at(a.G), at(l.Alpha), at(a.DI), at(l.Beta), n)
	default:
		done = fastLiBackSynLearned(at(a.DV), at(a.DX), at(a.G), at(l.Alpha), at(a.DI), at(l.Beta), at(a.DAlpha), at(a.Before), at(a.DBeta), at(a.I), at(a.IBefore), n)
	}
	if !done {
		for j := range n {
			liBackOf(l.Alpha, l.Beta, a, j, a.DV[j]+a.G[j])
		}
	}
}
