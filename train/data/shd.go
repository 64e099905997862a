package data

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/surge-snn/surge/internal/hdf5"
)

// SHD reads the Heidelberg spiking data sets of spoken digits (SHD) and of spoken commands (SSC) as
// they are published: HDF5 files with spikes/times (lists, s, float16 or float32), spikes/units
// (lists of channels), labels, and extra/keys, the names of the classes, and extra/speaker where
// they are there. Spikes are read when their sample is wanted: memory does not grow with the set.
//
// Source: Cramer et al. 2022, doi:10.1109/TNNLS.2020.3044364; https://zenkelab.org/datasets.
type SHD struct {
	Dir  string // of the files
	Name string // "shd" or "ssc": the files are NAME_train.h5, NAME_test.h5 and perhaps NAME_valid.h5
	// Channels are how many there are in the files, 700; Bin joins so many neighbours to one.
	Channels, Bin int
	// Duration is the end of the samples, s: spikes behind it are left out. 0: behind the last
	// spike of all.
	Duration float64
	// Valid is the share of the training samples that choose the epoch, where there is no file of
	// them.
	Valid float64
	// BySpeaker keeps the samples of a speaker in one part.
	BySpeaker bool
	SplitSeed int
	// ShiftChannels, ShiftTime and Blend change training samples, see [EventShift] and [Blend].
	ShiftChannels int
	ShiftTime     float64
	Blend         float64

	untargeted bool // labels may be missing
}

// newSHD returns the constructor of the row of a set.
func newSHD(name string) func(p *Params) Source {
	return func(p *Params) Source {
		s := SHD{Name: name, Channels: shdChannels,
			Dir:           p.String("dir", "", fmt.Sprintf("folder of %s_train.h5 and %s_test.h5, perhaps %s_valid.h5, unpacked", name, name, name)),
			Bin:           p.Int("bin", 1, "neighbouring channels that are joined to one; 5 makes 140 of 700"),
			Duration:      p.Float("duration", 0, "s, end of the samples; spikes behind it are left out. 0: that of the last spike"),
			Valid:         p.Float("valid", 0.15, "share of the training samples that choose the epoch, where there is no file of them"),
			BySpeaker:     p.Choice("group", "speaker", "what stays together in that choice", "speaker", "none") == "speaker",
			SplitSeed:     p.Int("split_seed", 0, "chooses among the divisions"),
			ShiftChannels: p.Int("shift_channels", 0, "largest random shift of a training sample along the channels, before they are joined"),
			ShiftTime:     p.Float("shift_time", 0, "s, largest random shift in time"),
			Blend:         p.Float("blend", 0, "probability that a training sample is mixed with another one of its class"),
		}
		p.Want("dir", s.Dir != "", "the folder of the files")
		p.Want("bin", s.Bin >= 1 && s.Bin <= s.Channels, fmt.Sprintf("1 to %d", s.Channels))
		p.Want("duration", s.Duration >= 0, ">= 0 s")
		p.Want("valid", s.Valid > 0 && s.Valid < 1, "a number between 0 and 1")
		p.Want("shift_channels", s.ShiftChannels < s.Channels, fmt.Sprintf("below %d", s.Channels))
		p.Want("shift_time", s.ShiftTime >= 0, ">= 0 s")
		p.Want("blend", s.Blend >= 0 && s.Blend <= 1, "a probability")
		return s
	}
}

// shdChannels is the number of channels of the published sets.
const shdChannels = 700

// Load opens the files.
func (s SHD) Load() (p Parts, err error) {
	var all [3]*spoken
	for k, part := range []string{"train", "valid", "test"} {
		path := filepath.Join(s.Dir, s.Name+"_"+part+".h5")
		if _, err := os.Stat(path); os.IsNotExist(err) && part == "valid" {
			continue
		}
		if all[k], err = s.open(path); err != nil {
			return p, err
		}
	}
	var list []*labels
	duration := 0.0
	for _, d := range all {
		if d != nil {
			list = append(list, d.labels)
			duration = max(duration, d.form.Duration)
		}
	}
	target, err := classes(list...)
	if err != nil {
		return p, fmt.Errorf("%s: %w", s.Dir, err)
	}
	if keys := all[0].keys; len(keys) >= target.Size && slices.Equal(target.Names, numbered(target.Size)) {
		target.Size, target.Names = len(keys), keys
	}
	for _, d := range all {
		if d != nil {
			d.form.Target, d.form.Duration = target, duration
		}
	}
	p.Train, p.Test = all[0], all[2]
	if all[1] != nil {
		p.Valid = all[1]
	} else {
		d := division{fractions: []float64{1 - s.Valid, s.Valid}, seed: uint64(s.SplitSeed)}
		if s.BySpeaker {
			if d.groups = all[0].speakers; d.groups == nil {
				return p, &KeyError{"group", fmt.Sprintf("none: %s has no extra/speaker", all[0].path), "speaker"}
			}
		}
		parts, err := d.indices(all[0].Len())
		if err != nil {
			return p, fmt.Errorf("%s: %w", all[0].path, err)
		}
		p.Train, p.Valid = &view{all[0], parts[0]}, &view{all[0], parts[1]}
	}
	if err := p.check(); err != nil {
		return p, fmt.Errorf("%s: %w", s.Dir, err)
	}
	p.Augment, err = s.augment(p.Train)
	return p, err
}

// Open reads a file to predict, see [Opener].
func (s SHD) Open(path string, trained Dataset) (Dataset, error) {
	like, ok := whole(trained).(*spoken)
	if !ok {
		return nil, fmt.Errorf("%s: %w: no training part to take the classes from", path, ErrSettings)
	}
	s.untargeted = true
	d, err := s.open(path)
	if err != nil {
		return nil, err
	}
	if d.labels != nil {
		d.form.Target = like.form.Target
		if err := d.labels.as(like.labels.values); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return d, near(path, d, like.form.Duration)
}

// numbered returns the names "0", "1", ... of classes.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names
}

func (s SHD) augment(train Dataset) (Augment, error) {
	var list Augments
	if s.Blend > 0 {
		b, err := NewBlend(train, s.Blend)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	if s.ShiftChannels > 0 || s.ShiftTime > 0 {
		list = append(list, EventShift{Channels: float64(s.ShiftChannels) / float64(s.Bin), Time: s.ShiftTime})
	}
	if list == nil {
		return nil, nil
	}
	return list, nil
}

// spoken is the samples of one file.
type spoken struct {
	SHD
	path     string
	mu       sync.Mutex // of the file
	file     *hdf5.File
	times    *hdf5.Dataset
	units    *hdf5.Dataset
	labels   *labels // nil: to predict
	speakers []int32 // numbers of groups; nil: not in the file
	keys     []string
	form     Form
}

// open reads all of a file but the spikes, and checks these.
func (s SHD) open(path string) (d *spoken, err error) {
	if s.Channels < 1 || s.Bin < 1 || !(s.Duration >= 0) || math.IsInf(s.Duration, 1) {
		return nil, fmt.Errorf("%w: SHD of %d channels, %d joined to one, that ends at %g s, want at least 1, 1, and a finite time >= 0",
			ErrSettings, s.Channels, s.Bin, s.Duration)
	}
	d = &spoken{SHD: s, path: path}
	defer func() { // what is wrong in an array says its name alone
		if err != nil && !strings.Contains(err.Error(), path) {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	if d.file, err = hdf5.Open(path); err != nil {
		if _, packed := os.Stat(path + ".gz"); packed == nil {
			return nil, fmt.Errorf("%w (found %s.gz: unpack it with gunzip)", err, path)
		}
		return nil, err
	}
	wrong := func(name, expected string, found any) error {
		return fmt.Errorf("%s: %w: %s: expected %s, found %v", path, ErrFormat, name, expected, found)
	}
	column := func(name string) (*hdf5.Dataset, error) {
		c, err := d.file.Dataset(name)
		if err == nil && len(c.Shape) != 1 {
			err = wrong(name, "one element for each sample", fmt.Sprintf("shape %v", c.Shape))
		}
		return c, err
	}
	if d.times, err = column("/spikes/times"); err != nil {
		return nil, err
	}
	if d.units, err = column("/spikes/units"); err != nil {
		return nil, err
	}
	n := d.times.Shape[0]
	numbers := func(name string, least float64, expected string) (labels, error) {
		c, err := column(name)
		if err != nil {
			return labels{}, err
		}
		if c.Shape[0] != n {
			return labels{}, wrong(name, fmt.Sprintf("%d elements, one for each list of spikes/times", n), c.Shape[0])
		}
		v, err := c.Floats(0, -1)
		if err != nil {
			return labels{}, err
		}
		return numberLabels(n, func(i int) (int64, error) {
			if v[i] != float64(int64(v[i])) || v[i] < least {
				return 0, wrong(name, expected, fmt.Sprintf("%v for sample %d", v[i], i))
			}
			return int64(v[i]), nil
		})
	}
	if n == 0 || d.units.Shape[0] != n {
		return nil, wrong("/spikes/units", fmt.Sprintf("%d lists, as many as spikes/times, and more than 0", n), d.units.Shape[0])
	}
	if !s.untargeted || d.file.Has("/labels") {
		l, err := numbers("/labels", 0, "the numbers of classes, from 0")
		if err != nil {
			return nil, err
		}
		d.labels = &l
	}
	if d.file.Has("/extra/speaker") {
		speakers, err := numbers("/extra/speaker", math.Inf(-1), "whole numbers")
		if err != nil {
			return nil, err
		}
		d.speakers = speakers.codes
	}
	if d.file.Has("/extra/keys") {
		if c, err := d.file.Dataset("/extra/keys"); err != nil {
			return nil, err
		} else if d.keys, err = c.Strings(0, -1); err != nil {
			return nil, err
		}
	}
	d.form = Form{Input: EventList, Channels: (s.Channels + s.Bin - 1) / s.Bin, Duration: s.Duration}
	if s.Duration == 0 {
		return d, d.measure()
	}
	return d, nil
}

// measure finds the last spike.
func (d *spoken) measure() error {
	var s Sample
	var times reach
	longest := 0
	for i := range d.Len() {
		if err := d.Sample(&s, i); err != nil {
			return err
		}
		for _, e := range s.Events {
			times.addTime(e.Time)
		}
		if s.Duration > d.form.Duration {
			d.form.Duration, longest = s.Duration, i
		}
	}
	if most := times.mostTime(); !d.untargeted && strayTime(d.form.Duration, most) {
		return fmt.Errorf("%s: %w: sample %d: expected spikes before %g s, where all but a few are, or data.duration, behind which they are left out; found one at %g s",
			d.path, ErrFormat, longest, most, d.form.Duration)
	}
	return nil
}

// Len returns the number of samples.
func (d *spoken) Len() int { return d.times.Shape[0] }

// Form returns events with a class.
func (d *spoken) Form() Form { return d.form }

// Sample reads the spikes of sample i.
func (d *spoken) Sample(s *Sample, i int) error {
	if err := checkSample(d, s, i); err != nil {
		return err
	}
	times, units, err := d.read(i)
	if err != nil {
		return fmt.Errorf("%s: sample %d: %w", d.path, i, err)
	}
	if len(times) != len(units) {
		return fmt.Errorf("%s: %w: sample %d has %d times and %d units", d.path, ErrFormat, i, len(times), len(units))
	}
	s.Events, s.Duration = s.Events[:0], d.SHD.Duration
	if d.labels != nil {
		s.Label = int(d.labels.codes[i])
	}
	rising, last := true, 0.0
	for k, t := range times {
		u := units[k]
		if !(t >= 0 && t < 1e6) || u != float64(int(u)) || u < 0 || u >= float64(d.Channels) {
			return fmt.Errorf("%s: %w: spike %d of sample %d: expected a time >= 0 s and a unit of %d, found %g s and %g", d.path, ErrFormat, k, i, d.Channels, t, u)
		}
		if d.SHD.Duration > 0 && t >= d.SHD.Duration {
			continue
		}
		rising, last = rising && t >= last, max(last, t)
		s.Events = append(s.Events, Spike{t, int(u) / d.Bin})
	}
	if !rising {
		sortSpikes(s.Events)
	}
	if d.SHD.Duration == 0 {
		s.Duration = endOf(last)
	}
	return nil
}

func (d *spoken) read(i int) (times, units []float64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t, err := d.times.Lists(i, 1)
	if err != nil {
		return nil, nil, err
	}
	u, err := d.units.Lists(i, 1)
	if err != nil {
		return nil, nil, err
	}
	return t[0], u[0], nil
}
