package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/surge-snn/surge/eventprop/equation"
)

// TestBounds: the bounds hold for a few networks of each neuron, and every neuron there is has a
// row.
func TestBounds(t *testing.T) {
	nets, only, want := 5, "", len(equation.Builtins())
	if testing.Short() {
		nets, only, want = 1, "qif", 1
	}
	var out bytes.Buffer
	if err := run(&out, nets, only, true); err != nil {
		t.Error(err)
	}
	var rows []row
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != want {
		t.Errorf("%d rows, want %d", len(rows), want)
	}
	for _, r := range rows {
		if r.Derivatives < 20*nets || r.Skipped > r.Derivatives/2 {
			t.Errorf("%+v", r)
		}
	}
}

// TestErrors: what cannot be measured is an error.
func TestErrors(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out, 1, "hodgkin", false); err == nil {
		t.Error("an unknown neuron: no error")
	}
	if err := run(&out, 0, "", false); err == nil {
		t.Error("no networks: no error")
	}
}
