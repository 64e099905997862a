package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/race"
)

// shellBlock is a block of commands in Markdown.
var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// shellWord is a word of a command, or several in quotes.
var shellWord = regexp.MustCompile(`"[^"]*"|\S+`)

// TestDocumentedCommands parses every command of surge in the documentation: a command or flag that
// is gone fails.
func TestDocumentedCommands(t *testing.T) {
	if race.Detector {
		t.Skip("what the pages say is the same without it")
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages, error %v", err)
	}
	commands := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			for line := range strings.Lines(block[1]) {
				words := shellWord.FindAllString(line, -1)
				at := 0
				for at < len(words) && words[at] != "surge" && words[at] != "./cmd/surge" {
					at++
				}
				if at == len(words) || at > 0 && words[0] != "mpiexec" && words[1] != "run" {
					continue
				}
				commands++
				args := words[at+1:]
				help := args[len(args)-1] == "--help"
				if help {
					args = args[:len(args)-1]
				}
				parser, err := newParser(context.Background(), io.Discard, io.Discard)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := parser.Parse(args); err != nil && !(help && strings.HasPrefix(err.Error(), "missing")) {
					t.Errorf("%s: %s: %v", page, strings.TrimSpace(line), err)
				}
			}
		}
	}
	if commands < 10 {
		t.Errorf("only %d commands were found", commands)
	}
}
