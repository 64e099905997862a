package datacmd

import (
	"encoding/json"

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

// Run lists.
func (c *List) Run(k *kong.Context) error {
	sets, encoders, layers := data.Choices(data.Sets), data.Choices(data.Encoders), data.Choices(experiment.Layers)
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(struct {
			Sets     []data.Choice `json:"sets"`
			Encoders []data.Choice `json:"encoders"`
			Layers   []data.Choice `json:"layers"`
		}{sets, encoders, layers})
	}
	for _, section := range []struct {
		key  string
		rows []data.Choice
	}{{"[data] set", sets}, {"[encode] kind", encoders}, {"[[layer]] kind", layers}} {
		for _, row := range section.rows {
			if err := row.Print(k.Stdout, section.key); err != nil {
				return err
			}
		}
	}
	return nil
}
