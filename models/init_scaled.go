package models

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/random"
)

// Xavier draws a weight matrix [in, out] with the variance that keeps that of signals and of
// gradients in between:
//
//	w ~ N(0, gain² 2/(in + out)),  or uniform over ±gain sqrt(6/(in + out))
//
// Glorot and Bengio 2010, PMLR 9, 249.
func Xavier(gain float64, uniform bool) graph.Init {
	return scaled(uniform, func(in, out float64) float64 { return gain * math.Sqrt(2/(in+out)) })
}

// Kaiming draws a weight matrix [in, out] with a variance that is scaled by the number of inputs:
//
//	w ~ N(0, gain²/in),  or uniform over ±gain sqrt(3/in)
//
// With gain sqrt(2) it is that of He et al. 2015, doi:10.1109/ICCV.2015.123, for rectified units;
// with 1 that of LeCun; uniform with gain 1/sqrt(3) is the default of PyTorch's Linear,
// ±1/sqrt(in). [FanIn] is the same with a mean. Of a matrix with a mask
// ([Masked]) in is the number of inputs of a column.
func Kaiming(gain float64, uniform bool) graph.Init {
	return scaled(uniform, func(in, _ float64) float64 { return gain / math.Sqrt(in) })
}

// scaled draws from a distribution with the deviation that sigma gives for the numbers of inputs
// and outputs, of those that a mask leaves ([Masked]).
func scaled(uniform bool, sigma func(in, out float64) float64) graph.Init {
	return func(dst []float64, shape []int, rng *rand.Rand) {
		if len(dst) == 0 {
			return
		}
		inputs, outputs := connections(dst, shape[0])
		columns := len(inputs)
		for i := range dst {
			s := sigma(inputs[i%columns], outputs[i/columns])
			if uniform {
				dst[i] = s * math.Sqrt(3) * (2*rng.Float64() - 1)
			} else {
				dst[i] = s * random.Normal(rng)
			}
		}
	}
}

// connections counts the inputs of each column of a matrix and the outputs of each row, which are
// its elements that are not 0; where there is none, as without a mask, they are all of them.
func connections(mask []float64, rows int) (inputs, outputs []float64) {
	columns := len(mask) / rows
	inputs, outputs = make([]float64, columns), make([]float64, rows)
	for i, exists := range mask {
		if exists != 0 {
			inputs[i%columns]++
			outputs[i/columns]++
		}
	}
	orAll := func(n []float64, all int) {
		for i := range n {
			if n[i] == 0 {
				n[i] = float64(all)
			}
		}
	}
	orAll(inputs, rows)
	orAll(outputs, columns)
	return inputs, outputs
}

// FluctuationDriven draws the weights of a layer of spiking neurons so that their voltage, without
// spikes, fluctuates about a mean below the threshold and crosses it now and then, as it does in
// the cortex:
//
//	w ~ N(μ_w, σ_w²),   μ_w = Mean/(in ν ε₁),   σ_w² = ((VTh - Mean)/Xi)² / (in ν ε₂) - μ_w²
//
// with ν = Rate dt the probability of a spike of an input in a step, and ε₁ = Σ ε[k], ε₂ = Σ ε[k]²
// the sums over the response ε of the voltage of a [LIF] to one spike of weight 1: α^k for a delta
// synapse, the difference of exponentials with TauSyn. The voltage has the mean Mean
// and the deviation (VTh - Mean)/Xi then: the threshold is Xi deviations above it.
//
// Rossbroich, Gygax and Zenke 2022, doi:10.1088/2634-4386/ac97bb, there with integrals in place of
// the sums.
type FluctuationDriven struct {
	Rate   float64 // of each input, Hz
	Dt     float64 // time step, s; 0 means 1e-3
	TauMem float64 // s; 0 means 20e-3
	TauSyn float64 // s; 0: delta synapse
	Hold   bool    // that of the LIF, with TauSyn
	VTh    float64 // 0 means 1
	Mean   float64 // of the voltage
	Xi     float64 // deviations from Mean to VTh; 0 means 1
}

// Init returns the initialiser, for weight matrices [in, out]. Settings for which there are no such
// weights are an error that wraps [ErrParameter]: a Mean at the threshold, or one that cannot be
// had with so little variance.
func (f FluctuationDriven) Init(in int) (graph.Init, error) {
	mean, deviation, err := f.weights(in)
	if err != nil {
		return nil, err
	}
	return Normal(mean, deviation), nil
}

// weights returns mean and deviation.
func (f FluctuationDriven) weights(in int) (mean, deviation float64, err error) {
	or := func(v, def float64) float64 {
		if v == 0 {
			return def
		}
		return v
	}
	dt, mem, vth, xi := or(f.Dt, 1e-3), or(f.TauMem, 20e-3), or(f.VTh, 1), or(f.Xi, 1)
	if !(f.Rate > 0 && f.Rate*dt <= 1 && dt > 0 && mem > 0 && f.TauSyn >= 0 && xi > 0 && vth > f.Mean) || in < 1 {
		return 0, 0, fmt.Errorf("%w: FluctuationDriven %+v for %d inputs, want a Rate of one spike a step at most and Mean < VTh", ErrParameter, f, in)
	}
	first, second := f.response(dt, mem)
	spikes := float64(in) * f.Rate * dt
	mean = f.Mean / (spikes * first)
	s := (vth - f.Mean) / xi
	variance := s*s/(spikes*second) - float64(mean*mean)
	if !(variance > 0) {
		return 0, 0, fmt.Errorf("%w: FluctuationDriven: %d inputs at %v Hz give the mean %v with a deviation above %v, want %v; more inputs, or a mean nearer to 0",
			ErrParameter, in, f.Rate, f.Mean, math.Abs(mean)*math.Sqrt(spikes*second), s)
	}
	return mean, math.Sqrt(variance), nil
}

// response returns the sums of ε and ε².
func (f FluctuationDriven) response(dt, mem float64) (first, second float64) {
	alpha := fmath.Exp(-dt / mem)
	if f.TauSyn == 0 {
		return 1 / (1 - alpha), 1 / (1 - float64(alpha*alpha))
	}
	// v[k] = α v[k-1] + κ β^k, with κ of ops.HeldCurrent.
	beta := fmath.Exp(-dt / f.TauSyn)
	kappa, d := dt/mem*alpha, dt/f.TauSyn-dt/mem
	switch {
	case f.Hold:
		kappa = 1 - alpha
	case math.Abs(d) > 1e-9:
		kappa *= -fmath.Expm1(-d) / d
	}
	v, i := 0.0, kappa
	for k := 0; k < 1<<20 && (i > 1e-18 || v > 1e-18); k++ {
		v = float64(alpha*v) + i
		i *= beta
		first += v
		second += float64(v * v)
	}
	return first, second
}

// ErrRate signifies that no scale of the weights gives the wanted rate.
var ErrRate = errors.New("models: no scale of the weights gives this rate")

// ScaleToRate multiplies the weights of a layer by one factor, so that its neurons fire at a wanted
// rate on given data: a start that suits the data, whatever the layers before it do. params holds
// the weights under the given names, which are scaled together, and rate runs the network on the
// data and returns the mean rate of the layer, in any unit. The factor is searched for between
// 1/1024 and 1024: from 1 it is doubled, or halved, until the rate is beyond the wanted one. Then
// the interval of its logarithm is halved, until the rate is within tolerance (a part of the wanted
// one, 0.05 for 0), or 40 times. It returns the factor.
//
// Where the rate does not cross the wanted one, weights are as before and the error wraps
// [ErrRate]; one of rate is passed on. Layers are scaled in their order from the input. Mishkin and
// Matas 2016, arXiv:1511.06422, for activations.
func ScaleToRate(params *graph.Params, names []string, wanted, tolerance float64, rate func() (float64, error)) (factor float64, err error) {
	if tolerance == 0 {
		tolerance = 0.05
	}
	if params == nil || rate == nil || !(wanted > 0) || !(tolerance > 0) || len(names) == 0 {
		return 0, fmt.Errorf("%w: ScaleToRate of %v to %v within %v", ErrParameter, names, wanted, tolerance)
	}
	start := map[string][]float64{}
	for _, name := range names {
		v := params.Value(name)
		if v == nil {
			return 0, fmt.Errorf("%w: ScaleToRate: no parameter %q", ErrParameter, name)
		}
		start[name] = values(v)
	}
	at := func(log float64) (float64, error) {
		for _, name := range names {
			setScaled(params.Value(name), start[name], fmath.Exp2(log))
		}
		return rate()
	}
	// From the weights as they are, twice or half as much each time: the rate may cost more the
	// larger it is.
	lo, hi := 0.0, 0.0
	r, err := at(0)
	if err != nil {
		return 0, err
	}
	found := func() bool { return math.Abs(r-wanted) <= tolerance*wanted }
	for step := math.Copysign(1, wanted-r); (r < wanted) == (step > 0); {
		if found() {
			return fmath.Exp2(hi), nil
		}
		lo, hi = hi, hi+step
		if math.Abs(hi) > 10 {
			_, err = at(0)
			return 0, errors.Join(fmt.Errorf("%w: %v wanted, %v with %v times the weights", ErrRate, wanted, r, fmath.Exp2(lo)), err)
		}
		if r, err = at(hi); err != nil {
			return 0, err
		}
	}
	if found() {
		return fmath.Exp2(hi), nil
	}
	lo, hi = min(lo, hi), max(lo, hi)
	for range 40 {
		mid := (lo + hi) / 2
		if r, err = at(mid); err != nil {
			return 0, err
		}
		if found() {
			return fmath.Exp2(mid), nil
		}
		if r < wanted {
			lo = mid
		} else {
			hi = mid
		}
	}
	_, err = at(0)
	return 0, errors.Join(fmt.Errorf("%w: %v wanted, it jumps over it at %v times the weights", ErrRate, wanted, fmath.Exp2(lo)), err)
}

// values returns the elements of a tensor of float32 or float64, a copy.
func values(d *tensor.Dense) []float64 {
	if d.Dtype() == tensor.Float32 {
		x := make([]float64, len(d.Float32s()))
		for i, v := range d.Float32s() {
			x[i] = float64(v)
		}
		return x
	}
	return append([]float64(nil), d.Float64s()...)
}

// setScaled sets the elements of a tensor to c times x.
func setScaled(d *tensor.Dense, x []float64, c float64) {
	for i, v := range x {
		if d.Dtype() == tensor.Float32 {
			d.Float32s()[i] = float32(c * v)
		} else {
			d.Float64s()[i] = c * v
		}
	}
}
