package parts

import (
	"errors"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/rundir"
)

// Journal is a file with a line of JSON, an L, for each part that is finished. It may be used by
// several goroutines and processes at once.
type Journal[L any] struct {
	path string
	name func(L) string

	mu   sync.Mutex
	size int64 // of the lines that were read
	done map[string]L
}

// Open opens the journal at path, and makes its folder where there is none; name returns the part
// that a line is of. With fresh it begins anew.
//
// Errors are [*exit.BadInput]: a line that is no L, or with fresh a process that makes parts now.
func Open[L any](path string, fresh bool, name func(L) string) (*Journal[L], error) {
	j := &Journal[L]{path: path, name: name, done: map[string]L{}}
	if err := files.MakeDirs(filepath.Dir(path)); err != nil {
		return nil, &exit.BadInput{File: path, Err: err}
	}
	if fresh {
		return j, j.clear()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j, j.read()
}

// Begin makes head the first line of a journal without lines, and returns the line that stands for
// the part of head then, whoever wrote it.
func (j *Journal[L]) Begin(head L) (L, error) {
	err := j.locked(func() error {
		if len(j.done) > 0 {
			return nil
		}
		return j.write(head)
	})
	return j.done[j.name(head)], err
}

// find returns the line of a part.
func (j *Journal[L]) find(part string) (line L, ok bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if line, ok = j.done[part]; ok {
		return line, true, nil
	}
	err = j.read()
	line, ok = j.done[part]
	return line, ok, err
}

// add appends the line of a part that is finished.
func (j *Journal[L]) add(line L) error { return j.locked(func() error { return j.write(line) }) }

// claim takes the lock of a part; it returns [*rundir.Busy] where another process has it.
func (j *Journal[L]) claim(part string) (*rundir.Lock, error) {
	return rundir.TakeLock(j.path + "." + unsafe.ReplaceAllString(part, "-") + ".lock")
}

// unsafe is what names of files do not hold everywhere.
var unsafe = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// locked runs do on the newest lines while no other process writes.
func (j *Journal[L]) locked(do func() error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		lock, err := rundir.TakeLock(j.path + ".lock")
		if busy := (*rundir.Busy)(nil); errors.As(err, &busy) { // it writes a line
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		if err = j.read(); err == nil {
			err = do()
		}
		return errors.Join(err, lock.Close())
	}
}

// read reads the lines that came since.
func (j *Journal[L]) read() error {
	lines, end, err := files.ReadLinesAfter[L](j.path, j.size)
	if err != nil {
		return &exit.BadInput{File: j.path, Expected: "a line of JSON for each finished part", Err: err}
	}
	for _, line := range lines {
		j.done[j.name(line)] = line
	}
	j.size = end
	return nil
}

// write appends a line; an unfinished one, which a killed process left, makes room for it.
func (j *Journal[L]) write(line L) error {
	if err := rundir.Unseal(filepath.Dir(j.path)); err != nil {
		return &exit.BadInput{File: j.path, Err: err}
	}
	out, err := files.OpenLines(j.path, files.All)
	if err != nil {
		return &exit.BadInput{File: j.path, Err: err}
	}
	if err := errors.Join(out.Write(line), out.Close()); err != nil {
		return &exit.BadInput{File: j.path, Err: err}
	}
	j.size, j.done[j.name(line)] = out.Size(), line
	return nil
}

// clear removes all lines, unless a process makes a part now.
func (j *Journal[L]) clear() error {
	held, err := filepath.Glob(j.path + ".*.lock")
	if err != nil {
		return &exit.BadInput{File: j.path, Err: err}
	}
	for _, path := range held {
		lock, err := rundir.TakeLock(path)
		if err == nil {
			err = lock.Close()
		}
		if err != nil {
			return err
		}
	}
	return j.locked(func() error {
		clear(j.done)
		err := rundir.Unseal(filepath.Dir(j.path))
		if err != nil {
			return &exit.BadInput{File: j.path, Err: err}
		}
		out, err := files.OpenLines(j.path, 0)
		if err == nil {
			err = out.Close()
		}
		if err != nil {
			return &exit.BadInput{File: j.path, Err: err}
		}
		j.size = 0
		return nil
	})
}
