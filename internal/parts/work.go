package parts

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/surge-snn/surge/internal/rundir"
)

// Work is what is to be made, in parts.
type Work[L any] struct {
	Parts   []string    // their names
	Journal *Journal[L] // that the processes have in common; nil: this one makes all
	Make    func(ctx context.Context, i int) (L, error)
	Workers int  // parts at the same time, at least 1
	First   int  // the part at which this process begins to look
	Wait    bool // for parts that others make

	// Done is called for each part in their order, as soon as it and all before are there, one at a
	// time; nil: it is not.
	Done func(i int, line L)
}

// Do makes the parts that nobody has made, and returns the lines of those that are there, in
// their order: of all with Wait, but after an error. The first error of a part ends the work; so
// does ctx, with its cause.
func (w Work[L]) Do(ctx context.Context) ([]L, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	b := &board[L]{Work: w, state: make([]state, len(w.Parts)), lines: make([]L, len(w.Parts))}
	var workers sync.WaitGroup
	for range max(min(w.Workers, len(w.Parts)), 1) {
		workers.Go(func() {
			if err := b.work(ctx); err != nil {
				stop(err)
			}
		})
	}
	workers.Wait()
	var lines []L
	for i, s := range b.state {
		if s == made {
			lines = append(lines, b.lines[i])
		}
	}
	if len(lines) < len(w.Parts) {
		return lines, context.Cause(ctx)
	}
	return lines, nil
}

// state is that of a part.
type state uint8

const (
	open   state = iota
	taken        // by a worker of this process
	others       // another process makes it, or did when we looked
	made
)

// board is where the workers of this process find their parts.
type board[L any] struct {
	Work[L]
	mu    sync.Mutex
	state []state
	lines []L
	told  int // parts that Done was called for
}

// work makes one part after another.
func (b *board[L]) work(ctx context.Context) error {
	for ctx.Err() == nil {
		i, more := b.next()
		if !more {
			return nil
		}
		if i < 0 { // a process that dies leaves its part to us
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		line, s, err := b.take(ctx, i)
		if err != nil {
			return err
		}
		b.set(i, s, line)
	}
	return nil
}

// next takes an open part; where there is none it is -1, and more says whether there may be one
// later: what other processes are at is open again.
func (b *board[L]) next() (i int, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for k := range b.state {
		if i := (b.First + k) % len(b.state); b.state[i] == open {
			b.state[i] = taken
			return i, true
		}
	}
	if !b.Wait {
		return -1, false
	}
	for i, s := range b.state {
		if s == others {
			b.state[i], more = open, true
		}
	}
	return -1, more
}

// take makes part i, unless that was done or is being done elsewhere.
func (b *board[L]) take(ctx context.Context, i int) (line L, s state, err error) {
	if b.Journal == nil {
		line, err = b.make(ctx, i)
		return line, made, err
	}
	part := b.Parts[i]
	if line, ok, err := b.Journal.find(part); ok || err != nil {
		return line, made, err
	}
	lock, err := b.Journal.claim(part)
	if busy := (*rundir.Busy)(nil); errors.As(err, &busy) {
		return line, others, nil
	}
	if err != nil {
		return line, open, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if line, ok, err := b.Journal.find(part); ok || err != nil { // another was faster
		return line, made, err
	}
	if line, err = b.make(ctx, i); err != nil {
		return line, open, err
	}
	return line, made, b.Journal.add(line)
}

// make makes part i; one that was cut short is none.
func (b *board[L]) make(ctx context.Context, i int) (L, error) {
	line, err := b.Make(ctx, i)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return line, err
}

// set notes what became of part i, and tells what is there.
func (b *board[L]) set(i int, s state, line L) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state[i], b.lines[i] = s, line
	for ; b.told < len(b.state) && b.state[b.told] == made; b.told++ {
		if b.Done != nil {
			b.Done(b.told, b.lines[b.told])
		}
	}
}
