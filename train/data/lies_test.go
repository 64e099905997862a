package data

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestLies: a data file that says another size than it has takes no memory for what is not there,
// when it is read and when its first samples are.
func TestLies(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, b []byte) {
		if err := os.WriteFile(path(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	content := func(file string) []byte {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	load := func(s Source) (n int, err error) {
		p, err := s.Load()
		if err != nil {
			return 0, err
		}
		for _, d := range p.Each() {
			var x Sample
			for i := range min(d.Len(), 20) {
				if err := d.Sample(&x, i); err != nil {
					return n, err
				}
				n += 8*(len(x.X)+len(x.Y)) + 16*len(x.Events)
			}
		}
		return n, nil
	}
	// set reads a file as a set of its own.
	set := func(name string, s Source) func(b []byte) (int, error) {
		return func(b []byte) (int, error) {
			write(name, b)
			return load(s)
		}
	}
	// events reads a recording beside a good one of another class.
	events := func(name string, good []byte, s EventFiles) func(b []byte) (int, error) {
		s.Dir = path("events" + name)
		for _, class := range []string{"a", "b"} {
			if err := os.MkdirAll(filepath.Join(s.Dir, class), 0o777); err != nil {
				t.Fatal(err)
			}
			for _, k := range []string{"1", "2", "3"} {
				write(filepath.Join("events"+name, class, k+name), good)
			}
		}
		s.Endings, s.Sensor = []string{name}, "davis"
		return func(b []byte) (int, error) {
			write(filepath.Join("events"+name, "a", "1"+name), b)
			return load(s)
		}
	}
	cut := EventFiles{Split: []float64{0.4, 0.3, 0.3}}
	windows := cut
	windows.TimeWindow, windows.Incomplete = 1e-5, true
	features := content(save(t, array("x", files.Float32, count(10, 2), 10, 2), array("y", files.Int8, count(2, 5), 10)))
	spikes := content(save(t, array("times", files.Float32, count(20, 1), 20), array("channels", files.Int8, count(2, 10), 20), array("samples", files.Int8, count(10, 2), 20), array("y", files.Int8, count(2, 5), 10)))
	times, units, labels, speakers := drawSHD(12, 1)
	writeSHD(t, path("shd_train.h5"), times, units, labels, speakers)
	writeSHD(t, path("shd_test.h5"), times, units, labels, speakers)
	rec := drawn()
	table := []byte("t,x,y,p\n0.5,1,2,-1\n0.6,3,2,1\n")
	var series [][]float64
	for range 8 {
		series = append(series, []float64{1, 2, 3, 4}, []float64{5, 6})
	}
	ts := tsText(series, 2, strings.Split(strings.Repeat("a b ", 8), " "))
	rows := "a,b,y\n" + strings.Repeat("1,2,0\n3,4,1\n", 6)
	idx := idxFile([]uint32{3, 4, 5}, make([]byte, 60))
	parse := func(b []byte) (int, error) {
		a, err := ParseIDX(b)
		return len(a.Data), err
	}
	for name, c := range map[string]struct {
		valid []byte
		read  func(b []byte) (int, error)
	}{
		"idx": {idx, parse}, "idx, gzip": {gzipped(idx), parse},
		"npz":           {features, set("a.npz", NPZ{Files: Files{File: path("a.npz")}})},
		"npz of events": {spikes, set("b.npz", NPZ{Files: Files{File: path("b.npz")}})},
		"csv":           {[]byte(rows), set("a.csv", CSV{Files: Files{File: path("a.csv")}})},
		"ts":            {[]byte(ts), set("a.ts", TS{Files: Files{File: path("a.ts")}})},
		"SHD":           {content(path("shd_train.h5")), set("shd_train.h5", SHD{Name: "shd", Dir: dir, Bin: 1, Valid: 0.3, Channels: shdChannels})},
		"N-MNIST":       {nmnistBytes(rec), events(".bin", nmnistBytes(rec), cut)}, "N-MNIST in windows": {nmnistBytes(rec), events(".bin", nmnistBytes(rec), windows)},
		"AEDAT 2": {aedat2Bytes(rec, true), events(".aedat", aedat2Bytes(rec, true), cut)}, "AEDAT 3.1": {aedat3Bytes(rec), events(".aedat", aedat3Bytes(rec), windows)},
		"AEDAT 4":            {aedat4Bytes(rec, aedatPlain), events(".aedat4", aedat4Bytes(rec, aedatPlain), windows)},
		"AEDAT 4, LZ4":       {aedat4Bytes(rec, aedatLZ4), events(".aedat4", aedat4Bytes(rec, aedatLZ4), cut)},
		"AEDAT 4, Zstandard": {aedat4Bytes(rec, aedatZstd), events(".aedat4", aedat4Bytes(rec, aedatZstd), cut)},
		"events.csv":         {table, events(".csv", table, windows)},
		"events.npy":         {content("testdata/events/recording.npy"), events(".npy", content("testdata/events/recording.npy"), windows)},
	} {
		t.Run(name, func(t *testing.T) { hostile.Lies(t, c.valid, c.read) })
	}
	zeros := make([]byte, 96<<20)
	hostile.Takes(t, "gzip of zeros", gzipped(zeros), parse)
	w, _ := zstd.NewWriter(nil)
	packet := w.EncodeAll(zeros, nil)
	hostile.Takes(t, "Zstandard of zeros", packet, func(b []byte) (int, error) {
		out, err := unpackAEDAT4(b, aedatZstd)
		return len(out), err
	})
	hostile.Takes(t, "a ts file of one long line", bytes.Repeat([]byte("@"), 1<<20), set("a.ts", TS{Files: Files{File: path("a.ts")}}))
}

// TestNoEnd: recordings of more events than memory holds, and headers without an end of line, are
// errors at once.
func TestNoEnd(t *testing.T) {
	for name, beginning := range map[string]string{
		"a.bin": "", "a.aedat": "#!AER-DAT3.1\r\n", "b.aedat": "#!AER-DAT2.0\r\n#", "c.aedat": "#!AER-DAT2.0\r\n", "d.aedat": "", "a.aedat4": "#!AER-DAT4.0\r\n",
		"a.csv": "t,x,y,p\n0,1,1,1\n", "a.npy": "\x93NUMPY",
	} {
		path := filepath.Join(t.TempDir(), name)
		for _, size := range []int64{1 << 43, 1 << 27} {
			if err := os.WriteFile(path, []byte(beginning), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, size); err != nil {
				t.Skip(err)
			}
			if name == "c.aedat" && size == 1<<27 || name == "a.bin" && size == 1<<27 {
				continue // events, of zeros
			}
			if _, _, err := readRecording(path, eventOptions{sensor: "dvs128", unit: "s"}); err == nil {
				t.Errorf("%s: a hole of %d bytes is read", name, size)
			}
		}
	}
}
