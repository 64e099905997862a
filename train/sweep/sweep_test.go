package sweep

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/exit"
)

func parse(t *testing.T, text string) *Sweep {
	t.Helper()
	s, err := Parse("s.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGrid(t *testing.T) {
	s := parse(t, `recipe = "yinyang"
seeds = [3, 1]
[keys]
"train.lr" = {from = 1e-3, to = 1e-1, log = true, steps = 3}
"model.hidden" = [[10], [20, 30]]
"train.epochs" = {from = 1, to = 2, steps = 2, whole = true}
`)
	var got []string
	for i, p := range s.All() {
		if p.Index != i {
			t.Errorf("point %d has the index %d", i, p.Index)
		}
		got = append(got, fmt.Sprintf("%.3g %v %v", p.Values[0], p.Values[1], p.Values[2]))
	}
	want := []string{
		"0.001 [10] 1", "0.001 [10] 2", "0.001 [20 30] 1", "0.001 [20 30] 2",
		"0.01 [10] 1", "0.01 [10] 2", "0.01 [20 30] 1", "0.01 [20 30] 2",
		"0.1 [10] 1", "0.1 [10] 2", "0.1 [20 30] 1", "0.1 [20 30] 2",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("points %q, want %q", got, want)
	}
	if s.Score != "valid_accuracy" || s.Goal != "max" || s.Name != "sweep" {
		t.Errorf("defaults: %+v", s)
	}
}

// TestRandomPoints: within the interval, and the first ones do not depend on how many there are.
func TestRandomPoints(t *testing.T) {
	const text = `fit = "fit.toml"
points = %d
[keys]
"a.x" = {from = 1e-3, to = 1e3, log = true}
"a.n" = {from = 1, to = 4, whole = true}
"a.s" = ["p", "q"]
`
	few, many := parse(t, fmt.Sprintf(text, 5)), parse(t, fmt.Sprintf(text, 2000))
	points := many.All()
	if got := few.All(); !reflect.DeepEqual(got, points[:5]) {
		t.Errorf("the first of 2000 points are %v, of 5 %v", points[:5], got)
	}
	small := 0
	for _, p := range points {
		x, n := p.Values[0].(float64), p.Values[1].(int64)
		if x < 1e-3 || x > 1e3 || n < 1 || n > 4 {
			t.Fatalf("%v is outside", p)
		}
		if x < 1 {
			small++
		}
	}
	if small < 900 || small > 1100 { // half of them, ± 4.5 standard deviations
		t.Errorf("%d of 2000 are below the middle of the logarithms", small)
	}
	if few.Score != "loss" || few.Goal != "min" {
		t.Errorf("defaults of a fit: %+v", few)
	}
}

func TestSet(t *testing.T) {
	s := parse(t, `recipe = "r"
[keys]
"train.lr" = [0.5]
"new.deep.key" = ["v"]
`)
	text, err := s.Set("r", "seed = 9\nname = \"n\"\n[train]\nlr = 1.0\nepochs = 3\n", s.All()[0], 4)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if _, err := toml.Decode(text, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"seed": int64(4), "name": "n", "train": map[string]any{"lr": 0.5, "epochs": int64(3)},
		"new": map[string]any{"deep": map[string]any{"key": "v"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	files := parse(t, `fit = "f"
[keys]
"target.1.file" = ["b.npz"]
`)
	two := "[[target]]\nfile = 'x'\n[[target]]\nfile = 'y'\nuse = ['vmem']\n"
	if text, err = files.Set("f", two, files.All()[0], 1); err != nil {
		t.Fatal(err)
	}
	var targets struct {
		Target []struct {
			File string
			Use  []string
		}
	}
	if _, err := toml.Decode(text, &targets); err != nil || fmt.Sprint(targets.Target) != "[{x []} {b.npz [vmem]}]" {
		t.Errorf("%v, %v", targets, err)
	}
	for _, key := range []string{"target.2.file", "target.-1.file", "target.file", "target.0"} {
		wrong := parse(t, "fit = \"f\"\n[keys]\n\""+key+"\" = [1]\n")
		if _, err := wrong.Set("f", two, wrong.All()[0], 1); err == nil || !strings.Contains(err.Error(), "keys."+key) || !strings.Contains(err.Error(), "from 0 to 1") {
			t.Errorf("%s: error %v", key, err)
		}
	}
	if _, err := s.Set("r", "train = 3\n", s.All()[0], 1); err == nil || !strings.Contains(err.Error(), "keys.train.lr") {
		t.Errorf("a value where the section should be: error %v", err)
	}
}

// TestTable has numbers worked out by hand.
func TestTable(t *testing.T) {
	s := parse(t, `recipe = "r"
seeds = [1, 2, 3]
[keys]
"a.b" = [10, 20, 30, 40]
`)
	score := func(point int, seed uint64, x float64) Result {
		return Result{Point: point, Seed: seed, Numbers: map[string]float64{"valid_accuracy": x}}
	}
	results := []Result{
		score(0, 1, 0.5), score(0, 2, 0.6), score(0, 3, 0.7),
		score(1, 1, 0.7), score(1, 2, 0.8), score(1, 3, 0.9),
		score(2, 1, 0.6), {Point: 2, Seed: 2, Error: "NaN"}, score(2, 3, 0.7),
		{Point: 3, Seed: 1, Error: "x"}, {Point: 3, Seed: 2, Error: "x"}, {Point: 3, Seed: 3, Error: "x"},
	}
	rows := s.Table(s.All(), results)
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-12 || math.IsNaN(a) && math.IsNaN(b) }
	for i, want := range []struct {
		point, n                   int
		mean, sd, behind, behindSE float64
	}{
		{1, 3, 0.8, 0.1, 0, math.NaN()},
		{2, 2, 0.65, math.Sqrt(0.005), 0.15, 0.05}, // differences .1 and .2
		{0, 3, 0.6, 0.1, 0.2, 0},
		{3, 0, math.NaN(), math.NaN(), math.NaN(), math.NaN()},
	} {
		r := rows[i]
		if r.Point.Index != want.point || r.N != want.n || !near(r.Mean, want.mean) || !near(r.SD, want.sd) || !near(r.Behind, want.behind) || !near(r.BehindSE, want.behindSE) {
			t.Errorf("row %d is %+v, want %+v", i, r, want)
		}
	}
	s.Goal = "min"
	if rows := s.Table(s.All(), results); rows[0].Point.Index != 0 || !near(rows[1].Behind, 0.05) {
		t.Errorf("the smallest first: %+v", rows)
	}
}

func TestCSV(t *testing.T) {
	s := parse(t, `recipe = "r"
seeds = [7]
[keys]
"a.b" = [0.1, 0.30000000000000004]
`)
	var b strings.Builder
	err := s.WriteCSV(&b, s.All(), []Result{{Point: 0, Seed: 7, Numbers: map[string]float64{"y": 2, "x": 1}}, {Point: 1, Seed: 7, Error: "a, b"}})
	const want = "point,seed,a.b,x,y,error\n1,7,0.1,1,2,\n2,7,0.30000000000000004,,,\"a, b\"\n"
	if err != nil || b.String() != want {
		t.Errorf("%q, error %v, want %q", b.String(), err, want)
	}
}

func TestErrors(t *testing.T) {
	const base = "recipe = \"r\"\n"
	for _, c := range []struct{ text, member string }{
		{"[keys]\n\"a.b\" = [1]\n", "recipe"},
		{base + "config = \"c\"\n[keys]\n\"a.b\" = [1]\n", "recipe"},
		{base, "keys"},
		{base + "[keys]\nlr = [1]\n", "keys.lr"},
		{base + "[keys]\n\"a.b\" = []\n", "keys.a.b"},
		{base + "[keys]\n\"a.b\" = {from = 2, to = 1, steps = 3}\n", "keys.a.b"},
		{base + "[keys]\n\"a.b\" = {from = 0, to = 1, steps = 3, log = true}\n", "keys.a.b"},
		{base + "[keys]\n\"a.b\" = {from = 0, to = 1}\n", "keys.a.b"},
		{base + "[keys]\n\"a.b\" = {from = 0, to = 1, stops = 3}\n", `keys."a.b".stops`},
		{base + "[keys]\n\"a.b\" = 3\n", "keys.a.b"},
		{base + "seeds = [1, 1]\n[keys]\n\"a.b\" = [1]\n", "seeds"},
		{base + "goal = \"best\"\n[keys]\n\"a.b\" = [1]\n", "goal"},
		{base + "points = -1\n[keys]\n\"a.b\" = [1]\n", "points"},
		{base + "name = \"../x\"\n[keys]\n\"a.b\" = [1]\n", "name"},
		{base + "colour = 1\n[keys]\n\"a.b\" = [1]\n", "colour"},
		{base + "[keys]\n\"a.b\" = {from = 0, to = 1, steps = 2000}\n\"a.c\" = {from = 0, to = 1, steps = 2000}\n", ""},
	} {
		_, err := Parse("s.toml", c.text)
		var bad *exit.BadInput
		if !errors.As(err, &bad) || bad.Member != c.member || bad.File != "s.toml" {
			t.Errorf("%q: error %v, want one of s.toml and %q", c.text, err, c.member)
		}
	}
}

// FuzzParse: no panic, and what is read has points that can be laid over an experiment.
func FuzzParse(f *testing.F) {
	f.Add("recipe = \"r\"\n[keys]\n\"a.b\" = [1, 2]\n")
	f.Add("fit = \"f\"\npoints = 3\n[keys]\n\"a.b\" = {from = 1e-3, to = 1, log = true}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("f", text)
		if err != nil || s.Points > 1000 {
			return
		}
		for i, p := range s.All() {
			if i > 10 {
				break
			}
			if len(p.Values) != len(s.Keys) {
				t.Fatalf("%d values for %d keys", len(p.Values), len(s.Keys))
			}
			_, _ = s.Set("f", "seed = 1\n", p, 1) // two keys may contradict each other
		}
	})
}

// TestRange: both ends are met exactly and the values rise.
func TestRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Range{From: rapid.Float64Range(1e-9, 1e3).Draw(t, "from"), Log: rapid.Bool().Draw(t, "log"), Steps: rapid.IntRange(2, 20).Draw(t, "steps")}
		r.To = r.From * rapid.Float64Range(1.001, 1e6).Draw(t, "ratio")
		values := Key{Range: &r}.grid()
		if values[0] != r.From || values[len(values)-1] != r.To {
			t.Fatalf("from %v to %v, want from %v to %v", values[0], values[len(values)-1], r.From, r.To)
		}
		for i := range values[1:] {
			if values[i+1].(float64) <= values[i].(float64) {
				t.Fatalf("values do not rise: %v", values)
			}
		}
	})
}

// TestLogAxis: intervals say how they are spaced, of lists it is seen.
func TestLogAxis(t *testing.T) {
	for values, want := range map[string]bool{
		"{from = 1e-3, to = 1e-2, log = true, steps = 3}": true,
		"{from = 1e-3, to = 1, steps = 3}":                false,
		"[1e-4, 1e-3, 1e-2]":                              true,
		"[1e-3, 3e-3, 1e-2]":                              true,
		"[0.01, 0.001, 0.0001, 0.1]":                      true,
		"[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]":                 false,
		"[0.0, 1e-4, 1e-3, 1e-2]":                         false,
		"[10e-3, 20e-3, 40e-3]":                           false,
		"[-1, 1, 10]":                                     false,
	} {
		s := parse(t, "recipe = \"yinyang\"\n[keys]\n\"train.lr\" = "+values+"\n")
		var rows []Row
		for _, p := range s.All() {
			rows = append(rows, Row{Point: p, N: 1, Mean: 1})
		}
		if got := s.Figure(rows).LogX; got != want {
			t.Errorf("%s: logarithmic %v", values, got)
		}
	}
}
