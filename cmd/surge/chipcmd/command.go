// Package chipcmd is the command surge chip: it turns configurations of chips into the forms of
// other programs, and back.
package chipcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/models/dynapse/live"
)

// Command is surge chip.
type Command struct {
	Export Export `cmd:"" help:"Write a device file as other programs load it, for example: surge chip export device.json --format samna --out chip.json"`
	Serve  Serve  `cmd:"" help:"Be a chip: answer the line protocol on standard input and output with a simulation, for example: surge fit fit.toml --chip 'surge chip serve --seed 3'"`
	Import Import `cmd:"" help:"Read what samna or Rockpool wrote, for example: surge chip import spec.json --out device.json"`
}

// Export is surge chip export.
type Export struct {
	Device string `arg:"" placeholder:"FILE" help:"The configuration, as surge fit writes it, device.json."`
	Format string `required:"" enum:"samna,rockpool" placeholder:"samna|rockpool" help:"samna: the JSON of Dynapse2Configuration. rockpool: the quantised specification of config_from_specification, in JSON."`
	Out    string `required:"" placeholder:"FILE" help:"The file to write."`
}

// Help is the text under the usage of the command.
func (Export) Help() string {
	return `The file for samna holds what surge knows of: biases, latches, synapses and destinations of all cores of the chips in use. Merge it into a default configuration before it is applied:

  base = json.loads(samna.dynapse2.Dynapse2Configuration().to_json())
  mine = json.load(open("chip.json"))["value0"]
  for to, chip in zip(base["value0"]["chips"], mine["chips"]):
      for name, core in chip["cores"].items():
          parameters = {p["key"]: p for p in to["cores"][name]["parameters"]}
          for p in core["parameters"]:
              for key in ("coarseValue", "fineValue"):
                  parameters[p["key"]]["value"][key] = p["value"][key]
          to["cores"][name]["neurons"] = core["neurons"]
  config = samna.dynapse2.Dynapse2Configuration(); config.from_json(json.dumps(base))

Where input goes is in the member "surge" of the file, as destinations of each channel.`
}

// Run exports.
func (c *Export) Run(k *kong.Context) error {
	f, err := files.OpenWhole(c.Device)
	if err != nil {
		return bad(c.Device, err)
	}
	defer f.Close()
	d, err := chip.ReadDevice(f)
	if err != nil {
		return bad(c.Device, err)
	}
	write := d.WriteSamna
	if c.Format == "rockpool" {
		write = d.WriteRockpool
	}
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return bad(c.Device, err)
	}
	if err := store("--out", c.Out, text.Bytes()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(k.Stdout, "%s: %d bytes for %s\n", c.Out, text.Len(), c.Format)
	return err
}

// Serve is surge chip serve.
type Serve struct {
	live.Software `embed:""`
}

// Help is the text under the usage of the command.
func (Serve) Help() string {
	return `The chip is simulated, with transistors of its own and a scope that need not be calibrated. Requests and answers are JSON, one on each line; docs/chip.md has them, with a program in Python.`
}

// Run answers until the input ends.
func (c *Serve) Run(ctx context.Context, k *kong.Context) error {
	if err := c.Check(); err != nil {
		return &exit.BadInput{File: "surge chip serve", Err: err}
	}
	return live.Serve(ctx, &c.Software, os.Stdin, k.Stdout)
}

// Import is surge chip import.
type Import struct {
	File string `arg:"" placeholder:"FILE" help:"A configuration of samna in JSON, or a specification of Rockpool, in JSON or .npz."`
	Out  string `required:"" placeholder:"FILE" help:"The device file (.json) to write, or of a specification that is not quantised the experiment (.toml)."`
}

// Help is the text under the usage of the command.
func (Import) Help() string {
	return `A configuration of samna, or a quantised specification of Rockpool, becomes a device file for surge sim dynapsim --device. A specification of Rockpool's mapper, or a dictionary of currents (a number, or one for each neuron) with w_in [channels, N] and w_rec [N, N], becomes an experiment: the currents and weights under [init], to which surge fit needs [fit] and [[target]].

In Python, write the dictionary of mapper, updated with that of autoencoder_quantization or not, or one of your own:

  spec.pop("mapped_graph"); json.dump(spec, open("spec.json", "w"), default=lambda x: x.tolist())
  numpy.savez("spec.npz", Itau_mem=..., Igain_mem=..., w_in=..., w_rec=...)`
}

// Run imports.
func (c *Import) Run(k *kong.Context) error {
	read := files.ReadJSON
	if strings.EqualFold(filepath.Ext(c.File), ".npz") {
		read = files.ReadFile
	}
	raw, err := read(c.File)
	if err != nil {
		return bad(c.File, err)
	}
	var samna struct {
		Value0 json.RawMessage `json:"value0"`
	}
	toml := strings.HasSuffix(strings.ToLower(c.Out), ".toml")
	var d *chip.Device
	if json.Unmarshal(raw, &samna) == nil && samna.Value0 != nil {
		if d, err = chip.ReadSamna(bytes.NewReader(raw)); err != nil {
			return bad(c.File, err)
		}
	} else {
		s, err := chip.ParseRockpool(c.File, raw)
		if err != nil {
			return bad(c.File, err)
		}
		if s.Codes == nil {
			if !toml {
				return &exit.BadInput{File: "--out", Expected: "a name ending in .toml, as the weights of " + c.File + " are not quantised", Found: c.Out}
			}
			return c.experiment(k, s)
		}
		if d, err = chip.Deploy(s.Network, s.Codes, chip.DeploySettings{}); err != nil {
			return bad(c.File, err)
		}
	}
	if toml {
		return &exit.BadInput{File: "--out", Expected: "a name ending in .json, for a configuration of a chip", Found: c.Out}
	}
	var text bytes.Buffer
	if err := d.Write(&text); err != nil {
		return bad(c.File, err)
	}
	if err := store("--out", c.Out, text.Bytes()); err != nil {
		return err
	}
	count := 0
	for _, chip := range d.Chips {
		for _, core := range chip.Cores {
			count += len(core.Neurons)
		}
	}
	_, err = fmt.Fprintf(k.Stdout, "%s: %d neurons, %d inputs\n", c.Out, count, len(d.Inputs))
	return err
}

// experiment writes a specification as an experiment.
func (c *Import) experiment(k *kong.Context, s *chip.Specification) error {
	var in *chip.Weights
	what := ""
	if s.In.Pre > 0 {
		in, what = &s.In, fmt.Sprintf(", %d input channels", s.In.Pre)
	}
	text := experiment.Text(s.Network, s.Core, in)
	if _, _, err := experiment.ParseNetwork(c.Out, text); err != nil {
		return bad(c.File, err)
	}
	if err := store("--out", c.Out, []byte(text)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(k.Stdout, "%s: %d neurons%s\n", c.Out, s.Network.N, what)
	return err
}

// store writes a file that a flag names.
func store(flag, path string, text []byte) error {
	err := files.WriteAtomic(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return bad(flag+" "+path, err)
	}
	return nil
}

// bad is an error of a file.
func bad(file string, err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return &exit.BadInput{File: file, Err: err}
}
