package surge

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"
)

const module = "github.com/surge-snn/surge"

// level orders the packages: imports go from a higher number to a lower or equal
// one. Within models, eventprop and optim, and within train, the same holds.
func level(dir string) int {
	switch top, _, _ := strings.Cut(filepath.ToSlash(dir), "/"); top {
	case "internal":
		return 0
	case "graph", "ops", "surrogate", "plot":
		return 1
	case "models", "eventprop", "optim":
		return 2
	case "train", "bench":
		return 3
	case "cmd", "examples":
		return 4
	}
	return 5
}

// source is a parsed Go file of the module.
type source struct {
	dir, path string
	file      *ast.File
	text      string
	lines     int
}

func sources(t *testing.T) []source {
	t.Helper()
	all, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// readSources reads the Go files of the module, once.
var readSources = sync.OnceValues(func() (all []source, err error) {
	fset := token.NewFileSet()
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "runs") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		all = append(all, source{filepath.Dir(path), path, f, string(text), bytes.Count(text, []byte("\n"))})
		return nil
	})
	return all, err
})

func TestImportsPointDownwards(t *testing.T) {
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		for _, i := range s.file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			to, own := strings.CutPrefix(path, module+"/")
			if own && level(to) > level(s.dir) {
				t.Errorf("%s imports %s, which is above it", s.path, path)
			}
			if strings.HasPrefix(s.dir, "examples") && strings.HasPrefix(to, "internal/") {
				t.Errorf("%s imports %s, which is internal: a copy of it elsewhere does not compile", s.path, path)
			}
		}
	}
}

// TestLightPackagesStayLight: who imports an optimizer, a surrogate or the engine of events builds
// a handful of packages besides the standard library, and not Gorgonia with its hundred.
func TestLightPackagesStayLight(t *testing.T) {
	for _, pkg := range []string{"./optim", "./surrogate", "./eventprop"} {
		list, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Fields(string(list)); len(all) == 0 || len(all) > 10 {
			t.Errorf("%s needs %d packages besides the standard library, want 10 at most: %v", pkg, len(all), all)
		}
	}
}

// Gorgonia is used through one seam; these are the packages that write graph nodes.
func TestGorgoniaStaysBehindItsSeam(t *testing.T) {
	allowed := []string{"graph", "ops", "models", "eventprop", "train", "bench", "examples", "cmd", "docs"}
	for _, s := range sources(t) {
		for _, i := range s.file.Imports {
			top, _, _ := strings.Cut(filepath.ToSlash(s.dir), "/")
			if strings.HasPrefix(i.Path.Value, `"gorgonia.org/gorgonia`) && !slices.Contains(allowed, top) {
				t.Errorf("%s imports Gorgonia", s.path)
			}
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, s := range sources(t) {
		if s.lines > 500 && !ast.IsGenerated(s.file) {
			t.Errorf("%s has %d lines, want at most 500", s.path, s.lines)
		}
	}
}

// Comments are at most 100 columns wide, a tab counting four.
func TestCommentsAreNarrow(t *testing.T) {
	const most = 100
	for _, s := range sources(t) {
		if ast.IsGenerated(s.file) {
			continue
		}
		for i, line := range strings.Split(strings.ReplaceAll(s.text, "\t", "    "), "\n") {
			comment := strings.TrimSpace(line)
			if !strings.HasPrefix(comment, "//") || strings.HasPrefix(comment, "//go:") {
				continue
			}
			if n := utf8.RuneCountInString(line); n > most {
				t.Errorf("%s:%d: a comment of %d columns, want at most %d", s.path, i+1, n, most)
			}
		}
	}
}

func TestNoCatchAllPackages(t *testing.T) {
	for _, s := range sources(t) {
		switch name := s.file.Name.Name; name {
		case "util", "utils", "common", "helper", "helpers", "misc":
			t.Errorf("%s: package %s says nothing", s.path, name)
		}
	}
}

func TestExportedIdentifiersHaveDocComments(t *testing.T) {
	byDir := map[string][]*ast.File{}
	fset := token.NewFileSet()
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") || s.file.Name.Name == "main" {
			continue
		}
		f, err := parser.ParseFile(fset, s.path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		byDir[s.dir] = append(byDir[s.dir], f)
	}
	for dir, files := range byDir {
		p, err := doc.NewFromFiles(fset, files, module+"/"+dir)
		if err != nil {
			t.Fatal(err)
		}
		missing := func(kind, name, text string) {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s %s has no doc comment", dir, kind, name)
			}
		}
		missing("package", p.Name, p.Doc)
		value := func(v *doc.Value) {
			for _, spec := range v.Decl.Specs {
				s := spec.(*ast.ValueSpec)
				for _, n := range s.Names {
					if n.IsExported() {
						missing("value", n.Name, v.Doc+s.Doc.Text()+s.Comment.Text())
					}
				}
			}
		}
		for _, v := range append(p.Consts, p.Vars...) {
			value(v)
		}
		for _, f := range p.Funcs {
			missing("function", f.Name, f.Doc)
		}
		for _, typ := range p.Types {
			missing("type", typ.Name, typ.Doc)
			for _, v := range append(typ.Consts, typ.Vars...) {
				value(v)
			}
			for _, f := range typ.Funcs {
				missing("function", f.Name, f.Doc)
			}
			for _, m := range typ.Methods {
				missing("method", typ.Name+"."+m.Name, m.Doc)
			}
		}
	}
}

// go doc . leads to every package that others can import, and to each command of bench.
func TestTheOverviewNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.FieldsFunc(string(text), func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:.", r) })
	seen := map[string]bool{".": true}
	for _, s := range sources(t) {
		dir := filepath.ToSlash(s.dir)
		top, _, _ := strings.Cut(dir, "/")
		if seen[dir] || strings.HasSuffix(s.path, "_test.go") || slices.Contains([]string{"internal", "cmd", "examples", "docs", "findings"}, top) {
			continue
		}
		seen[dir] = true
		if !slices.Contains(words, dir) {
			t.Errorf("doc.go does not name the package %s", dir)
		}
	}
}

// Every package that others can import calls all that it exports with arguments that nobody means:
// hostile.API fails where a function or a method is left out, and this where a package is.
func TestEveryPackageIsTestedWithHostileArguments(t *testing.T) {
	exports, tested := map[string]bool{}, map[string]bool{}
	for _, s := range sources(t) {
		top, _, _ := strings.Cut(filepath.ToSlash(s.dir), "/")
		switch {
		case strings.HasSuffix(s.path, "_test.go"):
			if strings.Contains(s.text, "hostile.API{") && strings.Contains(s.text, "}.Test(t)") {
				tested[s.dir] = true
			}
		case s.file.Name.Name == "main" || top == "internal" || top == "cmd":
		default:
			exports[s.dir] = exports[s.dir] || slices.ContainsFunc(s.file.Decls, func(d ast.Decl) bool {
				f, ok := d.(*ast.FuncDecl)
				return ok && f.Name.IsExported()
			})
		}
	}
	for dir, yes := range exports {
		if yes && !tested[dir] {
			t.Errorf("%s: no test calls hostile.API{...}.Test(t), see internal/hostile", dir)
		}
	}
}

// The program is flags, printing and the files of a run; what is more than that, others want to
// call from Go.
func TestTheProgramIsSmall(t *testing.T) {
	const most = 4000
	lines := 0
	for _, s := range sources(t) {
		if strings.HasPrefix(filepath.ToSlash(s.dir), "cmd/surge") && !strings.HasSuffix(s.path, "_test.go") {
			lines += s.lines
		}
	}
	if lines > most {
		t.Errorf("cmd/surge and the packages below have %d lines, want at most %d: what is no flag and no print belongs into a library", lines, most)
	}
}
