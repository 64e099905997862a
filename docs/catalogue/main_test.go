package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestPageIsCurrent: the page and its figures are what the code says.
func TestPageIsCurrent(t *testing.T) {
	dir := t.TempDir()
	if err := write("../..", dir); err != nil {
		t.Fatal(err)
	}
	names := []string{"catalogue.md", "experiment.md"}
	for name := range figures {
		for _, paper := range papers {
			names = append(names, name+paper)
		}
	}
	for _, name := range names {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the code says (%v): go generate ./docs/catalogue", name, err)
		}
	}
}
