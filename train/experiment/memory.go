package experiment

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/memory"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Memory is what a run needs, in bytes.
type Memory struct {
	Program    int64 `json:"program"`    // the program itself, with its pictures, and garbage
	Data       int64 `json:"data"`       // the samples
	Parameters int64 `json:"parameters"` // state of the optimizer, copies for the best epoch and the checkpoint
	Network    int64 `json:"network"`    // parameters, gradients and all that is computed in a batch
}

// Total is the sum.
func (m Memory) Total() int64 { return m.Program + m.Data + m.Parameters + m.Network }

// String returns the parts: "98 MB (25 MB data, 43 MB network, 10 MB parameters, 20 MB program)".
func (m Memory) String() string {
	size := func(n int64) memory.Size { return memory.Size(n) }
	return fmt.Sprintf("%v (%v network, %v data, %v copies of parameters, %v program)",
		size(m.Total()), size(m.Network), size(m.Data), size(m.Parameters), size(m.Program))
}

const (
	process = 37 << 20 // of a process with a small data set
	garbage = 4        // the part of the data that is garbage when they have been read: see debug.SetGCPercent in surge train
	// copies of a parameter besides the value and the gradient: two moments, the best epoch's, and
	// those of a checkpoint while it is written.
	copies = 6
	few    = 4 // rows of a batch from which memory grows in proportion
)

// Memory predicts what a run on the sets takes: it computes batches of a few rows and measures the
// networks, of which what they hold grows in proportion to the rows. The sets are those of Load.
//
// Errors are those of Build and of a run. Where a setting takes more than this machine has, the
// error names the key.
func (e *Experiment) Memory(sets train.Data, target data.Target) (Memory, error) {
	if err := e.usable(); err != nil {
		return Memory{}, err
	}
	if err := given.Need("sets.Train.Data", sets.Train.Data, "sets.Train.Encoder", sets.Train.Encoder); err != nil {
		return Memory{}, fmt.Errorf("experiment: Memory: %w", err)
	}
	m := Memory{Data: memory.Footprint(sets.Train.Data, sets.Valid.Data, sets.Test.Data)}
	m.Program = process + m.Data/garbage
	learners := e.learners(1)
	n := need{e}
	learned, evaluated := n.rows(sets, learners)
	if err := n.bound(sets.Train.Channels(), target, learned); err != nil {
		return m, err
	}
	most := data.Batches{Size: e.Train.Batch, Shards: max(e.Train.Shards, 1)}.MaxRows()
	least := most
	if least > 2*few {
		least = few
	}
	// What grows with the rows, and what does not. With a single measurement all of it does.
	line := func(a, b int64, rows int) int64 {
		if least == most {
			return a * int64(rows) / int64(least)
		}
		return a + (b-a)*int64(rows-least)/int64(least)
	}
	// fit sets the need of a network times as large as what was measured, and tells if it is there.
	fit := func(a, b probed, times int64, than string) error {
		m.Parameters, m.Network = copies*a.parameters, a.parameters
		if shards := max(e.Train.Shards, 1); shards > 1 { // sums of gradients on the way up the tree
			m.Network += a.parameters * int64(learners*max(1, bits.Len(uint(shards/learners))-1))
		}
		for _, rows := range learned {
			m.Network += line(a.training, b.training, rows)
		}
		for _, rows := range evaluated {
			m.Network += line(a.evaluation, b.evaluation, rows)
		}
		m.Parameters, m.Network = m.Parameters*times, m.Network*times
		have := memory.Available()
		if sure := have + have/8; have == 0 || m.Total() <= have || times > 1 && m.Total() <= sure {
			return nil
		}
		each := (have-m.Total()+m.Network)/int64(learners) - times*(a.training+a.evaluation)
		fits := max(0, int64(least)+each*int64(least)/max(1, times*(b.training+b.evaluation-a.training-a.evaluation))) * int64(max(e.Train.Shards, 1))
		return e.bad("train.batch", fmt.Sprintf("a batch that fits in the %v of memory that this machine has left, at most some %d samples", memory.Size(have), fits),
			fmt.Sprintf("%d, which needs %s%v", e.Train.Batch, than, m))
	}
	probe := func(n need) (a, b probed, err error) {
		if a, err = n.probe(sets, target, least, learned); err != nil || least == most {
			return a, a, err
		}
		b, err = n.probe(sets, target, 2*least, learned)
		return a, b, err
	}
	if small, times := n.shrunk(least, 1<<22); times > 1 { // a large network is not made to find that it does not fit
		if a, b, err := probe(small); err == nil {
			if err := fit(a, b, int64(times), "some "); err != nil {
				return m, err
			}
		}
	}
	a, b, err := probe(n)
	if err != nil {
		return m, err
	}
	return m, fit(a, b, 1, "")
}

// Fit sets Checkpoint so that a run needs at most so many bytes, and to as many time steps as that
// allows: whole sequences, or segments of a half, a quarter and so on. It returns what the run
// needs.
//
// Errors are those of Memory, and [ErrMemory] where the smallest need is above most.
func (e *Experiment) Fit(sets train.Data, target data.Target, most int64) (Memory, error) {
	m, err := e.Memory(sets, target)
	if err != nil || m.Total() <= most {
		return m, err
	}
	least := m
	for k := e.Encode.Steps; !e.events() && k > 1; {
		k = (k + 1) / 2
		e.Checkpoint = k
		if m, err = e.Memory(sets, target); err != nil || m.Total() <= most {
			return m, err
		}
		if m.Total() < least.Total() {
			least = m
		}
	}
	e.Checkpoint = 0
	return least, fmt.Errorf("%w: expected at least %v", ErrMemory, least)
}

// ErrMemory signifies that a run needs more memory than it may have.
var ErrMemory = errors.New("experiment: not enough memory")

// need is what a run takes of the memory of the machine.
type need struct{ *Experiment }

// rows returns the rows of the batches that are learned and evaluated: each learner has programs of
// its own for its shards, and for those of the last batches of the sets.
func (e need) rows(sets train.Data, learners int) (learned, evaluated []int) {
	shards := max(e.Train.Shards, 1)
	most := data.Batches{Size: e.Train.Batch, Shards: shards}.MaxRows()
	if e.events() { // one network for all batches
		return slices.Repeat([]int{most}, learners), nil
	}
	of := func(learner int, sets ...data.Batches) []int {
		var list []int
		for _, s := range sets {
			if s.Data == nil {
				continue
			}
			s.Size, s.Shards = e.Train.Batch, shards
			for s.Shard = learner * shards / learners; s.Shard < (learner+1)*shards/learners; s.Shard++ {
				for _, k := range []int{0, s.Len() - 1} {
					if rows := s.Rows(k); rows > 0 && !slices.Contains(list, rows) {
						list = append(list, rows)
					}
				}
			}
		}
		return list
	}
	for i := range learners {
		learned = append(learned, of(i, sets.Train)...)
		evaluated = append(evaluated, of(i, sets.Valid, sets.Test)...)
	}
	return learned, evaluated
}

// shrunk is the network with layers so much smaller that it is measured at once, with enough
// numbers, and how much. Its need times that is what the network needs, or less, as weights between
// the layers are fewer, but for what a program holds besides its numbers.
func (e need) shrunk(rows int, enough float64) (small need, times int) {
	numbers := 0.0
	for _, n := range e.Model.Hidden {
		numbers += float64(2*rows*max(e.Encode.Steps, 1)) * float64(n)
	}
	if e.events() || len(e.Layer) > 0 || numbers < 16*enough {
		return e, 1
	}
	times = int(numbers / enough)
	c := *e.Experiment
	c.Model.Hidden = slices.Clone(c.Model.Hidden)
	for i, n := range c.Model.Hidden {
		c.Model.Hidden[i] = max(n/times, 1)
		if n < 4*times {
			return e, 1 // a layer of few neurons beside a large one
		}
	}
	return need{&c}, times
}

// probed is what a network with batches of some rows holds.
type probed struct{ parameters, training, evaluation int64 }

// probe runs the network on batches of so many rows, unless what it learns is beyond the machine.
func (e need) probe(sets train.Data, target data.Target, rows int, learned []int) (p probed, err error) {
	small := *e.Experiment
	small.Train.Batch = rows
	set := sets.Train
	set.Size, set.Sequential = rows, true
	net, err := small.build(graph.NewParams(small.Seed), set.Channels(), target)
	if err != nil {
		return p, err
	}
	defer net.Close()
	if n, ok := net.(*stepNetwork); ok {
		if err := e.boundBatch(n.numbers/rows, learned); err != nil {
			return p, err
		}
	}
	if _, err := net.Evaluate(set, 0, 0); err != nil {
		return p, err
	}
	if _, err := net.Gradient(set, 0, 0); err != nil {
		return p, err
	}
	for _, name := range net.Params().Names() {
		p.parameters += int64(net.Params().Value(name).MemSize())
	}
	p.training = memory.Footprint(net)
	if n, ok := net.(*stepNetwork); ok {
		p.training, p.evaluation = n.Memory()
		p.evaluation -= p.parameters
	}
	p.training -= p.parameters
	return p, nil
}

// boundData refuses samples that are generated and would be beyond the machine.
func (e loading) boundData() error {
	g, ok := e.source().(data.Generated)
	have := memory.Available()
	if !ok || have == 0 {
		return nil
	}
	parts, bytes := g.Need()
	total, most := 0.0, 0
	for k, n := range parts {
		total += float64(float64(n) * bytes)
		if n > parts[most] {
			most = k
		}
	}
	if total <= float64(have) {
		return nil
	}
	return e.bad("data."+[3]string{"train", "valid", "test"}[most], fmt.Sprintf("samples that fit in the %v of memory that this machine has left", memory.Size(have)),
		fmt.Sprintf("%d, with which the sets need %v", parts[most], memory.Size(min(total, 1<<60))))
}

// bound refuses what is beyond the machine by its weights alone, by one row of the input, or by the
// neurons in the batches that are learned, before a network is made.
func (e need) bound(channels int, target data.Target, learned []int) error {
	have := memory.Available()
	if have == 0 {
		return nil
	}
	width := e.width()
	check := func(key string, found int, bytes float64) error {
		if bytes <= float64(have) {
			return nil
		}
		return e.bad(key, fmt.Sprintf("what fits in the %v of memory that this machine has left", memory.Size(have)),
			fmt.Sprintf("%d, which needs more than %v", found, memory.Size(min(bytes, 1<<60))))
	}
	if !e.events() {
		if err := check("encode.steps", e.Encode.Steps, width*float64(e.Encode.Steps)*float64(channels)); err != nil {
			return err
		}
	}
	before, neurons := channels, 0
	for i, n := range e.Model.Hidden {
		weights := float64(before) * float64(n)
		if e.recurrent() {
			weights += float64(float64(n) * float64(n))
		}
		row := float64(e.kept()) * float64(n)
		key, found := fmt.Sprintf("model.hidden[%d]", i), n
		if row > weights && e.kept() > n {
			key, found = "encode.steps", e.Encode.Steps
		}
		if err := check(key, found, width*(float64((2+copies)*weights)+row)); err != nil {
			return err
		}
		before, neurons = n, neurons+n
	}
	if err := check("model.hidden", before, width*(2+copies)*float64(before)*float64(target.Size)); err != nil {
		return err
	}
	return e.boundBatch(neurons*e.Encode.Steps, learned)
}

// boundBatch refuses batches that are learned of which the neurons alone are beyond the machine:
// each keeps at least a number for each time step of a segment. numbers are those of one row.
func (e need) boundBatch(numbers int, learned []int) error {
	have := memory.Available()
	if have == 0 || e.events() {
		return nil
	}
	rows := 0
	for _, n := range learned {
		rows += n
	}
	each := e.width() * float64(numbers) * float64(e.kept()) / float64(max(e.Encode.Steps, 1))
	if float64(rows)*each <= float64(have) {
		return nil
	}
	fits := float64(e.Train.Batch) / float64(rows) * float64(have) / each
	return e.bad("train.batch", fmt.Sprintf("a batch that fits in the %v of memory that this machine has left, at most some %d samples", memory.Size(have), int(fits)),
		fmt.Sprintf("%d, which needs more than %v", e.Train.Batch, memory.Size(min(float64(rows)*each, 1<<60))))
}

// width is that of a number in bytes.
func (e need) width() float64 {
	if e.Train.DType == "float32" {
		return 4
	}
	return 8
}

// kept is the number of time steps of which the numbers of a layer are kept at once.
func (e need) kept() int {
	if e.Checkpoint > 0 {
		return min(e.Checkpoint, e.Encode.Steps)
	}
	return max(e.Encode.Steps, 1)
}
