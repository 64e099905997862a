package experiment

import (
	"reflect"
	"strings"
	"testing"

	"github.com/surge-snn/surge/surrogate"
)

// TestHelp: the help has every key of every section and of every row, each with a description.
func TestHelp(t *testing.T) {
	text := Help()
	lines := map[string]bool{}
	for _, line := range strings.Split(text, "\n") {
		key, rest, found := strings.Cut(strings.TrimSpace(line), " = ")
		if !found || strings.HasPrefix(key, "#") {
			continue
		}
		lines[key] = true
		if _, doc, ok := strings.Cut(rest, "# "); !ok || strings.TrimSpace(doc) == "" || strings.HasSuffix(doc, ") ") {
			t.Errorf("%s is not described", line)
		}
	}
	var walk func(s reflect.Type)
	walk = func(s reflect.Type) {
		for i := range s.NumField() {
			f := s.Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
			switch {
			case key == "":
			case f.Type.Kind() == reflect.Struct:
				walk(f.Type)
			case isTables(f.Type):
				walk(f.Type.Elem())
			case !lines[key]:
				t.Errorf("no key %s", key)
			}
		}
	}
	walk(reflect.TypeFor[Experiment]())
	e, events := defaults(Surrogate), defaults(EventProp)
	e.Layer = []LayerSpec{{}}
	for _, s := range append(e.sections(), section{"model", &events.Model}) {
		for _, c := range s.choices() {
			for _, name := range c.rows.Names() {
				head := "# " + c.key + " = \"" + name + "\": "
				if !strings.Contains(text, head+c.rows.Doc(name)) && !strings.Contains(text, head+"(events) "+c.rows.Doc(name)) {
					t.Errorf("no row %s = %s", c.key, name)
				}
				for _, p := range c.rows.Params(name) {
					if !lines[p.Name] {
						t.Errorf("no key %s of %s = %s", p.Name, c.key, name)
					}
				}
			}
		}
	}
	for _, name := range Inits.Names() {
		if !strings.Contains(text, `# init = "`+name) {
			t.Errorf("no row init = %s", name)
		}
	}
	for _, name := range surrogate.Names() {
		if !strings.Contains(text, `# surrogate = "`+name) {
			t.Errorf("no row surrogate = %s", name)
		}
	}
}
