package hdf5

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/files"
)

func open(t *testing.T, name string) *File {
	t.Helper()
	f, err := Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// both runs a test on the file as h5py writes it by default and with the newest structures.
func both(t *testing.T, test func(t *testing.T, f *File)) {
	for _, name := range []string{"numbers.h5", "latest.h5"} {
		t.Run(name, func(t *testing.T) { test(t, open(t, name)) })
	}
}

func floats(t *testing.T, f *File, path string, shape ...int) []float64 {
	t.Helper()
	d, err := f.Dataset(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Shape, shape) {
		t.Errorf("%s: shape %v, want %v", path, d.Shape, shape)
	}
	v, err := d.Floats(0, -1)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// count returns 0, 1, ..., n-1, each times step.
func count(n int, step float64) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = float64(i) * step
	}
	return v
}

func TestNumbersOfEachType(t *testing.T) {
	both(t, func(t *testing.T, f *File) {
		want := count(12, 0.25)
		for i := range want {
			want[i]--
		}
		for _, kind := range []string{"<f2", ">f2", "<f4", ">f4", "<f8", ">f8"} {
			if got := floats(t, f, "/float/"+kind, 3, 4); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", kind, got, want)
			}
		}
		for _, kind := range []string{"i1", "<i2", ">i4", "<i8", "u1", ">u2", "<u4", "<u8"} {
			if got := floats(t, f, "int/"+kind, 6); !slices.Equal(got, count(6, 21)) {
				t.Errorf("%s: %v", kind, got)
			}
		}
		for path, want := range map[string][]float64{
			"negative": {-1, -128, 127}, "bool": {1, 0, 1}, "committed": {1, 1},
		} {
			if got := floats(t, f, path, len(want)); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", path, got, want)
			}
		}
		if got := floats(t, f, "scalar"); !slices.Equal(got, []float64{2.5}) {
			t.Errorf("scalar: %v", got)
		}
		if got := floats(t, f, "none", 0, 3); len(got) != 0 {
			t.Errorf("none: %v", got)
		}
		if got := floats(t, f, "empty", 0); len(got) != 0 {
			t.Errorf("empty: %v", got)
		}
		got := floats(t, f, "special", 5)
		if !math.IsInf(got[0], 1) || !math.IsInf(got[1], -1) || !math.IsNaN(got[2]) || got[3] != 0x1p-24 || got[4] != 65504 {
			t.Errorf("special: %v", got)
		}
	})
}

func TestChunks(t *testing.T) {
	both(t, func(t *testing.T, f *File) {
		names := []string{"gzip", "shuffle", "lzf", "fletcher", "plain", "grow", "growcolumns", "growboth", "growbothplain", "one", "soft"}
		for _, name := range names {
			if got := floats(t, f, "chunked/"+name, 5, 7); !slices.Equal(got, count(35, 1)) {
				t.Errorf("%s: %v", name, got)
			}
		}
		if got := floats(t, f, "soft", 5, 7); !slices.Equal(got, count(35, 1)) {
			t.Errorf("soft: %v", got)
		}
		if got := floats(t, f, "chunked/cube", 4, 5, 6); !slices.Equal(got, count(120, 1)) {
			t.Errorf("cube: %v", got)
		}
		if got := floats(t, f, "chunked/many", 1100); !slices.Equal(got, count(1100, 1)) {
			t.Errorf("many: %v", got)
		}
		if got := floats(t, f, "chunked/manygrow", 400); !slices.Equal(got, count(400, 1)) {
			t.Errorf("manygrow: %v", got)
		}
		if got := floats(t, f, "chunked/manyboth", 20, 20); !slices.Equal(got, count(400, 1)) {
			t.Errorf("manyboth: %v", got)
		}
		want := slices.Repeat([]float64{7}, 24)
		for _, i := range []int{10, 11, 14, 15} {
			want[i] = 1
		}
		if got := floats(t, f, "chunked/sparse", 6, 4); !slices.Equal(got, want) {
			t.Errorf("sparse: %v, want %v", got, want)
		}
		if got := floats(t, f, "chunked/unwritten", 3); !slices.Equal(got, []float64{-1, -1, -1}) {
			t.Errorf("unwritten: %v", got)
		}
	})
}

func TestRowsAreThoseOfTheWhole(t *testing.T) {
	both(t, func(t *testing.T, f *File) {
		for _, name := range []string{"gzip", "plain", "growboth", "cube", "sparse"} {
			d, err := f.Dataset("chunked/" + name)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := d.Floats(0, -1)
			if err != nil {
				t.Fatal(err)
			}
			row := len(whole) / d.Shape[0]
			for first := range d.Shape[0] {
				for n := range d.Shape[0] - first + 1 {
					got, err := d.Floats(first, n)
					if err != nil || !slices.Equal(got, whole[first*row:(first+n)*row]) {
						t.Fatalf("%s: rows %d, %d: %v, %v", name, first, n, got, err)
					}
				}
			}
			if _, err := d.Floats(1, d.Shape[0]); !errors.Is(err, files.ErrArray) {
				t.Errorf("%s: rows beyond the end: %v", name, err)
			}
		}
	})
}

func TestStringsAndLists(t *testing.T) {
	both(t, func(t *testing.T, f *File) {
		for path, want := range map[string][]string{
			"text/scalar": {"grüß"}, "text/list": {"a", "", "ccc"}, "text/fixed": {"ab", "c"},
		} {
			d, err := f.Dataset(path)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := d.Strings(0, -1); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %q, %v", path, got, err)
			}
		}
		d, err := f.Dataset("lists/uint16")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if got, err := d.Lists(i, 1); err != nil || !slices.Equal(got[0], count(300*i, 1)) {
				t.Errorf("list %d: %v, %v", i, got, err)
			}
		}
		if d, err = f.Dataset("lists/half"); err != nil {
			t.Fatal(err)
		}
		got, err := d.Lists(0, -1)
		if err != nil || len(got) != 3 || len(got[2]) != 600 {
			t.Fatalf("lists: %v, %v", got, err)
		}
		for i, v := range got[2] { // float16 has 11 significant bits: half a unit is at most 2^-11 of the value
			if want := float64(i) / 1000; math.Abs(v-want) > want/2048+0x1p-25 {
				t.Fatalf("element %d: %v, want %v", i, v, want)
			}
		}
	})
}

func TestGroupsAndAttributes(t *testing.T) {
	both(t, func(t *testing.T, f *File) {
		names, err := f.Names("/members")
		if err != nil || len(names) != 40 || names[0] != "m00" || names[39] != "m39" {
			t.Errorf("names: %v, %v", names, err)
		}
		if got := floats(t, f, "/members/m17"); got[0] != 17 {
			t.Errorf("m17 = %v", got)
		}
		attributes, err := f.Attributes("/")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := attributes["name"].Strings(); err != nil || !slices.Equal(got, []string{"value"}) {
			t.Errorf("name: %q, %v", got, err)
		}
		if got, err := attributes["rate"].Floats(); err != nil || !slices.Equal(got, []float64{2.5}) {
			t.Errorf("rate: %v, %v", got, err)
		}
		if attributes, err = f.Attributes("/text"); err != nil || len(attributes) != 20 {
			t.Fatalf("%d attributes, %v", len(attributes), err)
		}
		for i := range 20 {
			if got, err := attributes[fmt.Sprintf("many%d", i)].Strings(); err != nil || got[0] != strings.Repeat("x", i) {
				t.Errorf("many%d: %q, %v", i, got, err)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	both(t, func(t *testing.T, f *File) {
		for path, want := range map[string]string{
			"large":    "/large: files: unexpected array: the integer 0x20000000000001 is not exactly a float64",
			"compound": "/compound: files: unexpected array: expected numbers, found compound",
		} {
			d, err := f.Dataset("/" + path)
			if err == nil {
				_, err = d.Floats(0, -1)
			}
			if err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %q", path, err, want)
			}
		}
		for _, path := range []string{"nothing", "/text", "scalar/x"} {
			if _, err := f.Dataset(path); !errors.Is(err, files.ErrArray) {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
	if _, err := Open("testdata/make.py"); !errors.Is(err, files.ErrFormat) {
		t.Errorf("a text: %v", err)
	}
}

func TestPagesOfTheIndexOfChunks(t *testing.T) {
	packed, err := os.Open("testdata/far.h5.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range floats(t, f, "far", 150000) {
		if want := i/1500 + 1; i%1500 == 1 && v != float64(want) || i%1500 != 1 && v != 0 {
			t.Fatalf("far[%d] = %v", i, v)
		}
	}
}

func TestUserBlock(t *testing.T) {
	if got := floats(t, open(t, "block.h5"), "x", 2); !slices.Equal(got, []float64{1.5, 2.5}) {
		t.Errorf("x = %v", got)
	}
}
