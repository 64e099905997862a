// Package files reads and writes the files of surge so that nothing is lost and nothing wrong is
// read.
//
// # Overview
//
//   - [WriteAtomic] replaces a file completely or not at all.
//   - [Archive] is the container of checkpoints: metadata and named arrays in one checksummed file,
//     written with [Write] or [WriteKeep] and read with [Read] or [ReadLatest].
//   - [ReadArrays] and [WriteArrays] exchange named arrays with other programs: .npy and .npz of
//     NumPy, .csv with a header.
//   - [ReadPacked] reads arrays of .npy and .npz files that stay in their element type, for data
//     sets; [Members] lists them.
//   - [ReadTable] reads the tables that spreadsheets and measuring programs write, with texts too.
//   - [Lines] appends to a JSON Lines file such as metrics.jsonl; [ReadLines] reads it back, also
//     after a crash.
//
// # Errors
//
// Errors wrap a sentinel ([ErrCorrupt], [ErrVersion], ...) and name the file, what was expected and
// what was found. Bytes from outside never cause a panic, and a size that a file claims is compared
// with the size it has before memory is taken for it.
package files

import (
	"errors"
	"fmt"
)

// Errors of this package; they are wrapped with the file, what was expected and what was found.
var (
	// ErrCorrupt signifies a file that is cut off, damaged, or not of the kind that its name or its
	// reader says.
	ErrCorrupt = errors.New("files: damaged or incomplete file")
	// ErrVersion signifies a file that a newer surge wrote, in a form that this one does not know.
	ErrVersion = errors.New("files: written by a newer version")
	// ErrFormat signifies a complete file of another kind than asked for, or an unknown file
	// ending.
	ErrFormat = errors.New("files: unexpected file format")
	// ErrArray signifies an array that is missing, occurs twice, or has another element type, shape
	// or range than asked for.
	ErrArray = errors.New("files: unexpected array")
	// ErrTooLarge signifies data beyond a documented limit.
	ErrTooLarge = errors.New("files: data exceeds the limit")
)

// named puts the package and what was done before an error; those of this package have it already.
func named(did string, err error) error {
	for _, ours := range []error{ErrCorrupt, ErrVersion, ErrFormat, ErrArray, ErrTooLarge} {
		if errors.Is(err, ours) {
			return fmt.Errorf("%s%w", did, err)
		}
	}
	return fmt.Errorf("files: %s%w", did, err)
}
