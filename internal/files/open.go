package files

import (
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/memory"
)

// Open opens the file at path for reading. A named pipe is refused, with [ErrFormat], before it is
// opened: to open one that nobody writes to takes for ever. Pipes that the process was given, as
// /dev/stdin and /dev/fd/3, are open already. Devices are refused, as some have no end, but for
// the null device, which is empty.
//
// Other errors are those of os.Open.
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: cause(err)}
	}
	given := strings.HasPrefix(filepath.Clean(path), "/dev/") || strings.HasPrefix(filepath.Clean(path), "/proc/")
	switch m := info.Mode(); {
	case !given && m&(fs.ModeNamedPipe|fs.ModeSocket) != 0:
		return nil, fmt.Errorf("%w: %s: expected a regular file, found a named pipe or a socket", ErrFormat, path)
	case m&fs.ModeDevice != 0 && !isNull(info):
		return nil, fmt.Errorf("%w: %s: expected a regular file, found a device", ErrFormat, path)
	}
	return os.Open(path)
}

func isNull(info fs.FileInfo) bool {
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}

// cause takes what an operation on a path said off an error.
func cause(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

// MaxStream is the number of bytes that [ReadFile] takes from a pipe, which does not say how long
// it is, and MaxText that of a text that people write.
const (
	MaxStream = 1 << 30
	MaxText   = 64 << 20
)

// ReadFile returns the content of the file at path. Errors are those of [Open] and os.ReadFile, and
// [ErrTooLarge] for a file that the machine has no memory for, such as one that is mostly a hole,
// and for a pipe with more than [MaxStream] bytes.
func ReadFile(path string) ([]byte, error) { return readFile(path, math.MaxInt64) }

// ReadText is [ReadFile] for a text that people write, of at most [MaxText] bytes.
func ReadText(path string) (string, error) {
	b, err := readFile(path, MaxText)
	return string(b), err
}

func readFile(path string, most int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tooLarge := func(size int64) error {
		return fmt.Errorf("%w: %s: expected at most %d bytes, found %d", ErrTooLarge, path, most, size)
	}
	if !info.Mode().IsRegular() {
		most = min(most, MaxStream)
		b, err := io.ReadAll(io.LimitReader(f, most+1))
		if err == nil && int64(len(b)) > most {
			return nil, tooLarge(int64(len(b)))
		}
		return b, err
	}
	if size := info.Size(); size > MaxText { // to ask what is left takes longer than to read a small file
		left := memory.Available()
		if left == 0 { // not known
			left = 16 << 30
		}
		most = min(most, left)
		if size > most {
			return nil, tooLarge(size)
		}
	}
	b := make([]byte, info.Size()) // in one piece of memory of the right size
	n, err := io.ReadFull(f, b)
	if err == nil {
		var rest []byte
		if rest, err = io.ReadAll(io.LimitReader(f, MaxStream+1)); len(rest) > MaxStream { // a pipe in disguise
			most = MaxStream
			return nil, tooLarge(int64(len(b) + len(rest)))
		}
		return append(b, rest...), err
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return b[:n], nil
	}
	return nil, err
}
