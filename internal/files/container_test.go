package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// put is Put for arrays that are right.
func put[T Element](t testing.TB, a *Archive, name string, data []T, shape ...int) {
	t.Helper()
	if err := Put(a, name, data, shape...); err != nil {
		t.Fatal(err)
	}
}

// sample is an archive with every element type, an empty array, a scalar, and values whose bits are
// easily lost.
func sample(t testing.TB) *Archive {
	a := &Archive{Format: Format{"surge-test", 2}, Meta: map[string]string{"epoch": "3", "quote": "\"<&\u2028é"}}
	put(t, a, "w", []float32{1.5, float32(math.Copysign(0, -1)), math.Float32frombits(0x7fc00123), math.MaxFloat32, 1e-45, 0}, 2, 3)
	put(t, a, "m", []float64{math.Inf(1), math.Float64frombits(0xfff8000000000abc), 5e-324}, 3)
	put(t, a, "step", []int64{math.MinInt64})
	put(t, a, "rng", []uint8("state"), 5)
	put(t, a, "none", []float32{}, 0, 7)
	return a
}

func encoded(t testing.TB, a *Archive) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := a.encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchiveRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ckpt")
	a := sample(t)
	if err := Write(path, a); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path, Format{"surge-test", 2})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Meta, a.Meta) || got.Format != a.Format || !reflect.DeepEqual(got.Names(), a.Names()) {
		t.Errorf("found %+v, want %+v", got, a)
	}
	w, err := Get[float32](got, "w", 2, -1)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := Get[float32](a, "w", 2, 3)
	for i := range want {
		if math.Float32bits(w[i]) != math.Float32bits(want[i]) {
			t.Errorf("w[%d]: bits %x, want %x", i, math.Float32bits(w[i]), math.Float32bits(want[i]))
		}
	}
	if m, err := Get[float64](got, "m", 3); err != nil || math.Float64bits(m[1]) != 0xfff8000000000abc {
		t.Errorf("m = %v, %v: the payload of the NaN is lost", m, err)
	}
	if s, err := Get[int64](got, "step"); err != nil || s[0] != math.MinInt64 {
		t.Errorf("step = %v, %v", s, err)
	}
	if d, shape, err := got.Describe("none"); err != nil || d != "float32" || !reflect.DeepEqual(shape, []int{0, 7}) {
		t.Errorf("Describe = %v %v %v", d, shape, err)
	}
}

// The bytes of a small file, written down by hand from the comment in container.go. The CRC-32C is
// that of a loop over bits, 258 little-endian and 56 zeros.
func TestArchiveLayout(t *testing.T) {
	a := &Archive{Format: Format{"f", 1}}
	put(t, a, "x", []int64{258}, 1)
	text := `{"format":"f","version":1,"meta":{},"arrays":[{"name":"x","dtype":"int64","shape":[1],"offset":0,"crc32c":"6f339726"}]}`
	want := []byte("\x89surge\r\n\x02\x00\x00\x00\x77\x00\x00\x00\x20\x01\x00\x00\x00\x00\x00\x00" + text)
	if len(text) != 0x77 {
		t.Fatalf("the header has %d bytes", len(text))
	}
	want = append(want, make([]byte, 192-len(want))...) // 24 + 119 = 143, up to 192
	want = append(want, 2, 1, 0, 0, 0, 0, 0, 0)
	want = append(want, make([]byte, 56)...) // 256; with the sum 288 = 0x120
	sum := sha256.Sum256(want)
	want = append(want, sum[:]...)
	if got := encoded(t, a); !bytes.Equal(got, want) {
		t.Errorf("found\n%q\nwant\n%q", got, want)
	}
}

func TestArchiveEqualContentEqualBytes(t *testing.T) {
	meta := map[string]string{}
	for _, k := range strings.Split("kgbqzxwmnvfhdjtrlpcs", "") {
		meta[k] = k + k
	}
	a, b := sample(t), sample(t)
	a.Meta, b.Meta = meta, map[string]string{}
	for _, k := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		if v, ok := meta[k]; ok {
			b.Meta[k] = v
		}
	}
	if !bytes.Equal(encoded(t, a), encoded(t, b)) {
		t.Error("the order of insertion of metadata changes the file")
	}
}

// Whatever a write leaves behind when it is cut off, at any byte, does not load; nor does a file
// with any bit changed.
func TestArchiveDamage(t *testing.T) {
	whole := encoded(t, sample(t))
	load := func(b []byte) error {
		_, err := decode(bytes.NewReader(b), int64(len(b)))
		return err
	}
	if err := load(whole); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := load(whole[:n]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d of %d: %v, want ErrCorrupt", n, len(whole), err)
		}
		// The file has its length but the end was never written, as after a loss of power.
		b := append(bytes.Clone(whole[:n]), make([]byte, len(whole)-n)...)
		if err := load(b); err == nil && !bytes.Equal(b, whole) {
			t.Fatalf("zeros from %d: loads", n)
		}
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[n] ^= 1 << bit
			if err := load(b); !errors.Is(err, ErrCorrupt) || errors.Is(err, ErrVersion) {
				t.Fatalf("bit %d of byte %d changed: %v", bit, n, err)
			}
		}
	}
	if err := load(append(bytes.Clone(whole), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte more: %v", err)
	}
}

// The file system claims the length of the whole file but the reader ends early (a file that
// shrinks while it is read).
func TestArchiveShrinks(t *testing.T) {
	whole := encoded(t, sample(t))
	for n := range whole {
		if _, err := decode(bytes.NewReader(whole[:n]), int64(len(whole))); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("ends at %d: %v", n, err)
		}
	}
}

func TestArchiveErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.ckpt")
	if err := Write(path, sample(t)); err != nil {
		t.Fatal(err)
	}
	read := func(want Format) error { _, err := Read(path, want); return err }
	var a Archive
	a.Format = Format{"f", 1}
	put(t, &a, "x", []float32{1, 2}, 2)
	other := encoded(t, sample(t))
	binary.LittleEndian.PutUint32(other[8:], 7)
	sum := sha256.Sum256(other[:len(other)-sha256.Size])
	copy(other[len(other)-sha256.Size:], sum[:])
	newer := filepath.Join(dir, "newer")
	if err := os.WriteFile(newer, other, 0o600); err != nil {
		t.Fatal(err)
	}
	_, newerErr := Read(newer, Format{})
	_, dirErr := Read(dir, Format{})
	_, noneErr := Read(filepath.Join(dir, "none"), Format{})
	_, getName := Get[float32](&a, "y", 2)
	_, getType := Get[float64](&a, "x", 2)
	_, getShape := Get[float32](&a, "x", 3)
	for _, c := range []struct {
		name  string
		err   error
		is    error
		parts []string // what the message names
	}{
		{"later version", read(Format{"surge-test", 1}), ErrVersion, []string{path, "version 1", "found 2"}},
		{"other format", read(Format{"surge-other", 9}), ErrFormat, []string{path, "surge-other", "surge-test"}},
		{"later container", newerErr, ErrVersion, []string{newer, "version 2", "found 7"}},
		{"folder", dirErr, ErrFormat, []string{dir, "regular file"}},
		{"missing file", noneErr, fs.ErrNotExist, []string{"none"}},
		{"missing array", getName, ErrArray, []string{`"y"`, `"x"`}},
		{"element type", getType, ErrArray, []string{"float64", "float32"}},
		{"shape", getShape, ErrArray, []string{"[3]", "[2]"}},
		{"name taken", Put(&a, "x", []float32{1}, 1), ErrArray, []string{`"x"`}},
		{"empty name", Put(&a, "", []float32{1}, 1), ErrArray, nil},
		{"name not UTF-8", Put(&a, "\xff", []float32{1}, 1), ErrArray, nil},
		{"shape and data", Put(&a, "z", []float32{1}, 2, 3), ErrArray, []string{"[2 3]", "1 elements"}},
		{"negative length", Put(&a, "z", []float32{1}, -1, -1), ErrArray, []string{"[-1 -1]"}},
		{"product overflows", Put(&a, "z", []float32{}, math.MaxInt, 2), ErrArray, nil},
		{"no format", Write(path, &Archive{}), ErrFormat, []string{path}},
		{"metadata not UTF-8", Write(path, &Archive{Format: Format{"f", 1}, Meta: map[string]string{"k": "\xff"}}), ErrFormat, []string{`"k"`}},
		{"huge metadata", Write(path, &Archive{Format: Format{"f", 1}, Meta: map[string]string{"k": strings.Repeat("x", maxHeader)}}), ErrTooLarge, []string{path}},
	} {
		if !errors.Is(c.err, c.is) {
			t.Errorf("%s: error %v, want %v", c.name, c.err, c.is)
			continue
		}
		for _, p := range c.parts {
			if !strings.Contains(c.err.Error(), p) {
				t.Errorf("%s: error %q does not name %q", c.name, c.err, p)
			}
		}
	}
	if err := read(Format{"surge-test", 3}); err != nil { // failed writes left the file as it was
		t.Error(err)
	}
}

// A damaged array is named.
func TestArchiveNamesTheDamage(t *testing.T) {
	a := sample(t)
	whole := encoded(t, a)
	at := bytes.LastIndex(whole, []byte("state"))
	whole[at] ^= 4
	if _, err := decode(bytes.NewReader(whole), int64(len(whole))); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), `array "rng"`) || strings.Contains(err.Error(), `"w"`) {
		t.Errorf("error %v, want one that names rng alone", err)
	}
}

// resealed is an archive of a version of the container in which the header is text, with the right
// lengths and SHA-256.
func resealed(version uint32, text string, arrays []byte) []byte {
	start := padded(prefixLen + int64(len(text)))
	b := []byte(magic)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = binary.LittleEndian.AppendUint64(b, uint64(start)+uint64(len(arrays))+sha256.Size)
	b = append(b, text...)
	b = append(b, make([]byte, start-int64(len(b)))...)
	b = append(b, arrays...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// A right checksum does not make a file right.
func TestArchiveHostileHeader(t *testing.T) {
	const good = `{"format":"f","version":1,"meta":{},"arrays":[{"name":"x","dtype":"float32","shape":[2],"offset":0}]}`
	if b := resealed(1, good, make([]byte, 64)); func() error { _, err := decode(bytes.NewReader(b), int64(len(b))); return err }() != nil {
		t.Fatal("the unchanged header does not load")
	}
	for name, text := range map[string]string{
		"a claim of 4 EB":   strings.Replace(good, "[2]", "[1152921504606846976]", 1),
		"product overflows": strings.Replace(good, "[2]", "[4294967296,4294967296,2]", 1),
		"negative length":   strings.Replace(good, "[2]", "[-2]", 1),
		"too short":         strings.Replace(good, "[2]", "[17]", 1),
		"too long":          strings.Replace(good, `{"name":"x","dtype":"float32","shape":[2],"offset":0}`, "", 1),
		"shape is null":     strings.Replace(good, "[2]", "null", 1),
		"offset":            strings.Replace(good, `"offset":0`, `"offset":64`, 1),
		"element type":      strings.Replace(good, "float32", "float16", 1),
		"unknown field":     strings.Replace(good, `"meta"`, `"extra":1,"meta"`, 1),
		"repeated field":    strings.Replace(good, `"meta"`, `"version":1,"meta"`, 1),
		"space":             good + " ",
		"version 0":         strings.Replace(good, `"version":1`, `"version":0`, 1),
		"not JSON":          good[1:],
		"same name twice": strings.Replace(good, `]}`, `]`, 1)[:len(good)-2] +
			`,{"name":"x","dtype":"float32","shape":[0],"offset":64}]}`,
	} {
		b := resealed(1, text, make([]byte, 64))
		if _, err := decode(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
	pad := make([]byte, 64)
	pad[63] = 1
	b := resealed(1, good, pad)
	if _, err := decode(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrCorrupt) {
		t.Errorf("padding: %v", err)
	}
}

// Read takes at most twice the size of the file, counted over everything it ever allocates.
func TestReadMemory(t *testing.T) {
	a := &Archive{Format: Format{"f", 1}}
	put(t, a, "x", make([]float64, 1<<20), 1<<20)
	put(t, a, "y", make([]uint8, 1<<21), 1<<21)
	path := filepath.Join(t.TempDir(), "a")
	if err := Write(path, a); err != nil {
		t.Fatal(err)
	}
	const size = 10 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(path, Format{}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 2*size {
		t.Errorf("reading %d bytes allocated %d", size, n)
	}
}

func TestArchiveProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := &Archive{Format: Format{rapid.StringMatching(`[a-z]{1,9}`).Draw(t, "format"), rapid.IntRange(1, 9).Draw(t, "version")}}
		a.Meta = rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "meta")
		for _, name := range rapid.SliceOfDistinct(rapid.StringN(1, 9, -1), rapid.ID[string]).Draw(t, "names") {
			rows, cols := rapid.IntRange(0, 70).Draw(t, "rows"), rapid.IntRange(0, 3).Draw(t, "cols")
			n := rows * cols
			var err error
			switch rapid.IntRange(0, 3).Draw(t, "type") {
			case 0:
				err = Put(a, name, rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "data"), rows, cols)
			case 1:
				err = Put(a, name, rapid.SliceOfN(rapid.Float64(), n, n).Draw(t, "data"), rows, cols)
			case 2:
				err = Put(a, name, rapid.SliceOfN(rapid.Int64(), n, n).Draw(t, "data"), rows, cols)
			case 3:
				err = Put(a, name, rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "data"), rows, cols)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var b bytes.Buffer
		if err := a.encode(&b); err != nil {
			t.Skip(err) // a name that is not UTF-8
		}
		got, err := decode(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.entries, a.entries) || !reflect.DeepEqual(got.Meta, a.Meta) || got.Format != a.Format {
			t.Fatalf("found %+v, want %+v", got, a)
		}
	})
}

// FuzzArchive gives the reader files with a right prefix and checksum around any header and arrays:
// what it accepts, it writes again byte for byte.
func FuzzArchive(f *testing.F) {
	whole := encoded(f, sample(f))
	var h header
	n := binary.LittleEndian.Uint32(whole[12:])
	if err := json.Unmarshal(whole[prefixLen:prefixLen+n], &h); err != nil {
		f.Fatal(err)
	}
	start := padded(prefixLen + int64(n))
	f.Add(string(whole[prefixLen:prefixLen+n]), whole[start:len(whole)-sha256.Size])
	f.Add(`{"format":"f","version":1,"meta":{},"arrays":[]}`, []byte{})
	f.Add(`{"format":"f","version":1,"meta":{"a":"b"},"arrays":[{"name":"x","dtype":"uint8","shape":[],"offset":0}]}`, make([]byte, 64))
	f.Add(`{"format":"f","version":1,"meta":{},"arrays":[{"name":"x","dtype":"float64","shape":[1,99999999999],"offset":0}]}`, make([]byte, 64))
	f.Fuzz(func(t *testing.T, text string, arrays []byte) {
		version := uint32(1)
		if strings.Contains(text, "crc32c") {
			version = 2
		}
		b := resealed(version, text, arrays)
		a, err := decode(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("error without sentinel: %v", err)
			}
			return
		}
		var again bytes.Buffer
		if err := a.encodeVersion(&again, version); err != nil || !bytes.Equal(again.Bytes(), b) {
			t.Fatalf("reads %q, writes %q, %v", b, again.Bytes(), err)
		}
	})
}

// FuzzArchiveBytes gives the reader any bytes.
func FuzzArchiveBytes(f *testing.F) {
	whole := encoded(f, sample(f))
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := decode(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := a.encodeVersion(&again, binary.LittleEndian.Uint32(b[8:])); err != nil || !bytes.Equal(again.Bytes(), b) {
			t.Fatal("the file is not what its content writes")
		}
	})
}
