package graph

import (
	"fmt"
	"slices"
	"strings"
	"time"

	G "gorgonia.org/gorgonia"
)

// maxSalts is how many different names of the inputs Build tries before it gives up
// on finding two graphs of one structure.
const maxSalts = 8

// Report says how a program was built.
type Report struct {
	Nodes   int           // nodes of the graph, gradient included
	Salts   int           // how often the graph was built until two builds agreed; 2 if no nodes were merged
	Layers  []LayerReport // in the order of the model
	Trained []string      // parameters with a gradient
	Build   time.Duration // model function and gradient, all builds
}

// LayerReport says how one layer is run.
type LayerReport struct {
	Name, Kind string
	Engine     Engine
	Fallback   bool // the wanted engine was fused, but the cell has no kernel
}

// Build runs the model function, differentiates its loss with respect to the trained
// parameters, and returns the program. Parameters that do not exist yet are added to
// params.
//
// The model function is called at least twice, each time with a new Builder, and so
// must be free of side effects: Gorgonia identifies nodes by a 32-bit hash, and two
// different nodes with one hash silently become one, in about one of 2^33/N² graphs of
// N nodes of one kind. Build salts the names of the inputs, and so all hashes, and
// accepts a graph when two builds with different salts have the same nodes with the
// same operands; after 8 salts it gives up with [ErrCollision]. What this cannot find is
// an operation of the user's own that does not write all of its parameters to its hash:
// it is merged under every salt.
//
// Errors: what the model function reports; one that wraps [ErrNoGradient] and names every
// parameter without a differentiable way to the loss; [ErrBuild] for anything else. A
// panic of the model function or of Gorgonia is returned as an error. After an error
// params is as it was before.
//
// Cost: at least two calls of the model function and of Gorgonia's Grad, which takes
// about a second for 30 000 nodes, and four times that for twice as many.
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
	if err != nil {
		params.truncate(had)
		return nil, err
	}
	p.report.Build = time.Since(start)
	if s.Logger != nil {
		s.Logger.Debug("graph built", "nodes", p.report.Nodes, "salts", p.report.Salts, "seconds", p.report.Build.Seconds())
	}
	return p, nil
}

func build(params *Params, s Settings, model func(*Builder)) (*Program, error) {
	var seen [][]int64
	for salt := range maxSalts {
		b, err := construct(params, s, salt, model)
		if err != nil {
			return nil, err
		}
		now := structure(b.g)
		if slices.ContainsFunc(seen, func(s []int64) bool { return slices.Equal(s, now) }) {
			return b.program(salt + 1)
		}
		seen = append(seen, now)
	}
	return nil, fmt.Errorf("%w: %d builds of the model gave %d different graphs: hashes collide, or the model function is not deterministic", ErrCollision, maxSalts, maxSalts)
}

// construct makes the graph under one salt, with gradient and records.
func construct(params *Params, s Settings, salt int, model func(*Builder)) (b *Builder, err error) {
	defer recovered(&err)
	b = &Builder{
		g:        G.NewGraph(),
		params:   params,
		settings: s,
		salt:     salt,
		names:    map[string]bool{},
		steps:    map[*G.Node][]*G.Node{},
		needs:    map[*G.Node]bool{},
	}
	model(b)
	if b.loss == nil && len(b.outputs) == 0 {
		b.Failf("the model has neither a loss nor an output")
	}
	b.differentiate()
	for _, o := range b.outputs {
		b.record(o)
	}
	for _, st := range b.states {
		b.record(st.final)
	}
	return b, nil
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

// differentiate adds the gradient of the loss and turns b.trained into records of
// the gradients.
func (b *Builder) differentiate() {
	if b.loss == nil {
		b.trained = nil
		return
	}
	if len(b.trained) > 0 {
		reached := reachable(b.g, b.loss)
		var lost []string
		var wrt []*G.Node
		for _, p := range b.trained {
			if !reached[p.node] {
				lost = append(lost, fmt.Sprintf("%q", p.name))
			}
			wrt = append(wrt, p.node)
		}
		if len(lost) > 0 {
			b.Fail(fmt.Errorf("%w: %s", ErrNoGradient, strings.Join(lost, ", ")))
		}
		grads, err := G.Grad(b.loss, wrt...)
		if err != nil {
			b.Fail(fmt.Errorf("%w: gradient: %w", ErrBuild, err))
		}
		for i, g := range grads {
			if g == nil {
				b.Fail(fmt.Errorf("%w: %q", ErrNoGradient, b.trained[i].name))
			}
			b.trained[i].node = g
		}
	}
	for _, p := range b.trained {
		b.record(p)
	}
	l := &slot{name: "loss", node: b.loss}
	b.record(l)
	b.recordedLoss = l
}

// reachable returns the nodes that influence n through differentiable operations.
func reachable(g *G.ExprGraph, n *G.Node) map[*G.Node]bool {
	seen := map[*G.Node]bool{n: true}
	for todo := []*G.Node{n}; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		op, ok := n.Op().(G.SDOp)
		if !ok {
			continue
		}
		c := children(g, n)
		for i, w := range op.DiffWRT(len(c)) {
			if w && i < len(c) && !seen[c[i]] {
				seen[c[i]] = true
				todo = append(todo, c[i])
			}
		}
	}
	return seen
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
	m, err := newMachine(b.g)
	if err != nil {
		return nil, err
	}
	p = &Program{
		machine: m,
		loss:    b.recordedLoss,
		inputs:  index(b.inputs),
		outputs: index(b.outputs),
		grads:   index(b.trained),
		initial: map[string]*slot{},
		final:   State{},
		watched: slices.Clone(b.outputs),
		report:  Report{Nodes: len(b.g.AllNodes()), Salts: salts, Layers: b.layers},
	}
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
