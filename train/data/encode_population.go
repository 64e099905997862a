package data

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/fmath"
)

// Population gives each feature several channels with overlapping receptive fields: channel m of M
// has the centre and the response
//
//	c_m = Low + (High - Low) m/(M-1),    r_m = exp(-(x - c_m)² / (2 w²)),
//	w   = (High - Low) Width / (M-1)
//
// and one spike, the earlier the larger the response is,
//
//	t_m = (1 - r_m) TMax    where r_m > Threshold, none else
//
// N is M times the number of features, those of a feature next to each other. S. Bohte, J. Kok, H.
// La Poutré 2002, doi:10.1016/S0925-2312(01)00658-0.
type Population struct {
	Neurons   int     // M, of each feature; 0 means 8, at least 2
	Low, High float64 // range of the features; both 0: 0 and 1
	Width     float64 // of a field, in distances between centres; 0 means 1
	Threshold float64 // response up to which there is no spike; 0 means 0.1
	TMax      float64 // s, time for the response 0; 0 means 10 ms
}

func (e Population) neurons() int {
	if e.Neurons == 0 {
		return 8
	}
	return e.Neurons
}

// Channels returns Neurons times the number of features.
func (e Population) Channels(features int) int { return e.neurons() * features }

// settings returns e with its defaults filled in.
func (e Population) settings() (Population, error) {
	var err error
	if e.Neurons = e.neurons(); e.Neurons < 2 {
		return e, fmt.Errorf("%w: Population.Neurons is %d, want >= 2", ErrSettings, e.Neurons)
	}
	if e.Low == 0 && e.High == 0 {
		e.High = 1
	}
	if !(e.High > e.Low) || math.IsInf(e.High-e.Low, 0) {
		return e, fmt.Errorf("%w: Population.High is %g, want above Low = %g", ErrSettings, e.High, e.Low)
	}
	if e.Width, err = positive("Population", "Width", e.Width, 1); err != nil {
		return e, err
	}
	if e.Threshold, err = positive("Population", "Threshold", e.Threshold, 0.1); err != nil {
		return e, err
	}
	if e.Threshold >= 1 {
		return e, fmt.Errorf("%w: Population.Threshold is %g, want < 1", ErrSettings, e.Threshold)
	}
	e.TMax, err = positive("Population", "TMax", e.TMax, 10e-3)
	return e, err
}

// each calls spike for each spike, by rising channel.
func (e Population) each(x []float64, spike func(Spike) error) error {
	step := (e.High - e.Low) / float64(e.Neurons-1)
	for i, v := range x {
		if v-v != 0 {
			return fmt.Errorf("%w: feature %d is %g, want a finite number", ErrFeature, i, v)
		}
		v = min(max(v, e.Low), e.High) // beyond the range as at its end
		for m := range e.Neurons {
			d := (v - e.Low - float64(float64(m)*step)) / (step * e.Width)
			if r := fmath.Exp(-d * d / 2); r > e.Threshold {
				if err := spike(Spike{(1 - r) * e.TMax, i*e.Neurons + m}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Encode writes a 1 for each spike and 0 elsewhere. It does not use rng.
func (e Population) Encode(dst Block, x []float64, _ *rand.Rand) error {
	e, err := e.settings()
	if err != nil {
		return err
	}
	if err := dst.check(e.Channels(len(x))); err != nil {
		return err
	}
	dst.zero()
	return e.each(x, dst.put)
}

// AppendSpikes appends the spikes at their exact times.
func (e Population) AppendSpikes(dst []Spike, x []float64) ([]Spike, error) {
	e, err := e.settings()
	if err != nil {
		return dst, err
	}
	first := len(dst)
	err = e.each(x, func(s Spike) error {
		dst = append(dst, s)
		return nil
	})
	sortSpikes(dst[first:])
	return dst, err
}
