// Package plotcmd is the command surge plot.
package plotcmd

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/surrogate/figure"
	"github.com/surge-snn/surge/train/experiment"
)

// Command is surge plot.
type Command struct {
	Runs           []string `arg:"" name:"run" sep:"none" help:"Folders of runs, or metrics.jsonl files; surrogates: the slopes of all surrogates."`
	Out            string   `short:"o" aliases:"output" default:"curves.png" placeholder:"FILE" help:"The figure, .png or .svg (on dark paper .dark.png or .dark.svg); default ${default}, surrogates.png for surrogates."`
	Title          string   `help:"Above the figure."`
	Antiderivative bool     `help:"Of surrogates, the antiderivatives in place of the slopes."`
	JSON           bool     `help:"Print a JSON object that says what was drawn."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Draws loss and accuracy over the epochs, of training and validation. Several runs are drawn into one figure.

Examples:

  surge plot runs/yinyang-1
  surge plot runs/yinyang-1 runs/yinyang-2 -o compare.svg --title "two seeds"
  surge plot surrogates -o surrogates.svg`
}

// drawn says what of a run is in the figure.
type drawn struct {
	Run    string `json:"run"`
	Epochs int    `json:"epochs"`
}

// surrogatesName is what is drawn in place of a run of this name.
const surrogatesName = "surrogates"

// defaultOutput is the figure where none is named.
const defaultOutput = "curves.png"

// Run draws.
func (c *Command) Run(k *kong.Context) error {
	if len(c.Runs) == 1 && c.Runs[0] == surrogatesName {
		if _, err := os.Stat(surrogatesName); err != nil {
			return c.surrogates(k)
		}
	}
	if c.Antiderivative {
		return &exit.BadInput{File: "--antiderivative", Expected: "with surrogates alone", Found: fmt.Sprint(c.Runs)}
	}
	var runs []experiment.Run
	var report []drawn
	for _, path := range c.Runs {
		r, err := experiment.ReadRun(path)
		if err != nil {
			return err
		}
		report = append(report, drawn{path, len(r.Epochs)})
		runs = append(runs, r)
	}
	if len(runs) == 1 {
		runs[0].Name = ""
	}
	if err := experiment.Curves(c.Title, runs).Write(c.Out); err != nil {
		return &exit.BadInput{File: "-o " + c.Out, Err: err}
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(struct {
			Output string  `json:"output"`
			Runs   []drawn `json:"runs"`
		}{c.Out, report})
	}
	_, err := fmt.Fprintln(k.Stdout, c.Out)
	return err
}

// surrogates draws all surrogates.
func (c *Command) surrogates(k *kong.Context) error {
	if c.Out == defaultOutput {
		c.Out = surrogatesName + ".png"
	}
	drawn := figure.Surrogates(c.Antiderivative)
	if c.Title != "" {
		drawn.Title = c.Title
	}
	if err := drawn.Write(c.Out); err != nil {
		return &exit.BadInput{File: "-o " + c.Out, Err: err}
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(struct {
			Output     string       `json:"output"`
			Surrogates []figure.Row `json:"surrogates"`
		}{c.Out, figure.Rows()})
	}
	_, err := fmt.Fprintln(k.Stdout, c.Out)
	return err
}
