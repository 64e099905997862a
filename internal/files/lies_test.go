package files

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
)

// TestLies: a file that says another size than it has takes no memory for what is not there.
func TestLies(t *testing.T) {
	elements := func(arrays []Array, err error) (n int, _ error) {
		for _, a := range arrays {
			n += 8 * len(a.Data)
		}
		return n, err
	}
	arrays := func(name string) func(b []byte) (int, error) {
		return func(b []byte) (int, error) { return elements(ParseArrays(name, b)) }
	}
	dir := t.TempDir()
	packed := func(ending string) func(b []byte) (int, error) {
		path := filepath.Join(dir, "packed"+ending)
		return func(b []byte) (n int, err error) {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Members(path); err != nil {
				return 0, err
			}
			list, err := ReadPacked(path)
			for i := range list {
				n += list[i].Bytes()
			}
			return n, err
		}
	}
	valid := func(name string) []byte {
		path := filepath.Join(dir, name)
		list := []Array{{Name: "x", Shape: []int{40, 2}, Data: make([]float64, 80)}, {Name: "y", Shape: []int{3}, Data: []float64{1, 2, 3}}}
		switch filepath.Ext(name) {
		case ".npy":
			list = list[:1]
		case ".csv":
			list = []Array{{Name: "x", Shape: []int{3}, Data: []float64{4, 5, 60}}, {Name: "y", Shape: []int{3}, Data: []float64{1, 2, 3}}}
		}
		if err := WriteArrays(path, list); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	compressed, err := os.ReadFile("testdata/compressed.npz")
	if err != nil {
		t.Fatal(err)
	}
	member := npy("{'descr': '<f8', 'fortran_order': False, 'shape': (20, 3), }", strings.Repeat("12345678", 60))
	plain := stored("x.npy", member, uint32(len(member)))
	for name, c := range map[string]struct {
		valid []byte
		read  func(b []byte) (int, error)
	}{
		"npy": {valid("a.npy"), arrays("a.npy")}, "npz": {valid("a.npz"), arrays("a.npz")},
		"npz, compressed": {compressed, arrays("a.npz")}, "npz, stored": {plain, arrays("a.npz")},
		"csv":        {valid("a.csv"), arrays("a.csv")},
		"packed npy": {valid("a.npy"), packed(".npy")}, "packed npz": {plain, packed(".npz")}, "packed npz, compressed": {compressed, packed(".npz")},
		"table": {[]byte("# 3 rows\nt;v\n(s);(mV)\n0,5;1\n1;2\n3;4\n"), func(b []byte) (n int, err error) {
			columns, err := ParseTable("a.txt", b)
			for _, c := range columns {
				n += 8 * c.Len()
			}
			return n, err
		}},
		"container": {encoded(t, sample(t)), func(b []byte) (int, error) {
			_, err := decode(bytes.NewReader(b), int64(len(b)))
			return len(b), err
		}},
		"lines": {[]byte("{\"epoch\":1,\"loss\":2.5}\n{\"epoch\":2,\"loss\":0.5}\n"), func(b []byte) (int, error) {
			rows, _, err := decodeLines[map[string]any](b)
			return 8 * len(rows), err
		}},
	} {
		t.Run(name, func(t *testing.T) { hostile.Lies(t, c.valid, c.read) })
	}
	for _, shape := range []string{"(0, 99999999999)", "(99999999999, 0)", "(4294967296, 4294967296)", "(0, 4294967296, 4294967296)", "(9223372036854775807, 2)"} {
		b := npy("{'descr': '<f8', 'fortran_order': False, 'shape': "+shape+", }", "")
		hostile.Takes(t, "npy "+shape, b, arrays("a.npy"))
		hostile.Takes(t, "packed npy "+shape, b, packed(".npy"))
		z := stored("x.npy", b, uint32(len(b)))
		hostile.Takes(t, "npz "+shape, z, arrays("a.npz"))
	}
	hostile.Takes(t, "deep lines", bytes.Repeat([]byte("["), 1<<16), func(b []byte) (int, error) {
		rows, _, err := decodeLines[any](append(b, '\n'))
		return len(rows), err
	})
}

// TestOverlap: members of a .npz that are the same bytes of it, each of which would be unpacked.
func TestOverlap(t *testing.T) {
	member := npy("{'descr': '<f8', 'fortran_order': False, 'shape': (20, 3), }", strings.Repeat("12345678", 60))
	b := stored("x.npy", member, uint32(len(member)))
	if arrays, err := ParseArrays("a.npz", b); err != nil || len(arrays) != 1 {
		t.Fatalf("one member: %d arrays, %v", len(arrays), err)
	}
	const end = 22 // bytes of the record behind the directory
	start := bytes.Index(b, []byte("PK\x01\x02"))
	entry, last := b[start:len(b)-end], bytes.Clone(b[len(b)-end:])
	last[8], last[10] = 2, 2
	binary.LittleEndian.PutUint32(last[12:], uint32(2*len(entry)))
	two := slices.Concat(b[:start], entry, bytes.Replace(entry, []byte("x.npy"), []byte("y.npy"), 1), last)
	if arrays, err := ParseArrays("a.npz", two); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("two members: %d arrays, %v", len(arrays), err)
	}
}

// TestCompressed: what is small because it is compressed takes the memory of a small file.
func TestCompressed(t *testing.T) {
	archive := func(members, n int) string {
		path := filepath.Join(t.TempDir(), "a.npz")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z := zip.NewWriter(f)
		for k := range members {
			w, err := z.Create(fmt.Sprintf("x%d.npy", k))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(npy(fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }", n), string(make([]byte, n)))); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		members, n     int
		arrays, packed bool // whether they are read
	}{{1, 1 << 20, true, true}, {3, 1 << 20, false, true}, {5, 8 << 20, false, false}} {
		path := archive(c.members, c.n)
		if _, err := ReadArrays(path); (err == nil) != c.arrays || err != nil && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d members of %d bytes, as numbers: %v", c.members, c.n, err)
		}
		if _, err := ReadPacked(path); (err == nil) != c.packed || err != nil && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%d members of %d bytes, as they are: %v", c.members, c.n, err)
		}
	}
}

// TestManyCells: a line of a million cells is refused before it is split, wherever it stands.
func TestManyCells(t *testing.T) {
	long := strings.Repeat("1,", 1<<20) + "1\n"
	for name, text := range map[string]string{"the first": long, "another": "a,b\n" + strings.Repeat("1,2\n", 1<<15) + long} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseTable("a.csv", []byte(text))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v, want ErrTooLarge", name, err)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 16<<20 { // as the texts of the lines before have
			t.Errorf("%s: took %d bytes", name, taken)
		}
	}
}
