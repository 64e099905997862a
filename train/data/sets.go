package data

import (
	"fmt"
)

// Sets are the data sets that a configuration file can name, as data.set of surge train does. See
// [Catalogue] for how to add one.
var Sets = Catalogue[Source]{
	{"yinyang", "points in a circle, of three classes, generated", newYinYangSource},
	{"mnist", "the files of MNIST, or of sets in its format", newMNISTSource},
	{"npz", "arrays of NumPy: features, sequences or events", newNPZ},
	{"ts", "the .ts files of the UCR and UEA archive: sequences", newTS},
	{"nmnist", "recordings in the format of N-MNIST and N-Caltech101 (.bin)", newEventFiles("file", ".bin")},
	{"aedat", "recordings of event cameras, AEDAT 2, 3.1 and 4", newEventFiles("first", ".aedat", ".aedat4")},
	{"shd", "the Heidelberg digits (HDF5): spikes of 700 channels of a cochlea", newSHD("shd")},
	{"ssc", "the spiking speech commands (HDF5), as shd", newSHD("ssc")},
	{"events", "recordings as rows (.csv) or as arrays that tonic writes (.npy)", newEventFiles("file", ".csv", ".npy")},
	{"friedman", "Friedman's regression of five features, generated", newFriedman},
	{"lowpass", "a course in steps and its low-pass, sequence to sequence, generated", newLowpass},
	{"patterns", "patterns of input spikes and the spike times they are to give, generated", newPatterns},
	{"csv", "rows of numbers: features, or the steps of sequences", newCSV},
}

// Source is where the samples of a run come from.
type Source interface {
	// Load reads the parts. Whatever is wrong with files and settings is an error that names the
	// file, what was expected and what was found.
	Load() (Parts, error)
}

// Described is a Source whose form is known without its files.
type Described interface {
	Source
	// Form is that of the set as it is published.
	Form() Form
}

// Generated is a Source that makes its samples: what they take is known before they are made.
type Generated interface {
	Source
	// Need returns the samples of the training, validation and test part, and the bytes of one.
	Need() (samples [3]int, bytes float64)
}

// Parts are the samples for training, for the choice of the epoch, and for the test.
type Parts struct {
	Train, Valid, Test Dataset
	// Augment changes training samples; nil: none.
	Augment Augment
}

// Each returns the parts in order.
func (p Parts) Each() [3]Dataset { return [3]Dataset{p.Train, p.Valid, p.Test} }

// partNames are the names of the parts in messages.
var partNames = [3]string{"training", "validation", "test"}

// check returns an error where a part has no samples, or another form than the training part.
func (p Parts) check() error {
	want := p.Train.Form()
	for k, d := range p.Each() {
		if d.Len() == 0 {
			return fmt.Errorf("%w: the %s part has no samples", ErrFormat, partNames[k])
		}
		f := d.Form()
		if f.Input != want.Input || f.Channels != want.Channels {
			return fmt.Errorf("%w: the %s part has %v of %d channels, the training part %v of %d", ErrFormat, partNames[k], f.Input, f.Channels, want.Input, want.Channels)
		}
		if f.Target.Kind != want.Target.Kind || f.Target.Size != want.Target.Size {
			return fmt.Errorf("%w: the %s part has the target %v of size %d, the training part %v of %d", ErrFormat, partNames[k], f.Target.Kind, f.Target.Size, want.Target.Kind, want.Target.Size)
		}
	}
	return nil
}

// YinYangSource makes the parts of the published Yin-Yang set, or of one of other sizes.
type YinYangSource struct {
	Train, Valid, Test int // samples
}

func newYinYangSource(p *Params) Source {
	s := YinYangSource{
		Train: p.Int("train", 5000, "samples to learn"),
		Valid: p.Int("valid", 1000, "samples that choose the epoch"),
		Test:  p.Int("test", 0, "samples of the test set; 0: 1000"),
	}
	p.Want("train", s.Train > 0, "> 0")
	p.Want("valid", s.Valid > 0, "> 0")
	return s
}

// Form returns that of [YinYang].
func (s YinYangSource) Form() Form { return (*YinYang)(nil).Form() }

// Need counts two coordinates and the class.
func (s YinYangSource) Need() (samples [3]int, bytes float64) {
	return [3]int{s.Train, s.Valid, s.Test}, 17
}

// Load generates the parts with the published seeds.
func (s YinYangSource) Load() (p Parts, err error) {
	for _, part := range []struct {
		dst *Dataset
		YinYangSettings
	}{{&p.Train, YinYangSettings{Size: s.Train, Seed: 42}}, {&p.Valid, YinYangSettings{Size: s.Valid, Seed: 41}}, {&p.Test, YinYangSettings{Size: s.Test, Seed: 40}}} {
		if *part.dst, err = NewYinYang(part.YinYangSettings); err != nil {
			return p, err
		}
	}
	return p, nil
}

// MNISTSource reads the files of MNIST, or of a set in its format, and takes the validation part
// from the training images.
type MNISTSource struct {
	Dir          string  // of the four files
	Train, Valid int     // samples; Train 0: all that Valid leaves
	Test         int     // the first ones of the test images; 0: all
	Shift        int     // pixels by which training images are moved at random, at most
	Affine       float64 // of training images, see [Warp]
	Elastic      float64 // the same
}

func newMNISTSource(p *Params) Source {
	s := MNISTSource{
		Dir:     p.String("dir", "", "the folder of the four files"),
		Train:   p.Int("train", 0, "samples to learn; 0: all that valid leaves"),
		Valid:   p.Int("valid", 5000, "samples that choose the epoch, taken from the training images"),
		Test:    p.Int("test", 0, "samples of the test set; 0: all"),
		Shift:   p.Int("shift", 0, "pixels by which training images are moved at random, at most"),
		Affine:  p.Float("affine", 0, "training images are turned, scaled and sheared: entries of a matrix differ from those of 1 by so much, at most"),
		Elastic: p.Float("elastic", 0, "pixels, standard deviation of the knots of a smooth random field that bends training images"),
	}
	p.Want("affine", s.Affine >= 0 && s.Affine < 1, "at least 0, less than 1")
	p.Want("elastic", s.Elastic >= 0, ">= 0 pixels")
	p.Want("dir", s.Dir != "", "the folder of the four files")
	p.Want("valid", s.Valid > 0, "> 0")
	return s
}

// Form returns that of images of 28×28 pixels.
func (s MNISTSource) Form() Form {
	return Form{Channels: 28 * 28, Target: Classes(10), Image: [3]int{1, 28, 28}}
}

// mnistSplitSeed chooses the validation images: the same ones for every run.
const mnistSplitSeed = 0

// Load reads the files. The size of the images is that in the files.
func (s MNISTSource) Load() (p Parts, err error) {
	images, test, err := LoadMNIST(s.Dir)
	if err != nil {
		return p, err
	}
	n := s.Train
	if n == 0 {
		n = max(images.Len()-s.Valid, 0)
	}
	if n == 0 || n+s.Valid > images.Len() {
		return p, &KeyError{"train", fmt.Sprintf("train + valid <= %d, the training images of %s", images.Len(), s.Dir), fmt.Sprintf("%d + %d", s.Train, s.Valid)}
	}
	parts, err := Split(images, mnistSplitSeed, s.Valid, n)
	if err != nil {
		return p, err
	}
	p.Train, p.Valid, p.Test = parts[1], parts[0], test
	if s.Test > 0 {
		if s.Test > test.Len() {
			return p, &KeyError{"test", fmt.Sprintf("at most %d, the test images of %s", test.Len(), s.Dir), fmt.Sprint(s.Test)}
		}
		if p.Test, err = Subset(test, upTo(s.Test)); err != nil {
			return p, err
		}
	}
	height, width := images.Size()
	var changes Augments
	if s.Shift > 0 {
		if s.Shift >= min(height, width) {
			return p, &KeyError{"shift", fmt.Sprintf("less than %d, the size of the images of %s", min(height, width), s.Dir), fmt.Sprint(s.Shift)}
		}
		changes = append(changes, Shift{Width: width, Pixels: s.Shift})
	}
	if s.Affine > 0 || s.Elastic > 0 {
		changes = append(changes, Warp{Width: width, Affine: s.Affine, Elastic: s.Elastic})
	}
	if changes != nil {
		p.Augment = changes
	}
	return p, nil
}

// upTo returns 0, 1, ..., n-1.
func upTo(n int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return index
}
