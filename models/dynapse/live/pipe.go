package live

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// Pipe is a chip behind the pipe of a program that speaks the line protocol of this package. The
// program is started when it is needed first, and anew after it gave no answer, died, or answered
// with something else; it has the last configuration then.
type Pipe struct {
	Command []string      // the program and its arguments
	Timeout time.Duration // of an answer; 0 means a minute
	Stderr  io.Writer     // where the program's standard error goes; nil: nowhere

	device  *chip.Device // the last one that was set
	neurons int
	last    int // id
	program *program
}

// program is one that runs.
type program struct {
	command *exec.Cmd
	in      io.WriteCloser
	lines   chan []byte   // of its output; closed at its end
	end     chan struct{} // closed to end the reader
	said    *tail
	stop    sync.Once
}

// Limits of a program: how long it has to end by itself, and how many of its lines are no answers
// before it counts as one that says something else.
const (
	graceful = 2 * time.Second
	mostIdle = 10_000
	tailSize = 300
)

// tail keeps the last bytes that were written, and hands all on.
type tail struct {
	to   io.Writer
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	t.mu.Unlock()
	if t.to != nil {
		return t.to.Write(p)
	}
	return len(p), nil
}

// last returns the last line.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return lines[len(lines)-1]
}

// start starts the program.
func (p *Pipe) start() (*program, error) {
	if len(p.Command) == 0 || p.Command[0] == "" {
		return nil, fmt.Errorf("%w: no program", ErrStimulus)
	}
	r := &program{command: exec.Command(p.Command[0], p.Command[1:]...), lines: make(chan []byte), end: make(chan struct{}), said: &tail{to: p.Stderr}}
	r.command.Stderr = r.said
	r.command.WaitDelay = graceful
	out, err := r.command.StdoutPipe()
	if err == nil {
		r.in, err = r.command.StdinPipe()
	}
	if err == nil {
		err = r.command.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	go func() {
		defer close(r.lines)
		b := bufio.NewReader(out)
		for {
			line, err := readLine(b)
			if len(line) > 0 {
				select {
				case r.lines <- line:
				case <-r.end:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return r, nil
}

// close ends the program: it may end by itself first where it is waited for.
func (r *program) close(wait bool) {
	r.stop.Do(func() {
		_ = r.in.Close()
		if wait {
			timer := time.NewTimer(graceful)
			defer timer.Stop()
		drain:
			for {
				select {
				case _, open := <-r.lines:
					if !open {
						break drain
					}
				case <-timer.C:
					break drain
				}
			}
		}
		close(r.end)
		_ = r.command.Process.Kill() // it may have ended
		_ = r.command.Wait()
	})
}

// Set loads a configuration. Errors: those of [chip.Device.Check], [ErrLost], and that of ctx.
func (p *Pipe) Set(ctx context.Context, d *chip.Device) error {
	if err := given.Need("a Pipe", p, "ctx", ctx); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	n, _, err := d.Network()
	if err != nil {
		return err
	}
	p.device, p.neurons = d, n.N
	_, err = p.ask(ctx, request{Do: doSet, Device: d})
	return err
}

// Record drives the chip and returns what the program says was seen. Errors: [ErrStimulus],
// [ErrLost], and that of ctx.
func (p *Pipe) Record(ctx context.Context, s Stimulus) (Records, error) {
	if err := given.Need("a Pipe", p, "ctx", ctx); err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	if _, err := s.channels(); err != nil {
		return nil, err
	}
	if p.device == nil {
		return nil, fmt.Errorf("%w: the chip has no configuration", ErrStimulus)
	}
	q := request{Do: doRecord, Dt: s.Dt, Input: nested(s.Counts, s.T, s.B)}
	if s.DC != nil {
		if len(s.DC) != s.T*s.B*p.neurons {
			return nil, fmt.Errorf("%w: %d factors of the constant current, want %d for %d neurons", ErrStimulus, len(s.DC), s.T*s.B*p.neurons, p.neurons)
		}
		q.DC = nested(s.DC, s.T, s.B)
	}
	for _, quantity := range s.Want {
		q.Want = append(q.Want, quantity.String())
	}
	a, err := p.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	records, err := a.records(s, p.neurons)
	if err != nil {
		p.abandon()
	}
	return records, err
}

// Close ends the program.
func (p *Pipe) Close() error {
	if p != nil && p.program != nil {
		p.program.close(true)
		p.program = nil
	}
	return nil
}

// abandon ends a program that is not waited for.
func (p *Pipe) abandon() {
	if p.program != nil {
		p.program.close(false)
		p.program = nil
	}
}

// ask sends a request, to a program that is set as the last one was, and waits for the answer.
func (p *Pipe) ask(ctx context.Context, q request) (*answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.program == nil {
		r, err := p.start()
		if err != nil {
			return nil, err
		}
		p.program = r
		if q.Do != doSet {
			if _, err := p.exchange(ctx, request{Do: doSet, Device: p.device}); err != nil {
				return nil, err
			}
		}
	}
	return p.exchange(ctx, q)
}

// exchange sends a request to the program that runs and waits for its answer. A program that does
// not give one is ended.
func (p *Pipe) exchange(ctx context.Context, q request) (*answer, error) {
	p.last++
	q.ID = p.last
	line, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	r := p.program
	go func() { _, _ = r.in.Write(append(line, '\n')) }() // which ends with the program, if it does not read
	limit := p.Timeout
	if limit <= 0 {
		limit = time.Minute
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	lost := func(format string, args ...any) (*answer, error) {
		p.abandon()
		err := fmt.Errorf("%w: the chip "+format, append([]any{ErrLost}, args...)...)
		if said := r.said.last(); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return nil, err
	}
	for range mostIdle {
		select {
		case <-ctx.Done():
			p.abandon()
			return nil, ctx.Err()
		case <-timer.C:
			return lost("gave no answer in %v", limit)
		case line, open := <-r.lines:
			if !open {
				return lost("has ended")
			}
			if !bytes.HasPrefix(line, []byte("{")) {
				continue // a word for people
			}
			a := new(answer)
			if err := json.Unmarshal(line, a); err != nil {
				return lost("answers with something else: %w", err)
			}
			if a.ID == nil || *a.ID != q.ID {
				continue // of a request before
			}
			if a.Error != "" {
				return nil, fmt.Errorf("%w: %w", ErrLost, errors.New(a.Error))
			}
			return a, nil
		}
	}
	return lost("says something else")
}
