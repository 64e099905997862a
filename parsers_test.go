package surge

import (
	"go/ast"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// through are parsers whose fuzz target calls what they are made of: they open a file and hand on
// what is in it, or read it by another parser.
var through = map[string]string{
	"train.Epoch.UnmarshalJSON":                "train.FuzzCheckpoint",
	"bench/cases.Read":                         "bench/cases.FuzzParse",
	"bench/fit.OpenJournal":                    "internal/files.FuzzLines",
	"internal/files.Open":                      "internal/files.FuzzArchiveBytes",
	"internal/files.OpenLines":                 "internal/files.FuzzLines",
	"internal/files.OpenText":                  "train/data.FuzzTS",
	"internal/files.OpenWhole":                 "train/data.FuzzRecording",
	"internal/files.ParseArrays":               "internal/files.FuzzNPZ",
	"internal/files.ParseTable":                "internal/files.FuzzTable",
	"internal/files.Read":                      "internal/files.FuzzArchiveBytes",
	"internal/files.ReadArrays":                "internal/files.FuzzNPZ",
	"internal/files.ReadJSON":                  "models/dynapse/chip.FuzzInterchange",
	"internal/files.ReadLatest":                "internal/files.FuzzArchiveBytes",
	"internal/files.ReadLines":                 "internal/files.FuzzLines",
	"internal/files.ReadLinesAfter":            "internal/files.FuzzLines",
	"internal/parts.Open":                      "internal/files.FuzzLines",
	"internal/files.ReadPacked":                "internal/files.FuzzPacked",
	"internal/files.ReadTable":                 "internal/files.FuzzTable",
	"internal/files.ReadText":                  "internal/schema.FuzzDecode",
	"internal/hdf5.Open":                       "internal/hdf5.FuzzRead",
	"models/dynapse/experiment.Read":           "models/dynapse/experiment.FuzzFile",
	"models/dynapse/experiment.ReadInput":      "models/dynapse/experiment.FuzzRecording",
	"models/dynapse/experiment.ReadNetwork":    "models/dynapse/experiment.FuzzFile",
	"models/dynapse/experiment.ReadRecording":  "models/dynapse/experiment.FuzzRecording",
	"models/dynapse/experiment.ReadSimulation": "models/dynapse/experiment.FuzzFile",
	"models/dynapse/live.sample.UnmarshalJSON": "models/dynapse/live.FuzzServe",
	"models/dynapse/simulate.ReadDevice":       "models/dynapse/chip.FuzzReadDevice",
	"models/nir.Read":                          "models/nir.FuzzRead",
	"models/nir.ReadInputs":                    "internal/files.FuzzNPZ",
	"train.ReadMetrics":                        "internal/files.FuzzLines",
	"train.ReadOneCheckpoint":                  "train.FuzzCheckpoint",
	"train.ReadParams":                         "internal/files.FuzzArchiveBytes",
	"train.ReadReceipt":                        "train.FuzzReceipt",
	"train/data.LoadGrasshopper":               "train/data.FuzzReceptor",
	"train/data.LoadMNIST":                     "train/data.FuzzParseIDX",
	"train/data.ReadIDX":                       "train/data.FuzzParseIDX",
	"train/experiment.Experiment.Load":         "train/data.FuzzNPZSet",
	"train/experiment.ReadNetwork":             "train/experiment.FuzzParse",
	"train/experiment.ReadRun":                 "internal/files.FuzzLines",
	"train/experiment.Restore":                 "train/experiment.FuzzParse",
	"train/experiment.Trained.Open":            "train/data.FuzzNPZSet",
	"train/inspect.ReadFile":                   "internal/files.FuzzArchiveBytes",
	"train/sweep.Read":                         "train/sweep.FuzzParse",
}

// spared read nothing from outside, or a word out of a list.
var spared = map[string]string{
	"bench/cases.ignored.UnmarshalJSON":        "takes everything",
	"eventprop/node.Decode":                    "nodes of a graph",
	"graph.ParseEngine":                        "a name out of a list",
	"graph.ParseMachine":                       "a name out of a list",
	"internal/files.Digest":                    "any bytes",
	"internal/files.Overwrite":                 "writes",
	"internal/hdf5.NewFile":                    "FuzzRead calls it in a function of the test",
	"internal/hostile.Lies":                    "for tests",
	"internal/hostile.Takes":                   "for tests",
	"internal/kernel.Load":                     "numbers of a kernel",
	"internal/mpi.World.Exchange":              "hands bytes on; train.FuzzMessage reads them",
	"internal/rundir.Open":                     "a folder",
	"models/dynapse/fit.ParseQuantity":         "a name out of a list",
	"models/dynapse/fit.ParseStatistic":        "a name out of a list",
	"models/dynapse/fit.ParseTie":              "a name out of a list",
	"models/dynapse/fit.Verdict.UnmarshalText": "a name out of a list",
	"optim/minimize.Status.UnmarshalText":      "a name out of a list",
	"train/experiment/recipes.Read":            "a recipe that comes with the program",
}

var parsing = regexp.MustCompile(`^(Read|Parse|Load|Open|Decode|Unmarshal|Restore|Import|CheckSeal)`)

var writing = regexp.MustCompile(`^(Write|Append|Marshal)`)

// TestParsersAreFuzzed: every parser, an exported function whose name says that it reads or that
// takes bytes or a reader, is called by a fuzz target of its package, or stands above.
func TestParsersAreFuzzed(t *testing.T) {
	parsers, called, targets := map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		dir := filepath.ToSlash(s.dir)
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			switch {
			case !ok || f.Body == nil:
			case strings.HasSuffix(s.path, "_test.go"):
				if !strings.HasPrefix(f.Name.Name, "Fuzz") {
					continue
				}
				targets[dir+"."+f.Name.Name] = true
				ast.Inspect(f, func(n ast.Node) bool {
					if c, ok := n.(*ast.CallExpr); ok {
						switch f := c.Fun.(type) {
						case *ast.Ident:
							called[dir+"."+f.Name] = true
						case *ast.SelectorExpr:
							called[dir+"."+f.Sel.Name] = true
						}
					}
					return true
				})
			case f.Recv != nil && !ast.IsExported(receiver(f.Recv.List[0].Type)) && !strings.HasPrefix(f.Name.Name, "Unmarshal"):
			case ast.IsExported(f.Name.Name) && (parsing.MatchString(f.Name.Name) || takesBytes(f) && !writing.MatchString(f.Name.Name)):
				name := f.Name.Name
				if f.Recv != nil {
					name = receiver(f.Recv.List[0].Type) + "." + name
				}
				parsers[dir+"."+name] = dir + "." + f.Name.Name
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parsers)) {
		target, by := through[name]
		switch {
		case by && !targets[target]:
			t.Errorf("%s: there is no fuzz target %s", name, target)
		case by && called[parsers[name]], spared[name] != "" && called[parsers[name]]:
			t.Errorf("%s is called by a fuzz target: it need not be listed", name)
		case !by && !called[parsers[name]] && spared[name] == "":
			t.Errorf("%s has no fuzz target", name)
		}
	}
	for _, list := range []map[string]string{through, spared} {
		for name := range list {
			if parsers[name] == "" {
				t.Errorf("%s is no parser", name)
			}
		}
	}
}

// takesBytes tells whether a function takes bytes or a reader of them.
func takesBytes(f *ast.FuncDecl) bool {
	for _, p := range f.Type.Params.List {
		switch typ := p.Type.(type) {
		case *ast.ArrayType:
			if e, ok := typ.Elt.(*ast.Ident); ok && typ.Len == nil && e.Name == "byte" {
				return true
			}
		case *ast.SelectorExpr:
			if x, ok := typ.X.(*ast.Ident); ok && x.Name == "io" && (typ.Sel.Name == "Reader" || typ.Sel.Name == "ReaderAt") {
				return true
			}
		}
	}
	return false
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
