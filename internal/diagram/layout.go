package diagram

import "unicode/utf8"

// layout is where everything is.
type layout struct {
	center []point   // of the nodes
	paths  [][]point // of the edges
	frames []frame   // of the groups
	size   size
}

type frame struct {
	at   point // upper left corner
	size size
	left float64 // distance of the contents from the left side
}

// group is the layout of the nodes of a group. An edge that enters or leaves passes a port, in the
// uppermost or the lowest layer; all edges from one node outside share a port, and all from
// one node within.
type group struct {
	placed
	nodes []int // of the diagram
	local map[int]int
	boxes []size
	edges [][2]int
	pins  []pin
	edge  map[int]int // index of the edge of the diagram among edges
	ports map[int]int // box of the port, by the node that the edges come from
	loops int
}

// layout places the nodes of each group within a frame, then the frames and the other nodes.
func (d *Diagram) layout() layout {
	l := layout{center: make([]point, len(d.Nodes)), paths: make([][]point, len(d.Edges)), frames: make([]frame, len(d.Groups))}
	members := d.members()
	groups := make([]*group, len(d.Groups))
	boxes := make([]size, len(d.Groups)) // of the frames, then of the nodes of no group
	item := make([]int, len(d.Nodes))    // index of the node, or of its frame, among them
	for g := range d.Groups {
		groups[g] = d.group(g, members[g+1])
		boxes[g] = groups[g].frame(d.Groups[g])
		for _, i := range members[g+1] {
			item[i] = g
		}
	}
	for _, i := range members[0] {
		item[i] = len(boxes)
		boxes = append(boxes, box(d.Nodes[i]))
	}
	var edges [][2]int
	index := map[[2]int]int{}
	for _, e := range d.Edges {
		k := [2]int{item[e.From], item[e.To]}
		if _, ok := index[k]; !ok && k[0] != k[1] && !e.Loop {
			index[k] = len(edges)
			edges = append(edges, k)
		}
	}
	outer := layered(boxes, edges, nil)
	l.size = outer.size
	for g := range d.Groups {
		c := outer.center[g]
		l.frames[g] = frame{
			at:   point{c.x - boxes[g].w/2, c.y - boxes[g].h/2},
			size: boxes[g],
			left: (boxes[g].w - groups[g].size.w - float64(groups[g].loops)*loopLane) / 2,
		}
		for k, i := range members[g+1] {
			l.center[i] = l.within(g, groups[g].center[k])
		}
	}
	for _, i := range members[0] {
		l.center[i] = outer.center[item[i]]
	}

	lane := make([]int, len(d.Groups))
	for k, e := range d.Edges {
		from, to := l.center[e.From], l.center[e.To]
		g, h := d.Nodes[e.From].Group, d.Nodes[e.To].Group
		sf, st := box(d.Nodes[e.From]), box(d.Nodes[e.To])
		if e.Loop {
			x := max(from.x+sf.w/2, to.x+st.w/2) + loopLane
			if g != NoGroup && g == h {
				lane[g]++
				x = l.frames[g].at.x + boxes[g].w - padding - float64(groups[g].loops-lane[g])*loopLane
			}
			l.paths[k] = []point{{from.x + sf.w/2, from.y}, {x, 0}, {to.x + st.w/2, to.y}}
			continue
		}
		path := []point{{from.x, from.y + sf.h/2}}
		through := func(g int) {
			for _, p := range groups[g].route[groups[g].edge[k]] {
				path = append(path, l.within(g, p))
			}
		}
		if g == h && g != NoGroup {
			through(g)
		} else {
			if g != NoGroup {
				through(g)
				path = append(path, point{l.within(g, groups[g].center[groups[g].ports[e.From]]).x, l.frames[g].at.y + boxes[g].h})
			}
			path = append(path, outer.route[index[[2]int{item[e.From], item[e.To]}]]...)
			if h != NoGroup {
				path = append(path, point{l.within(h, groups[h].center[groups[h].ports[e.From]]).x, l.frames[h].at.y})
				through(h)
			}
		}
		l.paths[k] = append(path, point{to.x, to.y - st.h/2})
	}
	return l
}

// within returns the place on the page of a point in the layout of a group.
func (l *layout) within(g int, p point) point {
	f := l.frames[g]
	return point{f.at.x + f.left + p.x, f.at.y + caption + p.y}
}

// group lays the nodes of a group out.
func (d *Diagram) group(g int, nodes []int) *group {
	r := &group{nodes: nodes, local: map[int]int{}, edge: map[int]int{}, ports: map[int]int{}}
	for k, i := range nodes {
		r.local[i] = k
		r.boxes = append(r.boxes, box(d.Nodes[i]))
	}
	r.pins = make([]pin, len(nodes))
	known := map[[2]int]int{}
	link := func(k, from, to int) {
		e := [2]int{from, to}
		if _, ok := known[e]; !ok {
			known[e] = len(r.edges)
			r.edges = append(r.edges, e)
		}
		r.edge[k] = known[e]
	}
	port := func(from int, p pin) int {
		if _, ok := r.ports[from]; !ok {
			r.ports[from] = len(r.boxes)
			r.boxes = append(r.boxes, size{w: laneWidth})
			r.pins = append(r.pins, p)
		}
		return r.ports[from]
	}
	for k, e := range d.Edges {
		from, to := d.Nodes[e.From].Group == g, d.Nodes[e.To].Group == g
		switch {
		case e.Loop:
			if from && to {
				r.loops++
			}
		case from && to:
			link(k, r.local[e.From], r.local[e.To])
		case from:
			link(k, r.local[e.From], port(e.From, bottom))
		case to:
			link(k, port(e.From, top), r.local[e.To])
		}
	}
	r.placed = layered(r.boxes, r.edges, r.pins)
	return r
}

// frame returns the size of the frame, with room for the label and the lanes of the loops.
func (r *group) frame(label string) size {
	return size{
		max(r.size.w+2*padding+float64(r.loops)*loopLane, float64(utf8.RuneCountInString(label))*(charWidth+0.5)+24),
		r.size.h + caption + padding,
	}
}
