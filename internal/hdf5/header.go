package hdf5

import (
	"github.com/surge-snn/surge/internal/files"
)

// Types of messages in object headers.
const (
	msgDataspace     = 0x01
	msgLinkInfo      = 0x02
	msgDatatype      = 0x03
	msgOldFill       = 0x04
	msgFill          = 0x05
	msgLink          = 0x06
	msgExternal      = 0x07
	msgLayout        = 0x08
	msgFilters       = 0x0b
	msgAttribute     = 0x0c
	msgContinuation  = 0x10
	msgSymbolTable   = 0x11
	msgAttributeInfo = 0x15
)

// message is one of an object header.
type message struct {
	kind   int
	shared bool // the data say where the message is
	data   []byte
}

// object is a group or a data set: the messages of its header.
type object struct {
	address  uint64
	messages []message
}

func (o *object) isGroup() bool {
	_, table := o.message(msgSymbolTable)
	_, info := o.message(msgLinkInfo)
	_, link := o.message(msgLink)
	return table || info || link
}

// message returns the first message of a kind.
func (o *object) message(kind int) (message, bool) {
	for _, m := range o.messages {
		if m.kind == kind {
			return m, true
		}
	}
	return message{}, false
}

// header reads the object header at an address.
func (f *File) header(at uint64) *object {
	o := &object{address: at}
	s := f.src
	seen := visits{}
	if string(s.block(at, 4, "object header")) == "OHDR" {
		f.header2(o, seen)
		return o
	}
	c := s.at(at, 16, "object header")
	if v := c.u8(); v != 1 {
		corrupt("object header at %d: version %d, expected 1 or 2", at, v)
	}
	c.skip(1)
	count := c.u16()
	c.skip(4)
	size := c.u32()
	type part struct{ at, n uint64 }
	for parts := []part{{at + 16, size}}; len(parts) > 0; parts = parts[1:] {
		seen.visit(parts[0].at, "object header")
		c := s.at(parts[0].at, parts[0].n, "object header")
		for len(c.b) >= 8 && count > 0 {
			count--
			kind, n, flags := c.u16(), c.u16(), c.u8()
			c.skip(3)
			data := c.bytes(n)
			if kind == msgContinuation {
				d := s.over(data, "continuation of an object header")
				parts = append(parts, part{d.address(), d.length()})
				continue
			}
			o.messages = append(o.messages, message{kind, flags&2 != 0, data})
		}
	}
	return o
}

// header2 reads an object header of version 2.
func (f *File) header2(o *object, seen visits) {
	s := f.src
	prefix := min(s.size-o.address, 64)
	c := s.at(o.address, prefix, "object header")
	c.magic("OHDR", 2)
	flags := c.u8()
	if flags&0x20 != 0 {
		c.skip(16) // times
	}
	if flags&0x10 != 0 {
		c.skip(4) // limits of attributes
	}
	size := c.uint(1 << (flags & 3))
	start := prefix - uint64(len(c.b))
	if size > s.size {
		corrupt("object header of %d bytes in a file of %d", size, s.size)
	}
	body := s.summed(o.address, start+size+4, "object header")
	body.skip(int(start))
	blocks := []*cursor{body}
	for len(blocks) > 0 {
		c, blocks = blocks[0], blocks[1:]
		for len(c.b) >= 4 { // less is a gap
			kind, n, mflags := c.u8(), c.u16(), c.u8()
			if flags&4 != 0 {
				c.skip(2) // order of creation
			}
			data := c.bytes(n)
			if kind == msgContinuation {
				d := s.over(data, "continuation of an object header")
				at, n := d.address(), d.length()
				seen.visit(at, "object header")
				next := s.summed(at, n, "continuation of an object header")
				if sig := string(next.bytes(4)); sig != "OCHK" {
					corrupt("continuation of an object header: expected OCHK, found %q", sig)
				}
				blocks = append(blocks, next)
				continue
			}
			o.messages = append(o.messages, message{kind, mflags&2 != 0, data})
		}
	}
}

// resolve returns the data of a message, from where they are shared.
func (f *File) resolve(m message) []byte {
	if !m.shared {
		return m.data
	}
	c := f.src.over(m.data, "shared message")
	version, kind := c.u8(), c.u8()
	switch {
	case version == 1:
		c.skip(6)
	case version == 3 && kind != 2:
		fail(files.ErrFormat, "messages in a table of the file are not read")
	case version != 2 && version != 3:
		corrupt("shared message: version %d", version)
	}
	target, ok := f.header(c.address()).message(m.kind)
	if !ok || target.shared {
		corrupt("shared message: none at its address")
	}
	return target.data
}
