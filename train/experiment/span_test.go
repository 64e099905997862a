package experiment

import (
	"strings"
	"testing"

	"github.com/surge-snn/surge/train/data"
)

// TestEncoderOfEvents: an encoder that takes no events is an error of the file, before anything is
// written.
func TestEncoderOfEvents(t *testing.T) {
	for text, want := range map[string]string{
		"[encode]\nkind = \"ttfs\"":   "none, because the data are events",
		"[encode]\nkind = \"none\"":   "",
		"[encode]\nkind = \"course\"": "whose steps are those of the sequence",
	} {
		e, err := Parse("a.toml", "name = \"a\"\n"+text+"\n", "")
		if err != nil {
			t.Fatal(err)
		}
		form := data.Form{Input: data.EventList, Target: data.Target{Kind: data.ClassTarget, Size: 2}}
		if strings.Contains(text, "course") {
			form = data.Form{Input: data.Sequence, Target: data.Target{Kind: data.SequenceTarget, Size: 2}}
		}
		err = loading{e}.span(form, 10)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a.toml: encode.kind")) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestEncoderOfNothing: where a file says nothing of the encoder, events are taken as they are, and
// what it does say stays.
func TestEncoderOfNothing(t *testing.T) {
	events := data.Form{Input: data.EventList, Target: data.Target{Kind: data.ClassTarget, Size: 2}}
	for _, method := range []string{Surrogate, EventProp} {
		for text, want := range map[string]string{
			"[data]\nset = \"shd\"\ndir = \"d\"":                                "none",
			"[data]\nset = \"events\"\ndir = \"d\"":                             "none",
			"[data]\nset = \"npz\"\nfile = \"f\"":                               "none",
			"[data]\nset = \"shd\"\ndir = \"d\"\n[encode]\nkind = \"ttfs\"":     "ttfs",
			"[data]\nset = \"npz\"\nfile = \"f\"\n[encode]\nt_late = 0.02":      "ttfs",
			"[data]\nset = \"npz\"\nfile = \"f\"\n[encode]\nkind = \"latency\"": "latency",
		} {
			e, err := Parse("a.toml", "name = \"a\"\n"+text+"\n", method)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if strings.Contains(text, "shd") && e.Encode.Kind != want {
				t.Errorf("%s: %s before the files are read, want %s", text, e.Encode.Kind, want)
			}
			filling{e}.assume(data.Static)
			if (filling{e}).assume(events.Input); e.Encode.Kind != want {
				t.Errorf("%s: %s, want %s", text, e.Encode.Kind, want)
			}
			if err := (loading{e}).span(events, 10); (err == nil) != (want == "none") {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
}

// TestSurrogateNumbers: where the name of a surrogate is right, the error is about its numbers.
func TestSurrogateNumbers(t *testing.T) {
	for value, want := range map[string]string{
		"atan(0)": "sharpness is zero", "atan(x)": "invalid syntax", "atan(1, 2, 3)": "found 3 numbers, want 1",
		"atan(1": "no closing parenthesis", "aten(1)": "one of fast_sigmoid",
	} {
		_, err := Parse("a.toml", "name = \"a\"\n[model]\nsurrogate = \""+value+"\"\n", "")
		if err == nil || !strings.Contains(err.Error(), "model.surrogate") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", value, err, want)
		}
	}
}

// TestBatchesOfARun: a run that would make no update, or whose last batch cannot be normalised, is
// an error of the file before anything is written.
func TestBatchesOfARun(t *testing.T) {
	normed := "[encode]\nkind = \"current\"\nsteps = 1\n[[layer]]\nkind = \"linear\"\nsize = 8\n[[layer]]\nkind = \"batch_norm\"\n[[layer]]\nkind = \"lif\"\n"
	images := "[encode]\nkind = \"current\"\nsteps = 1\n[[layer]]\nkind = \"conv2d\"\nimage = [1, 2, 2]\nchannels = 2\nkernel = 1\n[[layer]]\nkind = \"batch_norm\"\n[[layer]]\nkind = \"lif\"\n"
	for _, c := range []struct{ samples, text, want string }{
		{"51", "[train]\nepochs = 2\nbatch = 25\naccumulate = 7\n", "train.accumulate: expected at most 6"},
		{"51", "[train]\nepochs = 2\nbatch = 25\naccumulate = 6\n", ""},
		{"51", normed + "[train]\nbatch = 50\n", "train.batch: expected another"},
		{"52", normed + "[train]\nbatch = 50\n", ""},
		{"76", normed + "[train]\nbatch = 50\nshards = 2\n", "train.batch: expected another"},
		{"51", images + "[train]\nbatch = 50\n", ""},
		{"51", strings.Replace(normed, "steps = 1", "steps = 2", 1) + "[train]\nbatch = 50\n", ""},
	} {
		e, err := Parse("a.toml", "name = \"a\"\n[data]\nset = \"yinyang\"\ntrain = "+c.samples+"\nvalid = 5\ntest = 5\n"+c.text, "")
		if err != nil {
			t.Fatal(err)
		}
		sets, _, err := e.Load()
		if err != nil {
			t.Fatal(err)
		}
		err = e.Try(sets)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s samples, %s: %v, want %q", c.samples, c.text, err, c.want)
		}
	}
}
