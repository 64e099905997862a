package eventprop

// backSteps is [Tape.Backward] of a pass that kept its steps alone: of all but time constants and
// voltages, which need the states.
func (e *events) backSteps(t *Tape, g *Gradients, c *Cotangent) (ok bool, err error) {
	if g.TauMem != nil || g.TauSyn != nil || len(c.probes) > 0 || c.Integral != nil {
		return false, nil
	}
	b := &e.back
	b.begin(t, g, c)
	for k := len(e.steps) - 1; k >= 0; k-- {
		x := &e.steps[k]
		if x.kind < crossing {
			e.backArrivals(t, x)
			continue
		}
		s := &t.Spikes[x.source]
		e.backOver(t, s.Neuron, s.Time, State{})
		if err := e.backSpike(t, &touch{time: s.Time, i: s.Current, neuron: int32(s.Neuron), kind: x.kind, source: x.source}); err != nil {
			return false, err
		}
	}
	e.backToStart(t)
	return true, nil
}

// backArrivals undoes the arrivals of a step.
func (e *events) backArrivals(t *Tape, x *step) {
	b := &e.back
	w, order, s := t.synapses(x.kind, x.source)
	at, grad, delay, times := s.Time, b.grads.In, b.grads.InDelay, t.InputTime
	if x.kind == arrivalRec {
		grad, delay, times = b.grads.Rec, b.grads.RecDelay, b.time
	}
	if w.Delay != nil {
		at += w.Delay[order[x.from]]
	} else if w.Row != nil {
		b.fetch(w.Col[x.from:x.to])
	}
	var sum float64
	if len(times) > 0 {
		sum = times[x.source]
	}
	for pos := int(x.to) - 1; pos >= int(x.from); pos-- {
		k := pos
		if w.Delay != nil {
			k = int(order[pos])
		}
		j := w.target(s.Neuron, k)
		own, cell := &b.neurons[j], t.plan.cell(j)
		if h := own.upTo - at; h > 0 {
			if own.upTo = at; own.State != (State{}) {
				own.State = cell.Factors(h).Adjoint(own.State)
			}
		}
		a := own.State
		if grad != nil {
			grad[k] += a.I
		}
		d := float64(w.Weight[k] * (float64(a.I*cell.beta) - float64(a.V*cell.alpha)))
		if len(delay) > 0 {
			delay[k] += d
		}
		sum += d
	}
	if len(times) > 0 {
		times[x.source] = sum
	}
}

// fetch reads the ways of neurons as [events.fetch] does.
func (b *backward) fetch(neurons []int) {
	sum := 0.0
	for _, j := range neurons {
		sum += b.neurons[j].upTo
	}
	b.fetched = sum
}
