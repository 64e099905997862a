package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/mpi"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// What is measured.
const (
	shards   = 4
	channels = 256
	classes  = 10
	steps    = 10 // of time
)

var (
	hidden = []int{64, 256, 1024}
	rows   = []int{32, 128}
	sizes  = []int{8, 4 << 10, 64 << 10, 1 << 20, 4 << 20} // of an exchange, bytes
)

// measure measures as one of the ranks; the first writes. A rank is one processor.
func measure(out io.Writer) (err error) {
	runtime.GOMAXPROCS(1)
	w, err := mpi.Start()
	if err != nil {
		return err
	}
	defer func() { err = w.Leave(err) }()
	tell := func(s sample) error {
		if w.Rank() > 0 {
			return nil
		}
		s.Ranks = w.Size()
		return json.NewEncoder(out).Encode(s)
	}
	for _, n := range sizes {
		if w.Size() == 1 {
			break
		}
		message := make([]byte, n)
		least, err := repeat(w, 200, func() error {
			_, err := w.Exchange(w.Rank()^1, message)
			return err
		})
		if err != nil {
			return err
		}
		if err := tell(sample{Bytes: n, Seconds: least}); err != nil {
			return err
		}
	}
	for _, h := range hidden {
		for _, b := range rows {
			s, err := measureStep(w, h, b)
			if err != nil {
				return err
			}
			if err := tell(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// repeat returns the least time of so many runs, which all ranks begin together.
func repeat(w *mpi.World, runs int, do func() error) (least float64, err error) {
	for k := range runs {
		for step := 1; step < w.Size(); step *= 2 {
			if _, err := w.Exchange(w.Rank()^step, nil); err != nil {
				return 0, err
			}
		}
		begin := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		if t := time.Since(begin).Seconds(); k == 0 || t < least {
			least = t
		}
	}
	return least, nil
}

// measureStep times the gradient of batches of so many rows.
func measureStep(w *mpi.World, hidden, rows int) (s sample, err error) {
	net, err := train.BPTT{Model: func(b *graph.Builder, x *G.Node) train.Outputs {
		h := models.LIF{}.Apply(b, "hidden", models.Linear{Out: hidden}.Apply(b, "hidden/w", x)).Spikes
		return train.Outputs{Logits: b.Check(ops.SumOverTime(models.Linear{Out: classes}.Apply(b, "out/w", h)))}
	}}.Build(graph.NewParams(1), train.Shape{Steps: steps, Batch: rows / shards, Channels: channels})
	if err != nil {
		return s, err
	}
	defer net.Close()
	var peers train.Peers
	if w.Size() > 1 {
		peers = w
	}
	all, err := train.Shard([]train.Learner{net}, shards, peers)
	if err != nil {
		return s, err
	}
	s = sample{Rows: rows}
	for _, g := range all.Grads() {
		s.Params += g.Len()
	}
	set := data.Batches{Data: waves(rows), Encoder: data.Current{}, Size: rows, Steps: steps, Seed: 1}
	s.Seconds, err = repeat(w, 40, func() error {
		_, err := all.Gradient(set, 0, 0)
		return err
	})
	return s, err
}

// waves are so many samples that differ.
type waves int

func (w waves) Len() int      { return int(w) }
func (waves) Form() data.Form { return data.Form{Channels: channels, Target: data.Classes(classes)} }
func (waves) Sample(s *data.Sample, i int) error {
	f := s.Features(channels)
	for j := range f {
		f[j] = float64((i*31+j*17)%97) / 97
	}
	s.Label = i % classes
	return nil
}

// read reads what was measured before.
func read(path string) (samples []sample, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// decode reads samples, one a line.
func decode(text []byte) (samples []sample, err error) {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return nil, fmt.Errorf("%w: %s", err, lines.Text())
		}
		samples = append(samples, s)
	}
	return samples, nil
}

// keep writes samples.
func keep(path string, samples []sample) error {
	var text bytes.Buffer
	for _, s := range samples {
		if err := json.NewEncoder(&text).Encode(s); err != nil {
			return err
		}
	}
	return os.WriteFile(path, text.Bytes(), 0o666)
}
