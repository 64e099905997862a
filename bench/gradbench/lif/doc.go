// Package lif is a network of leaky integrate-and-fire neurons in discrete time, written out in
// plain float64 loops for one purpose: to be the truth that gradient estimators are compared with.
// It shares no code with the engines, with package surrogate, or with package models.
//
// # Equations
//
// A layer with input x[t] (weights times the spikes of the layer below in the same step, plus a
// bias) computes
//
//	i[t] = β i[t-1] + x[t] + s[t-1]·w_rec        β = exp(-dt/TauSyn); 0 for a delta synapse
//	u[t] = α v[t-1] + k i[t]                     α = exp(-dt/TauMem)
//	s[t] = 1 if u[t] > VTh, else 0
//	v[t] = u[t] - VTh s[t],  or  u[t] (1 - s[t])
//
// where k is 1 for a delta synapse, 1-α where the current is held over a step, and else the exact
// propagator from the current to the voltage, TauSyn/(TauMem-TauSyn) (exp(-dt/TauMem) -
// exp(-dt/TauSyn)). A layer that does not spike gives out u.
//
// # The gradient that exists
//
// The loss of spikes that are 0 or 1 is piecewise constant. With escape noise (Gerstner and Kistler
// 2002, doi:10.1017/CBO9780511815706) of width w,
//
//	P(s[t] = 1 | the past) = σ((u[t] - VTh)/w),  σ(x) = 1/(1 + exp(-x)),
//
// its expectation is smooth, and has a gradient. With p the probability at a site (layer, step,
// neuron), and ∇u the derivative of its voltage for spikes that are held fixed,
//
//	∇ E[ℓ] = E[ Σ_sites  dp/du (E[ℓ | s = 1] - E[ℓ | s = 0]) ∇u ] + E[∇ℓ]
//
// [Problem.Difference] draws the bracket by running the rest of the sample again with the other
// spike and the same random numbers; [Problem.Score] replaces it by (ℓ - b)(s - p)/(p (1 - p))
// (Williams 1992, doi:10.1007/BF00992696). Both are unbiased. A surrogate puts the derivative of
// the network behind the site in place of the bracket (Gygax and Zenke 2025,
// doi:10.1162/neco_a_01752).
package lif
