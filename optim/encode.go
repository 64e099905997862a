package optim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrFormat signifies bytes that are not a state, or one of a later version.
var ErrFormat = errors.New("optim: cannot read state")

// The encoding, with all numbers little-endian:
//
//	file   = "surge.optim.state" version:u32 state
//	state  = kind:text step:u64 counts:(n:u32 u64...) slots:(n:u32 slot...)
//	         members:(n:u32 state...)
//	slot   = name:text n:u32 leaf...
//	leaf   = name:text type:u8 n:u64 bits...      type 1 is float32, 2 float64
//	text   = n:u32 bytes
//
// Every state has exactly one encoding.
const (
	stateMagic   = "surge.optim.state"
	stateVersion = 1
	leafF32      = 1
	leafF64      = 2
	maxDepth     = 64 // of members in members
)

// AppendBinary appends the encoding of s to b. It is exact, NaN payloads included,
// and equal states have equal bytes. A leaf without exactly one array is an error
// that wraps ErrTree, members nested more than 64 deep one that wraps ErrFormat.
func (s State) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, stateMagic...)
	b = binary.LittleEndian.AppendUint32(b, stateVersion)
	return s.append(b, 0)
}

// MarshalBinary returns the encoding of s.
func (s State) MarshalBinary() ([]byte, error) { return s.AppendBinary(nil) }

func (s State) append(b []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: members are nested more than %d deep", ErrFormat, maxDepth)
	}
	le := binary.LittleEndian
	b = appendText(b, s.Kind)
	b = le.AppendUint64(b, s.Step)
	b = le.AppendUint32(b, uint32(len(s.Counts)))
	for _, c := range s.Counts {
		b = le.AppendUint64(b, c)
	}
	b = le.AppendUint32(b, uint32(len(s.Slots)))
	for _, slot := range s.Slots {
		if err := wellFormed(slot.Name, slot.Tree); err != nil {
			return nil, err
		}
		b = appendText(b, slot.Name)
		b = le.AppendUint32(b, uint32(len(slot.Tree)))
		for _, l := range slot.Tree {
			b = l.append(b)
		}
	}
	b = le.AppendUint32(b, uint32(len(s.Members)))
	for _, m := range s.Members {
		var err error
		if b, err = m.append(b, depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (l Leaf) append(b []byte) []byte {
	le := binary.LittleEndian
	b = appendText(b, l.Name)
	if l.F32 != nil {
		b = le.AppendUint64(append(b, leafF32), uint64(len(l.F32)))
		for _, v := range l.F32 {
			b = le.AppendUint32(b, math.Float32bits(v))
		}
		return b
	}
	b = le.AppendUint64(append(b, leafF64), uint64(len(l.F64)))
	for _, v := range l.F64 {
		b = le.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}

// UnmarshalBinary sets s to the state that data encodes, all of it; it keeps no
// reference to data. It needs at most ten times the memory of data, whatever sizes
// data claims. Errors wrap ErrFormat and say where; s is as before then.
func (s *State) UnmarshalBinary(data []byte) error {
	d := decoder{data: data}
	if magic := string(d.bytes(len(stateMagic), "magic")); d.err == nil && magic != stateMagic {
		d.fail("magic is %q, want %q", magic, stateMagic)
	}
	if v := d.u32("version"); d.err == nil && v != stateVersion {
		d.fail("version is %d, want %d", v, stateVersion)
	}
	state := d.state(0)
	if rest := len(d.data) - d.at; d.err == nil && rest != 0 {
		d.fail("%d bytes after the end", rest)
	}
	if d.err != nil {
		return d.err
	}
	*s = state
	return nil
}

// decoder reads from data until the first error; later reads give zeros.
type decoder struct {
	data []byte
	at   int
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: at byte %d of %d: %s", ErrFormat, d.at, len(d.data), fmt.Sprintf(format, args...))
	}
}

func (d *decoder) bytes(n int, what string) []byte {
	if d.err == nil && n > len(d.data)-d.at {
		d.fail("%s needs %d bytes, %d are left", what, n, len(d.data)-d.at)
	}
	if d.err != nil {
		return nil
	}
	d.at += n
	return d.data[d.at-n : d.at]
}

func (d *decoder) u32(what string) uint32 {
	if b := d.bytes(4, what); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) u64(what string) uint64 {
	if b := d.bytes(8, what); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// size checks a claimed number of items, each of at least width bytes, against
// what is left.
func (d *decoder) size(n uint64, width int, what string) int {
	if left := len(d.data) - d.at; d.err == nil && n > uint64(left/width) {
		d.fail("%d %s of %d bytes or more each, %d bytes are left", n, what, width, left)
	}
	if d.err != nil {
		return 0
	}
	return int(n)
}

func (d *decoder) text(what string) string {
	return string(d.bytes(d.size(uint64(d.u32(what)), 1, what), what))
}

func (d *decoder) state(depth int) State {
	if depth > maxDepth {
		d.fail("members are nested more than %d deep", maxDepth)
		return State{}
	}
	s := State{Kind: d.text("kind"), Step: d.u64("step")}
	if n := d.size(uint64(d.u32("counts")), 8, "counts"); n > 0 {
		s.Counts = make([]uint64, n)
		for i := range s.Counts {
			s.Counts[i] = d.u64("count")
		}
	}
	const slotWidth, leafWidth, stateWidth = 4 + 4, 4 + 1 + 8, 4 + 8 + 4 + 4 + 4 // at least
	if n := d.size(uint64(d.u32("slots")), slotWidth, "slots"); n > 0 {
		s.Slots = make([]Slot, n)
		for i := range s.Slots {
			s.Slots[i].Name = d.text("name of a slot")
			if n := d.size(uint64(d.u32("leaves")), leafWidth, "leaves"); n > 0 {
				s.Slots[i].Tree = make(Tree, n)
				for j := range s.Slots[i].Tree {
					s.Slots[i].Tree[j] = d.leaf()
				}
			}
		}
	}
	if n := d.size(uint64(d.u32("members")), stateWidth, "members"); n > 0 {
		s.Members = make([]State, n)
		for i := range s.Members {
			s.Members[i] = d.state(depth + 1)
		}
	}
	return s
}

func (d *decoder) leaf() Leaf {
	l := Leaf{Name: d.text("name of a leaf")}
	kind := d.bytes(1, "type of a leaf")
	n := d.u64("length of a leaf")
	if d.err != nil {
		return l
	}
	switch kind[0] {
	case leafF32:
		l.F32 = make([]float32, d.size(n, 4, "float32"))
		for i := range l.F32 {
			l.F32[i] = math.Float32frombits(d.u32("float32"))
		}
	case leafF64:
		l.F64 = make([]float64, d.size(n, 8, "float64"))
		for i := range l.F64 {
			l.F64[i] = math.Float64frombits(d.u64("float64"))
		}
	default:
		d.fail("type of leaf %q is %d, want %d (float32) or %d (float64)", l.Name, kind[0], leafF32, leafF64)
	}
	return l
}
