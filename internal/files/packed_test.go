package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestHalf compares all float16 but NaNs with those that NumPy 2.4 converts to float64, by the
// SHA-256 of these, little-endian; and toHalf is the inverse.
func TestHalf(t *testing.T) {
	var b []byte
	for u := range 1 << 16 {
		v := half(uint16(u))
		back, ok := toHalf(v)
		if v != v {
			if !ok || half(back) == half(back) {
				t.Errorf("%#x: NaN becomes %#x", u, back)
			}
			continue
		}
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		if !ok || back != uint16(u) {
			t.Errorf("%#x is %v, which becomes %#x", u, v, back)
		}
	}
	const want = "79fc8fde206ab7db2664c1760bbe8c8b0fc5adf41ce6112ff5bde9f19a6d9b46"
	if sum := sha256.Sum256(b); len(b) != 8*63490 || hex.EncodeToString(sum[:]) != want {
		t.Errorf("%d bytes with the SHA-256 %x, want %s", len(b), sum, want)
	}
	for _, v := range []float64{0.1, 65536, 65519, 1e-9, 0x1p-25, math.MaxFloat64} {
		if u, ok := toHalf(v); ok {
			t.Errorf("%v becomes the float16 %#x, want none", v, u)
		}
	}
}

// The files hold what the script in testdata/README.md says, with i = 0 .. 23.
func TestReadRareNumPy(t *testing.T) {
	for _, path := range []string{"testdata/rare.npz", "testdata/bzip2.npz"} {
		list, err := ReadPacked(path)
		if err != nil {
			t.Fatal(err)
		}
		get := func(name string) *Packed {
			i := slices.IndexFunc(list, func(p Packed) bool { return p.Name == name })
			if i < 0 {
				t.Fatalf("%s: no array %q", path, name)
			}
			return &list[i]
		}
		for _, c := range []struct {
			name  string
			dtype DType
			value func(i float64) float64
		}{
			{"half", Float16, func(i float64) float64 { return i/8 - 1 }},
			{"bighalf", Float16, func(i float64) float64 { return i/8 - 1 }},
			{"fortran", Float32, func(i float64) float64 { return float64(float32(i / 7)) }},
			{"v2", Int32, func(i float64) float64 { return i }},
			{"v3", Uint64, func(i float64) float64 { return i }},
		} {
			if path != "testdata/rare.npz" && c.name != "half" {
				continue
			}
			p := get(c.name)
			if p.DType != c.dtype || !slices.Equal(p.Shape, []int{2, 3, 4}) || p.Len() != 24 {
				t.Errorf("%s: %s %v", c.name, p.DType, p.Shape)
			}
			all := make([]float64, 24)
			p.Floats(all, 0)
			for i, v := range all {
				if want := c.value(float64(i)); v != want || p.Float(i) != want {
					t.Errorf("%s[%d] = %v and %v, want %v", c.name, i, v, p.Float(i), want)
				}
			}
		}
		if path != "testdata/rare.npz" {
			continue
		}
		for name, want := range map[string][]string{"names": {"sky", "müde", ""}, "ascii": {"on", "off"}, "bignames": {"no", "yes"}} {
			p := get(name)
			for i, w := range want {
				if p.DType != Text || p.Text(i) != w {
					t.Errorf("%s[%d] = %q (%s), want %q", name, i, p.Text(i), p.DType, w)
				}
			}
		}
		for name, want := range map[string][]int64{
			"events.x": {1, -2, 3}, "events.y": {7, 8, 65535}, "events.t": {10, 1 << 60, 30}, "events.p": {1, 0, 1}, "aligned.p": {1, 0},
		} {
			p := get(name)
			for i, w := range want {
				if n, ok := p.Int(i); n != w || !ok {
					t.Errorf("%s[%d] = %d, %v, want %d", name, i, n, ok, w)
				}
			}
		}
		if p := get("aligned.t"); p.Float(1) != 1.5 || len(list) != 14 {
			t.Errorf("aligned.t[1] = %v; %d arrays", p.Float(1), len(list))
		}
		if _, ok := get("half").Int(1); ok {
			t.Error("-0.875 is a whole number")
		}
		if _, err := ReadArrays(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "found strings") {
			t.Errorf("strings among the numbers: %v", err)
		}
	}
	list, err := ReadPacked("testdata/rare.npz", "v2", "none", "half")
	if err != nil || len(list) != 2 || list[0].Name != "half" || list[1].Name != "v2" {
		t.Errorf("two arrays by name: %+v, %v", list, err)
	}
	if _, err := ReadPacked("testdata/lzma.npz"); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "LZMA") {
		t.Errorf("LZMA: %v", err)
	}
}

func TestMembers(t *testing.T) {
	list, err := Members("testdata/rare.npz")
	if err != nil || len(list) != 14 || list[0].Name != "half" || list[0].DType != Float16 || !slices.Equal(list[0].Shape, []int{2, 3, 4}) || list[0].Err != nil {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err = Members("testdata/lzma.npz"); err != nil || len(list) != 1 || !errors.Is(list[0].Err, ErrFormat) {
		t.Errorf("LZMA: %+v, %v", list, err)
	}
}

// What ReadArrays reads, ReadPacked reads the same, in chunks or not.
func TestPackedIsTheArray(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		a := drawArray(t, "x")
		path := filepath.Join(dir, "x.npy")
		if err := WriteArrays(path, []Array{a}); err != nil {
			t.Fatal(err)
		}
		list, err := ReadPacked(path)
		if err != nil || len(list) != 1 || list[0].Len() != len(a.Data) {
			t.Fatalf("%+v, %v", list, err)
		}
		p := &list[0]
		p.per = min(p.per, max(1, len(a.Data))) // one chunk; the rest is below
		first := rapid.IntRange(0, len(a.Data)).Draw(t, "first")
		got := make([]float64, len(a.Data)-first)
		p.Floats(got, first)
		if !sameBits(got, a.Data[first:]) {
			t.Fatalf("%v, want %v", got, a.Data[first:])
		}
	})
	const n = 300_000 // float64: more than two chunks
	data := make([]float64, n)
	for i := range data {
		data[i] = float64(i)
	}
	path := filepath.Join(dir, "long.npy")
	if err := WriteArrays(path, []Array{{"x", "", []int{n}, data}}); err != nil {
		t.Fatal(err)
	}
	list, err := ReadPacked(path)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float64, n-5)
	list[0].Floats(got, 5)
	if !slices.Equal(got, data[5:]) || list[0].Float(n-1) != n-1 || len(list[0].chunks) != 3 {
		t.Errorf("the numbers differ over %d chunks", len(list[0].chunks))
	}
}

func TestPackedErrors(t *testing.T) {
	dir := t.TempDir()
	header := func(descr string) []byte {
		return npy("{'descr': "+descr+", 'fortran_order': False, 'shape': (1,), }", "")
	}
	for _, c := range []struct {
		descr string
		is    error
		parts string
	}{
		{"'|O'", ErrFormat, "Python objects"},
		{"'<c16'", ErrFormat, "complex numbers"},
		{"'<M8[us]'", ErrFormat, "datetime64"},
		{"'<m8[ns]'", ErrFormat, "timedelta64"},
		{"'|V5'", ErrFormat, "raw bytes"},
		{"'<f16'", ErrFormat, "long doubles"},
		{"'<U99999'", ErrFormat, "strings"},
		{"'<U0'", ErrFormat, "strings"},
		{"[('x', '<i2'), ('x', '<i2')]", ErrCorrupt, "dictionary"},
		{"[('x', [('y', '<i2')])]", ErrFormat, `"x" is a structure`},
		{"[('x', '<i2', (3,))]", ErrFormat, `"x" is an array`},
		{"[('x', '|O')]", ErrFormat, "Python objects"},
		{"[]", ErrCorrupt, "dictionary"},
		{"[('x', '<i2'), ('y', '<i8')]", ErrCorrupt, "records of x, y (a structured array): expected 10 bytes, found 0"},
		{"u'<i8'", ErrCorrupt, "expected 8 bytes, found 0"}, // Python 2
	} {
		path := filepath.Join(dir, "x.npy")
		if err := os.WriteFile(path, header(c.descr), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPacked(path); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.parts) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %v with %q", c.descr, err, c.is, c.parts)
		}
	}
	python2 := npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2L,), }", "\x01\x00\x02\x00")
	path := filepath.Join(dir, "x.npy")
	if err := os.WriteFile(path, python2, 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err := ReadArrays(path); err != nil || !reflect.DeepEqual(a[0].Data, []float64{1, 2}) {
		t.Errorf("a long of Python 2: %v, %v", a, err)
	}
}

// TestBomb: ten gigabytes of zeros in ten megabytes, and a file that only says so, are refused
// before they are unpacked.
func TestBomb(t *testing.T) {
	member := npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4000000000,), }", strings.Repeat("x", 4_000_000))
	archive := stored("x.npy", member, uint32(4_000_000_000+len(member)-4_000_000))
	// Deflate in both headers; the data are not, which does not matter.
	for _, at := range []int{8, bytes.LastIndex(archive, []byte("PK\x01\x02")) + 10} {
		archive[at] = 8
	}
	path := filepath.Join(t.TempDir(), "bomb.npz")
	if err := os.WriteFile(path, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, read := range []func() error{
		func() error { _, err := ReadPacked(path); return err },
		func() error { _, err := ReadArrays(path); return err },
	} {
		if err := read(); !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), fmt.Sprint(maxRatio)) {
			t.Errorf("error %v, want ErrTooLarge", err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("it took %d bytes of memory", n)
	}
}

func FuzzPacked(f *testing.F) {
	f.Add([]byte("{'descr': '<f2', 'fortran_order': True, 'shape': (2, 1), }"), make([]byte, 4))
	f.Add([]byte("{'descr': [('x', '<i2'), ('', '|S1'), ('t', '>u4')], 'fortran_order': False, 'shape': (1,), }"), make([]byte, 7))
	f.Add([]byte("{'descr': '>U2', 'fortran_order': False, 'shape': (1,), }"), []byte("\x00\x00\x00a\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, dict, data []byte) {
		if len(dict) > math.MaxUint16 {
			return
		}
		b := npy(string(dict), string(data))
		r := bytes.NewReader(b)
		h, err := openNPY(r, int64(len(b)))
		if err != nil || h.checkSize() != nil {
			return
		}
		list, err := h.pack(r)
		if err != nil {
			return
		}
		total := 0
		for i := range list {
			p := &list[i]
			total += p.Bytes()
			for k := range p.Len() {
				if p.DType == Text {
					_ = p.Text(k)
					continue
				}
				if n, ok := p.Int(k); ok && float64(n) != p.Float(k) {
					t.Fatalf("element %d of %q is %v and %d", k, p.Name, p.Float(k), n)
				}
			}
		}
		if total > len(data) {
			t.Fatalf("%d bytes of elements in %d", total, len(data))
		}
	})
}
