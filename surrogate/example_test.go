package surrogate_test

import (
	"errors"
	"fmt"
	"math"

	"github.com/surge-snn/surge/surrogate"
)

// Laplace is a surrogate that the package does not have: the density of a
// double-sided exponential,
//
//	Slope(x) = exp(-|x|/Width) / (2 Width)
type Laplace struct{ Width float64 }

func (l Laplace) Slope(x float64) float64 {
	return math.Exp(-math.Abs(x)/l.Width) / (2 * l.Width)
}

func (l Laplace) Antiderivative(x float64) float64 {
	lower := math.Exp(-math.Abs(x)/l.Width) / 2
	if x > 0 {
		return 1 - lower
	}
	return lower
}

func (l Laplace) Peak() float64  { return 1 / (2 * l.Width) }
func (l Laplace) Area() float64  { return 1 }
func (l Laplace) String() string { return fmt.Sprintf("laplace(%v)", l.Width) }

// A surrogate of one's own is a type with five methods.
func Example_own() {
	s := Laplace{Width: 0.25}
	if err := surrogate.Check(s); err != nil {
		fmt.Println(err)
		return
	}
	x := []float32{-0.25, 0, 0.25}
	slopes := make([]float32, len(x))
	surrogate.Slopes(s, slopes, x)
	fmt.Printf("%v: %.4f\n", s, slopes)
	// Output: laplace(0.25): [0.7358 2.0000 0.7358]
}

func ExampleParse() {
	s, err := surrogate.Parse("fast_sigmoid(25)")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s, "has slope", s.Slope(0.04), "at 0.04 and area", s.Area())

	_, err = surrogate.Parse("fast_sigmoid(-25)")
	fmt.Println("of a negative sharpness an error:", errors.Is(err, surrogate.ErrInvalid))
	// Output:
	// fast_sigmoid(25) has slope 0.25 at 0.04 and area 0.08
	// of a negative sharpness an error: true
}
