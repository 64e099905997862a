package memory_test

import (
	"testing"
	"unsafe"

	"github.com/surge-snn/surge/internal/memory"
)

// Footprint counts what is shared once, and parts of one array as their union.
func TestFootprint(t *testing.T) {
	type node struct {
		x    []float32
		next *node
		any  any
		text string
	}
	array := make([]float32, 100)
	last := &node{x: array[10:60:60]}
	list := &node{x: array[:20:20], next: last, any: last, text: "four"}
	last.next = list // a circle
	want := int64(2*unsafe.Sizeof(node{})) + 4*60 + 4
	if got := memory.Footprint(list); got != want {
		t.Errorf("a list: %d bytes, want %d", got, want)
	}
	if got := memory.Footprint(list, last, array); got != want+4*40 {
		t.Errorf("with the array: %d bytes, want %d", got, want+4*40)
	}
	m := map[int32][]int64{1: make([]int64, 3, 5), 2: nil}
	if got, want := memory.Footprint(m), int64(2*(4+unsafe.Sizeof([]int64{}))+5*8); got != want {
		t.Errorf("a map: %d bytes, want %d", got, want)
	}
	if got := memory.Footprint(nil, 3, func() {}); got != 0 {
		t.Errorf("no memory: %d bytes", got)
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]memory.Size{
		"64MB": 64e6, "1.5 GiB": 3 << 29, "12": 12, "3kB": 3000, " 2 GB ": 2e9, "7B": 7,
	} {
		var s memory.Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q: %d, %v, want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "MB", "-1MB", "0", "NaN", "1e30GB", "1 XB", "Inf"} {
		if err := new(memory.Size).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is no error", text)
		}
	}
	for size, want := range map[memory.Size]string{999: "1 kB", 1500000: "1.5 MB", 64e6: "64 MB", 1.58e9: "1.6 GB", 83e9: "83 GB"} {
		if got := size.String(); got != want {
			t.Errorf("%d: %s, want %s", int64(size), got, want)
		}
	}
}

// FuzzSize reads any text: a size of at least a byte, or an error.
func FuzzSize(f *testing.F) {
	for _, text := range []string{"64MB", "1.5 GiB", "1e300", "-1", "NaN kB"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s memory.Size
		if err := s.UnmarshalText([]byte(text)); err == nil && s < 1 {
			t.Fatalf("%q is %d bytes", text, s)
		}
	})
}
