package experiment

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestNeurons: each neuron, in [model] and in a list of layers, reads back, is built with all that
// it can learn, and gets a gradient for each of that; what it does not have is refused.
func TestNeurons(t *testing.T) {
	for _, name := range Neurons.Names() {
		n, _, err := Neurons.New(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		learn := slices.Clone(n.Learns)
		for _, key := range []string{"tau_mem", "tau_syn", "v_th"} {
			if slices.Contains(n.Uses, key) {
				learn = append(learn, key)
			}
		}
		tauSyn := ""
		if slices.Contains(n.Uses, "tau_syn") {
			tauSyn = "tau_syn = 0.005\n"
		}
		list := ""
		if len(learn) > 0 {
			list = "learn = [\"" + strings.Join(learn, `", "`) + "\"]\n"
		}
		// Weights from 0 on and a wide surrogate: neurons spike, so that all that is learned has an
		// effect.
		head := "name = \"x\"\n[data]\ntrain = 8\nvalid = 8\n[encode]\nkind = \"rate\"\nmax_rate = 400.0\ndt = 1e-4\nsteps = 60\n[train]\nbatch = 4\n[model]\nw_mean = 8.0\nsurrogate = \"fast_sigmoid(1)\"\n"
		recurrent := ""
		if slices.Contains(n.Uses, "recurrent") {
			recurrent = "recurrent = true\n"
		}
		for _, text := range []string{
			head + "hidden = [6]\nneuron = \"" + name + "\"\n" + tauSyn + list + recurrent,
			head + "neuron = \"" + name + "\"\n" + tauSyn + list + "[[layer]]\nkind = \"linear\"\nsize = 6\nw_mean = 8.0\n[[layer]]\nkind = \"" + name + "\"\n" + recurrent,
		} {
			e, err := Parse("a.toml", text, "")
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if again, err := Parse("a.toml", e.Text(), ""); err != nil || !reflect.DeepEqual(again, e) {
				t.Errorf("%s: reads back as\n%+v\nwant\n%+v\n%v", name, again, e, err)
			}
			sets, target, err := e.Load()
			if err != nil {
				t.Fatal(err)
			}
			net, err := e.Build(sets.Train.Channels(), target)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			if _, err := net.Gradient(sets.Train, 0, 0); err != nil {
				t.Errorf("%s: %v", text, err)
			}
			found := map[string]bool{}
			for _, g := range net.Grads() {
				found[g.Name[strings.LastIndex(g.Name, "/")+1:]] = true
				if slices.ContainsFunc(g.F32, func(v float32) bool { return v-v != 0 }) {
					t.Errorf("%s: the gradient of %s is not finite", name, g.Name)
				}
			}
			for _, key := range learn {
				if !found[key] && !found["log_"+key] && !(key == "tau_syn" && found["log_tau_decay"]) { // as models.DoubleExp calls it
					t.Errorf("%s: nothing learns %s", name, key)
				}
			}
			if err := net.Close(); err != nil {
				t.Error(err)
			}
		}
		for key, value := range map[string]string{"tau_mem": "0.01", "tau_syn": "0.01", "v_th": "0.5", "reset": `"zero"`, "detach_reset": "true", "recurrent": "true"} {
			if slices.Contains(n.Uses, key) {
				continue
			}
			text := fmt.Sprintf("name = \"x\"\n[model]\nneuron = %q\n%s%s = %s", name, tauSyn, key, value)
			if key == "tau_syn" {
				text = fmt.Sprintf("name = \"x\"\n[model]\nneuron = %q\n%s = %s", name, key, value)
			}
			if _, err := Parse("a.toml", text, ""); err == nil || !strings.Contains(err.Error(), "model."+key+": expected nothing: it has an effect only where a neuron is one of ") {
				t.Errorf("%s with %s: %v", name, key, err)
			}
		}
	}
}
