package files

import (
	"archive/zip"
	"compress/bzip2"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// decodeNPZ reads a .npz file: a zip archive of .npy files.
func decodeNPZ(r io.ReaderAt, size int64) ([]Array, error) {
	budget := elements(size)
	arrays := []Array{}
	err := eachFile(r, size, nil, func(name string, f *zip.File) error {
		m, err := openMember(f)
		if err != nil {
			return err
		}
		defer m.Close()
		a, err := decodeNPY(m, int64(f.UncompressedSize64), &budget)
		a.Name = name
		arrays = append(arrays, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	return arrays, check(arrays)
}

// eachMember calls do for each array that has one of the names, or for all where there are none.
func eachMember(r io.ReaderAt, size int64, names []string, do func(name string, open func() (npyHeader, io.Reader, error)) error) error {
	return eachFile(r, size, names, func(name string, f *zip.File) error {
		var m io.ReadCloser
		err := do(name, func() (h npyHeader, _ io.Reader, err error) {
			if m, err = openMember(f); err != nil {
				return h, nil, err
			}
			h, err = openNPY(m, int64(f.UncompressedSize64))
			h.name = name
			return h, m, err
		})
		if m != nil {
			m.Close()
		}
		return err
	})
}

// eachFile calls do for each member of a zip archive of .npy files that has one of the names, or
// for all where there are none.
func eachFile(r io.ReaderAt, size int64, names []string, do func(name string, f *zip.File) error) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("%w: .npz: expected a complete zip archive in %d bytes: %w", ErrCorrupt, size, err)
	}
	z.RegisterDecompressor(methodBzip2, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	left := uint64(size)
	for _, f := range z.File { // members may claim the same bytes, each less than there are
		if f.CompressedSize64 > left {
			return fmt.Errorf("%w: .npz: members overlap: they claim more than the %d bytes of the archive", ErrCorrupt, size)
		}
		left -= f.CompressedSize64
	}
	seen := map[string]bool{}
	packed, unpacked := 0.0, 0.0 // bytes of those that are compressed
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			return fmt.Errorf("%w: .npz: expected members that end in .npy, found %q", ErrFormat, f.Name)
		}
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		if seen[name] {
			return fmt.Errorf("%w: name %q occurs twice", ErrArray, name)
		}
		seen[name] = true
		if f.Method != zip.Store {
			packed, unpacked = packed+float64(f.CompressedSize64), unpacked+float64(f.UncompressedSize64)
		}
		if unpacked > largeUnpacked && unpacked > maxRatio*packed {
			return fmt.Errorf("array %q: %w: %.0f bytes in the archive claim to be %.0f, more than %d times as many; numpy.savez stores them as they are",
				name, ErrTooLarge, packed, unpacked, maxRatio)
		}
		if err := do(name, f); err != nil {
			return fmt.Errorf("array %q: %w", name, err)
		}
	}
	return nil
}

// Methods of compression of zip archives (APPNOTE.TXT 4.4.5) besides those of archive/zip.
const methodBzip2 = 12

var methodNames = map[uint16]string{9: "deflate64", 14: "LZMA", 93: "zstandard", 95: "xz", 98: "PPMd", 99: "AES encryption"}

// Members that are unpacked to more than largeUnpacked bytes may have at most maxRatio times the
// bytes that they have in the archive. Deflate reaches 1032, with which a few megabytes of zeros
// would fill a memory; spikes that are stored as bytes have some 10 to 100.
const (
	largeUnpacked = 32 << 20
	maxRatio      = 200
)

// openMember begins to unpack a member.
func openMember(f *zip.File) (io.ReadCloser, error) {
	const encrypted = 1
	method, known := methodNames[f.Method]
	switch {
	case f.Flags&encrypted != 0:
		return nil, fmt.Errorf("%w: the member is encrypted", ErrFormat)
	case known:
		return nil, fmt.Errorf("%w: the member is compressed by %s, expected none, deflate (numpy.savez_compressed) or bzip2", ErrFormat, method)
	case f.Method != zip.Store && f.Method != zip.Deflate && f.Method != methodBzip2:
		return nil, fmt.Errorf("%w: the member is compressed by method %d, expected none, deflate (numpy.savez_compressed) or bzip2", ErrFormat, f.Method)
	case f.UncompressedSize64 > math.MaxInt64:
		return nil, fmt.Errorf("%w: claims %d bytes", ErrCorrupt, f.UncompressedSize64)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return r, nil
}

// encodeNPZ writes arrays as a zip archive without compression and without times.
func encodeNPZ(w io.Writer, arrays []Array) error {
	z := zip.NewWriter(w)
	for _, a := range arrays {
		if a.Name == "" {
			return fmt.Errorf("%w: .npz: an array without a name", ErrArray)
		}
		m, err := z.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if err := encodeNPY(m, a); err != nil {
			return err
		}
	}
	return z.Close()
}
