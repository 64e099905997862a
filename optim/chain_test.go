package optim

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model returns parameters and a source of gradients of several types and sizes.
func model(seed uint64) (Tree, func(g Tree)) {
	rng := rand.New(rand.NewPCG(seed, 7))
	fill := func(t Tree) {
		for _, l := range t {
			for i := range l.F32 {
				l.F32[i] = float32(rng.NormFloat64())
			}
			for i := range l.F64 {
				l.F64[i] = rng.NormFloat64()
			}
		}
	}
	p := Tree{f32("w_in", make([]float32, 12)...), f64("tau_mem", make([]float64, 3)...), f32("w_rec", make([]float32, 9)...), f64("bias", make([]float64, 4)...)}
	fill(p)
	return p, fill
}

func isTau(name string) bool  { return strings.HasPrefix(name, "tau_") }
func notTau(name string) bool { return !isTau(name) }

// everything has a member of every kind.
var everything = Chain{
	ClipByValue{Max: 2},
	ClipByGlobalNorm{Max: 3},
	Masked{Match: notTau, Inner: Adam{LR: Join{
		{Steps: 5, Schedule: Linear{Init: 0, End: 0.1, Steps: 5}},
		{Schedule: Cosine{Init: 0.1, End: 0.01, Steps: 30}},
	}}},
	Masked{Match: isTau, Inner: Chain{SGD{LR: Constant(0.3), Momentum: 0.8, Nesterov: true}, Scale{Factor: 0.1}}},
	WeightDecay{LR: Constant(0.1), Rate: 0.01},
	ScaleBySchedule{Exponential{Init: 1, Rate: 0.9, Every: 7}},
	ClipByNorm{Max: 2},
	Lookahead{Inner: Accumulate{Inner: RMSProp{LR: WarmUp{Steps: 3, Then: OneCycle{Peak: 0.1, Steps: 40}}, Centered: true, Momentum: 0.3}, Every: 2}, Every: 5},
	Groups{{Match: isTau, Inner: Adagrad{Initial: 0.1}}, {Inner: Lion{LR: Steps{Init: 0.01, Milestones: []uint64{8}}}}},
	Reparam{Map: BoxMap{-100, 100}, Inner: Scale{Factor: 0.5}},
	Plateau{},
	Box{-50, 50},
}

func TestChainIsComposition(t *testing.T) {
	one, fill := model(1)
	two := clone(one)
	g := zerosLike(one)
	members := make([]State, len(everything))
	for i, m := range everything {
		members[i] = m.Init(two)
	}
	state := everything.Init(one)
	for range 30 {
		fill(g)
		h := clone(g)
		if err := errors.Join(everything.Update(g, one, &state), Apply(one, g)); err != nil {
			t.Fatal(err)
		}
		for i, m := range everything {
			if err := m.Update(h, two, &members[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := Apply(two, h); err != nil {
			t.Fatal(err)
		}
		if bits(one) != bits(two) {
			t.Fatal("a chain is not its members one after the other")
		}
	}
	for i := range members {
		if bytesOf(t, members[i]) != bytesOf(t, state.Members[i]) {
			t.Errorf("member %d has another state in the chain", i)
		}
	}
	u := Tree{f64("x", 3)}
	empty := Chain{}.Init(u)
	if err := (Chain{}).Update(u, nil, &empty); err != nil || u[0].F64[0] != 3 {
		t.Errorf("the empty chain: %v, %v", u, err)
	}
}

// A run that goes on from a state written and read back is the same run.
func TestResume(t *testing.T) {
	wrapped := SkipNonFinite{Inner: everything}
	const steps = 20
	run := func(stop int) (string, string) {
		p, fill := model(2)
		g, state := zerosLike(p), wrapped.Init(p)
		for step := range steps {
			if step == stop {
				b := bytesOf(t, state)
				state = State{}
				if err := state.UnmarshalBinary([]byte(b)); err != nil {
					t.Fatal(err)
				}
			}
			fill(g)
			if step%6 == 3 {
				g[1].F64[0] = math.NaN() // so that the counts matter
			}
			if err := errors.Join(wrapped.Update(g, p, &state), Apply(p, g)); err != nil {
				t.Fatal(err)
			}
		}
		if total, inARow := wrapped.Skipped(state); total != 3 || inARow != 0 {
			t.Errorf("Skipped = %d, %d, want 3, 0", total, inARow)
		}
		return bits(p), bytesOf(t, state)
	}
	params, state := run(-1)
	for stop := range steps {
		if p, s := run(stop); p != params || s != state {
			t.Errorf("the run that stopped at step %d differs", stop)
		}
	}
}

func TestUpdatesDoNotAllocate(t *testing.T) {
	for _, tr := range []Transform{
		Adam{}, SGD{}, SGD{Momentum: 0.9}, Scale{Factor: 0.5}, ScaleBySchedule{Cosine{1, 0, 100}}, ClipByValue{},
		ClipByGlobalNorm{}, WeightDecay{Rate: 0.1}, Masked{Match: isTau, Inner: Adam{}}, SkipNonFinite{Inner: Adam{}}, everything,
	} {
		p, fill := model(3)
		g, state := zerosLike(p), tr.Init(p)
		fill(g)
		if n := testing.AllocsPerRun(5, func() {
			if tr.Update(g, p, &state) != nil || Apply(p, g) != nil {
				t.Fail()
			}
		}); n != 0 {
			t.Errorf("%T: %v allocations per update", tr, n)
		}
	}
}

func TestMasked(t *testing.T) {
	p, fill := model(4)
	g := zerosLike(p)
	fill(g)
	want := clone(g)
	m := Masked{Match: isTau, Inner: Scale{Factor: 0.5}}
	state := m.Init(p)
	if err := m.Update(g, p, &state); err != nil {
		t.Fatal(err)
	}
	for i := range want[1].F64 {
		want[1].F64[i] *= 0.5
	}
	if bits(g) != bits(want) {
		t.Errorf("%v, want %v", g, want)
	}
	// the parameters that Inner sees are those that match
	g = zerosLike(p)
	decay := Masked{Match: isTau, Inner: WeightDecay{LR: Constant(1), Rate: 0.5}}
	state = decay.Init(p)
	if err := decay.Update(g, p, &state); err != nil {
		t.Fatal(err)
	}
	for i, v := range g[1].F64 {
		if want := -p[1].F64[i] / 2; v != want {
			t.Errorf("decay of tau_mem[%d] is %v, want %v", i, v, want)
		}
	}
	// nil matches all; a frozen parameter does not move
	all := Masked{Inner: Scale{}}
	state = all.Init(p)
	if err := all.Update(g, p, &state); err != nil {
		t.Error(err)
	}
	for _, v := range elements(g) {
		if v != 0 {
			t.Errorf("a frozen parameter moves by %v", v)
		}
	}
	none := Masked{Match: func(string) bool { return false }, Inner: Scale{}}
	state = none.Init(p)
	if err := none.Update(g, p, &state); !errors.Is(err, ErrTree) || !strings.Contains(err.Error(), "w_in, tau_mem, w_rec, bias") {
		t.Errorf("no match: %v", err)
	}
	state = Masked{}.Init(p)
	if err := (Masked{}).Update(g, p, &state); !errors.Is(err, ErrSettings) {
		t.Errorf("no Inner: %v", err)
	}
}

func TestWeightDecay(t *testing.T) {
	// theta <- theta (1 - lr rate) - lr adam: the paper's line 12 with eta = 1
	p, g := Tree{f64("w", 2, -3), f32("v", 2)}, Tree{f64("w", 1, 1), f32("v", 1)}
	lr := Constant(0.1)
	adamW := Chain{Adam{LR: lr, Eps: 1e-30}, WeightDecay{LR: lr, Rate: 0.5}}
	state := adamW.Init(p)
	if err := errors.Join(adamW.Update(g, p, &state), Apply(p, g)); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{2*0.95 - 0.1, -3*0.95 - 0.1} {
		if !near(p[0].F64[i], want, 1e-15, 0) { // five roundings
			t.Errorf("w[%d] = %v, want %v", i, p[0].F64[i], want)
		}
	}
	if !near(float64(p[1].F32[0]), 1.8, 5*0x1p-24, 0) {
		t.Errorf("v = %v, want 1.8", p[1].F32[0])
	}
	for _, w := range []WeightDecay{{Rate: -1}, {Rate: math.NaN()}, {Rate: math.Inf(1)}, {Rate: 1, LR: Constant(-1)}} {
		state := w.Init(p)
		if err := w.Update(g, p, &state); !errors.Is(err, ErrSettings) {
			t.Errorf("%+v: %v", w, err)
		}
	}
	state = WeightDecay{}.Init(p)
	if err := (WeightDecay{}).Update(g, nil, &state); !errors.Is(err, ErrTree) {
		t.Errorf("without params: %v", err)
	}
}

func TestScale(t *testing.T) {
	u := Tree{f64("x", 3), f32("y", 5)}
	s := Scale{Factor: -2}
	state := s.Init(u)
	if err := s.Update(u, nil, &state); err != nil || u[0].F64[0] != -6 || u[1].F32[0] != -10 {
		t.Errorf("%v, %v", u, err)
	}
	if err := (Scale{math.NaN()}).Update(u, nil, &state); !errors.Is(err, ErrSettings) {
		t.Errorf("NaN: %v", err)
	}
	by := ScaleBySchedule{Linear{Init: 4, End: 0, Steps: 2}}
	state = by.Init(u)
	for _, want := range []float64{-24, -48, 0} {
		if err := by.Update(u, nil, &state); err != nil || u[0].F64[0] != want {
			t.Errorf("%v, %v, want %v", u, err, want)
		}
	}
	u[0].F64[0] = math.NaN()
	if err := by.Update(u, nil, &state); !errors.Is(err, ErrNonFinite) || state.Step != 3 {
		t.Errorf("NaN: %v", err)
	}
	if err := (ScaleBySchedule{Join{}}).Update(u, nil, &state); !errors.Is(err, ErrSettings) {
		t.Errorf("empty join: %v", err)
	}
}

func TestSkipNonFinite(t *testing.T) {
	s := SkipNonFinite{Inner: Adam{}, Max: 2}
	p := Tree{f64("w_rec", 1, 2, 3), f32("w_in", 4)}
	state := s.Init(p)
	step := func(bad bool) error {
		g := Tree{f64("w_rec", 1, -1, 1), f32("w_in", 1)}
		if bad {
			g[0].F64[1] = math.Inf(-1)
		}
		return errors.Join(s.Update(g, p, &state), Apply(p, g))
	}
	for i, c := range []struct {
		bad           bool
		total, inARow uint64
		failed        bool
	}{
		{false, 0, 0, false}, {true, 1, 1, false}, {true, 2, 2, false}, {false, 2, 0, false},
		{true, 3, 1, false}, {true, 4, 2, false}, {true, 4, 2, true}, {true, 4, 2, true}, {false, 4, 0, false},
	} {
		before, params, inner := bytesOf(t, state), bits(p), bytesOf(t, state.Members[0])
		err := step(c.bad)
		if total, inARow := s.Skipped(state); total != c.total || inARow != c.inARow || (err != nil) != c.failed {
			t.Errorf("step %d: %d skips, %d in a row, %v", i, total, inARow, err)
		}
		if c.bad && (bits(p) != params || bytesOf(t, state.Members[0]) != inner) {
			t.Errorf("step %d: parameters or the inner state changed", i)
		}
		if c.failed && (!errors.Is(err, ErrNonFinite) || !strings.Contains(err.Error(), "w_rec[1]") || bytesOf(t, state) != before) {
			t.Errorf("step %d: %v", i, err)
		}
	}
	// what Inner finds is passed on: the square overflows
	g := Tree{f64("w_rec", 1, 1, 1), f32("w_in", 1e30)}
	if err := s.Update(g, p, &state); !errors.Is(err, ErrNonFinite) {
		t.Errorf("square overflows: %v", err)
	}
	state = SkipNonFinite{}.Init(p)
	if err := (SkipNonFinite{}).Update(g, p, &state); !errors.Is(err, ErrSettings) {
		t.Errorf("no Inner: %v", err)
	}
	if total, inARow := (SkipNonFinite{}).Skipped(State{}); total != 0 || inARow != 0 {
		t.Errorf("foreign state: %d, %d", total, inARow)
	}
}

// Whatever is not finite, a chain leaves parameters and state as they were.
func TestChainNonFinite(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p, fill := model(5)
		g, state := zerosLike(p), everything.Init(p)
		fill(g)
		if err := everything.Update(g, p, &state); err != nil {
			rt.Fatal(err)
		}
		fill(g)
		l := g[rapid.IntRange(0, len(g)-1).Draw(rt, "leaf")]
		i := rapid.IntRange(0, l.Len()-1).Draw(rt, "index")
		v := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}).Draw(rt, "value")
		if l.F32 != nil {
			l.F32[i] = float32(v)
		} else {
			l.F64[i] = v
		}
		before, text := bytesOf(t, state), bits(g)
		if err := everything.Update(g, p, &state); !errors.Is(err, ErrNonFinite) || !strings.Contains(err.Error(), l.Name) {
			rt.Fatalf("%v", err)
		}
		if bytesOf(t, state) != before || bits(g) != text {
			rt.Fatal("state or gradients changed")
		}
	})
	// a member that does not see the bad leaf does not step either
	groups := Chain{Masked{Match: isTau, Inner: Adam{}}, Masked{Match: notTau, Inner: Adam{}}}
	p, _ := model(5)
	g, state := zerosLike(p), groups.Init(p)
	g[3].F64[1] = math.NaN()
	before := bytesOf(t, state)
	if err := groups.Update(g, p, &state); !errors.Is(err, ErrNonFinite) || bytesOf(t, state) != before {
		t.Errorf("two groups: %v, or the state changed", err)
	}
	if err := (Chain{nil}).Update(nil, nil, &State{Kind: "chain", Members: make([]State, 1)}); !errors.Is(err, ErrSettings) {
		t.Errorf("nil member: %v", err)
	}
}

// States and trees that do not fit are errors for every transform.
func TestMismatch(t *testing.T) {
	p, fill := model(6)
	for _, tr := range []Transform{
		Adam{}, SGD{}, SGD{Momentum: 0.9}, Scale{Factor: 1}, ScaleBySchedule{}, ClipByValue{}, ClipByGlobalNorm{},
		WeightDecay{}, Masked{Inner: Adam{}}, SkipNonFinite{Inner: Adam{}}, Chain{Adam{}},
	} {
		g := zerosLike(p)
		fill(g)
		for name, state := range map[string]*State{
			"nil": nil, "zero": {}, "foreign": {Kind: "mine"},
			"members": {Kind: tr.Init(p).Kind, Members: make([]State, 9)},
		} {
			if err := tr.Update(g, p, state); !errors.Is(err, ErrState) {
				t.Errorf("%T with a state that is %s: %v", tr, name, err)
			}
		}
		state := tr.Init(p)
		both := clone(g)
		both[0].F64 = make([]float64, len(both[0].F32))
		neither := clone(g)
		neither[3].F64 = nil
		for _, u := range []Tree{both, neither} {
			if err := tr.Update(u, p, &state); !errors.Is(err, ErrTree) {
				t.Errorf("%T with a malformed leaf: %v", tr, err)
			}
		}
	}
	for name, change := range map[string]func(Tree) Tree{
		"fewer":  func(t Tree) Tree { return t[1:] },
		"name":   func(t Tree) Tree { t[2].Name = "w"; return t },
		"length": func(t Tree) Tree { t[1].F64 = t[1].F64[:1]; return t },
		"type":   func(t Tree) Tree { t[1].F32, t[1].F64 = make([]float32, 3), nil; return t },
	} {
		for _, tr := range []Transform{Adam{}, SGD{Momentum: 0.9}, Chain{Adam{}}} {
			g := zerosLike(p)
			state := tr.Init(p)
			if err := tr.Update(change(g), p, &state); !errors.Is(err, ErrTree) {
				t.Errorf("%T, %s: %v", tr, name, err)
			}
		}
		if err := Apply(p, change(zerosLike(p))); !errors.Is(err, ErrTree) {
			t.Errorf("Apply, %s: %v", name, err)
		}
	}
}

func TestApply(t *testing.T) {
	p, u := Tree{f64("x", 1, 2), f32("y", 3)}, Tree{f64("x", 0.5, -1), f32("y", 4)}
	if err := Apply(p, u); err != nil || p[0].F64[0] != 1.5 || p[0].F64[1] != 1 || p[1].F32[0] != 7 {
		t.Errorf("%v, %v", p, err)
	}
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), math.MaxFloat32} {
		p[1].F32[0], u[1].F32[0] = math.MaxFloat32, v
		before := bits(p)
		if err := Apply(p, u); !errors.Is(err, ErrNonFinite) || !strings.Contains(err.Error(), "y[0]") || bits(p) != before {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func TestNewLeaf(t *testing.T) {
	x, y := []float32{1}, []float64{2}
	if l, err := NewLeaf("x", x); err != nil || &l.F32[0] != &x[0] || l.Len() != 1 || l.DType() != "float32" {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err := NewLeaf("y", y); err != nil || &l.F64[0] != &y[0] || l.DType() != "float64" {
		t.Errorf("%+v, %v", l, err)
	}
	for _, data := range []any{nil, []int{1}, 1.5, []float32(nil), []float64(nil)} {
		if _, err := NewLeaf("z", data); !errors.Is(err, ErrTree) || !strings.Contains(err.Error(), `"z"`) {
			t.Errorf("%T: %v", data, err)
		}
	}
}
