package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Lock is a file that one process at a time holds; it names that process and its host.
type Lock struct {
	path string
	file *flock.Flock
}

// Busy is the error of a lock that another process holds.
type Busy struct {
	Path  string // of the file
	Owner string // "process 4711 on host"; empty where that is not known
}

// Error names the owner.
func (b *Busy) Error() string {
	owner := b.Owner
	if owner == "" {
		owner = "another process"
	}
	return owner + " is working in this folder"
}

// TakeLock takes the file at path, and makes it where there is none.
//
// The error is [exit.BadInput] and names the folder: another process holds the file, which is
// [Busy], or it cannot be made or written to.
func TakeLock(path string) (*Lock, error) {
	dir := filepath.Dir(path)
	for {
		file := flock.New(path)
		locked, err := file.TryLock()
		if err != nil {
			return nil, &exit.BadInput{File: dir, Expected: "a folder for the results", Err: err}
		}
		if !locked {
			owner, _ := os.ReadFile(path) // it may be gone, or not be written yet
			busy := &Busy{path, strings.TrimSpace(string(owner))}
			return nil, &exit.BadInput{File: dir, Expected: "a folder that no other process works in", Err: busy}
		}
		// The one before may have removed the file between our opening and our locking it:
		// then the lock is on a file that nobody else will find.
		l := &Lock{path: path, file: file}
		if !l.held() {
			if err := file.Close(); err != nil {
				return nil, &exit.BadInput{File: dir, Err: err}
			}
			continue
		}
		host, err := os.Hostname()
		if err != nil {
			host = "this host"
		}
		if err := files.Overwrite(path, fmt.Appendf(nil, "process %d on %s\n", os.Getpid(), host)); err != nil {
			return nil, errors.Join(&exit.BadInput{File: dir, Err: err}, l.Close())
		}
		return l, nil
	}
}

// held says whether the file that is locked is the one that others find.
func (l *Lock) held() bool {
	mine, err := l.file.Stat()
	there, err2 := os.Stat(l.path)
	return err == nil && err2 == nil && os.SameFile(mine, there)
}

// Close gives the lock up, and removes its file.
func (l *Lock) Close() (err error) {
	if l.held() { // not gone with the folder
		err = files.Remove(l.path) // before the lock is: it is ours
	}
	if err = errors.Join(err, l.file.Close()); err != nil {
		return fmt.Errorf("%s: %w", filepath.Dir(l.path), err)
	}
	return nil
}
