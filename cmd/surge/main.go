// Command surge trains spiking neural networks, fits bias currents of the DynapSE-2 chip, and runs
// recorded simulations.
//
//	surge COMMAND --help
//
// says what a command does, with examples. The exit status is 0, 1 for a negative answer, 2 for bad
// input, 3 where a disk is full or broken, and 130 when interrupted.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/cmd/surge/benchcmd"
	"github.com/surge-snn/surge/cmd/surge/chipcmd"
	"github.com/surge-snn/surge/cmd/surge/completioncmd"
	"github.com/surge-snn/surge/cmd/surge/datacmd"
	"github.com/surge-snn/surge/cmd/surge/evalcmd"
	"github.com/surge-snn/surge/cmd/surge/exportcmd"
	"github.com/surge-snn/surge/cmd/surge/fitcmd"
	"github.com/surge-snn/surge/cmd/surge/gradbenchcmd"
	"github.com/surge-snn/surge/cmd/surge/gradcheckcmd"
	"github.com/surge-snn/surge/cmd/surge/inspectcmd"
	"github.com/surge-snn/surge/cmd/surge/nircmd"
	"github.com/surge-snn/surge/cmd/surge/plotcmd"
	"github.com/surge-snn/surge/cmd/surge/predictcmd"
	"github.com/surge-snn/surge/cmd/surge/simcmd"
	"github.com/surge-snn/surge/cmd/surge/sweepcmd"
	"github.com/surge-snn/surge/cmd/surge/traincmd"
	"github.com/surge-snn/surge/cmd/surge/truthcmd"
	"github.com/surge-snn/surge/cmd/surge/verifycmd"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/train/experiment/recipes"
)

// program is the command line. Each command is one field, with its package under cmd/surge. One
// that saves obeys a signal by itself; all others are given up where they do not return soon.
type program struct {
	Train      traincmd.Command      `cmd:"" saves:"" help:"Train a spiking network, for example: surge train yinyang"`
	Sweep      sweepcmd.Command      `cmd:"" saves:"" help:"Run an experiment with many values of its keys, for example: surge sweep rates.toml"`
	Verify     verifycmd.Command     `cmd:"" help:"Prove what a run did by doing it again, for example: surge verify runs/yinyang-1"`
	Predict    predictcmd.Command    `cmd:"" help:"Run a trained network on samples, for example: surge predict runs/yinyang-1"`
	Data       datacmd.Command       `cmd:"" help:"Download and describe data sets, for example: surge data get mnist"`
	Plot       plotcmd.Command       `cmd:"" help:"Draw the curves of runs, for example: surge plot runs/yinyang-1"`
	Inspect    inspectcmd.Command    `cmd:"" help:"Describe checkpoints, parameters and programs, for example: surge inspect runs/yinyang-1"`
	Eval       evalcmd.Command       `cmd:"" help:"Run the simulations of case files and print their numbers, for example: surge eval network.json"`
	Fit        fitcmd.Command        `cmd:"" saves:"" help:"Fit bias currents to recorded or wanted behaviour, for example: surge fit --demo"`
	Export     exportcmd.Command     `cmd:"" help:"Write a trained network as NIR, NumPy arrays or C, for example: surge export runs/yinyang-1 --format c"`
	Nir        nircmd.Command        `cmd:"" help:"Read, run, compare and rewrite networks of other simulators, for example: surge nir check network.nir"`
	Sim        simcmd.Command        `cmd:"" help:"Simulate neurons and write their traces, for example: surge sim dynapsim --config neurons.toml --input spikes.npz --plot traces.png"`
	Truth      truthcmd.Command      `cmd:"" help:"Measure true gradients of DynapSE-2 neurons and judge the rules by them, for example: surge truth --config neurons.toml --out truth.json"`
	Gradcheck  gradcheckcmd.Command  `cmd:"" help:"Check the gradients of every operation and layer, for example: surge gradcheck models.LIF"`
	Gradbench  gradbenchcmd.Command  `cmd:"" saves:"" help:"Compare estimators of gradients with the gradient that exists, for example: surge gradbench --quick"`
	Chip       chipcmd.Command       `cmd:"" help:"Turn configurations of chips into the forms of samna and Rockpool, and back."`
	Bench      benchcmd.Command      `cmd:"" help:"Measure what the project holds itself to, for example: surge bench fit"`
	Completion completioncmd.Command `cmd:"" help:"Make a shell complete commands and names, for example: source <(surge completion bash)"`

	Version kong.VersionFlag `help:"Print the version and end."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	files.Abandon()
	os.Exit(code)
}

// run parses and runs the command line and returns the exit status. Each error is one line on
// stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := command(ctx, args, stdout, stderr)
	if err != nil {
		for _, line := range exit.Lines(err) {
			fmt.Fprintf(stderr, "surge: %s\n", line)
		}
	}
	return exit.Code(err)
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		_, err := io.WriteString(stdout, start)
		return err
	}
	parser, err := newParser(ctx, stdout, stderr)
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return exit.Hint(err)
	}
	if parsed.Selected().Tag.Has("saves") {
		return parsed.Run()
	}
	return exit.Within(ctx, func() error { return parsed.Run() })
}

// start is what the program says without a command.
const start = `surge trains spiking neural networks, fits bias currents of the DynapSE-2 chip, and measures gradients.

Train a network:
  surge train yinyang           on a data set that it makes itself; some seconds
  surge train --help-config     what an experiment of your own can say
Fit bias currents to a recording, and load them on the chip:
  surge fit --demo              a neuron whose currents are known; some seconds
  surge fit --help              what the file of an experiment can say
Find out how good a gradient is:
  surge gradbench --quick       which estimators agree with the gradient that exists; some minutes
  surge gradcheck FILE.toml     whether the gradients of a network of yours are right
In Go:
  go doc github.com/surge-snn/surge

surge --help lists all commands; surge COMMAND --help has examples; surge completion bash|zsh|fish.
`

// newParser returns the parser of the command line.
func newParser(ctx context.Context, stdout, stderr io.Writer) (*kong.Kong, error) {
	return kong.New(&program{},
		kong.Name("surge"),
		kong.Description("Spiking neural networks in Go: training, event-based gradients, and fitting of DynapSE-2 bias currents."),
		kong.Vars{"version": version(), "recipes": strings.Join(recipes.Names(), ", ")},
		kong.Writers(stdout, stderr),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}

// release is the version of the program; a release is tagged with it.
const release = "v0.1.0"

// version describes the build: the release, and the revision where it was built from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "surge " + release + " (unknown build)"
	}
	words := []string{"surge", release, info.GoVersion}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			words = append(words, setting.Value)
		case "vcs.modified":
			if setting.Value == "true" {
				words = append(words, "modified")
			}
		}
	}
	return strings.Join(words, " ")
}
