package exit

import (
	"context"
	"time"
)

// grace is how long work that does not look at its context may go on after that has ended.
const grace = time.Second

// Within calls do. Where ctx ends and do does not return within a second, it is given up: the error
// is [ErrInterrupted], and do goes on until the program ends, so that what it uses must be left
// alone.
func Within(ctx context.Context, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case err = <-done:
		case <-timer.C:
			return ErrInterrupted
		}
	}
	if err == context.Canceled { // says nothing to a user
		return ErrInterrupted
	}
	return err
}
