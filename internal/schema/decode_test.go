package schema

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/exit"
)

type file struct {
	Name  string             `toml:"name"`
	Seed  uint64             `toml:"seed"`
	Steps *int               `toml:"steps"`
	Rates []float64          `toml:"rates"`
	Unit  map[string]string  `toml:"unit"`
	Any   map[string]any     `toml:"any"`
	Scale map[string]float64 `toml:"scale"`
	Part  []part             `toml:"part"`
	One   *part              `toml:"one"`
	own   int
}

type part struct {
	On bool `toml:"on"`
	N  int  `toml:"n"`
}

func TestDecode(t *testing.T) {
	f := file{Seed: 7, own: 1}
	err := Decode("a.toml", "name = \"x\"\nsteps = 0\nrates = [1, 2.5]\nunit = {a = \"nA\"}\none = {on = true}\n[any]\nb = [1, 2.0]\n[scale]\nc = 3\n[[part]]\nn = -1\n[[part]]\non = true\n", &f)
	if err != nil {
		t.Fatal(err)
	}
	b, ok := Numbers(f.Any["b"])
	if f.Name != "x" || f.Seed != 7 || f.Steps == nil || *f.Steps != 0 || !slices.Equal(f.Rates, []float64{1, 2.5}) || f.Unit["a"] != "nA" || !ok || !slices.Equal(b, []float64{1, 2}) ||
		f.Scale["c"] != 3 || !slices.Equal(f.Part, []part{{N: -1}, {On: true}}) || !f.One.On {
		t.Errorf("%+v", f)
	}
	for text, want := range map[string]string{
		"nam = 1":                      "a.toml: nam: expected one of name, seed, steps, rates, unit, any, scale, part, one, found an unknown key, did you mean name?",
		"own = 1":                      "a.toml: own: expected one of name",
		"name = 1":                     "a.toml: name: expected a string, found 1",
		"seed = -1":                    "a.toml: seed: expected a whole number >= 0, found -1",
		"steps = 1.0":                  "a.toml: steps: expected a whole number, found 1",
		"rates = 1":                    "a.toml: rates: expected a list, found 1",
		"rates = [1, \"2\"]":           "a.toml: rates[1]: expected a number, found the string \"2\"",
		"rates = [nan]":                "a.toml: rates[0]: expected a finite number, found NaN",
		"rates = [-inf]":               "a.toml: rates[0]: expected a finite number, found -Inf",
		"unit = {a = 1}":               "a.toml: unit.a: expected a string, found 1",
		"unit = [1]":                   "a.toml: unit: expected a table, {name = value}, found the list [1]",
		"part = 1":                     "a.toml: part: expected a list, found 1",
		"[[part]]\n[[part]]\nm = 1":    "a.toml: part[1].m: expected one of part[1].on, part[1].n, found an unknown key, did you mean part[1].n?",
		"[one]\non = 1":                "a.toml: one.on: expected true or false, found 1",
		"one = 1":                      "a.toml: one: expected a table of on, n, found 1",
		"name = \"x\"\nseed = \n":      "a.toml: line 2: ",
		"part = [{n = 1}, {n = true}]": "a.toml: part[1].n: expected a whole number, found true",
	} {
		var f file
		err := Decode("a.toml", text, &f)
		if bad := (*exit.BadInput)(nil); !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
	if want := []string{"a.on", "a.n"}; !slices.Equal(keys(reflect.TypeFor[part](), "a."), want) {
		t.Errorf("%v", keys(reflect.TypeFor[part](), "a."))
	}
}

// open is a struct with keys of its own choice.
type open struct {
	Name string         `toml:"name,omitzero"`
	more map[string]any // "gain", "loss" by the name
}

func (o *open) Extra() []string { return []string{o.Name} }
func (o *open) Extend(key string, value any) bool {
	if key == o.Name {
		o.more = map[string]any{key: value}
	}
	return key == o.Name
}

// TestExtended: what a struct takes beside its fields comes after them, and is among the names in
// messages.
func TestExtended(t *testing.T) {
	var o open
	if err := Decode("a.toml", "gain = 2\nname = \"gain\"", &o); err != nil || o.more["gain"] != int64(2) {
		t.Errorf("%+v, %v", o, err)
	}
	want := "a.toml: gian: expected one of name, gain, found an unknown key, did you mean gain?"
	if err := Decode("a.toml", "gian = 2\nname = \"gain\"", &o); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// FuzzDecode decodes arbitrary text, or says in one line what is wrong.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"", "name = \"x\"\n[[part]]\nn = 1", "rates = [[1]]", "part = []", "any = {a = [{b = 1}]}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v file
		err := Decode("a.toml", text, &v)
		if bad := (*exit.BadInput)(nil); err != nil && (!errors.As(err, &bad) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "a.toml: ")) {
			t.Fatal(err)
		}
	})
}
