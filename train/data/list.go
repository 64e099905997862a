package data

import (
	"fmt"
	"io"
)

// Choice is a row of a catalogue in words.
type Choice struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
	Keys []Key  `json:"keys"`
}

// Key is a parameter in words.
type Key struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default any    `json:"default"`
	Doc     string `json:"doc"`
}

// typeNames are what TOML calls the types of keys.
var typeNames = map[string]string{"string": "string", "int": "integer", "float64": "number", "bool": "true or false", "[]float64": "list of numbers", "[]string": "list of strings"}

// Choices returns the rows of a catalogue in words.
func Choices[T any](c Catalogue[T]) (all []Choice) {
	for _, row := range c {
		x := Choice{row.Name, row.Doc, []Key{}}
		for _, p := range row.Params() {
			x.Keys = append(x.Keys, Key{p.Name, typeNames[fmt.Sprintf("%T", p.Default)], p.Default, p.Doc})
		}
		all = append(all, x)
	}
	return all
}

// Print prints the row for people, as a choice of a section of an experiment.
func (c Choice) Print(w io.Writer, section string) error {
	if w == nil {
		return fmt.Errorf("%w: nothing to print to", ErrSettings)
	}
	if _, err := fmt.Fprintf(w, "%s = %q: %s\n", section, c.Name, c.Doc); err != nil {
		return err
	}
	for _, k := range c.Keys {
		byDefault := fmt.Sprintf(", default %v", k.Default)
		switch v := k.Default.(type) {
		case string:
			byDefault = fmt.Sprintf(", default %q", v)
			if v == "" {
				byDefault = ""
			}
		case []float64:
			if len(v) == 0 {
				byDefault = ""
			}
		case []string:
			if len(v) == 0 {
				byDefault = ""
			}
		}
		if _, err := fmt.Fprintf(w, "  %-16s  %s (%s%s)\n", k.Name, k.Doc, k.Type, byDefault); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}
