package models

import (
	"unsafe"

	"github.com/surge-snn/surge/internal/kernel"
)

// cache is how many bytes of a weight matrix are used again and again: they fit in the
// cache of a core beside the rest.
const cache = 384 << 10

// panelOf returns how many columns of a matrix with so many rows fit in the cache, a multiple of
// 64.
func panelOf[T kernel.Float](rows int) int {
	var x T
	return max(1, cache/(rows*int(unsafe.Sizeof(x)))/64) * 64
}

// weightPanels is a matrix of weights by the columns that are read together.
type weightPanels[T kernel.Float] struct {
	panels    kernel.Panels[T]
	w, copied []T
	copy      func(lo, hi int) // made once, so that a run allocates nothing
}

// set takes the row-major rows×n matrix w. Where it has several panels they are copied: rows of a
// panel that are far apart would compete for places in the cache.
func (p *weightPanels[T]) set(w []T, rows, n int) {
	panel := panelOf[T](rows)
	if panel >= n {
		p.panels = kernel.RowMajor(w, rows, n)
		return
	}
	if p.copy == nil {
		p.copy = p.copyPanels
	}
	p.w, p.copied = w, resized(p.copied, rows*n)
	p.panels = kernel.Panels[T]{Rows: rows, N: n, Width: panel, Data: p.copied}
	kernel.Blocks((n+panel-1)/panel, 1, p.copy)
}

func (p *weightPanels[T]) copyPanels(lo, hi int) {
	for i := lo; i < hi; i++ {
		from := i * p.panels.Width
		dst, width := p.panels.From(0, from)
		for j := range p.panels.Rows {
			copy(dst[j*width:(j+1)*width], p.w[j*p.panels.N+from:])
		}
	}
}

// gather computes rows of the product of events with the columns from..to-1, which begin at init;
// see [kernel.Events.Gather].
func (p *weightPanels[T]) gather(e *kernel.Events[T], dst []T, ld int, init []T, ldinit, first, rows, from, to int) {
	for at := from; at < to; {
		w, stride := p.panels.From(0, at)
		end := min(to, at-at%p.panels.Width+stride)
		e.Gather(dst[at-from:], ld, init[at-from:], ldinit, first, rows, end-at, w, stride)
		at = end
	}
}
