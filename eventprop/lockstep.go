package eventprop

import (
	"fmt"
)

// lockstep is the fast way through a layer of neurons that are alike with dense recurrent weights and no delays:
// every event reaches every neuron, so that they all go from event to event together, with a
// propagator that is common to them. Only the events are kept; see Tape.unfold.
type lockstep struct {
	state    []State
	fired    []int32
	instants []instant
	adj      []State
	time     []float64
}

// instant is a moment at which something happens to all neurons.
type instant struct {
	Factors       // from the instant before it
	input   int32 // input spike, or -1
	first   int32 // spikes first <= k < first + count
	count   int32
}

// lockedPass is the forward pass.
func (t *Tape) lockedPass() error {
	w, p := &t.lockstep, t.plan
	c, n := &p.cells[0], len(p.cells)
	w.state, w.instants = resize(w.state, n), w.instants[:0]
	copy(w.state, p.init)
	now := 0.0
	for {
		in := t.head < len(t.input) && t.input[t.head].Time < t.end
		horizon := t.end
		if in {
			horizon = t.input[t.head].Time
		}
		var h float64
		var f Factors
		var solved int
		w.fired, h, f, solved = c.nextEvent(w.state, horizon-now, w.fired)
		t.Report.RootSolves += solved
		at := min(now+h, horizon)
		if len(w.fired) == 0 || !(at < t.end) {
			at = horizon
		}
		for j := range w.state {
			w.state[j] = f.Apply(w.state[j])
		}
		if !(at < t.end) {
			break
		}
		x := instant{Factors: f, input: -1, first: int32(len(t.Spikes)), count: int32(len(w.fired))}
		if len(w.fired) == 0 {
			x.input = int32(t.head)
			row := t.input[t.head].Neuron * n
			TransitionInput(w.state, p.layer.In.Weight[row:row+n])
			t.head++
			t.Report.Arrivals += n
		} else if err := t.lockedSpikes(now, at); err != nil {
			return err
		}
		w.instants = append(w.instants, x)
		now = at
	}
	t.engine = locked
	t.summarize()
	for j, s := range w.state {
		if !s.finite() {
			return t.overflow(j, s)
		}
	}
	return nil
}

// lockedSpikes lets the neurons in fired spike: first all are reset, then their spikes arrive.
func (t *Tape) lockedSpikes(before, now float64) error {
	w, p := &t.lockstep, t.plan
	c, n := &p.cells[0], len(p.cells)
	if len(t.Spikes)+len(w.fired) > p.maxSpikes {
		return fmt.Errorf("%w: %d at %g s, the limit is %d", ErrLimit, len(t.Spikes)+len(w.fired), now, p.maxSpikes)
	}
	for _, j := range w.fired {
		current := w.state[j].I
		for k := len(t.Spikes) - 1; k >= 0 && before == now && t.Spikes[k].Time == now; k-- {
			if t.Spikes[k].Neuron == int(j) {
				return fmt.Errorf("%w: neuron %d at %g s, current %g", ErrRunaway, j, now, current)
			}
		}
		if current-c.q < 1e-3*c.q {
			t.Report.Grazing++
		}
		t.Spikes = append(t.Spikes, Spike{now, int(j), current})
		TransitionWithoutRecurrence(w.state, int(j), c.rho)
	}
	for _, j := range w.fired {
		TransitionInput(w.state, p.layer.Rec.Weight[int(j)*n:(int(j)+1)*n])
		t.Report.Arrivals += n
	}
	return nil
}

// lockedBack is [Tape.Backward] after lockedPass, for everything but time constants and voltages.
func (t *Tape) lockedBack(g *Gradients, c *Cotangent) error {
	if err := c.check(t); err != nil {
		return err
	}
	if err := g.check(t.plan.layer); err != nil {
		return err
	}
	w, l, cell, n := &t.lockstep, t.plan.layer, &t.plan.cells[0], len(t.plan.cells)
	t.InputTime = zeroed(t.InputTime, len(t.input))
	t.Report.ClippedJumps = 0
	w.adj, w.time = zeroed(w.adj, n), append(w.time[:0], c.Time...)
	row := func(grad []float64, i int) []float64 {
		if grad == nil {
			return nil
		}
		return grad[i*n : (i+1)*n]
	}
	for k := len(w.instants) - 1; k >= 0; k-- {
		x := &w.instants[k] // the adjoint after the last instant is 0, so there is no flow from the end
		if x.input >= 0 {
			i := t.input[x.input].Neuron
			t.InputTime[x.input] = AdjointTransitionInput(row(g.In, i), cell.Flow, w.adj, row(l.In.Weight, i))
		}
		for s := x.first; s < x.first+x.count; s++ {
			j := t.Spikes[s].Neuron
			w.time[s] += AdjointTransitionInput(row(g.Rec, j), cell.Flow, w.adj, row(l.Rec.Weight, j))
		}
		for s := x.first; s < x.first+x.count; s++ {
			if err := t.lockedBackSpike(g, &t.Spikes[s], w.time[s]); err != nil {
				return err
			}
		}
		for j := range w.adj {
			w.adj[j] = x.Adjoint(w.adj[j])
		}
	}
	for j, a := range w.adj {
		accumulate(g.IInit, j, a.I)
		if l.Params.VInit != nil {
			accumulate(g.VInit, j, a.V)
			accumulate(g.VLeak, j, -a.V)
		}
	}
	return nil
}

// lockedBackSpike undoes the reset of a spike, with derivative time to its time.
func (t *Tape) lockedBackSpike(g *Gradients, s *Spike, time float64) error {
	a := &t.lockstep.adj[s.Neuron]
	accumulate(g.VReset, s.Neuron, a.V)
	accumulate(g.VLeak, s.Neuron, -a.V)
	before, err := t.jump(s.Neuron, s.Time, s.Current, a.V, time)
	if err != nil {
		return err
	}
	a.V = before
	accumulate(g.VTh, s.Neuron, -before)
	accumulate(g.VLeak, s.Neuron, before)
	return nil
}
