package experiment

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/train/data"
)

// parsed returns the files of a package but its tests.
func parsed(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// methodsOf returns the methods of each exported type of a package, with the name of their first
// result.
func methodsOf(t *testing.T, dir string) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, f := range parsed(t, dir) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil {
				continue
			}
			receiver := fn.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			id, ok := receiver.(*ast.Ident)
			if !ok || !id.IsExported() {
				continue
			}
			result := ""
			if fn.Type.Results != nil && len(fn.Type.Results.List) > 0 {
				if id, ok := fn.Type.Results.List[0].Type.(*ast.Ident); ok {
					result = id.Name
				}
			}
			if all[id.Name] == nil {
				all[id.Name] = map[string]string{}
			}
			all[id.Name][fn.Name.Name] = result
		}
	}
	return all
}

// signature is what a function takes and returns, each type without its star.
type signature struct {
	params, results []string
}

// functionsOf returns the exported functions of a package.
func functionsOf(t *testing.T, dir string) map[string]signature {
	all := map[string]signature{}
	of := func(list *ast.FieldList) (names []string) {
		if list == nil {
			return nil
		}
		for _, field := range list.List {
			name := strings.TrimPrefix(types.ExprString(field.Type), "*")
			for range max(1, len(field.Names)) {
				names = append(names, name)
			}
		}
		return names
	}
	for _, f := range parsed(t, dir) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.IsExported() {
				all[fn.Name.Name] = signature{of(fn.Type.Params), of(fn.Type.Results)}
			}
		}
	}
	return all
}

// used returns what this package takes of another one, as "optim.Adam".
func used(t *testing.T) map[string]bool {
	all := map[string]bool{}
	for _, f := range parsed(t, ".") {
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if id, ok := s.X.(*ast.Ident); ok {
					all[id.Name+"."+s.Sel.Name] = true
				}
			}
			return true
		})
	}
	return all
}

// TestCatalogueIsComplete: what the packages have can be named in a file, or there is a reason why
// not.
func TestCatalogueIsComplete(t *testing.T) {
	without := map[string]string{
		"optim.SkipNonFinite":   "a gradient that is not finite ends a run before the optimizer sees it",
		"optim.ScaleBySchedule": "the schedules are inside of the optimizers",
		"optim.WarmUp":          "train.warmup, a Join",
	}
	have := used(t)
	check := func(name string, is bool) {
		if is && !have[name] && without[name] == "" {
			t.Errorf("%s has no row: add one (see CONTRIBUTING.md for the catalogue), or a reason why it has none to this test", name)
		}
		if is && have[name] && without[name] != "" {
			t.Errorf("%s has a row, and in this test a reason why it has none", name)
		}
	}
	layers := methodsOf(t, "../../models")
	without["models.Equations"] = "equations in a file, model.equations, are for events; with time steps they are for Go"
	without["models.PeerNeuron"] = "the conventions of other libraries, to compare with"
	without["models.WTASCell"] = "winners, which are no layer behind weights of its own"
	n := 0
	for _, name := range slices.Sorted(maps.Keys(layers)) {
		result, ok := layers[name]["Apply"]
		if ok {
			n++
		}
		check("models."+name, ok && result != "")
	}
	if n < 15 {
		t.Errorf("found %d layers in models, want at least 15: the test looks in the wrong place", n)
	}
	without["models.RateCrossEntropy"] = "the loss rate_cross_entropy, which knows where samples end"
	without["models.CountMSE"] = "the loss count_mse, which knows where samples end"
	without["models.FirstSpikeMSE"] = "the loss first_spike_mse, which knows where samples end"
	without["models.CountCrossEntropy"] = "the readout count with cross_entropy"
	without["models.MaxMembraneCrossEntropy"] = "the readout li-max with cross_entropy"
	without["models.FirstSpikeCrossEntropy"] = "the readout first_spike with cross_entropy"
	without["models.MembraneMSE"] = "the readout li with mse"
	without["models.Spike"], without["models.Flatten"] = "a part of neurons", "the kind flatten of [[layer]]"
	n = 0
	for name, fn := range functionsOf(t, "../../models") { // of a builder and nodes, to a node
		if slices.Contains(fn.params, "graph.Builder") && slices.Equal(fn.results, []string{"G.Node"}) {
			n++
			check("models."+name, true)
		}
	}
	if n < 7 {
		t.Errorf("found %d losses in models, want at least 7: the test looks in the wrong place", n)
	}
	without["models.Values"] = "given numbers, for programs"
	without["models.Masked"] = "masks are for programs"
	n = 0
	for name, fn := range functionsOf(t, "../../models") {
		if len(fn.results) > 0 && fn.results[0] == "graph.Init" || name == "ScaleToRate" {
			n++
			check("models."+name, true)
		}
	}
	for name, m := range layers {
		if _, ok := m["Init"]; ok {
			n++
			check("models."+name, true)
		}
	}
	if n < 10 {
		t.Errorf("found %d initialisers in models, want at least 10: the test looks in the wrong place", n)
	}
	n = 0
	for name, fn := range functionsOf(t, "../../train") {
		one := len(fn.results) == 1 && slices.Contains([]string{"Loss", "TapeLoss", "Metric"}, fn.results[0])
		if one || slices.Contains(fn.params, "Targets") { // a function that makes a loss or metric, or a Loss itself
			n++
			check("train."+name, true)
		}
	}
	if n < 8 {
		t.Errorf("found %d losses and metrics in train, want at least 8: the test looks in the wrong place", n)
	}
	// Readouts, regularisers and losses are operations among others.
	without["ops.FirstSpikeTime"], without["ops.Sparsity"] = "FirstSpikeUntil of all steps", "SparsityUntil of all steps"
	for _, name := range []string{"SumOverTime", "MeanOverTime", "MaxOverTime", "LastStep"} {
		without["ops."+name] = "that of the first steps of each row, of all steps"
	}
	const parts = " Affine Approach AtLeast Decay Detach Exp ExpFrom Firing Floor HeldCurrent Moments MomentsUntil MSE Normalise Rows ScaleUnits SmoothSpike " +
		"Softmax SoftmaxCrossEntropy Spike Spread Stack StepPWL StochasticSpike SumUnits Take Tap Until Where Winner " // of models and losses
	n = 0
	for name, fn := range functionsOf(t, "../../ops") {
		if slices.Contains(fn.results, "G.Node") && slices.Contains(fn.results, "error") {
			n++
			check("ops."+name, !strings.Contains(parts, " "+name+" "))
		}
	}
	for name, m := range methodsOf(t, "../../ops") {
		if _, ok := m["Apply"]; ok {
			n++
			check("ops."+name, !strings.Contains(parts, " "+name+" "))
		}
	}
	if n < 35 {
		t.Errorf("found %d operations in ops, want at least 35: the test looks in the wrong place", n)
	}
	without["eventprop.At"] = "voltages at all steps are the readout li"
	n = 0
	for name, m := range methodsOf(t, "../../eventprop") {
		_, ok := m["Observe"]
		if ok {
			n++
		}
		check("eventprop."+name, ok)
	}
	if n < 4 {
		t.Errorf("found %d readouts in eventprop, want at least 4: the test looks in the wrong place", n)
	}
	for _, name := range equation.Builtins() {
		if _, ok := EventNeurons.Row(name); !ok {
			t.Errorf("the neuron %s of eventprop/equation has no row", name)
		}
	}
	rows := map[string]bool{}
	for _, row := range data.Sets {
		for _, keys := range []data.Table{nil, {"file": "x"}, {"dir": "x"}} {
			if s, _, err := data.Sets.New(row.Name, keys); err == nil {
				rows[reflect.TypeOf(s).Name()] = true
			}
		}
	}
	for _, row := range data.Encoders {
		if c, _, err := data.Encoders.New(row.Name, nil); err == nil {
			rows[reflect.TypeOf(c).Name()] = true
		}
	}
	for name, m := range methodsOf(t, "../data") {
		_, encodes := m["Encode"]
		if (m["Load"] == "Parts" || encodes) && !rows[name] {
			t.Errorf("data.%s has no row in data.Sets or data.Encoders", name)
		}
	}
	n = 0
	transforms := methodsOf(t, "../../optim")
	for _, name := range slices.Sorted(maps.Keys(transforms)) {
		m := transforms[name]
		_, update := m["Update"]
		_, at := m["At"]
		_, coordinate := m["inverse"]
		if update || at {
			n++
		}
		check("optim."+name, update || at || coordinate)
	}
	if n < 20 {
		t.Errorf("found %d transforms and schedules in optim, want at least 20: the test looks in the wrong place", n)
	}
}
