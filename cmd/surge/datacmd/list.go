package datacmd

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
)

// List is surge data list.
type List struct {
	JSON bool `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (List) Help() string {
	return `Prints the data sets, the encoders and the layers that the sections [data] and [encode] and the list [[layer]] of an experiment can name, with their keys, defaults and meaning.

Examples:

  surge data list
  surge data list --json`
}

// choice is a row of a catalogue.
type choice struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
	Keys []key  `json:"keys"`
}

type key struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default any    `json:"default"`
	Doc     string `json:"doc"`
}

// typeNames are what TOML calls the types of keys.
var typeNames = map[string]string{"string": "string", "int": "integer", "float64": "number", "bool": "true or false", "[]float64": "list of numbers", "[]string": "list of strings"}

func choices[T any](c data.Catalogue[T]) (all []choice) {
	for _, row := range c {
		x := choice{row.Name, row.Doc, []key{}}
		for _, p := range row.Params() {
			x.Keys = append(x.Keys, key{p.Name, typeNames[fmt.Sprintf("%T", p.Default)], p.Default, p.Doc})
		}
		all = append(all, x)
	}
	return all
}

// Run lists.
func (c *List) Run(k *kong.Context) error {
	sets, encoders, layers := choices(data.Sets), choices(data.Encoders), choices(experiment.Layers)
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(struct {
			Sets     []choice `json:"sets"`
			Encoders []choice `json:"encoders"`
			Layers   []choice `json:"layers"`
		}{sets, encoders, layers})
	}
	for _, section := range []struct {
		key  string
		rows []choice
	}{{"[data] set", sets}, {"[encode] kind", encoders}, {"[[layer]] kind", layers}} {
		for _, row := range section.rows {
			if err := row.print(k.Stdout, section.key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c choice) print(w io.Writer, section string) error {
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
