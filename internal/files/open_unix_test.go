//go:build unix

package files

import (
	"errors"
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
