package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"slices"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/schema"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Error says what is wrong with a file: File, Member (a key or an array), Expected, Found, Nearest
// (the right name that may be meant), and Err underneath, that of the system or of a reader.
type Error = exit.BadInput

// Experiment is an experiment file with its targets.
type Experiment struct {
	fit.Experiment
	Settings fit.Settings

	Path string // of the file, as errors name it
	Text string // of the file
	File File   // as decoded; the seed that of Options, if it has one
	// Targets is the SHA-256 of the contents of all target files, in hexadecimal digits.
	Targets string
	// Unused are arrays of target files that nothing uses, as "target.npz: temperature".
	Unused []string
}

// Options are what a caller adds to a file. The zero value adds nothing.
type Options struct {
	Seed *uint64 // in place of that of the file
	// ReadFile reads the file and its targets, by their paths; nil means those of the disk.
	ReadFile func(path string) ([]byte, error)
}

// reader reads one file.
type reader struct {
	Options
	path  string
	file  File
	out   Experiment
	given *chip.Weights // w_in of [init]
	sum   hash.Hash
}

// bad is an error in the file.
func (r *reader) bad(key, expected string, found any) error {
	return &Error{File: r.path, Member: key, Expected: expected, Found: fmt.Sprint(found)}
}

// unknown is the error of a name that is none of those known.
func (r *reader) unknown(key, expected, name string, known []string) error {
	return &Error{File: r.path, Member: key, Expected: expected, Found: name, Nearest: exit.Nearest(name, known)}
}

// Read reads an experiment file and its targets, whose paths are relative to its folder.
//
// Errors are [*Error]; see the package documentation. What makes no experiment although every key
// is right (a constant trace, an unknown neuron) is found by [fit.Check].
func Read(path string, o Options) (*Experiment, error) {
	r, text, err := open(path, o)
	if err != nil {
		return nil, err
	}
	return r.parse(text)
}

// Parse is [Read] for a text; path names it in errors, and its folder has the targets.
func Parse(path, text string, o Options) (*Experiment, error) { return newReader(path, o).parse(text) }

// ReadNetwork reads what an experiment file says of the neurons, whatever it fits, and the weights
// of input channels, w_in under [init], or nil. N is 0 where it says nothing of their number.
//
// Errors are [*Error]; keys of other tables are checked too.
func ReadNetwork(path string) (dynapse.Network, *chip.Weights, error) {
	r, text, err := open(path, Options{})
	if err != nil {
		return dynapse.Network{}, nil, err
	}
	return r.network(text)
}

// ParseNetwork is [ReadNetwork] for a text; path names it in errors.
func ParseNetwork(path, text string) (dynapse.Network, *chip.Weights, error) {
	return newReader(path, Options{}).network(text)
}

func newReader(path string, o Options) *reader {
	if o.ReadFile == nil {
		o.ReadFile = files.ReadFile
	}
	return &reader{Options: o, path: path, file: defaults(), sum: sha256.New()}
}

// open reads the text of a file.
func open(path string, o Options) (*reader, string, error) {
	read := files.ReadText
	if o.ReadFile != nil {
		read = func(path string) (string, error) {
			text, err := o.ReadFile(path)
			return string(text), err
		}
	}
	text, err := read(path)
	if err != nil {
		return nil, "", failed(path, err)
	}
	return newReader(path, o), text, nil
}

// failed is an error of the file system, which names its file once.
func failed(path string, err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return &Error{File: path, Err: err}
}

// neurons decodes the text and makes the network that it says.
func (r *reader) neurons(text string) error {
	r.out.Path, r.out.Text = r.path, text
	if err := schema.Decode(r.path, text, &r.file); err != nil {
		return err
	}
	if r.Seed != nil {
		r.file.Seed = *r.Seed
	}
	if err := r.checkNeurons(); err != nil {
		return err
	}
	c := r.file.Network
	r.out.Space = fit.Space{Core: c.Core, Network: dynapse.Network{N: c.Neurons, MaxSpikes: c.MaxSpikes, FourSynapses: c.Synapses > 1}}
	if c.Substeps != nil {
		r.out.Space.Network.Substeps = *c.Substeps
	}
	r.out.Space.Network.Params[dynapse.Dt] = []float64{r.file.Dt}
	return r.init()
}

// network reads the neurons alone, with the weights that their codes make.
func (r *reader) network(text string) (dynapse.Network, *chip.Weights, error) {
	if err := r.neurons(text); err != nil {
		return dynapse.Network{}, nil, err
	}
	s := &r.out.Space
	if err := r.recurrent(); err != nil {
		return dynapse.Network{}, nil, err
	}
	if s.Codes != nil {
		s.Network.WRec = codedWeights(s)
	}
	return s.Network, r.out.In, nil
}

// parse reads a whole experiment.
func (r *reader) parse(text string) (*Experiment, error) {
	if err := r.neurons(text); err != nil {
		return nil, err
	}
	if err := r.checkFit(); err != nil {
		return nil, err
	}
	if err := r.parameters(); err != nil {
		return nil, err
	}
	if err := r.priors(); err != nil {
		return nil, err
	}
	r.given = r.out.In
	for i := range r.file.Target {
		if err := r.target(i); err != nil {
			return nil, err
		}
	}
	if err := r.recurrent(); err != nil {
		return nil, err
	}
	c, e := &r.file, &r.out
	if yes := c.Network.Recurrent; yes != nil && *yes && e.Space.Network.WRec == nil && e.Space.Codes == nil {
		return nil, r.bad("network.recurrent", "w_rec or w_rec_code under [init] or in a target file, as it is true", "none")
	}
	for k, b := range e.Space.Bases {
		if b.Fit && e.Space.Codes == nil {
			return nil, r.bad("fit.parameters", "w_rec_code under [init] or in a target file, as base currents of weights are fitted", fmt.Sprintf("Iw_%d alone", k))
		}
	}
	e.Noise = c.Fit.Noise
	mismatch, infer, _ := c.Fit.mismatch()
	e.Settings = fit.Settings{Method: fit.Method(c.Fit.Method), Seed: c.Seed, DAC: *c.Fit.DAC, Mismatch: mismatch, Infer: infer, GivenSD: c.Fit.GivenSD, Samples: c.Fit.Samples}
	if c.Fit.Starts != nil {
		e.Settings.Starts = *c.Fit.Starts
	}
	if m := e.Settings.Method; m != "" && !slices.Contains(fit.Methods(), m) {
		var names []string
		for _, m := range fit.Methods() {
			names = append(names, string(m))
		}
		return nil, r.unknown("fit.method", "one of "+joined(names), c.Fit.Method, names)
	}
	e.File, e.Targets = *c, hex.EncodeToString(r.sum.Sum(nil))
	return e, nil
}

// recurrent checks that the weights are given once.
func (r *reader) recurrent() error {
	if s := &r.out.Space; s.Network.WRec != nil && s.Codes != nil {
		return r.bad("network.recurrent", "either w_rec or w_rec_code", "both")
	}
	return nil
}

// isRecurrent checks that the file allows weights of this name, which are given in a place.
func (r *reader) isRecurrent(place string) error {
	if yes := r.file.Network.Recurrent; yes != nil && !*yes {
		return r.bad("network.recurrent", "true, as "+place, "false")
	}
	return nil
}

// beside is the path of a file that the experiment names.
func (r *reader) beside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(r.path), path)
}
