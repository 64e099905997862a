package minimize

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/optim"
)

func ptr[T any](v T) *T { return &v }

// A fit that is stopped anywhere and goes on from the bytes of its state ends like one
// that was never stopped.
func TestResumeEqualsNeverStopped(t *testing.T) {
	all := methods()
	all["descent"] = Descent{Steps: 60}
	all["nested"] = MultiStart{Starts: 3, Rung: 3, Keep: 1, Method: Sequence{{Problem: ptr(powell()), Method: Descent{Steps: 5}}, {Method: LBFGS{Steps: 10}}}}
	p, init := powell(), []float64{3, -1, 0, 1}
	p.Box = Box{Lower: []float64{-4, -4, 0.5 - 1, -4}}
	for _, name := range append(names(), "nested") {
		t.Run(name, func(t *testing.T) {
			const budget = 1500
			whole, err := Fit(background, p, init, &Settings{Budget: budget}, all[name])
			if err != nil {
				t.Fatal(err)
			}
			want, err := whole.State.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			cost := whole.Evaluations + 3*whole.Gradients + 5*whole.Jacobians
			for _, stop := range []int{1, 2, cost / 7, cost / 3, cost / 2, cost - 1} {
				part, err := Fit(background, p, init, &Settings{Budget: max(stop, 1)}, all[name])
				if err != nil {
					t.Fatal(err)
				}
				data, err := part.State.MarshalBinary()
				if err != nil {
					t.Fatal(err)
				}
				var state optim.State
				if err := state.UnmarshalBinary(data); err != nil {
					t.Fatal(err)
				}
				res, err := Fit(background, p, init, &Settings{Budget: budget, Resume: &state}, all[name])
				if err != nil {
					t.Fatalf("stopped at %d: %v", stop, err)
				}
				got, err := res.State.MarshalBinary()
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) || res.Status != whole.Status || !slices.Equal(res.X, whole.X) || res.Loss != whole.Loss {
					t.Fatalf("stopped at %d of %d: %v at %v, %v; want %v at %v, %v", stop, cost, res.Loss, res.X, res.Status, whole.Loss, whole.X, whole.Status)
				}
			}
		})
	}
}

// spoil sets the at-th number of a state to bits, and reports whether there is one.
func spoil(s *optim.State, at *int, bits uint64) bool {
	for k := range s.Counts {
		if *at--; *at < 0 {
			s.Counts[k] = bits
			return true
		}
	}
	for _, slot := range s.Slots {
		for _, l := range slot.Tree {
			if *at -= len(l.F64); *at < 0 {
				l.F64[len(l.F64)+*at] = math.Float64frombits(bits)
				return true
			}
		}
	}
	for k := range s.Members {
		if spoil(&s.Members[k], at, bits) {
			return true
		}
	}
	return false
}

// No state whatever makes a resumed fit panic or leave its bounds: neither any bytes nor
// a real state with one number spoilt.
func FuzzResume(f *testing.F) {
	all := methods()
	p, init := powell(), []float64{3, -1, 0, 1}
	p.Box = Box{Lower: []float64{-4, -4, -4, -4}, Upper: []float64{4, 4, 4, 4}}
	for k, name := range names() {
		for j, budget := range []int{1, 20, 300} {
			res, err := Fit(background, p, init, &Settings{Budget: budget}, all[name])
			if err != nil {
				f.Fatal(err)
			}
			data, err := res.State.MarshalBinary()
			if err != nil {
				f.Fatal(err)
			}
			for i, v := range []float64{math.NaN(), math.Inf(-1), 1e300, -1, 0} {
				f.Add(uint8(k), data, uint16(7*i+20*j+k), math.Float64bits(v))
			}
		}
	}
	f.Fuzz(func(t *testing.T, method uint8, data []byte, at uint16, bits uint64) {
		var s optim.State
		if s.UnmarshalBinary(data) != nil {
			return
		}
		number := int(at)
		spoil(&s, &number, bits)
		res, err := Fit(background, p, init, &Settings{Budget: 400, Resume: &s}, all[names()[int(method)%len(names())]])
		if err == nil && res.X != nil && p.Box.Outside(res.X) >= 0 {
			t.Fatalf("x = %v", res.X)
		}
	})
}

// Every number of every state, spoilt in every way.
func TestResumeFromSpoiltStates(t *testing.T) {
	p, init := powell(), []float64{3, -1, 0, 1}
	p.Box = Box{Lower: []float64{-4, -4, -4, -4}, Upper: []float64{4, 4, 4, 4}}
	all := methods()
	all["multistart"] = MultiStart{Starts: 2, Rung: 1}
	for _, name := range names() {
		whole, err := Fit(background, p, init, &Settings{Budget: 60}, all[name])
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []float64{math.NaN(), math.Inf(1), -1e300, 0} {
			for at := 0; ; at++ {
				s, number := whole.State.Clone(), at
				if !spoil(&s, &number, math.Float64bits(v)) {
					break
				}
				res, err := Fit(background, p, init, &Settings{Budget: 100, Resume: &s}, all[name])
				if err == nil && res.X != nil && p.Box.Outside(res.X) >= 0 {
					t.Fatalf("%s with %v as number %d: x = %v", name, v, at, res.X)
				}
			}
		}
	}
}
