package exit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

func TestCode(t *testing.T) {
	bad := &BadInput{File: "a.json", Expected: "a number"}
	neg := &Negative{Reason: "over the tolerance"}
	for _, test := range []struct {
		name string
		err  error
		want int
	}{
		{"nil", nil, 0},
		{"negative", neg, 1},
		{"wrapped negative", fmt.Errorf("eval: %w", neg), 1},
		{"bad input", bad, 2},
		{"bad input because of another error", &BadInput{File: "a", Err: context.Canceled}, 2},
		{"any other error", fs.ErrNotExist, 2},
		{"wrapped other error", fmt.Errorf("open: %w", fs.ErrNotExist), 2},
		{"a full disk", &fs.PathError{Op: "write", Path: "a", Err: syscall.ENOSPC}, 3},
		{"bad input, as it says, of a full disk", fmt.Errorf("fit: %w", &BadInput{File: "a", Err: fmt.Errorf("files: %w", syscall.EDQUOT)}), 3},
		{"no permission", &fs.PathError{Op: "open", Path: "a", Err: syscall.EACCES}, 2},
		{"what a run says of its disk", fmt.Errorf("run 1: %w", ErrDisk), 3},
		{"interrupted", fmt.Errorf("train: %w", ErrInterrupted), 130},
		{"cancelled", context.Canceled, 130},
		{"the worst of several", errors.Join(neg, bad, neg), 2},
		{"several of a kind", errors.Join(neg, neg), 1},
		{"several, wrapped", fmt.Errorf("eval: %w", errors.Join(neg, ErrInterrupted)), 130},
	} {
		if got := Code(test.err); got != test.want {
			t.Errorf("%s: status %d, want %d", test.name, got, test.want)
		}
		if passing := Passing(test.want); (passing != nil) != (test.want > 2) || passing != nil && Code(passing) != test.want {
			t.Errorf("status %d is passing: %v", test.want, passing)
		}
	}
}

func TestBadInputIsOneLine(t *testing.T) {
	for _, test := range []struct {
		err  BadInput
		want string
	}{
		{BadInput{File: "a.json", Member: "params.dt", Expected: "a number", Found: "null"}, "a.json: params.dt: expected a number, found null"},
		{BadInput{File: "a.json", Err: fs.ErrNotExist}, "a.json: file does not exist"},
		{BadInput{File: "a.json", Err: errors.New("a.json: no list")}, "a.json: no list"},
		{BadInput{Member: "model", Expected: "a name"}, "model: expected a name"},
		{BadInput{File: "a\nb.json", Found: "\x1b[2Jµ\r"}, `a\nb.json: found \x1b[2Jµ\r`},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
	if got := (&Negative{Reason: "a\nb"}).Error(); got != `a\nb` {
		t.Errorf("a negative answer reads %q", got)
	}
}

// TestWithin: what returns in time gives its own answer; what does not is given up.
func TestWithin(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	hang := make(chan struct{})
	defer close(hang)
	for _, test := range []struct {
		name string
		ctx  context.Context
		do   func() error
		want error
	}{
		{"no signal", context.Background(), func() error { return nil }, nil},
		{"an error", context.Background(), func() error { return fs.ErrNotExist }, fs.ErrNotExist},
		{"an answer in time", ended, func() error { return fs.ErrNotExist }, fs.ErrNotExist},
		{"an error of the context", ended, func() error { return ended.Err() }, ErrInterrupted},
		{"no answer", ended, func() error { <-hang; return nil }, ErrInterrupted},
	} {
		if got := Within(test.ctx, test.do); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
