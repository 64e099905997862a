package experiment_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/surge-snn/surge/train/experiment"
)

// Every time of the network that is shorter than a time step is named, and no other.
func TestTimesBelowAStep(t *testing.T) {
	const head = "name = \"t\"\n[data]\ntrain = 10\nvalid = 10\n[encode]\nsteps = 4\ndt = 1e-3\n"
	for _, c := range []struct {
		text string
		want []string
	}{
		{"[model]\ntau_mem = 1e-4\n", []string{"model.tau_mem is 0.0001 s"}},
		{"[model]\ntau_mem = 1e-3\ntau_out = 1e-3\n", nil},
		{"[model]\nneuron = \"cuba\"\ntau_syn = 9e-4\ntau_out = 2e-4\n", []string{"model.tau_syn is 0.0009 s", "model.tau_out is 0.0002 s"}},
		{"[model]\nneuron = \"alif\"\ntau_adapt = 5e-4\n", []string{"model.tau_adapt is 0.0005 s"}},
		{"[model]\nneuron = \"double_exp\"\ntau_rise = 5e-4\ntau_syn = 5e-3\n", []string{"model.tau_rise is 0.0005 s"}},
		{"[model]\nneuron = \"izhikevich\"\na = 1e-5\n", nil},
		{"[model]\nreadout = \"first_spike\"\nreadout_tau = 1e-4\n", nil},
		{"[model]\ntau_mem = 1e-4\n[train]\nbatch = 5\nmethod = \"eventprop\"\n", nil},
		{"[[layer]]\nkind = \"linear\"\nsize = 3\n[[layer]]\nkind = \"delay\"\ndelay = 4e-4\n[[layer]]\nkind = \"lif\"\ntau_mem = 3e-4\n",
			[]string{"layer[1].delay is 0.0004 s", "layer[2].tau_mem is 0.0003 s"}},
	} {
		text := head + c.text
		if strings.Contains(c.text, "eventprop") {
			text = strings.Replace(text, "steps = 4\ndt = 1e-3\n", "", 1)
		} else {
			text += "[train]\nbatch = 5\n"
		}
		e, err := experiment.Parse("t.toml", text, "")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if _, _, err := e.Load(); err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var log bytes.Buffer
		e.Warn(slog.New(slog.NewTextHandler(&log, nil)))
		for _, want := range c.want {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s: expected %q in %q", c.text, want, log.String())
			}
		}
		if n := strings.Count(log.String(), "\n"); n != len(c.want) {
			t.Errorf("%s: expected %d warnings, found %q", c.text, len(c.want), log.String())
		}
	}
}
