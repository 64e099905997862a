package files

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// encodeNPY writes a as version 1.0 of the format, in row-major order.
func encodeNPY(w io.Writer, a Array) error {
	d := a.DType
	if d == "" {
		d = Float64
	}
	code, ok := codes[d]
	if !ok {
		return fmt.Errorf("%w: %q: unknown element type %q", ErrFormat, a.Name, d)
	}
	mark := "<"
	if d.size() == 1 {
		mark = "|"
	}
	var shape strings.Builder
	for i, k := range a.Shape {
		if i > 0 {
			shape.WriteByte(' ')
		}
		fmt.Fprintf(&shape, "%d,", k)
	}
	tuple := shape.String()
	if len(a.Shape) > 1 {
		tuple = strings.TrimSuffix(tuple, ",")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }", mark, code, tuple)
	for (10+b.Len()+1)%64 != 0 {
		b.WriteByte(' ')
	}
	b.WriteByte('\n')
	if b.Len() > 1<<16-1 {
		return fmt.Errorf("%w: %q: %d dimensions", ErrTooLarge, a.Name, len(a.Shape))
	}
	head := append([]byte(npyMagic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(b.Len()))
	if _, err := w.Write(append(head, b.Bytes()...)); err != nil {
		return err
	}
	buf := make([]byte, 0, chunk*8)
	for i, v := range a.Data {
		var err error
		if buf, err = d.append(buf, v); err != nil {
			return fmt.Errorf("array %q, element %d: %w", a.Name, i, err)
		}
		if len(buf)+8 > cap(buf) || i == len(a.Data)-1 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	return nil
}
