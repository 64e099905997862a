package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/files"
)

// TestMost: all but one in a thousand numbers, or all but one, are below a power of 2, and no lower
// power of 2 has that.
func TestMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.IntRange(0, 1<<20), 1, 3000).Draw(t, "numbers")
		var r reach
		for _, v := range numbers {
			r.add(v)
		}
		few, above := max(len(numbers)/1000, 1), func(limit int64) (n int) {
			for _, v := range numbers {
				if int64(v) >= limit {
					n++
				}
			}
			return n
		}
		if m := r.most(); above(m) > few || m > 1 && above(m/2) <= few {
			t.Errorf("%d of %d numbers are %d and above, %d are %d and above", above(m), len(numbers), m, above(m/2), m/2)
		}
	})
}

// TestStrayPixels: an event far from all others does not say how large the sensor is.
func TestStrayPixels(t *testing.T) {
	for _, c := range []struct {
		name       string
		stray      pixelEvent
		ending     string
		bytes      func(rec recording) []byte
		table      Table
		says, fine string
	}{
		{"N-MNIST", pixelEvent{30, 255, 255, 1}, ".bin", nmnistBytes, nil, "event 2: expected pixels below (32, 32), where all but a few of the events are, or data.width and data.height that say how large the sensor is, found the pixel (255, 255)", ""},
		{"AEDAT", pixelEvent{30, 10000, 2, 1}, ".aedat", aedat3Bytes, nil, "found the pixel (10000, 2)", ""},
		{"width", pixelEvent{30, 35, 2, 1}, ".bin", nmnistBytes, Table{"width": int64(34), "height": int64(34)}, "event 2: expected x below 34 (data.width, or what the training set has), found the pixel (35, 2)", ""},
		{"height", pixelEvent{30, 3, 34, 1}, ".bin", nmnistBytes, Table{"height": int64(34)}, "event 2: expected y below 34 (data.height, or what the training set has), found the pixel (3, 34)", ""},
		{"said", pixelEvent{30, 255, 255, 1}, ".bin", nmnistBytes, Table{"width": int64(256), "height": int64(256)}, "", "256 256"},
		{"said half", pixelEvent{30, 250, 10, 1}, ".bin", nmnistBytes, Table{"width": int64(400)}, "", "400 30"},
		{"late", pixelEvent{30e6, 3, 3, 1}, ".aedat", aedat3Bytes, nil, "the last event: expected a time below 1.6e-05 s, where all but a few of the events are, or data.max_time that leaves out what is later, found 29.999991 s", ""},
		{"late, left out", pixelEvent{30e6, 90, 3, 1}, ".aedat", aedat3Bytes, Table{"max_time": 1.0}, "", "30 30"},
		{"small", pixelEvent{30, 120, 100, 1}, ".bin", nmnistBytes, nil, "", "121 101"},
		{"filtered", pixelEvent{30, 10000, 10000, 1}, ".aedat", aedat3Bytes, Table{"filter_time": 1e-3}, "event 2: expected pixels of a sensor of at most 2048 x 2048", ""},
	} {
		dir := t.TempDir()
		for i := range 8 {
			rec := recording{{10, 1, 2, 0}, {20, 29, 29, 1}}
			if i == 5 {
				rec = append(rec, c.stray)
			}
			path := filepath.Join(dir, fmt.Sprint(i%2), fmt.Sprint(i)+c.ending)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, c.bytes(rec), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		table := Table{"dir": dir}
		for k, v := range c.table {
			table[k] = v
		}
		source, _, err := Sets.New(map[string]string{".bin": "nmnist", ".aedat": "aedat"}[c.ending], table)
		if err != nil {
			t.Fatal(err)
		}
		p, err := source.Load()
		if c.says != "" {
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "5"+c.ending) {
				t.Errorf("%s: %v, want ErrFormat with %q", c.name, err, c.says)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if f := p.Train.Form(); fmt.Sprint(f.Image[2], f.Image[1]) != c.fine {
			t.Errorf("%s: %v, want %s", c.name, f.Image, c.fine)
		}
	}
}

// TestStrayChannel: an event on a channel far from all others does not say how many there are.
func TestStrayChannel(t *testing.T) {
	times, offsets := array("times", files.Float32, count(6, 1), 6), array("offsets", files.Int8, []float64{0, 3, 6}, 3)
	path := save(t, times, array("channels", files.Int32, []float64{0, 9, 4, 2e6, 7, 9}, 6), offsets, array("y", files.Int8, []float64{0, 1}, 2))
	_, err := NPZ{}.read(path)
	if says := `array "channels"`; !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "channels below 16, where") || !strings.Contains(err.Error(), "found 2000000 for event 3") {
		t.Errorf("%v, want ErrFormat with %s", err, says)
	}
	late := save(t, array("times", files.Float64, []float64{0, 1e-3, 2e-3, 0, 5e-3, 1e9}, 6), array("channels", files.Int32, count(6, 1), 6), offsets, array("y", files.Int8, []float64{0, 1}, 2))
	_, err = NPZ{}.read(late)
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `array "times"`) || !strings.Contains(err.Error(), "data.duration that says when samples end; found 1e+09 s for event 2 of sample 1") {
		t.Errorf("a late event: %v", err)
	}
	for _, path := range []string{path, late} { // to predict, a few events are all there is
		if _, err := (NPZ{Files: Files{untargeted: true}}).read(path); err != nil {
			t.Error(err)
		}
	}
	// but none of them is far behind all that was learned
	learned, err := NPZ{}.read(save(t, array("times", files.Float64, []float64{0, 1e-3, 2e-3, 0, 5e-3, 8e-3}, 6), array("channels", files.Int32, count(6, 1), 6), offsets, array("y", files.Int8, []float64{0, 1}, 2)))
	if err != nil {
		t.Fatal(err)
	}
	learned.form.Target.Names = []string{"0", "1"}
	_, err = NPZ{}.Open(late, learned)
	if says := "sample 1: expected events before 10 s, as the longest sample that was learned has 0.008001 s, found event 2 at 1e+09 s"; !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), late) || !strings.Contains(err.Error(), says) {
		t.Errorf("%v, want ErrFormat with %s", err, says)
	}
	if r, err := (NPZ{Channels: 3e6}).read(path); err != nil || r.form.Channels != 3e6 {
		t.Errorf("3000000 channels: %v", err)
	}
}
