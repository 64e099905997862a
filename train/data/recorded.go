package data

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/files"
)

// recorded is the samples of one file in memory.
type recorded struct {
	path   string
	n      int
	form   Form
	input  func(s *Sample, i int)
	target func(s *Sample, i int) // nil where labels are set
	labels *labels                // of a ClassTarget
	groups []int32                // nil: none
	set    []int32                // part of each sample; nil: not in the file

	features []*files.Column // of a table, in the order that input takes them in; else nil
}

func (r *recorded) Len() int   { return r.n }
func (r *recorded) Form() Form { return r.form }

func (r *recorded) Sample(s *Sample, i int) error {
	if err := checkSample(r, s, i); err != nil {
		return err
	}
	r.input(s, i)
	if r.labels != nil {
		s.Label = int(r.labels.codes[i])
	} else if r.target != nil {
		r.target(s, i)
	}
	return nil
}

// Files are the files of a data set: one that is divided, or one for each part.
type Files struct {
	File      string // of the training part, or of all
	ValidFile string // of the validation part; empty: File is divided
	TestFile  string // of the test part; empty: File is divided
	// Split are the fractions of File for the parts that have no file of their own: training,
	// validation and test, or the two that are missing in this order. nil: those that an array set
	// of the file says, or else 0.7, 0.15, 0.15 or 0.85, 0.15.
	Split []float64
	// Group names an array: samples with the same value of it, such as those of a speaker, are in
	// the same part.
	Group string
	// SplitSeed chooses among the divisions.
	SplitSeed int
	// Scale of the features: "" as they are; "minmax" maps the range of each channel in the
	// training part to [0, 1], and what is beyond in the other parts to its ends; "standard" gives
	// mean 0 and standard deviation 1.
	Scale string
	// Rotate and Noise change training samples, see [Rotate] and [Noise].
	Rotate bool
	Noise  float64

	untargeted bool // targets may be missing
}

// readFiles reads the parameters.
func readFiles(p *Params) Files { return readFilesOr(p, false) }

// readFilesOr reads the parameters where a folder may stand for the files of training and test.
func readFilesOr(p *Params, folder bool) Files {
	f := Files{
		File:      p.String("file", "", "file of all samples, or of the training samples"),
		ValidFile: p.String("valid_file", "", "file of the samples that choose the epoch; nothing: taken from file"),
		TestFile:  p.String("test_file", "", "file of the test set; nothing: taken from file"),
		Split:     p.Floats("split", nil, "fractions of file for training, validation and test, of those that have no file of their own; nothing: by an array set (0, 1, 2) in the file, else 0.7, 0.15, 0.15"),
		Group:     p.String("group", "", "name of an array; samples with the same value, as those of a speaker, are in the same part"),
		SplitSeed: p.Int("split_seed", 0, "chooses among the divisions"),
		Scale:     p.Choice("scale", "", "of the features, by the training part", "minmax", "standard"),
		Rotate:    p.Bool("rotate", false, "training sequences begin at a random step, and what was before comes at the end: for closed curves"),
		Noise:     p.Float("noise", 0, "standard deviation of normal noise that is added to the values of training samples"),
	}
	p.Want("file", folder || f.File != "", "the name of a file")
	p.Want("noise", f.Noise >= 0, ">= 0")
	missing := f.missing()
	if folder && f.TestFile == "" {
		missing--
	}
	switch {
	case missing == 1:
		p.Want("split", f.Split == nil, "nothing: each part has a file of its own")
		p.Want("group", f.Group == "", "nothing: each part has a file of its own")
	case p.Given("split"):
		if bad := checkFractions(f.Split, missing); bad != "" {
			p.Want("split", false, bad)
		}
	}
	return f
}

// missing returns the number of parts that File is for.
func (f Files) missing() int {
	n := 3
	for _, name := range []string{f.ValidFile, f.TestFile} {
		if name != "" {
			n--
		}
	}
	return n
}

// load reads the files and divides them. The reader's forms need not agree in their lengths.
func (f Files) load(read func(path string) (*recorded, error)) (p Parts, err error) {
	var all [3]*recorded
	var list []*labels
	for k, path := range []string{f.File, f.ValidFile, f.TestFile} {
		if path == "" {
			continue
		}
		if all[k], err = read(path); err != nil {
			return p, err
		}
		if all[k].n == 0 {
			return p, fmt.Errorf("%s: %w: no samples", path, ErrFormat)
		}
		if err := all[k].arrange(all[0]); err != nil {
			return p, err
		}
		if all[k].labels != nil {
			list = append(list, all[k].labels)
		}
	}
	target := Target{}
	if len(list) > 0 {
		if target, err = classes(list...); err != nil {
			return p, fmt.Errorf("%s: %w", f.File, err)
		}
	}
	channels := 0 // of events, the largest that occurs anywhere
	for _, r := range all {
		if r == nil {
			continue
		}
		if r.labels != nil {
			r.form.Target = target
		}
		if r.form.Input == EventList {
			channels = max(channels, r.form.Channels)
		}
	}
	for _, r := range all {
		if r != nil && r.form.Input == EventList {
			r.form.Channels = channels
		}
	}
	parts := []*Dataset{&p.Train, &p.Valid, &p.Test}
	var open []*Dataset
	for k, r := range all {
		if k == 0 || r == nil {
			open = append(open, parts[k])
		} else {
			*parts[k] = r
		}
	}
	if err := f.divide(all[0], open); err != nil {
		return p, fmt.Errorf("%s: %w", f.File, err)
	}
	if err := p.check(); err != nil {
		return p, fmt.Errorf("%s: %w", f.File, err)
	}
	if err := scale(&p, f.Scale); err != nil {
		return p, err
	}
	return p, f.augment(&p)
}

// augment adds what changes training samples.
func (f Files) augment(p *Parts) error {
	var list Augments
	input := p.Train.Form().Input
	if f.Rotate {
		if input != Sequence {
			return &KeyError{"rotate", "nothing: it turns sequences", fmt.Sprintf("%v in %s", input, f.File)}
		}
		list = append(list, Rotate{})
	}
	if f.Noise > 0 {
		if input == EventList {
			return &KeyError{"noise", "nothing: events have no values", fmt.Sprint(f.Noise)}
		}
		list = append(list, Noise{f.Noise})
	}
	if len(list) > 0 {
		p.Augment = list
	}
	return nil
}

// divide fills the parts that have no file of their own.
func (f Files) divide(r *recorded, open []*Dataset) error {
	if r == nil {
		return fmt.Errorf("%w: a data set without the name of a file", ErrSettings)
	}
	if len(open) == 1 {
		*open[0] = r
		return nil
	}
	d := division{groups: r.groups, fractions: f.Split, seed: uint64(f.SplitSeed)}
	switch {
	case f.Split == nil && r.set != nil && len(open) == 3:
		d.set = r.set
	case f.Split == nil && len(open) == 3:
		d.fractions = []float64{0.7, 0.15, 0.15}
	case f.Split == nil:
		d.fractions = []float64{0.85, 0.15}
	}
	if bad := checkFractions(d.fractions, len(open)); d.set == nil && bad != "" {
		return &KeyError{"split", bad, fmt.Sprint(d.fractions)}
	}
	parts, err := d.indices(r.n)
	if err != nil {
		return err
	}
	for k, dst := range open {
		*dst = &view{r, parts[k]}
	}
	return nil
}

// scale replaces the parts by scaled ones.
func scale(p *Parts, kind string) error {
	if kind == "" {
		return nil
	}
	f := p.Train.Form()
	if f.Input == EventList {
		return &KeyError{"scale", "nothing: events have no values", kind}
	}
	c := scaled{offset: make([]float64, f.Channels), factor: make([]float64, f.Channels), clip: kind == "minmax"}
	lo, hi := make([]float64, f.Channels), make([]float64, f.Channels)
	mean, square := make([]float64, f.Channels), make([]float64, f.Channels)
	n := 0.0 // values of each channel
	var s Sample
	for i := range p.Train.Len() {
		if err := p.Train.Sample(&s, i); err != nil {
			return err
		}
		for k := 0; k < len(s.X); k += f.Channels {
			n++
			for j, v := range s.X[k : k+f.Channels] {
				if n == 1 {
					lo[j], hi[j] = v, v
				}
				lo[j], hi[j] = min(lo[j], v), max(hi[j], v)
				// Welford's sums: no difference of large numbers.
				d := v - mean[j]
				mean[j] += d / n
				square[j] += float64(d * (v - mean[j]))
			}
		}
	}
	for j := range c.factor {
		c.offset[j], c.factor[j] = mean[j], 1/math.Sqrt(square[j]/n)
		if c.clip {
			c.offset[j], c.factor[j] = lo[j], 1/(hi[j]-lo[j])
		}
		if hi[j] == lo[j] { // says nothing
			c.factor[j] = 0
		}
	}
	for _, d := range []*Dataset{&p.Train, &p.Valid, &p.Test} {
		each := c
		each.Dataset = *d
		*d = each
	}
	return nil
}

// scaled is a data set whose values are (x - offset) factor in each channel.
type scaled struct {
	Dataset
	offset, factor []float64
	clip           bool // to [0, 1]
}

func (d scaled) Sample(s *Sample, i int) error {
	if err := d.Dataset.Sample(s, i); err != nil {
		return err
	}
	channels := len(d.factor)
	for k, v := range s.X {
		v = (v - d.offset[k%channels]) * d.factor[k%channels]
		if d.clip {
			v = min(max(v, 0), 1)
		}
		s.X[k] = v
	}
	return nil
}
