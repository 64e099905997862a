package hostile

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"regexp"
	"runtime"
	"testing"

	"github.com/surge-snn/surge/internal/race"
)

// Free is the memory in bytes that a reader may take for a file of any size.
const Free = 64 << 20

// Lies reads copies of a valid file that say other counts, extents and sizes than they have, or end
// early, and fails where one takes more than ten times its size and [Free] bytes: of memory that
// was allocated altogether, which is never less than what was in use at one time. Read returns the
// size in bytes of what it has decoded, of which it may take twice as much, and its error.
func Lies(t *testing.T, valid []byte, read func(b []byte) (decoded int, err error)) {
	t.Helper()
	taken, decoded, err := measure(valid, read)
	if err != nil {
		t.Fatalf("the valid file: %v", err)
	}
	if !fair(taken, len(valid), decoded) {
		t.Errorf("the valid file: %d bytes, %d decoded, take %d", len(valid), decoded, taken)
	}
	r := rand.New(rand.NewPCG(1, uint64(len(valid))))
	n := 400
	switch {
	case testing.Short() && race.Detector:
		n = 20
	case testing.Short():
		n = 100
	}
	for range n {
		b := lie(r, valid)
		if taken, decoded, err := measure(b, read); !fair(taken, len(b), decoded) {
			t.Errorf("%d bytes, %d decoded, take %d (error %v): %.2000q", len(b), decoded, taken, err, b)
			return
		}
	}
}

// Takes fails where the reading of a file takes more than [Lies] allows.
func Takes(t *testing.T, name string, file []byte, read func(b []byte) (decoded int, err error)) {
	t.Helper()
	if taken, decoded, err := measure(file, read); !fair(taken, len(file), decoded) {
		t.Errorf("%s: %d bytes, %d decoded, take %d (error %v)", name, len(file), decoded, taken, err)
	}
}

func fair(taken uint64, size, decoded int) bool {
	return taken <= uint64(max(10*size, 2*decoded)+Free)
}

func measure(b []byte, read func(b []byte) (int, error)) (taken uint64, decoded int, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if decoded, err = read(b); err != nil {
		decoded = 0
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, decoded, err
}

// numerals are numbers in a text.
var numerals = regexp.MustCompile(`[0-9]+`)

// counts are numbers that no small file has so many of; the product of two may be 0 or overflow.
var counts = []string{"0", "4096", "1000000", "99999999", "2147483647", "4294967296", "999999999999", "9223372036854775807", "18446744073709551617", "1e9", "-1"}

// lie returns a copy of a file with one to three of its numbers replaced, in binary or as text, or
// without its end.
func lie(r *rand.Rand, valid []byte) []byte {
	b := bytes.Clone(valid)
	for range 1 + r.IntN(3) {
		texts := numerals.FindAllIndex(b, -1)
		switch k := r.IntN(8); {
		case k == 0 && len(b) > 1:
			b = b[:1+r.IntN(len(b)-1)]
		case k < 4 && len(texts) > 0:
			at := texts[r.IntN(len(texts))]
			b = append(append(bytes.Clone(b[:at[0]]), counts[r.IntN(len(counts))]...), b[at[1]:]...)
		default:
			number(r, b)
		}
	}
	return b
}

// number writes a large integer of one to eight bytes somewhere, in every second case near the
// beginning, where headers are.
func number(r *rand.Rand, b []byte) {
	width := 1 << r.IntN(4)
	most := len(b) - width
	if r.IntN(2) == 0 {
		most = min(most, 256)
	}
	if most < 0 {
		return
	}
	v := []uint64{0, 1 << 16, 1 << 24, 1 << 30, 1<<31 - 1, 1<<32 - 1, 1 << 40, 1<<63 - 1, 1<<64 - 1}[r.IntN(9)]
	if bits := 8 * width; bits < 64 && v>>bits != 0 {
		v = 1<<bits - 1
	}
	var raw [8]byte
	at := b[r.IntN(most+1):][:width]
	if r.IntN(2) == 0 {
		binary.LittleEndian.PutUint64(raw[:], v)
		copy(at, raw[:])
	} else {
		binary.BigEndian.PutUint64(raw[:], v)
		copy(at, raw[8-width:])
	}
}
