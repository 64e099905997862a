package experiment

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/train"
)

// TestEventsAsArrays: layers that are made of the arrays have the spikes of the network.
func TestEventsAsArrays(t *testing.T) {
	e, err := Parse("events.toml", "name = \"events\"\nseed = 3\n[data]\ntrain = 20\nvalid = 5\n[model]\nhidden = [12]\ndelay = 1e-3\nlearn = [\"tau_mem\", \"v_th\", \"delay\"]\n", EventProp)
	if err != nil {
		t.Fatal(err)
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
	n := net.(*eventNetwork)
	for _, name := range n.Params().Names() { // none as it was drawn
		for i, v := range n.Params().Value(name).Float64s() {
			n.Params().Value(name).Float64s()[i] = v + 0.01*float64(i%7)
		}
	}
	x, err := e.ExportEvents(n.Params(), sets.Train.Channels(), classes)
	if err != nil {
		t.Fatal(err)
	}
	arrays := x.NPZ()
	read := func(name string) []float64 {
		a, err := files.Lookup(arrays, name)
		if err != nil {
			t.Fatal(err)
		}
		return a.Data
	}
	set := sets.Train
	set.Size, set.Sequential = 1, true
	want, err := n.Trace(set, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	input := want.Input
	for i, name := range []string{"hidden1", "out"} {
		w := read(name + "/w")
		in := eventprop.NewDense(len(w)/len(read(name+"/tau_mem")), len(read(name+"/tau_mem")))
		in.Weight, in.Delay = w, read(name+"/delay")
		l := eventprop.Layer{In: in, Params: eventprop.LIFParameters{
			TauMem: read(name + "/tau_mem"), TauSyn: read(name + "/tau_syn"), VTh: read(name + "/v_th"), VLeak: read(name + "/v_leak"), VReset: read(name + "/v_reset"),
		}}
		var tape eventprop.Tape
		if err := tape.Forward(&l, input, set.Duration); err != nil {
			t.Fatal(err)
		}
		same := slices.EqualFunc(tape.Spikes, want.Layers[i].Spikes, func(a, b eventprop.Spike) bool {
			return a.Neuron == b.Neuron && math.Abs(a.Time-b.Time) <= 1e-12*a.Time // another way through the layer rounds otherwise
		})
		if !same || len(tape.Spikes) == 0 {
			t.Errorf("%s: spikes %v, want %v", name, tape.Spikes, want.Layers[i])
		}
		input = tape.Spikes
	}
}

// eventNetworks are networks of all kinds that C holds.
var eventNetworks = map[string]string{
	"first spikes":   "[model]\nhidden = [12, 8]\nw_mean = 4.0\nlearn = [\"tau_mem\", \"v_th\"]\nper_neuron = true\n",
	"delays":         "[model]\nhidden = [12]\nw_mean = 4.0\ndelay = 4e-3\ndelay_spread = 0.9\n",
	"recurrent":      "[model]\nhidden = [12]\nw_mean = 5.0\nw_gain = 2.0\ndelay = 1e-3\n",
	"at once":        "[model]\nhidden = [12]\nw_mean = 12.0\nrec_gain = 1.5\ntau_mem = 8e-3\ntau_syn = 3e-3\n",
	"largest":        "[model]\nhidden = [12]\nw_mean = 5.0\nreadout = \"li-max\"\ntau_out = 0.03\nv_reset = -1000.0\n",
	"integral":       "[model]\nhidden = [12]\nw_mean = 5.0\nreadout = \"li-integral\"\ntau_out = 0.01\n",
	"equal constant": "[model]\nhidden = [12]\nw_mean = 5.0\ntau_mem = 5e-3\ntau_syn = 5e-3\n",

	"refractory":          "[model]\nhidden = [12]\nw_mean = 9.0\nneuron = \"refractory\"\n" + eventValues["refractory"],
	"alpha":               "[model]\nhidden = [12]\nw_mean = 40.0\nneuron = \"alpha\"\nreadout = \"li-integral\"\n" + eventValues["alpha"],
	"alif recurrent":      "[model]\nhidden = [12]\nw_mean = 9.0\nneuron = \"alif\"\nw_gain = 2.0\ndelay = 1e-3\n" + eventValues["alif"],
	"refractory at once":  "[model]\nhidden = [12]\nw_mean = 12.0\nneuron = \"refractory\"\nrec_gain = 1.5\n" + eventValues["refractory"],
	"qif":                 "[model]\nhidden = [12, 9]\nw_mean = 12.0\nw_gain = 4.0\nneuron = \"qif\"\nlearn = [\"i_ext\", \"tau_mem\"]\nper_neuron = true\n" + eventValues["qif"],
	"theta delays":        "[model]\nhidden = [12]\nw_mean = 12.0\nneuron = \"theta\"\ndelay = 4e-3\ndelay_spread = 0.9\nreadout = \"li-max\"\n" + eventValues["theta"],
	"theta recurrent":     "[model]\nhidden = [12]\nw_mean = 12.0\nneuron = \"theta\"\nrec_gain = 1.5\n" + eventValues["theta"],
	"eif":                 "[model]\nhidden = [12]\nw_mean = 9.0\nneuron = \"eif\"\n" + eventValues["eif"],
	"adex recurrent":      "[model]\nhidden = [12]\nw_mean = 9.0\nneuron = \"adex\"\nrec_gain = 1.5\ndelay = 2e-3\n" + eventValues["adex"],
	"izhikevich":          "[model]\nhidden = [12]\nneuron = \"izhikevich\"\n" + eventValues["izhikevich"],
	"functions":           "[model]\nhidden = [12]\nw_mean = 9.0\nneuron = \"own\"\nequations = \"\"\"" + functions + "\"\"\"\n",
	"functions recurrent": "[model]\nhidden = [12]\nw_mean = 9.0\nneuron = \"own\"\nrec_gain = 0.5\nequations = \"\"\"" + functions + "\"\"\"\n",
}

// functions are equations with all that C holds: quotients, powers, functions, and arrivals that
// multiply and jump over the threshold.
const functions = `
dV/dt = (0.1*tanh(V) - V + I + 0.05*exp(-V*V) + 0.02*log(2 + V*V) + 0.01/(1 + V^2))/tau_mem
dI/dt = -I/tau_syn*sqrt(1.2 + 0.1*V^2)/(1 + 0.1*(1 + V*V)^0.3)
dA/dt = (1 - A)/(2*tau_mem) - 0.1*A^3 + sin(A - 3*V) + 0.1*cos(2*V)
dP/dt = 300
threshold: V + 0.1*A + 0.01*sin(P)*cos(A) - v_th
reset: V = v_reset
reset: A = A/(1 + A) + 0.01*sin(V)
input: I = I + w*(1 + 0.1*A)
input: V = V + 0.02*w*cos(P)
start: A = 0.5
start: P = 40
`

// TestFunctionsInC: what equations may call has the bits of package fmath in C, for arguments of
// all sizes.
func TestFunctionsInC(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	e, err := Parse("events.toml", "name = \"events\"\n[data]\ntrain = 4\nvalid = 4\n"+eventNetworks["functions"], EventProp)
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
	defer net.Close()
	x, err := e.ExportEvents(net.Params(), sets.Train.Channels(), target)
	if err != nil {
		t.Fatal(err)
	}
	var text, input bytes.Buffer
	if err := x.C(&text); err != nil {
		t.Fatal(err)
	}
	text.WriteString(`
#include <stdio.h>
int main(void) {
  double x, y, v[7];
  int i;
  while (scanf("%la %la", &x, &y) == 2) {
    v[0] = sin_(x, &v[1]); v[2] = cos_(x); v[3] = pow_(x, y); v[4] = tanh_(x); v[5] = exp_(x); v[6] = log_(x);
    for (i = 0; i < 7; i++) printf("%a ", v[i]);
    printf("\n");
  }
  return 0;
}
`)
	dir := t.TempDir()
	source, program := filepath.Join(dir, "net.c"), filepath.Join(dir, "net")
	if err := os.WriteFile(source, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-std=c99", "-O1", "-o", program, source, "-lm").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var xs, ys []float64
	for k := range 4000 {
		v := r.NormFloat64() * []float64{1, 10, 1e5}[k%3]
		if k%4 == 0 { // of all exponents
			v = math.Float64frombits(r.Uint64())
		}
		if k%7 == 0 { // next to multiples of π/2
			v = math.Round(v) * math.Pi / 2
		}
		xs, ys = append(xs, v), append(ys, []float64{r.NormFloat64(), float64(r.IntN(200) - 100), r.NormFloat64() * 1e3, float64(r.IntN(9)) / 2}[k/7%4])
		fmt.Fprintf(&input, "%x %x\n", xs[k], ys[k])
	}
	run := exec.Command(program)
	run.Stdin = &input
	out, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	k := 0
	for line := range strings.Lines(string(out)) {
		x := xs[k]
		s, c := fmath.Sincos(x)
		for i, want := range []float64{s, c, c, fmath.Pow(x, ys[k]), fmath.Tanh(x), fmath.Exp(x), fmath.Log(x)} {
			got, err := strconv.ParseFloat(strings.TrimPrefix(strings.Fields(line)[i], "-nan"), 64)
			if math.IsNaN(want) && (err != nil || math.IsNaN(got)) {
				continue
			}
			if err != nil || math.Float64bits(got) != math.Float64bits(want) {
				t.Fatalf("function %d of %x (and %x): %x, want %x (%v)", i, x, ys[k], got, want, err)
			}
		}
		k++
	}
	if k != len(xs) {
		t.Errorf("%d lines", k)
	}
}

// TestEventsInC: the C file has the spikes of the engine of events bit for bit, those of the engine
// that trained to rounding, and the logits and classes of these.
func TestEventsInC(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	for name, model := range eventNetworks {
		method := EventProp
		if strings.HasSuffix(name, "recurrent") || strings.HasSuffix(name, "at once") {
			method = Recurrent
		}
		t.Run(name, func(t *testing.T) {
			if testing.Short() && strings.Contains("refractory, alif recurrent, eif, izhikevich, functions, adex recurrent, theta recurrent", name) && name != "recurrent" {
				t.Skip("others have the same code")
			}
			e, err := Parse("events.toml", "name = \"events\"\nseed = 3\n[data]\ntrain = 20\nvalid = 20\n"+model, method)
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
			defer net.Close()
			n := net.(*eventNetwork)
			x, err := e.ExportEvents(n.Params(), sets.Train.Channels(), target)
			if err != nil {
				t.Fatal(err)
			}
			var text, input bytes.Buffer
			if err := x.C(&text); err != nil {
				t.Fatal(err)
			}
			set := sets.Valid
			set.Size, set.Sequential = 1, true
			var want strings.Builder
			var logits [][]float64
			spikes := 0
			for k := range set.Data.Len() {
				trace, err := n.Trace(set, 0, k)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintln(&input, len(trace.Input), set.Duration)
				for _, s := range trace.Input {
					fmt.Fprintf(&input, "%x %d\n", s.Time, s.Neuron)
				}
				in := trace.Input
				for i, l := range x.Net {
					var tape eventprop.Tape
					if l.Neuron != nil {
						if err := tape.Forward(l, in, set.Duration); err != nil {
							t.Fatal(err)
						}
					} else if err := tape.Begin(l, in, set.Duration); err != nil {
						t.Fatal(err)
					}
					for l.Neuron == nil {
						if more, err := tape.Step(); err != nil {
							t.Fatal(err)
						} else if !more {
							break
						}
					}
					for _, s := range tape.Spikes {
						fmt.Fprintln(&want, i, strconv.FormatFloat(s.Time, 'x', -1, 64), s.Neuron)
						spikes++
					}
					in = slices.Clone(tape.Spikes)
				}
			}
			err = n.Predict(context.Background(), set, func(p *train.Prediction) error {
				logits = append(logits, append([]float64{float64(p.Class)}, p.Out...))
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if spikes < 80 {
				t.Errorf("%d spikes", spikes)
			}
			dir := t.TempDir()
			source, program := filepath.Join(dir, "net.c"), filepath.Join(dir, "net")
			if err := os.WriteFile(source, text.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(cc, "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-O1", "-DSURGE_MAIN", "-o", program, source, "-lm").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			run := exec.Command(program, "spikes")
			run.Stdin = &input
			out, err := run.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			row := 0
			for line := range strings.Lines(string(out)) {
				words := strings.Fields(line)
				if strings.HasPrefix(line, " ") {
					at, err := strconv.ParseFloat(words[1], 64)
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintln(&got, words[0], strconv.FormatFloat(at, 'x', -1, 64), words[2])
					continue
				}
				for j, w := range words {
					v, err := strconv.ParseFloat(w, 64)
					// other ways through the layers round otherwise
					if err != nil || math.Abs(v-logits[row][j]) > 1e-11*(1+math.Abs(v)) {
						t.Errorf("sample %d, column %d: %s, want %v", row, j, w, logits[row])
					}
				}
				row++
			}
			if row != len(logits) || got.String() != want.String() {
				t.Errorf("%d samples of %d; the spikes differ", row, len(logits))
			}
		})
	}
}
