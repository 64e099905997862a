package hdf5

import (
	"github.com/surge-snn/surge/internal/files"
)

// link is an entry of a group.
type link struct {
	address  uint64
	soft     string // path, where the link is soft
	external bool
}

// links returns the entries of a group.
func (f *File) links(o *object) map[string]link {
	if !o.isGroup() {
		fail(files.ErrArray, "expected a group, found a data set")
	}
	all := map[string]link{}
	for _, m := range o.messages {
		c := f.src.over(m.data, "group")
		switch m.kind {
		case msgSymbolTable:
			tree, heap := c.address(), c.address()
			f.symbols(tree, f.localHeap(heap), visits{}, maxDepth, all)
		case msgLink:
			f.link(c, all)
		case msgLinkInfo:
			if v := c.u8(); v != 0 {
				corrupt("link information: version %d", v)
			}
			if c.u8()&1 != 0 {
				c.skip(8)
			}
			heap, index := c.address(), c.address()
			if heap == undefined || index == undefined {
				continue
			}
			h := f.fractalHeap(heap)
			for record := range f.records(index, 5) {
				f.link(f.src.over(h.object(record[4:]), "link"), all)
			}
		}
	}
	return all
}

// link reads a link message.
func (f *File) link(c *cursor, all map[string]link) {
	if v := c.u8(); v != 1 {
		corrupt("link: version %d, expected 1", v)
	}
	flags, kind := c.u8(), 0
	if flags&8 != 0 {
		kind = c.u8()
	}
	if flags&4 != 0 {
		c.skip(8)
	}
	if flags&16 != 0 {
		c.skip(1)
	}
	name := string(c.bytes(int(min(c.uint(1<<(flags&3)), 1<<16))))
	switch kind {
	case 0:
		all[name] = link{address: c.address()}
	case 1:
		all[name] = link{soft: string(c.bytes(c.u16()))}
	default:
		all[name] = link{external: true}
	}
}

// localHeap returns the bytes of names.
func (f *File) localHeap(at uint64) []byte {
	c := f.src.at(at, uint64(8+2*f.src.lengths+f.src.offsets), "local heap")
	c.magic("HEAP", 0)
	c.skip(3)
	n := c.length()
	c.skip(f.src.lengths)
	return f.src.block(c.address(), n, "local heap")
}

// symbols reads a B-tree of version 1 over symbol tables.
func (f *File) symbols(at uint64, names []byte, seen visits, depth int, all map[string]link) {
	s := f.src
	seen.visit(at, "group")
	if string(s.block(at, 4, "group")) == "SNOD" {
		c := s.at(at, 8, "symbol table")
		c.magic("SNOD", 1)
		c.skip(1)
		n := c.u16()
		c = s.at(at+8, uint64(n*(2*s.offsets+24)), "symbol table")
		for range n {
			nameAt, address, cache := c.uint(s.offsets), c.address(), c.u32()
			c.skip(4)
			scratch := s.over(c.bytes(16), "symbol table")
			l := link{address: address}
			if cache == 2 {
				l = link{soft: heapText(names, scratch.u32())}
			}
			all[heapText(names, nameAt)] = l
		}
		return
	}
	if depth == 0 {
		corrupt("group: a tree deeper than %d", maxDepth)
	}
	c := s.at(at, uint64(8+2*s.offsets), "group")
	if sig := string(c.bytes(4)); sig != "TREE" {
		corrupt("group: expected TREE or SNOD, found %q", sig)
	}
	if kind := c.u8(); kind != 0 {
		corrupt("group: a tree of kind %d, expected 0", kind)
	}
	c.skip(1)
	n := c.u16()
	c = s.at(at+uint64(8+2*s.offsets), uint64(n*(s.lengths+s.offsets)), "group")
	for range n {
		c.skip(s.lengths)
		f.symbols(c.address(), names, seen, depth-1, all)
	}
}

func heapText(heap []byte, at uint64) string {
	if at >= uint64(len(heap)) {
		corrupt("local heap: a name at %d of %d bytes", at, len(heap))
	}
	return untilNUL(heap[at:])
}
