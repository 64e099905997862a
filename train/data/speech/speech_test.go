package speech

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/surge-snn/surge/train/data"
)

// TestEveryDigitIsSaid: words have the phones of the table, last as long as these, and differ
// between voices and repetitions.
func TestEveryDigitIsSaid(t *testing.T) {
	f := Formants{Seed: 1}
	for class := range Keys() {
		a, err := f.Say(class, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := f.Say(class, 0, 0)
		other, _ := f.Say(class, 0, 1)
		if d := float64(len(a)) / Rate; d < 0.2 || d > 1.4 {
			t.Errorf("%s lasts %.2f s", Keys()[class], d)
		}
		same := len(a) == len(other)
		for i, v := range a {
			if math.IsNaN(v) || math.IsInf(v, 0) || v != again[i] {
				t.Fatalf("%s: sample %d is %v, again %v", Keys()[class], i, v, again[i])
			}
			same = same && v == other[i]
		}
		if same {
			t.Errorf("%s: two repetitions are the same", Keys()[class])
		}
	}
	if _, err := f.Say(len(Keys()), 0, 0); err == nil {
		t.Error("a class that does not exist was said")
	}
}

// TestCochleaHearsTones: a tone excites the channel whose centre is its frequency the most; silence
// none; spikes of a channel keep the refractory time.
func TestCochleaHearsTones(t *testing.T) {
	for _, f := range []float64{200, 1000, 3000} {
		tone := make([]float64, Rate/2)
		for i := range tone {
			tone[i] = math.Sin(2 * math.Pi * f * float64(i) / Rate)
		}
		spikes := Cochlea{}.Spikes(tone)
		first := map[int]float64{}
		last := map[int]float64{}
		for i, s := range spikes {
			if i > 0 && s.Time < spikes[i-1].Time {
				t.Fatal("spikes are not in order")
			}
			if before, ok := last[s.Channel]; ok && s.Time-before < refractory {
				t.Fatalf("channel %d spikes %v s after a spike", s.Channel, s.Time-before)
			}
			if _, ok := first[s.Channel]; !ok {
				first[s.Channel] = s.Time
			}
			last[s.Channel] = s.Time
		}
		// The channels that spike most.
		count, sum, centres := map[int]int{}, 0, 0.0
		most := 0
		for _, s := range spikes {
			count[s.Channel]++
			most = max(most, count[s.Channel])
		}
		for c, n := range count {
			if n == most {
				sum++
				centres += Centre(c)
			}
		}
		if got := centres / float64(sum); math.Abs(got/f-1) > 0.2 {
			t.Errorf("a tone of %v Hz excites channels of %v Hz the most", f, got)
		}
	}
	if s := (Cochlea{}).Spikes(make([]float64, 1000)); len(s) != 0 {
		t.Errorf("silence has %d spikes", len(s))
	}
	if math.Abs(Centre(0)-lowest) > 1e-9 || math.Abs(Centre(Channels-1)-highest) > 1e-6 {
		t.Errorf("channels from %v to %v Hz", Centre(0), Centre(Channels-1))
	}
}

// TestMake: the files are those that data.SHD reads, with other voices in the test, and the same
// each time.
func TestMake(t *testing.T) {
	var before []byte
	if testing.Short() {
		t.Skip("sixty samples take 5 s, under the race detector a minute")
	}
	for range 2 {
		dir := t.TempDir()
		done := 0
		if err := Make(context.Background(), dir, Settings{Voices: 2, TestVoices: 1, Repetitions: 1, AfterSamples: func(n int) { done = n }}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "shd_train.h5"))
		if err != nil {
			t.Fatal(err)
		}
		if before != nil && string(before) != string(b) {
			t.Error("two files differ")
		}
		before = b
		source, _, err := data.Sets.New("shd", data.Table{"dir": dir, "valid": 0.5})
		if err != nil {
			t.Fatal(err)
		}
		p, err := source.Load()
		if err != nil {
			t.Fatal(err)
		}
		if done != 60 || p.Train.Len() != 20 || p.Valid.Len() != 20 || p.Test.Len() != 20 || p.Train.Form().Target.Size != 20 {
			t.Errorf("%d samples made, %d + %d + %d found", done, p.Train.Len(), p.Valid.Len(), p.Test.Len())
		}
		var s data.Sample
		for i := range p.Test.Len() {
			if err := p.Test.Sample(&s, i); err != nil {
				t.Fatal(err)
			}
			if n := len(s.Events); n < 500 || n > 30000 {
				t.Errorf("%s has %d spikes", Keys()[s.Label], n)
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := filepath.Join(t.TempDir(), "new")
	if err := Make(ctx, dir, Settings{Voices: 1, TestVoices: 1, Repetitions: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("cancelled, and there is its folder: %v", err)
	}
}

// TestWAV: the files of espeak-ng are read; what is none is not.
func TestWAV(t *testing.T) {
	if _, err := readWAV([]byte("RIFF")); !errors.Is(err, errWAV) {
		t.Error(err)
	}
	if e, ok := FindEspeak(1); ok {
		x, err := e.Say(7, 2, 0)
		if err != nil || len(x) < Rate/5 || len(Cochlea{}.Spikes(x)) < 500 {
			t.Errorf("%d samples, %v", len(x), err)
		}
	}
}
