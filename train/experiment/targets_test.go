package experiment

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment/recipes"
)

// TestTargetsLearn: the recipes whose targets are no classes get below half of the loss with which
// they begin, the best epoch is that with the smallest loss, their metric is reported, and what
// they predict has the shape of the target.
func TestTargetsLearn(t *testing.T) {
	for name, metric := range map[string]string{
		"friedman": "mae", "friedman-eventprop": "mae", "lowpass": "mae", "lowpass-eventprop": "mae", "patterns": "victor_purpura", "patterns-eventprop": "victor_purpura",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, _ := recipes.Read(name)
			e, err := Parse(name, text, "")
			if err != nil {
				t.Fatal(err)
			}
			e.Train.Epochs = 12
			e.Data.Keys["train"], e.Data.Keys["valid"], e.Data.Keys["test"] = 100, 20, 20
			if e.Data.Set == "lowpass" {
				e.Data.Keys["train"], e.Data.Keys["length"] = 40, 20
			}
			if err := e.Check(); err != nil {
				t.Fatal(err)
			}
			sets, target, err := e.Load()
			if err != nil {
				t.Fatal(err)
			}
			net, err := e.Build(sets.Train.Channels(), target)
			if err != nil {
				t.Fatal(err)
			}
			defer net.Close()
			first, least := math.Inf(1), math.Inf(1)
			n := sets.Train.Data.Len()
			result, err := train.Run(context.Background(), net, sets, train.Settings{
				Epochs: e.Train.Epochs, Optimizer: e.Optimizer(n), LR: e.LR(n),
				AfterEpoch: func(p train.Epoch) error {
					if p.Epoch == 1 {
						first = p.TrainLoss
					}
					least = min(least, p.ValidLoss)
					if _, ok := p.ValidMetrics[metric]; !ok {
						t.Errorf("epoch %d has the metrics %v, want %s", p.Epoch, p.ValidMetrics, metric)
					}
					return nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if result.Best.ValidLoss != least || !(result.Best.TrainLoss < first/2) {
				t.Errorf("from %v to %v, and the best of the validation is %v of %v: want half, and the least", first, result.Best.TrainLoss, result.Best.ValidLoss, least)
			}
			err = net.Predict(context.Background(), sets.Test, func(p *train.Prediction) error {
				want := target.Size
				if target.Kind == data.SequenceTarget || target.Kind == data.SpikeTarget && !e.events() {
					want = len(p.Out) / target.Size * target.Size
				}
				if len(p.Out) != want || p.Class != -1 || p.Want.Kind != target.Kind {
					t.Errorf("sample %d: %d numbers, class %d, target %v", p.Sample, len(p.Out), p.Class, p.Want.Kind)
				}
				for i := range p.Want.Y {
					if v := p.Want.Found(p.Out, i); v-v != 0 {
						t.Errorf("sample %d gives %v", p.Sample, v)
					}
				}
				if !slices.IsSortedFunc(p.Spikes, func(a, b data.Spike) int { return cmp.Compare(a.Time, b.Time) }) {
					t.Errorf("sample %d: spikes that are not in order", p.Sample)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if s, err := net.Sample(sets.Test); err != nil || s.Predicted != -1 || (s.Layers[len(s.Layers)-1].Name == "target") != (target.Kind == data.SpikeTarget) {
				t.Errorf("sample %+v, %v", s, err)
			}
		})
	}
}

// TestEventLosses: the gradients of the losses of voltages and spike trains are those of finite
// differences.
func TestEventLosses(t *testing.T) {
	const head = "name = \"x\"\n[train]\nmethod = \"eventprop\"\nbatch = 3\n[data]\ntrain = 3\nvalid = 3\ntest = 3\n"
	for _, text := range []string{
		head + "set = \"patterns\"\nchannels = 8\n[encode]\nkind = \"none\"\n[model]\nhidden = [5]\nw_mean = 20.0\nreadout = \"ttfs\"\n[loss]\nkind = \"van_rossum\"",
		head + "set = \"patterns\"\nchannels = 8\n[encode]\nkind = \"none\"\n[model]\nhidden = [5]\nw_mean = 20.0\nreadout = \"ttfs\"\n[loss]\nkind = \"first_spike_mse\"",
		head + "set = \"lowpass\"\nlength = 6\n[encode]\nkind = \"population\"\nhold = 10\n[model]\nhidden = [5]\nw_mean = 4.0\nreadout = \"li\"",
		head + "set = \"friedman\"\n[encode]\nkind = \"ttfs\"\n[model]\nhidden = [5]\nreadout = \"li-max\"",
	} {
		e, err := Parse("a.toml", text, "")
		if err != nil {
			t.Fatal(err)
		}
		sets, target, err := e.Load()
		if err != nil {
			t.Fatal(err)
		}
		net, err := e.Build(sets.Train.Channels(), target)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := net.Gradient(sets.Train, 0, 0); err != nil {
			t.Fatal(err)
		}
		loss := func() float64 {
			s, err := net.Evaluate(sets.Train, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			return s.Score().Loss
		}
		moved := 0
		for _, g := range net.Grads() {
			want := slices.Clone(g.F64)
			w := net.Params().Value(g.Name).Float64s()
			for i := range w {
				const h = 1e-6
				was := w[i]
				w[i] = was + h
				up := loss()
				w[i] = was - h
				down := loss()
				w[i] = was
				// The rounding of the loss is 1e-16/h, and the error of the difference of third
				// order.
				if d := (up - down) / (2 * h); math.Abs(d-want[i]) > 1e-6*(1+math.Abs(want[i])) {
					t.Errorf("%s: %s[%d]: gradient %v, difference %v", text, g.Name, i, want[i], d)
				}
				if want[i] != 0 {
					moved++
				}
			}
		}
		if moved < 10 {
			t.Errorf("%s: %d gradients other than 0, want more: nothing spikes", text, moved)
		}
		net.Close()
	}
}

// TestLosses: each loss learns with each kind of target that it has, and each readout and metric
// with its own; what does not fit is refused with the key.
func TestLosses(t *testing.T) {
	sets := map[data.TargetKind]string{
		data.ClassTarget: "set = \"yinyang\"", data.VectorTarget: "set = \"friedman\"", data.SequenceTarget: "set = \"lowpass\"\nlength = 8", data.SpikeTarget: "set = \"patterns\"",
	}
	encoders := map[data.TargetKind]string{data.ClassTarget: "ttfs", data.VectorTarget: "ttfs", data.SequenceTarget: "current", data.SpikeTarget: "none"}
	build := func(kind data.TargetKind, model, loss string) error {
		e, err := Parse("a.toml", "name = \"x\"\n[data]\ntrain = 4\nvalid = 4\ntest = 4\n"+sets[kind]+"\n[encode]\nkind = \""+encoders[kind]+
			"\"\n[train]\nbatch = 4\n[model]\nhidden = [6]\nw_mean = 10.0\n"+model+"\n[loss]\nsparsity = 0.01\nawake = 0.1\nv_weight = 0.1\n"+loss, "")
		if err != nil {
			return err
		}
		parts, target, err := e.Load()
		if err != nil {
			return err
		}
		net, err := e.Build(parts.Train.Channels(), target)
		if err != nil {
			return err
		}
		defer net.Close()
		_, err = net.Gradient(parts.Train, 0, 0)
		return err
	}
	readout := func(kind data.TargetKind, spiking bool) string {
		for _, row := range Readouts {
			if r, _, _ := Readouts.New(row.Name, nil); r.Spiking == spiking && slices.Contains(r.Targets, kind) {
				return row.Name
			}
		}
		return ""
	}
	for _, row := range Losses {
		o, _, err := Losses.New(row.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		for kind := range sets {
			name := readout(kind, true)
			if name == "" {
				name = readout(kind, false)
			}
			err := build(kind, "readout = \""+name+"\"", "kind = \""+row.Name+"\"")
			if fits := slices.Contains(o.Targets, kind); fits != (err == nil) || !fits && !strings.Contains(err.Error(), "loss.kind: expected one that compares with a target of the kind "+kind.String()) {
				t.Errorf("%s with %v and %s: %v", row.Name, kind, name, err)
			}
			if name := readout(kind, false); o.Spiking && slices.Contains(o.Targets, kind) && name != "" {
				if err := build(kind, "readout = \""+name+"\"", "kind = \""+row.Name+"\""); err == nil || !strings.Contains(err.Error(), "model.readout: expected one of neurons that spike") {
					t.Errorf("%s with %s: %v", row.Name, name, err)
				}
			}
		}
	}
	for _, row := range Readouts {
		r, _, _ := Readouts.New(row.Name, nil)
		for kind := range sets {
			err := build(kind, "readout = \""+row.Name+"\"", "")
			if fits := slices.Contains(r.Targets, kind); fits != (err == nil) || !fits && !strings.Contains(err.Error(), "model.readout: expected one that gives a target of the kind "+kind.String()) {
				t.Errorf("%s with %v: %v", row.Name, kind, err)
			}
		}
	}
	for _, row := range Metrics {
		m, _, _ := Metrics.New(row.Name, nil)
		for kind := range sets {
			name := readout(kind, kind == data.SpikeTarget)
			err := build(kind, "readout = \""+name+"\"", "metrics = [\""+row.Name+"\"]")
			if fits := slices.Contains(m.Targets, kind); fits != (err == nil) || !fits && !strings.Contains(err.Error(), "loss.metrics[0]: expected one of a target of the kind "+kind.String()) {
				t.Errorf("%s with %v: %v", row.Name, kind, err)
			}
		}
	}
}
