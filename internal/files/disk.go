package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

// Change is an operation that changes what is on the disk: one at which a process may be killed,
// and which may fail.
type Change struct {
	Do   Operation
	Path string // of a temporary file too: that of the file which it is to become
	Data []byte // of a write
}

// Operation is a kind of [Change].
type Operation string

// The operations. All files of runs and fits are written by these, and by nothing else.
const (
	OpCreate   Operation = "create"
	OpWrite    Operation = "write"
	OpSync     Operation = "fsync" // of a file or a folder
	OpTruncate Operation = "truncate"
	OpRename   Operation = "rename"
	OpDelete   Operation = "remove"
	OpMkdir    Operation = "mkdir"
)

// intercept is what Intercept was given.
var intercept atomic.Pointer[func(Change) (int, error)]

// Intercept makes f decide about each change before it is made, until restore is called. Where f
// returns an error, the change is not made and the error is that of the operation; of a write, the
// first n bytes are made. It is for tests of what a full disk and a killed process leave.
func Intercept(f func(Change) (n int, err error)) (restore func()) {
	before := intercept.Swap(&f)
	return func() { intercept.Store(before) }
}

// owned are the checks that Guard was given, by the path of the folder.
var owned sync.Map

// Guard makes check decide before a file is made in the folder at path whether that is still the
// folder of this process, until done is called: a folder that was removed and made again, by
// others or because it was not empty yet, is not.
func Guard(path string, check func() error) (done func()) {
	path = filepath.Clean(path)
	owned.Store(path, &check)
	return func() { owned.CompareAndDelete(path, &check) }
}

// change asks whether a change may be made.
func change(do Operation, path string) error {
	if check, ok := owned.Load(filepath.Dir(path)); ok && do == OpCreate {
		if err := (*check.(*func() error))(); err != nil {
			return err
		}
	}
	_, err := changeData(do, path, nil)
	return err
}

func changeData(do Operation, path string, data []byte) (int, error) {
	f := intercept.Load()
	if f == nil {
		return 0, nil
	}
	n, err := (*f)(Change{do, path, data})
	if err != nil {
		err = &fs.PathError{Op: string(do), Path: path, Err: err}
	}
	return n, err
}

// writeTo writes p to f, which is to become the file at path.
func writeTo(f *os.File, path string, p []byte) (int, error) {
	if n, err := changeData(OpWrite, path, p); err != nil {
		n, _ = f.Write(p[:n]) // what is told is why it was cut short
		return n, err
	}
	return f.Write(p)
}

// Remove is os.Remove.
func Remove(path string) error {
	if err := change(OpDelete, path); err != nil {
		return err
	}
	return os.Remove(path)
}

// MakeDir is os.Mkdir with the permissions 0777 less the umask.
func MakeDir(path string) error {
	if err := change(OpMkdir, path); err != nil {
		return err
	}
	return os.Mkdir(path, 0o777)
}

// MakeDirs is os.MkdirAll with the permissions 0777 less the umask.
func MakeDirs(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if err := change(OpMkdir, path); err != nil {
		return err
	}
	return os.MkdirAll(path, 0o777)
}

// Overwrite is os.WriteFile, for files whose content means nothing once the process has ended.
func Overwrite(path string, data []byte) error {
	if err := change(OpCreate, path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = writeTo(f, path, data)
	return err
}
