package eventprop

import "github.com/surge-snn/surge/internal/lanes"

// sweptAdjoint is the state of the backward pass of a sweep.
type sweptAdjoint struct {
	a, b  []float64 // dL/dV and dL/dI of each neuron
	quiet bool      // all of them are 0
	after []State   // dL/dV and dL/dI after the last spikes in an interval

	taus   bool   // gradients of time constants are wanted
	course course // for these
}

// backward is [Tape.Backward], for everything but voltages of neurons that spike, and time
// constants of few neurons. Silent neurons whose voltage is in the loss go one by one where they
// differ or time constants are wanted.
func (w *sweep) backward(t *Tape, g *Gradients, c *Cotangent) (ok bool, err error) {
	w.back.taus = g.TauMem != nil || g.TauSyn != nil
	alone := w.differ || w.back.taus
	switch {
	case !alone && !w.silent.readable(c), alone && (w.inRegisters(len(t.plan.cells)) || !w.ofSilent(c)):
		return false, nil
	}
	if err := w.adjoint(t, g, c.Time); err != nil {
		return false, err
	}
	switch {
	case len(c.probes) == 0:
	case alone:
		return true, t.neuronwise.backProbed(t, g, c)
	default:
		w.silent.back(t, g, c)
	}
	return true, nil
}

// ofSilent tells whether the loss has voltages of silent neurons alone, and no integrals.
func (w *sweep) ofSilent(c *Cotangent) bool {
	for _, p := range c.probes {
		if w.spiked(int(p.neuron)) {
			return false
		}
	}
	return c.Integral == nil
}

// adjoint carries the derivatives time to the times of the spikes back to the start.
func (w *sweep) adjoint(t *Tape, g *Gradients, time []float64) error {
	back, n := &w.back, len(t.plan.cells)
	back.a, back.b = zeroed(back.a, n), zeroed(back.b, n)
	pass := w.backMany
	if w.inRegisters(n) {
		pass = w.backFew
	}
	if err := pass(t, g, time); err != nil {
		return err
	}
	if back.taus {
		back.course.end(g)
	}
	for j := range back.a {
		accumulate(g.IInit, j, back.b[j])
		if t.plan.layer.Params.VInit != nil {
			accumulate(g.VInit, j, back.a[j])
			accumulate(g.VLeak, j, -back.a[j])
		}
	}
	return nil
}

// backMany undoes many, with the derivatives time to the times of the spikes.
func (w *sweep) backMany(t *Tape, g *Gradients, time []float64) error {
	back, n := &w.back, len(t.plan.cells)
	back.quiet = true
	if back.taus {
		back.course.begin(t, w)
	}
	for k := len(w.intervals) - 1; k >= 0; k-- {
		x := &w.intervals[k]
		if !back.quiet {
			for s := x.endInput - 1; s >= x.firstInput; s-- {
				w.backInput(t, g, s, 0, n)
			}
		}
		if err := w.backInterval(t, g, x, time, 0, n); err != nil {
			return err
		}
	}
	return nil
}

// backInput undoes input k of the neurons lo to hi-1, which does not change the adjoints.
func (w *sweep) backInput(t *Tape, g *Gradients, k int32, lo, hi int) {
	back, cell, n := &w.back, &t.plan.cells[0], len(t.plan.cells)
	row := t.input[k].Neuron * n
	switch {
	case len(t.InputTime) == 0:
	case w.differ:
		t.InputTime[k] += w.flows.moved(t.plan.layer.In.Weight[row+lo:row+hi], back.a[lo:hi], back.b[lo:hi])
	default:
		t.InputTime[k] += lanes.Moved(t.plan.layer.In.Weight[row+lo:row+hi], back.a[lo:hi], back.b[lo:hi], cell.alpha, cell.beta)
	}
	if g.In != nil {
		lanes.Add(g.In[row+lo:row+hi], back.b[lo:hi])
	}
}

// backInterval carries the adjoints of the neurons lo to hi-1 from the end of an interval to its
// beginning. Those that spike in it go from spike to spike.
func (w *sweep) backInterval(t *Tape, g *Gradients, x *interval, time []float64, lo, hi int) error {
	back, spikes := &w.back, w.found[x.firstSpike:x.endSpike]
	if back.taus {
		back.course.open(t, w, x)
	}
	if !back.quiet {
		trains := w.trains[x.firstTrain:x.endTrain]
		back.after = resize(back.after, len(trains))
		for k := range trains {
			r := &trains[k]
			a := State{back.a[r.neuron], back.b[r.neuron]}
			if back.taus {
				last := &w.found[r.last]
				from := t.Spikes[last.index].Time
				back.course.leg(t, int(r.neuron), r.Factors, State{t.plan.cells[r.neuron].rho, last.current}, a, x.stop-from)
			}
			back.after[k] = r.Adjoint(a)
			back.a[r.neuron], back.b[r.neuron] = 0, 0
		}
		if back.taus {
			back.course.slopes(t, w, x)
		}
		switch {
		case !w.differ:
			lanes.Retreat(back.a[lo:hi], back.b[lo:hi], lanes.Factors(x.Factors))
		case back.taus:
			lanes.RetreatEach(back.a, back.b, back.course.propagators(x).Each)
		default:
			w.flows.over(&w.own, x.stop-x.start, t.plan.cells)
			lanes.RetreatEach(back.a, back.b, w.own.Each)
		}
		for k, a := range back.after {
			j := trains[k].neuron
			back.a[j], back.b[j] = a.V, a.I
		}
	}
	for k := len(spikes) - 1; k >= 0; k-- {
		s := &spikes[k]
		j := int(s.neuron)
		after := back.a[j]
		at := t.Spikes[s.index].Time
		before, err := t.jump(j, at, s.current, after, time[s.index])
		if err != nil {
			return err
		}
		accumulate(g.VReset, j, after)
		accumulate(g.VLeak, j, before-after)
		accumulate(g.VTh, j, -before)
		back.quiet = back.quiet && before == 0
		a := State{before, back.b[j]}
		if back.taus {
			from, start := back.course.state(x, j), x.start
			if s.before >= 0 {
				o := &w.found[s.before]
				from, start = State{t.plan.cells[j].rho, o.current}, t.Spikes[o.index].Time
			}
			back.course.leg(t, j, s.Factors, from, a, at-start)
		}
		a = s.Adjoint(a)
		back.a[j], back.b[j] = a.V, a.I
	}
	return nil
}
