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
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train/data"
)

// Command is surge data.
type Command struct {
	Get  Get  `cmd:"" help:"Download a data set, for example: surge data get mnist"`
	Make Make `cmd:"" help:"Make a data set, for example: surge data make speech"`
	Info Info `cmd:"" help:"Describe a data set, for example: surge data info yinyang"`
	List List `cmd:"" help:"The data sets, encoders and layers that an experiment can name, with their keys."`
}

// Get is surge data get.
type Get struct {
	Set    string   `arg:"" enum:"mnist,osuleaf,basicmotions,gunpoint,japanesevowels,italypowerdemand" help:"The data set: ${enum}."`
	Dir    string   `placeholder:"DIR" help:"Folder for the files; default data/SET."`
	Mirror []string `placeholder:"URL" help:"Folders to download from, tried in order, instead of the public ones."`
	JSON   bool     `help:"Print a JSON object at the end."`
}

// Help is the text under the usage of the command.
func (Get) Help() string {
	return `Downloads the files that are missing (MNIST: four files, 11 MB; the others are sets of the UCR and UEA time-series archive, two files out of the published wheel of the Python package aeon, 6 MB), goes on with what an earlier attempt left, and checks the SHA-256 of each one. Files that are there and right are left alone.

Examples:

  surge data get mnist
  surge data get osuleaf && surge train osuleaf
  surge data get mnist --dir /data/mnist --mirror https://example.org/mnist`
}

// Run downloads.
func (c *Get) Run(ctx context.Context, k *kong.Context) error {
	if c.Dir == "" {
		c.Dir = "data/" + c.Set
	}
	get := data.GetMNIST
	for _, p := range data.PublishedSets() {
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
	Set  string `arg:"" name:"name|dir" help:"yinyang, or the folder of the files of MNIST, or of two .ts files."`
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

// part describes one part of a data set.
type part struct {
	Name     string `json:"name"`
	Samples  int    `json:"samples"`
	Features int    `json:"features"`
	Classes  []int  `json:"classes"` // samples of each class
}

// describe prints the parts of a data set.
func describe(w io.Writer, set string, asJSON bool) error {
	var parts []part
	add := func(name string, d data.Dataset) error {
		p, err := count(name, d)
		parts = append(parts, p)
		return err
	}
	if set == "yinyang" {
		train, valid, test := data.StandardYinYang()
		if err := errors.Join(add("training", train), add("validation", valid), add("test", test)); err != nil {
			return err
		}
	} else {
		if found, _ := filepath.Glob(filepath.Join(set, "*_TRAIN.ts")); len(found) > 0 {
			p, err := data.TS{Dir: set, Missing: "hold"}.Load()
			if err != nil {
				return err
			}
			for i, d := range p.Each() {
				if err := add([]string{"training", "validation", "test"}[i], d); err != nil {
					return err
				}
			}
			return write(w, set, parts, asJSON)
		}
		train, test, err := data.LoadMNIST(set)
		if errors.Is(err, fs.ErrNotExist) {
			return &exit.BadInput{File: set, Expected: "yinyang, or the folder of the files of MNIST; get them with: surge data get mnist", Err: err}
		}
		if err != nil {
			return err
		}
		if err := errors.Join(add("training", train), add("test", test)); err != nil {
			return err
		}
	}
	return write(w, set, parts, asJSON)
}

// write prints what was found.
func write(w io.Writer, set string, parts []part, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(struct {
			Set   string `json:"set"`
			Parts []part `json:"parts"`
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

func count(name string, d data.Dataset) (part, error) {
	f := d.Form()
	p := part{Name: name, Samples: d.Len(), Features: f.Channels, Classes: make([]int, f.Target.Size)}
	var s data.Sample
	for i := range d.Len() {
		if err := d.Sample(&s, i); err != nil {
			return p, err
		}
		p.Classes[s.Label]++
	}
	return p, nil
}
