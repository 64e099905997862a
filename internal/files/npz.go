package files

import (
	"archive/zip"
	"fmt"
	"io"
	"math"
	"strings"
)

// decodeNPZ reads a .npz file: a zip archive of .npy files.
func decodeNPZ(r io.ReaderAt, size int64) ([]Array, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: .npz: expected a complete zip archive in %d bytes: %w", ErrCorrupt, size, err)
	}
	budget := MaxElements
	arrays := make([]Array, 0, len(z.File))
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("%w: .npz: expected members that end in .npy, found %q", ErrFormat, f.Name)
		}
		a, err := decodeMember(f, &budget)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		a.Name = name
		arrays = append(arrays, a)
	}
	return arrays, check(arrays)
}

func decodeMember(f *zip.File, budget *int) (Array, error) {
	if f.UncompressedSize64 > math.MaxInt64 {
		return Array{}, fmt.Errorf("%w: claims %d bytes", ErrCorrupt, f.UncompressedSize64)
	}
	r, err := f.Open()
	if err != nil {
		return Array{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	defer r.Close()
	return decodeNPY(r, int64(f.UncompressedSize64), budget)
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
