package train

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/optim"
)

// TestParamsRoundTrip: what was saved is read back with names, order, types, shapes and bits.
func TestParamsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "params")
	rapid.Check(t, func(t *rapid.T) {
		p := graph.NewParams(1)
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z/_]{1,9}`), 0, 5, rapid.ID[string]).Draw(t, "names")
		for _, name := range names {
			shape := rapid.SliceOfN(rapid.IntRange(1, 4), 1, 3).Draw(t, "shape")
			size := tensor.Shape(shape).TotalSize()
			var data any
			if rapid.Bool().Draw(t, "float64") {
				data = rapid.SliceOfN(rapid.Float64(), size, size).Draw(t, "data")
			} else {
				data = rapid.SliceOfN(rapid.Float32(), size, size).Draw(t, "data")
			}
			if err := p.Set(name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))); err != nil {
				t.Fatal(err)
			}
		}
		if err := SaveParams(path, p); err != nil {
			t.Fatal(err)
		}
		q, err := ReadParams(path)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.Names(), q.Names()) {
			t.Fatalf("names %v, want %v", q.Names(), p.Names())
		}
		for _, name := range names {
			v, w := p.Value(name), q.Value(name)
			same := v.Dtype() == w.Dtype() && v.Shape().Eq(w.Shape())
			if same && v.Dtype() == tensor.Float32 {
				same = slices.EqualFunc(v.Float32s(), w.Float32s(), func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
			} else if same {
				same = slices.EqualFunc(v.Float64s(), w.Float64s(), func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
			}
			if !same {
				t.Fatalf("%q is %v, want %v", name, w, v)
			}
		}
	})
}

func TestReadParamsErrors(t *testing.T) {
	dir := t.TempDir()
	format := files.Format{Name: "surge-params", Version: 1}
	write := func(name string, a *files.Archive) string {
		path := filepath.Join(dir, name)
		if err := files.Write(path, a); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put := func(format files.Format, put func(a *files.Archive) error) *files.Archive {
		a := &files.Archive{Format: format}
		if err := put(a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	nan := write("nan", put(format, func(a *files.Archive) error {
		return files.Put(a, "w", []float32{1, float32(math.NaN())}, 2)
	}))
	whole := write("whole", put(format, func(a *files.Archive) error { return files.Put(a, "w", []int64{1}, 1) }))
	scalar := write("scalar", put(format, func(a *files.Archive) error { return files.Put(a, "w", []float64{1}) }))
	empty := write("empty", put(format, func(a *files.Archive) error { return files.Put(a, "w", []float64{}, 0) }))
	newer := write("newer", put(files.Format{Name: "surge-params", Version: 2}, func(*files.Archive) error { return nil }))
	other := write("other", put(files.Format{Name: "surge-checkpoint", Version: 1}, func(*files.Archive) error { return nil }))
	b, err := os.ReadFile(nan)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut")
	if err := os.WriteFile(cut, b[:len(b)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		want error
	}{
		{nan, graph.ErrNotFinite}, {whole, files.ErrArray}, {scalar, files.ErrArray}, {empty, files.ErrArray},
		{newer, files.ErrVersion}, {other, files.ErrFormat}, {cut, files.ErrCorrupt}, {filepath.Join(dir, "none"), fs.ErrNotExist},
	} {
		if _, err := ReadParams(c.path); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.path, err, c.want)
		}
	}
}

// FuzzCheckpoint: no metadata and no state of an optimizer makes the reader panic, and what it
// accepts is written again to an equal checkpoint.
func FuzzCheckpoint(f *testing.F) {
	state, err := optim.Adam{}.Init(nil).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("1", "3", `{"epoch":1,"batch":2,"train":{"rows":4,"correct":1,"loss":2.5,"spikes":0}}`, `{"epoch":1}`, "10", []byte("{\"a\": 1}\n"), state)
	f.Add("-1", "3", `{}`, `{}`, "0", []byte(nil), state)
	f.Add("1", "0", `{"epoch":-1}`, `{"epoch":2}`, "-3", []byte("x"), state[:5])
	f.Add("1", "1", `{}`, `{}`, "0", []byte("NaN"), state)
	f.Add("", "", "", "", "", []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, seed, batches, position, best, size string, metrics, state []byte) {
		a := &files.Archive{Meta: map[string]string{"seed": seed, "batches": batches, "position": position, "best": best, "metrics_size": size}}
		if err := files.Put(a, "optimizer", state, len(state)); err != nil {
			t.Fatal(err)
		}
		if len(metrics) > 0 {
			if err := files.Put(a, "metrics", metrics, len(metrics)); err != nil {
				t.Fatal(err)
			}
		}
		c, err := decodeCheckpoint(a)
		if err != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "checkpoint")
		if err := c.Write(path); err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		d, _, err := ReadCheckpoint(path)
		if err != nil || !reflect.DeepEqual(d.Position, c.Position) || !reflect.DeepEqual(d.Best, c.Best) || d.Seed != c.Seed || d.Batches != c.Batches || d.MetricsSize != c.MetricsSize || !bytes.Equal(d.Metrics, c.Metrics) {
			t.Errorf("%+v read back as %+v, error %v", c, d, err)
		}
	})
}
