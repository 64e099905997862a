package files

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/google/renameio/v2"
)

// WriteAtomic replaces the file at path by what write produces, or leaves it as it was.
//
// The order of operations is the one that survives a crash at any point:
//
//	create a temporary file in the folder of path
//	write, fsync the file
//	rename it over path
//	fsync the folder
//
// so that path holds either the old content or the complete new one. Where write or a later step
// returns an error, the temporary file is removed and path is untouched (an error of the last step,
// the fsync of the folder, comes when the new content is in place but may not survive a loss of
// power). A process that is killed leaves at most a hidden temporary file ".<name><number>" beside
// path.
//
// An existing file keeps its permissions, a new one has 0644 less the umask. Where a symbolic link
// is at path, the file that it points to is replaced, or made, and not the link. Writes are
// buffered (64 KiB).
//
// What is no file, a device or a pipe, and all that stands in /dev, is not replaced but written to;
// a pipe that nobody reads is an error.
func WriteAtomic(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && (!info.Mode().IsRegular() || filepath.Dir(path) == filepath.Dir(os.DevNull)) {
		return stream(path, write)
	}
	return replace(path, write, nil)
}

// stream writes to what stands at path.
func stream(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|syscall.O_NONBLOCK, 0)
	if err != nil {
		return named("write "+path+": ", cause(err))
	}
	w := bufio.NewWriterSize(f, 1<<16)
	err = write(w)
	return errors.Join(err, w.Flush(), f.Close())
}

// replace is WriteAtomic. keep, where it is not nil, runs when the new content is complete and
// before it takes its place.
func replace(path string, write func(io.Writer) error, keep func() error) (err error) {
	given := path
	defer func() {
		if err != nil {
			err = named("write "+given+": ", cause(err))
		}
	}()
	if path, err = followed(path); err != nil {
		return err
	}
	if err := change(OpCreate, path); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(dir), renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer Temporary(f.Name())()
	placed := false
	defer func() {
		if !placed {
			err = errors.Join(err, discard(f, path))
		}
	}()
	w := bufio.NewWriterSize(writerFunc(func(p []byte) (int, error) { return writeTo(f.File, path, p) }), 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := change(OpSync, path); err != nil {
		return err
	}
	if keep != nil {
		if err := f.Sync(); err != nil {
			return err
		}
		if err := keep(); err != nil {
			return err
		}
	}
	if err := change(OpRename, path); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	placed = true
	return syncDir(dir)
}

// followed returns the path of the file that symbolic links at path lead to, whether it is there or
// not.
func followed(path string) (string, error) {
	const most = 40 // links, as in Linux
	for range most {
		if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
			return path, nil
		}
		link, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(link) {
			folder, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return "", err
			}
			link = filepath.Join(folder, link)
		}
		path = link
	}
	return "", syscall.ELOOP
}

// pending are the paths that Temporary was given and whose work goes on.
var pending sync.Map

// Temporary notes that what is at path, a file or a folder, is in work and goes with the program,
// until done is called.
func Temporary(path string) (done func()) {
	pending.Store(path, nil)
	return func() { pending.Delete(path) }
}

// Abandon removes what is in work, for a program that ends now and leaves its goroutines where they
// are. A file that takes its place meanwhile is complete.
func Abandon() {
	pending.Range(func(path, _ any) bool {
		_ = os.RemoveAll(path.(string)) // there is nobody to tell
		return true
	})
}

// discard removes the temporary file that was to become the file at path.
func discard(f *renameio.PendingFile, path string) error {
	if err := change(OpDelete, path); err != nil {
		return errors.Join(err, f.Close())
	}
	err := f.Cleanup()
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil // it went with its folder
	}
	return err
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	if err := change(OpSync, dir); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
