package experiment

import (
	"errors"
	"testing"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/memory"
)

// Networks that no machine holds are refused by their sizes, before anything is made: by the key
// of what is too large, or by the name of a parameter.
func TestBeyondTheMachine(t *testing.T) {
	if memory.Available() == 0 {
		t.Skip("this system does not tell its memory")
	}
	for _, c := range []struct{ text, key string }{
		{"[encode]\nsteps = 10000\n[model]\nhidden = [10000]\n[train]\nbatch = 5000\n", "train.batch"},
		{"[encode]\nsteps = 10000\n[model]\nhidden = [5000, 5000]\n[train]\nbatch = 5000\ndtype = \"float64\"\n", "train.batch"},
		{"[encode]\nsteps = 10000\n[train]\nbatch = 5000\n[[layer]]\nkind = \"linear\"\nsize = 10000\n[[layer]]\nkind = \"lif\"\n", "train.batch"},
		{"[model]\nhidden = [2000000000]\n", "model.hidden[0]"},
		{"[encode]\nsteps = 1000000000\n", "encode.steps"},
		{"[model]\nhidden = [10000000]\nrecurrent = true\n", "model.hidden[0]"},
		{"[encode]\nsteps = 2000000000\n", "encode.steps"},
		{"[[layer]]\nkind = \"linear\"\nsize = 1000000\n[[layer]]\nkind = \"linear\"\nsize = 1000000\n[[layer]]\nkind = \"lif\"\n", ""},
	} {
		e, err := Parse("big.toml", "name = \"big\"\n[data]\nset = \"yinyang\"\n"+c.text, "")
		if err != nil {
			t.Fatal(err)
		}
		sets, target, err := e.Load()
		if err == nil {
			_, err = e.Memory(sets, target)
		}
		var bad *exit.BadInput
		switch {
		case c.key == "" && errors.Is(err, graph.ErrMemory):
		case c.key == "" || !errors.As(err, &bad) || bad.Member != c.key:
			t.Errorf("%q: %v, want an error that names %q", c.text, err, c.key)
		}
	}
}

// TestShrunk: the need of a large network follows from that of a small one.
func TestShrunk(t *testing.T) {
	for _, text := range []string{"hidden = [30000]", "hidden = [30000]\nneuron = \"alif\"", "hidden = [30000]\n[train]\ndtype = \"float64\""} {
		e, err := Parse("large.toml", "name = \"large\"\n[data]\ntrain = 50\nvalid = 20\n[model]\n"+text+"\n", "")
		if err != nil {
			t.Fatal(err)
		}
		sets, target, err := e.Load()
		if err != nil {
			t.Fatal(err)
		}
		small, times := need{e}.shrunk(few, 1<<19)
		if times < 10 {
			t.Fatalf("%s: %d times", text, times)
		}
		want, err := need{e}.probe(sets, target, few, []int{few})
		if err != nil {
			t.Fatal(err)
		}
		got, err := small.probe(sets, target, few, []int{few})
		if err != nil {
			t.Fatal(err)
		}
		// Memory grants an eighth; what a program holds besides its numbers weighs 8 times as
		// much here as there.
		if most := got.training * int64(times); most > want.training*9/8 || most < want.training/3 {
			t.Errorf("%s: %d times %d bytes, want %d", text, times, got.training, want.training)
		}
	}
}
