package eventprop

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/random"
)

// Normal is the normal distribution that weights are drawn from. The zero value stands for
// DefaultInit.
type Normal struct{ Mean, Std float64 }

// DefaultInit is the distribution of the weights of jaxsnn's layers.
var DefaultInit = Normal{Mean: 0.5, Std: 2}

func (d Normal) check() (Normal, error) {
	if d == (Normal{}) {
		return DefaultInit, nil
	}
	if math.IsNaN(d.Mean) || math.IsInf(d.Mean, 0) || !(d.Std >= 0) || math.IsInf(d.Std, 1) {
		return d, fmt.Errorf("%w: weights of mean %g and standard deviation %g", ErrParameter, d.Mean, d.Std)
	}
	return d, nil
}

// Init draws all weights of s from d. Each of the groups of duplication consecutive sources
// (0 means 1) has the same weights: a feature that is given to several inputs, as chips with
// small weights need it, counts as one of a larger weight.
func (s *Synapses) Init(d Normal, duplication int, rng *rand.Rand) error {
	d, err := d.check()
	if err != nil {
		return err
	}
	if s == nil {
		return fmt.Errorf("%w: no synapses, want those of NewDense or NewSparse", ErrShape)
	}
	return s.draw(d, duplication, 0, s.Post, rng)
}

// draw draws the weights to the neurons lo <= j < hi.
func (s *Synapses) draw(d Normal, duplication, lo, hi int, rng *rand.Rand) error {
	duplication = max(duplication, 1)
	if err := s.check("Synapses"); err != nil {
		return err
	}
	if rng == nil {
		return fmt.Errorf("%w: no source of random numbers", ErrParameter)
	}
	if s.Pre%duplication != 0 {
		return fmt.Errorf("%w: %d inputs cannot be %d-fold each", ErrShape, s.Pre, duplication)
	}
	if s.Row != nil && duplication > 1 {
		return fmt.Errorf("%w: duplication needs a dense matrix", ErrShape)
	}
	for i := range s.Pre {
		first, last := s.fan(i)
		for k := first; k < last; k++ {
			j := s.target(i, k)
			switch {
			case j < lo || j >= hi:
			case i%duplication == 0:
				s.Weight[k] = d.Mean + float64(d.Std*random.Normal(rng))
			default:
				s.Weight[k] = s.Weight[k-s.Post]
			}
		}
	}
	return nil
}

// InitLayers draws the weights of a dense recurrent layer that holds several feed-forward layers of
// the given sizes, so that they are simulated together: the input goes to the first, and the
// quadrant of the recurrent matrix from each layer to the next is drawn; the other weights are 0. d
// has one distribution per layer, or one for all. See [NewSparse] for training the quadrants alone.
//
//	Rec = | 0 W1 0  |
//	      | 0 0  W2 |
//	      | 0 0  0  |
func (l *Layer) InitLayers(sizes []int, d []Normal, duplication int, rng *rand.Rand) error {
	total := 0
	for _, n := range sizes {
		if n <= 0 {
			return fmt.Errorf("%w: layers of sizes %v", ErrShape, sizes)
		}
		total += n
	}
	if l == nil || l.Rec == nil || l.Rec.Row != nil || l.Rec.Pre != total || l.Rec.Post != total || l.In.Post != total {
		return fmt.Errorf("%w: layers of sizes %v need In and a dense Rec of %d neurons", ErrShape, sizes, total)
	}
	if len(d) != 1 && len(d) != len(sizes) {
		return fmt.Errorf("%w: %d distributions for %d layers", ErrShape, len(d), len(sizes))
	}
	clear(l.In.Weight)
	clear(l.Rec.Weight)
	lo := 0
	for k, n := range sizes {
		dist, err := d[min(k, len(d)-1)].check()
		if err != nil {
			return err
		}
		if k == 0 {
			if err := l.In.draw(dist, duplication, 0, n, rng); err != nil {
				return err
			}
			continue
		}
		for i := lo; i < lo+sizes[k-1]; i++ {
			for j := lo + sizes[k-1]; j < lo+sizes[k-1]+n; j++ {
				l.Rec.Weight[i*total+j] = dist.Mean + float64(dist.Std*random.Normal(rng))
			}
		}
		lo += sizes[k-1]
	}
	return nil
}
