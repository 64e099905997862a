package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment/recipes"
)

// TestRoundTrip: the text of any experiment that passes the checks reads back to the same one.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		positive := rapid.Float64Range(1e-9, 1e9)
		e := defaults(rapid.SampledFrom(Methods()).Draw(t, "method"))
		e.Name = rapid.StringMatching(`[a-z"'\\ é]{1,8}`).Draw(t, "name")
		e.Seed = rapid.Uint64Range(0, 1<<63-1).Draw(t, "seed")
		e.Data.Set = rapid.SampledFrom([]string{"yinyang", "mnist"}).Draw(t, "set")
		if e.Data.Set == "mnist" {
			e.Data.Keys = data.Table{"dir": rapid.StringN(1, 10, -1).Draw(t, "dir"), "shift": rapid.IntRange(0, 27).Draw(t, "shift")}
		}
		if e.events() {
			e.Encode.Kind = rapid.SampledFrom([]string{"ttfs", "latency"}).Draw(t, "kind")
			e.Encode.Duration = positive.Draw(t, "duration")
			e.Model.Readout = rapid.SampledFrom([]string{"ttfs", "li-max", "li-integral"}).Draw(t, "readout")
			e.Loss.Silence = positive.Draw(t, "silence")
		} else {
			e.Encode.Kind = rapid.SampledFrom([]string{"ttfs", "latency", "rate", "current"}).Draw(t, "kind")
			e.Encode.Dt = positive.Draw(t, "dt")
		}
		if e.Encode.Kind == "rate" {
			e.Encode.Keys = data.Table{"max_rate": positive.Draw(t, "max_rate")}
		}
		e.Model.Hidden = rapid.SliceOfN(rapid.IntRange(1, 1000), 1, 4).Draw(t, "hidden")
		e.Model.WMean = rapid.Float64().Draw(t, "w_mean")
		if e.Model.WMean != e.Model.WMean || e.Model.WMean-e.Model.WMean != 0 {
			t.Skip("not finite")
		}
		if !e.events() && rapid.Bool().Draw(t, "cuba") {
			e.Model.Neuron, e.Model.TauSyn = "cuba", positive.Draw(t, "tau_syn")
			e.Model.Learn = []string{"tau_syn"}
			e.Model.PerNeuron = rapid.Bool().Draw(t, "per_neuron")
		}
		e.Train.LR = positive.Draw(t, "lr")
		filling{&e}.fill()
		if err := e.Check(); err != nil {
			t.Fatal(err)
		}
		got, err := Parse("", e.Text(), "")
		if err != nil {
			t.Fatalf("%v in\n%s", err, e.Text())
		}
		if !reflect.DeepEqual(*got, e) {
			t.Fatalf("read back as\n%+v\nwant\n%+v", *got, e)
		}
	})
}

// TestRecipes: the built-in experiments are valid, bear the name of their file, and their networks
// can be built.
func TestRecipes(t *testing.T) {
	if names := recipes.Names(); !slices.Equal(names, []string{"basicmotions", "friedman", "friedman-eventprop", "lowpass", "lowpass-eventprop", "mnist", "mnist-conv", "mnist-eventprop", "osuleaf", "patterns", "patterns-eventprop", "shd", "shd-eventprop", "yinyang", "yinyang-delays", "yinyang-eventprop", "yinyang-eventprop-recurrent", "yinyang-qif"}) {
		t.Errorf("recipes %v", names)
	}
	for _, name := range recipes.Names() {
		text, ok := recipes.Read(name)
		if !ok {
			t.Fatal(name)
		}
		e, err := Parse(name, text, "")
		if err != nil {
			t.Fatal(err)
		}
		if e.Name != name {
			t.Errorf("recipe %s has the name %s", name, e.Name)
		}
	}
}

// TestDocumentedExperiments: the experiments in the documentation can be read, and their networks
// be built.
func TestDocumentedExperiments(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)```toml\n(name = .*?)```").FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(block[1], "[data]") {
				continue // of surge train --sweep
			}
			e, err := Parse(page, block[1], "")
			if err != nil {
				t.Error(err)
				continue
			}
			if _, known := e.source().(data.Described); !known {
				continue // files that are not there
			}
			n++
			channels, target, err := e.Sizes()
			if err != nil {
				t.Fatal(err)
			}
			net, err := e.Build(channels, target)
			if err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if err := net.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if n == 0 {
		t.Error("no experiment was found")
	}
}

// TestSchedules: the learning rate begins at lr after the warm-up, and is lr_end after the last
// update.
func TestSchedules(t *testing.T) {
	e := defaults(Surrogate)
	e.Train.Batch, e.Train.Epochs = 10, 3 // with 95 samples 30 updates, of which 5 warm up
	e.Train.LR, e.Train.Warmup = 0.5, 5
	if e.Updates(95) != 30 {
		t.Fatalf("%d updates, want 30", e.Updates(95))
	}
	for _, c := range []struct {
		schedule string
		end      float64
	}{{"constant", 0.5}, {"linear", 0.25}, {"cosine", 0.25}, {"exponential", 0.25}} {
		e.Train.Schedule, e.Train.ScheduleKeys = c.schedule, data.Table{"lr_end": 0.25}
		if c.schedule == "constant" {
			e.Train.ScheduleKeys = nil
		}
		lr := e.LR(95)
		for step, want := range map[uint64]float64{0: 0.1, 4: 0.5, 5: 0.5, 30: c.end} {
			// The schedules are right to 1e-14.
			if got := lr.At(step); got < want-1e-13 || got > want+1e-13 {
				t.Errorf("%s: rate %v at update %d, want %v", c.schedule, got, step, want)
			}
		}
	}
}

// FuzzParse: no text makes Parse panic; its errors are bad input in one line; what it accepts
// reads back.
func FuzzParse(f *testing.F) {
	for _, name := range recipes.Names() {
		text, _ := recipes.Read(name)
		f.Add(text)
	}
	f.Add("name = 3\n[model]\nhidden = [[1]]")
	f.Add("[train]\nlr = inf\n[[data]]\n")
	f.Add("name = \"x\"\n[train]\nmethod = \"analytical\"\n[model]\nv_reset = -3\nreadout = \"li-max\"")
	f.Add("train = 3")
	f.Add("[train]\nmethod = 3")
	f.Add("name = \"x\"\nseed = 9223372036854775807\n[loss]\nrate_weight = 1\nrate_upper = 1e300")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse("fuzz.toml", text, "")
		if err != nil {
			if bad := (*exit.BadInput)(nil); !errors.As(err, &bad) || bad.File != "fuzz.toml" {
				t.Fatalf("error %v is not bad input of the file", err)
			}
			return
		}
		again, err := Parse("fuzz.toml", e.Text(), "")
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Fatalf("%+v reads back as %+v, error %v", e, again, err)
		}
	})
}
