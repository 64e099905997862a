// Package rundir is the folder of a run: one process at a time owns it.
//
// The owner holds a lock of the operating system on a file in the folder, which names its
// process and host. The lock goes with the process, however that ends, so that none is ever
// left behind; the file of a killed one is, and means nothing.
package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// lockFile is in the folder as long as a process owns it.
const lockFile = ".lock"

// Dir is a folder that this process owns.
type Dir struct {
	path string
	lock *Lock
	done func() // of the guard of its files
}

// Open takes the folder at path, and makes it where there is none. Temporary files that
// killed writers left in it are removed.
//
// The error is [exit.BadInput]: the folder is owned by another process, which is named, or
// cannot be made or written to.
func Open(path string) (*Dir, error) {
	if err := files.MakeDirs(path); err != nil {
		return nil, &exit.BadInput{File: path, Expected: "a folder for the results", Err: err}
	}
	return open(path)
}

// Claim takes the first of base, base-2, base-3, ... that nobody owns and for which free
// says that it may be used; it makes the folder where there is none. Of several processes
// that claim the same base each gets a folder of its own.
func Claim(base string, free func(path string) bool) (*Dir, error) {
	if err := files.MakeDirs(filepath.Dir(base)); err != nil {
		return nil, &exit.BadInput{File: base, Expected: "a folder for the results", Err: err}
	}
	path := base
	for i := 2; ; i++ {
		err := files.MakeDir(path)
		made := err == nil
		if err != nil && !errors.Is(err, os.ErrExist) {
			return nil, &exit.BadInput{File: path, Expected: "a folder for the results", Err: err}
		}
		if made || free(path) {
			d, err := open(path)
			if err == nil && free(path) { // nobody was faster
				return d, nil
			}
			if err == nil {
				err = d.Close()
			}
			var busy *Busy
			if err != nil && !errors.As(err, &busy) {
				return nil, err
			}
		}
		path = fmt.Sprintf("%s-%d", base, i)
	}
}

func open(path string) (*Dir, error) {
	lock, err := TakeLock(filepath.Join(path, lockFile))
	if err != nil {
		return nil, err
	}
	d := &Dir{path, lock, func() {}}
	if err := d.sweep(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	d.done = files.Guard(path, d.check)
	return d, nil
}

// temporary are the names that atomic writes use before they rename: ".<name><number>".
var temporary = regexp.MustCompile(`^\..*\d{5,}$`)

// sweep removes what killed writers left. Nobody else writes here now.
func (d *Dir) sweep() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return &exit.BadInput{File: d.path, Err: err}
	}
	for _, e := range entries {
		if e.Type().IsRegular() && temporary.MatchString(e.Name()) {
			if err := files.Remove(filepath.Join(d.path, e.Name())); err != nil {
				return &exit.BadInput{File: d.path, Err: err}
			}
		}
	}
	return nil
}

// String returns the path of the folder.
func (d *Dir) String() string { return d.path }

// Path returns the path of a file in the folder.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Has says whether there is something of this name in the folder.
func (d *Dir) Has(name string) bool {
	_, err := os.Lstat(d.Path(name))
	return err == nil
}

// check returns an error where the folder is not that of this process any more.
func (d *Dir) check() error {
	if d.lock.held() {
		return nil
	}
	return fmt.Errorf("the folder %s was removed or emptied while this process worked in it", d.path)
}

// Close gives the folder up.
func (d *Dir) Close() error {
	d.done()
	return d.lock.Close()
}
