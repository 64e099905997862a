package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// bytesOf returns the files of a trial whose bytes are determined by its settings.
func bytesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range []string{"checkpoint", "metrics.jsonl"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = b
	}
	return all
}

// Checkpoint and metrics of equal runs are equal files, whether or not they were cancelled.
func TestFilesOfEqualRunsAreEqual(t *testing.T) {
	one := trial{t: t, dir: t.TempDir()}
	one.run()
	want := bytesOf(t, one.dir)
	for _, at := range [][]int{nil, {1}, {7, 12}} {
		other := trial{t: t, dir: t.TempDir(), cancelAt: at}
		other.run()
		for name, b := range bytesOf(t, other.dir) {
			if !bytes.Equal(b, want[name]) {
				t.Errorf("cancelled after batches %v: %s differs", at, name)
			}
		}
	}
}

// probe is a learner of one number that runs something in its n-th gradient.
type probe struct {
	params *graph.Params
	grads  optim.Tree
	n      int
	at     map[int]func() error
}

func newProbe(t *testing.T) *probe {
	t.Helper()
	p := &probe{params: graph.NewParams(1), grads: optim.Tree{{Name: "w", F64: make([]float64, 1)}}, at: map[int]func() error{}}
	if err := p.params.Set("w", tensor.New(tensor.WithShape(1), tensor.WithBacking([]float64{1}))); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *probe) Params() *graph.Params { return p.params }
func (p *probe) Grads() optim.Tree     { return p.grads }

func (p *probe) Gradient(data.Batches, uint64, int) (Sums, error) {
	p.n++
	p.grads[0].F64[0] = float64(p.n)
	if f := p.at[p.n]; f != nil {
		return Sums{}, f()
	}
	return Sums{Rows: 4, Loss: 4}, nil
}

func (p *probe) Evaluate(data.Batches, uint64, int) (Sums, error) { return Sums{Rows: 4, Loss: 4}, nil }

// settings are those of three epochs of four batches.
func (p *probe) settings(t *testing.T) (Data, Settings) {
	b := data.Batches{Data: yinYang(t, 16, 1), Encoder: data.Latency{}, Size: 4, Steps: 3, Seed: 1}
	return Data{Train: b, Valid: b}, Settings{Epochs: 3, Optimizer: optim.SGD{}, Checkpoint: filepath.Join(t.TempDir(), "checkpoint")}
}

// There is a checkpoint before the first batch: a run that dies there can be resumed.
func TestFirstCheckpoint(t *testing.T) {
	p := newProbe(t)
	sets, s := p.settings(t)
	died := errors.New("died")
	p.at[1] = func() error {
		c, _, err := ReadCheckpoint(s.Checkpoint)
		if err != nil || !reflect.DeepEqual(c.Position, Position{}) || c.Params.Value("w").Float64s()[0] != 1 {
			t.Errorf("checkpoint before the first batch: %+v, %v", c, err)
		}
		return died
	}
	if _, err := Run(context.Background(), p, sets, s); !errors.Is(err, died) {
		t.Fatal(err)
	}
	s.Resume = true
	if r, err := Run(context.Background(), p, sets, s); err != nil || r.Epochs != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

// CheckpointBatches bounds what a process that dies loses.
func TestCheckpointBatches(t *testing.T) {
	p := newProbe(t)
	sets, s := p.settings(t)
	s.CheckpointBatches = 2
	p.at[8] = func() error {
		c, _, err := ReadCheckpoint(s.Checkpoint)
		if err != nil || c.Position.Epoch != 1 || c.Position.Batch != 2 {
			t.Errorf("in batch 8 of 4 an epoch the checkpoint is at %+v, %v, want batch 2 of epoch 1", c.Position, err)
		}
		return nil
	}
	if _, err := Run(context.Background(), p, sets, s); err != nil {
		t.Fatal(err)
	}
	s.CheckpointTime = -time.Second
	if _, err := Run(context.Background(), p, sets, s); !errors.Is(err, ErrSettings) {
		t.Errorf("error %v, want ErrSettings", err)
	}
}

// A batch that does not end does not keep a run from being stopped: it is saved as before
// the batch.
func TestCancelInALongBatch(t *testing.T) {
	p := newProbe(t)
	sets, s := p.settings(t)
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	p.at[6] = func() error {
		cancel()
		<-release
		return nil
	}
	_, err := Run(ctx, p, sets, s)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrComputing) {
		t.Errorf("error %v, want that of the context and ErrComputing", err)
	}
	c, _, err := ReadCheckpoint(s.Checkpoint)
	if err != nil || c.Position.Epoch != 1 || c.Position.Batch != 1 {
		t.Errorf("saved at %+v, %v, want after batch 1 of epoch 1", c.Position, err)
	}
	close(release)
}

// Metrics that were lost or damaged are written again from the checkpoint.
func TestMetricsAreRepaired(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"lost": os.Remove,
		"cut":  func(path string) error { return os.Truncate(path, 20) },
		"changed": func(path string) error {
			return os.WriteFile(path, []byte("{\"epoch\": 7}\n{\"epoch\"\n"), 0o644)
		},
	} {
		p := newProbe(t)
		sets, s := p.settings(t)
		s.Metrics = filepath.Join(t.TempDir(), "metrics.jsonl")
		s.Epochs = 2
		if _, err := Run(context.Background(), p, sets, s); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(s.Metrics)
		if err != nil {
			t.Fatal(err)
		}
		if err := damage(s.Metrics); err != nil {
			t.Fatal(err)
		}
		s.Resume, s.Epochs = true, 3
		if _, err := Run(context.Background(), p, sets, s); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		after, err := os.ReadFile(s.Metrics)
		if err != nil || !bytes.HasPrefix(after, before) || bytes.Count(after, []byte("\n")) != 3 {
			t.Errorf("%s: metrics are\n%s\nwere\n%s", name, after, before)
		}
	}
}
