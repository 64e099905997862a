package diagram

import (
	"cmp"
	"math"
	"slices"
)

type point struct{ x, y float64 }

type size struct{ w, h float64 }

// placed is the layout of boxes and of the edges between them.
type placed struct {
	center []point
	route  [][]point // of each edge: the points between its ends
	size   size
}

// Distances between boxes, in pixels.
const (
	gapX, gapY = 18, 34
	laneWidth  = 10 // of an edge that passes a layer
)

// pin keeps a box in the uppermost or the lowest layer.
type pin int

const (
	free pin = iota
	top
	bottom
)

// layered places boxes in layers: an edge leads from a layer to a lower one on the page. Edges
// must form no cycle; one that does is treated as if it led downwards. Behind the last pin
// boxes are free.
func layered(boxes []size, edges [][2]int, pins []pin) placed {
	l := &layering{boxes: slices.Clone(boxes), real: len(boxes), pins: make([]pin, len(boxes))}
	copy(l.pins, pins)
	l.rank(edges)
	l.split(edges)
	l.order()
	return l.place(edges)
}

// layering is a layout in the making. Behind the boxes come the points where long edges pass
// a layer.
type layering struct {
	boxes    []size
	real     int // boxes that are none of these points
	pins     []pin
	layer    []int
	chain    [][]int // of each edge: its points
	up, down [][]int // neighbours in the layer above and below
	rows     [][]int // of each layer, from left to right
}

// rank gives every box its layer: below all of its operands; a box without operands stands
// right above its first reader.
func (l *layering) rank(edges [][2]int) {
	l.layer = make([]int, l.real)
	if slices.Contains(l.pins, top) { // the uppermost layer is theirs
		for i, p := range l.pins {
			if p != top {
				l.layer[i] = 1
			}
		}
	}
	next, before := make([][]int, l.real), make([]int, l.real)
	for _, e := range edges {
		next[e[0]] = append(next[e[0]], e[1])
		before[e[1]]++
	}
	waiting := slices.Clone(before)
	var todo []int
	for i, n := range waiting {
		if n == 0 {
			todo = append(todo, i)
		}
	}
	for k := 0; k < len(todo); k++ {
		for _, j := range next[todo[k]] {
			l.layer[j] = max(l.layer[j], l.layer[todo[k]]+1)
			if waiting[j]--; waiting[j] == 0 {
				todo = append(todo, j)
			}
		}
	}
	for k := len(todo) - 1; k >= 0; k-- {
		i := todo[k]
		if before[i] > 0 || len(next[i]) == 0 || l.pins[i] != free {
			continue
		}
		first := l.layer[next[i][0]]
		for _, j := range next[i] {
			first = min(first, l.layer[j])
		}
		l.layer[i] = max(first-1, l.layer[i])
	}
	lowest := 0
	for i, r := range l.layer {
		if l.pins[i] == bottom {
			r--
		}
		lowest = max(lowest, r)
	}
	for i, p := range l.pins {
		if p == bottom {
			l.layer[i] = lowest + 1
		}
	}
}

// split adds a point for each layer that an edge passes.
func (l *layering) split(edges [][2]int) {
	l.chain = make([][]int, len(edges))
	link := func(a, b int) {
		l.down[a] = append(l.down[a], b)
		l.up[b] = append(l.up[b], a)
	}
	l.up, l.down = make([][]int, l.real), make([][]int, l.real)
	for k, e := range edges {
		from := e[0]
		for r := l.layer[e[0]] + 1; r < l.layer[e[1]]; r++ {
			p := len(l.boxes)
			l.boxes = append(l.boxes, size{w: laneWidth})
			l.layer = append(l.layer, r)
			l.up, l.down = append(l.up, nil), append(l.down, nil)
			l.chain[k] = append(l.chain[k], p)
			link(from, p)
			from = p
		}
		if l.layer[e[0]] < l.layer[e[1]] {
			link(from, e[1])
		}
	}
	l.rows = nil
	if len(l.layer) > 0 {
		l.rows = make([][]int, slices.Max(l.layer)+1)
	}
	for i, r := range l.layer {
		l.rows[r] = append(l.rows[r], i)
	}
}

// order sorts each layer by the mean place of the neighbours, downwards and upwards in
// turn, and keeps the best.
func (l *layering) order() {
	best, fewest := l.copyRows(), l.crossings()
	for sweep := range 24 {
		at := l.places()
		neighbours := l.up
		if sweep%2 == 1 {
			neighbours = l.down
		}
		for k := range l.rows {
			row := l.rows[k]
			if sweep%2 == 1 {
				row = l.rows[len(l.rows)-1-k]
			}
			mean := make(map[int]float64, len(row))
			for p, i := range row {
				mean[i] = float64(p)
				if n := neighbours[i]; len(n) > 0 {
					sum := 0.0
					for _, j := range n {
						sum += at[j]
					}
					mean[i] = sum / float64(len(n))
				}
			}
			slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
			for p, i := range row {
				at[i] = float64(p)
			}
		}
		if c := l.crossings(); c < fewest {
			best, fewest = l.copyRows(), c
		}
	}
	l.rows = best
}

func (l *layering) copyRows() [][]int {
	c := make([][]int, len(l.rows))
	for i, r := range l.rows {
		c[i] = slices.Clone(r)
	}
	return c
}

// places returns the place of each box in its layer.
func (l *layering) places() []float64 {
	at := make([]float64, len(l.boxes))
	for _, row := range l.rows {
		for p, i := range row {
			at[i] = float64(p)
		}
	}
	return at
}

// crossings counts pairs of edges that cross.
func (l *layering) crossings() int {
	at, n := l.places(), 0
	for _, row := range l.rows {
		var ends []float64 // lower ends of the edges, by their upper ends
		for _, i := range row {
			below := make([]float64, 0, len(l.down[i]))
			for _, j := range l.down[i] {
				below = append(below, at[j])
			}
			for _, e := range ends {
				for _, b := range below {
					if b < e {
						n++
					}
				}
			}
			ends = append(ends, below...)
		}
	}
	return n
}

// place gives every box its coordinates.
func (l *layering) place(edges [][2]int) placed {
	x := make([]float64, len(l.boxes))
	for _, row := range l.rows {
		pack(row, l.boxes, x, func(int) (float64, bool) { return 0, false })
	}
	for sweep := range 30 {
		for k := range l.rows {
			row := l.rows[k]
			if sweep%2 == 1 {
				row = l.rows[len(l.rows)-1-k]
			}
			pack(row, l.boxes, x, func(i int) (float64, bool) {
				sum, n := 0.0, 0
				for _, near := range [][]int{l.up[i], l.down[i]} {
					for _, j := range near {
						sum += x[j]
						n++
					}
				}
				return sum / float64(max(n, 1)), n > 0
			})
		}
	}
	left, right := math.Inf(1), math.Inf(-1)
	for i, b := range l.boxes {
		left, right = min(left, x[i]-b.w/2), max(right, x[i]+b.w/2)
	}
	p := placed{center: make([]point, l.real), route: make([][]point, len(edges))}
	y := make([]float64, len(l.boxes))
	end := 0.0
	for _, row := range l.rows {
		h := 0.0
		for _, i := range row {
			h = max(h, l.boxes[i].h)
		}
		for _, i := range row {
			y[i] = end + h/2
		}
		end += h + gapY
	}
	for i := range p.center {
		p.center[i] = point{x[i] - left, y[i]}
	}
	for k, chain := range l.chain {
		for _, i := range chain {
			p.route[k] = append(p.route[k], point{x[i] - left, y[i]})
		}
	}
	p.size = size{max(right-left, 0), max(end-gapY, 0)}
	return p
}

// pack moves the boxes of a layer as near to where they want to be as their order and the
// gaps allow, in the sense of least squares: boxes that push each other move as one block.
func pack(row []int, boxes []size, x []float64, want func(i int) (float64, bool)) {
	type block struct {
		sum    float64
		n      int
		offset []float64 // of its boxes to the first one
	}
	var blocks []block
	mean := func(b block) float64 { return b.sum / float64(b.n) }
	shift, last := 0.0, 0.0 // place of the box if all stood side by side
	for k, i := range row {
		if k > 0 {
			shift += last/2 + gapX + boxes[i].w/2
		}
		last = boxes[i].w
		w, ok := want(i)
		if !ok {
			w = x[i]
		}
		blocks = append(blocks, block{w - shift, 1, []float64{shift}})
		for len(blocks) > 1 && mean(blocks[len(blocks)-2]) > mean(blocks[len(blocks)-1]) {
			a, b := blocks[len(blocks)-2], blocks[len(blocks)-1]
			blocks = append(blocks[:len(blocks)-2], block{a.sum + b.sum, a.n + b.n, append(a.offset, b.offset...)})
		}
	}
	k := 0
	for _, b := range blocks {
		for _, o := range b.offset {
			x[row[k]] = mean(b) + o
			k++
		}
	}
}
