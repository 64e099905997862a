package data

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// tsText writes sequences [S][T, channels] with classes as a .ts file, in the form of the archive.
func tsText(samples [][]float64, channels int, classes []string) string {
	var b strings.Builder
	b.WriteString("# made by a test\n@problemName Made\n@timeStamps false\n@missing false\n")
	fmt.Fprintf(&b, "@univariate %v\n@dimensions %d\n@equalLength false\n@classLabel true a b\n@data\n", channels == 1, channels)
	for i, x := range samples {
		for c := range channels {
			for t := c; t < len(x); t += channels {
				if t > c {
					b.WriteString(",")
				}
				fmt.Fprint(&b, x[t])
			}
			b.WriteString(":")
		}
		b.WriteString(classes[i] + "\n")
	}
	return b.String()
}

func TestTSRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels := rapid.IntRange(1, 3).Draw(t, "channels")
		var samples [][]float64
		var names []string
		for range rapid.IntRange(1, 5).Draw(t, "samples") {
			steps := rapid.IntRange(1, 6).Draw(t, "steps")
			samples = append(samples, rapid.SliceOfN(rapid.Float64Range(-1e3, 1e3), steps*channels, steps*channels).Draw(t, "x"))
			names = append(names, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "class"))
		}
		r, err := TS{}.decode(strings.NewReader(tsText(samples, channels, names)))
		if err != nil {
			t.Fatal(err)
		}
		if r.n != len(samples) || r.form.Channels != channels {
			t.Fatalf("%d samples, %+v", r.n, r.form)
		}
		target, err := classes(r.labels)
		if err != nil {
			t.Fatal(err)
		}
		var s Sample
		for i, x := range samples {
			if err := r.Sample(&s, i); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.X, x) || s.Steps != len(x)/channels || target.Names[s.Label] != names[i] {
				t.Fatalf("sample %d: %v of class %q, want %v of %q", i, s.X, target.Names[s.Label], x, names[i])
			}
		}
	})
}

func TestTSFolder(t *testing.T) {
	dir := t.TempDir()
	for name, n := range map[string]int{"Made_TRAIN.ts": 20, "Made_TEST.ts": 6} {
		samples := make([][]float64, n)
		for i := range samples {
			samples[i] = []float64{float64(i), 1, 2}
		}
		text := tsText(samples, 1, slices.Repeat([]string{"a", "b"}, n/2))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source, _, err := Sets.New("ts", Table{"dir": dir, "split": []float64{0.5, 0.25}, "rotate": true, "noise": 0.5})
	if err != nil {
		t.Fatal(err)
	}
	p, err := source.Load()
	if err != nil || p.Train.Len() != 10 || p.Valid.Len() != 5 || p.Test.Len() != 6 {
		t.Fatalf("%v; %+v", err, p)
	}
	if a, ok := p.Augment.(Augments); !ok || len(a) != 2 {
		t.Errorf("augmentation %v", p.Augment)
	}
	// Rows to predict need no targets; editors put a byte order mark before the header.
	for text, kind := range map[string]TargetKind{"\ufeff@classLabel false\n@data\n1,2\n3,4,5\n": NoTarget, "\ufeff@classLabel true a b\n@data\n1,2:b\n3,4,5:b\n": ClassTarget} {
		path := filepath.Join(dir, "new.ts")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := source.(Opener).Open(path, p.Train)
		if err != nil || d.Form().Target.Kind != kind || !slices.Equal(all(t, d)[1].X, []float64{3, 4, 5}) || kind == ClassTarget && all(t, d)[0].Label != 1 {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
	if _, err := (TS{Dir: t.TempDir()}).Load(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestTSMissing(t *testing.T) {
	text := "@classLabel true a b\n@data\n?,1,NaN,?,4:a\n"
	r, err := TS{Missing: "hold"}.decode(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.form.Target, r.labels = Target{}, nil
	if s := all(t, r)[0]; !slices.Equal(s.X, []float64{1, 1, 1, 1, 4}) {
		t.Errorf("missing values become %v", s.X)
	}
	if r, err = (TS{}).decode(strings.NewReader("@targetLabel true\n@data\n1,2:0.5\n")); err != nil || r.form.Target.Kind != VectorTarget || all(t, r)[0].Y[0] != 0.5 {
		t.Errorf("a number as target: %v", err)
	}
}

func TestTSErrors(t *testing.T) {
	for text, says := range map[string]string{
		"":                               "expected a .ts file with @data",
		"1,2:a\n":                        "line 1: expected a line @name",
		"@timestamps true\n@data\n":      "time stamps",
		"@seriesLength none\n":           "@seriesLength: expected a whole number",
		"@data\n1,2\n":                   "@classLabel true or @targetLabel true",
		"@classLabel true a\n@data\n1:b": "one of the classes a, found \"b\"",
		"@classLabel true a\n@data\n1,2": "expected a target after the last colon",
		"@classLabel true\n@dimensions 2\n@data\n1:a":                "expected 2 channels between colons, found 1",
		"@classLabel true\n@data\n1:2:a\n1:a":                        "line 4: expected 2 channels",
		"@classLabel true\n@seriesLength 3\n@data\n1,2:a":            "expected 3 values, as @seriesLength says, found 2",
		"@classLabel true\n@data\n1,2:1:a":                           "expected 2 values in channel 1, as in channel 0, found 1",
		"@classLabel true\n@data\n1,x:a":                             "channel 0, step 1: expected a finite number, found \"x\"",
		"@classLabel true\n@data\n1,Inf:a":                           "found \"Inf\"",
		"@classLabel true\n@equalLength true\n@data\n1,2:a\n1,2,3:b": "line 5: expected 2 values, as in line 4, because of @equalLength true, found 3",
		"@classLabel true\n@data\n1,?:a":                             "1 missing values of 2; data.missing = \"hold\"",
		"@targetLabel true\n@data\n1:2\n1:x":                         "sample 1: expected a finite number as target",
		"@classLabel true\n@data\n1,(2,3):a":                         "found \"(2\"",
	} {
		if _, err := (TS{}).decode(strings.NewReader(text)); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error %v, want ErrFormat with %q", text, err, says)
		}
	}
	if _, err := (TS{Missing: "hold"}).decode(strings.NewReader("@classLabel true\n@data\n?,?:a")); !errors.Is(err, ErrFormat) {
		t.Errorf("nothing but missing values: %v", err)
	}
}

func FuzzTS(f *testing.F) {
	f.Add(tsText([][]float64{{1, 2, 3, 4}, {5, 6}}, 2, []string{"a", "b"}), false)
	f.Add("@targetLabel true\n@data\n?,1:2\n", true)
	f.Fuzz(func(t *testing.T, text string, fill bool) {
		s := TS{}
		if fill {
			s.Missing = "hold"
		}
		r, err := s.decode(strings.NewReader(text))
		if err != nil {
			return
		}
		if r.labels != nil {
			r.form.Target = Target{Kind: ClassTarget, Size: len(r.labels.values)}
		}
		for i := range r.n {
			var x Sample
			if err := r.Sample(&x, i); err != nil {
				t.Fatal(err)
			}
			if err := x.check(r.form); err != nil {
				t.Fatal(err)
			}
		}
		s.File = saveText(t, text)
		p, err := s.Load()
		if err != nil {
			return
		}
		checkParts(t, p)
		d, err := s.Open(s.File, p.Train)
		checkOpened(t, p, d, err)
	})
}

// TestPopulation: the neuron whose centre the feature is spikes first, at 0, its neighbours at (1 -
// exp(-1/2)) TMax.
func TestPopulation(t *testing.T) {
	spikes, err := Population{Neurons: 5, Low: -2, High: 2, Threshold: 0.2, TMax: 1}.AppendSpikes(nil, []float64{1, 9})
	if err != nil {
		t.Fatal(err)
	}
	near, far := 1-math.Exp(-0.5), 1-math.Exp(-2) // a response of 0.14 is below the threshold
	want := []Spike{{0, 3}, {0, 9}, {near, 2}, {near, 4}, {near, 8}}
	if !slices.Equal(spikes, want) || far < 0.8 {
		t.Errorf("spikes %v, want %v", spikes, want)
	}
}

// TestPhase: the digits of a period add up to the feature.
func TestPhase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Phase{Bits: rapid.IntRange(1, 24).Draw(t, "bits")}
		x := rapid.Float64Range(0, 1).Draw(t, "x")
		b := NewBlock(2*e.Bits, 1)
		if err := e.Encode(b, []float64{x}, nil); err != nil {
			t.Fatal(err)
		}
		for period := range 2 {
			sum := 0.0
			for k := range e.Bits {
				sum += float64(b.Step(period*e.Bits + k)[0])
			}
			if d := x - sum; d < 0 || d > math.Ldexp(1, -e.Bits) {
				t.Fatalf("%g becomes %g with %d digits", x, sum, e.Bits)
			}
		}
		e.Plain = true
		if err := e.Encode(b, []float64{1}, nil); err != nil || b.Data[e.Bits-1] != 1 {
			t.Fatalf("plain digits of 1: %v, %v", b.Data, err)
		}
	})
}

func TestTaps(t *testing.T) {
	x := []float64{1, 10, 2, 20, 3, 30} // three steps of two channels
	b := NewBlock(6, 4)
	if err := (Taps{Count: 2, Stride: 2, Scale: 0.5}).EncodeSequence(b, x, 2, nil); err != nil {
		t.Fatal(err)
	}
	step := func(v ...float32) []float32 { return append(v, v...) }
	want := slices.Concat(step(0.5, 0, 5, 0), step(1, 0, 10, 0), step(1.5, 0.5, 15, 5))
	if !slices.Equal(b.Data, want) {
		t.Errorf("%v, want %v", b.Data, want)
	}
	if err := (Taps{Count: 2, Stride: 4, Wrap: true}).EncodeSequence(b, x, 2, nil); err != nil || b.Data[1] != 3 {
		t.Errorf("four steps before the first of three is the last but one: %v, %v", b.Data, err)
	}
}

// TestRotate: a turned sequence is the same circle, and all beginnings occur.
func TestRotate(t *testing.T) {
	f := Form{Input: Sequence, Channels: 2, Target: Target{Kind: SequenceTarget, Size: 1}}
	rng := rngOf(1)
	begins := map[float64]int{}
	for range 300 {
		s := Sample{X: []float64{0, 0.5, 1, 1.5, 2, 2.5}, Steps: 3, Y: []float64{0, 1, 2}}
		if err := (Augments{Rotate{}}).Augment(&s, f, rng); err != nil {
			t.Fatal(err)
		}
		first := s.X[0]
		begins[first]++
		for k := range 3 {
			v := math.Mod(first+float64(k), 3)
			if s.X[2*k] != v || s.X[2*k+1] != v+0.5 || s.Y[k] != v {
				t.Fatalf("%v with the target %v", s.X, s.Y)
			}
		}
	}
	for v := range 3 { // 100 expected, with a standard deviation of 8
		if n := begins[float64(v)]; n < 55 || n > 145 {
			t.Errorf("%d of 300 begin with %d", n, v)
		}
	}
	if err := (Rotate{}).Augment(&Sample{}, Form{}, rng); !errors.Is(err, ErrSettings) {
		t.Errorf("features: %v", err)
	}
}

func TestNoise(t *testing.T) {
	s := Sample{X: make([]float64, 10000)}
	if err := (Noise{SD: 2}).Augment(&s, Form{}, rngOf(2)); err != nil {
		t.Fatal(err)
	}
	mean, square := 0.0, 0.0
	for _, v := range s.X {
		mean += v / 10000
		square += v * v / 10000
	}
	// Standard errors are 0.02 and 0.06; five of them.
	if math.Abs(mean) > 0.1 || math.Abs(square-4) > 0.3 {
		t.Errorf("mean %v and mean square %v, want 0 and 4", mean, square)
	}
	if err := (Noise{SD: -1}).Augment(&s, Form{}, rngOf(2)); !errors.Is(err, ErrSettings) {
		t.Errorf("a negative SD: %v", err)
	}
}
