package data

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"pgregory.net/rapid"
)

// drawRecording draws events by rising time.
func drawRecording(t *rapid.T, width, height int32, maxTime int64) recording {
	var rec recording
	now := int64(0)
	for range rapid.IntRange(0, 30).Draw(t, "events") {
		now = min(now+rapid.Int64Range(0, 40000).Draw(t, "dt"), maxTime)
		rec = append(rec, pixelEvent{now, rapid.Int32Range(0, width-1).Draw(t, "x"), rapid.Int32Range(0, height-1).Draw(t, "y"), rapid.Int32Range(0, 1).Draw(t, "p")})
	}
	return rec
}

// The formats, as their documentation says that they are written.

func nmnistBytes(rec recording) []byte {
	var b []byte
	over := int64(0)
	for _, e := range rec {
		for e.t-over >= 1<<23 {
			b = append(b, 0, 240, 0, 0, 0)
			over += 1 << 13
		}
		t := e.t - over
		b = append(b, byte(e.x), byte(e.y), byte(e.p<<7|int32(t>>16)), byte(t>>8), byte(t))
	}
	return b
}

func aedat2Bytes(rec recording, davis bool) []byte {
	b := []byte("#!AER-DAT2.0\r\n# made by a test\r\n")
	for _, e := range rec {
		address := uint32(e.x<<1 | e.y<<8 | e.p)
		if davis {
			address = uint32(e.x<<12 | e.y<<22 | e.p<<11)
		}
		b = binary.BigEndian.AppendUint32(b, address)
		b = binary.BigEndian.AppendUint32(b, uint32(e.t))
	}
	return b
}

func aedat3Bytes(rec recording) []byte {
	b := []byte("#!AER-DAT3.1\r\n#Format: RAW\r\n#!END-HEADER\r\n")
	le := binary.LittleEndian
	packet := func(kind uint16, size, over, n int) {
		b = le.AppendUint16(le.AppendUint16(b, kind), 1)
		for _, v := range []int{size, 4, over, n, n, n} {
			b = le.AppendUint32(b, uint32(v))
		}
	}
	packet(2, 12, 0, 1) // frames and the like are passed over
	b = append(b, make([]byte, 12)...)
	for _, e := range rec {
		packet(1, 8, int(e.t>>31), 1)
		b = le.AppendUint32(b, uint32(e.x<<17|e.y<<2|e.p<<1|1))
		b = le.AppendUint32(b, uint32(e.t&0x7fffffff))
	}
	return b
}

func aedat4Bytes(rec recording, compression int32) []byte {
	le := binary.LittleEndian
	// A table with one field of 4 bytes: its vtable, the table, and what follows it.
	header := le.AppendUint32(nil, 12)                                         // root: the table is at 12
	header = append(header, 0, 0, 6, 0, 8, 0, 4, 0)                            // two bytes of padding, vtable at 6: its size, that of the table, field 0 at 4
	header = slices.Concat(header[:4], []byte{0, 0}, []byte{6, 0, 8, 0, 4, 0}) // the vtable lies from 6 to 12
	header = le.AppendUint32(header, 6)                                        // the table, 6 bytes behind its vtable
	header = le.AppendUint32(header, uint32(compression))
	b := append([]byte("#!AER-DAT4.0\r\n"), le.AppendUint32(nil, uint32(len(header)))...)
	b = append(b, header...)
	packet := func(content []byte) {
		var z bytes.Buffer
		switch compression {
		case aedatPlain:
			z.Write(content)
		case aedatLZ4:
			w := lz4.NewWriter(&z)
			_, _ = w.Write(content)
			_ = w.Close()
		case aedatZstd:
			w, _ := zstd.NewWriter(&z)
			_, _ = w.Write(content)
			_ = w.Close()
		}
		b = le.AppendUint32(le.AppendUint32(b, 0), uint32(z.Len()))
		b = append(b, z.Bytes()...)
	}
	packet([]byte("\x10\x00\x00\x00\x00\x00\x00\x00FRME\x00\x00\x00\x00"))
	// Size, root, identifier, then as above: vtable at 10, table at 16 with the offset of the list,
	// the list.
	list := le.AppendUint32(nil, 0)
	list = le.AppendUint32(list, 16)
	list = append(list, "EVTS"...)
	list = append(list, 0, 0, 6, 0, 8, 0, 4, 0) // padding and vtable; from the root: 8 to 16
	list = le.AppendUint32(list, 6)
	list = le.AppendUint32(list, 4) // the list begins behind this field
	list = le.AppendUint32(list, uint32(len(rec)))
	for _, e := range rec {
		list = le.AppendUint64(list, uint64(e.t))
		list = le.AppendUint16(le.AppendUint16(list, uint16(e.x)), uint16(e.y))
		list = append(list, byte(e.p), 0, 0, 0)
	}
	le.PutUint32(list, uint32(len(list)-4))
	packet(list)
	return b
}

// TestRecordings: what is written in each format is read.
func TestRecordings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rec := drawRecording(t, 120, 100, 1<<20)
		long := slices.Clone(rec)
		for i := range long {
			long[i].t <<= 12 // beyond 32 bits
		}
		over := slices.Clone(rec)
		for i := range over {
			over[i].t *= 10 // beyond 23 bits
		}
		check := func(name string, want recording, b []byte, decode func(r *bytes.Reader) (recording, error)) {
			got, err := decode(bytes.NewReader(b))
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s: %v, %v, want %v", name, got, err, want)
			}
		}
		aedat := func(sensor string) func(r *bytes.Reader) (recording, error) {
			return func(r *bytes.Reader) (recording, error) { return decodeAEDAT(r, sensor) }
		}
		check("N-MNIST", over, nmnistBytes(over), func(r *bytes.Reader) (recording, error) { return decodeNMNIST(r) })
		check("AEDAT 2, DVS128", rec, aedat2Bytes(rec, false), aedat("dvs128"))
		check("AEDAT 2, DAVIS", rec, aedat2Bytes(rec, true), aedat("davis"))
		check("AEDAT 3.1", long, aedat3Bytes(long), aedat(""))
		for _, compression := range []int32{aedatPlain, aedatLZ4, aedatZstd} {
			check(fmt.Sprint("AEDAT 4, compression ", compression), long, aedat4Bytes(long, compression), aedat(""))
		}
	})
	// What tonic 1.7.0 makes of one record, and of one with y = 240.
	got, err := decodeNMNIST(bytes.NewReader([]byte{5, 7, 0x80, 0, 0x64, 0, 240, 0, 0, 0, 1, 2, 0, 0, 1}))
	if want := (recording{{100, 5, 7, 1}, {8193, 1, 2, 0}}); err != nil || !slices.Equal(got, want) {
		t.Errorf("N-MNIST: %v, %v, want %v", got, err, want)
	}
}

// TestAsTonic: arrays of tonic are read, and its filters leave what tonic leaves.
func TestAsTonic(t *testing.T) {
	raw, err := os.ReadFile("testdata/events/tonic.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string][][4]int64
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]EventFilter{"denoise_400": {FilterTime: 400e-6}, "refractory_3000": {Refractory: 3e-3}} {
		rec, _, err := readRecording("testdata/events/recording.npy", eventOptions{})
		if err != nil || len(rec) != 300 {
			t.Fatalf("%d events, %v", len(rec), err)
		}
		if rec, err = f.apply(rec, ""); err != nil {
			t.Fatal(err)
		}
		var want recording
		for _, e := range golden[name] {
			want = append(want, pixelEvent{e[2], int32(e[0]), int32(e[1]), int32(e[3])})
		}
		if len(want) == 0 || !slices.Equal(rec, want) {
			t.Errorf("%s: %d events, want %d", name, len(rec), len(want))
		}
	}
}

func TestEventFilter(t *testing.T) {
	rec := recording{{3000, 5, 3, 1}, {1000, 4, 4, 0}, {9000, 1, 1, 1}}
	got, err := EventFilter{TimeFactor: 2, SpatialFactor: 0.5, MergePolarities: true, MaxTime: 10e-3}.apply(rec, "first")
	if want := (recording{{0, 2, 2, 0}, {4000, 2, 1, 0}}); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	if _, err := (EventFilter{}).apply(recording{{-1, 0, 0, 0}}, ""); !errors.Is(err, ErrFormat) {
		t.Errorf("a negative time: %v", err)
	}
}

func TestEventTables(t *testing.T) {
	want := recording{{500, 3, 0, 0}, {1500, 7, 0, 1}}
	for name, text := range map[string]string{
		"seconds":        "time,channel,polarity\n0.0005,3,0\n0.0015,7,1\n",
		"unit row":       "t;c;p\n(ms);-;-\n0,5;3;0\n1,5;7;1\n",
		"no names":       "0.0005,3,-1\n0.0015,7,1\n",
		"pixels":         "t,x@640,y@480,on\n0.0005,3,0,0\n0.0015,7,0,1\n",
		"further column": "t,channel,p,trial\n0.0005,3,0,9\n0.0015,7,1,9\n",
	} {
		if got, _, err := readRecording(saveText(t, text), eventOptions{}); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
	if got, _, err := readRecording(saveText(t, "t,c,p\n500,3,0\n1500,7,1\n"), eventOptions{unit: "us"}); err != nil || !slices.Equal(got, want) {
		t.Errorf("microseconds: %v, %v", got, err)
	}
	for text, says := range map[string]string{
		"t,c\n5,3\n":                "data.unit, one of s, ms, us",
		"t,x\n0.5,99999\n":          "from 0 to 16383, found 99999 in row 1",
		"t,c,p\n0.5,3,2\n":          "from 0 to 1, found 2 in row 1",
		"a,b\n0.5,3\n":              "columns time and channel",
		"t,c\n0.5,red\n":            "numbers, found \"red\"",
		"t,c\n(furlong),-\n0.5,3\n": "furlong",
		"t,c\n0.5,1.5\n":            "found 1.5 in row 1",
	} {
		if _, _, err := readRecording(saveText(t, text), eventOptions{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", text, err, says)
		}
	}
}

func TestRecordingErrors(t *testing.T) {
	whole := drawn()
	for _, c := range []struct {
		name, file string
		b          []byte
		says       string
	}{
		{"cut N-MNIST", "a.bin", nmnistBytes(whole)[:7], "events of 5 bytes, found 2 bytes after 1 events"},
		{"no AEDAT", "a.aedat", []byte("PK\x03\x04\n"), "begins with #!AER-DAT"},
		{"AEDAT 1", "a.aedat", []byte("#!AER-DAT1.0\n"), "want version 2, 3.1 or 4"},
		{"cut AEDAT 2", "a.aedat", aedat2Bytes(whole, false)[:50], "events of 8 bytes"},
		{"AEDAT 3 without end", "a.aedat", []byte("#!AER-DAT3.1\n#x\n"), "END-HEADER"},
		{"cut AEDAT 3", "a.aedat", aedat3Bytes(whole)[:len(aedat3Bytes(whole))-3], "ends after 0 of 1 events"},
		{"cut AEDAT 4", "a.aedat4", aedat4Bytes(whole, aedatPlain)[:60], "packet 0"},
		{"damaged LZ4", "a.aedat4", slices.Concat(aedat4Bytes(whole, aedatLZ4)[:len(aedat4Bytes(whole, aedatLZ4))-20], make([]byte, 20)), "packet 1"},
		{"AEDAT 4 header", "a.aedat4", []byte("#!AER-DAT4.0\r\n\xff\xff\xff\xff"), "header: 4294967295 bytes"},
		{"plain array", "a.npy", plainNPY, "expected a structured array with the fields t, x"},
		{"ending", "a.dat", nil, "expected a name ending in"},
	} {
		path := filepath.Join(t.TempDir(), c.file)
		if err := os.WriteFile(path, c.b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, err := readRecording(path, eventOptions{sensor: "dvs128"})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want ErrFormat with %q", c.name, err, c.says)
		}
	}
	if _, err := decodeAEDAT(bytes.NewReader(aedat2Bytes(whole, false)), ""); !errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), "data.sensor") {
		t.Errorf("AEDAT 2 without a sensor: %v", err)
	}
}

// drawn returns three events.
func drawn() recording { return recording{{10, 1, 2, 1}, {20, 3, 4, 0}, {30, 5, 6, 1}} }

// putRecording writes a recording as N-MNIST does, with the folders that lead there.
func putRecording(t *testing.T, path string, rec recording) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nmnistBytes(rec), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEventFolders: N-MNIST's folders, and folders that are divided; windows of recordings.
func TestEventFolders(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, rec recording) { putRecording(t, filepath.Join(dir, name), rec) }
	for i := range 20 {
		put(fmt.Sprintf("Train/%d/%05d.bin", 9+i%2, i), recording{{int64(i), 3, 1, 0}, {25_000, int32(i % 2), 0, 1}})
	}
	put("Test/10/00000.bin", recording{{5, 1, 2, 1}, {40_000, 0, 0, 0}})
	put("Test/9/00001.bin", nil)
	source, _, err := Sets.New("nmnist", Table{"dir": dir})
	if err != nil {
		t.Fatal(err)
	}
	p, err := source.Load()
	if err != nil {
		t.Fatal(err)
	}
	// 4 x 3 pixels of two polarities.
	f := p.Train.Form()
	if p.Train.Len() != 17 || p.Valid.Len() != 3 || p.Test.Len() != 2 || f.Channels != 24 || !slices.Equal(f.Target.Names, []string{"9", "10"}) || f.Duration != 40_001e-6 {
		t.Fatalf("%d, %d and %d samples, %+v", p.Train.Len(), p.Valid.Len(), p.Test.Len(), f)
	}
	test := all(t, p.Test)
	if s := test[1]; s.Label != 1 || !slices.Equal(s.Events, []Spike{{5e-6, (1*3+2)*4 + 1}, {40e-3, 0}}) {
		t.Errorf("%+v", s)
	}
	if len(test[0].Events) != 0 || !(test[0].Duration > 0) {
		t.Errorf("a recording without events: %+v", test[0])
	}
	for _, s := range all(t, p.Train) {
		if len(s.Events) != 2 || s.Events[1].Channel != (1*3+0)*4+s.Label {
			t.Errorf("%+v", s)
		}
	}
	source, _, _ = Sets.New("nmnist", Table{"dir": filepath.Join(dir, "Train"), "time_window": 10e-3, "merge_polarities": true})
	if p, err = source.Load(); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, d := range p.Each() {
		total += d.Len()
		for _, s := range all(t, d) {
			if s.Duration != 10e-3 || len(s.Events) > 1 {
				t.Errorf("a window of %g s with %v", s.Duration, s.Events)
			}
		}
	}
	if total != 40 { // two whole windows each
		t.Errorf("%d windows, want 40", total)
	}
	put("Train/9/notes.txt", nil)
	if _, err := source.Load(); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("a strange file: %v", err)
	}
}

// TestTrialsAndWindows: each trial of a table is a recording; one that is shorter than the window
// is an error, or with include_incomplete a sample.
func TestTrialsAndWindows(t *testing.T) {
	dir := t.TempDir()
	for _, class := range []string{"a", "b"} {
		var text strings.Builder
		text.WriteString("time,channel,polarity,trial\n")
		for trial := range 5 {
			for k := range 4 { // trials are mixed
				fmt.Fprintf(&text, "%g,%d,1,%d\n", 0.001*float64(k)+0.0001*float64(trial), k, (trial+k)%5)
			}
		}
		if err := os.MkdirAll(filepath.Join(dir, class), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, class, "r.csv"), []byte(text.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	count := func(keys Table) (samples, events int, err error) {
		keys["dir"], keys["split"] = dir, []float64{0.4, 0.2, 0.2}
		source, _, err := Sets.New("events", keys)
		if err != nil {
			t.Fatal(err)
		}
		p, err := source.Load()
		if err != nil {
			return 0, 0, err
		}
		for _, d := range p.Each() {
			for _, s := range all(t, d) {
				samples, events = samples+1, events+len(s.Events)
			}
		}
		return samples, events, nil
	}
	if samples, events, err := count(Table{}); err != nil || samples != 8 || events != 4*samples { // 0.8 of 10
		t.Errorf("%d samples with %d events, %v", samples, events, err)
	}
	if _, _, err := count(Table{"time_window": 0.02}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "r.csv") || !strings.Contains(err.Error(), "include_incomplete") {
		t.Errorf("windows longer than the recordings: %v", err)
	}
	if samples, events, err := count(Table{"time_window": 0.02, "include_incomplete": true}); err != nil || samples != 8 || events != 32 {
		t.Errorf("%d samples with %d events, %v", samples, events, err)
	}
}

// TestRecordingsCutAnywhere: a file that ends early is an error or has the events up to there, and
// nothing that was not in it.
func TestRecordingsCutAnywhere(t *testing.T) {
	whole := drawn()
	for name, b := range map[string][]byte{
		"nmnist": nmnistBytes(whole), "aedat 2": aedat2Bytes(whole, true), "aedat 3.1": aedat3Bytes(whole),
		"aedat 4": aedat4Bytes(whole, aedatPlain), "LZ4": aedat4Bytes(whole, aedatLZ4), "Zstandard": aedat4Bytes(whole, aedatZstd),
	} {
		for n := range b {
			var rec recording
			var err error
			if name == "nmnist" {
				rec, err = decodeNMNIST(bytes.NewReader(b[:n]))
			} else {
				rec, err = decodeAEDAT(bytes.NewReader(b[:n]), "davis")
			}
			if err != nil && !errors.Is(err, ErrFormat) {
				t.Fatalf("%s, %d of %d bytes: %v", name, n, len(b), err)
			}
			if err == nil && (len(rec) > len(whole) || !slices.Equal(rec, whole[:len(rec)])) {
				t.Fatalf("%s, %d of %d bytes: %v", name, n, len(b), rec)
			}
		}
	}
}

// TestPacketOfZeros: a small packet that unpacks to far more is an error, and takes no such memory.
func TestPacketOfZeros(t *testing.T) {
	zeros := make([]byte, 64<<20)
	for name, compression := range map[string]int64{"LZ4": aedatLZ4, "Zstandard": aedatZstd} {
		var z bytes.Buffer
		if compression == aedatLZ4 {
			w := lz4.NewWriter(&z)
			_, _ = w.Write(zeros)
			_ = w.Close()
		} else {
			w, _ := zstd.NewWriter(&z)
			_, _ = w.Write(zeros)
			_ = w.Close()
		}
		b := z.Bytes()[:z.Len():z.Len()]
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := unpackAEDAT4(b, compression)
		runtime.ReadMemStats(&after)
		most := uint64(8*(freeBytes+maxUnpacked*len(b)) + 64<<20) // ReadAll grows by steps, of which all are counted
		if taken := after.TotalAlloc - before.TotalAlloc; err == nil && len(b) < len(zeros)/maxUnpacked-freeBytes/maxUnpacked || taken > most {
			t.Errorf("%s: %d bytes of %d: %v, %d bytes taken", name, len(b), len(zeros), err, taken)
		}
	}
}

func FuzzRecording(f *testing.F) {
	for _, b := range [][]byte{nmnistBytes(drawn()), aedat2Bytes(drawn(), true), aedat3Bytes(drawn()), aedat4Bytes(drawn(), aedatPlain), aedat4Bytes(drawn(), aedatLZ4), aedat4Bytes(drawn(), aedatZstd)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, decode := range []func() (recording, error){
			func() (recording, error) { return decodeNMNIST(bytes.NewReader(b)) },
			func() (recording, error) { return decodeAEDAT(bytes.NewReader(b), "davis") },
		} {
			rec, err := decode()
			if err == nil && len(rec) > len(b)*300 { // compressed ones have more than one for a byte
				t.Fatalf("%d events in %d bytes", len(rec), len(b))
			}
		}
		path := filepath.Join(t.TempDir(), "a.aedat")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		like := &eventFiles{width: 40, height: 30, form: Form{Input: EventList, Channels: 2400}}
		d, err := EventFiles{Endings: []string{".aedat"}, Sensor: "davis"}.Open(path, like)
		if err != nil {
			return
		}
		var s Sample
		if err := d.Sample(&s, 0); err == nil {
			if err := s.check(d.Form()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzEventArray(f *testing.F) {
	f.Add(plainNPY)
	b, err := os.ReadFile("testdata/events/recording.npy")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "a.npy")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if rec, err := readEventArray(path, ""); err == nil && len(rec) > len(b) {
			t.Fatalf("%d events in %d bytes", len(rec), len(b))
		}
	})
}

func FuzzEventTable(f *testing.F) {
	f.Add("t,x,y,p\n0.5,1,2,-1\n")
	f.Add("0.1 3\n0.2 4\n")
	f.Fuzz(func(t *testing.T, text string) {
		rec, _, err := readRecording(saveText(t, text), eventOptions{})
		if err != nil {
			return
		}
		if _, err := (EventFilter{FilterTime: 1}).apply(rec, "first"); err != nil {
			t.Fatal(err)
		}
	})
}

// plainNPY is an array of NumPy that is not a structured one.
var plainNPY = append([]byte(fmt.Sprintf("\x93NUMPY\x01\x00v\x00%-117s\n", "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }")), make([]byte, 16)...)
