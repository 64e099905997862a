package gradcheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/eventprop/equation"
)

// TestTableIsComplete reads the source of the packages that make nodes: whatever is
// exported there and can be differentiated must be in a row.
func TestTableIsComplete(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range Table() {
		for _, name := range c.Covers {
			covered[name] = true
		}
	}
	found := map[string]bool{}
	for _, dir := range []string{"ops", "models", "models/dynapse", "models/dynapse/chip", "surrogate", "eventprop/node"} {
		for _, name := range differentiable(t, filepath.Join("..", "..", dir), path.Base(dir)) {
			found[name] = true
			if !covered[name] {
				t.Errorf("%s is in no row of the table: add one that Covers it (table_*.go)", name)
			}
		}
	}
	for _, name := range equation.Builtins() {
		if found["equation."+name] = true; !covered["equation."+name] {
			t.Errorf("equation.%s is in no row of the table", name)
		}
	}
	for name := range covered {
		if !found[name] && !strings.HasPrefix(name, "gorgonia.") {
			t.Errorf("a row covers %s, which does not exist or makes no nodes", name)
		}
	}
	// The search itself finds what it must.
	for _, name := range []string{"ops.Apply", "ops.RateBounds", "ops.Stack", "ops.Unstack", "models.LIF", "models.Spike", "surrogate.ATan", "node.Layer", "node.Decode"} {
		if !found[name] {
			t.Errorf("%s was not found in the source", name)
		}
	}
}

// TestWidthsAreComplete: every neuron with a surrogate has a width that can be learned, and a row
// that does.
func TestWidthsAreComplete(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Table() {
		names[c.Name] = true
	}
	n := 0
	dir := filepath.Join("..", "..", "models")
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
		ast.Inspect(f, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok || !spec.Name.IsExported() {
				return true
			}
			fields := fieldsOf(spec)
			if !fields["Surrogate"] {
				return true
			}
			n++
			if !fields["Sharpness"] {
				t.Errorf("models.%s has a Surrogate and no Sharpness: add the field, as models/alif.go has it", spec.Name)
			} else if !names["models."+spec.Name.Name+"/learned width"] {
				t.Errorf("models.%s has no row with a learned width: add it to widthCases in table_neurons.go", spec.Name)
			}
			return true
		})
	}
	if n < 10 {
		t.Errorf("found %d neurons with a surrogate, want at least 10: the test looks in the wrong place", n)
	}
}

// fieldsOf returns the names of the fields of a struct.
func fieldsOf(spec *ast.TypeSpec) map[string]bool {
	names := map[string]bool{}
	if s, ok := spec.Type.(*ast.StructType); ok {
		for _, f := range s.Fields.List {
			for _, id := range f.Names {
				names[id.Name] = true
			}
		}
	}
	return names
}

// notInTable are the functions of Gorgonia that make nodes and have no row, and why.
var notInTable = map[string]string{
	"ApplyOp": "applies any operation", "ApplyOpWithName": "applies any operation", "NewConstant": "makes a constant",
	"Must": "passes a node on", "NodeFromAny": "makes an input", "NewScalar": "makes an input", "NewVector": "makes an input",
	"NewMatrix": "makes an input", "NewTensor": "makes an input", "NewUniqueNode": "makes an input", "OneHotVector": "refused: a constant tensor",
	"UniformRandomNode": "refused", "GaussianRandomNode": "refused", "BinomialRandomNode": "refused", "Dropout": "refused", "BatchNorm": "refused",
	"Set": "refused", "Read": "refused", "Sparsemax": "refused", "CTCLoss": "refused", "YOLOv3": "refused", "DiagFlat": "refused",
	"LogSumExp": "refused", "BinaryXent": "refused", "AveragePool1D": "refused", "MaxPool1D": "refused, as AveragePool1D makes the same",
	"ConvType": "has no slope between whole and other numbers; between others it fails", "Broadcast": "what the functions Broadcast... are made of",
	"NodesFromInputs": "makes no node", "Sort": "makes no node", "UnstableSort": "makes no node",
	"Backpropagate": "package graph differentiates by itself", "Grad": "package graph differentiates by itself",
	"BroadcastLt": "Broadcast and Lt", "BroadcastGt": "Broadcast and Gt", "BroadcastLte": "Broadcast and Lte", "BroadcastGte": "Broadcast and Gte",
	"BroadcastEq": "Broadcast and Eq", "BroadcastNe": "Broadcast and Ne", "Eq": "has no slope; 0 for a row of different operands",
}

// TestGorgoniaIsComplete reads the source of Gorgonia: every function that makes a node is in a
// row, or there is a reason.
func TestGorgoniaIsComplete(t *testing.T) {
	list, err := exec.Command("go", "list", "-f", "{{.Dir}}{{range .GoFiles}}\n{{.}}{{end}}", "gorgonia.org/gorgonia").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Split(strings.TrimSpace(string(list)), "\n")
	covered := map[string]bool{}
	for _, c := range Table() {
		for _, name := range c.Covers {
			covered[name] = true
		}
	}
	found := 0
	for _, file := range files[1:] {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(files[0], file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Results == nil || !makesNode(fn.Type.Results) {
				continue
			}
			found++
			if name := fn.Name.Name; !covered["gorgonia."+name] && notInTable[name] == "" {
				t.Errorf("gorgonia.%s is in no row of the table", name)
			}
		}
	}
	if found < 90 {
		t.Errorf("%d functions that make nodes found in Gorgonia, want about 100", found)
	}
}

// makesNode says whether a result is a *Node or Nodes.
func makesNode(results *ast.FieldList) bool {
	for _, r := range results.List {
		x := r.Type
		if s, ok := x.(*ast.StarExpr); ok {
			x = s.X
		}
		if id, ok := x.(*ast.Ident); ok && (id.Name == "Node" || id.Name == "Nodes") {
			return true
		}
	}
	return false
}

func TestNamesAreUnique(t *testing.T) {
	var names []string
	for _, c := range Table() {
		if slices.Contains(names, c.Name) {
			t.Errorf("two rows %q", c.Name)
		}
		names = append(names, c.Name)
	}
}

// differentiable lists the exported functions of a package that return nodes or take a
// graph.Builder, and the exported types with a method Apply or the methods of a
// surrogate.
func differentiable(t *testing.T, dir, pkg string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	add := func(name string) {
		if ast.IsExported(name) && !slices.Contains(names, pkg+"."+name) {
			names = append(names, pkg+"."+name)
		}
	}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() {
				continue
			}
			switch {
			case fn.Recv == nil && (mentions(fn.Type.Results, "G", "Node") || mentions(fn.Type.Params, "graph", "Builder")):
				add(fn.Name.Name)
			case fn.Recv != nil && (fn.Name.Name == "Apply" || fn.Name.Name == "Antiderivative"):
				add(receiver(fn))
			}
		}
	}
	return names
}

// mentions says whether a parameter list has the type pkg.name in it.
func mentions(list *ast.FieldList, pkg, name string) bool {
	found := false
	if list != nil {
		ast.Inspect(list, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == name {
				id, _ := s.X.(*ast.Ident)
				found = found || (id != nil && id.Name == pkg)
			}
			return !found
		})
	}
	return found
}

// receiver returns the name of the type of a method.
func receiver(fn *ast.FuncDecl) string {
	switch x := fn.Recv.List[0].Type.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.StarExpr:
		if id, ok := x.X.(*ast.Ident); ok {
			return id.Name
		}
	}
	return "" // a generic type: its methods are not part of the table
}
