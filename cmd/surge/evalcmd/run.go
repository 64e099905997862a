package evalcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/evaluate"
	"github.com/surge-snn/surge/train/experiment"
)

// isRun tells whether the arguments are the folder of a run, and perhaps data.
func (c *Command) isRun() bool {
	if len(c.Cases) == 0 {
		return false
	}
	info, err := os.Stat(c.Cases[0])
	return err == nil && info.IsDir()
}

// judge evaluates a trained network.
func (c *Command) judge(ctx context.Context, k *kong.Context) error {
	if len(c.Cases) > 2 {
		return &exit.BadInput{File: c.Cases[2], Expected: "the folder of a run, and at most one file of samples", Found: "another argument"}
	}
	dir, file := c.Cases[0], ""
	if len(c.Cases) > 1 {
		file = c.Cases[1]
	}
	t, err := experiment.Restore(filepath.Join(dir, experiment.ConfigFile), filepath.Join(dir, experiment.ParamsFile))
	if err != nil {
		return err
	}
	defer t.Net.Close()
	set, err := t.Open(file)
	if err != nil {
		return err
	}
	s := evaluate.New(t, set.Data.Form().Target)
	picture, what := s.Picture()
	if picture == "" && c.Figure != "" {
		return &exit.BadInput{File: "--figure " + c.Figure, Expected: "samples with classes, vectors or sequences", Found: "samples without"}
	}
	if err := t.Predict(ctx, set, func(p *train.Prediction) error {
		s.Add(p)
		return nil
	}); err != nil {
		return err
	}
	s.Finish()
	figure := c.Figure
	if figure == "" && picture != "" {
		figure = filepath.Join(dir, picture)
	}
	if figure != "" {
		if err := s.Draw(figure, fmt.Sprintf("%s: %s", t.Name, s.Head())); err != nil {
			return &exit.BadInput{File: figure, Err: err}
		}
		s.Figure = figure
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(s)
	}
	if err := s.Write(k.Stdout); err != nil || figure == "" {
		return err
	}
	_, err = fmt.Fprintf(k.Stdout, "%s  %s\n", figure, what)
	return err
}
