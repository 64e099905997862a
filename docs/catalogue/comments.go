package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/surge-snn/surge"

// comments are the doc comments of packages.
type comments struct {
	fset     *token.FileSet
	packages map[string]*doc.Package
}

// load reads the packages that the page quotes.
func load(root string) (*comments, error) {
	c := &comments{fset: token.NewFileSet(), packages: map[string]*doc.Package{}}
	for _, dir := range []string{"models", "ops", "train", "optim"} {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			return nil, err
		}
		var parsed []*ast.File
		for _, e := range entries {
			if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			f, err := parser.ParseFile(c.fset, filepath.Join(root, dir, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			parsed = append(parsed, f)
		}
		if c.packages[dir], err = doc.NewFromFiles(c.fset, parsed, module+"/"+dir); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// entry is an exported type or function with its comment.
type entry struct {
	name, text, file string
	methods          []*doc.Func // of a type
	function         *ast.FuncDecl
}

// entries returns the types and functions of a package, in the order of their names.
func (c *comments) entries(dir string) []entry {
	p := c.packages[dir]
	file := func(n ast.Node) string { return filepath.Base(c.fset.Position(n.Pos()).Filename) }
	var all []entry
	add := func(f *doc.Func) {
		all = append(all, entry{name: f.Name, text: f.Doc, file: file(f.Decl), function: f.Decl})
	}
	for _, f := range p.Funcs {
		add(f)
	}
	for _, t := range p.Types {
		all = append(all, entry{name: t.Name, text: t.Doc, file: file(t.Decl), methods: t.Methods})
		for _, f := range t.Funcs {
			add(f)
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return all
}

// section writes a heading and the comments of the entries that are wanted.
func (c *comments) section(b *bytes.Buffer, title, intro, dir string, wanted func(entry) bool) {
	fmt.Fprintf(b, "## %s\n\n", title)
	if intro != "" {
		b.WriteString(intro + "\n\n")
	}
	c.list(b, dir, wanted)
}

func (c *comments) list(b *bytes.Buffer, dir string, wanted func(entry) bool) {
	p := c.packages[dir]
	printer := p.Printer()
	printer.HeadingLevel = 4
	printer.DocLinkBaseURL = "https://pkg.go.dev"
	for _, e := range c.entries(dir) {
		if !wanted(e) {
			continue
		}
		fmt.Fprintf(b, "### %s.%s\n\n%s\n", filepath.Base(dir), e.name, printer.Markdown(p.Parser().Parse(e.text)))
	}
}

// result is the type that Apply of a type returns, without its package.
func (e entry) result() string {
	for _, m := range e.methods {
		if m.Name == "Apply" && m.Decl.Type.Results != nil && len(m.Decl.Type.Results.List) > 0 {
			if id, ok := m.Decl.Type.Results.List[0].Type.(*ast.Ident); ok {
				return id.Name
			}
			return "?"
		}
	}
	return ""
}

// neurons are the layers that give spikes.
func neurons(e entry) bool {
	return e.name != "PeerNeuron" && slices.Contains([]string{"Neurons", "Winners"}, e.result())
}

// otherLayers are those that do not.
func otherLayers(e entry) bool {
	return e.result() != "" && !neurons(e) && e.name != "PeerNeuron"
}

// inFile takes what stands in these files.
func inFile(names ...string) func(entry) bool {
	return func(e entry) bool { return slices.Contains(names, e.file) }
}

// methods takes types with these methods.
func methods(names ...string) func(entry) bool {
	return func(e entry) bool {
		for _, name := range names {
			if !slices.ContainsFunc(e.methods, func(m *doc.Func) bool { return m.Name == name }) {
				return false
			}
		}
		return len(e.methods) > 0
	}
}
