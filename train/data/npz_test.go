package data

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/files"
)

// save writes arrays to a new file.
func save(t testing.TB, list ...files.Array) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.npz")
	if err := files.WriteArrays(path, list); err != nil {
		t.Fatal(err)
	}
	return path
}

func array(name string, dtype files.DType, data []float64, shape ...int) files.Array {
	return files.Array{Name: name, DType: dtype, Shape: shape, Data: data}
}

// count returns 0, 1, ..., n-1, each times.
func count(n, each int) []float64 {
	x := make([]float64, n*each)
	for i := range x {
		x[i] = float64(i / each)
	}
	return x
}

// all returns the samples of a data set.
func all(t testing.TB, d Dataset) []Sample {
	t.Helper()
	list := make([]Sample, d.Len())
	for i := range list {
		if err := d.Sample(&list[i], i); err != nil {
			t.Fatal(err)
		}
		if err := list[i].check(d.Form()); err != nil {
			t.Fatalf("sample %d: %v", i, err)
		}
	}
	return list
}

func TestNPZFeatures(t *testing.T) {
	path := save(t, array("x", files.Float16, count(40, 2), 40, 2), array("y", files.Int64, slices.Repeat([]float64{3, 7}, 20), 40))
	p, err := NPZ{Files: Files{File: path}}.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := p.Train.Form()
	if f.Input != Static || f.Channels != 2 || f.Target.Kind != ClassTarget || !slices.Equal(f.Target.Names, []string{"3", "7"}) {
		t.Errorf("form %+v", f)
	}
	seen := map[float64]int{}
	for k, d := range p.Each() {
		if want := []int{28, 6, 6}[k]; d.Len() != want {
			t.Errorf("the %s part has %d samples, want %d", partNames[k], d.Len(), want)
		}
		for _, s := range all(t, d) {
			seen[s.X[0]]++
			if s.X[1] != s.X[0] || s.Label != int(s.X[0])%2 {
				t.Errorf("sample %v with the label %d", s.X, s.Label)
			}
		}
	}
	if len(seen) != 40 {
		t.Errorf("%d different samples in the parts, want 40", len(seen))
	}
}

func TestNPZSequences(t *testing.T) {
	// Two samples of three steps of two channels (and an axis of 1), of which the second has two
	// steps.
	path := save(t, array("x", files.Uint8, count(12, 1), 2, 3, 2, 1), array("lengths", files.Int32, []float64{3, 2}, 2),
		array("y", files.Float32, count(6, 1), 2, 3), array("set", files.Int8, []float64{2, 0}, 2))
	r, err := NPZ{Target: "sequence"}.read(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Form{Input: Sequence, Channels: 2, Steps: 3, Target: Target{Kind: SequenceTarget, Size: 1}}); !reflect.DeepEqual(r.form, want) {
		t.Errorf("form %+v", r.form)
	}
	list := all(t, r)
	if s := list[1]; !slices.Equal(s.X, []float64{6, 7, 8, 9}) || s.Steps != 2 || !slices.Equal(s.Y, []float64{3, 4}) {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(r.set, []int32{2, 0}) {
		t.Errorf("parts %v", r.set)
	}
}

func TestNPZEvents(t *testing.T) {
	times, channels := array("times", files.Uint32, []float64{5, 1000, 2000, 7}, 4), array("channels", files.Uint16, []float64{0, 4, 1, 2}, 4)
	y := array("y", files.Bool, []float64{0, 1, 0}, 3)
	want := [][]Spike{{{5e-3, 0}, {1, 4}}, {}, {{7e-3, 2}}}
	mixed := array("samples", files.Int64, []float64{0, 0, 3, 2}, 4)
	for name, list := range map[string][]files.Array{
		"offsets": {times, channels, y, array("offsets", files.Int32, []float64{0, 2, 2, 4}, 4)},
		"samples": {times, channels, y, mixed},
	} {
		if name == "offsets" { // the third sample has the events 2 and 3, of which 3 is the earlier one
			list[0] = array("times", files.Uint32, []float64{5, 1000, 7, 2000}, 4)
			list[1] = array("channels", files.Uint16, []float64{0, 4, 2, 1}, 4)
			want[2] = []Spike{{7e-3, 2}, {2, 1}}
		} else { // the events of samples 3 and 2 are not in their order
			list[2] = array("y", files.Bool, []float64{0, 1, 0, 1}, 4)
			want = [][]Spike{{{5e-3, 0}, {1, 4}}, {}, {{7e-3, 2}}, {{2, 1}}}
		}
		r, err := NPZ{Unit: "ms"}.read(save(t, list...))
		if err != nil {
			t.Fatal(name, err)
		}
		for i, s := range all(t, r) {
			if !slices.Equal(s.Events, want[i]) {
				t.Errorf("%s: events of sample %d are %v, want %v", name, i, s.Events, want[i])
			}
		}
		if r.form.Channels != 5 || r.form.Input != EventList {
			t.Errorf("%s: form %+v", name, r.form)
		}
	}
	// Each sample from its first event on; two events at one time; a duration for all.
	r, err := NPZ{Unit: "us", Origin: "first", Duration: 2e-3, Channels: 9}.read(save(t, array("times", files.Float64, []float64{1e9, 1e9, 1e9 + 1000}, 3),
		array("channels", files.Uint8, []float64{1, 1, 0}, 3), array("offsets", files.Int8, []float64{0, 3}, 2), array("y", files.Int8, []float64{1}, 1)))
	if err != nil {
		t.Fatal(err)
	}
	r.form.Target, r.labels = Target{}, nil
	if s := all(t, r)[0]; !slices.Equal(s.Events, []Spike{{0, 1}, {0, 1}, {1e-3, 0}}) || s.Duration != 2e-3 || r.form.Channels != 9 {
		t.Errorf("%+v of %d channels", s, r.form.Channels)
	}
	// An event at a step's border is in the step that begins there, whatever the window is.
	for _, last := range []float64{1e-3, 2e-3, 7e-3, 0.3, 0.9999995} {
		if n := stepsOf(endOf(last), 1e-3); float64(n) <= StepOf(last, 1e-3) {
			t.Errorf("an event at %g s has the step %g of %d", last, StepOf(last, 1e-3), n)
		}
	}
}

// TestEndOf: every time is before its end, also where a float64 is coarser than a microsecond.
func TestEndOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last := float64(rapid.Int64Min(0).Draw(t, "us")) / 1e6
		if end := endOf(last); !(end > last) || end > last*(1+1e-15)+1.002e-6 {
			t.Errorf("an event at %v s ends at %v s", last, end)
		}
	})
}

func TestNPZTargets(t *testing.T) {
	x := array("x", files.Float32, count(6, 1), 3, 2)
	r, err := NPZ{}.read(save(t, x, array("y", files.Float64, []float64{0.5, 1, 2}, 3)))
	if err != nil || r.form.Target.Kind != VectorTarget || r.form.Target.Size != 1 || all(t, r)[2].Y[0] != 2 {
		t.Errorf("numbers: %v, %+v", err, r.form)
	}
	r, err = NPZ{}.read(save(t, x, array("y_times", files.Float64, []float64{0.5, 1}, 2), array("y_channels", files.Int8, []float64{0, 3}, 2),
		array("y_offsets", files.Int8, []float64{0, 0, 2, 2}, 4)))
	if err != nil || r.form.Target.Kind != SpikeTarget || r.form.Target.Size != 4 || !slices.Equal(all(t, r)[1].Spikes, []Spike{{0.5, 0}, {1, 3}}) {
		t.Errorf("spikes: %v, %+v", err, r.form)
	}
	for want, bad := range map[string][2][]float64{
		"target spikes 0 and 1 are both in channel 2 at 0.5 s": {{0.5, 0.5}, {2, 2}},
		"target spike 1 is at 0.5 s, after one at 1 s":         {{1, 0.5}, {0, 1}},
		"target spike 0 in channel 0 at -1 s":                  {{-1, 0}, {0, 1}},
		"NaN":                                                  {{math.NaN(), 0}, {0, 1}},
	} {
		_, err := NPZ{}.read(save(t, x, array("y_times", files.Float64, bad[0], 2), array("y_channels", files.Int8, bad[1], 2), array("y_offsets", files.Int8, []float64{0, 0, 2, 2}, 4)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("spikes at %v: %v, want %q", bad, err, want)
		}
	}
	if r, err = (NPZ{Target: "class", Y: "kind"}).read(save(t, x, array("kind", files.Float64, []float64{0, 2, 1}, 3, 1))); err != nil || r.labels == nil {
		t.Errorf("classes as float64: %v", err)
	}
}

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		values, want []string
	}{
		{[]string{"10", "2", "1"}, []string{"1", "2", "10"}},
		{[]string{"3", "0"}, []string{"0", "1", "2", "3"}}, // numbers from 0 on are their own
		{[]string{"-1", "1"}, []string{"-1", "1"}},
		{[]string{"dog", "cat", "10"}, []string{"10", "cat", "dog"}},
	} {
		l := labels{slices.Clone(c.values), []int32{0, 1, 1}}
		target, err := classes(&l)
		if err != nil || !slices.Equal(target.Names, c.want) || target.Size != len(c.want) {
			t.Errorf("%v: %+v, %v", c.values, target, err)
		}
		for i, code := range []int{0, 1, 1} {
			if c.want[l.codes[i]] != c.values[code] {
				t.Errorf("%v: sample %d has the class %s", c.values, i, c.want[l.codes[i]])
			}
		}
	}
	if _, err := classes(&labels{[]string{"5"}, []int32{0}}); !errors.Is(err, ErrFormat) {
		t.Errorf("one class: %v", err)
	}
}

// TestGroupsStayTogether: a group is in one part, and the parts have about what was asked for.
func TestGroupsStayTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(30, 300).Draw(t, "n")
		d := division{fractions: []float64{0.6, 0.2, 0.2}, seed: rapid.Uint64().Draw(t, "seed"), groups: make([]int32, n)}
		groups := rapid.IntRange(10, 20).Draw(t, "groups")
		largest := map[int32]int{}
		for i := range d.groups {
			d.groups[i] = int32(rapid.IntRange(0, groups-1).Draw(t, "group"))
			largest[d.groups[i]]++
		}
		parts, err := d.indices(n)
		if err != nil {
			t.Skip(err) // a group that is too large
		}
		most := 0
		for _, size := range largest {
			most = max(most, size)
		}
		where, used := map[int32]int{}, 0
		for part, list := range parts {
			used += len(list)
			if want := d.fractions[part] * float64(n); math.Abs(float64(len(list))-want) > float64(most)+1 {
				t.Fatalf("part %d has %d samples, want about %g, groups of at most %d", part, len(list), want, most)
			}
			for _, i := range list {
				if at, ok := where[d.groups[i]]; ok && at != part {
					t.Fatalf("group %d is in the parts %d and %d", d.groups[i], at, part)
				}
				where[d.groups[i]] = part
			}
		}
		if used > n {
			t.Fatalf("%d samples in the parts of %d", used, n)
		}
	})
}

func TestFilesOfTheParts(t *testing.T) {
	one := func(n int, class float64) string {
		return save(t, array("x", files.Float32, count(n, 1), n, 1), array("y", files.Int8, append(make([]float64, n-1), class), n), array("speaker", files.Int8, count((n+1)/2, 2)[:n], n))
	}
	p, err := NPZ{Files: Files{File: one(20, 1), TestFile: one(4, 2), Group: "speaker"}}.Load()
	if err != nil {
		t.Fatal(err)
	}
	if p.Train.Len() < 16 || p.Train.Len()+p.Valid.Len() != 20 || p.Test.Len() != 4 || p.Train.Form().Target.Size != 3 {
		t.Errorf("%d, %d and %d samples, %+v", p.Train.Len(), p.Valid.Len(), p.Test.Len(), p.Train.Form())
	}
	p, err = NPZ{Files: Files{File: one(20, 1), ValidFile: one(6, 1), TestFile: one(4, 1), Scale: "minmax"}}.Load()
	if err != nil {
		t.Fatal(err)
	}
	if s := all(t, p.Valid)[5]; p.Train.Len() != 20 || s.X[0] != 5./19 {
		t.Errorf("%d samples to learn, validation sample 5 is %v", p.Train.Len(), s.X)
	}
	p, err = NPZ{Files: Files{File: one(4, 1), ValidFile: one(9, 1), TestFile: one(4, 1), Scale: "standard"}}.Load()
	if err != nil {
		t.Fatal(err)
	}
	// 0, 1, 2, 3 have the mean 1.5 and the variance 1.25.
	if s := all(t, p.Valid)[8]; math.Abs(s.X[0]-6.5/math.Sqrt(1.25)) > 1e-14 { // some roundings
		t.Errorf("validation sample 8 is %v", s.X)
	}
}

func TestNPZErrors(t *testing.T) {
	x := array("x", files.Float32, count(6, 1), 3, 2)
	y := array("y", files.Int8, []float64{0, 1, 0}, 3)
	times, channels := array("times", files.Float32, []float64{0, 1, 2}, 3), array("channels", files.Int8, []float64{0, 1, 1}, 3)
	offsets := array("offsets", files.Int8, []float64{0, 1, 2, 3}, 4)
	with := func(a files.Array, rest ...files.Array) []files.Array { return append([]files.Array{a}, rest...) }
	for _, c := range []struct {
		name string
		set  NPZ
		list []files.Array
		says string
	}{
		{"no x", NPZ{}, with(y), `"x", or times and channels; found y [3]`},
		{"no y", NPZ{}, with(x), `targets "y"; found x [3 2]`},
		{"both", NPZ{}, with(x, y, times), "found both"},
		{"flat x", NPZ{}, with(array("x", files.Float32, count(3, 1), 3), y), "shape [S, N] or [S, T, N], found float32 [3]"},
		{"empty x", NPZ{}, with(array("x", files.Float32, nil, 0, 2), y), "expected samples, steps and channels, found float32 [0 2]"},
		{"short y", NPZ{}, with(x, array("y", files.Int8, []float64{0, 1}, 2)), "for as many samples, found [2]"},
		{"half a class", NPZ{Target: "class"}, with(x, array("y", files.Float32, []float64{0, 1, 0.5}, 3)), "found 0.5 for sample 2"},
		{"NaN", NPZ{}, with(array("x", files.Float32, []float64{0, 1, 2, math.NaN(), 4, 5}, 3, 2), y), "finite numbers, found NaN in sample 1 at [1]"},
		{"infinite", NPZ{}, with(array("x", files.Float32, []float64{0, 1, 2, 3, 4, math.Inf(1)}, 3, 2, 1), y), "finite numbers, found +Inf in sample 2 at [1 0]"},
		{"NaN target", NPZ{}, with(x, array("y", files.Float32, []float64{0, 1, math.NaN()}, 3)), "finite numbers, found NaN as element 2"},
		{"two classes a sample", NPZ{Target: "class"}, with(x, array("y", files.Int8, count(6, 1), 3, 2)), "one class for each sample"},
		{"sequence of features", NPZ{Target: "sequence"}, with(x, array("y", files.Float32, count(6, 1), 3, 2)), "the steps of the sequences"},
		{"lengths", NPZ{}, with(array("x", files.Float32, count(6, 1), 3, 2, 1), y, array("lengths", files.Int8, []float64{1, 2, 3}, 3)), "1 to 2 steps, found 3 for sample 2"},
		{"no unit", NPZ{}, with(array("times", files.Int64, []float64{0, 1, 2}, 3), channels, offsets, y), "data.unit, one of s, ms, us, because times are whole numbers (int64)"},
		{"no channels", NPZ{}, with(times, offsets, y), "channels beside times"},
		{"no offsets", NPZ{}, with(times, channels, y), "offsets or samples"},
		{"negative channel", NPZ{}, with(times, array("channels", files.Int8, []float64{0, -1, 1}, 3), offsets, y), "found -1 for event 1"},
		{"channel beyond", NPZ{Channels: 1}, with(times, channels, offsets, y), "channels below 1, found 1 in sample 1"},
		{"time back", NPZ{}, with(array("times", files.Float32, []float64{1, 0, 2}, 3), channels, array("offsets", files.Int8, []float64{0, 2, 3, 3}, 4), y), "found 0 s after 1 s in sample 0"},
		{"negative time", NPZ{}, with(array("times", files.Float32, []float64{-1, 0, 2}, 3), channels, offsets, y), `origin = "first"`},
		{"too late", NPZ{Duration: 1.5}, with(times, channels, offsets, y), "events before 1.5 s (duration), found one at 2 s in sample 2"},
		{"offsets fall", NPZ{}, with(times, channels, array("offsets", files.Int8, []float64{0, 2, 1, 3}, 4), y), "found 1 at 2"},
		{"offsets end", NPZ{}, with(times, channels, array("offsets", files.Int8, []float64{0, 1, 1, 2}, 4), y), "3, the number of events, last, found 0 and 2"},
		{"no group", NPZ{Files: Files{Group: "speaker"}}, with(x, y), `an array "speaker"`},
		{"set", NPZ{}, with(x, y, array("set", files.Float32, []float64{0, 0.5, 1}, 3)), "whole numbers, found 0.5 for sample 1"},
	} {
		path := save(t, c.list...)
		if _, err := c.set.read(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want ErrFormat with %q", c.name, err, c.says)
		}
	}
	path := save(t, x, y, array("set", files.Int8, []float64{0, 3, 1}, 3))
	if _, err := (NPZ{Files: Files{File: path}}).Load(); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "3 for sample 1, want 0 (training)") {
		t.Errorf("part 3: %v", err)
	}
	for table, says := range map[string]string{
		`split = 1 number`: "[train, valid, test]", `split of a single part`: "each part has a file of its own", `no file`: "the name of a file",
	} {
		var values Table
		switch table {
		case `split = 1 number`:
			values = Table{"file": "a", "split": []float64{1}}
		case `split of a single part`:
			values = Table{"file": "a", "valid_file": "b", "test_file": "c", "split": []float64{1}}
		}
		if _, _, err := Sets.New("npz", values); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", table, err, says)
		}
	}
}

// TestNPZMemory: bytes stay bytes.
func TestNPZMemory(t *testing.T) {
	const n = 4 << 20
	path := save(t, array("x", files.Uint8, make([]float64, n), 16, n/16), array("y", files.Int8, count(2, 8), 16))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p, err := NPZ{Files: Files{File: path}}.Load()
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > n+n/4 {
		t.Errorf("%d bytes of memory for %d of data", got, n)
	}
	runtime.KeepAlive(p)
}

// FuzzNPZSet: whatever the arrays are, reading them gives samples of their form or an error.
func FuzzNPZSet(f *testing.F) {
	for _, list := range [][]files.Array{
		{array("x", files.Float32, count(6, 1), 3, 2), array("y", files.Int8, []float64{0, 1, 0}, 3)},
		{array("times", files.Float32, []float64{0, 1}, 2), array("channels", files.Int8, []float64{0, 1}, 2), array("samples", files.Int8, []float64{1, 0}, 2), array("y", files.Int8, []float64{1, 0}, 2)},
	} {
		b, err := os.ReadFile(save(f, list...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "x.npz")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s := NPZ{Files: Files{File: path}}
		p, err := s.Load()
		if err != nil {
			return
		}
		checkParts(t, p)
		d, err := s.Open(path, p.Train)
		checkOpened(t, p, d, err)
	})
}
