package train

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// points is a data set of one feature, for learners that do not look at it.
type points int

func (p points) Len() int      { return int(p) }
func (points) Form() data.Form { return data.Form{Channels: 1, Target: data.Classes(2)} }
func (points) Sample(s *data.Sample, i int) error {
	s.Features(1)[0], s.Label = 0, i%2
	return nil
}

// scripted is a Learner whose parameter counts the updates, and whose scores on the
// validation set are given.
type scripted struct {
	params   *graph.Params
	grads    optim.Tree
	accuracy []float64 // by the number of updates
	loss     []float64
	test     data.Dataset
	learned  [][2]int     // epoch and batch of each gradient
	tested   []float32    // the parameter at each evaluation of the test set
	gradient func() error // nil: none
}

func newScripted(accuracy, loss []float64) *scripted {
	s := &scripted{params: graph.NewParams(1), accuracy: accuracy, loss: loss, test: points(3)}
	if err := s.params.Set("w", tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{0}))); err != nil {
		panic(err)
	}
	s.grads = optim.Tree{{Name: "w", F32: []float32{0}}}
	return s
}

func (s *scripted) Params() *graph.Params { return s.params }
func (s *scripted) Grads() optim.Tree     { return s.grads }

func (s *scripted) Gradient(set data.Batches, epoch uint64, k int) (Sums, error) {
	s.learned = append(s.learned, [2]int{int(epoch), k})
	s.grads[0].F32[0] = -1 // SGD with a rate of 1 adds 1
	var err error
	if s.gradient != nil {
		err = s.gradient()
	}
	return Sums{Rows: 4, Correct: 1, Loss: 2}, err
}

func (s *scripted) Evaluate(set data.Batches, _ uint64, k int) (Sums, error) {
	w := s.params.Value("w").Float32s()[0]
	if set.Data == s.test {
		s.tested = append(s.tested, w)
	}
	i := min(max(int(w), 1), len(s.accuracy)) - 1
	return Sums{Rows: 100, Correct: int(s.accuracy[i]), Loss: 100 * s.loss[i], Spikes: 50}, nil
}

func (s *scripted) sets() Data {
	one := func(d data.Dataset) data.Batches { return data.Batches{Data: d, Size: 4} }
	return Data{Train: one(points(4)), Valid: one(points(2)), Test: one(s.test)}
}

var add = optim.SGD{LR: optim.Constant(1)}

// TestBest: the epoch with the largest accuracy is the best, of several that with the smallest
// loss, of equal ones the first; patience counts from it; the test set is evaluated once, with the
// parameters of the best epoch.
func TestBest(t *testing.T) {
	for _, c := range []struct {
		accuracy, loss []float64
		patience       int
		best, epochs   int
	}{
		{[]float64{10, 30, 20, 20}, []float64{1, 1, 0, 0}, 0, 2, 4},
		{[]float64{10, 30, 30, 30}, []float64{1, 1, 0.5, 0.5}, 0, 3, 4},
		{[]float64{10, 30, 20, 20, 50}, []float64{1, 1, 1, 1, 1}, 2, 2, 4},
		{[]float64{10, 30, 20, 40, 50}, []float64{1, 1, 1, 1, 1}, 2, 5, 5},
		{[]float64{0, 0, 0}, []float64{3, 2, 1}, 1, 3, 3},
		{[]float64{0, 0, 0}, []float64{1, 1, 1}, 1, 1, 2},
	} {
		net := newScripted(c.accuracy, c.loss)
		var epochs []Epoch
		r, err := Run(context.Background(), net, net.sets(), Settings{
			Epochs: len(c.accuracy), Patience: c.patience, Optimizer: add, LR: add.LR,
			AfterEpoch: func(e Epoch) error { epochs = append(epochs, e); return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Best.Epoch != c.best || r.Epochs != c.epochs || len(epochs) != c.epochs {
			t.Errorf("%v, losses %v: best epoch %d of %d (%d reported), want %d of %d", c.accuracy, c.loss, r.Best.Epoch, r.Epochs, len(epochs), c.best, c.epochs)
		}
		if !slices.Equal(net.tested, []float32{float32(c.best)}) {
			t.Errorf("%v: test set evaluated with the parameters of the epochs %v, want %d alone", c.accuracy, net.tested, c.best)
		}
		if w := net.params.Value("w").Float32s()[0]; w != float32(c.best) {
			t.Errorf("%v: parameters of epoch %v are left, want %d", c.accuracy, w, c.best)
		}
		if r.Test == nil || r.Test.Accuracy != c.accuracy[c.best-1]/100 {
			t.Errorf("%v: test score %v", c.accuracy, r.Test)
		}
		want := Epoch{Epoch: 1, TrainLoss: 0.5, TrainAccuracy: 0.25, ValidLoss: c.loss[0], ValidAccuracy: c.accuracy[0] / 100, LearningRate: 1, Spikes: 0.5}
		got := epochs[0]
		got.Seconds = 0
		if !reflect.DeepEqual(got, want) {
			t.Errorf("first epoch %+v, want %+v", got, want)
		}
	}
}

func TestRunErrors(t *testing.T) {
	dir := t.TempDir()
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		want error
		net  func(*scripted)
		sets func(*Data)
		s    Settings
	}{
		{"no training data", ErrSettings, nil, func(d *Data) { d.Train = data.Batches{} }, Settings{}},
		{"no validation data", ErrSettings, nil, func(d *Data) { d.Valid.Data = points(0) }, Settings{}},
		{"negative epochs", ErrSettings, nil, nil, Settings{Epochs: -1}},
		{"negative patience", ErrSettings, nil, nil, Settings{Patience: -1}},
		{"resume without a file", ErrSettings, nil, nil, Settings{Resume: true}},
		{"resume without a checkpoint", fs.ErrNotExist, nil, nil, Settings{Resume: true, Checkpoint: filepath.Join(dir, "none")}},
		{"metrics that cannot be written", fs.ErrNotExist, nil, nil, Settings{Metrics: filepath.Join(dir, "no", "metrics")}},
		{"gradient that is not finite", optim.ErrNonFinite, func(s *scripted) {
			s.gradient = func() error { s.grads[0].F32[0] = float32(math.NaN()); return nil }
		}, nil, Settings{}},
		{"gradient of another parameter", graph.ErrParam, func(s *scripted) { s.grads[0].Name = "v" }, nil, Settings{}},
		{"error of the learner", broken, func(s *scripted) { s.gradient = func() error { return broken } }, nil, Settings{}},
		{"error of a hook", broken, nil, nil, Settings{AfterEpoch: func(Epoch) error { return broken }}},
	} {
		net := newScripted([]float64{1}, []float64{1})
		sets := net.sets()
		if c.net != nil {
			c.net(net)
		}
		if c.sets != nil {
			c.sets(&sets)
		}
		if _, err := Run(context.Background(), net, sets, c.s); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
	}
}

// TestResumeOfAnother: a checkpoint continues the run it is from, and no other.
func TestResumeOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	s := Settings{Epochs: 2, Optimizer: add, Checkpoint: path}
	net := newScripted([]float64{1, 2}, []float64{1, 1})
	if _, err := Run(context.Background(), net, net.sets(), s); err != nil {
		t.Fatal(err)
	}
	s.Resume = true
	for _, c := range []struct {
		name   string
		change func(*scripted, *Data, *Settings)
		want   error
	}{
		{"seed", func(_ *scripted, d *Data, _ *Settings) { d.Train.Seed = 9 }, ErrSettings},
		{"size", func(_ *scripted, d *Data, _ *Settings) { d.Train.Data = points(400) }, ErrSettings},
		{"shape", func(n *scripted, _ *Data, _ *Settings) {
			n.params = graph.NewParams(1)
			_ = n.params.Set("w", tensor.New(tensor.WithBacking([]float32{0, 0})))
		}, graph.ErrParam},
		{"optimizer", func(_ *scripted, _ *Data, s *Settings) { s.Optimizer, s.Epochs = optim.Adam{}, 3 }, optim.ErrState},
	} {
		net := newScripted([]float64{1, 2, 3}, []float64{1, 1, 1})
		sets, settings := net.sets(), s
		c.change(net, &sets, &settings)
		if _, err := Run(context.Background(), net, sets, settings); !errors.Is(err, c.want) {
			t.Errorf("another %s: error %v, want %v", c.name, err, c.want)
		}
	}
	// More epochs go on where the last ones ended.
	net = newScripted([]float64{1, 2, 3, 0}, []float64{1, 1, 1, 1})
	s.Epochs = 4
	r, err := Run(context.Background(), net, net.sets(), s)
	if err != nil || r.Epochs != 4 || r.Best.Epoch != 3 {
		t.Errorf("two more epochs: %+v, error %v", r, err)
	}
	// A damaged checkpoint is replaced by the one before: epoch 3.
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	net = newScripted([]float64{1, 2, 3, 0}, []float64{1, 1, 1, 1})
	if r, err := Run(context.Background(), net, net.sets(), s); err != nil || r.Epochs != 4 || r.Best.Epoch != 3 {
		t.Errorf("from the checkpoint before: %+v, error %v", r, err)
	}
}

// TestBestAfterResume: the best epoch may lie before the checkpoint.
func TestBestAfterResume(t *testing.T) {
	s := Settings{Epochs: 2, Optimizer: add, Checkpoint: filepath.Join(t.TempDir(), "checkpoint")}
	for _, epochs := range []int{2, 4} {
		net := newScripted([]float64{9, 1, 1, 1}, []float64{1, 1, 1, 1})
		s.Epochs = epochs
		r, err := Run(context.Background(), net, net.sets(), s)
		if err != nil {
			t.Fatal(err)
		}
		if w := net.params.Value("w").Float32s()[0]; r.Best.Epoch != 1 || w != 1 {
			t.Errorf("%d epochs: best %d, parameters of epoch %v, want 1", epochs, r.Best.Epoch, w)
		}
		s.Resume = true
	}
}

// TestBatches: all batches of all epochs are learned, in order, and reported.
func TestBatches(t *testing.T) {
	net := newScripted([]float64{1}, []float64{1})
	sets := net.sets()
	sets.Train.Data = points(10)
	var reported [][2]int
	_, err := Run(context.Background(), net, sets, Settings{Epochs: 2, AfterBatch: func(p Position) {
		reported = append(reported, [2]int{p.Epoch, p.Batch - 1})
		if p.Train.Rows != 4*p.Batch {
			t.Errorf("%d rows after %d batches, want 4 each", p.Train.Rows, p.Batch)
		}
	}})
	want := [][2]int{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}}
	if err != nil || !slices.Equal(net.learned, want) || !slices.Equal(reported, want) {
		t.Errorf("learned %v, reported %v, want %v; error %v", net.learned, reported, want, err)
	}
}

// TestCancelInTest: a run that is stopped while it evaluates the test set keeps the last
// parameters in its checkpoint, not the best ones that it evaluates.
func TestCancelInTest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	ctx, cancel := context.WithCancel(context.Background())
	net := newScripted([]float64{9, 1, 1, 1}, []float64{1, 1, 1, 1})
	s := Settings{Epochs: 2, Optimizer: add, Checkpoint: path, AfterEpoch: func(e Epoch) error {
		if e.Epoch == 2 {
			cancel()
		}
		return nil
	}}
	if _, err := Run(ctx, net, net.sets(), s); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want context.Canceled", err)
	}
	c, _, err := ReadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	if w := c.Params.Value("w").Float32s()[0]; w != 2 {
		t.Errorf("checkpoint has the parameters of epoch %v, want 2", w)
	}
}
