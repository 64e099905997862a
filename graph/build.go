package graph

import (
	"errors"
	"fmt"
	"slices"
	"time"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/internal/given"
)

// maxSalts is how many different names of the inputs Build tries before it gives up
// on finding two graphs of one structure.
const maxSalts = 8

// Report says how a program was built.
type Report struct {
	Nodes   int           // nodes of the graph, gradient included
	Live    int           // nodes that something recorded depends on: the own machine runs no others
	Memory  int           // bytes of the own machine's buffers, without the memory that operations own
	Salts   int           // how often the graph was built until two builds agreed; 2 if no nodes were merged
	Layers  []LayerReport // in the order of the model
	Trained []string      // parameters with a gradient
	Build   time.Duration // model function, gradient and machine, all builds
	Compile time.Duration // of it the machine
}

// LayerReport says how one layer is run.
type LayerReport struct {
	Name, Kind string
	Steps      int // time steps
	Engine     Engine
	Fallback   bool // the wanted engine was fused, but the cell has no kernel
	// Density is the share of numbers that are not zero in what the weights of the layer met in the
	// last run: the input of a Linear, the spikes of a recurrent LIF. Events says that it was few
	// enough for the products to go by lists of events. Zero before the first run, for layers
	// without weights and for those of the unrolled engine.
	Density float64
	Events  bool
}

// Build runs the model function, differentiates its loss with respect to the trained
// parameters, and returns the program. Where params is empty, the parameters of the model are
// added to it; otherwise it must hold all of them and no others, unless Settings.Partial allows it.
//
// The model function is called at least twice, each time with a new Builder, and so
// must be free of side effects: Gorgonia identifies nodes by a 32-bit hash, and two
// different nodes with one hash silently become one, in about one of 2^33/N² graphs of
// N nodes of one kind. Build salts the names of the inputs, and so all hashes, and
// accepts a graph when two builds with different salts have the same nodes with the
// same operands; after 8 salts it gives up with [ErrCollision]. Operations whose hash leaves
// settings out, some of Gorgonia's and perhaps one of the user's own, are kept apart where each
// goes through [Builder.Check] by itself; where two of them do at once the build ends.
// Gorgonia's Log turns the SoftMax that it is applied to into a LogSoftMax, for all who read it:
// only where the SoftMax has gone through Check by itself is it left as it is.
//
// Errors: what the model function reports; one that wraps [ErrParam] for given parameters
// that are not those of the model; one that wraps [ErrNoGradient] and names every
// parameter without a differentiable way to the loss; [ErrBuild] for anything else. A
// panic of the model function or of Gorgonia is returned as an error. After an error
// params is as it was before.
//
// Programs may be built at the same time, except that Gorgonia numbers the nodes of Rectify,
// Conv1d, Conv2d, MaxPool2D and AveragePool2D in one variable without a lock: model functions that
// call them must take turns.
//
// Cost: linear in the number of nodes, some 20 µs for each, both builds together.
func Build(params *Params, settings Settings, model func(*Builder)) (*Program, error) {
	s, err := settings.withDefaults()
	if err != nil {
		return nil, err
	}
	if params == nil || model == nil {
		return nil, fmt.Errorf("%w: no parameters or no model function", ErrBuild)
	}
	start, had := time.Now(), len(params.names)
	p, err := build(params, s, model)
	if err == nil && !s.Partial {
		err = CheckNames(params.names[:had], p.builder.parameters)
	}
	if err != nil {
		params.truncate(had)
		return nil, err
	}
	p.report.Build = time.Since(start)
	given.Logger(s.Logger).Debug("graph built", "nodes", p.report.Nodes, "salts", p.report.Salts, "seconds", p.report.Build.Seconds())
	return p, nil
}

func build(params *Params, s Settings, model func(*Builder)) (*Program, error) {
	var seen [][]int64
	for salt := range maxSalts {
		b, err := construct(params, s, salt, model)
		if err != nil {
			return nil, err
		}
		if s.Machine == TapeMachine && !uniqueHashes(b.g) {
			continue
		}
		now := b.structure()
		if slices.ContainsFunc(seen, func(s []int64) bool { return slices.Equal(s, now) }) {
			return b.program(salt + 1)
		}
		seen = append(seen, now)
	}
	return nil, fmt.Errorf("%w: no two of %d builds of the model gave the same graph: hashes collide, or the model function is not deterministic", ErrCollision, maxSalts)
}

// construct makes the graph under one salt, with gradient and records.
func construct(params *Params, s Settings, salt int, model func(*Builder)) (b *Builder, err error) {
	b = newBuilder(params, s, salt)
	defer func() {
		if err != nil && !errors.Is(err, errLostNode) && b.lostNode() {
			err = fmt.Errorf("%w: %w", errLostNode, err)
		}
	}()
	defer recovered(&err)
	model(b)
	if b.loss == nil && len(b.outputs) == 0 {
		b.Failf("the model has neither a loss nor an output")
	}
	b.settle()
	b.differentiate()
	b.recordAll()
	if s.Machine == TapeMachine {
		b.checkTape()
	}
	return b, nil
}

func newBuilder(params *Params, s Settings, salt int) *Builder {
	b := &Builder{
		g:        G.NewGraph(),
		params:   params,
		settings: s,
		salt:     salt,
		names:    map[string]bool{},
		leaves:   map[*G.Node]leafKind{},
		steps:    map[*G.Node][]*G.Node{},
		needs:    map[*G.Node]bool{},
		fused:    map[string]*G.Node{},
	}
	b.lookup = lookupOf(b.g)
	b.identities = identitiesOf(b.g)
	b.reserve()
	return b
}

// recovered, deferred, turns a panic of the model function or of Gorgonia into an error.
func recovered(err *error) {
	switch r := recover().(type) {
	case nil:
	case buildError:
		*err = r.err
	default:
		*err = fmt.Errorf("%w: panic: %v", ErrBuild, r)
	}
}

// structure lists the nodes with their operands, in the order of the graph. Nodes that
// were merged are missing.
func structure(g *G.ExprGraph) []int64 {
	var s []int64
	for _, n := range g.AllNodes() {
		s = append(s, -1, n.ID())
		for _, c := range children(g, n) {
			s = append(s, c.ID())
		}
	}
	return s
}

// program makes the program of a checked graph.
func (b *Builder) program(salts int) (p *Program, err error) {
	defer recovered(&err)
	start := time.Now()
	length := 0
	if !b.settings.DebugNaNs { // which reads the results of all operations
		length = b.settings.Checkpoint
	}
	m, err := newMachineInPieces(b.g, length, nil)
	if err != nil {
		return nil, err
	}
	var r runner = m
	switch {
	case b.settings.Machine == TapeMachine:
		r = newTape(b.g)
	case b.settings.DebugNaNs:
		m.check = b.checkFinite
	default:
		m.settle()
		m.follow(b.inputs)
	}
	compiled := time.Since(start)
	p = &Program{
		machine: r,
		builder: b,
		loss:    b.recordedLoss,
		inputs:  index(b.inputs),
		outputs: index(b.outputs),
		grads:   index(b.trained),
		initial: map[string]*slot{},
		final:   State{},
		watched: slices.Clone(b.outputs),
		report: Report{
			Nodes: len(b.g.AllNodes()), Live: len(m.steps), Salts: salts, Layers: b.layers,
			Memory: m.memory,
		},
	}
	for _, s := range b.segments {
		p.report.Nodes += len(s.b.g.AllNodes())
		for _, m := range []*machine{s.forward, s.backward} {
			if m != nil {
				p.report.Live += len(m.steps)
				p.report.Memory += m.memory
			}
		}
	}
	p.report.Compile = compiled
	p.report.Memory *= int(b.settings.DType.Size())
	for _, st := range b.states {
		if st.initial != nil {
			p.initial[st.initial.name] = st.initial
		}
		p.final[st.final.name] = st.final.value
		p.watched = append(p.watched, st.final)
	}
	for _, s := range b.trained {
		p.report.Trained = append(p.report.Trained, s.name)
	}
	return p, nil
}

func index(s []*slot) map[string]*slot {
	m := make(map[string]*slot, len(s))
	for _, v := range s {
		m[v.name] = v
	}
	return m
}
