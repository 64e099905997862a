package datacmd

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/alecthomas/kong"
	"github.com/schollz/progressbar/v3"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train/data/speech"
)

// Make is surge data make.
type Make struct {
	Set         string `arg:"" enum:"speech" help:"The data set: ${enum}."`
	Dir         string `placeholder:"DIR" help:"Folder for the files; default data/SET."`
	Sound       string `default:"auto" enum:"auto,espeak,formants" help:"Who speaks: espeak-ng where it is installed (auto), or a synthesiser of its own (formants)."`
	Voices      int    `default:"14" help:"Voices to learn from."`
	TestVoices  int    `default:"4" help:"Other voices, for the test."`
	Repetitions int    `default:"5" help:"How often each voice says each digit."`
	Seed        uint64 `default:"1" help:"Of voices and repetitions."`
	JSON        bool   `help:"Print a JSON object at the end."`
}

// Help is the text under the usage of the command.
func (Make) Help() string {
	return `Makes a set in the form of the Heidelberg digits (SHD): shd_train.h5 and shd_test.h5, ten English and ten German digits as the spikes of 700 channels of a model cochlea (gammatone filters from 80 to 5000 Hz, hair cells that compress and adapt, refractory neurons). The voices of the test are others than those to learn from. What espeak-ng says depends on its version; with --sound formants equal settings give equal bytes.

Examples:

  surge data make speech && surge train shd --data data/speech
  surge data make speech --sound formants --voices 30 --dir data/digits`
}

// Run makes the files.
func (c *Make) Run(ctx context.Context, k *kong.Context) error {
	if c.Dir == "" {
		c.Dir = filepath.Join("data", c.Set)
	}
	if c.Voices <= 0 || c.TestVoices <= 0 || c.Repetitions <= 0 {
		return &exit.BadInput{File: "--voices", Expected: "numbers > 0", Found: fmt.Sprintf("%d and %d voices, %d repetitions", c.Voices, c.TestVoices, c.Repetitions)}
	}
	s := speech.Settings{Sound: speech.Formants{Seed: c.Seed}, Voices: c.Voices, TestVoices: c.TestVoices, Repetitions: c.Repetitions}
	used := "formants"
	if c.Sound != "formants" {
		e, ok := speech.FindEspeak(c.Seed)
		switch {
		case ok:
			s.Sound, used = e, "espeak"
		case c.Sound == "espeak":
			return &exit.BadInput{File: "--sound", Expected: "espeak-ng on the path (a package of most systems), or --sound formants", Found: "no such program"}
		}
	}
	if n := s.Sound.Voices(); c.Voices+c.TestVoices > n {
		return &exit.BadInput{File: "--voices", Expected: fmt.Sprintf("at most %d voices in all, as %s has", n, used), Found: fmt.Sprintf("%d + %d", c.Voices, c.TestVoices)}
	}
	total := (c.Voices + c.TestVoices) * c.Repetitions * len(speech.Keys())
	if draw := progress(k.Stderr); draw != nil {
		bar := progressbar.Default(int64(total), c.Dir)
		s.AfterSamples = func(done int) { _ = bar.Set(done) } // an error of the terminal is none of the data
	}
	if err := speech.Make(ctx, c.Dir, s); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%w: nothing was written", exit.ErrInterrupted)
		}
		return err
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(map[string]any{"dir": c.Dir, "sound": used, "samples": total, "classes": len(speech.Keys()), "voices": c.Voices, "test_voices": c.TestVoices})
	}
	_, err := fmt.Fprintf(k.Stdout, "%s: %d samples of %d digits by %d voices, and by %d others for the test (%s)\n", c.Dir, total, len(speech.Keys()), c.Voices, c.TestVoices, used)
	return err
}
