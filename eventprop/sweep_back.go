package eventprop

import "github.com/surge-snn/surge/internal/lanes"

// sweptAdjoint is the state of the backward pass of a sweep.
type sweptAdjoint struct {
	a, b  []float64 // dL/dV and dL/dI of each neuron
	quiet bool      // all of them are 0

	at    []int32   // for each neuron, one more than the index in moved if it spikes in the interval, or 0
	moved []upToNow // neurons that spike in the interval
}

// upToNow is a neuron whose adjoint is that at a moment within the interval.
type upToNow struct {
	neuron int32
	moment passage
	State
}

// sweepBack is [Tape.Backward] after a sweep, for everything but time constants and voltages. InputTime is empty unless
// it is asked for.
func (t *Tape) sweepBack(g *Gradients, c *Cotangent, inputTime bool) error {
	if err := c.check(t); err != nil {
		return err
	}
	if err := g.check(t.plan.layer); err != nil {
		return err
	}
	w, n := &t.swept.back, len(t.plan.cells)
	t.InputTime = t.InputTime[:0]
	if inputTime {
		t.InputTime = zeroed(t.InputTime, len(t.input))
	}
	t.Report.ClippedJumps = 0
	w.a, w.b, w.at, w.quiet = zeroed(w.a, n), zeroed(w.b, n), zeroed(w.at, n), true
	for k := len(t.swept.intervals) - 1; k >= 0; k-- {
		x := &t.swept.intervals[k]
		if !w.quiet {
			for s := x.endInput - 1; s >= x.firstInput; s-- {
				t.sweepBackInput(g, s)
			}
		}
		if err := t.sweepBackInterval(g, x, c.Time); err != nil {
			return err
		}
	}
	for j := range w.a {
		accumulate(g.IInit, j, w.b[j])
		if t.plan.layer.Params.VInit != nil {
			accumulate(g.VInit, j, w.a[j])
			accumulate(g.VLeak, j, -w.a[j])
		}
	}
	return nil
}

// sweepBackInput undoes input k, which does not change the adjoints.
func (t *Tape) sweepBackInput(g *Gradients, k int32) {
	w, cell, n := &t.swept.back, &t.plan.cells[0], len(t.plan.cells)
	from := t.input[k].Neuron * n
	if len(t.InputTime) > 0 {
		t.InputTime[k] = lanes.Moved(t.plan.layer.In.Weight[from:from+n], w.a, w.b, cell.alpha, cell.beta)
	}
	if g.In != nil {
		lanes.Add(g.In[from:from+n], w.b)
	}
}

// sweepBackInterval carries the adjoints of all neurons from the end of an interval to its beginning. Those that spike in it
// go from spike to spike on their own.
func (t *Tape) sweepBackInterval(g *Gradients, x *interval, time []float64) error {
	w, cell := &t.swept.back, &t.plan.cells[0]
	w.moved = w.moved[:0]
	for s := x.endSpike - 1; s >= x.firstSpike; s-- {
		if err := t.sweepBackSpike(g, x, &t.swept.spikes[s], time[s]); err != nil {
			return err
		}
	}
	if !w.quiet {
		lanes.Retreat(w.a, w.b, lanes.Factors[float64](x.Factors))
	}
	for k := range w.moved {
		m := &w.moved[k]
		a := cell.backTo(passage{0, 1, 1}, m.moment, m.State)
		w.a[m.neuron], w.b[m.neuron] = a.V, a.I
		w.at[m.neuron] = 0
	}
	return nil
}

// backTo carries an adjoint from a moment in an interval to one before it.
func (c *cell) backTo(before, from passage, a State) State {
	if from.time > before.time && (a.V != 0 || a.I != 0) {
		return c.between(before, from).Adjoint(a)
	}
	return a
}

// sweepBackSpike undoes a spike in an interval, with derivative time to its time.
func (t *Tape) sweepBackSpike(g *Gradients, x *interval, s *sweptSpike, time float64) error {
	w, j := &t.swept.back, s.Neuron
	if w.at[j] == 0 {
		w.moved = append(w.moved, upToNow{int32(j), x.end(), State{w.a[j], w.b[j]}})
		w.at[j] = int32(len(w.moved))
	}
	m := &w.moved[w.at[j]-1]
	a := t.plan.cells[0].backTo(s.passage, m.moment, m.State)
	accumulate(g.VReset, j, a.V)
	accumulate(g.VLeak, j, -a.V)
	before, err := t.jump(j, s.Time, s.Current, a.V, time)
	if err != nil {
		return err
	}
	accumulate(g.VTh, j, -before)
	accumulate(g.VLeak, j, before)
	m.moment, m.State = s.passage, State{before, a.I}
	w.quiet = w.quiet && before == 0
	return nil
}
