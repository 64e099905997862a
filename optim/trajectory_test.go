package optim

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"
)

// The trajectories of PyTorch and optax on a problem that is written in the file. What differs
// between them is the place of eps: Adam's is outside of the root in both; RMSProp's is outside in
// PyTorch, inside in optax. PyTorch clips to a norm of Max norm/(norm + 1e-6), optax and surge to
// Max.
var trajectories = map[string]Transform{
	"torch sgd":          SGD{LR: Constant(0.05)},
	"torch sgd momentum": SGD{LR: Constant(0.05), Momentum: 0.9},
	"torch sgd nesterov": SGD{LR: Constant(0.05), Momentum: 0.9, Nesterov: true},
	"torch adam":         Adam{LR: Constant(0.05)},
	"torch adamw":        AdamW(Constant(0.05), 0.1, nil),
	"torch rmsprop":      RMSProp{LR: Constant(0.05)},
	"torch rmsprop centered momentum": RMSProp{
		LR: Constant(0.02), Centered: true, Momentum: 0.5,
	},
	"torch adagrad":         Adagrad{LR: Constant(0.5)},
	"torch adagrad initial": Adagrad{LR: Constant(0.5), Initial: 0.1},
	"torch sgd steps":       SGD{LR: Steps{Init: 0.05, Factor: 0.5, Milestones: []uint64{10, 25}}},
	"torch sgd onecycle":    SGD{LR: OneCycle{Peak: 0.1, Steps: 40}},
	"torch sgd cosine":      SGD{LR: Cosine{Init: 0.05, End: 0.001, Steps: 40}},
	"optax lion":            Lion{LR: Constant(0.02)},
	"optax adam":            Adam{LR: Constant(0.05)},
	"optax adamw":           AdamW(Constant(0.05), 0.1, nil),
	"optax sgd nesterov":    SGD{LR: Constant(0.05), Momentum: 0.9, Nesterov: true},
	"optax clip":            Chain{ClipByGlobalNorm{Max: 1}, SGD{LR: Constant(0.05)}},
	"optax lookahead":       Lookahead{Inner: Adam{LR: Constant(0.05)}},
}

type golden struct {
	Steps        []int                  `json:"steps"`
	Trajectories map[string][][]float64 `json:"trajectories"`
	Plateau      struct {
		Losses []float64 `json:"losses"`
		Rates  []float64 `json:"rates"`
	} `json:"plateau"`
}

func readGolden(t *testing.T) golden {
	t.Helper()
	text, err := os.ReadFile("testdata/trajectories.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTrajectories(t *testing.T) {
	g := readGolden(t)
	if len(g.Trajectories) != len(trajectories) {
		t.Errorf("%d trajectories in the file, %d here", len(g.Trajectories), len(trajectories))
	}
	for name, want := range g.Trajectories {
		t.Run(name, func(t *testing.T) {
			transform := trajectories[name]
			if transform == nil {
				t.Fatal("not known here")
			}
			p := Tree{f64("p", 1, 0.5, -1)}
			a, b := []float64{1, 4, 0.3}, []float64{0.5, -1, 2}
			state := transform.Init(p)
			next := 0
			for step := 1; step <= 40; step++ {
				u := zerosLike(p)
				for i, x := range p[0].F64 {
					u[0].F64[i] = a[i]*(x-b[i]) + 0.3*x*x
				}
				if err := errors.Join(transform.Update(u, p, &state), Apply(p, u)); err != nil {
					t.Fatal(err)
				}
				// A state that went through bytes goes on as if nothing had been.
				data, err := state.MarshalBinary()
				if err != nil {
					t.Fatal(err)
				}
				state = State{}
				if err := state.UnmarshalBinary(data); err != nil {
					t.Fatal(err)
				}
				if step != g.Steps[next] {
					continue
				}
				for i, x := range p[0].F64 {
					// 40 steps that contract, or nearly, of some twenty roundings each.
					if !near(x, want[next][i], 1e-12, 1e-13) {
						t.Errorf("step %d: p[%d] is %.17g, want %.17g", step, i, x, want[next][i])
					}
				}
				next++
			}
		})
	}
}

func TestPlateau(t *testing.T) {
	g := readGolden(t)
	p := Plateau{Factor: 0.5, Patience: 2, Cooldown: 1, Min: 0.1}
	c := Chain{SGD{LR: Constant(1)}, p}
	params := Tree{f64("p", 0)}
	state := c.Init(params)
	for i, loss := range g.Plateau.Losses {
		rate, err := p.Observe(&state, loss)
		if err != nil {
			t.Fatal(err)
		}
		u := Tree{f64("p", 1)}
		if err := c.Update(u, params, &state); err != nil {
			t.Fatal(err)
		}
		if rate != g.Plateau.Rates[i] || u[0].F64[0] != -rate {
			t.Errorf("observation %d of %v: scale %v, update %v; want %v", i, loss, rate, u[0].F64[0], g.Plateau.Rates[i])
		}
	}
	if _, err := p.Observe(&state, math.NaN()); err != nil {
		t.Error(err)
	}
	adam := Adam{}.Init(params)
	for _, s := range []*State{nil, &adam, {Kind: "plateau"}} {
		if _, err := p.Observe(s, 1); !errors.Is(err, ErrState) {
			t.Errorf("Observe in %v: %v", s, err)
		}
	}
}

// Schedules at the points that their formulas give by hand.
func TestScheduleShapes(t *testing.T) {
	for _, c := range []struct {
		s    Schedule
		at   uint64
		want float64
	}{
		{Steps{Init: 1, Milestones: []uint64{3, 5}}, 2, 1},
		{Steps{Init: 1, Milestones: []uint64{3, 5}}, 3, 0.1},
		{Steps{Init: 1, Factor: 0.5, Milestones: []uint64{3, 5}}, 9, 0.25},
		{WarmUp{Steps: 4, Then: Constant(2)}, 0, 0.5},
		{WarmUp{Steps: 4, Then: Constant(2)}, 3, 2},
		{WarmUp{Steps: 4, Then: Linear{Init: 2, End: 0, Steps: 2}}, 5, 1},
		{WarmUp{Then: Constant(2)}, 0, 2},
		{OneCycle{Peak: 1, Steps: 11, Rise: 6. / 11}, 0, 1. / 25},
		{OneCycle{Peak: 1, Steps: 11, Rise: 6. / 11}, 5, 1},
		{OneCycle{Peak: 1, Steps: 11, Rise: 6. / 11, Start: 2, End: 5}, 10, 0.1},
		{OneCycle{Peak: 1, Steps: 11, Rise: 6. / 11, Start: 2, End: 5}, 99, 0.1},
	} {
		if got := c.s.At(c.at); !near(got, c.want, 1e-15, 0) {
			t.Errorf("%+v at %d: %v, want %v", c.s, c.at, got, c.want)
		}
	}
	for _, s := range []Schedule{WarmUp{}, Steps{Init: 1, Factor: -1}, OneCycle{Peak: 1, Steps: 9, Rise: 2}, OneCycle{Peak: 1, Steps: 9, Start: -1}} {
		if v := s.At(1); v == v {
			t.Errorf("%+v is %v, want NaN", s, v)
		}
	}
}

// TestAccumulateWeighs: batches count as many times as they have samples, also behind a state that
// was written and read in between.
func TestAccumulateWeighs(t *testing.T) {
	o := Lookahead{Inner: Chain{Accumulate{Inner: SGD{LR: Constant(1)}, Every: 2}}, Every: 100}
	p := Tree{f64("x", 0), f32("y", 0)}
	s := o.Init(p)
	for k, c := range []struct {
		samples uint64
		g, want float64
	}{{3, 2, 0}, {1, 10, -4}, {1, 5, 0}, {4, 10, -9}, {0, 1, 0}, {1, 2, -1.5}} { // (3·2 + 10)/4, (5 + 4·10)/5; 0 is 1
		Weigh(&s, c.samples)
		g := Tree{f64("x", c.g), f32("y", float32(c.g))}
		if err := o.Update(g, p, &s); err != nil {
			t.Fatal(err)
		}
		if g[0].F64[0] != c.want || g[1].F32[0] != float32(c.want) {
			t.Errorf("update %d: %v and %v, want %v", k, g[0].F64[0], g[1].F32[0], c.want)
		}
		b, err := s.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		s = State{}
		if err := s.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
	}
}

// Gradients that are added up give what their mean gives.
func TestAccumulate(t *testing.T) {
	a := Accumulate{Inner: Adam{}, Every: 4}
	p, fill := model(3)
	q := clone(p)
	s, r := a.Init(p), Adam{}.Init(q)
	for range 5 {
		mean := zerosLike(q)
		for k := range 4 {
			g := zerosLike(p)
			fill(g)
			for i, l := range g {
				add(mean[i].F32, l.F32)
				add(mean[i].F64, l.F64)
			}
			if err := errors.Join(a.Update(g, p, &s), Apply(p, g)); err != nil {
				t.Fatal(err)
			}
			if l := g[0].F32[0]; (k < 3) != (l == 0) {
				t.Errorf("batch %d: update %v", k, l)
			}
		}
		scale(mean, 0.25)
		if err := errors.Join(Adam{}.Update(mean, q, &r), Apply(q, mean)); err != nil {
			t.Fatal(err)
		}
	}
	for i, l := range p {
		for j := range l.Len() {
			if l.at(j) != q[i].at(j) {
				t.Fatalf("%s[%d] is %v, want %v", l.Name, j, l.at(j), q[i].at(j))
			}
		}
	}
}
