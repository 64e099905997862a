package equation

import (
	"cmp"
	"slices"
)

// post is an arrival at a neuron of a feed-forward layer.
type post struct {
	time            float64
	source, synapse int32
}

// separate takes runs through a feed-forward layer, whose neurons know nothing of each other: each
// goes from the start to the end, several at a time, and each at a time of its own.
func (w *work) separate(runs []*Run) (which int, err error) {
	n := w.l.In.Post
	var (
		paths  [width]path
		active [width]bool
		of     [width]int // run
	)
	in := inboxes{l: w.l}
	for next, left := 0, 0; ; {
		for l := range paths {
			p := &paths[l]
			if !active[l] {
				if next == len(runs)*n {
					continue
				}
				r, j := next/n, next%n
				of[l], active[l] = r, true
				inbox := p.inbox
				w.open(p, runs[r], j)
				p.inbox = in.of(inbox, runs[r], j)
				next++
				left++
				if err := w.events(p); err != nil {
					return r, err
				}
			}
			w.b.load(l, p.state(), p.largest, p.held, w.cons[w.one(p.j)], p.limit()-p.now)
		}
		if left == 0 {
			return 0, nil
		}
		w.b.expand(active)
		for l, is := range active {
			if !is {
				continue
			}
			p := &paths[l]
			if err := w.follow(p, l); err != nil {
				return of[l], err
			}
			if p.now >= p.run.end {
				active[l] = false
				left--
			}
		}
	}
}

// limit is the next time at which something happens to a path from outside.
func (p *path) limit() float64 {
	limit := p.run.end
	if p.next < len(p.inbox) {
		limit = min(limit, p.inbox[p.next].time)
	}
	if p.held {
		limit = min(limit, p.until)
	}
	return limit
}

// follow takes a path along its series in lane l, and through what happens at its end.
func (w *work) follow(p *path, l int) error {
	b, limit := w.b, p.limit()
	h, fires := b.h[l], b.fires[l]
	if b.stuck(l, p.run.end) {
		return w.stuck(p.j, p.now, p.state(), p.held)
	}
	p.run.add(entry{kind: step, held: p.held, neuron: int32(p.j), time: p.now, h: h, order: uint8(b.used[l])}, p.state())
	p.run.Steps++
	if b.at(p.state(), l); !finite(p.state()) {
		r := p.run
		return w.stuck(p.j, p.now, r.states[r.log[len(r.log)-1].x:][:len(p.state())], p.held)
	}
	p.run.log[len(p.run.log)-1].scale = w.l.Model.scale(p.state())
	w.grow(p)
	if p.now = min(p.now+h, limit); !fires && h >= b.until[l] {
		p.now = limit
	}
	if fires && p.now < p.run.end {
		if err := w.spike(p, crossed); err != nil {
			return err
		}
	}
	return w.events(p)
}

// events lets happen to a path what is due.
func (w *work) events(p *path) error {
	for p.now < p.run.end {
		switch {
		case p.held && p.until <= p.now:
			if err := w.release(p); err != nil {
				return err
			}
		case p.next < len(p.inbox) && p.inbox[p.next].time <= p.now:
			x := &p.inbox[p.next]
			p.next++
			if _, err := w.arrive(p, arrivalIn, x.source, x.synapse); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// inboxes are the arrivals of the neurons of a feed-forward layer.
type inboxes struct {
	l     *Layer
	run   *Run
	begin []int32 // sparse: those of neuron j are from begin[j] to begin[j+1] in all
	all   []post
}

// of returns the arrivals at neuron j by time, in the memory of x.
func (b *inboxes) of(x []post, r *Run, j int) []post {
	in := &b.l.In
	x = x[:0]
	if in.Row == nil {
		for k, s := range r.input {
			x = append(x, post{s.Time, int32(k), int32(s.Neuron*in.Post + j)})
		}
	} else {
		b.collect(r)
		x = append(x, b.all[b.begin[j]:b.begin[j+1]]...)
	}
	if in.Delay != nil {
		for k := range x {
			x[k].time += in.Delay[x[k].synapse]
		}
		slices.SortStableFunc(x, func(a, b post) int { return cmp.Compare(a.time, b.time) })
	}
	return x
}

// collect sorts the arrivals of a run over sparse synapses by neuron.
func (b *inboxes) collect(r *Run) {
	if b.run == r {
		return
	}
	b.run = r
	in, n := &b.l.In, b.l.In.Post
	b.begin = append(b.begin[:0], make([]int32, n+1)...)
	total := 0
	for _, s := range r.input {
		lo, hi := in.Fan(s.Neuron)
		for _, j := range in.Col[lo:hi] {
			b.begin[j+1]++
		}
		total += hi - lo
	}
	for j := range n {
		b.begin[j+1] += b.begin[j]
	}
	b.all = slices.Grow(b.all[:0], total)[:total]
	for k, s := range r.input {
		lo, hi := in.Fan(s.Neuron)
		for i := lo; i < hi; i++ {
			j := in.Col[i]
			b.all[b.begin[j]] = post{s.Time, int32(k), int32(i)}
			b.begin[j]++
		}
	}
	copy(b.begin[1:], b.begin)
	b.begin[0] = 0
}
