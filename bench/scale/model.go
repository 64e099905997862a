package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"

	"gonum.org/v1/gonum/mat"
)

// model is what a step of n ranks on p processors takes, with S shards of R rows and P parameters:
//
//	max(1, n/p) (S/n (start + row R P + gradient P) + log2(n) (latency + sum P))
//
// A rank computes S/n shards: each has a fixed cost, works on R rows, and makes a gradient of its
// own, which is scaled and added. log2(n) times a rank exchanges a gradient with another one and
// adds what comes.
type model struct {
	Start, Latency float64 // s
	Row            float64 // s per row and parameter
	Gradient, Sum  float64 // s per parameter
	Bandwidth      float64 // of exchanges alone, bytes/s
	// Worst and Typical are the largest and the root mean square deviation from the Steps that were
	// measured, relative.
	Worst, Typical float64
	Steps          int
}

// terms are the factors of Start, Row, Gradient, Latency and Sum.
func terms(n, processors, shards, rows int, params float64) [5]float64 {
	crowd := math.Max(1, float64(n)/float64(processors))
	each, exchanges := float64(shards)/float64(n), float64(bits.Len(uint(n))-1)
	return [5]float64{crowd * each, crowd * each * float64(rows) * params, crowd * each * params, crowd * exchanges, crowd * exchanges * params}
}

// step is the time of a step, s.
func (m model) step(n, processors, shards, rows int, params float64) (t float64) {
	for i, x := range terms(n, processors, shards, rows, params) {
		t += x * [...]float64{m.Start, m.Row, m.Gradient, m.Latency, m.Sum}[i]
	}
	return t
}

// fit returns the model of least squares of the relative deviations; no cost is negative.
func fit(samples []sample) (m model, err error) {
	var a [][5]float64
	for _, s := range samples {
		if s.Bytes > 0 {
			if b := float64(s.Bytes) / s.Seconds; s.Ranks == 2 && b > m.Bandwidth {
				m.Bandwidth = b
			}
			continue
		}
		row := terms(s.Ranks, s.Processors, shards, s.Rows/shards, float64(s.Params))
		for i := range row {
			row[i] /= s.Seconds
		}
		a = append(a, row)
	}
	costs, err := leastSquares(a)
	if err != nil {
		return m, err
	}
	m.Start, m.Row, m.Gradient, m.Latency, m.Sum = costs[0], costs[1], costs[2], costs[3], costs[4]
	for _, s := range samples {
		if s.Bytes == 0 {
			off := m.step(s.Ranks, s.Processors, shards, s.Rows/shards, float64(s.Params))/s.Seconds - 1
			m.Worst = math.Max(m.Worst, math.Abs(off))
			m.Typical += off * off
			m.Steps++
		}
	}
	m.Typical = math.Sqrt(m.Typical / float64(m.Steps))
	return m, nil
}

// leastSquares returns x >= 0 that make a x as near to 1 as they can: what would be negative is
// left out, the most negative first.
func leastSquares(a [][5]float64) (x [5]float64, err error) {
	free := []int{0, 1, 2, 3, 4}
	for len(free) > 0 {
		if len(a) < len(free) {
			return x, errors.New("too few steps were measured")
		}
		m, one, found := mat.NewDense(len(a), len(free), nil), mat.NewDense(len(a), 1, nil), mat.Dense{}
		scale := make([]float64, len(free)) // columns of one size
		for j, c := range free {
			for i := range a {
				scale[j] = math.Max(scale[j], a[i][c])
			}
			for i := range a {
				m.Set(i, j, a[i][c]/scale[j])
				one.Set(i, 0, 1)
			}
		}
		if err := found.Solve(m, one); err != nil {
			return x, err
		}
		least := 0
		for j := range free {
			if found.At(j, 0) < found.At(least, 0) {
				least = j
			}
		}
		if found.At(least, 0) >= 0 {
			for j, c := range free {
				x[c] = found.At(j, 0) / scale[j]
			}
			return x, nil
		}
		free = append(free[:least:least], free[least+1:]...)
	}
	return x, errors.New("no cost is positive")
}

// cluster is a network between machines that is assumed, not measured.
var cluster = struct{ latency, bandwidth float64 }{2e-6, 10e9}

// on returns the model with the messages of a cluster: what an exchange costs beside its way, to
// call the library, and to write, read and add a gradient, stays.
func (m model) on(latency, bandwidth float64) model {
	m.Latency, m.Sum = m.Latency+latency, math.Max(m.Sum-4/m.Bandwidth, 0)+4/bandwidth
	return m
}

// What is predicted: a batch that is shared out, and one that grows with the ranks.
const (
	wholeBatch = 1024
	eachBatch  = 32
)

// print writes the fit and what it predicts.
func (m model) print(w io.Writer, name string) error {
	fmt.Fprintf(w, "%s: start %.3g µs, row %.3g ps, gradient %.3g ns, latency %.3g µs, sum %.3g ns (of it %.3g ns on the way, %.3g GB/s); %d steps, typically %.0f %% off, at most %.0f %%\n",
		name, 1e6*m.Start, 1e12*m.Row, 1e9*m.Gradient, 1e6*m.Latency, 1e9*m.Sum, 4e9/m.Bandwidth, 1e-9*m.Bandwidth, m.Steps, 100*m.Typical, 100*m.Worst)
	far := m.on(cluster.latency, cluster.bandwidth)
	fmt.Fprintf(w, "on a cluster with %.3g µs and %.3g GB/s: efficiency with %d rows in all, and with %d rows a rank; share of the messages of a step\n",
		1e6*cluster.latency, 1e-9*cluster.bandwidth, wholeBatch, eachBatch)
	fmt.Fprintf(w, "%10s %6s %8s %10s %8s %10s\n", "parameters", "ranks", "whole", "messages", "each", "messages")
	for _, p := range []float64{2e4, 2e5, 2e6} {
		for n := 1; n <= wholeBatch; n *= 4 {
			one := far.step(1, n, 1, wholeBatch, p)
			shared := far.step(n, n, n, wholeBatch/n, p)
			own := far.step(1, n, 1, eachBatch, p)
			grown := far.step(n, n, n, eachBatch, p)
			sent := grown - own
			if _, err := fmt.Fprintf(w, "%10.0f %6d %7.0f%% %9.0f%% %7.0f%% %9.0f%%\n", p, n, 100*one/(float64(n)*shared), 100*sent/shared, 100*own/grown, 100*sent/grown); err != nil {
				return err
			}
		}
	}
	return nil
}
