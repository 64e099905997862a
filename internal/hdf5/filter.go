package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/surge-snn/surge/internal/files"
)

// filter is a step between the elements of a chunk and its bytes in the file.
type filter struct {
	id   int
	data []uint64
}

// Identifiers of filters.
const (
	filterDeflate  = 1
	filterShuffle  = 2
	filterFletcher = 3
	filterLZF      = 32000
)

// filters reads the filter pipeline.
func filters(c *cursor) []filter {
	version, n := c.u8(), c.u8()
	if version == 1 {
		c.skip(6)
	} else if version != 2 {
		corrupt("filters: version %d", version)
	}
	var all []filter
	for range n {
		f := filter{id: c.u16()}
		named := 0
		if version == 1 || f.id >= 256 {
			named = c.u16()
		}
		c.skip(2)
		values := c.u16()
		if version == 1 {
			named = (named + 7) &^ 7
		}
		name := c.text(named)
		for range values {
			f.data = append(f.data, c.u32())
		}
		if version == 1 && values%2 == 1 {
			c.skip(4)
		}
		switch f.id {
		case filterDeflate, filterShuffle, filterFletcher, filterLZF:
		default:
			if known := map[int]string{4: "szip", 5: "nbit", 6: "scaleoffset"}[f.id]; known != "" {
				name = known
			}
			fail(files.ErrFormat, "data with the filter %d (%s) are not read", f.id, name)
		}
		all = append(all, f)
	}
	return all
}

// undo returns the size bytes of elements that the filters made b of; bit i of skip leaves out
// filter i.
func undo(all []filter, skip uint64, b []byte, element, size int) []byte {
	for i := len(all) - 1; i >= 0; i-- {
		if skip>>i&1 != 0 {
			continue
		}
		var err error
		switch all[i].id {
		case filterDeflate:
			b, err = inflate(b, size)
		case filterShuffle:
			if len(all[i].data) > 0 {
				b = unshuffle(b, int(all[i].data[0]))
			} else {
				b = unshuffle(b, element)
			}
		case filterFletcher:
			b, err = checkFletcher(b)
		case filterLZF:
			b, err = unLZF(b, size)
		}
		if err != nil {
			corrupt("chunk: %v", err)
		}
	}
	if len(b) != size {
		corrupt("chunk: expected %d bytes, found %d", size, len(b))
	}
	return b
}

// slack is what filters may add to the elements of a chunk: a checksum.
const slack = 4

func inflate(b []byte, size int) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := io.Copy(&out, io.LimitReader(r, int64(size)+slack+1)); err != nil {
		return nil, err
	}
	if out.Len() > size+slack {
		return nil, fmt.Errorf("expected %d bytes, found more", size)
	}
	return out.Bytes(), nil
}

// unshuffle puts the bytes of each element together, from first bytes, second bytes and so on.
func unshuffle(b []byte, element int) []byte {
	if element <= 1 || len(b) < element {
		return b
	}
	n := len(b) / element
	out := make([]byte, len(b))
	for k := range element {
		for i, x := range b[k*n : (k+1)*n] {
			out[i*element+k] = x
		}
	}
	copy(out[n*element:], b[n*element:])
	return out
}

// checkFletcher checks and takes off Fletcher's checksum of 16-bit words.
func checkFletcher(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%d bytes without a checksum", len(b))
	}
	body, want := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	var s1, s2 uint32
	for i := 0; i < len(body); i += 2 {
		w := uint32(body[i]) << 8
		if i+1 < len(body) {
			w |= uint32(body[i+1])
		}
		s1 = (s1 + w) % 65535
		s2 = (s2 + s1) % 65535
	}
	// A sum that is 0 may be stored as 65535: they are the same modulo 65535.
	if s1%65535 != want&0xffff%65535 || s2%65535 != want>>16%65535 {
		return nil, fmt.Errorf("checksum %04x%04x, expected %08x", s2, s1, want)
	}
	return body, nil
}

// unLZF decompresses the format of LibLZF, which h5py has as a filter.
func unLZF(b []byte, size int) ([]byte, error) {
	var out []byte
	damaged := fmt.Errorf("damaged LZF data")
	for len(b) > 0 {
		c := int(b[0])
		b = b[1:]
		if c < 32 { // c+1 bytes as they are
			if len(b) < c+1 || len(out)+c+1 > size+slack {
				return nil, damaged
			}
			out, b = append(out, b[:c+1]...), b[c+1:]
			continue
		}
		n, distance := c>>5, c&31<<8
		if n == 7 {
			if len(b) == 0 {
				return nil, damaged
			}
			n += int(b[0])
			b = b[1:]
		}
		if len(b) == 0 {
			return nil, damaged
		}
		from := len(out) - distance - int(b[0]) - 1
		b = b[1:]
		if from < 0 || len(out)+n+2 > size+slack {
			return nil, damaged
		}
		for range n + 2 { // may overlap
			out = append(out, out[from])
			from++
		}
	}
	return out, nil
}
