package dynapse

import (
	"math"
	"slices"
	"sync"

	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
)

// variation is what differs in a run that is compared with that of the kernel.
type variation uint8

const (
	later   variation = iota // the spike is taken out, with the membrane at threshold; the next bin decides
	earlier                  // the neuron spikes a bin earlier
	another                  // one spike more in the bin
)

// varied is a run with one difference.
type varied struct {
	variation
	spike, from int // bins of the spike, and of the difference
	neuron      int
	change      float64 // of the loss, by its derivatives with respect to the records
	again       bool    // later: there is a spike in the next bin
}

// variedRows is how many runs go side by side.
const variedRows = 32

// mover runs the network, or the neuron of a network without w_rec, with single spikes moved. sub
// is a kernel of variedRows rows that has two steps: the step before, and now.
type mover[T kernel.Float] struct {
	sub  *neuronKernel[T]
	task task[T]
	in   neuronIn[[]T]
	x    []T
	list []varied
	end  int // bins that the loss sees: behind them nothing counts, however many there are
}

// movers are those that are not at work.
type movers[T kernel.Float] struct {
	sync.Mutex
	idle []*mover[T]
}

// wide is how many neurons depend on each other.
func (k *neuronKernel[T]) wide() int {
	if k.recurrent {
		return k.n
	}
	return 1
}

func (k *neuronKernel[T]) newMover() *mover[T] {
	n := k.wide()
	m := &mover[T]{sub: &neuronKernel[T]{mode: k.mode, t: 2, b: variedRows, n: n, perRow: true}}
	s := m.sub
	s.recurrent, s.driven = false, false // what comes through w_rec is in the input, and Idc of a bin in the coefficients
	s.prepare()
	m.task = newTask(s.mode, n, s.block*n, &s.memory)
	step := variedRows * n
	list := func(n int) []T { return make([]T, n) }
	for c := range k.coefs() {
		m.in.coef[c] = list(step)
	}
	o := &s.out
	for _, x := range []*[]T{&o.spikes, &o.ypost, &o.ypre, &o.isyn, &o.iahp} {
		*x = list(2 * step)
	}
	for i := range k.types() - 1 {
		o.more[i] = list(2 * step)
	}
	s.traces()
	m.x = list(step * k.types())
	return m
}

// moveSpikes finds for every spike what the loss gains per e-fold of Imem in its bin, see [Surge].
func (k *neuronKernel[T]) moveSpikes() {
	if len(k.effect) != len(k.out.spikes) {
		k.effect = make([]T, len(k.out.spikes))
		k.moveUnits = k.moveRows
	}
	clear(k.effect)
	kernel.Blocks(k.b*k.n/k.wide(), 1, k.moveUnits)
}

func (k *neuronKernel[T]) moveRows(lo, hi int) {
	k.movers.Lock()
	var m *mover[T]
	if last := len(k.movers.idle) - 1; last >= 0 {
		m, k.movers.idle = k.movers.idle[last], k.movers.idle[:last]
	}
	k.movers.Unlock()
	if m == nil {
		m = k.newMover()
	}
	for u := lo; u < hi; u++ {
		m.move(k, u*k.wide())
	}
	k.movers.Lock()
	k.movers.idle = append(k.movers.idle, m)
	k.movers.Unlock()
}

// move finds the effects of the spikes of the neurons from number first of [B, N] on.
func (m *mover[T]) move(k *neuronKernel[T], first int) {
	n, step := k.wide(), k.b*k.n
	m.end = k.seen(first, n)
	m.find(k, first)
	if len(m.list) == 0 {
		return
	}
	for c := range k.coefs() {
		from := k.in.coef[c]
		if k.perRow {
			from = from[first : first+n]
		} else {
			from = from[first%k.n : first%k.n+n]
		}
		for at := 0; at < len(m.in.coef[c]); at += n {
			copy(m.in.coef[c][at:], from)
		}
	}
	m.sub.derive(&m.in.coef)
	for at := 0; at < len(m.list); at += variedRows {
		m.run(k, first, m.list[at:min(at+variedRows, len(m.list))])
	}
	for _, v := range m.list {
		at := v.spike*step + first + v.neuron
		growth := m.growth(k, v.spike, first+v.neuron)
		weight := 0.5
		switch v.variation {
		case later:
			if weight = -0.5; !v.again || !k.couldCome(v.spike, first+v.neuron) {
				weight = -1
			}
		case another:
			weight = math.Ceil(growth) - 1
		}
		fb := float64(m.in.coef[feedback][v.neuron])
		velocity := math.Sqrt(growth * fmath.Log1p(fmath.Expm1(growth)*fmath.Exp(fb*growth)))
		k.effect[at] += T(weight * v.change / velocity)
	}
}

// seen returns the number of bins up to the last one of which the loss has a derivative with
// respect to a record of n neurons of [B, N] from first on; all, where it has one of a final state.
func (k *neuronKernel[T]) seen(first, n int) int {
	g, step := &k.gout, k.b*k.n
	some := func(x []T, at int) bool {
		return x != nil && slices.ContainsFunc(x[at:at+n], func(d T) bool { return d != 0 })
	}
	for _, x := range g.final {
		if some(x, first) {
			return k.t
		}
	}
	for t := k.t; t > 0; t-- {
		at := (t-1)*step + first
		for _, x := range [...][]T{g.spikes, g.ypost, g.ypre, g.isyn, g.iahp, g.more[0], g.more[1], g.more[2]} {
			if some(x, at) {
				return t
			}
		}
	}
	return 0
}

// find lists the runs for the spikes of the neurons, by the bin from which on they differ.
func (m *mover[T]) find(k *neuronKernel[T], first int) {
	m.list = m.list[:0]
	step := k.b * k.n
	for t := range m.end {
		for j := range k.wide() {
			at := t*step + first + j
			if k.out.spikes[at] > 0 {
				m.list = append(m.list, varied{variation: later, spike: t, from: t, neuron: j})
				if m.growth(k, t, first+j) > 1 {
					m.list = append(m.list, varied{variation: another, spike: t, from: t, neuron: j})
				}
			}
			if t+1 < m.end && k.out.spikes[at+step] > 0 && k.couldCome(t+1, first+j) {
				m.list = append(m.list, varied{variation: earlier, spike: t + 1, from: t, neuron: j})
			}
		}
	}
}

// growth is that of the membrane, in e-folds, in the bin of a spike of element e of [B, N].
func (m *mover[T]) growth(k *neuronKernel[T], t, e int) float64 {
	p := k.place(t, 0, 0)
	p.lo, p.hi = e, e+1
	return float64(max(now(p, k.out.ypre)[0]-before(p, k.out.ypost, k.in.imem)[0], cells.LeastGrowth))
}

// couldCome says whether the spike in a bin could have come in the bin before.
func (k *neuronKernel[T]) couldCome(t, e int) bool {
	at := (t-1)*k.b*k.n + e
	return t > 0 && k.timer[at] == 0 && k.out.spikes[at] == 0
}

// run takes varied runs, sorted by the bin of their difference, to the end.
func (m *mover[T]) run(k *neuronKernel[T], first int, list []varied) {
	s, n := m.sub, k.wide()
	active := 0
	for t := list[0].from; t < m.end; t++ {
		for ; active < len(list) && list[active].from == t; active++ {
			m.load(k, first, t, active)
		}
		m.weigh(k, first, t, active)
		m.drive(k, first, t, active)
		for row := 0; row < active; row += s.group {
			p := s.place(1, row, min(row+s.group, active))
			s.advance(&m.task, p, m.x[p.lo*k.types():p.hi*k.types()])
		}
		for row := range active {
			v := &list[row]
			if v.from == t {
				m.vary(k, first, row, v)
			} else {
				m.compare(k, first, t, row, v)
			}
			if t == v.spike+1 && v.variation == later {
				v.again = s.out.spikes[variedRows*n+row*n+v.neuron] > 0
			}
		}
		o := &s.out
		for _, x := range [...][]T{o.spikes, o.ypost, o.ypre, o.isyn, o.iahp, s.timer, o.more[0], o.more[1], o.more[2]} {
			if x != nil {
				copy(x[:active*n], x[variedRows*n:variedRows*n+active*n])
			}
		}
	}
	m.compareFinal(k, first, list)
}

// load sets the state of a row to that before bin t.
func (m *mover[T]) load(k *neuronKernel[T], first, t, row int) {
	n, s := k.wide(), m.sub
	p := k.place(t, 0, 0)
	p.lo, p.hi = first, first+n
	to := func(x []T) []T { return x[row*n : (row+1)*n] }
	copy(to(s.out.isyn), before(p, k.out.isyn, k.isyn0))
	copy(to(s.out.iahp), before(p, k.out.iahp, k.iahp0))
	copy(to(s.out.ypost), before(p, k.out.ypost, k.in.imem))
	copy(to(s.out.ypre), before(p, k.out.ypre, k.in.vmem))
	copy(to(s.out.spikes), before(p, k.out.spikes, k.in.spikes))
	copy(to(s.timer), before(p, k.timer, k.in.timer))
	for i := range k.types() - 1 {
		copy(to(s.out.more[i]), before(p, k.out.more[i], k.in.more[i]))
	}
	for j, y := range to(s.out.ypost) {
		s.m[row*n+j] = cells.Exp(y)
	}
}

// weigh writes the weighted input of the first rows.
func (m *mover[T]) weigh(k *neuronKernel[T], first, t, rows int) {
	n, types := k.wide(), k.types()
	width := n * types
	x := k.in.x[(t*k.b*k.n+first)*types:][:width]
	for row := range rows {
		to := m.x[row*width : (row+1)*width]
		copy(to, x)
		if !k.recurrent {
			continue
		}
		w := k.weights(first / k.n)
		for pre, sp := range m.sub.out.spikes[row*n : (row+1)*n] {
			if sp != 0 {
				kernel.Axpy(sp, w[pre*width:(pre+1)*width], to)
			}
		}
	}
}

// drive sets Idc of the first rows to that of a bin, where it moves.
func (m *mover[T]) drive(k *neuronKernel[T], first, t, rows int) {
	if !k.driven {
		return
	}
	n, step := k.wide(), k.b*k.n
	base := first
	if !k.perRow {
		base %= k.n
	}
	for e := range rows * n {
		m.in.coef[dcMem][e] = T(k.in.coef[dcMem][base+e%n] * k.in.dc[t*step+first+e%n])
	}
}

// vary makes the difference of a row, and counts what the records of its bin change. The membrane
// is at threshold there, on both sides of the difference.
func (m *mover[T]) vary(k *neuronKernel[T], first, row int, v *varied) {
	n, s := k.wide(), m.sub
	e, at := row*n+v.neuron, (variedRows+row)*n+v.neuron
	o, thr := &s.out, m.in.coef[threshold][v.neuron]
	spikes, post := 0.0, 0.0
	switch v.variation {
	case later:
		spikes, post = -float64(o.spikes[at]), float64(thr)
		o.spikes[at], o.ypost[at], o.ypre[at], s.m[e] = 0, thr, thr, cells.Exp(thr)
		s.timer[at] = max(s.timer[e]-1, 0)
	case earlier:
		spikes, post = 1, -float64(thr)
		o.spikes[at], o.ypost[at], s.m[e], s.timer[at] = 1, 0, 1, s.derived.refractory[e]
	case another:
		spikes = 1
		o.spikes[at]++
	}
	base := v.from*k.b*k.n + first + v.neuron
	if g := k.gout.spikes; g != nil {
		v.change += float64(float64(g[base]) * spikes)
	}
	if g := k.gout.ypost; g != nil {
		v.change += float64(float64(g[base]) * post)
	}
}

// compare counts what the records of a bin change.
func (m *mover[T]) compare(k *neuronKernel[T], first, t, row int, v *varied) {
	n, at := k.wide(), t*k.b*k.n+first
	a, b, g := &m.sub.out, &k.out, &k.gout
	own := (variedRows + row) * n
	sum := gained(g.spikes, a.spikes, b.spikes, own, at, n)
	sum += gained(g.ypost, a.ypost, b.ypost, own, at, n)
	sum += gained(g.ypre, a.ypre, b.ypre, own, at, n)
	sum += gained(g.isyn, a.isyn, b.isyn, own, at, n)
	sum += gained(g.iahp, a.iahp, b.iahp, own, at, n)
	for i := range k.types() - 1 {
		sum += gained(g.more[i], a.more[i], b.more[i], own, at, n)
	}
	v.change += sum
}

// gained is g·(a - b) over n elements, those of a from own and of g and b from at on; 0 without g.
func gained[T kernel.Float](g, a, b []T, own, at, n int) float64 {
	if g == nil {
		return 0
	}
	g, a, b = g[at:at+n], a[own:own+n], b[at:at+n]
	sum := 0.0
	for j, c := range g {
		sum += float64(c * (a[j] - b[j]))
	}
	return sum
}

// compareFinal counts what the final states change, which are logarithms for isyn and iahp.
func (m *mover[T]) compareFinal(k *neuronKernel[T], first int, list []varied) {
	n := k.wide()
	a, last := &m.sub.out, (k.t-1)*k.b*k.n+first
	for i, g := range k.gout.final {
		if g == nil {
			continue
		}
		for row := range list {
			for j := range n {
				was, is := last+j, (variedRows+row)*n+j
				var d float64
				switch i {
				case 0:
					d = float64(log(a.isyn[is]) - log(k.out.isyn[was]))
				case 1:
					d = float64(log(a.iahp[is]) - log(k.out.iahp[was]))
				case 2:
					d = float64(a.ypost[is] - k.out.ypost[was])
				case 3:
					d = float64(a.ypre[is] - k.out.ypre[was])
				case 4:
					d = float64(a.spikes[is] - k.out.spikes[was])
				case 5:
					d = float64(m.sub.timer[is] - k.timer[was])
				default:
					more := i - (numStates - numMore)
					d = float64(a.more[more][is] - k.out.more[more][was])
				}
				list[row].change += float64(float64(g[first+j]) * d)
			}
		}
	}
}

// spikeMoved takes the adjoint over spikes that stay in their bins, and adds what the loss gains as
// they move.
func (k *neuronKernel[T]) spikeMoved(w *task[T], p place, forced cells.SpikeForced[T], dthr []T) {
	a := &w.adjoint
	a.forced = forced
	a.forced.Run(w.scratch, p.n, p.rows)
	effect := now(p, k.effect)
	for j, s := range forced.S {
		if s > 0 {
			forced.Gy[j] += effect[j]
			dthr[j%p.n] -= effect[j]
		}
	}
}
