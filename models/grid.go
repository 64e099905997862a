package models

import (
	"github.com/surge-snn/surge/internal/kernel"
)

// grid is how the rows of a batch and the neurons of a layer are divided among tasks, each of
// which goes through all time steps. No number depends on it.
type grid[T kernel.Float] struct {
	panel, panels int // neurons of a panel
	rows          int // of a task, but the last ones
	tasks         []task[T]
}

// task is rows lo..hi-1 and neurons from..to-1, with memory of its own.
type task[T kernel.Float] struct {
	lo, hi, from, to int

	x, v, i          []T                // [hi-lo, to-from]
	u, slope, before []T                // of one row
	scratch          *kernel.Scratch[T] // while the task runs
	recorder         kernel.Recorder[T]
}

// mostRows is how many rows a task has at most: they share what they read of a weight matrix.
const mostRows = 48

// plan divides b rows and n neurons, panel of them at a time, and rows as given if that is not 0.
func (g *grid[T]) plan(b, n, panel, rows int) {
	panel = min(panel, n)
	g.panel, g.panels = panel, (n+panel-1)/panel
	if rows == 0 {
		workers := kernel.Processors(b)
		rows = max(1, min(mostRows, (b+workers-1)/workers))
	}
	g.rows = rows
	blocks := (b + rows - 1) / rows
	if need := g.panels * blocks; cap(g.tasks) < need {
		g.tasks = append(g.tasks[:cap(g.tasks)], make([]task[T], need-cap(g.tasks))...)
	}
	g.tasks = g.tasks[:g.panels*blocks]
	for i := range g.tasks {
		t := &g.tasks[i]
		t.from, t.lo = i/blocks*panel, i%blocks*rows
		t.to, t.hi = min(t.from+panel, n), min(t.lo+rows, b)
	}
}

// of returns row r of a sequence, in the neurons of the task.
func (t *task[T]) of(x *kernel.Panels[T], r int) []T {
	row, _ := x.From(r, t.from)
	return row[:t.to-t.from]
}

// load copies the rows and neurons of the task from x [B, n] to dst, or zeros if x is nil.
func (t *task[T]) load(dst, x []T, n int) {
	if x == nil {
		clear(dst)
		return
	}
	width := t.to - t.from
	for b := t.lo; b < t.hi; b++ {
		copy(dst[(b-t.lo)*width:(b-t.lo+1)*width], x[b*n+t.from:])
	}
}

// store is load the other way; a nil x is a result that nobody wants.
func (t *task[T]) store(x, src []T, n int) {
	if x == nil {
		return
	}
	width := t.to - t.from
	for b := t.lo; b < t.hi; b++ {
		copy(x[b*n+t.from:], src[(b-t.lo)*width:(b-t.lo+1)*width])
	}
}

// resized returns s with n elements, whatever they hold.
func resized[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}

// rowBlock is how many rows of a batch one task takes through time in layers without a grid.
const rowBlock = 4

// fold adds up the rows and neurons of the task, of n neurons, behind time step t of the sequence.
func (at *task[T]) fold(s *kernel.TimeSum[T], t, n int) {
	for b := at.lo; b < at.hi; b++ {
		s.Fold(t, b*n+at.from, b*n+at.to)
	}
}
