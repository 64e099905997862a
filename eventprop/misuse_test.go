package eventprop

import (
	"errors"
	"testing"
)

// TestMisuse: calls that cannot work give an error, and none panics.
func TestMisuse(t *testing.T) {
	layer := &Layer{In: NewDense(2, 3)}
	grads := layer.NewGradients()
	after := func() (*Tape, *Cotangent) { // a forward pass
		var tape Tape
		var c Cotangent
		if err := tape.Forward(layer, []Spike{{Time: 1}}, 3); err != nil {
			t.Fatal(err)
		}
		c.Reset(&tape)
		return &tape, &c
	}
	for _, m := range []struct {
		name string
		call func() error
		want error
	}{
		{"no layer", func() error { return new(Tape).Forward(nil, nil, 1) }, ErrShape},
		{"no layer in a row", func() error { return Serial{nil}.Forward(new(Pass), nil, 1) }, ErrShape},
		{"backward before forward", func() error { return new(Tape).Backward(grads, new(Cotangent)) }, ErrShape},
		{"first spikes before forward", func() error { new(Tape).First(nil); return nil }, nil},
		{"no gradients", func() error { tape, c := after(); return tape.Backward(nil, c) }, ErrShape},
		{"no gradients, implicit", func() error { tape, c := after(); return tape.Analytical(nil, c) }, ErrShape},
		{"no cotangent", func() error { tape, _ := after(); return tape.Backward(grads, nil) }, ErrShape},
		{"no cotangent, implicit", func() error { tape, _ := after(); return tape.Analytical(grads, nil) }, ErrShape},
		{"a layer that changed", func() error {
			changing := &Layer{In: NewDense(2, 3)}
			var tape Tape
			if err := tape.Forward(changing, []Spike{{Time: 1}}, 3); err != nil {
				return err
			}
			var c Cotangent
			c.Reset(&tape)
			changing.In = NewDense(4, 4)
			return tape.Backward(changing.NewGradients(), &c)
		}, ErrShape},
		{"recurrence that came later", func() error {
			changing := &Layer{In: NewDense(2, 3)}
			var tape Tape
			if err := tape.Forward(changing, []Spike{{Time: 1}}, 3); err != nil {
				return err
			}
			var c Cotangent
			c.Reset(&tape)
			rec := NewDense(3, 3)
			changing.Rec = &rec
			return tape.Backward(changing.NewGradients(), &c)
		}, ErrShape},
		{"no loss", func() error {
			b := Batch{Net: Serial{layer}, End: 1}
			_, _, err := b.Step(nil, [][]Spike{nil}, nil)
			return err
		}, ErrParameter},
		{"no gradients of a layer", func() error {
			b := Batch{Net: Serial{layer}, End: 1}
			_, _, err := b.Step([]*Gradients{nil}, [][]Spike{nil}, func(int, *Pass) (float64, error) { return 0, nil })
			return err
		}, ErrShape},
		{"no random numbers", func() error { return layer.In.Init(Normal{}, 1, nil) }, ErrParameter},
		{"negative sizes", func() error { return new(Tape).Forward(&Layer{In: NewDense(-1, 3)}, nil, 1) }, ErrShape},
	} {
		if err := m.call(); !errors.Is(err, m.want) {
			t.Errorf("%s: %v, want %v", m.name, err, m.want)
		}
	}
}
