package equation

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/fmath"
)

// Run is a pass of one sample through a layer: its spikes, and what the gradients need. The zero
// value is ready. It is not for concurrent use, and the layer must not change between a pass and
// its gradient.
type Run struct {
	Spikes []eventprop.Spike // of the layer, by time; Current is 0
	Steps  int               // series that the states were expanded in

	work   *work // of the layer
	input  []eventprop.Spike
	end    float64
	found  []eventprop.Spike // spikes in the order in which they were found
	place  []int32           // of each of them in Spikes
	log    []entry
	states []float64 // those that entries begin with
	last   []int32   // latest entry of each neuron, or -1
}

// entry is something that happens to a neuron.
type entry struct {
	time, h float64 // when, and for how long
	x       int     // its state before, in Run.states
	neuron  int32
	before  int32 // entry of the neuron before, or -1
	source  int32 // input spike, or found spike of the layer: of an arrival, a spike, a release
	synapse int32
	kind    kind
	held    bool // whether states are held in a step, or before a jump
	order   uint8
	scale   int16 // exponent of what the states were multiplied with after a step
}

type kind uint8

const (
	step kind = iota
	arrivalIn
	arrivalRec
	crossed // spike as the threshold is reached
	lifted  // spike at an arrival that jumps over the threshold
	release // end of a hold
)

// work is what passes through a layer need, one after the other.
type work struct {
	*prepared
	s *jumper
	b *bundle
}

// prepared is a layer ready for passes, also for several at once.
type prepared struct {
	l     *Layer
	order int         // of series
	cons  [][]float64 // constants of each neuron, of one for all if they are alike
	vars  [][]float64 // variables of each neuron at the start, with its parameters
	alike bool

	inOrder, recOrder []int32 // synapses of each source by delay; nil without delays
}

// one returns the number of neuron j in lists of one for all or one each.
func (w *prepared) one(j int) int {
	if w.alike {
		return 0
	}
	return j
}

func newWork(p *prepared) *work {
	return &work{prepared: p, s: newJumper(p.l.Model), b: newBundle(p.l.Model, p.order, p.l.tolerance())}
}

// prepare makes a layer ready, after all checks.
func (l *Layer) prepare() (*prepared, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	m, s := l.Model, newJumper(l.Model)
	w := &prepared{l: l, order: min(most, max(8, int(math.Ceil(7-float64(fmath.Log(l.tolerance())/2))))), alike: true}
	for _, v := range l.Params {
		w.alike = w.alike && len(v) == 1
	}
	n := l.In.Post
	if w.alike {
		n = min(n, 1)
	}
	w.inOrder = byDelay(&l.In)
	if l.Rec != nil {
		w.recOrder = byDelay(l.Rec)
	}
	values := make([]float64, len(m.series.constants.code))
	for j := range n {
		x := make([]float64, 1+len(m.States)+len(m.Params))
		for k := range m.Params {
			x[1+len(m.States)+k] = l.value(k, j)
		}
		c := make([]float64, len(m.series.constants.out))
		m.series.constants.eval(values, x)
		for i, k := range m.series.constants.out {
			c[i] = values[k]
		}
		copy(s.x, x)
		s.jump(&m.start, false)
		copy(x, s.x)
		if s.above(false) {
			return nil, fmt.Errorf("%w: neuron %d starts at threshold", eventprop.ErrParameter, j)
		}
		w.vars, w.cons = append(w.vars, x), append(w.cons, c)
	}
	return w, nil
}

// path is a neuron on its way.
type path struct {
	run     *Run
	j       int
	x       []float64 // variables: w, states, parameters
	largest []float64 // of each state
	now     float64
	held    bool
	until   float64 // of the hold
	since   int32   // found spike of the hold

	// of a feed-forward layer
	inbox []post
	next  int
}

// open puts neuron j of a run at its start.
func (w *work) open(p *path, r *Run, j int) {
	x := append(p.x[:0], w.vars[w.one(j)]...)
	*p = path{run: r, j: j, x: x, largest: append(p.largest[:0], make([]float64, len(w.l.Model.States))...)}
	w.grow(p)
}

// Forward simulates the layer until end, in seconds. The input is kept, not copied. The times of
// spikes are as exact as the series: they are roots of the series of the threshold, to rounding.
//
// Errors: those of [Layer.Check], eventprop.ErrSpikes, eventprop.ErrLimit, eventprop.ErrRunaway for
// a neuron that is above threshold after its reset, and ErrStep.
func (r *Run) Forward(l *Layer, input []eventprop.Spike, end float64) error {
	if r == nil {
		return fmt.Errorf("%w: no run, want new(Run)", eventprop.ErrShape)
	}
	r.work = nil
	p, err := l.prepare()
	if err != nil {
		return err
	}
	_, err = newWork(p).forward([]*Run{r}, [][]eventprop.Spike{input}, []float64{end})
	return err
}

// forward takes runs through the layer. An error is of the run that is returned.
func (w *work) forward(runs []*Run, inputs [][]eventprop.Spike, ends []float64) (which int, err error) {
	for k, r := range runs {
		r.work = nil
		if err := eventprop.CheckInput(inputs[k], w.l.In.Pre, ends[k]); err != nil {
			return k, err
		}
		r.input, r.end, r.Steps = inputs[k], ends[k], 0
		r.Spikes, r.found, r.place = r.Spikes[:0], r.found[:0], r.place[:0]
		r.log, r.states, r.last = r.log[:0], r.states[:0], r.last[:0]
		for range w.l.In.Post {
			r.last = append(r.last, -1)
		}
	}
	if w.l.Rec == nil {
		if which, err := w.separate(runs); err != nil {
			return which, err
		}
	} else {
		for k, r := range runs {
			if err := (&together{work: w, r: r}).run(); err != nil {
				return k, err
			}
		}
	}
	for _, r := range runs {
		r.Spikes, r.place = eventprop.AppendSorted(r.Spikes, r.place, r.found)
		r.work = w
	}
	return 0, nil
}

// Pattern returns what happens to each neuron in its order, and the order of the spikes of all. As
// long as it stays, spike times are smooth functions of all parameters: differences within it are
// derivatives.
func (r *Run) Pattern() (p []int32) {
	if r == nil {
		return nil
	}
	for j := range r.last {
		for k := r.last[j]; k >= 0; k = r.log[k].before {
			if e := &r.log[k]; e.kind != step {
				p = append(p, int32(e.kind), e.synapse, e.source)
			}
		}
	}
	for _, s := range r.Spikes {
		p = append(p, int32(s.Neuron))
	}
	return p
}

// add logs an entry that begins with state x.
func (r *Run) add(e entry, x []float64) {
	e.x, e.before = len(r.states), r.last[e.neuron]
	r.states = append(r.states, x...)
	r.last[e.neuron] = int32(len(r.log))
	r.log = append(r.log, e)
}

// state are the states of a path.
func (p *path) state() []float64 { return p.x[1 : 1+len(p.largest)] }

// grow follows the largest states of a path, for the error; those of which only ratios matter have
// one size.
func (w *work) grow(p *path) {
	for n, v := range p.state() {
		p.largest[n] = max(p.largest[n], math.Abs(v))
	}
	if m := w.l.Model; m.ratio != nil {
		size := m.size(p.state())
		for _, n := range m.ratio {
			p.largest[n] = size
		}
	}
}

// spike resets a path, whose threshold is reached.
func (w *work) spike(p *path, k kind) error {
	r, m := p.run, w.l.Model
	if len(r.found) >= w.l.maxSpikes() {
		return fmt.Errorf("%w: %d at %g s, the limit is %d", eventprop.ErrLimit, len(r.found)+1, p.now, w.l.maxSpikes())
	}
	index := int32(len(r.found))
	r.add(entry{kind: k, neuron: int32(p.j), time: p.now, source: index, held: p.held}, p.state())
	r.found = append(r.found, eventprop.Spike{Time: p.now, Neuron: p.j})
	copy(w.s.x, p.x)
	w.s.jump(&m.reset, false)
	copy(p.x, w.s.x)
	w.grow(p)
	if w.s.above(false) {
		return fmt.Errorf("%w: neuron %d is above threshold after its reset at %g s", eventprop.ErrRunaway, p.j, p.now)
	}
	if m.refractory >= 0 {
		if until := p.now + w.l.value(m.refractory, p.j); until > p.now {
			p.held, p.until, p.since = true, until, index
		}
	}
	return nil
}

// release ends the hold of a path.
func (w *work) release(p *path) error {
	p.run.add(entry{kind: release, neuron: int32(p.j), time: p.now, source: p.since}, p.state())
	p.held = false
	copy(w.s.x, p.x)
	if w.s.above(false) {
		return p.overAfterHold(p.now)
	}
	return nil
}

func (p *path) overAfterHold(now float64) error {
	return fmt.Errorf("%w: neuron %d is above threshold after its refractory time at %g s", eventprop.ErrRunaway, p.j, now)
}

// arrive lets an arrival reach a path. It tells whether it spikes.
func (w *work) arrive(p *path, k kind, source, synapse int32) (bool, error) {
	p.run.add(entry{kind: k, neuron: int32(p.j), time: p.now, source: source, synapse: synapse, held: p.held}, p.state())
	if n := w.l.Model.additive; n >= 0 && !p.held {
		p.x[1+n] += w.weight(k, synapse)
		p.largest[n] = max(p.largest[n], math.Abs(p.x[1+n]))
		return false, nil
	}
	copy(w.s.x, p.x)
	w.s.x[0] = w.weight(k, synapse)
	w.s.jump(&w.l.Model.input, p.held)
	copy(p.x[1:], w.s.x[1:])
	w.grow(p)
	if p.held || !w.s.above(false) {
		return false, nil
	}
	return true, w.spike(p, lifted)
}

func (w *work) weight(k kind, synapse int32) float64 {
	if k == arrivalRec {
		return w.l.Rec.Weight[synapse]
	}
	return w.l.In.Weight[synapse]
}

// stuck is the error of a series that holds nowhere, from states x of neuron j at a time on: it
// names the state with the steepest slope.
func (w *work) stuck(j int, time float64, x []float64, held bool) error {
	slopes := make([]float64, len(x))
	copy(w.s.x, w.vars[w.one(j)])
	copy(w.s.state(), x)
	w.s.slope(slopes, held)
	worst := 0
	var at []string
	for n, f := range slopes {
		clear(w.s.grad)
		clear(w.s.seed)
		w.s.seed[n] = 1
		w.l.Model.rhs.pull(w.s.grad, w.s.bar, w.s.values, w.s.seed)
		if f-f == 0 && !finite(w.s.grad) { // sqrt(V) at V = 0
			return fmt.Errorf("%w: neuron %d at %g s, where d%s/dt = %g has no derivative", ErrStep, j, time, w.l.Model.States[n], f)
		}
		if f-f != 0 || math.Abs(f) > math.Abs(slopes[worst]) && slopes[worst]-slopes[worst] == 0 {
			worst = n
		}
		at = append(at, fmt.Sprintf("%s = %g", w.l.Model.States[n], x[n]))
	}
	return fmt.Errorf("%w: neuron %d at %g s, where d%s/dt is %g at %s",
		ErrStep, j, time, w.l.Model.States[worst], slopes[worst], strings.Join(at, ", "))
}

func finite(x []float64) bool {
	return !slices.ContainsFunc(x, func(v float64) bool { return v-v != 0 })
}
