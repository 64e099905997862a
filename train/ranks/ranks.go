// Package ranks is training by several processes of MPI: they make sure that all run the same
// program on the same experiment and data, and one of them says what went wrong. What they compute
// together is [train.Shard]'s matter.
package ranks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/mpi"
	"github.com/surge-snn/surge/train"
)

// World are the processes that train together, this one among them.
type World struct{ *mpi.World }

// Join takes part in what a starter such as mpiexec has started.
func Join(timeout time.Duration) (World, error) {
	w, err := mpi.Start()
	if err != nil {
		return World{}, err
	}
	w.Timeout = timeout
	if w.Size() > 1 {
		mpi.ShareProcessors()
	}
	return World{w}, nil
}

// Peers returns the processes as those of a learner, nil for one alone.
func (r World) Peers() train.Peers {
	if r.Size() == 1 {
		return nil
	}
	return r.World
}

// First tells whether this process writes the files and the words of the run.
func (r World) First() bool { return r.Rank() == 0 }

// Leave ends the part of this process. One process reports what went wrong: the first, or the
// second where the first is the one that does not answer.
func (r World) Leave(stderr io.Writer, err error) error {
	if r.Size() == 1 {
		return err
	}
	left := (*mpi.Left)(nil)
	if errors.As(err, &left) && left.Silent && (r.First() || left.Rank == 0 && r.Rank() == 1) {
		fmt.Fprintf(stderr, "surge: %v\n", err) // Leave ends all processes, this one too
	}
	err = r.World.Leave(err)
	if r.First() && (left == nil || !left.Silent) {
		return err
	}
	// A starter may end all others as soon as one ends with a status other than 0, before the first
	// has said why: its status is that of the run.
	return nil
}

// Identity is what must be the same for all ranks, and what the first one decides for all.
type Identity struct {
	Rank                              int
	Program, Config, Data, Checkpoint string // SHA-256
	Host                              string
	Process                           int
	Resume                            bool
}

// Agree exchanges the identities of all ranks and returns that of the first. Ranks that run
// something else are an error, the same for all.
func (r World) Agree(mine Identity) (first Identity, all []Identity, err error) {
	mine.Rank, mine.Process = r.Rank(), os.Getpid()
	if mine.Host, err = os.Hostname(); err != nil {
		mine.Host = "this host"
	}
	all = []Identity{mine}
	for step := 1; step < r.Size(); step *= 2 {
		message, err := json.Marshal(all)
		if err != nil {
			return first, nil, err
		}
		if message, err = r.Exchange(r.Rank()^step, message); err != nil {
			return first, nil, err
		}
		var more []Identity
		if err := json.Unmarshal(message, &more); err != nil {
			return first, nil, fmt.Errorf("rank %d: %w", r.Rank()^step, err)
		}
		if r.Rank()&step == 0 {
			all = append(all, more...)
		} else {
			all = append(more, all...)
		}
	}
	first = all[0]
	for _, one := range all[1:] {
		for _, part := range []struct{ name, is, want string }{
			{"program", one.Program, first.Program}, {"experiment", one.Config, first.Config},
			{"data", one.Data, first.Data}, {"checkpoint", one.Checkpoint, first.Checkpoint},
		} {
			if part.is != part.want {
				return first, all, &exit.BadInput{File: fmt.Sprintf("rank %d on %s", one.Rank, one.Host),
					Expected: fmt.Sprintf("the %s of rank 0, SHA-256 %.12s...", part.name, part.want), Found: fmt.Sprintf("another, %.12s...", part.is)}
			}
		}
	}
	return first, all, nil
}

// Identify returns the identity of this process.
func Identify(config string, sets train.Data) (id Identity, err error) {
	program, err := os.Executable()
	if err != nil {
		return id, err
	}
	if id.Program, err = FileDigest(program); err != nil {
		return id, err
	}
	id.Config = files.Digest([]byte(config))
	if id.Data, err = sets.Digest(); err != nil {
		return id, err
	}
	return id, nil
}

// FileDigest returns the SHA-256 of a file; of none, "none".
func FileDigest(path string) (string, error) {
	sum, err := files.DigestFile(filepath.Clean(path))
	if errors.Is(err, os.ErrNotExist) {
		return "none", nil
	}
	return sum, err
}
