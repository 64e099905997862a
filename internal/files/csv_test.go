package files

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// wide encodes a text in UTF-16.
func wide(order binary.AppendByteOrder, text string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// All of these are the table t = 0.5, 1.5; v = 2, -3 with one row of names or without.
func TestTableDialects(t *testing.T) {
	for name, text := range map[string]string{
		"commas":               "t,v\n0.5,2\n1.5,-3\n",
		"no last line end":     "t,v\n0.5,2\n1.5,-3",
		"semicolons":           "t;v\n0.5;2\n1.5;-3\n",
		"tabs":                 "t\tv\n0.5\t2\n1.5\t-3\n",
		"spaces":               "t v\n0.5 2\n1.5 -3\n",
		"aligned":              "  t     v\n0.5     2\n1.5    -3\n",
		"decimal comma":        "t;v\n0,5;2\n1,5;-3\n",
		"tabs, decimal comma":  "t\tv\n0,5\t2,0\n1,5\t-3,0\n",
		"spaces after commas":  "t, v\n0.5, 2\n1.5, -3\n",
		"quotes":               "\"t\",\"v\"\r\n\"0.5\",\"2\"\r\n1.5,-3\r\n",
		"comments":             "# recorded by hand\n# t is a time; v a voltage\nt,v\n0.5,2\n# a gap\n1.5,-3\n",
		"comments of Octave":   "% made by hand\nt,v\n0.5,2\n1.5,-3\n",
		"names in a comment":   "# t v\n5.0e-1 2e0\n1.5e0 -3\n",
		"savetxt with commas":  "# t,v\n0.5,2\n1.5,-3\n",
		"units":                "t,v\n(s),(mV)\n0.5,2\n1.5,-3\n",
		"bare units":           "t;v\ns;mV\n0.5;2\n1.5;-3\n",
		"byte order mark":      "\ufefft,v\n0.5,2\n1.5,-3\n",
		"UTF-16, mark":         "\xff\xfe" + wide(binary.LittleEndian, "t,v\n0.5,2\n1.5,-3\n"),
		"UTF-16, big, mark":    "\xfe\xff" + wide(binary.BigEndian, "t\tv\n0,5\t2\n1,5\t-3\n"),
		"UTF-16, no mark":      wide(binary.LittleEndian, "t,v\n0.5,2\n1.5,-3\n"),
		"UTF-16, big, no mark": wide(binary.BigEndian, "t,v\n0.5,2\n1.5,-3\n"),
		"bars":                 "t|v\n0.5|2\n1.5|-3\n",
		"bars, decimal comma":  "t|v\n0,5|2,0\n1,5|-3\n",
		"told separator":       "sep=;\r\nt;v\r\n0,5;2\r\n1,5;-3\r\n",
		"told bars":            "sep=|\nt|v\n0.5|2\n1.5|-3\n",
		"mark, told separator": "\ufeffsep=,\nt,v\n0.5,2\n1.5,-3\n",
		"carriage returns":     "t,v\r0.5,2\r1.5,-3\r",
		"the same, told":       "sep=;\rt;v\r0.5;2\r1.5;-3",
		"blank lines":          "\n\nt,v\n0.5,2\n\n1.5,-3\n\n",
	} {
		columns, err := decodeTable(strings.NewReader(text), false)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(columns) != 2 || columns[0].Name != "t" || columns[1].Name != "v" ||
			!reflect.DeepEqual(columns[0].Data, []float64{0.5, 1.5}) || !reflect.DeepEqual(columns[1].Data, []float64{2, -3}) {
			t.Errorf("%s: %+v", name, columns)
		}
		if unit := columns[1].Unit; strings.Contains(name, "units") != (unit == "mV") {
			t.Errorf("%s: the unit of v is %q", name, unit)
		}
	}
}

func TestTableColumns(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []Column
	}{
		"no names": {"0.5,7\n1.5,8\n", []Column{{Name: "0", Data: []float64{0.5, 1.5}}, {Name: "1", Data: []float64{7, 8}}}},
		"pandas":   {",a\n0,5\n1,6\n", []Column{{Name: "index", Data: []float64{0, 1}}, {Name: "a", Data: []float64{5, 6}}}},
		"numbered": {"0,1\n5,6\n", []Column{{Name: "0", Data: []float64{5}}, {Name: "1", Data: []float64{6}}}},
		"a name among numbers": {"label,0,1\n3,5,6\n", []Column{
			{Name: "label", Data: []float64{3}}, {Name: "0", Data: []float64{5}}, {Name: "1", Data: []float64{6}}}},
		"classes":               {"x,y\n1,cat\n2,dog\n3,cat\n", []Column{{Name: "x", Data: []float64{1, 2, 3}}, {Name: "y", Texts: []string{"cat", "dog"}, Codes: []int32{0, 1, 0}}}},
		"classes without names": {"1,cat\n2,dog\n", []Column{{Name: "0", Data: []float64{1, 2}}, {Name: "1", Texts: []string{"cat", "dog"}, Codes: []int32{0, 1}}}},
		"late text":             {"y\n1\n2\nx\n", []Column{{Name: "y", Texts: []string{"1", "2", "x"}, Codes: []int32{0, 1, 2}}}},
		"one column":            {"v\n0,5\n1,5\n", nil},
		"one column, points":    {"v\n0.5\n", []Column{{Name: "v", Data: []float64{0.5}}}},
		"only names":            {"a,b\n", []Column{{Name: "a"}, {Name: "b"}}},
	} {
		columns, err := decodeTable(strings.NewReader(c.text), false)
		if c.want == nil {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%s: %+v, %v, want ErrFormat", name, columns, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(columns, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, columns, err, c.want)
		}
	}
}

func TestTableErrors(t *testing.T) {
	words := func(order binary.AppendByteOrder, text string) string { // UTF-32
		var b []byte
		for _, r := range text {
			b = order.AppendUint32(b, uint32(r))
		}
		return string(b)
	}
	for _, c := range []struct {
		text  string
		is    error
		parts string
	}{
		{words(binary.LittleEndian, "\ufefft,v\n1,2\n"), ErrFormat, "expected text in UTF-8 or UTF-16, found UTF-32"},
		{words(binary.BigEndian, "\ufefft,v\n1,2\n"), ErrFormat, "found UTF-32"},
		{words(binary.LittleEndian, "t,v\n1,2\n"), ErrFormat, "found UTF-32"},
		{words(binary.BigEndian, "t,v\n1,2\n"), ErrFormat, "found UTF-32"},
		{"", ErrCorrupt, "empty file"},
		{"# only a comment\n", ErrCorrupt, "row of names"},
		{"a;b\n1;2\n3;4;5\n6;7\n", ErrFormat, "line 3: expected 2 cells with semicolons"},
		{"a\tb\n1\t2\n3\n4\t5\n", ErrFormat, "with tabs"},
		{"a b c\n1 2 3\n4 5\n6 7 8\n", ErrFormat, "line 3: expected 3 cells with spaces"},
		{"a;b\n1,234;5\n6,789;7\n", ErrFormat, `may be a decimal comma`},
		{"a;b\n1.234,5;6\n0,5;1\n", ErrFormat, `"1.234,5", which may be`},
		{"a,b\n1,\n", ErrFormat, `column "b": expected a number, found ""`},
		{"a,b\n1,1e999\n", ErrFormat, `found "1e999"`},
		{"a,b\n1,\"2\n3,4\n", ErrCorrupt, "commas between cells"},
		{"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", ErrFormat, "bytes of 0"},
		{"\ufeffa\x00,b\n1,2\n", ErrFormat, "byte of 0"},
		{"t,v\n\xff\xff,1\n", ErrFormat, "UTF-8"},
		{"PK\x03\x04\x14\x00\x00\x00", ErrFormat, "bytes of 0"},
	} {
		if _, err := decodeTable(strings.NewReader(c.text), false); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.parts) {
			t.Errorf("%q: error %v, want %v with %q", c.text, err, c.is, c.parts)
		}
	}
}

// TestUnitsAreConverted: ReadArrays gives SI units.
func TestUnitsAreConverted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte("t,i,n\n[ms],[pA],-\n2,3,4\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := ReadArrays(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{2e-3, 3e-12, 4} {
		if got := a[i].Data[0]; math.Abs(got-want) > 1e-15*want { // one rounding
			t.Errorf("%s is %v, want %v", a[i].Name, got, want)
		}
	}
	if err := os.WriteFile(path, []byte("t,i\n[ms],[furlong]\n2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadArrays(path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), `"i": expected a unit`) {
		t.Errorf("furlongs: %v", err)
	}
}

// TestTableRoundTrip: a table is the same with any separator, in any encoding.
func TestTableRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,5}`), 2, 5, rapid.ID[string]).Draw(t, "names")
		separator := rapid.SampledFrom([]string{",", ";", "\t", " "}).Draw(t, "separator")
		rows := rapid.IntRange(2, 6).Draw(t, "rows")
		want := make([]Column, len(names))
		var b strings.Builder
		b.WriteString(strings.Join(names, separator) + "\n")
		for range rows {
			for i := range names {
				v := float64(rapid.IntRange(-1e6, 1e6).Draw(t, "v")) / 64
				want[i].Name, want[i].Data = names[i], append(want[i].Data, v)
				if i > 0 {
					b.WriteString(separator)
				}
				b.WriteString(trim(v))
			}
			b.WriteString("\n")
		}
		text := b.String()
		if separator != "," && rapid.Bool().Draw(t, "decimal comma") && strings.Contains(text, ".5") {
			text = strings.ReplaceAll(text, ".", ",")
		}
		if rapid.Bool().Draw(t, "wide") {
			text = "\xff\xfe" + wide(binary.LittleEndian, text)
		}
		got, err := decodeTable(strings.NewReader(text), false)
		if errors.Is(err, errDecimal) {
			return
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %+v, %v", text, got, err)
		}
	})
}

func trim(v float64) string {
	var b bytes.Buffer
	if err := encodeCSV(&b, []Array{{Name: "x", Shape: []int{1}, Data: []float64{v}}}); err != nil {
		panic(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(b.String(), "x\n"))
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("t;v\n(s);(mV)\n0,5;1\n"))
	f.Add([]byte("# a b\n1 2\n3 x\n"))
	f.Add([]byte("\xff\xfea\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		columns, err := decodeTable(bytes.NewReader(b), false)
		if err != nil {
			return
		}
		for _, c := range columns {
			if c.Len() != columns[0].Len() || c.Name == "" {
				t.Fatalf("columns of %d and %d rows, name %q", c.Len(), columns[0].Len(), c.Name)
			}
			for _, code := range c.Codes {
				if code < 0 || int(code) >= len(c.Texts) {
					t.Fatalf("code %d of %d texts", code, len(c.Texts))
				}
			}
		}
	})
}
