package experiment

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/optim"
)

// TestChoices: every row of every catalogue can be written in a file, has a text, and reads back
// with the defaults of its keys, which have a description.
func TestChoices(t *testing.T) {
	sections := func(method string) []section {
		e := defaults(method)
		return e.sections()
	}
	for _, s := range slices.Concat(sections(Surrogate), sections(EventProp)) {
		for _, c := range s.choices() {
			for _, name := range c.rows.Names() {
				if c.rows.Doc(name) == "" {
					t.Errorf("%s.%s = %s says nothing of itself", s.name, c.key, name)
				}
				for _, p := range c.rows.Params(name) {
					if p.Doc == "" || slices.Contains(ownKeys(s.chooser), p.Name) {
						t.Errorf("%s.%s = %s: the key %s has no description, or is one of the section", s.name, c.key, name, p.Name)
					}
				}
			}
		}
	}
	for _, name := range Optimizers.Names() {
		e := defaults(Surrogate)
		e.Name, e.Train.Optimizer = "x", name
		filling{&e}.fill()
		got, err := Parse("", e.Text(), "")
		if err != nil || !reflect.DeepEqual(*got, e) {
			t.Errorf("%s reads back as %+v, %v", name, got, err)
			continue
		}
		// The first update goes against the gradient.
		x, _ := optim.NewLeaf("x/w", []float64{1})
		g, _ := optim.NewLeaf("x/w", []float64{0.5})
		o, grads := got.Optimizer(100), optim.Tree{g}
		state := o.Init(optim.Tree{x})
		if err := o.Update(grads, optim.Tree{x}, &state); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if u := grads[0].F64[0]; !(u < 0) {
			t.Errorf("%s moves by %v against the gradient 0.5, want < 0", name, u)
		}
	}
}

// ownKeys are the keys of the fields of a section.
func ownKeys(s chooser) (names []string) {
	v := reflect.TypeOf(s).Elem()
	for i := range v.NumField() {
		if m, ok := s.(*Model); ok && v.Field(i).Tag.Get("only") == "events" && !m.events {
			continue
		}
		key, _, _ := strings.Cut(v.Field(i).Tag.Get("toml"), ",")
		names = append(names, key)
	}
	return names
}

// TestCauseFirst: the key at fault is named, not one whose meaning depends on it, with the nearest
// right value.
func TestCauseFirst(t *testing.T) {
	for text, want := range map[string]string{
		"[encode]\nkind = \"tfs\"\nt_late = 0.03":                                                                  `a.toml: encode.kind: expected one of `,
		"[encode]\nkind = \"latncy\"\nt_max = 0.03":                                                                `did you mean latency?`,
		"[model]\nreadout = \"li-maxx\"\ntau_out = 0.01":                                                           `did you mean li-max?`,
		"[model]\nreadout = \"ccount\"\ntau_out = -1":                                                              `did you mean count?`,
		"[model]\nsurrogate = \"fast_sigmiod\"":                                                                    `did you mean fast_sigmoid?`,
		"[train]\noptimizer = \"adm\"\nmomentum = 0.5":                                                             `a.toml: train.optimizer: expected one of `,
		"[train]\noptimizer = \"adam\"\nmomentum = 0.5":                                                            `a.toml: train.momentum: expected one of beta1, beta2, eps, the keys of adam, found a key of sgd`,
		"[train]\noptimizer = \"adam\"\nbeta3 = 0.5":                                                               `did you mean train.beta`,
		"[train]\nschedule = \"cosin\"\nlr_end = 1":                                                                `a.toml: train.schedule: `,
		"[train]\nschedule = \"exponential\"":                                                                      `a.toml: train.lr_end: expected > 0, because schedule is exponential, found nothing`,
		"[train]\nmethod = \"eventpro\"\n[model]\ndelay=-1":                                                        `did you mean eventprop?`,
		"[train]\nmethod = \"eventprp\"\n[encode]\nsteps=60":                                                       `did you mean eventprop?`,
		"[train]\nmethod = \"surogate\"\n[train.x]\ny = 1":                                                         `did you mean surrogate?`,
		"[train]\nmethod = \"eventprop\"\n[model]\nneuron = \"own\"\nequations = \"dV/dt = I +\"\nlearn = [\"I\"]": `a.toml: model.equations: `,
		"[train]\nmethod = \"eventprop\"\n[model]\nneuron = \"izhikevich\"":                                        `a.toml: model.values.a: expected a number: the neuron izhikevich has this parameter, found nothing`,

		"[train]\nepoch = 3":                    `did you mean train.epochs?`,
		"[data]\nset = \"yinyan\"\ndir = \"x\"": `did you mean yinyang?`,
		"[data]\ntrian = 3":                     `did you mean data.train?`,
		"[model]\nsteps = 20":                   `did you mean encode.steps?`,
		"[train]\ndt = 1e-3":                    `did you mean encode.dt?`,
		"epochs = 3":                            `did you mean train.epochs?`,
		"[readout]\nkind = \"li-max\"":          `did you mean model.readout?`,
	} {
		_, err := Parse("a.toml", "name = \"x\"\n"+text, "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

// TestCauseOfOwnNeuron: what is wrong with a neuron of the file is found before it runs.
func TestCauseOfOwnNeuron(t *testing.T) {
	const text = "name = \"x\"\n[train]\nmethod = \"eventprop\"\n[model]\nneuron = \"own\"\nLEARN\nequations = \"\"\"\n" +
		"dV/dt = (I - V)/tau_mem\ndI/dt = -I/tau_syn\nthreshold: V - v_th\nreset: V = v_reset\ninput: I = I + w\nhold: V for t_ref\n\"\"\"\n" +
		"values = {tau_mem = 1e-2, tau_syn = 5e-3, v_th = 1.0, v_reset = 0.5, t_ref = 0.0}\n"
	for _, c := range []struct{ old, now, want string }{
		{"", "", ""},
		{"tau_mem = 1e-2", "tau_mem = -1e-2", "a.toml: model.values.tau_mem: expected a time constant > 0 s, found -0.01"},
		{"v_reset = 0.5", "v_reset = 2.0", "a.toml: model.values: expected values with which the neuron can be, found eventprop: bad parameter: the reset is above"},
		{"t_ref = 0.0", "t_ref = -1.0", "a.toml: model.values: "},
		{"\nhold: V", "\nstart: V = 2\nhold: V", "a.toml: model.values: "},
		{"LEARN", "learn = [\"t_ref\"]", "a.toml: model.values.t_ref: expected > 0, because its logarithm is learned, found 0"},
		{"LEARN", "learn = [\"g\"]", "a.toml: model.learn[0]: expected one of t_ref, tau_mem, tau_syn, v_th, v_reset, v_leak, i_init, delay, found"},
		{"reset: V = v_reset\n", "", "a.toml: model.values.v_reset: expected one of t_ref, tau_mem, tau_syn, v_th, found a key that is no parameter"},
		{"reset: V = v_reset", "reset: I = v_reset", "a.toml: model.equations: expected equations as docs/neuron.md has them, found equation: bad equations: no line reset:"},
		{"input: I = I + w\n", "", "no line input: with w, so that arrivals have no effect"},
	} {
		_, err := Parse("a.toml", strings.Replace(strings.Replace(text, c.old, c.now, 1), "LEARN", "", 1), "")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q for %q: %v\nwant %s", c.now, c.old, err, c.want)
		}
	}
}

// TestCauseOfRun: errors of samples name the key that is at fault.
func TestCauseOfRun(t *testing.T) {
	for text, want := range map[string]string{
		"[encode]\nt_late = 0.5\n":                        "a.toml: encode.steps: ",
		"[data]\nset = \"npz\"\nfile = \"nothing.npz\"\n": "a.toml: data.file: ",
	} {
		e, err := Parse("a.toml", "name = \"x\"\n"+text, "")
		if err != nil {
			t.Fatal(err)
		}
		sets, target, err := e.Load()
		if err == nil {
			var net Network
			if net, err = e.Build(sets.Train.Channels(), target); err != nil {
				t.Fatal(err)
			}
			defer net.Close()
			_, err = net.Gradient(sets.Train, 0, 0)
		}
		if err = e.Explain(err); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

// TestFormerFiles: the config.toml that version 0.1.0 wrote for each recipe reads as that recipe
// does.
func TestFormerFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/v0.1.0/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		e, err := Parse(path, string(text), "")
		if err != nil {
			t.Error(err)
			continue
		}
		// What is in effect then is in effect now: every line of the file is one of the text.
		now := strings.Split(e.Text(), "\n")
		for _, line := range strings.Split(string(text), "\n") {
			if !slices.Contains(now, line) {
				t.Errorf("%s: the text has no line %s", path, line)
			}
		}
	}
}
