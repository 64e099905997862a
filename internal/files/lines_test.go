package files

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// row is a line of metrics.
type row struct {
	Step int     `json:"step"`
	Loss float64 `json:"loss"`
	F32  float32 `json:"f32"`
}

func open(t testing.TB, path string, size int64) *Lines {
	t.Helper()
	l, err := OpenLines(path, size)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func write(t testing.TB, l *Lines, rows ...row) {
	t.Helper()
	for _, r := range rows {
		if err := l.Write(r); err != nil {
			t.Fatal(err)
		}
	}
}

// Every finite number reads back bit for bit, and a line is on the disk when Write returns.
func TestLinesRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	rapid.Check(t, func(rt *rapid.T) {
		l := open(t, path, 0)
		want := make([]row, rapid.IntRange(1, 5).Draw(rt, "n"))
		for i := range want {
			want[i] = row{i, rapid.Float64().Draw(rt, "loss"), rapid.Float32().Draw(rt, "f32")}
			write(t, l, want[i])
			got, rest, err := ReadLines[row](path)
			if err != nil || rest != 0 || !reflect.DeepEqual(got, want[:i+1]) {
				rt.Fatalf("%v %d %v, want %v", got, rest, err, want[:i+1])
			}
		}
		if info, err := os.Stat(path); err != nil || info.Size() != l.Size() {
			rt.Fatalf("Size %d, file %v", l.Size(), info.Size())
		}
		if err := l.Close(); err != nil {
			rt.Fatal(err)
		}
	})
}

// A file that is cut at any byte gives the lines that are complete; All goes on after them.
func TestLinesCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	rows := []row{{1, 0.1, 0.1}, {2, math.Pi, 3}, {3, -1e-300, 5}}
	l := open(t, path, 0)
	write(t, l, rows...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		complete := strings.Count(string(whole[:n]), "\n")
		got, rest, err := ReadLines[row](path)
		if err != nil || len(got) != complete || rest != n-1-strings.LastIndex(string(whole[:n]), "\n") {
			t.Fatalf("cut at %d: %d lines, rest %d, %v; want %d lines", n, len(got), rest, err, complete)
		}
		l := open(t, path, All)
		write(t, l, rows[complete:]...)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != string(whole) {
			t.Fatalf("cut at %d and completed: %q, want %q", n, b, whole)
		}
	}
}

// A run that goes back to a checkpoint writes the lines after it again, and the file is that of a
// run that never stopped.
func TestLinesResume(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	l := open(t, path, 0)
	write(t, l, row{1, 1, 1}, row{2, 2, 2})
	checkpoint := l.Size()
	write(t, l, row{3, 3, 3})
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, path, checkpoint)
	write(t, l, row{3, 3, 3})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
		t.Errorf("found %q, want %q", got, want)
	}
	for _, size := range []int64{checkpoint - 1, int64(len(want)) + 1, -2} {
		if _, err := OpenLines(path, size); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), path) {
			t.Errorf("size %d: %v, want ErrCorrupt", size, err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
		t.Error("a failed OpenLines has changed the file")
	}
	none := filepath.Join(t.TempDir(), "none.jsonl")
	if _, err := OpenLines(none, 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file with lines to keep: %v", err)
	}
}

func TestLinesErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.jsonl")
	l := open(t, path, 0)
	write(t, l, row{1, 1, 1})
	if err := l.Write(row{2, math.NaN(), 1}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("NaN: %v", err)
	}
	write(t, l, row{2, 2, 2})
	if rows, _, err := ReadLines[row](path); err != nil || len(rows) != 2 {
		t.Errorf("%v %v: the NaN has left something", rows, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Write(row{}); err == nil {
		t.Error("a closed file is written")
	}
	if err := os.WriteFile(path, []byte("{\"step\":1}\n{\"step\":\n{\"step\":3}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadLines[row](path); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), path) {
		t.Errorf("damaged line: %v", err)
	}
	if _, _, err := ReadLines[row](path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"step\":1,\"loss\":0.5}\n{\"st"))
	f.Add([]byte("\n"))
	f.Add([]byte("null\n[]\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, rest, err := decodeLines[row](b)
		if err != nil {
			return
		}
		if n := strings.Count(string(b), "\n"); len(rows) != n || rest < 0 || rest > len(b) {
			t.Fatalf("%d rows, rest %d of %d bytes with %d lines", len(rows), rest, len(b), n)
		}
	})
}
