package graph

import (
	"fmt"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// differentiate adds the gradient of the loss and turns b.trained from slots of the
// parameters to slots of their gradients. Without a loss nothing is trained.
func (b *Builder) differentiate() {
	if b.loss == nil {
		b.trained = nil
	}
	if len(b.trained) == 0 {
		return
	}
	b.checkReached()
	grads := b.gradients(b.loss, G.NewConstant(one(b.loss.Dtype()), G.WithName(seedName)))
	for _, p := range b.trained {
		g := grads[p.node.ID()]
		if g == nil {
			b.Fail(fmt.Errorf("%w: %q", ErrNoGradient, p.name))
		}
		if !sameShape(g.Shape(), p.node.Shape()) {
			b.Fail(fmt.Errorf("%w: gradient of %q has shape %v, want %v", ErrShape, p.name, g.Shape(), p.node.Shape()))
		}
		p.node = g
	}
}

// seedName is the name of the gradient of the loss with respect to itself, 1.
const seedName = "dloss/dloss"

func one(dt tensor.Dtype) any {
	if dt == tensor.Float64 {
		return 1.0
	}
	return float32(1)
}

// checkReached ends the build if a trained parameter has no differentiable way to the
// loss, or if one of its ways leads through an operation that has no derivative.
func (b *Builder) checkReached() {
	reached := b.reached(b.loss)
	var lost []string
	for _, p := range b.trained {
		if !reached[p.node.ID()] {
			lost = append(lost, fmt.Sprintf("%q", p.name))
		}
	}
	if len(lost) > 0 {
		b.Fail(fmt.Errorf("%w: %s", ErrNoGradient, strings.Join(lost, ", ")))
	}
	b.checkDerivatives(reached)
}

// reached says, by the number of the node, which nodes influence one of the given through
// differentiable operations.
func (b *Builder) reached(from ...*G.Node) []bool {
	nodes := b.g.AllNodes()
	reached := make([]bool, len(nodes))
	for _, n := range from {
		reached[n.ID()] = true
	}
	for i := len(nodes) - 1; i >= 0; i-- {
		if !reached[i] || nodes[i].Op() == nil {
			continue
		}
		c := children(b.g, nodes[i])
		for k, w := range differentiable(nodes[i], len(c)) {
			if w && k < len(c) {
				reached[c[k].ID()] = true
			}
		}
	}
	return reached
}

// checkDerivatives ends the build if a reached operation has no derivative and an operand
// that needs a gradient.
func (b *Builder) checkDerivatives(reached []bool) {
	for i, n := range b.g.AllNodes() {
		if n.Op() == nil || !reached[i] || hasDerivative(n.Op()) {
			continue
		}
		for _, c := range children(b.g, n) {
			if b.needsGrad(c) {
				b.Failf("gradient: the operation %v stands between a trained parameter and the loss and has no derivative (it is no SDOp); ops.Detach stops a gradient on purpose", n.Op())
			}
		}
	}
}

// gradients adds the nodes of the gradient of y, whose own gradient is seed, with respect
// to every node that depends on a trained parameter, and returns them by the number of the
// node; nil where there is none. Cost: linear in the number of nodes.
func (b *Builder) gradients(y, seed *G.Node) []*G.Node {
	s := b.newSums(int(y.ID()) + 1)
	s.total[y.ID()] = b.g.AddNode(seed)
	s.pass(0, len(s.total))
	s.endScan()
	return s.total
}

// sums are the gradients as far as they are known, by the number of the node.
//
// A gradient that several readers send is the sum of what they send, in the order in which
// they are differentiated, against the order of their creation. What the readers in one time
// step of a layer send to a node outside of that step is summed first, and then
// the steps, from the last to the first; what the layer sends to a node outside of it is
// summed first and then counts as one term. So the sum over time does not
// depend on where else a parameter is used, and a sequence that is cut into segments gives the
// same bits. Sums are made as they grow: no more than two terms of one are in memory.
type sums struct {
	b              *Builder
	total          []*G.Node
	ofScan, ofStep []*G.Node // of the layer and of the time step at hand: what is not in the total yet
	inScan, inStep []*G.Node // nodes with an entry in ofScan and in ofStep, in the order of the first one
}

func (b *Builder) newSums(nodes int) *sums {
	return &sums{b: b, total: make([]*G.Node, nodes), ofScan: make([]*G.Node, nodes), ofStep: make([]*G.Node, nodes)}
}

// pass goes through the nodes with numbers in [from, to), backwards, and asks the operation of
// each that has a gradient for its derivative once (SDOp.SymDiff).
func (s *sums) pass(from, to int) {
	b, nodes := s.b, s.b.g.AllNodes()[:to]
	at := region{scan: outside}
	b.enter(region{scan: outside, gradient: true})
	for i := to - 1; i >= from; i-- {
		n := nodes[i]
		if now := b.regionOf(n); now != at {
			s.endStep(at)
			if now.scan != at.scan {
				s.endScan()
			}
			at = now
			b.enter(region{scan: at.scan, step: at.step, gradient: true})
		}
		grad := s.total[i]
		if grad == nil || n.Op() == nil || !b.needsGrad(n) {
			continue
		}
		b.reserve()
		c := children(b.g, n)
		terms := b.terms(n, c, grad)
		for k, w := range differentiable(n, len(c)) {
			if !w || k >= len(c) || !b.needsGrad(c[k]) {
				continue
			}
			if k >= len(terms) || terms[k] == nil {
				b.Failf("gradient of %v: none with respect to operand %d", n.Op(), k)
			}
			s.add(at, c[k], b.shaped(n.Op(), k, c[k], terms[k]))
		}
	}
	s.endStep(at)
}

// add adds a term, which a node of region at sends, to the gradient of n.
func (s *sums) add(at region, n, term *G.Node) {
	to := s.b.regionOf(n)
	if at.scan == outside || to == at {
		s.plus(&s.total[n.ID()], term)
		return
	}
	if s.ofStep[n.ID()] == nil {
		s.inStep = append(s.inStep, n)
	}
	s.plus(&s.ofStep[n.ID()], term)
}

// endStep moves the sums of the time step to those of its layer, for nodes outside of the
// layer, or to the totals.
func (s *sums) endStep(at region) {
	for _, n := range s.inStep {
		i := n.ID()
		if s.b.regionOf(n).scan == at.scan {
			s.plus(&s.total[i], s.ofStep[i])
		} else {
			if s.ofScan[i] == nil {
				s.inScan = append(s.inScan, n)
			}
			s.plus(&s.ofScan[i], s.ofStep[i])
		}
		s.ofStep[i] = nil
	}
	s.inStep = s.inStep[:0]
}

// endScan moves the sums of the layer to the totals.
func (s *sums) endScan() {
	for _, n := range s.inScan {
		s.plus(&s.total[n.ID()], s.ofScan[n.ID()])
		s.ofScan[n.ID()] = nil
	}
	s.inScan = s.inScan[:0]
}

func (s *sums) plus(sum **G.Node, term *G.Node) {
	if *sum == nil {
		*sum = term
	} else {
		*sum = s.b.Check(G.Add(*sum, term))
	}
}
