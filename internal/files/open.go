package files

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Open opens the file at path for reading. A named pipe is refused, with [ErrFormat], before it is
// opened: to open one that nobody writes to takes for ever. Pipes that the process was given, as
// /dev/stdin and /dev/fd/3, are open already.
//
// Other errors are those of os.Open.
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: cause(err)}
	}
	given := strings.HasPrefix(filepath.Clean(path), "/dev/") || strings.HasPrefix(filepath.Clean(path), "/proc/")
	if m := info.Mode(); !given && m&(fs.ModeNamedPipe|fs.ModeSocket) != 0 {
		return nil, fmt.Errorf("%w: %s: expected a regular file, found a named pipe or a socket", ErrFormat, path)
	}
	return os.Open(path)
}

// cause takes what an operation on a path said off an error.
func cause(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

// ReadFile returns the content of the file at path. Errors are those of [Open] and os.ReadFile.
func ReadFile(path string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() { // in one piece of memory of the right size
		b := make([]byte, info.Size())
		n, err := io.ReadFull(f, b)
		if err == nil {
			var rest []byte
			rest, err = io.ReadAll(f)
			return append(b, rest...), err
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return b[:n], nil
		}
		return nil, err
	}
	return io.ReadAll(f)
}
