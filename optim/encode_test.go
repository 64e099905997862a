package optim

import (
	"bytes"
	"encoding"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	_ encoding.BinaryAppender    = State{}
	_ encoding.BinaryMarshaler   = State{}
	_ encoding.BinaryUnmarshaler = (*State)(nil)
)

func drawState(t *rapid.T, depth int) State {
	text := rapid.StringN(0, 6, -1)
	s := State{Kind: text.Draw(t, "kind"), Step: rapid.Uint64().Draw(t, "step")}
	s.Counts = rapid.SliceOfN(rapid.Uint64(), 0, 3).Draw(t, "counts")
	for range rapid.IntRange(0, 2).Draw(t, "slots") {
		slot := Slot{Name: text.Draw(t, "slot")}
		for range rapid.IntRange(0, 2).Draw(t, "leaves") {
			l := Leaf{Name: text.Draw(t, "leaf")}
			n := rapid.IntRange(0, 4).Draw(t, "length")
			if rapid.Bool().Draw(t, "float32") {
				l.F32 = make([]float32, n)
				for i := range l.F32 {
					l.F32[i] = math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
				}
			} else {
				l.F64 = make([]float64, n)
				for i := range l.F64 {
					l.F64[i] = math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
				}
			}
			slot.Tree = append(slot.Tree, l)
		}
		s.Slots = append(s.Slots, slot)
	}
	if depth < 3 {
		for range rapid.IntRange(0, 2).Draw(t, "members") {
			s.Members = append(s.Members, drawState(t, depth+1))
		}
	}
	return s
}

// same compares states field by field and bit by bit, without the encoding.
func same(a, b State) bool {
	if a.Kind != b.Kind || a.Step != b.Step || len(a.Counts) != len(b.Counts) || len(a.Slots) != len(b.Slots) || len(a.Members) != len(b.Members) {
		return false
	}
	for i := range a.Counts {
		if a.Counts[i] != b.Counts[i] {
			return false
		}
	}
	for i := range a.Slots {
		if a.Slots[i].Name != b.Slots[i].Name || len(a.Slots[i].Tree) != len(b.Slots[i].Tree) || bits(a.Slots[i].Tree) != bits(b.Slots[i].Tree) {
			return false
		}
		for j, l := range a.Slots[i].Tree {
			if m := b.Slots[i].Tree[j]; (l.F32 == nil) != (m.F32 == nil) || (l.F64 == nil) != (m.F64 == nil) {
				return false
			}
		}
	}
	for i := range a.Members {
		if !same(a.Members[i], b.Members[i]) {
			return false
		}
	}
	return true
}

func TestStateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawState(t, 0)
		b, err := s.AppendBinary([]byte("before"))
		if err != nil || !bytes.HasPrefix(b, []byte("before"+stateMagic)) {
			t.Fatalf("%q, %v", b, err)
		}
		var back State
		if err := back.UnmarshalBinary(b[len("before"):]); err != nil {
			t.Fatal(err)
		}
		if !same(s, back) {
			t.Fatalf("%+v comes back as %+v", s, back)
		}
	})
}

func TestStateNaNPayload(t *testing.T) {
	const quiet32, quiet64 = 0xffc12345, 0x7ff8deadbeef0001
	s := State{Slots: []Slot{{"m", Tree{f32("a", math.Float32frombits(quiet32)), f64("b", math.Float64frombits(quiet64), math.Copysign(0, -1))}}}}
	var back State
	if err := back.UnmarshalBinary([]byte(bytesOf(t, s))); err != nil {
		t.Fatal(err)
	}
	tree := back.Slots[0].Tree
	if math.Float32bits(tree[0].F32[0]) != quiet32 || math.Float64bits(tree[1].F64[0]) != quiet64 || !math.Signbit(tree[1].F64[1]) {
		t.Errorf("%v", bits(tree))
	}
}

// deep returns a state with n members inside each other.
func deep(n int) State {
	var s State
	for range n {
		s = State{Members: []State{s}}
	}
	return s
}

// No prefix of a state and no change of one byte of its sizes loads as a state
// without an error or with other bytes; the receiver stays as it was.
func TestStateDamaged(t *testing.T) {
	p, _ := model(1)
	good := []byte(bytesOf(t, SkipNonFinite{Inner: everything}.Init(p)))
	before := State{Kind: "before", Step: 5}
	for n := range good {
		s := before
		if err := s.UnmarshalBinary(good[:n]); !errors.Is(err, ErrFormat) || !same(s, before) {
			t.Fatalf("%d of %d bytes: %v, %+v", n, len(good), err, s)
		}
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0xff
		s := before
		if err := s.UnmarshalBinary(bad); err != nil {
			if !errors.Is(err, ErrFormat) || !same(s, before) {
				t.Fatalf("byte %d changed: %v, %+v", i, err, s)
			}
		} else if bytesOf(t, s) != string(bad) {
			t.Fatalf("byte %d changed: loads as something else", i)
		}
	}
	for part, data := range map[string][]byte{
		"1 bytes after the end":            append(bytes.Clone(good), 0),
		`magic is "Surge.optim.state"`:     append([]byte("S"), good[1:]...),
		"version is 2, want 1":             append([]byte(stateMagic+"\x02\x00\x00\x00"), good[len(stateMagic)+4:]...),
		"magic needs 17 bytes, 0 are left": nil,
	} {
		var s State
		if err := s.UnmarshalBinary(data); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want %q", err, part)
		}
	}
}

func TestStateLimits(t *testing.T) {
	var s State
	if err := s.UnmarshalBinary([]byte(bytesOf(t, deep(maxDepth)))); err != nil || !same(s, deep(maxDepth)) {
		t.Errorf("%d members deep: %v", maxDepth, err)
	}
	if _, err := deep(maxDepth + 1).MarshalBinary(); !errors.Is(err, ErrFormat) {
		t.Errorf("%d members deep: %v", maxDepth+1, err)
	}
	// the same by hand: the encoding of the outer levels, kind "", step 0, 1 member
	data := stateMagic + "\x01\x00\x00\x00"
	for range maxDepth + 1 {
		data += strings.Repeat("\x00", 4+8+4+4) + "\x01\x00\x00\x00"
	}
	data += strings.Repeat("\x00", 4+8+4+4+4)
	if err := s.UnmarshalBinary([]byte(data)); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "nested") {
		t.Errorf("%d members deep: %v", maxDepth+1, err)
	}
	if _, err := (State{Slots: []Slot{{"m", Tree{{Name: "w"}}}}}).MarshalBinary(); !errors.Is(err, ErrTree) {
		t.Errorf("a leaf without data: %v", err)
	}
	// a leaf that claims 2^60 numbers
	head := State{Slots: []Slot{{"m", Tree{{Name: "w", F64: []float64{}}}}}}
	b := []byte(bytesOf(t, head))
	b[len(b)-4-1] = 0x10 // the highest byte of the length, before the number of members
	if n := testing.AllocsPerRun(1, func() {
		if err := s.UnmarshalBinary(b); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "1152921504606846976 float64") {
			t.Errorf("claims 2^60: %v", err)
		}
	}); n > 100 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever a file claims, reading it takes at most ten times its size.
func TestStateMemory(t *testing.T) {
	const size = 1 << 18
	header := stateMagic + "\x01\x00\x00\x00"
	empty := strings.Repeat("\x00", 4+8+4) // kind, step, counts
	fits := func(width int) string {       // as many items of a width as there is room for
		n := (size - 100) / width
		return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0})
	}
	for name, head := range map[string]string{
		"counts":      header + strings.Repeat("\x00", 4+8) + fits(8),
		"slots":       header + empty + fits(8),
		"leaves":      header + empty + "\x01\x00\x00\x00\x00\x00\x00\x00" + fits(13),
		"float64":     header + empty + "\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02" + fits(8) + "\x00\x00\x00\x00",
		"members":     header + empty + "\x00\x00\x00\x00" + fits(24),
		"all counts":  header + strings.Repeat("\x00", 4+8) + fits(1),
		"all slots":   header + empty + fits(1),
		"all leaves":  header + empty + "\x01\x00\x00\x00\x00\x00\x00\x00" + fits(1),
		"all float64": header + empty + "\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02" + fits(1) + "\x00\x00\x00\x00",
		"all members": header + empty + "\x00\x00\x00\x00" + fits(1),
	} {
		data := append([]byte(head), make([]byte, size-len(head))...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var s State
		err := s.UnmarshalBinary(data)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: no error from zeros that are left over", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 10*size {
			t.Errorf("%s: %d bytes for a file of %d", name, used, size)
		}
	}
}

func FuzzStateUnmarshal(f *testing.F) {
	p, _ := model(1)
	for _, s := range []State{{}, everything.Init(p), SkipNonFinite{Inner: Adam{}}.Init(p[:1]), deep(3)} {
		f.Add([]byte(bytesOf(f, s)))
	}
	f.Add([]byte{})
	f.Add([]byte(stateMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := State{Kind: "before"}
		s := before
		if err := s.UnmarshalBinary(data); err != nil {
			if !errors.Is(err, ErrFormat) || !same(s, before) {
				t.Fatalf("%v, %+v", err, s)
			}
			return
		}
		if bytesOf(t, s) != string(data) {
			t.Fatal("written back, the state has other bytes")
		}
	})
}
