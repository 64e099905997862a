package experiment

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/surge-snn/surge/internal/schema"
	"github.com/surge-snn/surge/surrogate"
)

// Help describes all keys of an experiment file, by section, with their defaults, and for each
// choice the keys that it has. It is made of what the reader reads by, so that it is complete.
func Help() string {
	h := &help{}
	h.b.WriteString("# An experiment of surge train is a file in TOML. A key that is left out has the value here, or what its text says.\n" +
		"# surge train RECIPE --print-config > my.toml writes one to begin with.\n#\n" +
		"# (steps): with train.method = \"surrogate\" alone. (events): with the other methods alone.\n\n")
	e := defaults(Surrogate)
	h.section(reflect.ValueOf(&e).Elem(), "")
	return h.b.String()
}

type help struct{ b strings.Builder }

// section writes the keys of a section, those of its choices, and the sections in it.
func (h *help) section(s reflect.Value, name string) {
	events := defaults(EventProp)
	for f, value := range schema.Fields(s) {
		key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		if key == "" || f.Type.Kind() == reflect.Struct || isTables(f.Type) {
			continue
		}
		doc := f.Tag.Get("doc")
		switch f.Tag.Get("only") {
		case "surrogate":
			doc = "(steps) " + doc
		case "events":
			doc = "(events) " + doc
			if name != "" {
				value = sectionOf(reflect.ValueOf(&events).Elem(), name).FieldByName(f.Name)
			}
		}
		h.key("", key, value.Interface(), doc)
	}
	if c, ok := s.Addr().Interface().(chooser); ok {
		h.choices(c, "")
		if _, ok := c.(*Model); ok {
			h.choices(&events.Model, "(events) ")
			h.written()
		}
	}
	for f, v := range schema.Fields(s) {
		key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case key == "":
		case f.Type.Kind() == reflect.Struct:
			fmt.Fprintf(&h.b, "\n[%s]\n", key)
			h.section(v, key)
		case isTables(f.Type):
			fmt.Fprintf(&h.b, "\n[[%s]]  # %s\n", key, f.Tag.Get("doc"))
			h.section(reflect.New(f.Type.Elem()).Elem(), key)
		}
	}
}

// isTables tells whether a field is a list of tables.
func isTables(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// sectionOf returns the section of a name.
func sectionOf(e reflect.Value, name string) reflect.Value {
	for i := range e.NumField() {
		if e.Type().Field(i).Tag.Get("toml") == name {
			return e.Field(i)
		}
	}
	return reflect.Value{}
}

// choices writes the rows of the catalogues.
func (h *help) choices(s chooser, which string) {
	for _, c := range s.choices() {
		for _, name := range c.rows.Names() {
			fmt.Fprintf(&h.b, "  # %s = %q: %s%s\n", c.key, name, which, c.rows.Doc(name))
			for _, p := range c.rows.Params(name) {
				h.key("    ", p.Name, p.Default, p.Doc)
			}
		}
	}
}

// written writes the choices that have their parameters in the same text.
func (h *help) written() {
	for _, row := range Inits {
		var keys, docs []string
		for _, p := range row.Params() {
			keys, docs = append(keys, p.Name+" = "+literal(p.Default)), append(docs, p.Name+": "+p.Doc)
		}
		text, doc := row.Name, row.Doc
		if keys != nil {
			text, doc = fmt.Sprintf("%s(%s)", text, strings.Join(keys, ", ")), fmt.Sprintf("%s (%s)", doc, strings.Join(docs, "; "))
		}
		fmt.Fprintf(&h.b, "  # init = %q: %s\n", text, doc)
	}
	for _, row := range surrogate.Catalogue() {
		fmt.Fprintf(&h.b, "  # surrogate = %q: slope %s\n", row.New(), row.Slope)
	}
	fmt.Fprintf(&h.b, "  # surrogate = %q: a rule of another library, see surrogate.Compat\n", surrogate.Peers()[0].New())
}

// key writes one key with its default.
func (h *help) key(indent, key string, value any, doc string) {
	text := fmt.Sprintf("%s%s = %s", indent, key, literal(value))
	fmt.Fprintf(&h.b, "%-32s # %s\n", text, doc)
}

// literal returns a value as TOML has it.
func literal(value any) string {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.String:
		return fmt.Sprintf("%q", v)
	case reflect.Slice:
		var all []string
		for i := range v.Len() {
			all = append(all, literal(v.Index(i).Interface()))
		}
		return "[" + strings.Join(all, ", ") + "]"
	case reflect.Map:
		return "{}"
	case reflect.Pointer: // of a number, which is nothing by default
		return "..."
	}
	return fmt.Sprint(value)
}
