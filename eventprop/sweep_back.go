package eventprop

import "github.com/surge-snn/surge/internal/lanes"

// sweptAdjoint is the state of the backward pass of a sweep.
type sweptAdjoint struct {
	a, b  []float64 // dL/dV and dL/dI of each neuron
	quiet bool      // all of them are 0
	after []State   // dL/dV and dL/dI after the last spikes in an interval
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
	w.a, w.b = zeroed(w.a, n), zeroed(w.b, n)
	pass := t.sweepBackMany
	if n <= few {
		pass = t.sweepBackFew
	}
	if err := pass(g, c.Time); err != nil {
		return err
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

// sweepBackMany undoes sweepMany, with the derivatives time to the times of the spikes.
func (t *Tape) sweepBackMany(g *Gradients, time []float64) error {
	w, n := &t.swept.back, len(t.plan.cells)
	w.quiet = true
	for k := len(t.swept.intervals) - 1; k >= 0; k-- {
		x := &t.swept.intervals[k]
		if !w.quiet {
			for s := x.endInput - 1; s >= x.firstInput; s-- {
				t.sweepBackInput(g, s, 0, n)
			}
		}
		if err := t.sweepBackInterval(g, x, time, 0, n); err != nil {
			return err
		}
	}
	return nil
}

// sweepBackInput undoes input k of the neurons lo to hi-1, which does not change the adjoints.
func (t *Tape) sweepBackInput(g *Gradients, k int32, lo, hi int) {
	w, cell, n := &t.swept.back, &t.plan.cells[0], len(t.plan.cells)
	row := t.input[k].Neuron * n
	if len(t.InputTime) > 0 {
		t.InputTime[k] += lanes.Moved(t.plan.layer.In.Weight[row+lo:row+hi], w.a[lo:hi], w.b[lo:hi], cell.alpha, cell.beta)
	}
	if g.In != nil {
		lanes.Add(g.In[row+lo:row+hi], w.b[lo:hi])
	}
}

// sweepBackInterval carries the adjoints of the neurons lo to hi-1 from the end of an interval to its beginning. Those that spike in it
// go from spike to spike.
func (t *Tape) sweepBackInterval(g *Gradients, x *interval, time []float64, lo, hi int) error {
	w, spikes := &t.swept.back, t.swept.found[x.firstSpike:x.endSpike]
	if !w.quiet {
		trains := t.swept.trains[x.firstTrain:x.endTrain]
		w.after = resize(w.after, len(trains))
		for k := range trains {
			r := &trains[k]
			w.after[k] = r.Adjoint(State{w.a[r.neuron], w.b[r.neuron]})
		}
		lanes.Retreat(w.a[lo:hi], w.b[lo:hi], lanes.Factors(x.Factors))
		for k, a := range w.after {
			j := trains[k].neuron
			w.a[j], w.b[j] = a.V, a.I
		}
	}
	for k := len(spikes) - 1; k >= 0; k-- {
		s := &spikes[k]
		j := int(s.neuron)
		after := w.a[j]
		before, err := t.jump(j, t.Spikes[s.index].Time, s.current, after, time[s.index])
		if err != nil {
			return err
		}
		accumulate(g.VReset, j, after)
		accumulate(g.VLeak, j, before-after)
		accumulate(g.VTh, j, -before)
		w.quiet = w.quiet && before == 0
		a := s.Adjoint(State{before, w.b[j]})
		w.a[j], w.b[j] = a.V, a.I
	}
	return nil
}
