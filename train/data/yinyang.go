package data

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext/prng"
)

// The classes of [YinYang]. The published generator calls its class list yin, yang,
// dot and gives the class 1 to points that its own predicate calls yin; the labels
// here are the numbers that it writes.
const (
	Yin  = 0
	Yang = 1
	Dot  = 2
)

// YinYangSettings are the arguments of the generator of the Yin-Yang data set.
type YinYangSettings struct {
	// Size is the number of samples. 0 means 1000.
	Size int
	// Seed is the seed of the Mersenne Twister; 0 is a seed as any other. The
	// published sets are training 42 (size 5000), validation 41 and test 40.
	Seed uint32
	// RBig is the radius of the large circle, in (0, 0.5]. 0 means 0.5.
	RBig float64
	// RSmall is the radius of the two dots, from RBig/100 to RBig/2. 0 means 0.1.
	RSmall float64
}

// YinYang is the Yin-Yang data set: points in a circle, of three classes that a
// linear classifier cannot separate.
//
//	features (x, y, 1-x, 1-y),  (x - r)² + (y - r)² <= r²,  r = RBig
//	Dot:   within RSmall of (r/2, r) or (3r/2, r)
//	Yang:  else, if dl <= r/2, or y > r and dr > r/2
//	Yin:   else
//
// with dl and dr the distances to those two centres. L. Kriener, J. Göltz, M. A.
// Petrovici, "The Yin-Yang dataset", NICE 2022, doi:10.1145/3517343.3517380.
//
// Samples and labels are those of the published Python generator (NumPy
// RandomState), bit for bit.
type YinYang struct {
	points []float64 // [2N]: x, y
	labels []uint8   // [N]
}

// NewYinYang generates the data set. Settings outside of their range are an error
// (ErrSettings). It costs some 15 uniform numbers per sample at the default
// radii, and more as RSmall falls.
func NewYinYang(s YinYangSettings) (*YinYang, error) {
	if s.Size == 0 {
		s.Size = 1000
	}
	if s.RBig == 0 {
		s.RBig = 0.5
	}
	if s.RSmall == 0 {
		s.RSmall = 0.1
	}
	if s.Size < 0 {
		return nil, fmt.Errorf("%w: Yin-Yang Size is %d, want > 0", ErrSettings, s.Size)
	}
	if !(s.RBig > 0 && s.RBig <= 0.5) {
		return nil, fmt.Errorf("%w: Yin-Yang RBig is %g, want in (0, 0.5]", ErrSettings, s.RBig)
	}
	if !(s.RSmall >= s.RBig/100 && s.RSmall <= s.RBig/2) {
		return nil, fmt.Errorf("%w: Yin-Yang RSmall is %g, want from %g to %g (RBig is %g)", ErrSettings, s.RSmall, s.RBig/100, s.RBig/2, s.RBig)
	}

	g := yinYangGenerator{YinYangSettings: s, twister: prng.NewMT19937()}
	g.twister.Seed(uint64(s.Seed))
	d := &YinYang{points: make([]float64, 0, 2*s.Size), labels: make([]uint8, 0, s.Size)}
	for range s.Size {
		goal := g.class()
		x, y := g.point()
		for g.which(x, y) != goal {
			x, y = g.point()
		}
		d.points = append(d.points, x, y)
		d.labels = append(d.labels, goal)
	}
	return d, nil
}

// StandardYinYang returns the published training (5000 samples, seed 42),
// validation (1000, seed 41) and test sets (1000, seed 40).
func StandardYinYang() (train, validation, test *YinYang) {
	sets := make([]*YinYang, 3)
	for i, s := range []YinYangSettings{{Size: 5000, Seed: 42}, {Size: 1000, Seed: 41}, {Size: 1000, Seed: 40}} {
		d, err := NewYinYang(s)
		if err != nil {
			panic(err) // cannot be: the settings are constants in range
		}
		sets[i] = d
	}
	return sets[0], sets[1], sets[2]
}

// Len returns the number of samples.
func (d *YinYang) Len() int {
	if d == nil {
		return 0
	}
	return len(d.labels)
}

// Form returns 4 features and 3 classes.
func (d *YinYang) Form() Form {
	return Form{Channels: 4, Target: Target{Kind: ClassTarget, Size: 3, Names: yinYangClasses}}
}

var yinYangClasses = []string{"yin", "yang", "dot"}

// Sample writes the features (x, y, 1-x, 1-y) and the label of sample i.
func (d *YinYang) Sample(s *Sample, i int) error {
	if err := checkSample(d, s, i); err != nil {
		return err
	}
	x, y := d.points[2*i], d.points[2*i+1]
	f := s.Features(4)
	f[0], f[1], f[2], f[3] = x, y, 1-x, 1-y
	s.Label = int(d.labels[i])
	return nil
}

// yinYangGenerator draws points as the published generator does.
type yinYangGenerator struct {
	YinYangSettings
	twister *prng.MT19937
}

// class is RandomState.randint(3): the two lowest bits of 32-bit words, 3 rejected.
func (g *yinYangGenerator) class() uint8 {
	for {
		if w := g.twister.Uint32() & 3; w < 3 {
			return uint8(w)
		}
	}
}

// uniform is RandomState.rand(): 53 bits out of two words.
func (g *yinYangGenerator) uniform() float64 {
	hi, lo := g.twister.Uint32()>>5, g.twister.Uint32()>>6
	return float64(uint64(hi)<<26|uint64(lo)) / (1 << 53)
}

// point draws a point of the large circle.
func (g *yinYangGenerator) point() (x, y float64) {
	for {
		x = float64(g.uniform() * 2 * g.RBig)
		y = float64(g.uniform() * 2 * g.RBig)
		if distance(x, y, g.RBig, g.RBig) <= g.RBig {
			return x, y
		}
	}
}

func (g *yinYangGenerator) which(x, y float64) uint8 {
	left := distance(x, y, float64(0.5*g.RBig), g.RBig)
	right := distance(x, y, float64(1.5*g.RBig), g.RBig)
	switch {
	case left < g.RSmall || right < g.RSmall:
		return Dot
	case right <= g.RSmall, // on the rim of the right dot
		left > g.RSmall && left <= 0.5*g.RBig,
		y > g.RBig && right > 0.5*g.RBig:
		return Yang
	}
	return Yin
}

// distance rounds every operation, as NumPy does; math.Hypot would not.
func distance(x, y, cx, cy float64) float64 {
	dx, dy := x-cx, y-cy
	return math.Sqrt(float64(dx*dx) + float64(dy*dy))
}
