package data

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// header is that of a file of spikes.
const header = "# mode: 3\n# cut-off frequency (Hz): 200\n# intensity (dB): 76.5\n"

// TestReceptor: two files as those of the set become sound and spikes in seconds; lines that are
// none are errors that name them.
func TestReceptor(t *testing.T) {
	r, err := ParseReceptor("0  0.5\n50  1\n100  0.25\n", header+"6700\n9900\n\n\n")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Envelope, []float64{0.5, 1, 0.25}) || math.Abs(r.Step-50e-6) > 1e-18 || math.Abs(r.Seconds()-150e-6) > 1e-18 || r.Level != 76.5 || r.CutOff != 200 {
		t.Errorf("%+v", r)
	}
	if len(r.Spikes) != 2 || math.Abs(r.Spikes[0]-6.7e-3) > 1e-15 || math.Abs(r.Spikes[1]-9.9e-3) > 1e-15 {
		t.Errorf("spikes %v", r.Spikes)
	}
	sound := "0 1\n50 1\n"
	for _, c := range []struct{ sound, spikes, want string }{
		{"0 1\n", header, "1 samples"},
		{"0 1\n0 1\n", header, "ascending"},
		{"0 1\n50 1\n120 1\n", header, "line 3"},
		{"0 1\n50 -1\n", header, "line 2"},
		{"0 1\n50 NaN\n", header, "line 2"},
		{"0 1\n50\n", header, "line 2"},
		{sound, header + "6700\n6700\n", "line 5"},
		{sound, header + "6700 1\n", "line 4"},
		{sound, header + "Inf\n", "line 4"},
		{sound, "# intensity (dB): 76\n", "cut-off"},
	} {
		if _, err := ParseReceptor(c.sound, c.spikes); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q, %q: %v, want %q", c.sound, c.spikes, err, c.want)
		}
	}
}

// TestLoadGrasshopper: a folder of four files is read, in the order of their names.
func TestLoadGrasshopper(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadGrasshopper(dir); !errors.Is(err, fs.ErrNotExist) || IsGrasshopper(dir) {
		t.Errorf("an empty folder: %v", err)
	}
	for i := range 2 {
		for name, text := range map[string]string{"stimulus": "0 1\n50 1\n", "spike_times": header + fmt.Sprintln(100*(i+1))} {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("grasshopper_%s%d.txt", name, i+1)), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	list, err := LoadGrasshopper(dir)
	if err != nil || !IsGrasshopper(dir) || math.Abs(list[1].Spikes[0]-200e-6) > 1e-18 {
		t.Errorf("%+v, %v", list, err)
	}
}

func FuzzReceptor(f *testing.F) {
	f.Add("0  0.5\n50  1\n100  0.25\n", header+"6700\n9900\n\n\n")
	f.Add("# sound\n-50 0\n0 0", header)
	f.Fuzz(func(t *testing.T, stimulus, spikes string) {
		r, err := ParseReceptor(stimulus, spikes)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		if len(r.Envelope) < 2 || !(r.Step > 0) || !slices.IsSorted(r.Spikes) || !(r.Level-r.Level == 0) {
			t.Fatalf("%+v", r)
		}
	})
}
