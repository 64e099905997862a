package data

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/hdf5"
)

// writeSHD writes a file in the format of SHD, and change may change what is in it.
func writeSHD(t testing.TB, path string, times [][]float32, units [][]uint16, labels, speakers []int64) {
	t.Helper()
	root := &hdf5.Content{}
	s := root.Group("spikes")
	hdf5.AddLists(s, "times", times)
	hdf5.AddLists(s, "units", units)
	if labels != nil {
		hdf5.Add(root, "labels", labels, len(labels))
	}
	e := root.Group("extra")
	if speakers != nil {
		hdf5.Add(e, "speaker", speakers, len(speakers))
	}
	e.AddStrings("keys", []string{"zero", "one", "two", "drei"}, 4)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := hdf5.Encode(f, root); err != nil {
		t.Fatal(err)
	}
}

// drawSHD returns samples of random spikes.
func drawSHD(n int, seed uint64) (times [][]float32, units [][]uint16, labels, speakers []int64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		var at []float32
		var unit []uint16
		now := float32(0)
		for range rng.IntN(40) {
			now += rng.Float32() * 0.01
			at, unit = append(at, now), append(unit, uint16(rng.IntN(700)))
		}
		times, units = append(times, at), append(units, unit)
		labels, speakers = append(labels, int64(i%3)), append(speakers, int64(i/7%5))
	}
	return times, units, labels, speakers
}

func TestSHD(t *testing.T) {
	dir := t.TempDir()
	times, units, labels, speakers := drawSHD(60, 1)
	times[0], units[0] = []float32{0.2, 0.1, 0.3}, []uint16{699, 4, 5} // not in order
	writeSHD(t, filepath.Join(dir, "shd_train.h5"), times, units, labels, speakers)
	test, testUnits, testLabels, _ := drawSHD(9, 2)
	writeSHD(t, filepath.Join(dir, "shd_test.h5"), test, testUnits, testLabels, nil)

	source, _, err := Sets.New("shd", Table{"dir": dir, "bin": 5, "valid": 0.3})
	if err != nil {
		t.Fatal(err)
	}
	p, err := source.Load()
	if err != nil {
		t.Fatal(err)
	}
	f := p.Train.Form()
	if f.Channels != 140 || f.Target.Size != 4 || f.Target.Names[3] != "drei" || p.Test.Len() != 9 || p.Train.Len()+p.Valid.Len() != 60 {
		t.Fatalf("%+v, %d + %d + %d samples", f, p.Train.Len(), p.Valid.Len(), p.Test.Len())
	}
	part := map[int64]int{}
	for k, d := range []Dataset{p.Train, p.Valid} {
		for j, i := range d.(*view).index {
			var s Sample
			if err := d.Sample(&s, j); err != nil {
				t.Fatal(err)
			}
			if was, ok := part[speakers[i]]; ok && was != k {
				t.Errorf("speaker %d is on both sides", speakers[i])
			}
			part[speakers[i]] = k
			if s.Label != int(labels[i]) || len(s.Events) != len(times[i]) {
				t.Fatalf("sample %d: label %d and %d events", i, s.Label, len(s.Events))
			}
			for m, e := range s.Events {
				if i != 0 && (e.Time != float64(times[i][m]) || e.Channel != int(units[i][m])/5) {
					t.Fatalf("sample %d, event %d is %+v, want %v of %d", i, m, e, times[i][m], units[i][m])
				}
			}
			if i == 0 && (s.Events[0].Channel != 0 || s.Events[1].Channel != 139 || s.Events[2].Channel != 1) {
				t.Errorf("events in the order %v", s.Events)
			}
		}
	}
	if len(part) != 5 {
		t.Errorf("speakers %v", part)
	}

	// A file to predict has the classes of the training part, by their number, or none.
	writeSHD(t, filepath.Join(dir, "new.h5"), test, testUnits, testLabels, nil)
	d, err := source.(Opener).Open(filepath.Join(dir, "new.h5"), p.Train)
	if err != nil {
		t.Fatal(err)
	}
	if f := d.Form(); d.Len() != 9 || f.Channels != 140 || f.Target.Kind != ClassTarget || f.Target.Names[3] != "drei" {
		t.Errorf("opened: %+v", f)
	}
	for i := range d.Len() {
		var s Sample
		if err := d.Sample(&s, i); err != nil || s.Label != int(testLabels[i]) || len(s.Events) != len(test[i]) {
			t.Fatalf("sample %d: label %d, want %d; %d events; %v", i, s.Label, testLabels[i], len(s.Events), err)
		}
	}
	writeSHD(t, filepath.Join(dir, "bare.h5"), test, testUnits, nil, nil)
	if d, err = source.(Opener).Open(filepath.Join(dir, "bare.h5"), p.Test); err != nil || d.Form().Target.Kind != NoTarget || d.Len() != 9 {
		t.Errorf("without labels: %v", err)
	}
	testLabels[2] = 7
	writeSHD(t, filepath.Join(dir, "new.h5"), test, testUnits, testLabels, nil)
	if _, err = source.(Opener).Open(filepath.Join(dir, "new.h5"), p.Train); err == nil || !strings.Contains(err.Error(), "new.h5: data: malformed file: expected labels among 0, 1, 2, found 7") {
		t.Errorf("another class: %v", err)
	}

	// Spikes behind the end are left out.
	source, _, _ = Sets.New("shd", Table{"dir": dir, "duration": 0.05, "group": "none"})
	if p, err = source.Load(); err != nil {
		t.Fatal(err)
	}
	var s Sample
	for i := range p.Test.Len() {
		if err := p.Test.Sample(&s, i); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, v := range test[i] {
			if float64(v) < 0.05 {
				want++
			}
		}
		if len(s.Events) != want || s.Duration != 0.05 {
			t.Errorf("sample %d has %d events until %v, want %d until 0.05", i, len(s.Events), s.Duration, want)
		}
	}
}

func TestDamagedSHD(t *testing.T) {
	for name, c := range map[string]struct {
		change func(times [][]float32, units [][]uint16, labels []int64) ([][]float32, [][]uint16, []int64)
		want   string
	}{
		"unit": {func(a [][]float32, u [][]uint16, l []int64) ([][]float32, [][]uint16, []int64) {
			a[2], u[2] = []float32{0.1}, []uint16{700}
			return a, u, l
		}, "spike 0 of sample 2"},
		"time": {func(a [][]float32, u [][]uint16, l []int64) ([][]float32, [][]uint16, []int64) {
			a[3], u[3] = []float32{float32(math.NaN())}, []uint16{7}
			return a, u, l
		}, "spike 0 of sample 3"},
		"late": {func(a [][]float32, u [][]uint16, l []int64) ([][]float32, [][]uint16, []int64) {
			a[5], u[5] = []float32{90000}, []uint16{7}
			return a, u, l
		}, "sample 5: expected spikes before 0."},
		"lengths": {func(a [][]float32, u [][]uint16, l []int64) ([][]float32, [][]uint16, []int64) {
			a[1], u[1] = []float32{0.1, 0.2}, []uint16{7}
			return a, u, l
		}, "2 times and 1 units"},
		"labels": {func(a [][]float32, u [][]uint16, l []int64) ([][]float32, [][]uint16, []int64) {
			return a, u, l[1:]
		}, "/labels: expected 12 elements"},
		"no class": {func(a [][]float32, u [][]uint16, l []int64) ([][]float32, [][]uint16, []int64) {
			l[4] = -1
			return a, u, l
		}, "/labels: expected the numbers of classes, from 0, found -1 for sample 4"},
		"units": {func(a [][]float32, u [][]uint16, l []int64) ([][]float32, [][]uint16, []int64) {
			return a, u[1:], l
		}, "/spikes/units: expected 12 lists"},
	} {
		dir := t.TempDir()
		times, units, labels, speakers := drawSHD(12, 3)
		writeSHD(t, filepath.Join(dir, "ssc_test.h5"), times, units, labels, speakers)
		times, units, labels = c.change(times, units, labels)
		writeSHD(t, filepath.Join(dir, "ssc_train.h5"), times, units, labels, speakers)
		_, err := SHD{Dir: dir, Name: "ssc", Channels: 700, Bin: 1, Valid: 0.3}.Load()
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "ssc_train.h5") {
			t.Errorf("%s: %v, want the file and %q", name, err, c.want)
		}
	}
	dir := t.TempDir() // what is not there is in that file
	for _, part := range []string{"train", "test"} {
		var b bytes.Buffer
		if err := hdf5.Encode(&b, &hdf5.Content{}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "shd_"+part+".h5"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := (SHD{Dir: dir, Name: "shd", Channels: 700, Bin: 1, Valid: 0.3}).Load(); err == nil || !strings.Contains(err.Error(), "shd_train.h5") || !strings.Contains(err.Error(), "/spikes/times") {
		t.Errorf("nothing in the file: %v", err)
	}
	if _, err := (SHD{Dir: t.TempDir(), Name: "shd", Channels: 700, Bin: 1}).Load(); err == nil || !strings.Contains(err.Error(), "shd_train.h5") {
		t.Errorf("no files: %v", err)
	}
}

// TestEventAugments: shifted events are the same but for one shift, and a blend has about half of
// each, of one class, about one centre.
func TestEventAugments(t *testing.T) {
	form := Form{Input: EventList, Channels: 50, Duration: 1, Target: Target{Kind: ClassTarget, Size: 2}}
	draw := func(n int, seed uint64) []Spike {
		rng := rand.New(rand.NewPCG(seed, 0))
		var s []Spike
		for i := range n {
			s = append(s, Spike{0.3 + 0.4*float64(i)/float64(n), 20 + rng.IntN(10)})
		}
		return s
	}
	before := draw(400, 1)
	s := Sample{Events: append([]Spike(nil), before...), Duration: 1}
	if err := (EventShift{Channels: 5, Time: 0.1}).Augment(&s, form, rand.New(rand.NewPCG(2, 2))); err != nil {
		t.Fatal(err)
	}
	if len(s.Events) != len(before) {
		t.Fatalf("%d events, want %d", len(s.Events), len(before))
	}
	dc, dt := s.Events[0].Channel-before[0].Channel, s.Events[0].Time-before[0].Time
	for i, e := range s.Events {
		if e.Channel-before[i].Channel != dc || math.Abs(e.Time-before[i].Time-dt) > 1e-12 || dc > 5 || dc < -5 || math.Abs(dt) > 0.1 {
			t.Fatalf("event %d moved by %d and %v, the first by %d and %v", i, e.Channel-before[i].Channel, e.Time-before[i].Time, dc, dt)
		}
	}
	if err := (EventShift{Channels: 0, Time: 100}).Augment(&s, form, rand.New(rand.NewPCG(2, 2))); err != nil || len(s.Events) != 0 {
		t.Errorf("%d events after a shift out of the window, %v", len(s.Events), err)
	}

	d := &recorded{n: 2, form: form, labels: &labels{values: []string{"0", "1"}, codes: []int32{1, 0}}}
	d.input = func(s *Sample, i int) {
		s.Events, s.Duration = s.Events[:0], 1
		for _, e := range draw(600, uint64(10+i)) { // elsewhere
			s.Events = append(s.Events, Spike{e.Time - 0.1, e.Channel + 10})
		}
	}
	b, err := NewBlend(d, 1)
	if err != nil {
		t.Fatal(err)
	}
	s = Sample{Label: 0, Events: append([]Spike(nil), before...), Duration: 1}
	if err := b.Augment(&s, form, rand.New(rand.NewPCG(4, 4))); err != nil {
		t.Fatal(err)
	}
	channel, time := centre(before)
	gotChannel, gotTime := centre(s.Events)
	// 500 events are expected, with a standard deviation of sqrt(1000/4); their centres have 0.14
	// channels and 5 ms.
	if n := len(s.Events); math.Abs(float64(n)-500) > 5*16 || math.Abs(gotChannel-channel) > 5*0.14+0.5 || math.Abs(gotTime-time) > 0.026 {
		t.Errorf("%d events about channel %v at %v s, want 500 about %v at %v", n, gotChannel, gotTime, channel, time)
	}
	for i := 1; i < len(s.Events); i++ {
		if s.Events[i].Time < s.Events[i-1].Time {
			t.Fatal("events are not in order")
		}
	}
	if err := (Blend{P: 1}).Augment(&s, form, rand.New(rand.NewPCG(4, 4))); !errors.Is(err, ErrSettings) {
		t.Errorf("a Blend of nothing: %v", err)
	}
}

// FuzzSHD: whatever the file is, it is a set of its form or an error; a sample that cannot be read
// is an error of its own, as spikes stay in the file.
func FuzzSHD(f *testing.F) {
	path := filepath.Join(f.TempDir(), "shd_train.h5")
	writeSHD(f, path, [][]float32{{0.1, 0.2}, {}, {0.3}, {0.1}, {0.5, 0.4}, {0.9}}, [][]uint16{{1, 699}, {}, {3}, {4}, {5, 5}, {6}}, []int64{0, 1, 0, 1, 0, 1}, []int64{1, 1, 2, 2, 3, 3})
	b, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, false, 0.0)
	f.Add(b, true, 0.35)
	f.Add(b, true, -1.0)
	f.Fuzz(func(t *testing.T, b []byte, bySpeaker bool, duration float64) {
		dir := t.TempDir()
		for _, name := range []string{"shd_train.h5", "shd_test.h5"} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		set := SHD{Dir: dir, Name: "shd", Channels: 700, Bin: 7, Duration: duration, Valid: 0.5, BySpeaker: bySpeaker}
		p, err := set.Load()
		if err != nil {
			return
		}
		for _, d := range p.Each() {
			var s Sample
			for i := range min(d.Len(), 20) {
				if err := d.Sample(&s, i); err != nil {
					continue
				}
				if err := s.check(d.Form()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if d, err := set.Open(filepath.Join(dir, "shd_test.h5"), p.Train); err == nil && d.Len() != p.Test.Len() {
			t.Fatalf("%d samples to predict, of %d", d.Len(), p.Test.Len())
		}
	})
}
