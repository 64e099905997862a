package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/surge-snn/surge/internal/fmath"
)

func main() {
	var c config
	flag.StringVar(&c.jaxsnn, "jaxsnn", "", "a Python with jaxsnn to compare with")
	flag.StringVar(&c.eventax, "eventax", "", "a Python with Eventax to compare quadratic neurons with")
	flag.StringVar(&c.only, "net", "", "only networks whose name, as in \"yinyang-100, batch 1\", contains this")
	flag.IntVar(&c.rounds, "rounds", 5, "rounds of measurements")
	flag.Float64Var(&c.seconds, "seconds", 0.3, "time that each side gets in a round, in s (at least one step)")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Parse()
	table, err := c.measure()
	if err == nil && *asJSON {
		err = table.writeJSON(os.Stdout)
	} else if err == nil {
		err = table.write(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "eventprop:", err)
		os.Exit(1)
	}
}

// config is what to measure.
type config struct {
	jaxsnn, eventax, only string
	rounds                int
	seconds               float64
}

// bound are the largest differences to a library in float64: of the loss, relative to it, and of
// each gradient, relative to its largest entry. jaxsnn agrees with 50-digit arithmetic to some
// 1e-10 in the loss and 1e-7 in gradients (a spike near grazing, and its bound of denominators,
// decide); Eventax to the errors of its steps.
var bound = map[string]struct{ loss, grad float64 }{
	"jaxsnn":  {1e-8, 1e-6},
	"eventax": {1e-5, 1e-3},
}

func (c config) measure() (t *table, err error) {
	if c.rounds < 1 || !(c.seconds >= 0) || math.IsInf(c.seconds, 1) {
		return nil, fmt.Errorf("%d rounds of %g s, want at least one round of a finite time", c.rounds, c.seconds)
	}
	t = newTable()
	var peers []*peer
	defer func() {
		for _, p := range peers {
			err = errors.Join(err, p.close())
		}
	}()
	for _, library := range []struct{ name, python string }{{"jaxsnn", c.jaxsnn}, {"eventax", c.eventax}} {
		if library.python == "" {
			continue
		}
		for _, dtype := range dtypes {
			p, err := startPeer(library.name, library.python, dtype)
			if err != nil {
				return nil, err
			}
			peers = append(peers, p)
		}
		t.Peers = append(t.Peers, peers[len(peers)-1].versions)
	}
	for _, n := range networks() {
		if !strings.Contains(fmt.Sprintf("%s, batch %d", n.name, n.batch), c.only) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s, batch %d ...\n", n.name, n.batch)
		var with []*peer
		note := ""
		for _, p := range peers {
			switch {
			case p.Library != n.kind.rival():
			case p.Library == "jaxsnn" && n.kind != feedForward && !strings.HasPrefix(p.Version, "0.2."):
				note = "not compared: with recurrence its loss is another one, 0.2 has ours"
			default:
				with = append(with, p)
			}
		}
		r, err := c.row(n, with)
		if err != nil {
			return nil, fmt.Errorf("%s, batch %d: %w", n.name, n.batch, err)
		}
		r.Note = note
		t.Rows = append(t.Rows, *r)
	}
	if t.Rows == nil {
		return nil, fmt.Errorf("no network is called %q", c.only)
	}
	return t, nil
}

// dtypes are the types in which a library computes, each in a process of its own.
var dtypes = []string{"float64", "float32"}

// side is one of those that are measured.
type side struct {
	steps func(n int) ([]float64, error)
	time  *times
}

// row checks that all sides compute the same, and measures them by turns.
func (c config) row(n network, peers []*peer) (*row, error) {
	p, err := n.build()
	if err != nil {
		return nil, err
	}
	own := p.stepper()
	if err := own.step(); err != nil {
		return nil, err
	}
	r := &row{
		Net: n.name, Kind: n.kind, Inputs: n.inputs, Hidden: n.hidden, Outputs: n.outputs, Batch: n.batch,
		Spikes: float64(own.report.Spikes) / float64(n.batch), Loss: own.loss, Peers: make([]peerRow, len(peers)),
	}
	sides := []side{{own.steps, &r.Surge}}
	if len(peers) > 0 {
		request, err := p.request()
		if err != nil {
			return nil, err
		}
		r.Slots = request.Slots
		for k, peer := range peers {
			b, err := peer.build(request)
			if err != nil {
				return nil, err
			}
			q := &r.Peers[k]
			q.Library, q.DType, q.Compile = peer.Library, peer.dtype, b.Compile
			q.LossDifference = math.Abs(b.Loss-own.loss) / math.Abs(own.loss)
			if q.GradDifference, err = difference(own.gradients(), b.Grads); err != nil {
				return nil, fmt.Errorf("%s %s: %w", peer.Library, peer.dtype, err)
			}
			if most := bound[peer.Library]; peer.dtype == "float64" && !(q.LossDifference <= most.loss && q.GradDifference <= most.grad) {
				return nil, fmt.Errorf("%s does not compute the same: relative differences of %.2g in the loss (at most %.0g), %.2g in the gradient (%.0g)",
					peer.Library, q.LossDifference, most.loss, q.GradDifference, most.grad)
			}
			sides = append(sides, side{peer.steps, &q.times})
		}
	}
	return r, c.byTurns(sides)
}

// byTurns measures the sides by turns.
func (c config) byTurns(sides []side) error {
	counts := make([]int, len(sides))
	for round := range c.rounds + 1 {
		for k, s := range sides {
			n := counts[k]
			if round == 0 { // see how long a step takes; the first one has been
				n = 1
			}
			seconds, err := s.steps(n)
			if err != nil {
				return err
			}
			if round == 0 {
				counts[k] = int(min(max(c.seconds/max(fmath.Median(seconds), 1e-9), 1), 1e5))
				continue
			}
			s.time.seconds = append(s.time.seconds, seconds...)
		}
	}
	for _, s := range sides {
		s.time.summarize()
	}
	return nil
}

func (s *stepper) steps(n int) ([]float64, error) {
	seconds := make([]float64, n)
	for k := range seconds {
		begin := time.Now()
		if err := s.step(); err != nil {
			return nil, err
		}
		seconds[k] = time.Since(begin).Seconds()
	}
	return seconds, nil
}

// difference returns the largest difference of two lists of arrays, relative to the largest entry
// of the array of a in which it is.
func difference(a, b [][]float64) (float64, error) {
	if len(a) != len(b) {
		return 0, fmt.Errorf("%d gradients, want %d", len(b), len(a))
	}
	most := 0.0
	for k := range a {
		if len(a[k]) != len(b[k]) {
			return 0, fmt.Errorf("gradient %d has %d entries, want %d", k, len(b[k]), len(a[k]))
		}
		largest, gap := 0.0, 0.0
		for i, x := range a[k] {
			if d := math.Abs(x - b[k][i]); d > gap || math.IsNaN(d) {
				gap = d
			}
			largest = max(largest, math.Abs(x))
		}
		switch {
		case math.IsNaN(gap):
			return math.NaN(), nil
		case gap > 0:
			most = max(most, gap/largest)
		}
	}
	return most, nil
}
