package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/surge-snn/surge/internal/files"
)

// ErrFormat signifies a file that is not what its name or header says: damaged, cut
// short, or of another kind.
var ErrFormat = errors.New("data: malformed file")

// IDX is an array of bytes as the files of MNIST hold it.
type IDX struct {
	Shape []int  // one to four axes
	Data  []byte // row-major, as long as the product of Shape
}

// ReadIDX reads an idx file, plain or compressed by gzip (told apart by content, not
// by name). See [ParseIDX].
func ReadIDX(path string) (IDX, error) {
	raw, err := files.ReadFile(path)
	if err != nil {
		return IDX{}, fmt.Errorf("data: %w", err)
	}
	a, err := ParseIDX(raw)
	if err != nil {
		return IDX{}, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// ParseIDX decodes the content of an idx file of unsigned bytes, plain or compressed
// by gzip. The format is big-endian:
//
//	0, 0, type (0x08: unsigned byte), axes    4 bytes
//	length of each axis                       axes × 4 bytes
//	data                                      product of the lengths
//
// Another type, more than four axes, missing or surplus bytes and a damaged gzip
// stream are errors (ErrFormat). Memory is bounded by the content and not by what
// the header claims; of a plain file, Data is a part of raw.
func ParseIDX(raw []byte) (IDX, error) {
	if !bytes.HasPrefix(raw, gzipMagic) {
		a, want, n, err := parseIDXHeader(raw)
		if err != nil {
			return IDX{}, err
		}
		if got := int64(len(raw) - n); got != want {
			return IDX{}, fmt.Errorf("%w: idx file of shape %v has %d bytes of data, want %d", ErrFormat, a.Shape, got, want)
		}
		a.Data = raw[n:]
		return a, nil
	}

	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return IDX{}, fmt.Errorf("%w: gzip header: %w", ErrFormat, err)
	}
	var header [4 + 4*maxIDXAxes]byte
	filled, err := io.ReadFull(z, header[:])
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
		return IDX{}, fmt.Errorf("%w: gzip stream: %w", ErrFormat, err)
	}
	a, want, n, err := parseIDXHeader(header[:filled])
	if err != nil {
		return IDX{}, err
	}
	if most := int64(len(raw)) * maxDeflate; want > most {
		return IDX{}, fmt.Errorf("%w: idx file claims the shape %v, %d bytes of data; its %d compressed bytes hold at most %d", ErrFormat, a.Shape, want, len(raw), most)
	}
	// The buffer has room for images as those of MNIST, beyond which it grows with what
	// there is; one byte more than expected shows surplus, and reading to the end checks
	// the sum of the gzip stream.
	data := bytes.NewBuffer(make([]byte, 0, min(want+1+bytes.MinRead, 8*int64(len(raw)))))
	data.Write(header[n:filled])
	_, err = io.Copy(data, io.LimitReader(z, want-int64(data.Len())+1))
	if err != nil {
		return IDX{}, fmt.Errorf("%w: gzip stream breaks after %d of %d bytes of data: %w", ErrFormat, data.Len(), want, err)
	}
	if got := int64(data.Len()); got != want {
		return IDX{}, fmt.Errorf("%w: idx file of shape %v has %s bytes of data, want %d", ErrFormat, a.Shape, atLeast(got, want), want)
	}
	a.Data = data.Bytes()
	return a, nil
}

// atLeast says how much was read where reading stops one byte beyond want.
func atLeast(got, want int64) string {
	if got > want {
		return fmt.Sprintf("more than %d", want)
	}
	return fmt.Sprint(got)
}

var gzipMagic = []byte{0x1f, 0x8b}

const (
	maxIDXAxes = 4
	// maxDeflate is the largest ratio of deflate: 258 bytes in two bits.
	maxDeflate = 1032
)

// parseIDXHeader returns the shape, the number of bytes that it wants, and the length
// of the header.
func parseIDXHeader(b []byte) (a IDX, want int64, n int, err error) {
	if len(b) < 4 {
		return a, 0, 0, fmt.Errorf("%w: idx file of %d bytes, want at least 4", ErrFormat, len(b))
	}
	if b[0] != 0 || b[1] != 0 || b[2] != 0x08 {
		return a, 0, 0, fmt.Errorf("%w: file begins with % x, want 00 00 08 (idx file of unsigned bytes)", ErrFormat, b[:3])
	}
	axes := int(b[3])
	if axes < 1 || axes > maxIDXAxes {
		return a, 0, 0, fmt.Errorf("%w: idx file of %d axes, want 1 to %d", ErrFormat, axes, maxIDXAxes)
	}
	n = 4 + 4*axes
	if len(b) < n {
		return a, 0, 0, fmt.Errorf("%w: idx header of %d bytes, want %d for %d axes", ErrFormat, len(b), n, axes)
	}
	want = 1
	for i := range axes {
		length := binary.BigEndian.Uint32(b[4+4*i:])
		// 2^40 bytes are beyond any file of this kind, and keep the product in range.
		if length > math.MaxInt32 || length > 0 && want > 1<<40/int64(length) {
			return a, 0, 0, fmt.Errorf("%w: idx file claims %d for axis %d after %v, more than any file holds", ErrFormat, length, i, a.Shape)
		}
		want *= int64(length)
		a.Shape = append(a.Shape, int(length))
	}
	return a, want, n, nil
}
