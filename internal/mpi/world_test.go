package mpi

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// wire joins ranks in one process: for each receiver, sender and tag the messages under way.
type wire struct {
	mu       sync.Mutex
	messages map[[3]int][][]byte
	aborted  bool
}

// node is the link of one rank.
type node struct {
	*wire
	rank int
}

type done func() (bool, error)

func (d done) done() (bool, error) { return d() }

func (n node) send(rank, tag int, data []byte) request {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := [3]int{rank, n.rank, tag}
	n.messages[key] = append(n.messages[key], bytes.Clone(data))
	return done(func() (bool, error) { return true, nil })
}

func (n node) receive(rank, tag int, data []byte) request {
	key, complete := [3]int{n.rank, rank, tag}, false
	return done(func() (bool, error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if m := n.messages[key]; !complete && len(m) > 0 {
			copy(data, m[0])
			n.messages[key], complete = m[1:], true
		}
		return complete, nil
	})
}

func (n node) close() error { return nil }

func (n node) abort() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.aborted = true
}

// worlds returns the ranks of one world.
func worlds(n int) (ranks []*World, w *wire) {
	w = &wire{messages: map[[3]int][][]byte{}}
	for rank := range n {
		r := &World{rank: rank, size: n, waits: map[int]waiting{}, Timeout: time.Minute}
		r.join(node{w, rank})
		ranks = append(ranks, r)
	}
	return ranks, w
}

// each runs a function on all ranks at once.
func each(ranks []*World, f func(w *World) error) []error {
	errs := make([]error, len(ranks))
	var wait sync.WaitGroup
	for i, w := range ranks {
		wait.Go(func() { errs[i] = f(w) })
	}
	wait.Wait()
	return errs
}

func TestExchange(t *testing.T) {
	ranks, wire := worlds(4)
	errs := each(ranks, func(w *World) error {
		for round := range 50 {
			for step := 1; step < w.Size(); step *= 2 {
				other := w.Rank() ^ step
				// Messages of different lengths, an empty one among them.
				got, err := w.Exchange(other, bytes.Repeat([]byte{byte(w.Rank())}, round*w.Rank()))
				if err != nil {
					return err
				}
				if want := bytes.Repeat([]byte{byte(other)}, round*other); !bytes.Equal(got, want) {
					return fmt.Errorf("round %d, rank %d from %d: %d bytes, want %d", round, w.Rank(), other, len(got), len(want))
				}
			}
		}
		return w.Leave(nil)
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if wire.aborted {
		t.Error("the world was aborted")
	}
}

// TestLeave has rank 2 give up: all others learn why, and from whom.
func TestLeave(t *testing.T) {
	ranks, _ := worlds(4)
	errs := each(ranks, func(w *World) error {
		if w.Rank() == 2 {
			return w.Leave(errors.New("loss is NaN"))
		}
		_, err := w.Exchange(w.Rank()^1, nil)
		if err == nil { // ranks 0 and 1 have each other
			_, err = w.Exchange(w.Rank()^2, nil)
		}
		if w.Rank() == 1 && err == nil {
			t.Error("rank 1 has exchanged with rank 3, which cannot have come so far")
		}
		return w.Leave(err)
	})
	for rank, err := range errs {
		var left *Left
		if rank != 2 && (!errors.As(err, &left) || left.Rank != 2 || left.Reason != "loss is NaN") {
			t.Errorf("rank %d: %v, want that rank 2 has left as its loss is NaN", rank, err)
		}
	}
}

// TestHang has rank 1 do nothing. Rank 0 waits for it, 2 for 0 and 3 for 1.
func TestHang(t *testing.T) {
	ranks, wire := worlds(4)
	errs := each(ranks, func(w *World) error {
		w.Timeout = 300 * time.Millisecond // what decides is who waits, not for how long
		if w.Rank() == 1 {
			return nil
		}
		partner := map[int]int{0: 1, 2: 0, 3: 1}[w.Rank()]
		_, err := w.Exchange(partner, nil)
		return w.Leave(err)
	})
	for _, rank := range []int{0, 3} {
		var left *Left
		if !errors.As(errs[rank], &left) || left.Rank != 1 || !strings.Contains(left.Reason, "no answer") {
			t.Errorf("rank %d: %v, want that rank 1 does not answer", rank, errs[rank])
		}
	}
	if !wire.aborted {
		t.Error("a world with a rank that hangs was not aborted")
	}
}

func TestStartedAlone(t *testing.T) {
	for _, s := range starters {
		t.Setenv(s[0], "")
	}
	w, err := Start()
	if err != nil || w.Rank() != 0 || w.Size() != 1 {
		t.Fatalf("%+v, error %v, want a world of one rank", w, err)
	}
	if _, err := w.Exchange(0, nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("an exchange with itself: error %v, want ErrUnavailable", err)
	}
	if err := w.Leave(nil); err != nil {
		t.Error(err)
	}
}

// TestStarted has what starters tell in the environment: PMIx of Slurm the rank alone, beside the
// number of tasks of the step; one task of it without PMIx is none of several ranks.
func TestStarted(t *testing.T) {
	for _, c := range []struct {
		set        []string
		rank, size int
		ok         bool
	}{
		{nil, 0, 1, false},
		{[]string{"OMPI_COMM_WORLD_RANK", "2", "OMPI_COMM_WORLD_SIZE", "4", "PMIX_RANK", "2"}, 2, 4, true},
		{[]string{"PMI_RANK", "1", "PMI_SIZE", "2"}, 1, 2, true},
		{[]string{"PMIX_RANK", "3", "SLURM_PROCID", "3", "SLURM_STEP_NUM_TASKS", "4"}, 3, 4, true},
		{[]string{"SLURM_PROCID", "3", "SLURM_STEP_NUM_TASKS", "4"}, 0, 1, false},
		{[]string{"PMIX_RANK", "4", "SLURM_STEP_NUM_TASKS", "4"}, 0, 1, false},
	} {
		for _, s := range starters {
			t.Setenv(s[0], "")
			t.Setenv(s[1], "")
		}
		for i := 0; i < len(c.set); i += 2 {
			t.Setenv(c.set[i], c.set[i+1])
		}
		if rank, size, ok := Started(); rank != c.rank || size != c.size || ok != c.ok {
			t.Errorf("%v: rank %d of %d, %v, want %d of %d, %v", c.set, rank, size, ok, c.rank, c.size, c.ok)
		}
	}
}
