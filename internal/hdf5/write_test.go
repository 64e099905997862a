package hdf5

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/files"
)

func reopen(t interface{ Fatal(...any) }, c *Content) *File {
	var b bytes.Buffer
	if err := Encode(&b, c); err != nil {
		t.Fatal(err)
	}
	f, err := NewFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "shape")
		n := 1
		for _, k := range shape {
			n *= k
		}
		x := rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "x")
		texts := rapid.SliceOfN(rapid.StringMatching(`[a-zß]{0,20}`), n, n).Draw(t, "texts")
		c := &Content{}
		Add(c.Group("a").Group("b"), "x", x, shape...)
		c.AddStrings("texts", texts, shape...)
		Add(c, "scalar", []int64{-3})
		lists := make([][]uint16, n)
		for i := range lists {
			lists[i] = rapid.SliceOfN(rapid.Uint16(), 0, 5).Draw(t, "list")
		}
		AddLists(c, "lists", lists)
		f := reopen(t, c)
		d, err := f.Dataset("/a/b/x")
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Floats(0, -1)
		if err != nil || !slices.Equal(d.Shape, shape) || d.Type.String() != "float32" {
			t.Fatal(d, err)
		}
		if !slices.EqualFunc(got, x, func(a float64, b float32) bool { return a == float64(b) || b != b }) {
			t.Fatalf("%v, want %v", got, x)
		}
		if d, err = f.Dataset("texts"); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Strings(0, -1); err != nil || !slices.Equal(got, texts) {
			t.Fatalf("%q, want %q, %v", got, texts, err)
		}
		if d, err = f.Dataset("lists"); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Lists(0, -1); err != nil || !slices.EqualFunc(got, lists, func(a []float64, b []uint16) bool {
			return slices.EqualFunc(a, b, func(x float64, y uint16) bool { return x == float64(y) })
		}) {
			t.Fatalf("%v, want %v, %v", got, lists, err)
		}
		if d, err = f.Dataset("scalar"); err != nil || len(d.Shape) != 0 {
			t.Fatal(d, err)
		}
		if got, err := d.Floats(0, -1); err != nil || got[0] != -3 {
			t.Fatal(got, err)
		}
	})
}

func TestManyStrings(t *testing.T) {
	texts := make([]string, 40000)
	for i := range texts {
		texts[i] = string(rune('a' + i%26))
	}
	c := &Content{}
	c.AddStrings("texts", texts, len(texts))
	d, err := reopen(t, c).Dataset("texts")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Strings(0, -1); err != nil || !slices.Equal(got, texts) {
		t.Error(len(got), err)
	}
}

func TestNamesThatCannotBeWritten(t *testing.T) {
	for _, name := range []string{"", "a/b", ".", "a\x00", "\xff"} {
		c := &Content{}
		c.Group(name)
		if err := Encode(io.Discard, c); !errors.Is(err, files.ErrArray) {
			t.Errorf("%q: %v", name, err)
		}
	}
	c := &Content{}
	c.Group("a")
	c.Group("a")
	if err := Encode(io.Discard, c); !errors.Is(err, files.ErrArray) {
		t.Errorf("twice: %v", err)
	}
	c = &Content{}
	Add(c, "x", []float32{1}, 2)
	if err := Encode(io.Discard, c); !errors.Is(err, files.ErrArray) {
		t.Errorf("shape: %v", err)
	}
}
