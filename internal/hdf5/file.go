package hdf5

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// File is an HDF5 file that is open for reading. It is not safe for concurrent use.
type File struct {
	src    *source
	root   uint64 // address of the object header of the root group
	heap   globalHeap
	closer io.Closer
}

const signature = "\x89HDF\r\n\x1a\n"

// Open opens a file.
//
// Errors: files.ErrFormat (no HDF5 file), files.ErrCorrupt (cut off, damaged), or that of the file
// system.
func Open(path string) (*File, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, fmt.Errorf("hdf5: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%w: expected a regular file, found %v", files.ErrFormat, info.Mode().Type())
	}
	var h *File
	if err == nil {
		h, err = NewFile(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	h.closer = f
	return h, nil
}

// NewFile reads a file of size bytes from r.
//
// Errors: as [Open].
func NewFile(r io.ReaderAt, size int64) (f *File, err error) {
	defer catch(&err, "")
	s := &source{r: r, size: uint64(size)}
	for at := uint64(0); ; at = max(512, 2*at) { // after a user block
		if at+uint64(len(signature)) > s.size {
			fail(files.ErrFormat, "expected an HDF5 file, found no HDF5 signature in %d bytes", size)
		}
		if bytes.Equal(s.block(at, uint64(len(signature)), "signature"), []byte(signature)) {
			s.base = at
			s.size -= at
			break
		}
	}
	f = &File{src: s}
	f.superblock()
	return f, nil
}

// superblock reads where the root group is.
func (f *File) superblock() {
	s := f.src
	c := s.at(8, min(s.size-8, 120), "superblock")
	version := c.u8()
	var end uint64
	switch version {
	case 0, 1:
		c.skip(4)
		s.offsets, s.lengths = c.u8(), c.u8()
		f.checkWidths()
		c.skip(9 + 4*version)
		base := c.address()
		c.skip(s.offsets)
		end = c.address()
		c.skip(2 * s.offsets)
		f.root = c.address()
		f.rebase(base)
	case 2, 3:
		s.offsets, s.lengths = c.u8(), c.u8()
		f.checkWidths()
		c.skip(1)
		base := c.address()
		c.skip(s.offsets)
		end = c.address()
		f.root = c.address()
		s.summed(0, uint64(12+4*s.offsets+4), "superblock")
		f.rebase(base)
	default:
		fail(files.ErrFormat, "superblock of version %d is not read, expected 0 to 3", version)
	}
	if end != undefined && end-min(s.base, end) > s.size && end > s.size {
		corrupt("the file ends after %d of %d bytes", s.size, end)
	}
}

func (f *File) checkWidths() {
	for _, n := range []int{f.src.offsets, f.src.lengths} {
		if n != 2 && n != 4 && n != 8 {
			corrupt("superblock: addresses of %d and lengths of %d bytes", f.src.offsets, f.src.lengths)
		}
	}
}

// rebase checks the base address that the superblock claims, which is where it stands itself.
func (f *File) rebase(base uint64) {
	if base != f.src.base {
		fail(files.ErrFormat, "superblock at %d has the base address %d, expected the same", f.src.base, base)
	}
}

// Close closes the file.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// maxDepth bounds soft links that lead to soft links.
const maxDepth = 32

// Names returns the names in a group, sorted; path is "/" for the root, or as "/node/nodes".
//
// Errors: files.ErrArray where there is no such group, files.ErrCorrupt.
func (f *File) Names(path string) (names []string, err error) {
	defer catch(&err, path)
	for name := range f.links(f.find(path, 0)) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Has tells whether there is an object at path.
func (f *File) Has(path string) bool {
	_, err := f.object(path)
	return err == nil
}

// IsGroup tells whether there is a group at path.
func (f *File) IsGroup(path string) bool {
	o, err := f.object(path)
	return err == nil && o.isGroup()
}

func (f *File) object(path string) (o *object, err error) {
	defer catch(&err, path)
	return f.find(path, 0), nil
}

// find returns the object at a path.
func (f *File) find(path string, depth int) *object {
	if depth > maxDepth {
		corrupt("%q: more than %d soft links", path, maxDepth)
	}
	o := f.header(f.root)
	at := ""
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." {
			continue
		}
		l, ok := f.links(o)[name]
		if !ok {
			fail(files.ErrArray, "expected an object of this name, found none")
		}
		switch {
		case l.external:
			fail(files.ErrFormat, "a link to another file is not followed")
		case l.soft != "" && strings.HasPrefix(l.soft, "/"):
			o = f.find(l.soft, depth+1)
		case l.soft != "":
			o = f.find(at+"/"+l.soft, depth+1)
		default:
			o = f.header(l.address)
		}
		at += "/" + name
	}
	return o
}
