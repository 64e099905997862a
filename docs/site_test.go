package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestBuild writes the site and looks at what every page must have.
func TestBuild(t *testing.T) {
	out := t.TempDir()
	if err := build(out); err != nil {
		t.Fatal(err)
	}
	figures, shown := regexp.MustCompile(`(?:src|srcset)="([^"]*)"`), 0
	for _, name := range order {
		b, err := os.ReadFile(filepath.Join(out, name+".html"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"<h1", `href="losses.html"`, `aria-current="page"`} {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s.html has no %s", name, want)
			}
		}
		if strings.Contains(string(b), ".md\"") {
			t.Errorf("%s.html links to Markdown", name)
		}
		for _, at := range figures.FindAllSubmatch(b, -1) {
			if _, err := os.Stat(filepath.Join(out, string(at[1]))); err != nil {
				t.Errorf("%s.html shows %s, which is not in the site", name, at[1])
			}
			shown++
		}
	}
	if shown < 6 { // three figures of the catalogue, each on two papers
		t.Errorf("%d figures in the site, want 6 at least", shown)
	}
}

// TestLinks follows every link inside of the repository.
func TestLinks(t *testing.T) {
	pages, err := load()
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	for i := range pages {
		p := &pages[i]
		p.links(func(link string) string {
			target, _, _ := strings.Cut(link, "#")
			if strings.Contains(link, "://") || target == "" {
				return link
			}
			links++
			if _, err := os.Stat(filepath.FromSlash(target)); err != nil {
				t.Errorf("%s.md links to %s, which is not there", p.Name, link)
			}
			return link
		})
	}
	if links == 0 {
		t.Error("no links were found")
	}
}

var (
	fragment = regexp.MustCompile(`href="(?:([\w-]+)\.html)?#([^"]+)"`)
	anchor   = regexp.MustCompile(`id="([^"]+)"`)
)

// TestFragments: links to a place on a page lead to one that is there.
func TestFragments(t *testing.T) {
	dir := t.TempDir()
	if err := build(dir); err != nil {
		t.Fatal(err)
	}
	text, places := map[string]string{}, map[string]map[string]bool{}
	for _, name := range order {
		b, err := os.ReadFile(filepath.Join(dir, name+".html"))
		if err != nil {
			t.Fatal(err)
		}
		text[name], places[name] = string(b), map[string]bool{}
		for _, m := range anchor.FindAllStringSubmatch(text[name], -1) {
			places[name][m[1]] = true
		}
	}
	found := 0
	for name := range text {
		for _, m := range fragment.FindAllStringSubmatch(text[name], -1) {
			to := m[1]
			if to == "" {
				to = name
			}
			found++
			if !places[to][m[2]] {
				t.Errorf("%s.html links to %s.html#%s, which is not there", name, to, m[2])
			}
		}
	}
	if found < 50 {
		t.Errorf("found %d links to places, want at least 50: the test looks in the wrong place", found)
	}
}
