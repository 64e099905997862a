package optim

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestEverythingIsComplete: every transform is in the chain with which composition, checkpoints,
// allocations and types of numbers are tested.
func TestEverythingIsComplete(t *testing.T) {
	const apart = "SkipNonFinite" // it takes back what others did, and has tests of its own
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	all, found := fmt.Sprintf("%#v", everything), 0
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "Update" || strings.HasSuffix(path, "_test.go") {
				continue
			}
			name := fmt.Sprint(fn.Recv.List[0].Type)
			found++
			if name != apart && !strings.Contains(all, "optim."+name+"{") {
				t.Errorf("%s: %s is not in everything (chain_test.go): add it there, and to the trajectories of other libraries (trajectory_test.go) or a closed form", path, name)
			}
		}
	}
	if found < 15 {
		t.Errorf("found %d transforms, want at least 15: the test looks in the wrong place", found)
	}
}
