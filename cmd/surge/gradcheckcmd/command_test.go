package gradcheckcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/bench/gradcheck"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// table has a row with a right gradient, one whose gradient is no derivative, and one that cannot
// be built.
func table() []gradcheck.Case {
	sum := func(f func(x *G.Node) (*G.Node, error)) func(b *graph.Builder) {
		return func(b *graph.Builder) {
			b.Loss(b.Check(G.Sum(b.Check(f(b.Param("x", models.Normal(0, 1), 3))))))
		}
	}
	return []gradcheck.Case{
		{Name: "right", Covers: []string{"ops.Exp"}, Model: sum(ops.Exp)},
		{Name: "wrong/spike", Model: sum(func(x *G.Node) (*G.Node, error) { return ops.Spike(x, surrogate.ATan{}) })},
		{Name: "broken", Inexact: "it cannot be built", Model: sum(func(x *G.Node) (*G.Node, error) { return ops.Decay(x, -1) })},
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		pattern string
		status  int
		out     []string // what each line holds
		err     string
	}{
		{"right", 0, []string{"row", "right ok x"}, ""},
		{"i.ht|spike", 1, []string{"row", "right ok", "wrong/spike FAILED x"}, "gradcheck: 1 of 2 checks over the limit: wrong/spike twin/fused"},
		{"", 2, []string{"row", "right ok", "wrong/spike FAILED x"}, "Decay with dt = -1 s"}, // the others are checked all the same
		{"left", 2, nil, "surge gradcheck: expected a pattern that is found in the name of a row (see --list), found left"},
		{"(", 2, nil, "surge gradcheck: expected a regular expression, found ("},
	} {
		var out bytes.Buffer
		c := Command{Pattern: test.pattern, Seed: 1}
		err := c.check(t.Context(), table(), &out)
		if exit.Code(err) != test.status || err != nil && (test.err == "" || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%q: %v, want status %d, %q", test.pattern, err, test.status, test.err)
		}
		lines := strings.FieldsFunc(out.String(), func(r rune) bool { return r == '\n' })
		if len(lines) != len(test.out) {
			t.Errorf("%q: %q, want %d lines", test.pattern, lines, len(test.out))
			continue
		}
		for i, want := range test.out {
			for _, word := range strings.Fields(want) {
				if !strings.Contains(lines[i], word) {
					t.Errorf("%q: line %q, want it to hold %q", test.pattern, lines[i], word)
				}
			}
		}
	}
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	c := Command{Pattern: "spike", Seed: 1, JSON: true}
	if err := c.check(t.Context(), table(), &out); exit.Code(err) != 1 {
		t.Error(err)
	}
	var r gradcheck.Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.Case != "wrong/spike" || r.Passed || !(r.Error > r.Limit) {
		t.Errorf("%s: %+v, error %v", &out, r, err)
	}
}

func TestList(t *testing.T) {
	var out bytes.Buffer
	c := Command{List: true}
	if err := c.check(t.Context(), table(), &out); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"right        ops.Exp", "wrong/spike", "it cannot be built"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s, want %q", &out, want)
		}
	}
	out.Reset()
	c = Command{List: true, JSON: true, Pattern: "broken"}
	if err := c.check(t.Context(), table(), &out); err != nil || out.String() != `{"case":"broken","covers":[],"inexact":"it cannot be built"}`+"\n" {
		t.Errorf("%s, error %v", &out, err)
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := (&Command{}).check(ctx, table(), &out); !errors.Is(err, exit.ErrInterrupted) || out.Len() > 0 {
		t.Errorf("%v, output %q", err, &out)
	}
}
