package data

import (
	"errors"
	"reflect"
	"testing"
)

// greetings is a catalogue of two rows.
var greetings = Catalogue[string]{
	{"hello", "to one", func(p *Params) string {
		name := p.String("name", "world", "who")
		p.Want("name", name != "", "a name")
		return "hello " + name
	}},
	{"count", "to many", func(p *Params) string {
		n := p.Int("n", 3, "how many")
		p.Float("tau", 0, "s")
		p.Bool("loud", false, "with a shout")
		p.Floats("at", []float64{1, 2}, "s")
		p.Strings("to", nil, "names")
		p.Choice("how", "", "manner", "soft", "harsh")
		p.Want("n", n > 0, "> 0")
		return ""
	}},
}

func TestCatalogue(t *testing.T) {
	got, effective, err := greetings.New("hello", Table{"name": "you"})
	if err != nil || got != "hello you" || !reflect.DeepEqual(effective, Table{"name": "you"}) {
		t.Errorf("%q, %v, %v", got, effective, err)
	}
	// What is nothing by default and in fact is left out; numbers have their own type.
	_, effective, err = greetings.New("count", Table{"tau": int64(2), "at": []any{int64(1), 0.5}, "to": []any{"a"}, "how": "soft"})
	want := Table{"n": 3, "tau": 2.0, "at": []float64{1, 0.5}, "to": []string{"a"}, "how": "soft"}
	if err != nil || !reflect.DeepEqual(effective, want) {
		t.Errorf("%v, %v, want %v", effective, err, want)
	}
	// What is in effect gives the same again.
	if _, again, err := greetings.New("count", effective); err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("%v, %v, want %v", again, err, want)
	}
	row, _ := greetings.Row("hello")
	if p := row.Params(); !reflect.DeepEqual(p, []Param{{"name", "world", "who"}}) {
		t.Errorf("parameters %v", p)
	}
	for _, c := range []struct {
		name  string
		table Table
		want  KeyError
	}{
		{"bye", nil, KeyError{"", "one of hello, count", `"bye"`}},
		{"hello", Table{"nam": 1}, KeyError{"nam", "one of name, the keys of hello", "an unknown key"}},
		{"hello", Table{"tau": 1}, KeyError{"tau", "one of name, the keys of hello", "a key of count"}},
		{"hello", Table{"name": 3}, KeyError{"name", "a string", "3"}},
		{"hello", Table{"name": ""}, KeyError{"name", "a name", `the string ""`}},
		{"count", Table{"n": 0.5}, KeyError{"n", "a whole number from 0 to 10000000", "0.5"}},
		{"count", Table{"n": int64(-1)}, KeyError{"n", "a whole number from 0 to 10000000", "-1"}},
		{"count", Table{"n": int64(1) << 40}, KeyError{"n", "a whole number from 0 to 10000000", "1099511627776"}},
		{"count", Table{"n": 0}, KeyError{"n", "> 0", "0"}},
		{"count", Table{"tau": "x"}, KeyError{"tau", "a finite number", `the string "x"`}},
		{"count", Table{"loud": 1}, KeyError{"loud", "true or false", "1"}},
		{"count", Table{"at": 1.0}, KeyError{"at", "a list of numbers", "1"}},
		{"count", Table{"at": []any{"x"}}, KeyError{"at", "a list of numbers", "[x]"}},
		{"count", Table{"to": []any{1}}, KeyError{"to", "a list of strings", "[1]"}},
		{"count", Table{"how": "loud"}, KeyError{"how", "one of soft, harsh", `the string "loud"`}},
	} {
		_, _, err := greetings.New(c.name, c.table)
		if k := (*KeyError)(nil); !errors.As(err, &k) || *k != c.want || !errors.Is(err, ErrSettings) {
			t.Errorf("%s %v: %v, want %v", c.name, c.table, err, &c.want)
		}
	}
}

// TestRows: each row of the catalogues has another name and a description, and so has each
// parameter of it; parameters at their defaults are either right or missing.
func TestRows(t *testing.T) {
	check := func(name, doc string, params []Param, err error) {
		if name == "" || doc == "" {
			t.Errorf("row %q with the description %q", name, doc)
		}
		seen := map[string]bool{}
		for _, p := range params {
			if p.Name == "" || p.Doc == "" || seen[p.Name] {
				t.Errorf("%s: parameter %q with the description %q, a second one: %v", name, p.Name, p.Doc, seen[p.Name])
			}
			seen[p.Name] = true
		}
		if k := (*KeyError)(nil); err != nil && (!errors.As(err, &k) || k.Found != "nothing") {
			t.Errorf("%s without parameters: %v", name, err)
		}
	}
	names := map[string]bool{}
	for _, row := range Sets {
		_, _, err := Sets.New(row.Name, nil)
		check(row.Name, row.Doc, row.Params(), err)
		names[row.Name] = true
	}
	for _, row := range Encoders {
		_, _, err := Encoders.New(row.Name, nil)
		check(row.Name, row.Doc, row.Params(), err)
		if err != nil {
			t.Errorf("%s without parameters: %v", row.Name, err)
		}
		names[row.Name] = true
	}
	if len(names) != len(Sets)+len(Encoders) {
		t.Errorf("a name occurs twice in %v and %v", Sets.Names(), Encoders.Names())
	}
}
