package fitcmd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/models/dynapse/protocol"
)

// protocol measures neurons stage by stage.
func (c *Command) protocol(ctx context.Context, k *kong.Context) (err error) {
	if c.Config == "" || c.Demo || c.Budget > 0 {
		return &exit.BadInput{File: "--protocol", Expected: "an experiment file, and neither --demo nor --budget", Found: c.Config}
	}
	s, recordings, _, err := protocol.Read(c.Config, c.Seed)
	if err != nil {
		return err
	}
	results := c.results("protocol", c.Config, protocol.RecordingsFile, protocol.Files())
	dir, _, err := results.Take()
	if err != nil {
		return err
	}
	c.Out = dir.String()
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := results.Begin(dir); err != nil {
		return err
	}
	folder := protocol.Folder{Dir: c.Out, Subject: s}
	say := func(text string) { fmt.Fprintln(k.Stderr, text) }
	var res *protocol.Result
	if c.Chip == "" {
		res, err = folder.Run(ctx, nil, recordings, say)
	} else {
		chip := c.pipe(k)
		defer chip.Close()
		res, err = folder.Run(ctx, chip, recordings, say)
	}
	stopped := ctx.Err() != nil && res != nil
	if err = cmp.Or(err, dir.Seal()); err != nil && !stopped {
		return &exit.BadInput{File: c.Config, Err: err}
	}
	if c.JSON {
		err = json.NewEncoder(k.Stdout).Encode(res)
	} else {
		err = res.Text(k.Stdout)
	}
	if err == nil && stopped {
		err = fmt.Errorf("%w; go on with: surge fit --protocol %s --out %s --resume", exit.ErrInterrupted, c.Config, c.Out)
	}
	return err
}
