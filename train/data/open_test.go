package data

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOpenRecordings: what is opened to predict is a recording, a folder of some, or folders of
// classes that are known.
func TestOpenRecordings(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, rec recording) { putRecording(t, filepath.Join(dir, name), rec) }
	for _, name := range []string{"train/9/a.bin", "train/9/b.bin", "train/10/c.bin", "train/10/d.bin", "valid/9/e.bin", "test/10/f.bin"} {
		put(name, recording{{3, 3, 1, 0}, {25_000, 1, 2, 1}})
	}
	source, _, err := Sets.New("nmnist", Table{"dir": dir})
	if err != nil {
		t.Fatal(err)
	}
	p, err := source.Load()
	if err != nil {
		t.Fatal(err)
	}
	put("new/one.bin", recording{{5, 1, 2, 1}, {50_000, 0, 0, 0}})
	put("judge/10/one.bin", recording{{5, 1, 2, 1}, {50_000, 0, 0, 0}})
	for name, kind := range map[string]TargetKind{"new/one.bin": NoTarget, "new": NoTarget, "judge": ClassTarget} {
		d, err := source.(Opener).Open(filepath.Join(dir, name), p.Valid)
		if err != nil {
			t.Fatal(err)
		}
		s := all(t, d)[0]
		if f := d.Form(); d.Len() != 1 || f.Channels != 24 || f.Target.Kind != kind || f.Duration != 50_001e-6 || !slices.Equal(s.Events, []Spike{{5e-6, (1*3+2)*4 + 1}, {50e-3, 0}}) || kind == ClassTarget && s.Label != 1 {
			t.Errorf("%s: %+v, %+v", name, f, s)
		}
	}
	put("new/large.bin", recording{{5, 9, 2, 1}})
	put("judge/11/one.bin", nil)
	put("late/one.bin", recording{{5, 1, 2, 1}, {8_000_000, 0, 0, 0}}) // few have more bits in their times
	if _, err := source.(Opener).Open(filepath.Join(dir, "late"), p.Train); err != nil {
		t.Errorf("8 s: %v", err)
	}
	for name, says := range map[string]string{"new": "event 0: expected x below 4", "judge": "expected files, or folders among 9, 10, found 11", "nothing": "no such file"} {
		if _, err := source.(Opener).Open(filepath.Join(dir, name), p.Train); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
