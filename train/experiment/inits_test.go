package experiment

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/train/data"
)

// moments returns mean, standard deviation and largest magnitude of the elements of a parameter.
func moments(d *tensor.Dense) (mean, deviation, largest float64, n int) {
	n = d.DataSize()
	at := func(i int) float64 {
		if x, ok := d.Get(i).(float32); ok {
			return float64(x)
		}
		return d.Get(i).(float64)
	}
	for i := range n {
		mean += at(i) / float64(n)
		largest = max(largest, math.Abs(at(i)))
	}
	for i := range n {
		deviation += (at(i) - mean) * (at(i) - mean) / float64(n)
	}
	return mean, math.Sqrt(deviation), largest, n
}

// TestInits: weights that a file names have the moments of their formulas, with both methods and in
// lists of layers.
func TestInits(t *testing.T) {
	const in, out = 60, 300
	// Of fluctuation, with 20 ms, 5 ms, 1 V and inputs of 40 Hz: the voltage after a spike of
	// weight 1 is a difference of exponentials, of which the integral is tau_syn and that of the
	// square tau_syn^2/(2 (tau_mem + tau_syn)).
	const mem, syn, rate, mean, xi = 20e-3, 5e-3, 40.0, 0.2, 2.0
	mu := mean / (in * rate * syn)
	sigma := math.Sqrt(math.Pow((1-mean)/xi, 2)/(in*rate*syn*syn/(2*(mem+syn))) - mu*mu)
	for _, c := range []struct {
		text        string
		mean, sigma float64
		largest     float64
		near        bool // a sum instead of an integral
	}{
		{text: "kaiming", sigma: math.Sqrt(2. / in), largest: math.Inf(1)},
		{text: "kaiming(gain = 1)", sigma: math.Sqrt(1. / in), largest: math.Inf(1)},
		{text: "kaiming_uniform( gain=0.5 )", sigma: 0.5 / math.Sqrt(in), largest: 0.5 * math.Sqrt(3./in)},
		{text: "xavier", sigma: math.Sqrt(2. / (in + out)), largest: math.Inf(1)},
		{text: "xavier_uniform(gain = 3)", sigma: 3 * math.Sqrt(2./(in+out)), largest: 3 * math.Sqrt(6./(in+out))},
		{text: "normal(mean = -0.3, std = 0.2)", mean: -0.3, sigma: 0.2, largest: math.Inf(1)},
		{text: "uniform(low = -1, high = 3)", mean: 1, sigma: 4 / math.Sqrt(12), largest: 3},
		{text: "constant(value = 0.25)", mean: 0.25, largest: 0.25},
		{text: "fluctuation(rate = 40, mean = 0.2, xi = 2)", mean: mu, sigma: sigma, largest: math.Inf(1), near: true},
	} {
		for _, where := range []string{Surrogate, EventProp, "layer"} {
			text := "name = \"x\"\n[model]\nhidden = [300]\ntau_syn = 0.005\ninit = \"" + c.text + "\"\n"
			method, key := where, "hidden1/w"
			if where == Surrogate {
				text += "neuron = \"cuba\"\n"
			}
			if where == "layer" {
				method, key = Surrogate, "layer1/w"
				text = "name = \"x\"\n[model]\ntau_syn = 0.005\nneuron = \"cuba\"\n[[layer]]\nkind = \"linear\"\nsize = 300\ninit = \"" + c.text + "\"\n[[layer]]\nkind = \"cuba\"\n"
			}
			text += "[encode]\n"
			if method == Surrogate {
				text += "dt = 0.0001\nsteps = 3\n" // short against the time constants: the sums are the integrals
			}
			e, err := Parse("a.toml", text, method)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Parse("a.toml", e.Text(), method); err != nil || !reflect.DeepEqual(e, again) {
				t.Errorf("%s: reads back as %+v, %v", text, again, err)
			}
			net, err := e.Build(in, data.Classes(2))
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			mean, s, largest, n := moments(net.Params().Value(key))
			if n != in*out {
				t.Fatalf("%d weights, want %d", n, in*out)
			}
			// 18,000 numbers: the mean within 5 deviations, the deviation within 5 of its own,
			// s/sqrt(2n) or less; sums of steps of dt instead of integrals are dt/tau_syn off.
			tol := 5 * c.sigma / math.Sqrt(in*out)
			if c.near {
				tol += 0.02 * c.sigma
			}
			if math.Abs(mean-c.mean) > tol+1e-7 || math.Abs(s-c.sigma) > tol+1e-7 || largest > c.largest*(1+1e-6) {
				t.Errorf("%s, %s: mean %v, deviation %v, largest %v; want %v, %v, %v", where, c.text, mean, s, largest, c.mean, c.sigma, c.largest)
			}
			if err := net.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestInitErrors: what cannot be is an error that names the key.
func TestInitErrors(t *testing.T) {
	for _, c := range []struct{ method, text, want string }{
		{Surrogate, "[model]\ninit = \"kaimin\"", "model.init: expected one of fan_in, kaiming, "},
		{EventProp, "[model]\nout_init = \"kaimin\"", "model.out_init: expected one of fan_in, kaiming, "},
		{Surrogate, "[model]\ninit = \"kaiming(gain = 1\"", "model.init: expected one of"},
		{Surrogate, "[model]\ninit = \"kaiming(1)\"", "model.init: expected one of"},
		{Surrogate, "[model]\ninit = \"kaiming(gain = 0)\"", "model.init: expected with gain > 0"},
		{Surrogate, "[model]\ninit = \"kaiming(gian = 1)\"", "model.init: expected with gian one of gain"},
		{Surrogate, "[model]\ninit = \"kaiming\"\nw_gain = 1.0", "model.w_gain: expected nothing: it has an effect only where model.init is fan_in"},
		{EventProp, "[model]\nout_init = \"kaiming\"\nout_mean = 1.0", "model.out_mean: expected nothing: it has an effect only where model.out_init is fan_in"},
		{Surrogate, "[model]\ninit = \"fluctuation\"\nneuron = \"if\"", "model.init: expected an initialiser of weights from 4 inputs"},
		{EventProp, "[model]\ninit = \"fluctuation\"\nneuron = \"own\"\nequations = \"dV/dt = (I - V)/tau_mem\\ndI/dt = -I/tau_syn\\nthreshold: V - v_th\\nreset: V = 0\\ninput: I = I + w\"", "model.init: expected an initialiser of weights from 4 inputs"},
		{EventProp, "[model]\nout_init = \"fluctuation\"\nreadout = \"li-max\"", "model.out_init: expected an initialiser of weights from 100 inputs"},
		{Surrogate, "[model]\ninit = \"fluctuation(mean = 0.99)\"", "model.init: expected an initialiser of weights from 4 inputs"},
		{Surrogate, "[model]\ninit_spikes = -1.0", "model.init_spikes: expected >= 0 spikes"},
		{Surrogate, "[model]\ninit = \"xavier\"\n[[layer]]\nkind = \"lif\"", "model.init: expected nothing: it has an effect only where there is no [[layer]]"},
		{Surrogate, "[[layer]]\nkind = \"linear\"\nsize = 3\ninit = \"lsuv\"", "layer[0].init: expected one of fan_in"},
		{Surrogate, "[[layer]]\nkind = \"linear\"\nsize = 3\ninit = \"xavier\"\nw_gain = 2.0", "layer[0].w_gain: expected nothing"},
		{Surrogate, "[[layer]]\nkind = \"linear\"\nsize = 3\ninit = \"fluctuation\"\n[[layer]]\nkind = \"if\"", "layer[0].init: expected an initialiser of weights from 4 inputs"},
	} {
		e, err := Parse("a.toml", "name = \"x\"\n"+c.text, c.method)
		if err == nil {
			_, err = e.Build(4, data.Classes(3))
		}
		if err == nil || !strings.HasPrefix(err.Error(), "a.toml: "+c.want) {
			t.Errorf("%s: %q:\n%v\nwant %s", c.method, c.text, err, c.want)
		}
	}
}

// TestInitSpikes: the neurons of each hidden layer give the wanted number of spikes on the first
// batch, with both methods, in lists of layers and in shards, and a run that is done again begins
// with the same weights.
func TestInitSpikes(t *testing.T) {
	for _, c := range []struct{ method, model string }{
		{Surrogate, "hidden = [20, 15]\ninit_spikes = 3.0"},
		{Surrogate, "hidden = [20, 15]\nneuron = \"cuba\"\ntau_syn = 0.005\nrecurrent = true\ninit_spikes = 0.5\n[train]\nshards = 2"},
		{Surrogate, "init_spikes = 2.0\n[[layer]]\nkind = \"linear\"\nsize = 20\n[[layer]]\nkind = \"lif\"\n[[layer]]\nkind = \"linear\"\nsize = 15\n[[layer]]\nkind = \"alif\""},
		{EventProp, "hidden = [20, 15]\ninit_spikes = 1.5"},
	} {
		e, err := Parse("a.toml", "name = \"x\"\n[data]\ntrain = 60\nvalid = 20\ntest = 20\n[model]\n"+c.model, c.method)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse("a.toml", e.Text(), ""); err != nil || !reflect.DeepEqual(e, again) {
			t.Errorf("%s: reads back as %+v, %v", c.model, again, err)
		}
		sets, target, err := e.Load()
		if err != nil {
			t.Fatal(err)
		}
		net, err := e.BuildShards(nil, sets.Train.Channels(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		s := e.Settings(net, sets.Train.Data.Len())
		before := net.Params().Clone()
		if err := s.Begin(net, sets); err != nil {
			t.Fatalf("%s: %v", c.model, err)
		}
		sums, err := net.Evaluate(sets.Train, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		hidden := 0
		for _, l := range sums.Layers {
			if l.Name == "out" {
				continue
			}
			hidden++
			// 50 samples and 15 neurons: steps of 1/750, far below 5 %.
			if got := l.Spikes / float64(sums.Rows*len(l.Neurons)); math.Abs(got/e.Model.InitSpikes-1) > 0.05 {
				t.Errorf("%s: %s gives %v spikes, want %v within 5 %%", c.model, l.Name, got, e.Model.InitSpikes)
			}
		}
		if hidden != 2 {
			t.Errorf("%s: %d hidden layers, want 2", c.model, hidden)
		}
		changed := 0
		for _, name := range before.Names() {
			if before.Value(name).Get(0) != net.Params().Value(name).Get(0) {
				changed++
			}
		}
		if changed != 2 {
			t.Errorf("%s: %d parameters were scaled, want the weights of 2 layers", c.model, changed)
		}
	}
	e, err := Parse("a.toml", "name = \"x\"\n[data]\ntrain = 60\nvalid = 20\ntest = 20\n[model]\ninit_spikes = 1000.0", Surrogate)
	if err != nil {
		t.Fatal(err)
	}
	net, sets := built(t, e)
	if err := e.Settings(net, 60).Begin(net, sets); err == nil || !strings.HasPrefix(err.Error(), "a.toml: model.init_spikes: expected a number of spikes that the neurons of hidden1 can give") {
		t.Errorf("more spikes than steps: %v", err)
	}
}
