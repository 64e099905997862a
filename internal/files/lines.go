package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// Lines appends JSON values to a file, one per line (metrics.jsonl). Every line is handed to the
// operating system by one write, before Write returns: a process that is killed loses no line, and
// leaves at most an unfinished last one.
type Lines struct {
	f    *os.File
	size int64
}

// All tells [OpenLines] to keep every complete line.
const All int64 = -1

// OpenLines opens the file at path for appending and keeps its first size bytes: 0 begins anew,
// [All] keeps all complete lines and drops an unfinished last one; both create the file where there
// is none. A run that goes on from a checkpoint gives the Size that it saved there; lines written
// after that checkpoint are then written again, and the file ends up as if the run had never
// stopped.
//
// Errors: [ErrCorrupt] where the file is shorter than size or has no end of line there (the file is
// then left as it is), or that of the file system.
func OpenLines(path string, size int64) (*Lines, error) {
	flag := os.O_RDWR
	if size <= 0 {
		flag |= os.O_CREATE
	}
	if err := change(OpCreate, path); err != nil {
		return nil, named("", err)
	}
	f, err := os.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, named("", err)
	}
	l := &Lines{f: f}
	if err := l.keep(size); err != nil {
		return nil, errors.Join(named(path+": ", err), f.Close())
	}
	return l, nil
}

// keep cuts the file after size bytes and goes there.
func (l *Lines) keep(size int64) error {
	info, err := l.f.Stat()
	if err != nil {
		return err
	}
	found := info.Size()
	if size == All {
		if size, err = completeLines(l.f, found); err != nil {
			return err
		}
	}
	if size < 0 || size > found {
		return fmt.Errorf("%w: expected at least %d bytes, found %d", ErrCorrupt, size, found)
	}
	if size > 0 {
		last := make([]byte, 1)
		if _, err := l.f.ReadAt(last, size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			return fmt.Errorf("%w: expected the end of a line after %d bytes, found %q", ErrCorrupt, size, last)
		}
	}
	if size != found {
		if err := change(OpTruncate, l.f.Name()); err != nil {
			return err
		}
		if err := l.f.Truncate(size); err != nil {
			return err
		}
	}
	l.size = size
	_, err = l.f.Seek(size, io.SeekStart)
	return err
}

// completeLines returns the length of r, which has size bytes, up to its last end of line.
func completeLines(r io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 1<<16)
	for size > 0 {
		b := buf[:min(int64(len(buf)), size)]
		if _, err := r.ReadAt(b, size-int64(len(b))); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			return size - int64(len(b)) + int64(i) + 1, nil
		}
		size -= int64(len(b))
	}
	return 0, nil
}

// Write appends v as JSON in one line. Numbers read back exactly: float64 and float32 have the
// fewest digits that do.
//
// Errors: that of encoding/json, for a NaN or an infinity in particular, with nothing written; or
// that of the file system: what was written of the line is then taken back.
func (l *Lines) Write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("files: %s: %w", l.f.Name(), err)
	}
	if _, err := writeTo(l.f, l.f.Name(), append(b, '\n')); err != nil {
		return errors.Join(named("", err), l.keep(l.size))
	}
	l.size += int64(len(b)) + 1
	return nil
}

// Size returns the length of the file in bytes, for [OpenLines].
func (l *Lines) Size() int64 { return l.size }

// Sync makes the lines durable, against a loss of power as well. Call it before writing a
// checkpoint that holds Size.
func (l *Lines) Sync() error {
	err := change(OpSync, l.f.Name())
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		return named("", err)
	}
	return nil
}

// Close syncs and closes the file.
func (l *Lines) Close() error {
	err := l.Sync()
	if e := l.f.Close(); e != nil {
		err = errors.Join(err, fmt.Errorf("files: %w", e))
	}
	return err
}

// ReadLines reads the lines of a JSON Lines file into values of type T. An unfinished last line,
// which a killed process or one that is still writing leaves, is not an error: rest is its length
// in bytes, 0 where there is none.
//
// Errors: [ErrCorrupt] with the number of the line where a complete line is not JSON or not a T, or
// that of the file system.
func ReadLines[T any](path string) (rows []T, rest int, err error) {
	b, err := ReadFile(path)
	if err != nil {
		return nil, 0, named("", err)
	}
	rows, rest, err = decodeLines[T](b)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return rows, rest, nil
}

// ReadLinesAfter is [ReadLines] of what follows the first size bytes; end is where the last
// complete line ends. A file that does not exist has no lines. What follows is bounded as by
// [ReadFile].
func ReadLinesAfter[T any](path string, size int64) (rows []T, end int64, err error) {
	f, err := Open(path)
	if errors.Is(err, os.ErrNotExist) && size == 0 {
		return nil, 0, nil
	}
	if err != nil {
		return nil, size, named("", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, size, named("", err)
	}
	if info.Size() < size {
		return nil, size, fmt.Errorf("%w: %s: expected at least %d bytes, found %d", ErrCorrupt, path, size, info.Size())
	}
	if err := fits(info.Size()-size, math.MaxInt64); err != nil {
		return nil, size, fmt.Errorf("%s: %w", path, err)
	}
	b, err := io.ReadAll(io.NewSectionReader(f, size, info.Size()-size))
	if err != nil {
		return nil, size, named("", err)
	}
	rows, rest, err := decodeLines[T](b)
	if err != nil {
		return nil, size, fmt.Errorf("%s: %w", path, err)
	}
	return rows, size + int64(len(b)-rest), nil
}

func decodeLines[T any](b []byte) (rows []T, rest int, err error) {
	for number := 1; ; number++ {
		line, after, complete := bytes.Cut(b, []byte{'\n'})
		if !complete {
			return rows, len(b), nil
		}
		var row T
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, 0, fmt.Errorf("%w: line %d: expected JSON, found %.60q: %w", ErrCorrupt, number, line, err)
		}
		rows, b = append(rows, row), after
	}
}
