//go:build unix

package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/surge-snn/surge/internal/memory"
)

// A pipe that nobody writes to is an error at once.
func TestNamedPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	_, archive := Read(path, Format{})
	_, text := ReadFile(path)
	for _, err := range []error{archive, text} {
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%v, want ErrFormat", err)
		}
	}
	if _, err := ReadFile(path + "none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestNoEnd: a device without an end and a hole that no memory holds are errors at once, and the
// null device is an empty file.
func TestNoEnd(t *testing.T) {
	if _, err := ReadFile("/dev/zero"); !errors.Is(err, ErrFormat) {
		t.Errorf("/dev/zero: %v, want ErrFormat", err)
	}
	if b, err := ReadFile(os.DevNull); err != nil || len(b) != 0 {
		t.Errorf("%s: %d bytes, %v", os.DevNull, len(b), err)
	}
	path := filepath.Join(t.TempDir(), "hole")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 43); err != nil {
		t.Skip(err)
	}
	if _, err := ReadText(path); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a text with a hole: %v, want ErrTooLarge", err)
	}
	if err := f.Truncate(MaxStream + 1); err != nil {
		t.Skip(err)
	}
	if b, err := ReadJSON(path); !errors.Is(err, ErrTooLarge) || b != nil {
		t.Errorf("JSON with a hole: %d bytes, %v, want ErrTooLarge", len(b), err)
	}
	if err := f.Truncate(1 << 43); err != nil {
		t.Skip(err)
	}
	if memory.Available() == 0 {
		t.Skip("the system does not say what is left")
	}
	for name, read := range map[string]func() error{
		"bytes":     func() error { _, err := ReadFile(path); return err },
		"container": func() error { _, err := Read(path, Format{}); return err },
		"table":     func() error { _, err := ReadTable(path); return err },
		"arrays":    func() error { _, err := ReadArrays(path); return err },
	} {
		if err := read(); err == nil {
			t.Errorf("%s: a hole of 2^43 bytes is read", name)
		}
	}
}

// TestStream: what is no file is written to, and stays what it is; a pipe that nobody reads and a
// folder are errors at once.
func TestStream(t *testing.T) {
	dir := t.TempDir()
	null, fifo := filepath.Join(dir, "null"), filepath.Join(dir, "pipe")
	if err := os.Symlink(os.DevNull, null); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	write := func(path string) error {
		return WriteAtomic(path, func(w io.Writer) error { _, err := io.WriteString(w, "text"); return err })
	}
	for _, path := range []string{null, os.DevNull} {
		if err := write(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() {
			t.Fatalf("%s is %v now, %v", path, info.Mode(), err)
		}
	}
	for path, want := range map[string]error{fifo: syscall.ENXIO, dir: syscall.EISDIR, "/dev/full": syscall.ENOSPC} {
		if err := write(path); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	opened, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if err := write(fifo); err != nil { // the pipe keeps it
		t.Fatal(err)
	}
	if text, err := io.ReadAll(opened); string(text) != "text" {
		t.Errorf("the pipe gave %q, %v", text, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestNoSpace: the error names the file, and not one that is gone again.
func TestNoSpace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "file")
	err := WriteAtomic(path, func(io.Writer) error { return nil })
	if want := "files: write " + path + ": no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
