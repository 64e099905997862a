package plot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMatrix: a cell for each value, with its number, and the names of rows and columns; what does
// not fit is an error.
func TestMatrix(t *testing.T) {
	m := Matrix{Title: "t", XLabel: "answer", YLabel: "class", Rows: []string{"cat", "dog"}, Columns: []string{"cat", "dog", "none"}, Values: [][]int{{731, 0, 12}, {5, 644, 1}}}
	path := filepath.Join(t.TempDir(), "m.svg")
	if err := m.Write(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">731<", ">12<", ">644<", ">cat<", ">dog<", ">none<"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in the picture", want)
		}
	}
	if err := m.Write(filepath.Join(t.TempDir(), "m.png")); err != nil {
		t.Error(err)
	}
	wrong := m
	wrong.Values = [][]int{{1, 2, 3}, {4, -5, 6}}
	short := m
	short.Values = m.Values[:1]
	for _, m := range []Matrix{{}, wrong, short} {
		if err := m.Write(path + "x.svg"); !errors.Is(err, ErrShape) && !errors.Is(err, ErrEmpty) {
			t.Errorf("%+v: %v", m, err)
		}
	}
}
