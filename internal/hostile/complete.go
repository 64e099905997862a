package hostile

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// folder is that of the package under test: a test may have left it before it calls.
var folder, _ = os.Getwd()

// complete fails where the package under test exports a function or a type with methods that is
// not called, and where it lacks what is skipped.
func (a API) complete(t *testing.T) {
	t.Helper()
	names, err := exported(folder)
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, v := range a.Types {
		called[nameOf(pointerTo(reflect.TypeOf(v)))] = true
	}
	has := map[string]bool{}
	for _, name := range names {
		typ, _, _ := strings.Cut(name, ".")
		has[name], has[typ] = true, true
		of := strings.Contains(name, ".") && called[typ]
		if a.Functions[name] == nil && a.Skip[name] == "" && a.Skip[typ] == "" && !of {
			t.Errorf("%s is not called: add it to Functions or Types", name)
		}
	}
	for name, why := range a.Skip {
		if !has[name] {
			t.Errorf("%s (%s) is no exported function or method", name, why)
		}
		if len(strings.Fields(why)) < 5 {
			t.Errorf("%s is not called without a reason: %q", name, why)
		}
	}
}

// nameOf returns the name of the type that a pointer points to, without its type arguments.
func nameOf(pointer reflect.Type) string {
	name, _, _ := strings.Cut(pointer.Elem().Name(), "[")
	return name
}

// exported returns the exported functions of the package in a folder, and the exported methods of
// its exported types as Type.Method.
func exported(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() {
				continue
			}
			if fn.Recv == nil {
				names = append(names, fn.Name.Name)
			} else if typ := receiverName(fn.Recv.List[0].Type); ast.IsExported(typ) {
				names = append(names, typ+"."+fn.Name.Name)
			}
		}
	}
	return names, nil
}

func receiverName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiverName(e.X)
	case *ast.IndexExpr:
		return receiverName(e.X)
	case *ast.IndexListExpr:
		return receiverName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
