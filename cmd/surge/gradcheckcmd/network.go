package gradcheckcmd

import (
	"github.com/surge-snn/surge/train/experiment"

	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/bench/gradcheck"
	"github.com/surge-snn/surge/internal/exit"
)

// isNetwork says whether the argument is a network and not a pattern: a file of TOML, or a folder
// that is there.
func isNetwork(name string) bool {
	if strings.HasSuffix(name, ".toml") {
		return true
	}
	info, err := os.Stat(name)
	return name != "" && err == nil && info.IsDir()
}

// network checks the network of a file, or of the folder of a run with its trained parameters.
func (c *Command) network(ctx context.Context, w io.Writer) error {
	if c.Rows < 1 {
		return &exit.BadInput{File: "--rows", Expected: "a number > 0", Found: "less"}
	}
	e, params, err := experiment.ReadNetwork(c.Pattern, c.Data)
	if err != nil {
		return err
	}
	name := filepath.Base(c.Pattern)
	results, err := gradcheck.Network(ctx, name, e, params, c.Rows)
	if ctx.Err() != nil {
		err = exit.ErrInterrupted
	}
	p := gradcheck.NewPrinter(w, c.JSON, []string{name})
	p.ByParameter = true
	return errors.Join(p.Print(results), err, p.Verdict())
}
