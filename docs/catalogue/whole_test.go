package main

import (
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/models"
)

// A source is a paper, or the system whose formula it is.
var source = regexp.MustCompile(`doi:10\.|arXiv:\d|[JP]MLR \d|NIPS \d|PyTorch|torch\.optim|optax|snnTorch|NEST|NIR|Rockpool|ngc-learn|spyx|jaxsnn`)

// TestEntriesAreWhole: every entry of the page has its formula and says where it is from, and every
// figure is there with words for those who do not see it.
func TestEntriesAreWhole(t *testing.T) {
	text, err := page("../..")
	if err != nil {
		t.Fatal(err)
	}
	// What has no formula, or is no one's idea, and why.
	plain := map[string]string{
		"models.Constant": "a number", "models.Values": "numbers", "models.Normal": "a distribution", "models.Uniform": "a distribution",
		"models.Masked": "composition", "models.ScaleToRate": "a search",
		"optim.Chain": "composition", "optim.Groups": "composition", "optim.Masked": "composition", "optim.SkipNonFinite": "composition",
		"optim.Constant": "a number", "optim.Join": "composition", "data.None": "what is there",
	}
	// What has a formula that is a definition, and needs no source beside it.
	definitions := map[string]string{
		"ops.MSE": "a mean", "ops.SoftmaxCrossEntropy": "the cross-entropy", "ops.FirstSpikeTime": "the index of a spike", "ops.FirstSpikeUntil": "the index of a spike",
		"ops.LastStep": "a value", "ops.LastUntil": "a value", "ops.MaxUntil": "a maximum", "ops.MeanOverTime": "a mean", "ops.MeanUntil": "a mean",
		"ops.SumOverTime": "a sum", "ops.SumUntil": "a sum", "ops.Until": "a part", "train.CrossEntropy": "the cross-entropy",
		"train.MAE": "a mean", "train.MSE": "a mean", "train.MeanSquares": "a mean", "train.FilteredDistance": "a mean", "train.SpikeDistance": "a mean", "train.TrainDistance": "a sum",
		"data.Current": "a factor", "data.Course": "an interpolation", "optim.Scale": "a factor", "optim.ScaleBySchedule": "a factor",
		"eventprop.First": "the time of a spike", "eventprop.At": "a value", "eventprop.Linear": "a sum", "eventprop.Silence": "a distance", "eventprop.Existence": "a distance",
		"optim.Reparam": "the chain rule", "optim.LogMap": "a coordinate", "optim.BoxMap": "a coordinate",
	}
	entries := strings.Split(string(text), "\n### ")[1:]
	for _, e := range entries {
		e, _, _ = strings.Cut(e, "\n## ")
		name, body, _ := strings.Cut(e, "\n")
		if !strings.Contains(name, ".") || plain[name] != "" {
			delete(plain, name)
			continue
		}
		defined := definitions[name] != ""
		delete(definitions, name)
		if !strings.Contains(body, "\n\t") {
			t.Errorf("%s has no formula: write it into its comment, as an indented line", name)
		}
		if !defined && !source.MatchString(body) {
			t.Errorf("%s has no source: say in its comment what paper it is from (doi, arXiv), or whose formula it has", name)
		}
	}
	for _, n := range models.PeerNeurons() {
		switch _, e, ok := strings.Cut(string(text), "\n#### `"+n.Name+"`\n"); {
		case !ok || n.Equations == "" || !strings.Contains(e, "\n\t"+strings.ReplaceAll(n.Equations, "\n", "\n\t")+"\n"):
			t.Errorf("models.Compat(%q) has no equations: write them beside its row", n.Name)
		case !regexp.MustCompile(`\d\.\d`).MatchString(n.Source):
			t.Errorf("models.Compat(%q) does not say of which library and version it is", n.Name)
		}
	}
	for _, name := range equation.Builtins() {
		if formula, _ := equation.Builtin(name); !strings.Contains(string(text), strings.ReplaceAll(formula, "\n", "\n\t")) {
			t.Errorf("the neuron %q of package equation is not on the page", name)
		}
	}
	maps.Copy(plain, definitions)
	for name, why := range plain {
		t.Errorf("%s is not on the page: it is in this test because it is %s", name, why)
	}
	if len(entries) < 90 {
		t.Errorf("found %d entries, want at least 90: the test looks in the wrong place", len(entries))
	}
	for name, f := range figures {
		if !strings.Contains(string(text), "!["+f.alt+"]("+name+".svg)") || f.alt == "" {
			t.Errorf("the page does not show %s.svg with the words %q", name, f.alt)
		}
	}
}

// TestOperationsAreListed: the page takes the operations of package ops by the files in which they
// stand. What is on it, and what is a part of what is on it, are all that there are.
func TestOperationsAreListed(t *testing.T) {
	text, err := page("../..")
	if err != nil {
		t.Fatal(err)
	}
	s, err := load("../..")
	if err != nil {
		t.Fatal(err)
	}
	const parts = " Affine Approach AtLeast Decay Detach Exp ExpFrom Floor HeldCurrent Moments MomentsUntil Normalise Rows ScaleUnits Softmax Spread Stack SumUnits Take Tap Where Winner "
	for _, e := range s.entries("ops") {
		shown := strings.Contains(string(text), "\n### ops."+e.name+"\n")
		if part := strings.Contains(parts, " "+e.name+" "); e.result() == "Node" && shown == part {
			t.Errorf("ops.%s of %s: on the page: %v, a part of others: %v: name its file in the section of main.go where it belongs, or the operation among the parts of this test", e.name, e.file, shown, part)
		}
	}
}
