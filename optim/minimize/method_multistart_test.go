package minimize

import (
	"bytes"
	"math"
	"slices"
	"testing"
)

func TestMultiStartDoesNotDependOnWorkers(t *testing.T) {
	var want []byte
	for _, workers := range []int{1, 2, 5} {
		res, err := Fit(background, rosenbrock(), []float64{-1.2, 1}, &Settings{Budget: 400}, MultiStart{Starts: 6, Keep: 2, Workers: workers, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		got, err := res.State.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("another state with %d workers", workers)
		}
	}
}

// In a Latin hypercube every interval of every parameter has one point.
func TestMultiStartIsALatinHypercube(t *testing.T) {
	m := MultiStart{Starts: 9, Spread: 2, Seed: 7}
	box := Box{Lower: []float64{-1, math.Inf(-1)}}
	points := m.points(box, []float64{0, 10})
	if !slices.Equal(points[0], []float64{0, 10}) {
		t.Errorf("first start %v is not init", points[0])
	}
	for i, r := range [][2]float64{{-1, 2}, {8, 12}} {
		var seen [8]int
		for _, x := range points[1:] {
			seen[int(8*(x[i]-r[0])/(r[1]-r[0]))]++
		}
		if seen != [8]int{1, 1, 1, 1, 1, 1, 1, 1} {
			t.Errorf("parameter %d: %v starts in the intervals", i, seen)
		}
	}
}

// One start is caught by a local minimum; of many, one is not.
func TestMultiStartLeavesALocalMinimum(t *testing.T) {
	p := smooth(
		func(x []float64) float64 { return x[0]*x[0]/8 + 1 - math.Cos(3*x[0]) },
		func(g, x []float64) { g[0] = x[0]/4 + 3*math.Sin(3*x[0]) },
	)
	init := []float64{4.1}
	one, err := Fit(background, p, init, nil, LBFGS{})
	if err != nil {
		t.Fatal(err)
	}
	many, err := Fit(background, p, init, nil, MultiStart{Method: LBFGS{}, Starts: 16, Spread: 6})
	if err != nil {
		t.Fatal(err)
	}
	if one.Loss < 1 || many.Loss > 1e-12 {
		t.Errorf("losses %v from one start and %v from many, want a local minimum above 1 and the global one, 0", one.Loss, many.Loss)
	}
}

// With Enough, the other starts end when one has converged.
func TestMultiStartEnough(t *testing.T) {
	m := MultiStart{Method: LBFGS{}, Starts: 6, Rung: 40, Spread: 3, Seed: 3}
	all, err := Fit(background, rosenbrock(), []float64{-1.2, 1}, nil, m)
	if err != nil {
		t.Fatal(err)
	}
	m.Rung, m.Enough = 1, 1e-6
	some, err := Fit(background, rosenbrock(), []float64{-1.2, 1}, nil, m)
	if err != nil {
		t.Fatal(err)
	}
	if some.Status != Converged || some.Loss > 1e-6 || some.Gradients >= all.Gradients {
		t.Errorf("%v with loss %v after %d gradients, without Enough %d", some.Status, some.Loss, some.Gradients, all.Gradients)
	}
}
