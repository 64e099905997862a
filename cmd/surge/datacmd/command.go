// Package datacmd is the command surge data.
package datacmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train/data"
)

// Command is surge data.
type Command struct {
	Get  Get  `cmd:"" saves:"" help:"Download a data set, for example: surge data get mnist"`
	Make Make `cmd:"" help:"Make a data set, for example: surge data make speech"`
	Info Info `cmd:"" help:"Describe a data set, for example: surge data info yinyang"`
	List List `cmd:"" help:"The data sets, encoders and layers that an experiment can name, with their keys."`
}

// Get is surge data get.
type Get struct {
	Set    string   `arg:"" enum:"mnist,osuleaf,basicmotions,gunpoint,japanesevowels,italypowerdemand,grasshopper" help:"The data set: ${enum}."`
	Dir    string   `placeholder:"DIR" help:"Folder for the files; default data/SET."`
	Mirror []string `placeholder:"URL" help:"Folders to download from, tried in order, instead of the public ones."`
	JSON   bool     `help:"Print a JSON object at the end."`
}

// Help is the text under the usage of the command.
func (Get) Help() string {
	return `Downloads the files that are missing (MNIST: four files, 11 MB; the others are sets of the UCR and UEA time-series archive, two files out of the published wheel of the Python package aeon, 6 MB; grasshopper: sound and spikes of an auditory neuron, four files out of that of nitime, 4 MB), goes on with what an earlier attempt left, and checks the SHA-256 of each one. Files that are there and right are left alone.

Examples:

  surge data get mnist
  surge data get osuleaf && surge train osuleaf
  surge data get grasshopper && go run ./examples/receptor
  surge data get mnist --dir /data/mnist --mirror https://example.org/mnist`
}

// Run downloads.
func (c *Get) Run(ctx context.Context, k *kong.Context) error {
	if c.Dir == "" {
		c.Dir = "data/" + c.Set
	}
	get := data.GetMNIST
	for _, p := range append(data.PublishedSets(), data.Grasshopper()) {
		if p.Name == c.Set {
			get = p.Get
		}
	}
	err := get(ctx, c.Dir, data.Download{Mirrors: c.Mirror, Progress: progress(k.Stderr)})
	if ctx.Err() != nil {
		return fmt.Errorf("%w: go on with: surge data get %s --dir %s", exit.ErrInterrupted, c.Set, c.Dir)
	}
	if err != nil {
		return err
	}
	return describe(k.Stdout, c.Dir, c.JSON)
}

// progress returns a function that draws a bar, nil where w is not a terminal.
func progress(w io.Writer) func(data.Progress) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	file := ""
	return func(p data.Progress) {
		if p.File != file {
			file = p.File
			bar = progressbar.DefaultBytes(p.Total, file)
		}
		_ = bar.Set64(p.Done) // an error of the terminal is none of the download
	}
}

// Info is surge data info.
type Info struct {
	Set  string `arg:"" name:"name|dir" help:"yinyang, or the folder of the files of MNIST, of two .ts files, or of grasshopper."`
	JSON bool   `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (Info) Help() string {
	return `Prints the number of samples, features and classes of the parts of a data set, and the samples of each class.

Examples:

  surge data info yinyang
  surge data info data/mnist --json`
}

// Run describes.
func (c *Info) Run(k *kong.Context) error { return describe(k.Stdout, c.Set, c.JSON) }

// heard is a line on a recording of a neuron that hears.
type heard struct {
	Seconds float64 `json:"seconds"`
	CutOff  float64 `json:"cut_off"` // Hz
	Level   float64 `json:"level"`   // dB
	Spikes  int     `json:"spikes"`
}

// describeReceptor prints the recordings of data.Grasshopper.
func describeReceptor(w io.Writer, set string, asJSON bool) error {
	list, err := data.LoadGrasshopper(set)
	if err != nil {
		return err
	}
	var rows []heard
	for _, r := range list {
		rows = append(rows, heard{r.Seconds(), r.CutOff, r.Level, len(r.Spikes)})
	}
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]any{"set": set, "recordings": rows})
	}
	for i, r := range rows {
		if _, err := fmt.Fprintf(w, "stimulus %d  %g s of sound, up to %g Hz, at %.1f dB: %d spikes\n", i+1, r.Seconds, r.CutOff, r.Level, r.Spikes); err != nil {
			return err
		}
	}
	return nil
}

// describe prints the parts of a data set.
func describe(w io.Writer, set string, asJSON bool) error {
	if data.IsGrasshopper(set) {
		return describeReceptor(w, set, asJSON)
	}
	parts, err := data.Describe(set)
	if errors.Is(err, fs.ErrNotExist) {
		return &exit.BadInput{File: set, Expected: "yinyang, or the folder of the files of MNIST; get them with: surge data get mnist", Err: err}
	}
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(w).Encode(struct {
			Set   string      `json:"set"`
			Parts []data.Part `json:"parts"`
		}{set, parts})
	}
	for _, p := range parts {
		classes := strings.Trim(fmt.Sprint(p.Classes), "[]")
		if _, err := fmt.Fprintf(w, "%-10s  %6d samples, %d features, %d classes: %s\n", p.Name, p.Samples, p.Features, len(p.Classes), classes); err != nil {
			return err
		}
	}
	return nil
}
