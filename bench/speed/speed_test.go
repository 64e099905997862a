package speed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/surge-snn/surge/graph"
)

// small shrinks a workload to what a test can afford.
func small(w Workload) Workload {
	s := &w.Size
	s.Steps, s.Batch = min(s.Steps, 12), min(s.Batch, 3)
	s.Inputs, s.Hidden = min(s.Inputs, 24), min(s.Hidden, 24)
	return w
}

// Every workload builds, runs both passes, has a finite loss and says what was measured.
func TestWorkloads(t *testing.T) {
	for _, w := range All() {
		w := small(w)
		for _, double := range []bool{false, true} {
			r, err := Measure(context.Background(), w, Options{Runs: 2, Float64: double})
			if err != nil {
				t.Errorf("%s: %v", w.Name, err)
				continue
			}
			if r.Forward.Runs != 2 || r.Gradient.Runs != 2 || !(r.Gradient.Min > 0) || r.Gradient.Min > r.Gradient.Median || r.Workload != w.Name {
				t.Errorf("%s: %+v", w.Name, r)
			}
		}
	}
}

// Hidden neurons fire as often as the size says.
func TestCalibration(t *testing.T) {
	for _, recurrent := range []bool{false, true} {
		size := lif.Size
		size.Hidden, size.Recurrent, size.Batch = 64, recurrent, 8
		params := graph.NewParams(1)
		if err := lif.calibrate(params, graph.Settings{}, size); err != nil {
			t.Fatal(err)
		}
		p, err := lif.build(params, graph.Settings{NoGrad: true}, size)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		// Other rows than those of the calibration: a tenth.
		if rate := lif.firing(p, size); rate < 0.9*size.Rate || rate > 1.1*size.Rate {
			t.Errorf("recurrent %v: rate %v, want %v", recurrent, rate, size.Rate)
		}
		p.Close()
	}
}

func TestOptions(t *testing.T) {
	if _, err := Find("lstm"); err == nil || !strings.Contains(err.Error(), "lif, dense") {
		t.Errorf("error %v does not list the workloads", err)
	}
	for _, o := range []Options{{Hidden: 5}, {Recurrent: true}} {
		if _, err := Measure(context.Background(), expSyn, o); err == nil {
			t.Errorf("%+v has no effect on %s, and no error", o, expSyn.Name)
		}
	}
	if _, err := Measure(context.Background(), lif, Options{Active: 2}); err == nil {
		t.Error("no error for a share of 2")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Measure(ctx, small(lif), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestCrossover(t *testing.T) {
	var got []Point
	err := Crossover(context.Background(), []int{8, 16}, []float64{0.1, 0.5}, 1, func(p Point) error {
		got = append(got, p)
		return nil
	})
	if err != nil || len(got) != 4 || got[0].N != 8 || got[3].N != 16 || got[3].Active != 0.5 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, p := range got {
		if !(p.Speedup() > 0) {
			t.Errorf("%+v", p)
		}
	}
}

// A peer that does not start is in the result with the reason.
func TestMissingPeer(t *testing.T) {
	w := small(lif)
	r, peers, err := Beside(context.Background(), w, Options{Runs: 1}, "/no/such/python")
	if err != nil || r.Gradient.Runs != 1 || len(peers) != len(peersOf["lif"]) {
		t.Fatalf("%+v, %+v, %v", r, peers, err)
	}
	for _, p := range peers {
		if p.Error == "" || p.Gradient.Runs != 0 {
			t.Errorf("%+v", p)
		}
	}
}

// A peer without gradient is compared by its forward pass.
func TestPeerWithoutGradient(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a shell script")
	}
	python := filepath.Join(t.TempDir(), "python")
	script := "#!/bin/sh\nread x\necho '{\"name\": \"peer 1.0\", \"firing\": 0.5}'\nwhile read x; do echo '{\"forward\": 2}'; done\n"
	if err := os.WriteFile(python, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	r, peers, err := Beside(context.Background(), small(wtas), Options{Runs: 2}, python)
	if err != nil || len(peers) != 1 {
		t.Fatalf("%+v, error %v", peers, err)
	}
	p := peers[0]
	if p.Error != "" || p.Name != "peer 1.0" || p.Firing != 0.5 || p.Forward != (Times{2, 2, 2}) || p.Gradient != (Times{}) || p.Speedup(r) != 2/r.Forward.Min {
		t.Errorf("%+v", p)
	}
	var table strings.Builder
	if err := r.Markdown(&table, peers); err != nil || !strings.Contains(table.String(), "peer 1.0: forward alone 2000.0, **") || strings.Count(table.String(), "|") != strings.Count(Heading, "|")/2 {
		t.Errorf("row %q, error %v", table.String(), err)
	}
}

// The workloads as benchmarks of go test.
func BenchmarkGradient(b *testing.B) {
	for _, w := range All() {
		b.Run(w.Name, func(b *testing.B) {
			m, err := newMeter(w, Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer m.close()
			b.ReportAllocs()
			for b.Loop() {
				if err := m.both.Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A run with checkpoints holds at most 1.7 MB besides input and weights, of which gradients, their
// sums in float64 and packed weights are five times the weights: the spikes, voltages and states of
// 5000 steps are less than 1 MB. All of them without checkpoints are 8 bytes a neuron and step at
// least, 100 MB.
func TestCheckpointMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	r, err := Measure(context.Background(), long, Options{Runs: 1, Checkpoint: 25})
	if err != nil {
		t.Fatal(err)
	}
	weights := int64(4 * (64*128 + 128*128 + 128*64))
	t.Logf("%.2f MB, of which %.2f MB in gradients, sums and packed weights", float64(r.Held)/1e6, float64(5*weights)/1e6)
	if r.Held-5*weights > 1e6 {
		t.Errorf("%.2f MB", float64(r.Held)/1e6)
	}
}
