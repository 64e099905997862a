package eventprop

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// TestObjectives compares gradients with finite differences.
func TestObjectives(t *testing.T) {
	x := []float64{0.3, -0.7, 1.1, 0.2}
	target := []float64{0.1, 0.4, 1.0, -0.3}
	for name, o := range map[string]Objective{
		"MSE":         MSE{Target: target, Scale: 0.7},
		"MSE 1":       MSE{Target: target},
		"CE":          CrossEntropy{Label: 2},
		"TTFS":        CrossEntropy{Label: 1, Scale: -3},
		"TargetTimes": TargetTimes{Target: target, Scale: 0.6},
		"Linear":      Linear{Weight: target},
	} {
		grad := make([]float64, len(x))
		if _, err := o.Value(grad, x); err != nil {
			t.Fatal(err)
		}
		for k := range x {
			d, _ := derivative(func(h float64) (float64, bool) {
				y := slices.Clone(x)
				y[k] += h
				v, err := o.Value(make([]float64, len(y)), y)
				return v, err == nil
			}, 1e-2)
			// 1e-10: rounding of a difference quotient of steps of 1e-5
			if math.Abs(d-grad[k]) > 1e-10 {
				t.Errorf("%s: gradient %d is %v, finite difference %v", name, k, grad[k], d)
			}
		}
		if _, err := o.Value(grad[:2], x); !errors.Is(err, ErrShape) {
			t.Errorf("%s with 2 gradients for 4 numbers: %v", name, err)
		}
	}
	// values by hand: two equal logits, and a label that is ahead by ln 3
	grad := make([]float64, 2)
	if v, _ := (CrossEntropy{Label: 0}).Value(grad, []float64{math.Log(3), 0}); math.Abs(v-math.Log(4.0/3)) > 1e-15 {
		t.Errorf("cross-entropy %v, want ln 4/3", v)
	}
	if v, _ := (CrossEntropy{}).Value(grad, []float64{1e4, -1e4}); v != 0 {
		t.Errorf("cross-entropy of a sure answer %v, want 0", v)
	}
	if _, err := (CrossEntropy{Label: 2}).Value(grad, []float64{0, 0}); !errors.Is(err, ErrShape) {
		t.Errorf("label 2 of 2: %v", err)
	}
}

// TestSerial compares the gradients of two layers and a readout, for every kind of observable
// and a regulariser, with finite differences.
func TestSerial(t *testing.T) {
	r := random.New(5, "eventprop/serial")
	p := LIFParameters{TauMem: []float64{10}, TauSyn: []float64{4}}
	net := Serial{
		{Params: p, In: NewDense(3, 6)},
		{Params: p, In: NewDense(6, 4)},
		{Params: LIFParameters{TauMem: []float64{8}, TauSyn: []float64{8}, VTh: []float64{math.Inf(1)}}, In: NewDense(4, 2)},
	}
	for k, d := range []Normal{{4, 2}, {2, 1.5}, {0.3, 1}} {
		if err := net[k].In.Init(d, 1, r); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 6 { // a silent neuron in the second layer, for the regulariser
		net[1].In.Weight[i*4+3] = 0.05 + 0.1*r.Float64()
	}
	input := []Spike{{1, 0, 0}, {2, 1, 0}, {5, 2, 0}, {9, 0, 0}}
	for _, test := range []struct {
		name string
		b    Observable
		o    Objective
	}{
		{"max", Max{}, CrossEntropy{Label: 1}},
		{"integral", Integral{}, MSE{Target: []float64{1, 2}}},
		{"weighted integral", Integral{Decay: 12}, CrossEntropy{Label: 0}},
		{"at", At{Time: 17.5}, MSE{Target: []float64{1, 2}}},
	} {
		var pass Pass
		loss := func() (float64, bool) {
			if err := net.Forward(&pass, input, 30); err != nil {
				t.Fatal(err)
			}
			tape, c := pass.Last()
			v, err := c.Add(tape, test.b, test.o, 0)
			if err != nil {
				t.Fatal(err)
			}
			for k := range 2 {
				s, err := Silence{Weight: 0.3}.Add(&pass.Tapes[k], &pass.Cotangents[k])
				if err != nil {
					t.Fatal(err)
				}
				v += s
				first, err := pass.Cotangents[k].Add(&pass.Tapes[k], First{}, Linear{Weight: make([]float64, net[k].Neurons()-1)}, net[k].Neurons()-1)
				if err != nil || first != 0 {
					t.Fatal(first, err)
				}
			}
			return v, true
		}
		loss()
		silent := pass.Tapes[1].Report.SilentNeurons
		spikes := len(pass.Tapes[0].Spikes) + len(pass.Tapes[1].Spikes)
		if silent == 0 || spikes < 8 {
			t.Fatalf("%d silent neurons and %d spikes say little", silent, spikes)
		}
		g := net.NewGradients()
		if err := pass.Backward(g, Adjoint); err != nil {
			t.Fatal(err)
		}
		implicit := net.NewGradients()
		loss()
		if err := pass.Backward(implicit, Implicit); err != nil {
			t.Fatal(err)
		}
		for k := range net {
			for i := range g[k].In {
				w := &net[k].In.Weight[i]
				w0 := *w
				d, _ := derivative(func(h float64) (float64, bool) {
					*w = w0 + h
					defer func() { *w = w0 }()
					v, _ := loss()
					return v, len(pass.Tapes[0].Spikes)+len(pass.Tapes[1].Spikes) == spikes
				}, 1e-3)
				// rounding of difference quotients of steps down to 1e-6, of losses of the order of
				// 10
				if math.Abs(d-g[k].In[i]) > 1e-7*(1+math.Abs(d)) {
					t.Errorf("%s: layer %d weight %d: %v, finite difference %v", test.name, k, i, g[k].In[i], d)
				}
				if math.Abs(implicit[k].In[i]-g[k].In[i]) > 1e-11*(1+math.Abs(d)) {
					t.Errorf("%s: layer %d weight %d: %v, implicit %v", test.name, k, i, g[k].In[i], implicit[k].In[i])
				}
			}
		}
	}
	net[2].In = NewDense(5, 2)
	if err := net.Forward(new(Pass), input, 30); !errors.Is(err, ErrShape) {
		t.Errorf("layers that do not fit: %v", err)
	}
}

// TestInit checks shapes and zeros of initial weights, and their mean and width.
func TestInit(t *testing.T) {
	r := random.New(1, "eventprop/init")
	s := NewDense(200, 100)
	if err := s.Init(Normal{}, 5, r); err != nil {
		t.Fatal(err)
	}
	sum, square := 0.0, 0.0
	for k, w := range s.Weight {
		if i := k / 100; w != s.Weight[i/5*5*100+k%100] {
			t.Fatalf("weight %d is not that of the first of its group", k)
		}
		sum += w
		square += w * w
	}
	n := float64(len(s.Weight))
	mean := sum / n
	// 4000 different numbers: 5 standard errors of the mean are 0.16, of the deviation 0.11
	if std := math.Sqrt(square/n - mean*mean); math.Abs(mean-0.5) > 0.16 || math.Abs(std-2) > 0.11 {
		t.Errorf("mean %v, standard deviation %v, want 0.5 and 2", mean, std)
	}
	if err := s.Init(Normal{}, 3, r); !errors.Is(err, ErrShape) {
		t.Errorf("200 inputs in groups of 3: %v", err)
	}
	rec := NewDense(6, 6)
	l := Layer{In: NewDense(2, 6), Rec: &rec}
	if err := l.InitLayers([]int{3, 2, 1}, []Normal{{1, 1}}, 1, r); err != nil {
		t.Fatal(err)
	}
	layer := []int{0, 0, 0, 1, 1, 2}
	for i := range 6 {
		for j := range 6 {
			if drawn := rec.Weight[i*6+j] != 0; drawn != (layer[j] == layer[i]+1) {
				t.Errorf("weight %d -> %d is %v", i, j, rec.Weight[i*6+j])
			}
			if i < 2 && (l.In.Weight[i*6+j] != 0) != (layer[j] == 0) {
				t.Errorf("input weight %d -> %d is %v", i, j, l.In.Weight[i*6+j])
			}
		}
	}
	if err := l.InitLayers([]int{3, 2}, []Normal{{1, 1}}, 1, r); !errors.Is(err, ErrShape) {
		t.Errorf("layers of 5 in a matrix of 6: %v", err)
	}
}

// TestLayersInOneMatrix: several layers in one recurrent matrix spike as the layers in a row do.
func TestLayersInOneMatrix(t *testing.T) {
	r := random.New(2, "eventprop/quadrants")
	rec := NewDense(8, 8)
	one := &Layer{In: NewDense(3, 8), Rec: &rec}
	if err := one.InitLayers([]int{5, 3}, []Normal{{2, 1}, {0.6, 0.5}}, 1, r); err != nil {
		t.Fatal(err)
	}
	first, second := &Layer{In: NewDense(3, 5)}, &Layer{In: NewDense(5, 3)}
	for i := range 3 {
		copy(first.In.Weight[i*5:(i+1)*5], one.In.Weight[i*8:])
	}
	for i := range 5 {
		copy(second.In.Weight[i*3:(i+1)*3], rec.Weight[i*8+5:])
	}
	input := []Spike{{1e-3, 0, 0}, {3e-3, 1, 0}, {7e-3, 2, 0}}
	var pass Pass
	if err := (Serial{first, second}).Forward(&pass, input, 40e-3); err != nil {
		t.Fatal(err)
	}
	together := forward(t, one, input, 40e-3)
	var parts [2][]Spike
	for _, s := range together.Spikes {
		if s.Neuron < 5 {
			parts[0] = append(parts[0], s)
		} else {
			parts[1] = append(parts[1], Spike{s.Time, s.Neuron - 5, s.Current})
		}
	}
	for k := range parts {
		want := pass.Tapes[k].Spikes
		if len(parts[k]) != len(want) || len(want) == 0 {
			t.Fatalf("layer %d: %d spikes, in a row %d", k, len(parts[k]), len(want))
		}
		for i, s := range parts[k] {
			if s.Neuron != want[i].Neuron || math.Abs(s.Time-want[i].Time) > 1e-13 {
				t.Errorf("layer %d: spike %v, in a row %v", k, s, want[i])
			}
		}
	}
}
