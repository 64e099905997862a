package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"
)

// The file of an Archive, all numbers little-endian:
//
//	 0  8 bytes   magic, 0x89 "surge" CR LF: a transfer as text damages it
//	 8  uint32    version of the container
//	12  uint32    length of the header
//	16  uint64    length of the file
//	24  header    JSON: format, version, meta, arrays with name, dtype, shape, offset, CRC-32C
//	              (since version 2)
//	    zeros up to a multiple of 64: here the offsets start
//	    arrays, each followed by zeros up to a multiple of 64
//	    32 bytes  SHA-256 of all before
//
// A reader accepts only what a writer writes, byte for byte; there is one file for one Archive.
const (
	magic            = "\x89surge\r\n"
	containerVersion = 2
	prefixLen        = 24
	align            = 64
	maxHeader        = 8 << 20
)

// header is the JSON part of the file.
type header struct {
	Format  string            `json:"format"`
	Version int               `json:"version"`
	Meta    map[string]string `json:"meta"`
	Arrays  []headerArray     `json:"arrays"`
}

type headerArray struct {
	Name   string `json:"name"`
	Dtype  string `json:"dtype"`
	Shape  []int  `json:"shape"`
	Offset int64  `json:"offset"`
	CRC    string `json:"crc32c,omitempty"` // of the bytes of the array, in hexadecimal
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Write writes a to the file at path, atomically: see [WriteAtomic].
//
// Errors: [ErrFormat] where a's Format has no name or a version < 1; [ErrTooLarge] where names,
// shapes and metadata together exceed 8 MiB; metadata that is not UTF-8; or that of the file
// system.
func Write(path string, a *Archive) error {
	return WriteAtomic(path, a.encode)
}

// WriteKeep is [Write] and keeps the archive that was at path, if it is complete, as path +
// ".prev", for [ReadLatest]. At every moment one of the two is complete. It reads the old file
// once.
func WriteKeep(path string, a *Archive) error {
	keep := func() error {
		switch _, err := Read(path, Format{}); {
		case err == nil:
			if err := change(OpRename, path); err != nil {
				return err
			}
			return os.Rename(path, path+".prev")
		case errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist):
			return nil // not worth keeping; an older complete one stays where it is
		default:
			return err
		}
	}
	return replace(path, a.encode, keep)
}

// Read reads the archive at path and checks that it is complete, undamaged and of the format want:
// of the same name, and not of a later version. An empty name accepts every format.
//
// Memory: the arrays take as many bytes as in the file, and the header a small multiple of its
// length (at most 8 MiB); nothing is taken on the word of a file that is shorter than it claims.
//
// Errors: [ErrCorrupt], [ErrVersion], [ErrFormat], or that of the file system (such as
// fs.ErrNotExist).
func Read(path string, want Format) (*Archive, error) {
	f, err := Open(path)
	if err != nil {
		return nil, named("", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, named("", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s: expected a regular file, found %v", ErrFormat, path, info.Mode().Type())
	}
	a, err := decode(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if want.Name != "" {
		if a.Format.Name != want.Name {
			return nil, fmt.Errorf("%s: %w: expected %q, found %q", path, ErrFormat, want.Name, a.Format.Name)
		}
		if a.Format.Version > want.Version {
			return nil, fmt.Errorf("%s: %w: expected %s up to version %d, found %d", path, ErrVersion, want.Name, want.Version, a.Format.Version)
		}
	}
	return a, nil
}

// ReadLatest reads what [WriteKeep] wrote: the archive at path, or where that is missing or damaged
// the one at path + ".prev". skipped says why the first was not used; it is nil where it was.
//
// Errors: those of [Read]. fs.ErrNotExist comes only where both are missing: that a run has no
// checkpoint is not mixed up with a checkpoint that cannot be read. A newer version or another
// format at path is an error, not a reason to go back.
func ReadLatest(path string, want Format) (a *Archive, skipped, err error) {
	a, first := Read(path, want)
	if first == nil {
		return a, nil, nil
	}
	missing := errors.Is(first, fs.ErrNotExist)
	if !missing && !errors.Is(first, ErrCorrupt) {
		return nil, nil, first
	}
	a, second := Read(path+".prev", want)
	switch {
	case second == nil:
		return a, first, nil
	case errors.Is(second, fs.ErrNotExist):
		return nil, nil, first
	case missing:
		return nil, nil, second
	}
	return nil, nil, fmt.Errorf("%w; and the previous one: %w", first, second)
}

// header returns the header of a for a version of the container, as JSON, and the length of the
// array section.
func (a *Archive) header(version uint32) (text []byte, arrays int64, err error) {
	if a.Format.Name == "" || !utf8.ValidString(a.Format.Name) || a.Format.Version < 1 {
		return nil, 0, fmt.Errorf("%w: expected a name and a version >= 1, found %q version %d", ErrFormat, a.Format.Name, a.Format.Version)
	}
	h := header{Format: a.Format.Name, Version: a.Format.Version, Meta: a.Meta, Arrays: make([]headerArray, len(a.entries))}
	if h.Meta == nil {
		h.Meta = map[string]string{}
	}
	for k, v := range h.Meta {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return nil, 0, fmt.Errorf("%w: metadata %q: expected UTF-8", ErrFormat, k)
		}
	}
	for i, e := range a.entries {
		shape := e.shape
		if shape == nil {
			shape = []int{}
		}
		h.Arrays[i] = headerArray{Name: e.name, Dtype: dtypeOf(e.data), Shape: shape, Offset: arrays}
		if version > 1 {
			sum := crc32.New(castagnoli)
			if err := e.encode(sum); err != nil {
				return nil, 0, err
			}
			h.Arrays[i].CRC = fmt.Sprintf("%08x", sum.Sum32())
		}
		arrays += padded(int64(binary.Size(e.data)))
	}
	text, err = json.Marshal(h)
	if err == nil && len(text) > maxHeader {
		err = fmt.Errorf("%w: names, shapes and metadata: at most %d bytes, found %d", ErrTooLarge, maxHeader, len(text))
	}
	return text, arrays, err
}

// padded rounds n up to a multiple of align.
func padded(n int64) int64 { return (n + align - 1) / align * align }

// Sum returns the SHA-256 of the file of a, in hexadecimal.
//
// Errors: those of [Write] that are not of the file system.
func (a *Archive) Sum() (string, error) {
	sum := sha256.New()
	if err := a.encode(sum); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// encode writes the file of a.
func (a *Archive) encode(w io.Writer) error { return a.encodeVersion(w, containerVersion) }

// encodeVersion writes the file of a as a version of the container.
func (a *Archive) encodeVersion(w io.Writer, version uint32) error {
	text, arrays, err := a.header(version)
	if err != nil {
		return err
	}
	start := padded(prefixLen + int64(len(text)))
	sum := sha256.New()
	out := io.MultiWriter(w, sum)

	prefix := append(make([]byte, 0, start), magic...)
	prefix = binary.LittleEndian.AppendUint32(prefix, version)
	prefix = binary.LittleEndian.AppendUint32(prefix, uint32(len(text)))
	prefix = binary.LittleEndian.AppendUint64(prefix, uint64(start+arrays+sha256.Size))
	prefix = append(prefix, text...)
	if _, err := out.Write(prefix[:start]); err != nil { // the capacity holds the zeros
		return err
	}
	for _, e := range a.entries {
		if err := e.encode(out); err != nil {
			return err
		}
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

// chunk is the number of elements that are converted at once.
const chunk = 4096

func (e entry) encode(w io.Writer) error {
	switch data := e.data.(type) {
	case []float32:
		return encodeSlice(w, data)
	case []float64:
		return encodeSlice(w, data)
	case []int64:
		return encodeSlice(w, data)
	case []uint8:
		return encodeSlice(w, data)
	}
	return fmt.Errorf("%w: %q: elements of type %s", ErrArray, e.name, dtypeOf(e.data))
}

func encodeSlice[T Element](w io.Writer, data []T) error {
	n := int64(binary.Size(data))
	var buf []byte
	for len(data) > 0 {
		k := min(chunk, len(data))
		var err error
		if buf, err = binary.Append(buf[:0], binary.LittleEndian, data[:k]); err != nil {
			return err
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
		data = data[k:]
	}
	_, err := w.Write(make([]byte, padded(n)-n))
	return err
}

// summed reads from r and adds what it reads to sum.
type summed struct {
	r   io.Reader
	sum hash.Hash
}

func (s summed) full(p []byte) error {
	if _, err := io.ReadFull(s.r, p); err != nil {
		return err
	}
	s.sum.Write(p)
	return nil
}

// decode reads a file of size bytes from r.
func decode(r io.Reader, size int64) (*Archive, error) {
	in := summed{r, sha256.New()}
	prefix := make([]byte, prefixLen)
	if size < prefixLen+sha256.Size {
		return nil, fmt.Errorf("%w: expected at least %d bytes, found %d", ErrCorrupt, prefixLen+sha256.Size, size)
	}
	if err := in.full(prefix); err != nil {
		return nil, fmt.Errorf("%w: prefix: %w", ErrCorrupt, err)
	}
	if string(prefix[:8]) != magic {
		return nil, fmt.Errorf("%w: expected the magic number %q, found %q", ErrCorrupt, magic, prefix[:8])
	}
	if n := binary.LittleEndian.Uint64(prefix[16:]); n != uint64(size) {
		return nil, fmt.Errorf("%w: expected %d bytes, found %d", ErrCorrupt, n, size)
	}
	version := binary.LittleEndian.Uint32(prefix[8:])
	switch v := version; {
	case v == 0:
		return nil, fmt.Errorf("%w: expected container version %d, found 0", ErrCorrupt, containerVersion)
	case v > containerVersion:
		// Of later versions as well a reader knows the length, and that the SHA-256 of all before
		// is at the end: a version number that was damaged is told from a later one.
		if _, err := io.CopyN(in.sum, r, size-prefixLen-sha256.Size); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		found := make([]byte, sha256.Size)
		if _, err := io.ReadFull(r, found); err != nil || !bytes.Equal(in.sum.Sum(nil), found) {
			return nil, fmt.Errorf("%w: expected container version %d, found %d, and another SHA-256 than that of the content", ErrCorrupt, containerVersion, v)
		}
		return nil, fmt.Errorf("%w: expected container version %d, found %d", ErrVersion, containerVersion, v)
	}
	if err := fits(size, size); err != nil {
		return nil, err
	}
	headerLen := int64(binary.LittleEndian.Uint32(prefix[12:]))
	start := padded(prefixLen + headerLen)
	if headerLen > maxHeader || start > size-sha256.Size {
		return nil, fmt.Errorf("%w: header of %d bytes in a file of %d", ErrCorrupt, headerLen, size)
	}
	text := make([]byte, start-prefixLen)
	if err := in.full(text); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	if len(bytes.Trim(text[headerLen:], "\x00")) > 0 {
		return nil, fmt.Errorf("%w: header: expected zeros after it", ErrCorrupt)
	}
	text = text[:headerLen]
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	a, err := decodeArrays(in, h, size-sha256.Size-start)
	if err != nil {
		return nil, err
	}
	again, _, err := a.header(version)
	if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrCorrupt, err)
	}
	if damaged := differingSums(h, again); len(damaged) > 0 {
		return nil, fmt.Errorf("%w: the checksum is not that of the content: %s", ErrCorrupt, strings.Join(damaged, ", "))
	}
	if !bytes.Equal(again, text) {
		return nil, fmt.Errorf("%w: header: not in the form in which it is written, or with unknown fields", ErrCorrupt)
	}
	found := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, found); err != nil {
		return nil, fmt.Errorf("%w: checksum: %w", ErrCorrupt, err)
	}
	if expected := in.sum.Sum(nil); !bytes.Equal(expected, found) {
		return nil, fmt.Errorf("%w: SHA-256 expected %x, found %x", ErrCorrupt, expected, found)
	}
	return a, nil
}

// differingSums names the arrays whose checksum in a header is not that in the text of another.
func differingSums(h header, text []byte) (names []string) {
	var other header
	if json.Unmarshal(text, &other) != nil || len(other.Arrays) != len(h.Arrays) {
		return nil
	}
	for i, e := range h.Arrays {
		if e.CRC != other.Arrays[i].CRC {
			names = append(names, fmt.Sprintf("array %q", e.Name))
		}
	}
	return names
}

// decodeArrays reads the arrays that h lists from a section of size bytes.
func decodeArrays(in summed, h header, size int64) (*Archive, error) {
	a := &Archive{Format: Format{h.Format, h.Version}, Meta: h.Meta}
	left := size
	for _, e := range h.Arrays {
		if e.Offset != size-left {
			return nil, fmt.Errorf("%w: array %q: expected offset %d, found %d", ErrCorrupt, e.Name, size-left, e.Offset)
		}
		var err error
		switch e.Dtype {
		case "float32":
			err = decodeSlice[float32](in, a, e, &left)
		case "float64":
			err = decodeSlice[float64](in, a, e, &left)
		case "int64":
			err = decodeSlice[int64](in, a, e, &left)
		case "uint8":
			err = decodeSlice[uint8](in, a, e, &left)
		default:
			err = fmt.Errorf("unknown element type %q", e.Dtype)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: array %q: %w", ErrCorrupt, e.Name, err)
		}
	}
	if left != 0 {
		return nil, fmt.Errorf("%w: arrays: expected %d bytes, found %d", ErrCorrupt, size-left, size)
	}
	return a, nil
}

// decodeSlice reads one array; left counts the bytes of the array section that are still to come.
func decodeSlice[T Element](in summed, a *Archive, e headerArray, left *int64) error {
	n, err := product(e.Shape)
	if err != nil {
		return err
	}
	width := int64(binary.Size(T(0)))
	if int64(n) > *left/width {
		return fmt.Errorf("shape %v expects %d elements of %d bytes, found %d bytes", e.Shape, n, width, *left)
	}
	bytesLen := padded(int64(n) * width)
	if bytesLen > *left {
		return fmt.Errorf("expected %d bytes, found %d", bytesLen, *left)
	}
	*left -= bytesLen
	data := make([]T, n)
	buf := make([]byte, min(chunk, n)*int(width))
	for i := 0; i < n; i += chunk {
		part := data[i:min(i+chunk, n)]
		b := buf[:len(part)*int(width)]
		if err := in.full(b); err != nil {
			return err
		}
		if _, err := binary.Decode(b, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	pad := make([]byte, bytesLen-int64(n)*width)
	if err := in.full(pad); err != nil {
		return err
	}
	if len(bytes.Trim(pad, "\x00")) > 0 {
		return fmt.Errorf("expected zeros after it")
	}
	return Put(a, e.Name, data, e.Shape...)
}
