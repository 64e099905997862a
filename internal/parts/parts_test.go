package parts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/rundir"
)

type square struct {
	Part  string `json:"part"`
	Value int    `json:"value"`
}

func part(i int) string { return fmt.Sprintf("part/%d", i) }

func journal(t *testing.T, path string, fresh bool) *Journal[square] {
	t.Helper()
	j, err := Open(path, fresh, func(s square) string { return s.Part })
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// work is that of n squares; made counts how often each is made.
func work(j *Journal[square], n int, made []atomic.Int32) Work[square] {
	w := Work[square]{Journal: j, Workers: 1, Wait: true, Make: func(_ context.Context, i int) (square, error) {
		made[i].Add(1)
		return square{part(i), i * i}, nil
	}}
	for i := range n {
		w.Parts = append(w.Parts, part(i))
	}
	return w
}

// TestOnce: of any number of processes and workers, each with a journal of its own on the same
// file, one makes a part; all that wait end with all lines in their order, and tell them in it.
func TestOnce(t *testing.T) {
	dir := t.TempDir()
	journals := 0
	rapid.Check(t, func(r *rapid.T) {
		journals++
		path := filepath.Join(dir, fmt.Sprint(journals))
		n, processes := rapid.IntRange(1, 20).Draw(r, "parts"), rapid.IntRange(1, 4).Draw(r, "processes")
		made := make([]atomic.Int32, n)
		var wait sync.WaitGroup
		for p := range processes {
			w := work(journal(t, path, false), n, made)
			w.Workers = rapid.IntRange(0, 4).Draw(r, "workers")
			w.First = rapid.IntRange(0, n-1).Draw(r, "first")
			w.Wait = p == 0 || rapid.Bool().Draw(r, "wait")
			var told []int
			w.Done = func(i int, line square) {
				if line.Value != i*i {
					t.Errorf("part %d is %d", i, line.Value)
				}
				told = append(told, i)
			}
			wait.Go(func() {
				lines, err := w.Do(context.Background())
				if err != nil || w.Wait && len(lines) != n || !slices.IsSortedFunc(lines, func(a, b square) int { return a.Value - b.Value }) {
					t.Errorf("%d of %d lines, %v", len(lines), n, err)
				}
				if w.Wait && len(told) != n || !slices.IsSorted(told) {
					t.Errorf("told %v", told)
				}
			})
		}
		wait.Wait()
		for i := range made {
			if made[i].Load() != 1 {
				t.Fatalf("part %d was made %d times", i, made[i].Load())
			}
		}
		if left, err := filepath.Glob(path + ".*"); err != nil || len(left) > 0 {
			t.Fatalf("left: %v, %v", left, err)
		}
	})
}

// TestTaken: a part that another process makes is left to it; when that process ends without the
// part, who waits makes it. Nothing begins anew meanwhile.
func TestTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	made := make([]atomic.Int32, 3)
	j := journal(t, path, false)
	lock, err := j.claim(part(1))
	if err != nil {
		t.Fatal(err)
	}
	w := work(journal(t, path, false), 3, made)
	w.Wait = false
	if lines, err := w.Do(t.Context()); err != nil || !slices.Equal(lines, []square{{part(0), 0}, {part(2), 4}}) {
		t.Errorf("%v, %v", lines, err)
	}
	busy := (*rundir.Busy)(nil)
	if _, err := Open(path, true, func(s square) string { return s.Part }); !errors.As(err, &busy) {
		t.Errorf("began anew: %v", err)
	}
	w.Wait = true
	time.AfterFunc(10*time.Millisecond, func() {
		if err := lock.Close(); err != nil {
			t.Error(err)
		}
	})
	if lines, err := w.Do(t.Context()); err != nil || len(lines) != 3 || made[1].Load() != 1 || made[0].Load() != 1 {
		t.Errorf("%v, %v", lines, err)
	}
	if again := journal(t, path, true); len(again.done) != 0 {
		t.Errorf("begun anew with %v", again.done)
	}
}

// TestEnd: an error ends the work with what is there, so does the context, whose part is not
// kept; an unfinished line of a killed process is made again, and a first line stays.
func TestEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "j")
	made := make([]atomic.Int32, 4)
	j := journal(t, path, false)
	if head, err := j.Begin(square{Value: 7}); err != nil || head.Value != 7 {
		t.Fatal(head, err)
	}
	if err := rundir.Seal(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	w := work(j, 4, made)
	right := w.Make
	failed := errors.New("failed")
	w.Make = func(ctx context.Context, i int) (square, error) {
		if i == 2 {
			return square{}, failed
		}
		return right(ctx, i)
	}
	if lines, err := w.Do(t.Context()); !errors.Is(err, failed) || len(lines) != 2 {
		t.Errorf("%v, %v", lines, err)
	}
	if _, err := rundir.CheckSeal(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the sums of what has changed since: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.Make = func(ctx context.Context, i int) (square, error) {
		cancel()
		return right(ctx, i)
	}
	if lines, err := w.Do(ctx); !errors.Is(err, context.Canceled) || len(lines) != 2 {
		t.Errorf("%v, %v", lines, err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"part":"part/2","va`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	w = work(journal(t, path, false), 4, made)
	if head, err := w.Journal.Begin(square{Value: 8}); err != nil || head.Value != 7 {
		t.Error(head, err)
	}
	if lines, err := w.Do(t.Context()); err != nil || len(lines) != 4 || made[0].Load() != 1 || made[2].Load() != 2 {
		t.Errorf("%v, %v", lines, err)
	}
	if err := os.Truncate(path, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Do(t.Context()); err != nil { // it has all lines
		t.Error(err)
	}
	if _, _, err := w.Journal.find("another"); err == nil {
		t.Error("a journal that was cut is none")
	}
}

// TestFirst: ranks begin apart, within the parts; a rank that there is not is an error.
func TestFirst(t *testing.T) {
	for rank, want := range []int{0, 2, 5, 7} {
		if got, err := First(rank, 4, 10); err != nil || got != want {
			t.Errorf("rank %d begins at %d, %v, want %d", rank, got, err, want)
		}
	}
	if got, err := First(0, 0, 0); err != nil || got != 0 {
		t.Error(got, err)
	}
	for _, wrong := range [][2]int{{-1, 4}, {4, 4}, {1, 0}} {
		if _, err := First(wrong[0], wrong[1], 10); err == nil {
			t.Errorf("rank %d of %d is no error", wrong[0], wrong[1])
		}
	}
}

// TestHole: a journal that no memory holds is an error at once.
func TestHole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<43); err != nil {
		t.Skip(err)
	}
	if _, err := Open(path, false, func(s square) string { return s.Part }); !errors.Is(err, files.ErrTooLarge) {
		t.Error(err)
	}
}
