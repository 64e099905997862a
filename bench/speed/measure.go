package speed

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/internal/memory"
)

// Times are wall times of equal runs, in s.
type Times struct {
	Min    float64 `json:"min_s"`
	Median float64 `json:"median_s"`
	Runs   int     `json:"runs"`
}

func timesOf(all []float64) Times {
	if len(all) == 0 {
		return Times{}
	}
	s := slices.Sorted(slices.Values(all))
	return Times{s[0], s[len(s)/2], len(s)}
}

// Result is what was measured of a workload.
type Result struct {
	Workload string `json:"workload"`
	Size
	DType      string  `json:"dtype"`
	Checkpoint int     `json:"checkpoint,omitzero"`
	Firing     float64 `json:"firing"` // spikes per hidden neuron and step
	// Forward and Gradient are the times of the forward pass alone and of forward and
	// backward pass.
	Forward  Times `json:"forward"`
	Gradient Times `json:"gradient"`
	// Build is the time to build the program with gradient, in s.
	Build float64 `json:"build_s"`
	// Allocs are the allocations of a run with gradient, after the first ones.
	Allocs float64 `json:"allocs"`
	// Peak is the largest memory of the process while it ran with gradient, less that before the
	// programs were built, in bytes; 0 where the system does not tell.
	Peak int64 `json:"peak_bytes"`
	// Held is what the program with gradient holds besides the parameters and the input x, in
	// bytes: gradients, voltages, spikes, and the graph.
	Held           int64  `json:"held_bytes"`
	Cores          int    `json:"cores"`
	InstructionSet string `json:"instruction_set"` // of the kernels: "AVX-512", "AVX2" or "generic"
}

// meter is a workload with its programs.
type meter struct {
	w             Workload
	size          Size
	params        *graph.Params
	result        Result
	forward, both *graph.Program
}

// Measure builds a workload and runs it: some runs to warm up, and Options.Runs of both passes, in
// turns. It ends early with ctx.Err().
func Measure(ctx context.Context, w Workload, o Options) (*Result, error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("speed: %w", err)
	}
	m, err := newMeter(w, o)
	if err != nil {
		return nil, err
	}
	defer m.close()
	return m.measure(ctx, o, nil)
}

// measure runs the workload, and each peer after it, some runs each at a turn: the first finds what
// the others have left in the caches, the next what a step of training finds.
func (m *meter) measure(ctx context.Context, o Options, peers []*peer) (*Result, error) {
	runs := o.Runs
	if runs == 0 {
		runs = 20
	}
	var forward, both []float64
	for k := -warmup; k < runs; k += turn {
		n := min(turn, runs-k)
		for range n {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			f, b, err := m.once()
			if err != nil {
				return nil, err
			}
			if k >= 0 {
				forward, both = append(forward, f), append(both, b)
			}
		}
		for _, p := range peers {
			for range n {
				p.once(k >= 0)
			}
		}
	}
	m.result.Forward, m.result.Gradient = timesOf(forward), timesOf(both)
	m.result.Firing = m.w.firing(m.both, m.size)
	var err error
	m.result.Allocs, err = m.allocs()
	m.result.Held = memory.Footprint(m.both) - memory.Footprint(m.params, m.both.Input("x"))
	return &m.result, err
}

const (
	warmup = turn // runs that do not count
	turn   = 3    // runs of a system before the next
)

func newMeter(w Workload, o Options) (*meter, error) {
	if w.model == nil {
		return nil, fmt.Errorf("speed: %w: a Workload of All", given.ErrNil)
	}
	size, err := w.size(o)
	if err != nil {
		return nil, err
	}
	m := &meter{w: w, size: size, params: graph.NewParams(1)}
	g := o.settings()
	params := m.params
	if err := w.calibrate(params, g, size); err != nil {
		return nil, err
	}
	base := resetPeak()
	begin := time.Now()
	if m.both, err = w.build(params, g, size); err != nil {
		return nil, err
	}
	build := time.Since(begin).Seconds()
	var peak int64
	for range 2 { // before the program for the forward pass alone takes memory, too
		if err := m.both.Run(); err != nil {
			m.close()
			return nil, err
		}
	}
	if p := peakMemory(); p > 0 {
		peak = p - base
	}
	g.NoGrad = true
	if m.forward, err = w.build(params, g, size); err != nil {
		m.close()
		return nil, err
	}
	dtype := "float32"
	if o.Float64 {
		dtype = "float64"
	}
	m.result = Result{
		Workload: w.Name, Size: size, DType: dtype, Checkpoint: o.Checkpoint, Build: build, Peak: peak,
		Cores: runtime.GOMAXPROCS(0), InstructionSet: kernel.Instructions(),
	}
	return m, nil
}

func (m *meter) close() {
	for _, p := range []*graph.Program{m.forward, m.both} {
		if p != nil {
			p.Close()
		}
	}
}

// once runs both passes and returns their times.
func (m *meter) once() (forward, both float64, err error) {
	begin := time.Now()
	if err := m.forward.Run(); err != nil {
		return 0, 0, err
	}
	middle := time.Now()
	if err := m.both.Run(); err != nil {
		return 0, 0, err
	}
	return middle.Sub(begin).Seconds(), time.Since(middle).Seconds(), nil
}

// allocs returns the allocations of a run with gradient.
func (m *meter) allocs() (float64, error) {
	const runs = 3
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := m.both.Run(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return math.Round(float64(after.Mallocs-before.Mallocs) / runs), nil
}
