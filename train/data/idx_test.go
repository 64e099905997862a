package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// idxFile builds an idx file from its definition.
func idxFile(shape []uint32, data []byte) []byte {
	b := []byte{0, 0, 8, byte(len(shape))}
	for _, n := range shape {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, data...)
}

func gzipped(b []byte) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, _ = z.Write(b) // neither fails on a buffer
	_ = z.Close()
	return buf.Bytes()
}

func TestParseIDX(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.Uint32Range(0, 6), 1, 4).Draw(t, "shape")
		want := 1
		for _, n := range shape {
			want *= int(n)
		}
		data := rapid.SliceOfN(rapid.Byte(), want, want).Draw(t, "data")
		raw := idxFile(shape, data)
		for _, b := range [][]byte{raw, gzipped(raw)} {
			a, err := ParseIDX(b)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a.Data, data) || len(a.Shape) != len(shape) {
				t.Fatalf("shape %v data %v, want %v %v", a.Shape, a.Data, shape, data)
			}
			for i, n := range shape {
				if a.Shape[i] != int(n) {
					t.Fatalf("shape %v, want %v", a.Shape, shape)
				}
			}
		}
		// Every file that is cut short is an error, plain or compressed.
		for _, b := range [][]byte{raw, gzipped(raw)} {
			cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
			if a, err := ParseIDX(b[:cut]); !errors.Is(err, ErrFormat) {
				t.Fatalf("%d of %d bytes: %v, error %v, want ErrFormat", cut, len(b), a, err)
			}
		}
	})
}

func TestParseIDXErrors(t *testing.T) {
	short := idxFile([]uint32{2, 3}, make([]byte, 5))
	long := idxFile([]uint32{2, 3}, make([]byte, 7))
	damaged := gzipped(idxFile([]uint32{2, 3}, make([]byte, 6)))
	damaged[len(damaged)-8] ^= 1 // the checksum
	for _, c := range []struct {
		name string
		raw  []byte
		says string
	}{
		{"empty", nil, "0 bytes, want at least 4"},
		{"html", []byte("<html>not found</html>"), "want 00 00 08"},
		{"float idx", []byte{0, 0, 0x0d, 1, 0, 0, 0, 0}, "00 00 0d"},
		{"no axes", []byte{0, 0, 8, 0}, "0 axes, want 1 to 4"},
		{"255 axes", []byte{0, 0, 8, 255}, "255 axes, want 1 to 4"},
		{"half a header", []byte{0, 0, 8, 2, 0, 0, 0, 1}, "8 bytes, want 12"},
		{"short", short, "5 bytes of data, want 6"},
		{"long", long, "7 bytes of data, want 6"},
		{"short gzip", gzipped(short), "5 bytes of data, want 6"},
		{"long gzip", gzipped(long), "more than 6 bytes of data, want 6"},
		{"cut gzip", gzipped(idxFile([]uint32{2, 3}, make([]byte, 6)))[:20], "gzip stream"},
		{"gzip of nothing", gzipped(nil), "0 bytes, want at least 4"},
		{"gzip header", []byte{0x1f, 0x8b, 0}, "gzip header"},
		{"gzip checksum", damaged, "gzip stream"},
		{"product beyond 64 bits", idxFile([]uint32{1 << 31, 1 << 31, 1 << 31, 1 << 31}, nil), "more than any file holds"},
		{"product beyond 2^40", idxFile([]uint32{1 << 20, 1 << 20, 2}, nil), "more than any file holds"},
	} {
		_, err := ParseIDX(c.raw)
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want ErrFormat with %q", c.name, err, c.says)
		}
	}
}

// TestParseIDXMemory: a header that claims 1 GB costs a small multiple of the
// file, and 1 MB for the tables of the decompressor.
func TestParseIDXMemory(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		raw := idxFile([]uint32{1 << 10, 1 << 10, 1 << 10}, make([]byte, 1000))
		if compressed {
			// Noise, so that 1 GB is within what that many compressed bytes may hold.
			rng := rand.NewChaCha8([32]byte{})
			noise := make([]byte, 1<<20+1<<19)
			_, _ = rng.Read(noise)
			raw = gzipped(idxFile([]uint32{1 << 10, 1 << 10, 1 << 10}, noise))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseIDX(raw)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrFormat) {
			t.Fatalf("compressed %v: error %v, want ErrFormat", compressed, err)
		}
		// A growing buffer costs some four times its content in all, more under the race
		// detector.
		most := uint64(1<<20 + 10*len(raw))
		if got := after.TotalAlloc - before.TotalAlloc; got > most {
			t.Errorf("compressed %v: %d bytes allocated for a file of %d, want at most %d", compressed, got, len(raw), most)
		}
	}
	// A few compressed bytes cannot hold 1 GB, and are not read at all.
	_, err := ParseIDX(gzipped(idxFile([]uint32{1 << 10, 1 << 10, 1 << 10}, nil)))
	if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "hold at most") {
		t.Errorf("1 GB in a few bytes: error %v", err)
	}
}

func TestReadIDXNamesTheFile(t *testing.T) {
	path := t.TempDir() + "/broken-idx"
	if err := os.WriteFile(path, []byte{0, 0, 8, 1, 0, 0, 0, 9, 1, 2}, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadIDX(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) ||
		!strings.Contains(err.Error(), "2 bytes of data, want 9") {
		t.Errorf("error %v, want ErrFormat with the path and both numbers", err)
	}
	if _, err := ReadIDX(path + "2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want one that the file does not exist", err)
	}
}

func FuzzParseIDX(f *testing.F) {
	good := idxFile([]uint32{2, 2, 2}, []byte{0, 1, 2, 3, 4, 5, 255, 254})
	f.Add(good)
	f.Add(good[:15])
	f.Add(gzipped(good))
	f.Add(gzipped(good[:18]))
	f.Add(idxFile([]uint32{1 << 10, 1 << 10, 1 << 10}, nil))
	f.Add(gzipped(idxFile([]uint32{1 << 10, 1 << 10, 1 << 10}, nil)))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := ParseIDX(raw)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("error %v is not ErrFormat", err)
			}
			return
		}
		want := 1
		shape := make([]uint32, len(a.Shape))
		for i, n := range a.Shape {
			want *= n
			shape[i] = uint32(n)
		}
		if len(a.Data) != want {
			t.Fatalf("shape %v with %d bytes", a.Shape, len(a.Data))
		}
		// What was read is what a file of it holds.
		again, err := ParseIDX(idxFile(shape, a.Data))
		if err != nil || !slices.Equal(again.Shape, a.Shape) || !bytes.Equal(again.Data, a.Data) {
			t.Fatalf("second reading: %v, error %v", again, err)
		}
	})
}
