package trained

import (
	"math"
	"strings"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train/experiment"
)

// TestEnginesAgree: the network in plain loops has the loss and the gradient of the engines, for
// all that a file can say of neurons; they share no code.
func TestEnginesAgree(t *testing.T) {
	for _, model := range []string{
		"hidden = [5]\nlearn = [\"tau_mem\", \"v_th\"]",
		"hidden = [4, 3]\nneuron = \"cuba\"\ntau_syn = 0.004\nrecurrent = true\nlearn = [\"tau_syn\", \"tau_mem\"]\nper_neuron = true\nreset = \"zero\"\nbias = true\nreadout = \"li-mean\"",
		"hidden = [6]\ndetach_reset = true\nreadout = \"count\"\nsurrogate = \"atan(4)\"\nv_th = 0.5",
	} {
		text := "name = \"small\"\n[data]\nset = \"yinyang\"\ntrain = 20\nvalid = 2\ntest = 2\n[encode]\nkind = \"latency\"\n[model]\n" + model + "\n[train]\ndtype = \"float64\"\nbatch = 4\n"
		e, err := experiment.Parse("small.toml", text, "")
		if err != nil {
			t.Fatal(err)
		}
		p, err := Problem(e, nil, 4)
		if err != nil {
			t.Fatal(err)
		}
		s, err := surrogate.Parse(e.Model.Surrogate)
		if err != nil {
			t.Fatal(err)
		}
		g := make([]float64, len(p.Net.Params))
		loss := 0.0
		for i := range p.Input {
			one := make([]float64, len(g))
			if err := p.BPTT(lif.Rule{Surrogate: s, Detach: e.Model.DetachReset}).Gradient(one, p.Net.Params, i, 0); err != nil {
				t.Fatal(err)
			}
			for k, x := range one {
				g[k] += x / float64(len(p.Input))
			}
			o, err := p.Loss(p.Net.Params, i, 0)
			if err != nil {
				t.Fatal(err)
			}
			loss += o.Loss / float64(len(p.Input))
		}
		sets, classes, err := e.Load()
		if err != nil {
			t.Fatal(err)
		}
		net, err := e.Build(sets.Train.Channels(), classes)
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		set := sets.Train
		set.Size = 4
		sums, err := net.Gradient(set, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := sums.Loss / 4; math.Abs(loss-want) > 1e-10*want {
			t.Errorf("%s: loss %v, want %v", model, loss, want)
		}
		ours := map[string][]float64{}
		for _, c := range p.Net.Classes {
			ours[c.Name] = g[c.From:c.To]
		}
		for _, leaf := range net.Grads() {
			name := strings.NewReplacer("hidden1/", "1", "hidden2/", "2", "out/", "9").Replace(leaf.Name)
			number := name[:1]
			if number == "9" {
				number = string(rune('1' + len(e.Model.Hidden)))
			}
			kind := map[string]string{"w": "w", "w/bias": "bias", "w_rec": "w_rec", "log_tau_mem": "ln_tau_mem", "log_tau_syn": "ln_tau_syn", "log_v_th": "v_th"}[name[1:]]
			got, scale := ours[kind+number], 0.0
			if len(got) != len(leaf.F64) {
				t.Fatalf("%s: %s has %d values, want %d", model, leaf.Name, len(got), len(leaf.F64))
			}
			for _, x := range leaf.F64 {
				scale = max(scale, math.Abs(x))
			}
			factor := 1.0
			if kind == "v_th" {
				factor = e.Model.VTh // the parameter is its logarithm
			}
			for k, want := range leaf.F64 {
				if math.Abs(factor*got[k]-want) > 1e-9*scale {
					t.Errorf("%s: %s[%d] = %v, want %v", model, leaf.Name, k, factor*got[k], want)
				}
			}
		}
	}
}

func TestBadInput(t *testing.T) {
	e, err := experiment.Parse("small.toml", "name = \"small\"\n[data]\nset = \"yinyang\"\n[encode]\nkind = \"latency\"\n[model]\nhidden = [5]\n", "eventprop")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Problem(e, nil, 4); err == nil || !strings.Contains(err.Error(), "train.method: expected surrogate") {
		t.Error(err)
	}
}

// TestOtherNeurons: networks of neurons that the benchmark does not have are refused by name, not
// taken for lif.
func TestOtherNeurons(t *testing.T) {
	for _, neuron := range []string{"alif", "if", "adex"} {
		e, err := experiment.Parse("small.toml", "name = \"small\"\n[data]\nset = \"yinyang\"\n[model]\nhidden = [3]\nneuron = \""+neuron+"\"\n", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Problem(e, nil, 4); err == nil || !strings.Contains(err.Error(), neuron) || !strings.Contains(err.Error(), "lif or cuba") {
			t.Errorf("%s: error %v", neuron, err)
		}
	}
}
