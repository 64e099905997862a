package files

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// npyHeader is the dictionary of a .npy file.
type npyHeader struct {
	name    string     // of the array
	fields  []npyField // one without a name, or those of a structured array
	width   int        // bytes of an element, all fields
	nested  bool       // a structured array
	fortran bool
	shape   []int

	n     int   // elements
	found int64 // bytes of elements that the file says it has
}

// npyField is what one number of an element is.
type npyField struct {
	name   string
	dtype  DType
	order  word
	offset int // bytes from the beginning of the element
	width  int // bytes
}

// describe names the element type.
func (h npyHeader) describe() string {
	if !h.nested {
		if h.fields[0].dtype == Text {
			return "strings"
		}
		return string(h.fields[0].dtype)
	}
	names := make([]string, len(h.fields))
	for i, f := range h.fields {
		names[i] = f.name
	}
	return fmt.Sprintf("records of %s (a structured array)", strings.Join(names, ", "))
}

// parseNPYHeader reads the dictionary: the three keys, each once, in any order.
func parseNPYHeader(text string) (npyHeader, error) {
	h := npyHeader{}
	p := literal{text}
	var seen []string
	ok := p.skip("{")
	for ok && !p.skip("}") {
		key, isString := p.quoted()
		ok = isString && p.skip(":") && !slices.Contains(seen, key)
		seen = append(seen, key)
		switch {
		case !ok:
		case key == "descr":
			var err error
			if ok, err = h.descr(&p); err != nil {
				return h, err
			}
		case key == "fortran_order":
			h.fortran = p.skip("True")
			ok = h.fortran || p.skip("False")
		case key == "shape":
			h.shape, ok = p.tuple()
		default:
			ok = false
		}
		if ok && !p.skip(",") {
			ok = p.skip("}")
			break
		}
	}
	if !ok || strings.TrimSpace(p.rest) != "" || len(seen) != 3 {
		return h, fmt.Errorf("%w: .npy header: expected a dictionary of descr, fortran_order and shape, found %.200q", ErrCorrupt, text)
	}
	return h, nil
}

// descr reads the element type: a string, or the list of the fields of a structured array.
func (h *npyHeader) descr(p *literal) (ok bool, err error) {
	if !p.skip("[") {
		return h.field(p, "")
	}
	h.nested = true
	for !p.skip("]") {
		if !p.skip("(") {
			return false, nil
		}
		name, isString := p.quoted()
		if !isString || !p.skip(",") || slices.ContainsFunc(h.fields, func(f npyField) bool { return f.name == name }) {
			return false, nil
		}
		if p.skip("[") {
			return false, fmt.Errorf("%w: .npy element type: the field %q is a structure of its own", ErrFormat, name)
		}
		if ok, err := h.field(p, name); !ok {
			return false, err
		}
		if p.skip(",") {
			return false, fmt.Errorf("%w: .npy element type: the field %q is an array of its own", ErrFormat, name)
		}
		if !p.skip(")") || !p.skip(",") && !strings.HasPrefix(p.rest, "]") {
			return false, nil
		}
		if name == "" { // what NumPy writes for padding
			h.fields = h.fields[:len(h.fields)-1]
		}
	}
	return len(h.fields) > 0, nil
}

// field reads one element type and adds it.
func (h *npyHeader) field(p *literal, name string) (ok bool, err error) {
	code, ok := p.quoted()
	if !ok {
		return false, nil
	}
	f := npyField{name: name, offset: h.width}
	padding, isPadding := strings.CutPrefix(code, "|V")
	if f.dtype, f.order, f.width = parseDescr(code); name == "" && h.nested && isPadding {
		f.width, _ = strconv.Atoi(padding)
	}
	if f.width <= 0 {
		return false, fmt.Errorf("%w: .npy element type: expected one of bool, int, uint, float16, float32, float64, found %s", ErrFormat, kindOf(code))
	}
	if h.width += f.width; h.width > maxElement {
		return false, fmt.Errorf("%w: .npy element type: an element of more than %d bytes", ErrFormat, maxElement)
	}
	h.fields = append(h.fields, f)
	return true, nil
}

// maxElement bounds the bytes of one element; strings and records of any use are shorter.
const maxElement = 1 << 13

// parseDescr reads an element type such as "<f8", "|b1" or "<U10". width is its size in bytes, 0
// where it is none that is read.
func parseDescr(s string) (d DType, order word, width int) {
	if len(s) < 3 {
		return "", nil, 0
	}
	order = binary.LittleEndian
	switch s[0] {
	case '<', '|':
	case '>':
		order = binary.BigEndian
	default:
		return "", nil, 0
	}
	switch n, err := strconv.Atoi(s[2:]); {
	case err != nil || n <= 0 || n > maxElement:
		return "", nil, 0
	case s[1] == 'S' || s[1] == 'a':
		return Text, nil, n
	case s[1] == 'U' && s[0] != '|' && n <= maxElement/4:
		return Text, order, 4 * n
	case s[1] == 'V':
		return "", nil, 0
	}
	if d = dtypeOfCode(s[1:]); d == "" || s[0] == '|' && d.size() > 1 {
		return "", nil, 0
	}
	return d, order, d.size()
}

// kindOf names an element type that is not read.
func kindOf(code string) string {
	kinds := map[byte]string{
		'O': "Python objects (saved with allow_pickle; surge does not run pickles)", 'c': "complex numbers", 'f': "long doubles",
		'M': "dates (datetime64)", 'm': "time spans (timedelta64)", 'V': "raw bytes (void)", 'U': "strings", 'S': "strings",
	}
	for i := range min(2, len(code)) {
		if kind, ok := kinds[code[i]]; ok {
			return fmt.Sprintf("%s, %q", kind, code)
		}
	}
	return fmt.Sprintf("%q", code)
}

// literal is the part of a Python literal that is not read yet.
type literal struct{ rest string }

// skip passes over spaces and then s, and reports whether s was there.
func (p *literal) skip(s string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " \n"), s)
	if ok {
		p.rest = rest
	}
	return ok
}

// quoted reads a string without escapes in single or double quotes; Python 2 may have written a u
// or b before it.
func (p *literal) quoted() (string, bool) {
	for _, prefix := range []string{"u", "b"} {
		if p.skip(prefix) {
			break
		}
	}
	for _, q := range []string{"'", `"`} {
		if p.skip(q) {
			s, rest, ok := strings.Cut(p.rest, q)
			p.rest = rest
			return s, ok && !strings.ContainsAny(s, "\\\n ")
		}
	}
	return "", false
}

// tuple reads (), (3,) or (3, 4).
func (p *literal) tuple() ([]int, bool) {
	if !p.skip("(") {
		return nil, false
	}
	shape := []int{}
	for !p.skip(")") {
		p.rest = strings.TrimLeft(p.rest, " ")
		digits := p.rest[:len(p.rest)-len(strings.TrimLeft(p.rest, "0123456789"))]
		d, err := strconv.Atoi(digits)
		if err != nil || len(shape) == 64 {
			return nil, false
		}
		p.rest = strings.TrimPrefix(p.rest[len(digits):], "L") // a long of Python 2
		shape = append(shape, d)
		if !p.skip(",") {
			return shape, len(shape) > 1 && p.skip(")")
		}
	}
	return shape, true
}
