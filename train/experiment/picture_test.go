package experiment

import (
	"fmt"
	"testing"

	"github.com/surge-snn/surge/train/data"
)

// TestImageOfTheData: the first layer that needs the size of its images has it from the data, where
// nothing before it changes what they are.
func TestImageOfTheData(t *testing.T) {
	pixels := data.Form{Channels: 6, Image: [3]int{1, 2, 3}, Target: data.Classes(2)}
	course := data.Form{Channels: 2, Input: data.Sequence, Steps: 9, Target: data.Classes(2)}
	conv := "[[layer]]\nkind = \"conv2d\"\nchannels = 2\nkernel = 1\n"
	row := "[[layer]]\nkind = \"conv1d\"\nchannels = 2\nkernel = 1\n"
	for _, c := range []struct {
		form         data.Form
		encode, list string
		layer        int
		want         string
	}{
		{pixels, "current", conv, 0, "[1 2 3]"},
		{pixels, "current", "[[layer]]\nkind = \"lif\"\n[[layer]]\nkind = \"dropout\"\np = 0.5\n" + conv, 2, "[1 2 3]"},
		{pixels, "current", "[[layer]]\nkind = \"avg_pool\"\n" + conv, 0, "[1 2 3]"},
		{pixels, "current", "[[layer]]\nkind = \"avg_pool\"\n" + conv, 1, "<nil>"}, // that of the pool
		{pixels, "current", conv + "image = [2, 1, 3]\n", 0, "[2 1 3]"},
		{pixels, "current", "[[layer]]\nkind = \"linear\"\nsize = 6\n" + conv, 1, "<nil>"},
		{pixels, "population", conv, 0, "<nil>"},
		{pixels, "current", row, 0, "<nil>"},
		{course, "course", row, 0, "[2 64]"},
		{data.Form{Channels: 6}, "current", conv, 0, "<nil>"},
	} {
		e, err := Parse("test", "name = \"test\"\n[encode]\nkind = \""+c.encode+"\"\n"+c.list, "")
		if err != nil {
			t.Fatal(err)
		}
		loading{e}.picture(c.form)
		if got := fmt.Sprint(e.Layer[c.layer].Keys["image"]); got != c.want {
			t.Errorf("%s, %s, layer %d: %s, want %s", c.encode, c.list, c.layer, got, c.want)
		}
	}
}

// TestEndless: a membrane without a leak is what tau_mem = inf says, where the neurons can be it.
func TestEndless(t *testing.T) {
	for text, want := range map[string]string{
		"[model]\ntau_mem = inf\ntau_out = inf":                                             "",
		"[model]\nneuron = \"alif\"\ntau_mem = inf":                                         "",
		"[[layer]]\nkind = \"linear\"\nsize = 3\n[[layer]]\nkind = \"lif\"\ntau_mem = inf":  "",
		"[model]\nneuron = \"cuba\"\ntau_mem = inf":                                         "test: model.tau_mem: expected a finite number, because a neuron needs its leak, found +Inf",
		"[model]\nlearn = [\"tau_mem\"]\ntau_mem = inf":                                     "test: model.tau_mem: expected a finite number, because it is learned, found +Inf",
		"[model]\ntau_mem = inf\n[train]\nmethod = \"eventprop\"":                           "test: model.tau_mem: expected a finite number, because neurons go from event to event, found +Inf",
		"[model]\ntau_mem = -inf":                                                           "test: model.tau_mem: expected a finite number, found -Inf",
		"[model]\nv_th = inf":                                                               "test: model.v_th: expected a finite number, found +Inf",
		"[[layer]]\nkind = \"linear\"\nsize = 3\n[[layer]]\nkind = \"cuba\"\ntau_mem = inf": "test: layer[1].tau_mem: expected a finite number, found +Inf",
	} {
		e, err := Parse("test", "name = \"test\"\n"+text+"\n", "")
		if got := fmt.Sprint(err); err != nil && got != want || err == nil && want != "" {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if err == nil {
			if again, err := Parse("again", e.Text(), ""); err != nil || again.Text() != e.Text() {
				t.Errorf("%q: its text is another experiment: %v", text, err)
			}
		}
	}
}
