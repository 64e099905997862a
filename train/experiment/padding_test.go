package experiment

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// raggedFiles writes four sequences of 3 to 6 steps of three channels, with targets of each kind,
// and returns their files by the kind.
func raggedFiles(t *testing.T) map[data.TargetKind]string {
	const samples, steps, channels = 4, 6, 3
	x := files.Array{Name: "x", Shape: []int{samples, steps, channels}, DType: files.Float64}
	for k := range samples * steps * channels {
		x.Data = append(x.Data, float64(k*k%5+k%2))
	}
	ints := func(name string, v ...float64) files.Array {
		return files.Array{Name: name, Shape: []int{len(v)}, Data: v, DType: files.Int64}
	}
	common := []files.Array{x, ints("lengths", 3, 4, 5, 6), ints("set", 0, 0, 0, 0)}
	sequence := files.Array{Name: "y", Shape: []int{samples, steps, 2}, DType: files.Float64}
	for k := range samples * steps * 2 {
		sequence.Data = append(sequence.Data, float64(k%7)/7)
	}
	vector := files.Array{Name: "y", Shape: []int{samples, 2}, Data: sequence.Data[:samples*2], DType: files.Float64}
	times := files.Array{Name: "y_times", Shape: []int{3}, Data: []float64{1.2e-3, 2.5e-3, 2.2e-3}, DType: files.Float64}
	all := map[data.TargetKind]string{}
	for kind, target := range map[data.TargetKind][]files.Array{
		data.ClassTarget:    {ints("y", 0, 1, 1, 0)},
		data.VectorTarget:   {vector},
		data.SequenceTarget: {sequence},
		data.SpikeTarget:    {times, ints("y_channels", 0, 1, 1), ints("y_offsets", 0, 2, 2, 3, 3)},
	} {
		all[kind] = filepath.Join(t.TempDir(), "ragged.npz")
		if err := files.WriteArrays(all[kind], append(slices.Clone(common), target...)); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestPadding: what lies behind the end of a sample changes no bit of a loss, a gradient, an
// answer, a count or a running mean: in windows ten times as long, for every neuron, readout, loss,
// regulariser and kind of layer that a file can name, with both engines and from event to event.
func TestPadding(t *testing.T) {
	ragged := raggedFiles(t)
	encoder, scale := `kind = "none"`, ""
	// numbers returns all that a network says of the samples in a window.
	numbers := func(text, window string, kind data.TargetKind) string {
		t.Helper()
		head := "name = \"x\"\n[data]\nset = \"npz\"\nfile = \"" + ragged[kind] + "\"\nvalid_file = \"" + ragged[kind] + "\"\ntest_file = \"" + ragged[kind] + "\"\n" + scale + "[encode]\n" + encoder + "\nhold = 2\n"
		e, err := Parse("a.toml", head+window+text, "")
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		sets, target, err := e.Load()
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		net, err := e.Build(sets.Train.Channels(), target)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		defer net.Close()
		sets.Train.Sequential = true
		var found strings.Builder
		for epoch := range uint64(2) {
			sums, err := net.Gradient(sets.Train, epoch, 0)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			fmt.Fprintf(&found, "%x\n", sums)
		}
		learned := 0
		for _, g := range net.Grads() {
			fmt.Fprintf(&found, "%s %x %x\n", g.Name, g.F32, g.F64)
			if slices.ContainsFunc(g.F32, func(x float32) bool { return x != 0 }) || slices.ContainsFunc(g.F64, func(x float64) bool { return x != 0 }) {
				learned++
			}
		}
		sums, err := net.Evaluate(sets.Test, 0, 0)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if sums.Spikes == 0 || learned == 0 {
			t.Errorf("%s: %v spikes, %d gradients: the test says nothing", text, sums.Spikes, learned)
		}
		fmt.Fprintf(&found, "%x\n", sums)
		for _, name := range net.Params().Names() {
			fmt.Fprintf(&found, "%s %x\n", name, net.Params().Value(name).Data())
		}
		if err := net.Predict(t.Context(), sets.Test, func(p *train.Prediction) error {
			_, err := fmt.Fprintf(&found, "%x\n", *p)
			return err
		}); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return found.String()
	}
	same := func(text string, kind data.TargetKind) {
		t.Helper()
		short, long := "steps = 12\n", "steps = 120\n"
		if strings.Contains(text, "method = \"") {
			short, long = "duration = 12e-3\n", "duration = 120e-3\n"
		}
		if a, b := numbers(text, short, kind), numbers(text, long, kind); a != b {
			t.Errorf("%s: in a window ten times as long\n%s\nwant\n%s", text, b, a)
		}
	}
	whole := []data.TargetKind{data.ClassTarget, data.VectorTarget, data.SequenceTarget, data.SpikeTarget}
	const head = "[train]\nbatch = 4\n[model]\nsurrogate = \"fast_sigmoid(2)\"\nw_mean = 3.0\nout_mean = 3.0\n"
	const hidden = head + "hidden = [5]\n"

	for _, name := range Neurons.Names() {
		n, _, err := Neurons.New(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		text := hidden + "neuron = \"" + name + "\"\n"
		learn := slices.Clone(n.Learns)
		for _, key := range []string{"tau_mem", "tau_syn", "v_th"} {
			if slices.Contains(n.Uses, key) {
				learn = append(learn, key)
			}
		}
		if slices.Contains(n.Uses, "tau_syn") {
			text += "tau_syn = 0.005\n"
		}
		if slices.Contains(n.Uses, "recurrent") {
			text += "recurrent = true\n"
		}
		if len(learn) > 0 {
			text += "learn = [\"" + strings.Join(learn, `", "`) + "\"]\n"
		}
		same(text, data.ClassTarget)
	}
	for _, engine := range []string{"engine = \"unrolled\"\n", "dtype = \"float64\"\n"} {
		same("[train]\n"+engine+strings.TrimPrefix(hidden, "[train]\n")+"recurrent = true\nbias = true\n", data.ClassTarget)
	}
	for _, readout := range Readouts.Names() {
		r, _, _ := Readouts.New(readout, nil)
		for _, kind := range whole {
			if !slices.Contains(r.Targets, kind) {
				continue
			}
			for _, loss := range Losses.Names() {
				l, _, _ := Losses.New(loss, nil)
				if l.Steps != nil && slices.Contains(l.Targets, kind) && (!l.Spiking || r.Spiking) {
					same(hidden+"readout = \""+readout+"\"\n[loss]\nkind = \""+loss+"\"\n", kind)
				}
			}
		}
	}
	for _, term := range []string{
		"rate_weight = 1.0\nrate_lower = 3.0\n", "rate_weight = 1.0\nrate_upper = 0.1\n", "sparsity = 1.0\n", "awake = 1.0\nawake_least = 9.0\n", "v_weight = 1.0\nv_lower = 0.1\nv_upper = 0.2\n",
	} {
		same(hidden+"[loss]\n"+term, data.ClassTarget)
	}

	layers := map[string]string{
		"linear": "size = 18\nmax_delay = 3e-3\nlearn_delay = true\nbias = true\nw_mean = 3.0\n", "conv2d": "image = [2, 3, 3]\nchannels = 2\nkernel = 2\nw_mean = 3.0\n",
		"conv1d": "image = [2, 9]\nchannels = 2\nkernel = 3\nw_mean = 3.0\n", "sum_pool": "image = [2, 3, 3]\nkernel = 2\nstride = 1\n", "avg_pool": "image = [2, 3, 3]\nkernel = 2\nstride = 1\n",
		"flatten": "", "batch_norm": "", "dropout": "p = 0.5\neach_step = true\n", "delay": "delay = 1.5e-3\nmax_delay = 4e-3\nlearn = true\nper_channel = true\n",
		"alpha": "size = 18\nw_mean = 9.0\n", "exp_syn": "", "li": "tau_mem = 2e-3\n", "nir": "file = \"" + filepath.ToSlash(trainable(t)) + "\"\nlearn = [\"tau_mem\"]\n",
	}
	for _, kind := range Layers.Names() {
		if slices.Contains(Neurons.Names(), kind) {
			continue
		}
		keys, ok := layers[kind]
		if !ok {
			t.Errorf("no layer %s in the test", kind)
		}
		layer := "[[layer]]\nkind = \"" + kind + "\"\n" + keys
		text := head + "[[layer]]\nkind = \"linear\"\nsize = 18\nw_mean = 3.0\n[[layer]]\nkind = \"lif\"\n" + layer + "[[layer]]\nkind = \"lif\"\n"
		same(text, data.ClassTarget)
	}

	convolved := "[[layer]]\nkind = \"linear\"\nsize = 18\nw_mean = 3.0\n[[layer]]\nkind = \"conv2d\"\n" + layers["conv2d"] + "[[layer]]\nkind = \"batch_norm\"\n[[layer]]\nkind = \"lif\"\n"
	for _, engine := range []string{"engine = \"unrolled\"\n", "dtype = \"float64\"\n"} {
		same("[train]\n"+engine+strings.TrimPrefix(head, "[train]\n")+convolved, data.ClassTarget)
	}
	for _, keys := range []string{
		`current"`, "rate\"\nmax_rate = 400", "latency\"\nt_max = 1.5e-3", "ttfs\"\nt_late = 1.5e-3", "phase\"\nbits = 2", "population\"\nt_max = 1.5e-3", `taps"`, `delta"`,
	} {
		encoder, scale = `kind = "`+keys, "scale = \"minmax\"\n"
		same(hidden, data.ClassTarget)
	}
	encoder, scale = `kind = "none"`, ""

	const events = "[train]\nbatch = 4\nmethod = \"eventprop\"\n[model]\nhidden = [5]\n"
	for _, name := range EventNeurons.Names() {
		text := events + "neuron = \"" + name + "\"\n"
		same(text+eventValues[name], data.ClassTarget)
	}
	for _, method := range []string{Recurrent, Analytical} {
		same(strings.Replace(events, EventProp, method, 1)+"delay = 1e-3\ndelay_spread = 0.5\nlearn = [\"tau_mem\", \"delay\", \"v_th\"]\n[loss]\nsilence = 0.1\nsilence_out = 0.1\n", data.ClassTarget)
	}
	for _, readout := range EventReadouts.Names() {
		r, _, _ := EventReadouts.New(readout, nil)
		for _, kind := range whole {
			if !slices.Contains(r.Targets, kind) {
				continue
			}
			for _, loss := range Losses.Names() {
				l, _, _ := Losses.New(loss, nil)
				if l.Events != nil && slices.Contains(l.Targets, kind) && (!l.Spiking || r.Spiking) {
					same(events+"readout = \""+readout+"\"\n[loss]\nkind = \""+loss+"\"\nexistence = 0.1\n", kind)
				}
			}
		}
	}
}

// eventValues are what the neurons of event-based networks need besides their name.
var eventValues = map[string]string{
	"refractory": "values = {v_leak = 0.1, t_ref = 3e-3}\n",
	"alpha":      "values = {v_leak = 0.1, tau_rise = 2e-3, t_ref = 2e-3}\n",
	"alif":       "values = {v_leak = 0.1, tau_adapt = 30e-3, beta = 0.3}\n",
	"qif":        "values = {v_init = -1.0, i_ext = -0.5, v_th = 8.0, v_reset = -4.0}\n",
	"theta":      "values = {theta_init = -1.5, i_ext = -0.3}\n",
	"eif":        "values = {v_leak = 0.0, delta_t = 0.2, v_t = 0.8, v_th = 2.0, v_reset = -0.2, t_ref = 2e-3}\n",
	"adex":       "values = {v_leak = 0.0, tau_adapt = 30e-3, a = 0.1, b = 0.3, delta_t = 0.2, v_t = 0.8, v_th = 2.0, v_reset = -0.2, t_ref = 2e-3}\n",
	"izhikevich": "w_mean = 200.0\nvalues = {a = 0.02, b = 0.2, c = -65.0, d = 8.0}\n",
	"own":        "equations = '''\ndV/dt = (I - V)/tau_mem\ndI/dt = -I/tau_syn\nthreshold: V - v_th\nreset: V = 0\ninput: I = I + w\n'''\n",
}

// trainable writes a NIR file of weights and LIF neurons, 18 to 6, and returns its path.
func trainable(t *testing.T) string {
	w := make([]float64, 6*18)
	for i := range w {
		w[i] = 0.1 + 0.1*float64(i%5)
	}
	g := nir.Chain("input", nir.New("Input", "shape", nir.Integers(18)), "fc", nir.New("Affine", "weight", nir.Matrix(6, 18, w), "bias", nir.Fill(0.1, 6)),
		"lif", nir.New("LIF", "tau", nir.Fill(10e-3, 6), "r", nir.Fill(4, 6), "v_leak", nir.Fill(0, 6), "v_threshold", nir.Fill(1, 6), "v_reset", nir.Fill(0, 6)),
		"output", nir.New("Output", "shape", nir.Integers(6)))
	nir.Metadata{Dt: 1e-3, Unit: "s", Method: nir.Exact}.Set(g)
	path := filepath.Join(t.TempDir(), "net.nir")
	if err := nir.Write(path, g); err != nil {
		t.Fatal(err)
	}
	return path
}
