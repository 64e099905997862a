package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/sbinet/npyio"
	"github.com/sbinet/npyio/npz"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// The file holds what the script in testdata/README.md says, with i = 0 .. 23.
func TestReadNumPy(t *testing.T) {
	arrays, err := ReadArrays("testdata/numpy.npz")
	if err != nil {
		t.Fatal(err)
	}
	if len(arrays) != 17 || arrays[0].Name != "bool" || arrays[16].Name != "special" {
		t.Fatalf("%d arrays, not in the order of the file", len(arrays))
	}
	for _, c := range []struct {
		name  string
		dtype DType
		value func(i float64) float64
	}{
		{"bool", Bool, func(i float64) float64 {
			if math.Mod(i, 3) == 0 {
				return 1
			}
			return 0
		}},
		{"int8", Int8, func(i float64) float64 { return i - 12 }},
		{"int16", Int16, func(i float64) float64 { return i*1000 - 12000 }},
		{"int32", Int32, func(i float64) float64 { return i * 1e7 }},
		{"int64", Int64, func(i float64) float64 { return i * (1 << 40) }},
		{"uint8", Uint8, func(i float64) float64 { return i * 10 }},
		{"uint16", Uint16, func(i float64) float64 { return i * 2000 }},
		{"uint32", Uint32, func(i float64) float64 { return i * 1e8 }},
		{"uint64", Uint64, func(i float64) float64 { return i * (1 << 58) }},
		{"float32", Float32, func(i float64) float64 { return float64(float32(i / 7)) }},
		{"float64", Float64, func(i float64) float64 { return i / 7 }},
		{"big", Float64, func(i float64) float64 { return i / 7 }},
		{"big16", Int16, func(i float64) float64 { return i*1000 - 12000 }},
		{"fortran", Float64, func(i float64) float64 { return i / 7 }},
	} {
		a, err := Lookup(arrays, c.name)
		if err != nil {
			t.Error(err)
			continue
		}
		if a.DType != c.dtype || !reflect.DeepEqual(a.Shape, []int{2, 3, 4}) {
			t.Errorf("%s: %s %v", c.name, a.DType, a.Shape)
		}
		for i, v := range a.Data {
			if v != c.value(float64(i)) {
				t.Errorf("%s[%d] = %v, want %v", c.name, i, v, c.value(float64(i)))
			}
		}
	}
	if a, _ := Lookup(arrays, "scalar"); len(a.Shape) != 0 || len(a.Data) != 1 || a.Data[0] != 0.1 {
		t.Errorf("scalar: %+v", a)
	}
	if a, _ := Lookup(arrays, "empty"); !reflect.DeepEqual(a.Shape, []int{0, 5}) || len(a.Data) != 0 {
		t.Errorf("empty: %+v", a)
	}
	a, _ := Lookup(arrays, "special")
	if !math.IsNaN(a.Data[0]) || a.Data[1] != math.Inf(1) || a.Data[2] != math.Inf(-1) || !math.Signbit(a.Data[3]) || a.Data[4] != 5e-324 {
		t.Errorf("special: %v", a.Data)
	}
	if _, err := Lookup(arrays, "none"); !errors.Is(err, ErrArray) || !strings.Contains(err.Error(), `"bool"`) {
		t.Errorf("Lookup of a missing name: %v", err)
	}
}

func TestReadCompressed(t *testing.T) {
	arrays, err := ReadArrays("testdata/compressed.npz")
	if err != nil {
		t.Fatal(err)
	}
	if a := arrays[0]; a.Name != "x" || !reflect.DeepEqual(a.Shape, []int{100, 1000}) || len(a.Data) != 1e5 || a.DType != Uint8 {
		t.Errorf("%s %v %s", a.Name, a.Shape, a.DType)
	}
}

// drawArray draws an array of values that its type holds.
func drawArray(t *rapid.T, name string) Array {
	dtypes := []DType{Bool, Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32, Uint64, Float16, Float32, Float64, ""}
	a := Array{Name: name, DType: rapid.SampledFrom(dtypes).Draw(t, "dtype"), Shape: rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "shape")}
	n, err := product(a.Shape)
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		var v float64
		switch a.DType {
		case Float16:
			v = half(uint16(rapid.Uint16().Draw(t, "v")))
		case Float32:
			v = float64(rapid.Float32().Draw(t, "v"))
		case Float64, "":
			v = rapid.Float64().Draw(t, "v")
		default:
			r := ranges[a.DType]
			v = math.Trunc(rapid.Float64Range(r[0], math.Nextafter(r[1], 0)).Draw(t, "v"))
		}
		a.Data = append(a.Data, v)
	}
	return a
}

func TestArraysRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		var arrays []Array
		for _, name := range rapid.SliceOfDistinct(rapid.StringMatching(`[a-zA-Z_/.]{1,6}`), rapid.ID[string]).Draw(t, "names") {
			arrays = append(arrays, drawArray(t, name))
		}
		path := filepath.Join(dir, "a.npz")
		if err := WriteArrays(path, arrays); err != nil {
			t.Fatal(err)
		}
		got, err := ReadArrays(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(arrays) {
			t.Fatalf("%d arrays, want %d", len(got), len(arrays))
		}
		for i, a := range arrays {
			if a.DType == "" {
				a.DType = Float64
			}
			if got[i].Name != a.Name || got[i].DType != a.DType || fmt.Sprint(got[i].Shape) != fmt.Sprint(a.Shape) || !sameBits(got[i].Data, a.Data) {
				t.Fatalf("found %+v, want %+v", got[i], a)
			}
		}
	})
}

func sameBits(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		// An integer file has one zero.
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) && !(a[i] == 0 && b[i] == 0) {
			return false
		}
	}
	return true
}

// Another reader and writer of the format, github.com/sbinet/npyio, agrees, in what it can do.
func TestAgainstNpyio(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ours.npz")
	want := []float64{1, 2, 3, 4.5, -5, 6e-300}
	if err := WriteArrays(path, []Array{
		{Name: "m", Shape: []int{2, 3}, Data: want},
		{Name: "i", DType: Int64, Shape: []int{3}, Data: []float64{-1, 0, 1 << 52}},
		{Name: "b", DType: Bool, Shape: []int{2}, Data: []float64{1, 0}},
		{Name: "f", DType: Float32, Shape: []int{1}, Data: []float64{0.25}},
	}); err != nil {
		t.Fatal(err)
	}
	z, err := npz.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var m mat.Dense
	var ints []int64
	var bools []bool
	var floats []float32
	for name, p := range map[string]any{"m.npy": &m, "i.npy": &ints, "b.npy": &bools, "f.npy": &floats} {
		if err := z.Read(name, p); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if r, c := m.Dims(); r != 2 || c != 3 || !reflect.DeepEqual(m.RawMatrix().Data, want) {
		t.Errorf("matrix %v", m.RawMatrix())
	}
	if !reflect.DeepEqual(ints, []int64{-1, 0, 1 << 52}) || !reflect.DeepEqual(bools, []bool{true, false}) || !reflect.DeepEqual(floats, []float32{0.25}) {
		t.Errorf("%v %v %v", ints, bools, floats)
	}

	for name, c := range map[string]struct {
		val   any
		dtype DType
		shape []int
		data  []float64
	}{
		"matrix": {mat.NewDense(2, 3, want), Float64, []int{2, 3}, want},
		"float":  {[]float32{0.5, 2}, Float32, []int{2}, []float64{0.5, 2}},
		"int":    {[]int64{-7, 8}, Int64, []int{2}, []float64{-7, 8}},
		"bool":   {[]bool{false, true}, Bool, []int{2}, []float64{0, 1}},
	} {
		var b bytes.Buffer
		if err := npyio.Write(&b, c.val); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name+".npy")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := ReadArrays(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, []Array{{name, c.dtype, c.shape, c.data}}) {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// npy is a file of version 1 with this dictionary and data.
func npy(dict string, data string) []byte {
	b := append([]byte(npyMagic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	return append(append(b, dict...), data...)
}

func TestArrayErrors(t *testing.T) {
	dir := t.TempDir()
	const eight = "\x00\x00\x00\x00\x00\x00\xf0\x3f"
	const dict = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n"
	with := func(old, new string) []byte { return npy(strings.Replace(dict, old, new, 1), eight) }
	whole, err := os.ReadFile("testdata/numpy.npz")
	if err != nil {
		t.Fatal(err)
	}
	lie := bytes.Clone(whole) // the last byte of the data of the first member
	at := bytes.Index(lie, []byte("\n"))
	lie[at+1] ^= 1
	huge := bytes.Repeat([]byte("x"), 100)
	copy(huge, npyMagic+"\x02\x00\xff\xff\xff\xff")
	for _, c := range []struct {
		file  string
		data  []byte
		is    error // nil: the file is read
		parts string
	}{
		{"good.npy", npy(dict, eight), nil, ""},
		{"spaces.npy", with("{'descr': '<f8', 'fortran_order': False", `{ "fortran_order":False ,"descr":'<f8'`), nil, ""},
		{"empty.npy", nil, ErrCorrupt, "10 bytes"},
		{"magic.npy", []byte("\x93NUMPX\x01\x00\x00\x00"), ErrCorrupt, "NUMPX"},
		{"version.npy", append([]byte(npyMagic), 4, 0, 0, 0), ErrVersion, "found 4"},
		{"header4g.npy", huge, ErrCorrupt, "4294967295"},
		{"cut.npy", npy(dict, eight[:7]), ErrCorrupt, "expected 8 bytes, found 7"},
		{"nodata.npy", npy(dict, ""), ErrCorrupt, "expected 8 bytes, found 0"},
		{"more.npy", npy(dict, eight+"x"), ErrCorrupt, "expected 8 bytes, found 9"},
		{"claims1gb.npy", with("(1,)", "(134217728,)"), ErrCorrupt, "found 8"},
		{"claims8gb.npy", with("(1,)", "(1073741824,)"), ErrTooLarge, "134217728"},
		{"overflow.npy", with("(1,)", "(4294967296, 4294967296, 2)"), ErrTooLarge, "4294967296"},
		{"number.npy", with("(1,)", "(99999999999999999999,)"), ErrCorrupt, "shape"},
		{"negative.npy", with("(1,)", "(-1,)"), ErrCorrupt, "-1"},
		{"notuple.npy", with("(1,)", "(1)"), ErrCorrupt, "(1)"},
		{"object.npy", with("<f8", "|O"), ErrFormat, "|O"},
		{"record.npy", with("'<f8'", "[('x', '<f8')]"), ErrFormat, "records of x"},
		{"half.npy", npy(strings.Replace(dict, "<f8", "<f2", 1), "\x00\x3c"), nil, ""},
		{"string.npy", with("<f8", "<U2"), ErrFormat, "strings"},
		{"order.npy", with("<f8", "|f8"), ErrFormat, "|f8"},
		{"nodescr.npy", with("'descr': '<f8', ", ""), ErrCorrupt, "descr"},
		{"twice.npy", with("'shape'", "'descr': '<f8', 'shape'"), ErrCorrupt, "descr"},
		{"tail.npy", with("}\n", "} x\n"), ErrCorrupt, "x"},
		{"flag.npy", with("False", "None"), ErrCorrupt, "None"},
		{"bool.npy", npy(strings.Replace(dict, "<f8", "|b1", 1), "\x02"), ErrArray, "bool 0x2"},
		{"int64.npy", npy(strings.Replace(dict, "<f8", "<i8", 1), "\x01\x00\x00\x00\x00\x00\x20\x00"), ErrArray, "0x20000000000001"},
		{"uint64.npy", npy(strings.Replace(dict, "<f8", "<u8", 1), "\xff\xff\xff\xff\xff\xff\xff\xff"), ErrArray, "0xffffffffffffffff"},
		{"maxint64.npy", npy(strings.Replace(dict, "<f8", "<i8", 1), "\xff\xff\xff\xff\xff\xff\xff\x7f"), ErrArray, "0x7fffffffffffffff"},
		{"cut.npz", whole[:len(whole)-1], ErrCorrupt, "zip"},
		{"flipped.npz", lie, ErrCorrupt, "bool"},
		{"name.xyz", nil, ErrFormat, ".xyz"},
		{"good.csv", []byte("\ufefft, \"v\"\n0, 1e-3\n1,NaN\n"), nil, ""},
		{"empty.csv", nil, ErrCorrupt, "row of names"},
		{"noname.csv", []byte("t,\n0,1\n"), ErrFormat, "column 2"},
		{"twice.csv", []byte("t,t\n0,1\n"), ErrArray, `"t"`},
		{"short.csv", []byte("t,v\n0\n"), ErrFormat, "commas between cells: row 2: expected 2 cells"},
		{"word.csv", []byte("t,v\n0,1\n1,high\n"), ErrFormat, `column "v": expected numbers, found "high"`},
		{"cell.csv", []byte("t,v\n0,\n"), ErrFormat, `line 2, column "v"`},
		{"range.csv", []byte("t\n1e999\n"), ErrFormat, "1e999"},
	} {
		path := filepath.Join(dir, c.file)
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadArrays(path)
		switch {
		case c.is == nil && err != nil:
			t.Errorf("%s: %v", c.file, err)
		case c.is != nil && (!errors.Is(err, c.is) || !strings.Contains(err.Error(), c.parts) || !strings.Contains(err.Error(), path)):
			t.Errorf("%s: error %v, want %v with %q", c.file, err, c.is, c.parts)
		}
	}
	if _, err := ReadArrays(filepath.Join(dir, "none.npy")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := ReadArrays(dir); !errors.Is(err, ErrFormat) {
		t.Errorf("folder: %v", err)
	}
}

func TestWriteArrayErrors(t *testing.T) {
	dir := t.TempDir()
	one := func(d DType, v float64) []Array { return []Array{{"x", d, []int{1}, []float64{v}}} }
	for _, c := range []struct {
		file   string
		arrays []Array
		is     error
	}{
		{"a.npy", one(Float32, 0.1), ErrArray},
		{"a.npy", one(Float32, 1e300), ErrArray},
		{"a.npy", one(Int64, 0.5), ErrArray},
		{"a.npy", one(Int64, 1<<63), ErrArray},
		{"a.npy", one(Uint64, 1<<64), ErrArray},
		{"a.npy", one(Uint8, 256), ErrArray},
		{"a.npy", one(Uint8, -1), ErrArray},
		{"a.npy", one(Bool, 2), ErrArray},
		{"a.npy", one(Int8, math.NaN()), ErrArray},
		{"a.npy", one("complex64", 1), ErrFormat},
		{"a.npy", nil, ErrArray},
		{"a.npy", []Array{{"x", "", []int{2}, []float64{1}}}, ErrArray},
		{"a.npz", append(one("", 1), one("", 2)...), ErrArray},
		{"a.npz", []Array{{"", "", nil, []float64{1}}}, ErrArray},
		{"a.csv", []Array{{"x", "", []int{1}, []float64{1}}, {"y", "", []int{2}, []float64{1, 2}}}, ErrArray},
		{"a.csv", []Array{{"x", "", []int{1, 1}, []float64{1}}}, ErrArray},
		{"a.csv", nil, ErrArray},
		{"a.csv", []Array{{"0.5", "", []int{1}, []float64{1}}}, ErrArray},
		{"a.txt", one("", 1), ErrFormat},
	} {
		path := filepath.Join(dir, c.file)
		if err := WriteArrays(path, c.arrays); !errors.Is(err, c.is) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s %+v: error %v, want %v", c.file, c.arrays, err, c.is)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Errorf("failed writes left %v (%v)", names, err)
	}
}

func TestCSVRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	want := []Array{
		{"time, s", Float64, []int{4}, []float64{0, 0.1, 1e-300, -5e-324}},
		{"imem", Float64, []int{4}, []float64{math.Inf(1), math.Inf(-1), 1.0 / 3, math.MaxFloat64}},
	}
	if err := WriteArrays(path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadArrays(path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// A member of an archive that claims a gibibyte takes no memory for it, whether it has that or not.
func TestNPZMemory(t *testing.T) {
	// The central directory says that the member has 4 GB, the header of the array agrees, the
	// stream ends early.
	dict := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }", MaxElements)
	member := npy(dict, "12345678")
	path := filepath.Join(t.TempDir(), "bomb.npz")
	if err := os.WriteFile(path, stored("x.npy", member, uint32(len(member)-8+MaxElements*8)), 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ReadArrays(path)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
	// zip's and our buffers; the claim is a gibibyte.
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("a file of %d bytes took %d bytes of memory", len(member), n)
	}
}

// stored is a zip archive with one uncompressed member that claims to have size bytes when
// unpacked.
func stored(name string, data []byte, size uint32) []byte {
	sum := crc32.ChecksumIEEE(data)
	le := binary.LittleEndian
	fields := func(b []byte) []byte {
		b = append(b, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0) // version, flags, method, time, date
		b = le.AppendUint32(b, sum)
		b = le.AppendUint32(b, uint32(len(data)))
		b = le.AppendUint32(b, size)
		b = le.AppendUint16(b, uint16(len(name)))
		return le.AppendUint16(b, 0)
	}
	b := append(fields([]byte("PK\x03\x04")), name...)
	b = append(b, data...)
	start := len(b)
	b = fields(append(b, "PK\x01\x02\x14\x00"...))
	b = append(b, make([]byte, 14)...) // comment, disk, attributes, offset
	b = append(b, name...)
	length := len(b) - start
	b = append(b, "PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00"...)
	b = le.AppendUint32(b, uint32(length))
	b = le.AppendUint32(b, uint32(start))
	return le.AppendUint16(b, 0)
}

func FuzzNPY(f *testing.F) {
	f.Add([]byte("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 1), }"), make([]byte, 16))
	f.Add([]byte("{'descr': '>i2', 'fortran_order': False, 'shape': (), }\n"), []byte{1, 2})
	f.Add([]byte("{'descr': '|b1', 'fortran_order': False, 'shape': (0, 3), }"), []byte{})
	f.Fuzz(func(t *testing.T, dict, data []byte) {
		if len(dict) > math.MaxUint16 {
			return
		}
		b := npy(string(dict), string(data))
		budget := MaxElements
		a, err := decodeNPY(bytes.NewReader(b), int64(len(b)), &budget)
		if err != nil {
			return
		}
		// What is read can be written, and reads back the same.
		var again bytes.Buffer
		if err := encodeNPY(&again, a); err != nil {
			t.Fatalf("%+v: %v", a, err)
		}
		c, err := decodeNPY(bytes.NewReader(again.Bytes()), int64(again.Len()), &budget)
		if err != nil || c.DType != a.DType || !reflect.DeepEqual(c.Shape, a.Shape) || !sameBits(c.Data, a.Data) {
			t.Fatalf("found %+v, then %+v (%v)", a, c, err)
		}
	})
}

func FuzzNPZ(f *testing.F) {
	for _, name := range []string{"testdata/compressed.npz"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	member := npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "1234")
	f.Add(stored("x.npy", member, uint32(len(member))))
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, err := decodeNPZ(bytes.NewReader(b), int64(len(b)))
		if err == nil && check(arrays) != nil {
			t.Fatalf("%+v", arrays)
		}
	})
}

func FuzzCSV(f *testing.F) {
	f.Add("t,v\n0,1\n1,2\n")
	f.Add("\ufeff\"a,b\",c\n NaN ,-Inf\n")
	f.Fuzz(func(t *testing.T, s string) {
		arrays, err := decodeCSV(strings.NewReader(s))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := encodeCSV(&b, arrays); err != nil {
			t.Fatal(err)
		}
		again, err := decodeCSV(&b)
		if err != nil || len(again) != len(arrays) {
			t.Fatalf("%+v: %v", arrays, err)
		}
		for i, a := range arrays {
			for k, v := range a.Data {
				if w := again[i].Data[k]; w != v && !(math.IsNaN(v) && math.IsNaN(w)) {
					t.Fatalf("column %q, row %d: %v, then %v", a.Name, k, v, w)
				}
			}
		}
	})
}
