package live

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// What a request asks for.
const (
	doSet    = "set"
	doRecord = "record"
)

// request is a line to a chip.
type request struct {
	ID     int          `json:"id"`
	Do     string       `json:"do"`
	Device *chip.Device `json:"device,omitempty"`
	Dt     float64      `json:"dt,omitempty"`
	Input  [][][]sample `json:"input,omitempty"` // [B, T, C]
	DC     [][][]sample `json:"dc,omitempty"`    // [B, T, N]
	Want   []string     `json:"want,omitempty"`
}

// answer is a line of a chip.
type answer struct {
	ID    *int   `json:"id"`
	Error string `json:"error,omitempty"`

	Imem   [][][]sample `json:"imem,omitempty"` // [B, T, N]
	Isyn   [][][]sample `json:"isyn,omitempty"`
	Iahp   [][][]sample `json:"iahp,omitempty"`
	Vmem   [][][]sample `json:"vmem,omitempty"`
	Spikes [][][]sample `json:"spikes,omitempty"`
}

// of is where an answer has a quantity.
func (a *answer) of(q fit.Quantity) *[][][]sample {
	return [...]*[][][]sample{fit.Imem: &a.Imem, fit.Isyn: &a.Isyn, fit.Iahp: &a.Iahp, fit.Vmem: &a.Vmem, fit.Spikes: &a.Spikes}[q]
}

// sample is a number, or null for NaN.
type sample float64

// MarshalJSON writes null for what is no number.
func (s sample) MarshalJSON() ([]byte, error) {
	if x := float64(s); x-x != 0 {
		return []byte("null"), nil
	}
	return json.Marshal(float64(s))
}

// UnmarshalJSON reads null as NaN.
func (s *sample) UnmarshalJSON(text []byte) error {
	if s == nil {
		return fmt.Errorf("%w: no sample to read into", ErrLost)
	}
	if string(text) == "null" {
		*s = sample(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(s))
}

// nested is a list [T, B, n] as [B, T, n].
func nested(x []float64, steps, rows int) [][][]sample {
	n := len(x) / (steps * rows)
	out := make([][][]sample, rows)
	for b := range out {
		out[b] = make([][]sample, steps)
		for t := range out[b] {
			out[b][t] = make([]sample, n)
			for j := range n {
				out[b][t][j] = sample(x[(t*rows+b)*n+j])
			}
		}
	}
	return out
}

// flat is the inverse of nested, for lists of n numbers; n = 0 takes what the first has.
func flat(x [][][]sample, steps, rows, n int) ([]float64, error) {
	if len(x) != rows || rows < 1 || len(x[0]) != steps || steps < 1 {
		return nil, fmt.Errorf("%d rows of %d bins, want %d of %d", len(x), len(first(x)), rows, steps)
	}
	if n == 0 {
		n = len(x[0][0])
	}
	out := make([]float64, steps*rows*n)
	for b, row := range x {
		if len(row) != steps {
			return nil, fmt.Errorf("row %d has %d bins, want %d", b, len(row), steps)
		}
		for t, list := range row {
			if len(list) != n {
				return nil, fmt.Errorf("row %d, bin %d has %d numbers, want %d", b, t, len(list), n)
			}
			for j, v := range list {
				out[(t*rows+b)*n+j] = float64(v)
			}
		}
	}
	return out, nil
}

func first[T any](x [][]T) []T {
	if len(x) == 0 {
		return nil
	}
	return x[0]
}

// records reads those that are wanted of n neurons.
func (a *answer) records(s Stimulus, n int) (Records, error) {
	out := Records{}
	for _, q := range s.Want {
		list := *a.of(q)
		if list == nil {
			continue
		}
		x, err := flat(list, s.T, s.B, n)
		if err != nil {
			return nil, fmt.Errorf("%w: %v: %w", ErrLost, q, err)
		}
		for i, v := range x {
			if math.IsInf(v, 0) || q == fit.Spikes && v < 0 {
				return nil, fmt.Errorf("%w: %v of row %d, bin %d, neuron %d is %v", ErrLost, q, i/n%s.B, i/n/s.B, i%n, v)
			}
		}
		out[q] = x
	}
	return out, nil
}

// longestLine bounds a line of the protocol, in bytes: 16 characters for each of mostSamples.
const longestLine = 16 * mostSamples

// readLine reads a line without its end.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > longestLine {
			return nil, fmt.Errorf("%w: a line of more than %d bytes", ErrLost, longestLine)
		}
		line = append(line, part...)
		if err == nil || !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) && len(line) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return bytes.TrimSpace(line), err
		}
	}
}

// Serve answers the requests that come from r with what a chip does, on w, until r ends or ctx is
// over. It is the other end of [Pipe].
//
// Errors: those of r and w. What the chip cannot do is an answer.
func Serve(ctx context.Context, c Chip, r io.Reader, w io.Writer) error {
	if err := given.Need("ctx", ctx, "a Chip", c, "a reader", r, "a writer", w); err != nil {
		return fmt.Errorf("live: %w", err)
	}
	if closer, ok := r.(io.Closer); ok { // nobody else ends a read
		defer context.AfterFunc(ctx, func() { _ = closer.Close() })()
	}
	in, out := bufio.NewReader(r), json.NewEncoder(w)
	for ctx.Err() == nil {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		if len(line) == 0 {
			continue
		}
		if err := out.Encode(serve(ctx, c, line)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// serve answers a request.
func serve(ctx context.Context, c Chip, line []byte) (a answer) {
	var q request
	err := json.Unmarshal(line, &q)
	a.ID = &q.ID
	if err == nil {
		switch q.Do {
		case doSet:
			err = c.Set(ctx, q.Device)
		case doRecord:
			err = q.record(ctx, c, &a)
		default:
			err = fmt.Errorf("%w: do is %q, want %s or %s", ErrStimulus, q.Do, doSet, doRecord)
		}
	}
	if err != nil {
		return answer{ID: &q.ID, Error: err.Error()}
	}
	return a
}

// record records what is wanted into an answer.
func (q *request) record(ctx context.Context, c Chip, a *answer) error {
	if len(q.Input) == 0 || len(q.Input[0]) == 0 || len(q.Input[0][0]) == 0 {
		return fmt.Errorf("%w: no input, want [B, T, C]", ErrStimulus)
	}
	s := Stimulus{Dt: q.Dt, T: len(q.Input[0]), B: len(q.Input)}
	var err error
	if s.Counts, err = flat(q.Input, s.T, s.B, 0); err != nil {
		return fmt.Errorf("%w: input: %w", ErrStimulus, err)
	}
	if len(q.DC) > 0 {
		if s.DC, err = flat(q.DC, s.T, s.B, 0); err != nil {
			return fmt.Errorf("%w: dc: %w", ErrStimulus, err)
		}
	}
	for _, name := range q.Want {
		quantity, err := fit.ParseQuantity(name)
		if err != nil {
			return err
		}
		s.Want = append(s.Want, quantity)
	}
	if _, err := s.channels(); err != nil {
		return err
	}
	records, err := c.Record(ctx, s)
	if err != nil {
		return err
	}
	for quantity, x := range records {
		*a.of(quantity) = nested(x, s.T, s.B)
	}
	return nil
}
