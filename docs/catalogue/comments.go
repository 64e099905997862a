package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const module = "github.com/surge-snn/surge"

// packages are those that the page quotes.
var packages = []string{"models", "ops", "train", "train/data", "optim", "eventprop", "eventprop/equation"}

// comments are the doc comments of packages.
type comments struct {
	fset     *token.FileSet
	packages map[string]*doc.Package
}

// load reads the packages that the page quotes.
func load(root string) (*comments, error) {
	c := &comments{fset: token.NewFileSet(), packages: map[string]*doc.Package{}}
	for _, dir := range packages {
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

// constants writes the comments of constants of a package in their order, each with its value, a
// text.
func (c *comments) constants(b *bytes.Buffer, dir string) {
	p := c.packages[dir]
	for _, group := range p.Consts {
		for _, s := range group.Decl.Specs {
			s := s.(*ast.ValueSpec)
			for i, name := range s.Names {
				value, ok := s.Values[i].(*ast.BasicLit)
				if !ok || value.Kind != token.STRING || s.Doc == nil {
					continue
				}
				fmt.Fprintf(b, "### %s.%s\n\n%s\n%s\n", filepath.Base(dir), name.Name, p.Printer().Markdown(p.Parser().Parse(s.Doc.Text())), formula(strings.Trim(value.Value, "`\n")))
			}
		}
	}
}

// formula returns lines as a block of code.
func formula(lines string) string { return "\t" + strings.ReplaceAll(lines, "\n", "\n\t") + "\n" }

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
	printer.DocLinkURL = func(l *comment.DocLink) string {
		if l.ImportPath == "" {
			l.ImportPath = module + "/" + dir
		}
		return l.DefaultURL(reference)
	}
	for _, e := range c.entries(dir) {
		if wanted(e) {
			fmt.Fprintf(b, "### %s.%s\n\n%s\n", filepath.Base(dir), e.name, printer.Markdown(p.Parser().Parse(e.text)))
		}
	}
}

// reference is where the documentation of packages is.
const reference = "https://pkg.go.dev"

var heading = regexp.MustCompile(`(?m)^### (\w+)\.(\w+)$`)

// linked makes links to what is on the page stay on it.
func linked(page []byte) []byte {
	for _, h := range heading.FindAllStringSubmatch(string(page), -1) {
		for _, dir := range packages {
			if filepath.Base(dir) == h[1] {
				link := fmt.Sprintf("(%s/%s/%s#%s)", reference, module, dir, h[2])
				page = bytes.ReplaceAll(page, []byte(link), []byte("(#"+strings.ToLower(h[1]+h[2])+")"))
			}
		}
	}
	return page
}

// result is the type that a function, or Apply of a type, returns; Node is that of Gorgonia.
func (e entry) result() string {
	decl := e.function
	for _, m := range e.methods {
		if m.Name == "Apply" {
			decl = m.Decl
		}
	}
	if decl == nil || decl.Type.Results == nil || len(decl.Type.Results.List) == 0 {
		return ""
	}
	return strings.TrimPrefix(types.ExprString(decl.Type.Results.List[0].Type), "*G.")
}

// neurons are the layers that give spikes.
func neurons(e entry) bool {
	return e.function == nil && e.name != "PeerNeuron" && slices.Contains([]string{"Neurons", "Winners"}, e.result())
}

// otherLayers are those that do not.
func otherLayers(e entry) bool {
	return e.function == nil && e.result() != "" && !neurons(e) && e.name != "PeerNeuron"
}

// inFile takes what stands in these files: types and functions.
func inFile(names ...string) func(entry) bool {
	return func(e entry) bool { return slices.Contains(names, e.file) }
}

// function takes functions in these files that have a result, and types that are applied.
func function(names ...string) func(entry) bool {
	return func(e entry) bool { return inFile(names...)(e) && e.result() != "" }
}

// losses take a builder and nodes, and give a node.
func losses(e entry) bool {
	return e.function != nil && e.result() == "Node" && strings.Contains(types.ExprString(e.function.Type), "graph.Builder") && e.name != "Spike" && e.name != "Flatten"
}

// trained are losses and metrics of package train, and the distances of which they are made.
func trained(e entry) bool {
	if e.function == nil {
		return false
	}
	return slices.Contains([]string{"Loss", "TapeLoss", "Metric"}, e.result()) || strings.Contains(types.ExprString(e.function.Type), "Targets") || inFile("distance.go")(e)
}

// initialisers give an Init, or have a method that does.
func initialisers(e entry) bool {
	return e.function != nil && e.result() == "graph.Init" || methods("Init")(e) || e.name == "ScaleToRate"
}

// transforms are the optimizers, what stands around them, and the coordinates of Reparam.
func transforms(e entry) bool {
	return methods("Init", "Update")(e) || strings.HasSuffix(e.name, "Map") && e.name != "Map" || e.result() == "Chain"
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
