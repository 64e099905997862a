// Package completioncmd is the command surge completion.
package completioncmd

import (
	"fmt"
	"io"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/fit"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/bench/gradcheck"
	"github.com/surge-snn/surge/bench/speed"
	"github.com/surge-snn/surge/internal/complete"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train/experiment/recipes"
)

// Command is surge completion.
type Command struct {
	Shell string   `arg:"" enum:"bash,zsh,fish,words" help:"bash, zsh or fish. (words: what the script asks for.)"`
	Words []string `arg:"" optional:"" hidden:"" help:"The words so far."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Prints a script that makes a shell complete commands, flags and names: recipes, suites, benchmarks, workloads, parameters, simulators.

  source <(surge completion bash)                                    in ~/.bashrc
  source <(surge completion zsh)                                     in ~/.zshrc, after compinit
  surge completion fish > ~/.config/fish/completions/surge.fish`
}

// lists are the names behind the tags complete:"NAME".
var lists = map[string]func() []string{
	"recipes":    recipes.Names,
	"suites":     suite.Names,
	"benchmarks": fit.Names,
	"simulators": func() []string { return nir.PeerNames },
	"workloads": func() (names []string) {
		for _, w := range speed.All() {
			names = append(names, w.Name)
		}
		return names
	},
	"parameters": func() (names []string) {
		for p := range dynapse.Param(dynapse.NumParams) {
			names = append(names, p.String())
		}
		return names
	},
	"rows": func() (names []string) {
		for _, c := range gradcheck.Table() {
			names = append(names, c.Name)
		}
		return names
	},
}

// Run prints the script, or the words.
func (c *Command) Run(k *kong.Context) error {
	if script := complete.Script(c.Shell); script != "" {
		_, err := io.WriteString(k.Stdout, script)
		return err
	}
	for _, word := range complete.Words(k.Model, lists, c.Words) {
		if _, err := fmt.Fprintln(k.Stdout, word); err != nil {
			return err
		}
	}
	return nil
}
