package experiment

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// splitSeed chooses the validation images of MNIST: the same ones for every run.
const splitSeed = 0

// imageWidth is the number of pixels of a row of an image of MNIST.
const imageWidth = 28

// Sizes returns the number of input channels and of classes, without the data: of MNIST, those
// of images of 28×28 pixels.
func (e *Experiment) Sizes() (channels, classes int) {
	features, classes := 4, 3
	if e.Data.Set == "mnist" {
		features, classes = imageWidth*imageWidth, 10
	}
	return e.encoder().Channels(features), classes
}

// Load returns the three sets, and the number of classes.
func (e *Experiment) Load() (sets train.Data, classes int, err error) {
	load := e.yinYang
	if e.Data.Set == "mnist" {
		load = e.mnist
	}
	learn, valid, test, err := load()
	if err != nil {
		return sets, 0, err
	}
	batches := data.Batches{Encoder: e.encoder(), Size: e.Train.Batch, Steps: e.Encode.Steps, Dt: e.Encode.Dt, Duration: e.Encode.Duration, Seed: e.Seed}
	for _, s := range []struct {
		dst *data.Batches
		set data.Dataset
	}{{&sets.Train, learn}, {&sets.Valid, valid}, {&sets.Test, test}} {
		*s.dst = batches
		s.dst.Data = s.set
	}
	if e.Data.Shift > 0 {
		sets.Train.Augment = data.Shift{Width: imageWidth, Pixels: e.Data.Shift}
	}
	return sets, learn.Form().Target.Size, nil
}

func (e *Experiment) yinYang() (learn, valid, test data.Dataset, err error) {
	sets := make([]data.Dataset, 3)
	for i, s := range []data.YinYangSettings{
		{Size: e.Data.Train, Seed: 42}, {Size: e.Data.Valid, Seed: 41}, {Size: e.Data.Test, Seed: 40},
	} {
		if sets[i], err = data.NewYinYang(s); err != nil {
			return nil, nil, nil, e.bad("data", "sizes of Yin-Yang", err)
		}
	}
	return sets[0], sets[1], sets[2], nil
}

func (e *Experiment) mnist() (learn, valid, test data.Dataset, err error) {
	images, testImages, err := data.LoadMNIST(e.Data.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil, &exit.BadInput{
			File: e.Data.Dir, Expected: "the files of MNIST; get them with: surge data get mnist --dir " + e.Data.Dir, Err: err,
		}
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if n := e.Data.Train + e.Data.Valid; n > images.Len() {
		expected := fmt.Sprintf("train + valid <= %d, the training images of %s", images.Len(), e.Data.Dir)
		return nil, nil, nil, e.bad("data.train", expected, fmt.Errorf("%d", n))
	}
	parts, err := data.Split(images, splitSeed, e.Data.Valid, e.Data.Train)
	if err != nil {
		return nil, nil, nil, err
	}
	test = testImages
	if n := e.Data.Test; n > 0 {
		index := make([]int, n)
		for i := range index {
			index[i] = i
		}
		if test, err = data.Subset(testImages, index); err != nil {
			return nil, nil, nil, e.bad("data.test", fmt.Sprintf("at most %d", testImages.Len()), err)
		}
	}
	return parts[1], parts[0], test, nil
}

func (e *Experiment) bad(key, expected string, found error) error {
	return &exit.BadInput{File: e.file, Member: key, Expected: expected, Found: found.Error()}
}

// encoder returns the encoder that the section [encode] describes.
func (e *Experiment) encoder() data.Encoder {
	c := e.Encode
	switch c.Kind {
	case "latency":
		return data.Latency{TMin: c.TMin, TMax: c.TMax, Threshold: c.Threshold}
	case "rate":
		return data.Rate{MaxRate: c.MaxRate}
	case "current":
		return data.Current{Scale: c.Scale}
	}
	return data.TTFSBias{TEarly: c.TEarly, TLate: c.TLate, TBias: c.TBias}
}
