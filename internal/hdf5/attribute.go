package hdf5

import (
	"github.com/surge-snn/surge/internal/files"
)

// Attribute is a small array with a name that belongs to a group or a data set.
type Attribute struct {
	Shape []int // empty: a scalar
	Type  Type

	f    *File
	data []byte
}

// Attributes returns the attributes of the object at a path.
//
// Errors: files.ErrArray where there is no such object, files.ErrFormat, files.ErrCorrupt.
func (f *File) Attributes(path string) (all map[string]Attribute, err error) {
	defer catch(&err, path)
	o := f.find(path, 0)
	all = map[string]Attribute{}
	for _, m := range o.messages {
		switch m.kind {
		case msgAttribute:
			f.attribute(f.resolve(m), all)
		case msgAttributeInfo:
			c := f.src.over(m.data, "attribute information")
			c.skip(1)
			if c.u8()&1 != 0 {
				c.skip(2)
			}
			heap, index := c.address(), c.address()
			if heap == undefined || index == undefined {
				continue
			}
			h := f.fractalHeap(heap)
			for record := range f.records(index, 8) {
				if len(record) < 8 || record[8]&2 != 0 {
					fail(files.ErrFormat, "attributes in a table of the file are not read")
				}
				f.attribute(h.object(record[:8]), all)
			}
		}
	}
	return all, nil
}

// attribute reads an attribute message.
func (f *File) attribute(b []byte, all map[string]Attribute) {
	c := f.src.over(b, "attribute")
	version, flags := c.u8(), c.u8()
	nameSize, typeSize, spaceSize := c.u16(), c.u16(), c.u16()
	pad := func(n int) int { return n }
	switch version {
	case 1:
		flags = 0
		pad = func(n int) int { return (n + 7) &^ 7 }
	case 2:
	case 3:
		c.skip(1)
	default:
		corrupt("attribute: version %d", version)
	}
	name := c.text(pad(nameSize))
	kind := f.resolve(message{msgDatatype, flags&1 != 0, c.bytes(pad(typeSize))})
	space := f.resolve(message{msgDataspace, flags&2 != 0, c.bytes(pad(spaceSize))})
	a := Attribute{f: f}
	var null bool
	a.Shape, _, null = dataspace(f.src.over(space, "attribute"))
	a.Type = datatype(f.src.over(kind, "attribute"), 0)
	n := uint64(a.Type.Size)
	for _, k := range a.Shape {
		if k != 0 && n > uint64(len(c.b))/uint64(k) {
			corrupt("attribute %q: shape %v of %s in %d bytes", name, a.Shape, a.Type, len(c.b))
		}
		n *= uint64(k)
	}
	if null {
		n = 0
	}
	a.data = c.bytes(int(min(n, 1<<32)))
	all[name] = a
}

// Floats returns the elements, which must be numbers.
//
// Errors: files.ErrArray where they are not.
func (a Attribute) Floats() (v []float64, err error) {
	defer catch(&err, "")
	if !a.Type.IsNumber() {
		fail(files.ErrArray, "expected numbers, found %s", a.Type)
	}
	return numbers(a.Type, a.data), nil
}

// Strings returns the elements, which must be strings.
//
// Errors: files.ErrArray where they are not.
func (a Attribute) Strings() (v []string, err error) {
	defer catch(&err, "")
	return a.f.strings(a.Type, a.data), nil
}
