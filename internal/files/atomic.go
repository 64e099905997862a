package files

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

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
// so that path holds either the old content or the complete new one. Where write or a later step returns an error, the
// temporary file is removed and path is untouched (an error of the last step, the fsync of the folder, comes when the
// new content is in place but may not survive a loss of power). A process that is killed leaves at most a hidden
// temporary file ".<name><number>" beside path.
//
// An existing file keeps its permissions, a new one has 0644 less the umask. A symbolic link at path is replaced, not
// followed. Writes are buffered (64 KiB).
func WriteAtomic(path string, write func(io.Writer) error) error {
	return replace(path, write, nil, func(step) {})
}

// step is a point of replace at which a process may die and leave a state of its own on the disk.
type step int

const (
	stepCreate step = iota // nothing has been done
	stepWrite              // before each write to the temporary file (more than once)
	stepKeep               // the temporary file is written, not yet in place
	stepRename             // the file that was at path has been kept
	stepSync               // the new file is in place, the folder is not yet synced
)

// replace is WriteAtomic. keep, where it is not nil, runs when the new content is complete and before it takes its place.
// at is called before each step; tests end the process there.
func replace(path string, write func(io.Writer) error, keep func() error, at func(step)) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("files: write %s: %w", path, err)
		}
	}()
	at(stepCreate)
	dir := filepath.Dir(path)
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(dir), renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Cleanup(); e != nil {
			err = errors.Join(err, e)
		}
	}()
	w := bufio.NewWriterSize(writerFunc(func(p []byte) (int, error) {
		at(stepWrite)
		return f.Write(p)
	}), 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if keep != nil {
		if err := f.Sync(); err != nil {
			return err
		}
		at(stepKeep)
		if err := keep(); err != nil {
			return err
		}
	}
	at(stepRename)
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	at(stepSync)
	return syncDir(dir)
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
