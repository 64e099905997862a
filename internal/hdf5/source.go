package hdf5

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/surge-snn/surge/internal/files"
)

// undefined is an address that leads nowhere.
const undefined = ^uint64(0)

// source is the bytes of a file, with the widths of its addresses and lengths.
type source struct {
	r       io.ReaderAt
	size    uint64 // of the file, from base
	base    uint64 // of all addresses
	offsets int    // bytes of an address
	lengths int    // bytes of a length
}

// failure is an error on its way to the exported function that was called.
type failure struct{ err error }

// fail ends the reading of a file.
func fail(kind error, format string, args ...any) {
	panic(failure{fmt.Errorf("%w: %s", kind, fmt.Sprintf(format, args...))})
}

func corrupt(format string, args ...any) { fail(files.ErrCorrupt, format, args...) }

// catch turns a failure into the error of an exported function.
func catch(err *error, what string) {
	switch p := recover().(type) {
	case nil:
	case failure:
		*err = p.err
		if what != "" {
			*err = fmt.Errorf("%s: %w", what, p.err)
		}
	default:
		panic(p)
	}
}

// block returns n bytes at an address.
func (s *source) block(at, n uint64, what string) []byte {
	if at > s.size || n > s.size-at {
		corrupt("%s: expected %d bytes at %d, the file has %d", what, n, at, s.size)
	}
	b := make([]byte, n)
	if _, err := s.r.ReadAt(b, int64(s.base+at)); err != nil && !(err == io.EOF && n == 0) {
		panic(failure{fmt.Errorf("%w: %s: %w", files.ErrCorrupt, what, err)})
	}
	return b
}

// cursor decodes little-endian fields one after the other.
type cursor struct {
	s    *source
	b    []byte
	what string // for messages
}

// at returns a cursor over n bytes at an address.
func (s *source) at(at, n uint64, what string) *cursor {
	return &cursor{s: s, b: s.block(at, n, what), what: what}
}

// over returns a cursor over bytes that have been read.
func (s *source) over(b []byte, what string) *cursor { return &cursor{s: s, b: b, what: what} }

func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.b) {
		corrupt("%s: expected %d more bytes, found %d", c.what, n, len(c.b))
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) skip(n int) { c.bytes(n) }

// uint returns an unsigned number of n bytes.
func (c *cursor) uint(n int) uint64 {
	if n > 8 {
		corrupt("%s: a number of %d bytes", c.what, n)
	}
	var w [8]byte
	copy(w[:], c.bytes(n))
	return binary.LittleEndian.Uint64(w[:])
}

func (c *cursor) u8() int        { return int(c.uint(1)) }
func (c *cursor) u16() int       { return int(c.uint(2)) }
func (c *cursor) u32() uint64    { return c.uint(4) }
func (c *cursor) u64() uint64    { return c.uint(8) }
func (c *cursor) length() uint64 { return c.uint(c.s.lengths) }

// address returns an address, undefined where all its bits are set.
func (c *cursor) address() uint64 {
	a := c.uint(c.s.offsets)
	if c.s.offsets < 8 && a == 1<<(8*c.s.offsets)-1 {
		return undefined
	}
	return a
}

// text returns the bytes before the first NUL of the next n.
func (c *cursor) text(n int) string { return untilNUL(c.bytes(n)) }

func untilNUL(b []byte) string {
	for i, x := range b {
		if x == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// magic checks the signature and the version of a structure.
func (c *cursor) magic(signature string, version int) {
	if found := string(c.bytes(len(signature))); found != signature {
		corrupt("%s: expected the signature %q, found %q", c.what, signature, found)
	}
	if v := c.u8(); v != version {
		fail(files.ErrFormat, "%s: version %d of %s is not read, expected %d", c.what, v, signature, version)
	}
}

// visits counts structures that a file may hold once, so that one that refers to itself ends.
type visits map[uint64]bool

func (v visits) visit(at uint64, what string) {
	if v[at] {
		corrupt("%s: the structure at %d occurs twice", what, at)
	}
	v[at] = true
}

// checksum is Bob Jenkins' lookup3 hash (hashlittle with an initial value of 0), which HDF5 uses
// for its metadata.
func checksum(b []byte) uint32 {
	rot := func(x uint32, k uint) uint32 { return x<<k | x>>(32-k) }
	v := 0xdeadbeef + uint32(len(b))
	a, bb, c := v, v, v
	for len(b) > 12 {
		a += binary.LittleEndian.Uint32(b)
		bb += binary.LittleEndian.Uint32(b[4:])
		c += binary.LittleEndian.Uint32(b[8:])
		a = (a - c) ^ rot(c, 4)
		c += bb
		bb = (bb - a) ^ rot(a, 6)
		a += c
		c = (c - bb) ^ rot(bb, 8)
		bb += a
		a = (a - c) ^ rot(c, 16)
		c += bb
		bb = (bb - a) ^ rot(a, 19)
		a += c
		c = (c - bb) ^ rot(bb, 4)
		bb += a
		b = b[12:]
	}
	if len(b) == 0 {
		return c
	}
	var last [12]byte
	copy(last[:], b)
	a += binary.LittleEndian.Uint32(last[:])
	bb += binary.LittleEndian.Uint32(last[4:])
	c += binary.LittleEndian.Uint32(last[8:])
	c = (c ^ bb) - rot(bb, 14)
	a = (a ^ c) - rot(c, 11)
	bb = (bb ^ a) - rot(a, 25)
	c = (c ^ bb) - rot(bb, 16)
	a = (a ^ c) - rot(c, 4)
	bb = (bb ^ a) - rot(a, 14)
	c = (c ^ bb) - rot(bb, 24)
	return c
}

// summed returns the bytes of a structure whose last four are its checksum, without these.
func (s *source) summed(at, n uint64, what string) *cursor {
	b := s.block(at, n, what)
	if n < 4 {
		corrupt("%s: %d bytes", what, n)
	}
	body, want := b[:n-4], binary.LittleEndian.Uint32(b[n-4:])
	if found := checksum(body); found != want {
		corrupt("%s at %d: checksum %08x, expected %08x", what, at, found, want)
	}
	return s.over(body, what)
}
