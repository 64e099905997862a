package hdf5

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/surge-snn/surge/internal/files"
)

// Content is a group to be written. Its members stand in the file in the order in which they were
// added, so that equal contents give equal bytes.
type Content struct {
	members []member
}

// member is a group, or an array of numbers, strings or lists.
type member struct {
	name    string
	group   *Content
	kind    []byte // data type message
	shape   []int
	numbers []byte
	texts   []string // or the bytes of lists
	lengths []int    // of lists, in elements; nil: bytes
}

// Group adds a group and returns it.
func (c *Content) Group(name string) *Content {
	g := &Content{}
	c.members = append(c.members, member{name: name, group: g})
	return g
}

// Number is an element type of what is written.
type Number interface {
	float32 | float64 | int64 | uint16
}

// Add adds an array of numbers in row-major order; no shape means a scalar.
func Add[T Number](c *Content, name string, data []T, shape ...int) {
	kind, numbers := bytesOf(data)
	c.members = append(c.members, member{name: name, shape: shape, kind: kind, numbers: numbers})
}

// bytesOf returns numbers as they stand in a file, and their data type message.
func bytesOf[T Number](data []T) (kind, b []byte) {
	le := binary.LittleEndian
	switch data := any(data).(type) {
	case []float32:
		for _, v := range data {
			b = le.AppendUint32(b, math.Float32bits(v))
		}
		return floatType(4, 23, 8, 127), b
	case []float64:
		for _, v := range data {
			b = le.AppendUint64(b, math.Float64bits(v))
		}
		return floatType(8, 52, 11, 1023), b
	case []uint16:
		for _, v := range data {
			b = le.AppendUint16(b, v)
		}
		return []byte{0x10, 0, 0, 0, 2, 0, 0, 0, 0, 0, 16, 0}, b
	}
	for _, v := range any(data).([]int64) {
		b = le.AppendUint64(b, uint64(v))
	}
	return []byte{0x10, 0x08, 0, 0, 8, 0, 0, 0, 0, 0, 64, 0}, b
}

// AddLists adds an array of lists of numbers, each of a length of its own.
func AddLists[T Number](c *Content, name string, lists [][]T) {
	kind, _ := bytesOf[T](nil)
	m := member{name: name, shape: []int{len(lists)}, kind: append([]byte{0x19, 0, 0, 0, 16, 0, 0, 0}, kind...), texts: []string{}, lengths: []int{}}
	for _, l := range lists {
		_, b := bytesOf(l)
		m.texts, m.lengths = append(m.texts, string(b)), append(m.lengths, len(l))
	}
	c.members = append(c.members, m)
}

// AddStrings adds an array of UTF-8 strings of variable length; no shape means a scalar.
func (c *Content) AddStrings(name string, data []string, shape ...int) {
	kind := []byte{0x19, 1, 1, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0}
	c.members = append(c.members, member{name: name, shape: shape, kind: kind, texts: data})
}

// floatType is the data type message of IEEE 754 numbers, little-endian.
func floatType(size, fraction, exponent, bias int) []byte {
	b := []byte{0x11, 0x20, byte(8*size - 1), 0, byte(size), 0, 0, 0, 0, 0, byte(8 * size), 0, byte(fraction), byte(exponent), 0, byte(fraction)}
	return binary.LittleEndian.AppendUint32(b, uint32(bias))
}

// Encode writes an HDF5 file (superblock 2, groups of links, contiguous arrays), that HDF5 1.8 and
// later reads.
//
// Errors: files.ErrArray for names that are empty, occur twice, are not UTF-8 or hold "/" or NUL,
// and for shapes that do not fit; that of w.
func Encode(w io.Writer, root *Content) error {
	e := encoder{b: make([]byte, 48)}
	if err := e.heap(root, ""); err != nil {
		return err
	}
	e.flush()
	at := e.group(root)
	head := []byte(signature + "\x02\x08\x08\x00")
	le := binary.LittleEndian
	head = le.AppendUint64(head, 0)
	head = le.AppendUint64(head, undefined)
	head = le.AppendUint64(head, uint64(len(e.b)))
	head = le.AppendUint64(head, at)
	copy(e.b, le.AppendUint32(head, checksum(head)))
	_, err := w.Write(e.b)
	return err
}

// encoder appends the parts of a file.
type encoder struct {
	b          []byte
	references [][]byte // to the strings in the order of the walk
	collection []byte   // the objects of the collection of the global heap to be written
	pending    []int    // indices into references, of its objects
}

// heap checks the content and writes its strings into the global heap.
func (e *encoder) heap(c *Content, path string) error {
	var names []string
	for _, m := range c.members {
		if m.name == "" || m.name == "." || !utf8.ValidString(m.name) || strings.ContainsAny(m.name, "/\x00") || slices.Contains(names, m.name) {
			return fmt.Errorf("%w: %s: name %q: expected UTF-8 without \"/\" that occurs once", files.ErrArray, path+"/", m.name)
		}
		names = append(names, m.name)
		if m.group != nil {
			if err := e.heap(m.group, path+"/"+m.name); err != nil {
				return err
			}
			continue
		}
		n := 1
		for _, k := range m.shape {
			n *= k
		}
		if size := len(m.numbers) / int(m.kind[4]); m.texts == nil && n != size || m.texts != nil && n != len(m.texts) {
			return fmt.Errorf("%w: %s/%s: shape %v does not have %d elements", files.ErrArray, path, m.name, m.shape, max(size, len(m.texts)))
		}
		for i, s := range m.texts {
			n := len(s)
			if m.lengths != nil {
				n = m.lengths[i]
			}
			e.text(s, n)
		}
	}
	return nil
}

// text adds a string, or a list of n elements as bytes.
func (e *encoder) text(s string, n int) {
	le := binary.LittleEndian
	if len(s) == 0 {
		e.references = append(e.references, make([]byte, 16))
		return
	}
	e.pending = append(e.pending, len(e.references))
	b := le.AppendUint32(nil, uint32(n))
	b = le.AppendUint64(b, 0) // the address, when it is known
	e.references = append(e.references, le.AppendUint32(b, uint32(len(e.pending))))
	c := le.AppendUint16(e.collection, uint16(len(e.pending)))
	c = le.AppendUint16(c, 0)
	c = le.AppendUint32(c, 0)
	c = le.AppendUint64(c, uint64(len(s)))
	e.collection = append(append(c, s...), make([]byte, -len(s)&7)...)
	if len(e.pending) == 1<<15 {
		e.flush()
	}
}

// smallest is the size of a collection at least.
const smallest = 4096

// flush writes the collection.
func (e *encoder) flush() {
	if len(e.pending) == 0 {
		return
	}
	le := binary.LittleEndian
	size := max(smallest, 16+len(e.collection))
	at := uint64(len(e.b))
	for _, i := range e.pending {
		le.PutUint64(e.references[i][4:], at)
	}
	e.b = append(e.b, "GCOL\x01\x00\x00\x00"...)
	e.b = le.AppendUint64(e.b, uint64(size))
	e.b = append(e.b, e.collection...)
	if free := size - 16 - len(e.collection); free >= 16 { // an object of free space, with its head
		head := make([]byte, free)
		le.PutUint64(head[8:], uint64(free))
		e.b = append(e.b, head...)
	} else {
		e.b = append(e.b, make([]byte, free)...)
	}
	e.collection, e.pending = nil, nil
}

// group writes the members of a group and its header, and returns the address of the header.
func (e *encoder) group(c *Content) uint64 {
	le := binary.LittleEndian
	info := append([]byte{0, 0}, slices.Repeat([]byte{0xff}, 16)...)
	messages := [][]byte{messageBytes(msgLinkInfo, info), messageBytes(0x0a, []byte{0, 0})}
	for _, m := range c.members {
		var at uint64
		if m.group != nil {
			at = e.group(m.group)
		} else {
			at = e.array(m)
		}
		link := append(le.AppendUint16([]byte{1, 0x11, 1}, uint16(len(m.name))), m.name...)
		messages = append(messages, messageBytes(msgLink, le.AppendUint64(link, at)))
	}
	return e.header(messages)
}

// array writes elements and header of an array.
func (e *encoder) array(m member) uint64 {
	le := binary.LittleEndian
	data := m.numbers
	for range m.texts {
		data = append(data, e.references[0]...)
		e.references = e.references[1:]
	}
	at := undefined
	if len(data) > 0 {
		at = uint64(len(e.b))
		e.b = append(e.b, data...)
		e.b = append(e.b, make([]byte, -len(data)&7)...)
	}
	space := []byte{2, byte(len(m.shape)), 0, 0}
	if len(m.shape) > 0 {
		space[3] = 1
	}
	for _, k := range m.shape {
		space = le.AppendUint64(space, uint64(k))
	}
	layout := le.AppendUint64([]byte{3, 1}, at)
	layout = le.AppendUint64(layout, uint64(len(data)))
	return e.header([][]byte{
		messageBytes(msgDataspace, space),
		messageBytes(msgDatatype, m.kind),
		messageBytes(msgFill, []byte{3, 0x0a}),
		messageBytes(msgLayout, layout),
	})
}

// messageBytes is a message of an object header.
func messageBytes(kind int, data []byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{byte(kind)}, uint16(len(data)))
	return append(append(b, 0), data...)
}

// header writes an object header of version 2 and returns its address.
func (e *encoder) header(messages [][]byte) uint64 {
	at := len(e.b)
	body := slices.Concat(messages...)
	e.b = append(e.b, "OHDR\x02\x02"...)
	e.b = binary.LittleEndian.AppendUint32(e.b, uint32(len(body)))
	e.b = append(e.b, body...)
	e.b = binary.LittleEndian.AppendUint32(e.b, checksum(e.b[at:]))
	return uint64(at)
}
