// Command soak trains for long and says whether memory and goroutines stay what they are.
//
//	go run ./bench/soak                  100,000 steps
//	go run ./bench/soak -steps 5000      a shorter run
//
// A recurrent network of 32 LIF neurons learns Yin-Yang in batches of 8, ten epochs, with a
// checkpoint every 500 batches, metrics and a receipt in a temporary folder. The first fifth of the
// steps is the warm-up. The status is 1 where what is in use behind a garbage collection (less 4 kB
// an epoch for the lines of metrics and receipt, which a run holds), or what the program has from
// the system (less 0.25 MB, as that comes and goes in spans and caches of threads), is more than
// 1 % above its largest value in the second fifth, or there are more goroutines.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/memory"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

func main() {
	steps := flag.Int("steps", 100_000, "batches to learn, at least 200")
	flag.Parse()
	if err := run(max(*steps, 200)); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

const (
	epochs  = 10
	batch   = 8
	samples = 50 // of memory
	window  = 40 // time steps

	linesMB = 4e-3 // of an epoch
	spansMB = 0.25 // that the allocator and the threads round up to, at one time or another
)

// sample is what the program holds.
type sample struct {
	heap, resident float64 // MB
	goroutines     int
}

func measure() sample {
	debug.FreeOSMemory() // collects, and gives back what is not in use
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return sample{float64(m.HeapAlloc) / 1e6, resident(), runtime.NumGoroutine()}
}

// resident returns the memory of the process in MB, without pages of files such as its code; 0
// where the system does not tell.
func resident() float64 { return float64(memory.Process("RssAnon")>>10) / 1e3 }

func network(b *graph.Builder, x *G.Node) train.Outputs {
	i := models.Linear{Out: 32, Init: models.FanIn(2, 2)}.Apply(b, "hidden/w", x)
	h := models.LIF{TauMem: models.Learned(20e-3).PerNeuron(), Recurrent: true}.Apply(b, "hidden", i)
	y := models.LI{}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "out/w", h.Spikes))
	return train.Outputs{Logits: b.Check(ops.MaxOverTime(y.Vmem)), Layers: []train.Layer{{Name: "hidden", Spikes: h.Spikes}}}
}

func run(steps int) error {
	debug.SetGCPercent(25)
	dir, err := os.MkdirTemp("", "surge-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	perEpoch := steps / epochs
	sets, err := load(perEpoch * batch)
	if err != nil {
		return err
	}
	net, err := train.BPTT{Model: network}.Build(graph.NewParams(1), train.Shape{Steps: window, Batch: batch, Channels: sets.Train.Channels()})
	if err != nil {
		return err
	}
	defer net.Close()
	var seen []sample
	done := 0
	_, err = train.Run(context.Background(), net, sets, train.Settings{
		Epochs: epochs, CheckpointBatches: 500,
		Checkpoint: filepath.Join(dir, "checkpoint"), Metrics: filepath.Join(dir, "metrics.jsonl"), Receipt: filepath.Join(dir, "receipt.jsonl"),
		AfterBatch: func(train.Position) {
			if done++; done%(perEpoch*epochs/samples) == 0 {
				s := measure()
				seen = append(seen, s)
				fmt.Printf("step %7d: %.3f MB in use, %.1f MB from the system, %d goroutines\n", done, s.heap, s.resident, s.goroutines)
			}
		},
	})
	if err != nil {
		return err
	}
	return judge(seen)
}

func load(n int) (sets train.Data, err error) {
	for i, b := range []*data.Batches{&sets.Train, &sets.Valid} {
		if i > 0 {
			n = 100
		}
		d, err := data.NewYinYang(data.YinYangSettings{Size: n, Seed: uint32(42 - i)})
		if err != nil {
			return sets, err
		}
		*b = data.Batches{Data: d, Encoder: data.TTFSBias{}, Size: batch, Steps: window, Seed: 1}
	}
	return sets, nil
}

// judge compares the samples behind the warm-up with those at its end.
func judge(seen []sample) error {
	var before, after sample
	for i, s := range seen {
		to := &after
		switch {
		case i < len(seen)/5:
			continue
		case i < 2*len(seen)/5:
			to = &before
		}
		to.heap, to.resident, to.goroutines = max(to.heap, s.heap), max(to.resident, s.resident), max(to.goroutines, s.goroutines)
	}
	fmt.Printf("after the warm-up: in use %+.2f %%, from the system %+.2f %%, goroutines %+d\n",
		100*(after.heap/before.heap-1), 100*(after.resident/max(before.resident, 1e-9)-1), after.goroutines-before.goroutines)
	if after.heap > 1.01*before.heap+epochs*linesMB || after.resident > 1.01*before.resident+spansMB || after.goroutines > before.goroutines {
		return fmt.Errorf("memory or goroutines grow by more than 1 %%: from %+v to %+v", before, after)
	}
	return nil
}
