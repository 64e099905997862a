package files

import (
	"bytes"
	"errors"
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
	switch e := err.(type) {
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}

// MaxStream is the number of bytes that [ReadFile] takes from a pipe, which does not say how long
// it is, and [ReadJSON] of a file, MaxLine that of one line, and MaxText that of an experiment,
// for whose bytes the parser of TOML takes forty times as many.
const (
	MaxStream = 1 << 30
	MaxLine   = 64 << 20
	MaxText   = 1 << 20
)

// ReadFile returns the content of the file at path. Errors are those of [Open] and os.ReadFile, and
// [ErrTooLarge] for a file that the machine has no memory for, such as one that is mostly a hole,
// and for a pipe with more than [MaxStream] bytes.
func ReadFile(path string) ([]byte, error) { return readFile(path, math.MaxInt64) }

// ReadText is [ReadFile] for an experiment, of at most [MaxText] bytes.
func ReadText(path string) (string, error) {
	b, err := readFile(path, MaxText)
	if errors.Is(err, ErrTooLarge) {
		err = fmt.Errorf("%w; arrays belong in a file of their own, as .npz", err)
	}
	return string(b), err
}

// ReadJSON is [ReadFile] for a text that programs write, of at most [MaxStream] bytes: what is
// larger is an error before any of it is read.
func ReadJSON(path string) ([]byte, error) { return readFile(path, MaxStream) }

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
	if !info.Mode().IsRegular() {
		most = min(most, MaxStream)
		b, err := io.ReadAll(io.LimitReader(f, most+1))
		if err == nil && int64(len(b)) > most {
			return nil, fmt.Errorf("%s: %w", path, tooLarge(most, int64(len(b))))
		}
		return b, err
	}
	if err := fits(info.Size(), most); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b := make([]byte, info.Size()) // in one piece of memory of the right size
	n, err := io.ReadFull(f, b)
	if err == nil {
		var rest []byte
		if rest, err = io.ReadAll(io.LimitReader(f, MaxStream+1)); len(rest) > MaxStream { // a pipe in disguise
			return nil, fmt.Errorf("%s: %w", path, tooLarge(MaxStream, int64(len(b)+len(rest))))
		}
		return append(b, rest...), err
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return b[:n], nil
	}
	return nil, err
}

// OpenWhole is [Open] of a file whose content is to be held in memory.
//
// Errors are those of [Open], and [ErrTooLarge] as of [ReadFile]: of a pipe when it is read.
func OpenWhole(path string) (io.ReadCloser, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		err = fits(info.Size(), math.MaxInt64)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	most := max(info.Size(), MaxStream)
	return &whole{f, most, most}, nil
}

// whole is a file that is not to have more than so many bytes.
type whole struct {
	f          *os.File
	most, left int64
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.f.Read(p[:min(int64(len(p)), w.left+1)])
	if w.left -= int64(n); w.left < 0 {
		return 0, tooLarge(w.most, w.most+1)
	}
	return n, err
}

func (w *whole) Close() error { return w.f.Close() }

// OpenText is [OpenWhole] of a file of lines, of which none has more than [MaxLine] bytes: a longer
// one is [ErrTooLarge] when it is read.
func OpenText(path string) (io.ReadCloser, error) {
	f, err := OpenWhole(path)
	if err != nil {
		return nil, err
	}
	return &struct {
		io.Reader
		io.Closer
	}{&boundLines{r: f}, f}, nil
}

// boundLines is a text whose lines are not to be longer than MaxLine.
type boundLines struct {
	r    io.Reader
	line int // bytes of the line at hand
}

func (b *boundLines) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if i := bytes.LastIndexByte(p[:n], '\n'); i >= 0 {
		b.line = -(i + 1)
	}
	if b.line += n; b.line > MaxLine {
		return 0, fmt.Errorf("%w: expected lines of at most %d bytes, found a longer one", ErrTooLarge, MaxLine)
	}
	return n, err
}

// fits says whether the content of a file of this size, of which a format allows so much, can be
// held in memory.
func fits(size, most int64) error {
	if size <= min(MaxLine, most) { // to ask what is left takes longer than to read a small file
		return nil
	}
	if most = held(most); size > most {
		return tooLarge(most, size)
	}
	return nil
}

// held returns how many bytes the machine has memory for, of so many.
func held(most int64) int64 {
	left := memory.Available()
	if left == 0 { // not known
		left = 16 << 30
	}
	return min(most, left)
}

func tooLarge(most, size int64) error {
	return fmt.Errorf("%w: expected at most %d bytes, found %d", ErrTooLarge, most, size)
}
