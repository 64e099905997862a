// Command docs writes the documentation as a static site: go run ./docs -out site.
package main

import (
	"bytes"
	"embed"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
)

//go:embed *.md *.svg page.html style.css
var content embed.FS

// order is that of the pages in the navigation. A page that is missing in it is an error.
var order = []string{
	"index", "owndata", "events", "chip", "receptor", "atlas", "gradients", "neuron", "starts", "scale", // to do something
	"conventions", "losses", "catalogue", "experiment", // to know something
}

// repository is where links to files of the repository lead.
const repository = "https://github.com/surge-snn/surge/blob/main/"

var markdown = goldmark.New(
	goldmark.WithExtensions(extension.GFM),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	goldmark.WithRendererOptions(html.WithUnsafe()),
)

// page is one page of the site.
type page struct {
	Name, Title string
	source      []byte
	doc         ast.Node
}

func main() {
	out := flag.String("out", "site", "folder for the pages")
	flag.Parse()
	if err := build(*out); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// build writes all pages into a folder.
func build(out string) error {
	pages, err := load()
	if err != nil {
		return err
	}
	frame, err := template.ParseFS(content, "page.html")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	for i := range pages {
		p := &pages[i]
		p.relink()
		var body, whole bytes.Buffer
		if err := markdown.Renderer().Render(&body, p.source, p.doc); err != nil {
			return fmt.Errorf("%s.md: %w", p.Name, err)
		}
		// The text is that of the repository, not of a stranger.
		err := frame.Execute(&whole, map[string]any{"Page": p, "Pages": pages, "Body": template.HTML(themed(body.Bytes()))})
		if err != nil {
			return fmt.Errorf("%s.md: %w", p.Name, err)
		}
		if err := os.WriteFile(filepath.Join(out, p.Name+".html"), whole.Bytes(), 0o666); err != nil {
			return err
		}
	}
	return assets(out)
}

// assets writes what is no page: the style, and the figures of the pages.
func assets(out string) error {
	figures, err := fs.Glob(content, "*.svg")
	if err != nil {
		return err
	}
	for _, name := range append(figures, "style.css") {
		b, err := content.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, name), b, 0o666); err != nil {
			return err
		}
	}
	return nil
}

var figure = regexp.MustCompile(`<img src="([^":/]+)\.svg"[^>]*>`)

// themed offers readers of dark pages the figure on dark paper, where there is one.
func themed(body []byte) []byte {
	return figure.ReplaceAllFunc(body, func(img []byte) []byte {
		name := string(figure.FindSubmatch(img)[1]) + ".dark.svg"
		if _, err := fs.Stat(content, name); err != nil {
			return img
		}
		return fmt.Appendf(nil, `<picture><source srcset="%s" media="(prefers-color-scheme: dark)">%s</picture>`, name, img)
	})
}

// load reads the pages in their order.
func load() ([]page, error) {
	files, err := fs.Glob(content, "*.md")
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	var pages []page
	for _, name := range order {
		source, err := content.ReadFile(name + ".md")
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no page %s.md", name)
		}
		if err != nil {
			return nil, err
		}
		p := page{Name: name, source: source, doc: markdown.Parser().Parse(text.NewReader(source))}
		if h, ok := p.doc.FirstChild().(*ast.Heading); ok && h.Level == 1 {
			p.Title = string(h.Lines().Value(source))
		} else {
			return nil, fmt.Errorf("%s.md does not begin with a heading", name)
		}
		pages = append(pages, p)
		known[name+".md"] = true
	}
	for _, f := range files {
		if !known[f] {
			return nil, fmt.Errorf("the page %s is missing in the order of the pages", f)
		}
	}
	return pages, nil
}

// relink makes links to pages links to their HTML, and those to files of the repository lead there.
func (p *page) relink() {
	p.links(func(link string) string {
		target, fragment, _ := strings.Cut(link, "#")
		if fragment != "" {
			fragment = "#" + fragment
		}
		switch {
		case strings.Contains(link, "://") || target == "":
			return link
		case path.Ext(target) == ".md" && !strings.Contains(target, "/"):
			return strings.TrimSuffix(target, ".md") + ".html" + fragment
		case path.Ext(target) == ".svg" && !strings.Contains(target, "/"):
			return link // a figure of the page, see assets
		}
		return repository + path.Join("docs", target) + fragment
	})
}

// links calls f for the target of each link and image, and replaces it.
func (p *page) links(f func(string) string) {
	err := ast.Walk(p.doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			switch n := n.(type) {
			case *ast.Link:
				n.Destination = []byte(f(string(n.Destination)))
			case *ast.Image:
				n.Destination = []byte(f(string(n.Destination)))
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		panic(err) // cannot be: the walker returns none
	}
}
