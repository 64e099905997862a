package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Images is a set of labelled grey images: MNIST and sets in its format.
type Images struct {
	height, width int
	pixels        []byte // [N, height, width]
	labels        []byte // [N]
}

// Names of the files of MNIST, without the ending .gz.
const (
	trainImages = "train-images-idx3-ubyte"
	trainLabels = "train-labels-idx1-ubyte"
	testImages  = "t10k-images-idx3-ubyte"
	testLabels  = "t10k-labels-idx1-ubyte"
)

// LoadMNIST reads the four files of MNIST from a folder,
//
//	train-images-idx3-ubyte[.gz]   train-labels-idx1-ubyte[.gz]
//	t10k-images-idx3-ubyte[.gz]    t10k-labels-idx1-ubyte[.gz]
//
// and returns the training (60000 samples) and the test set (10000). Any number of
// images of any one size will do, so that slices of MNIST, and sets in its format,
// load in the same way. Where a file is there both plain and compressed, the plain
// one is read. A missing file (fs.ErrNotExist), a damaged one (ErrFormat), images
// and labels of different number and labels beyond 9 (ErrFormat) are errors that
// name the file. See [GetMNIST] for the download.
//
// LeCun et al. 1998, doi:10.1109/5.726791. The whole set takes 55 MB of memory and
// half a second.
func LoadMNIST(dir string) (train, test *Images, err error) {
	if train, err = loadImages(dir, trainImages, trainLabels); err != nil {
		return nil, nil, err
	}
	if test, err = loadImages(dir, testImages, testLabels); err != nil {
		return nil, nil, err
	}
	if train.height != test.height || train.width != test.width {
		return nil, nil, fmt.Errorf("%s: %w: training images are %d×%d, test images %d×%d", dir, ErrFormat, train.height, train.width, test.height, test.width)
	}
	return train, test, nil
}

func loadImages(dir, imagesName, labelsName string) (*Images, error) {
	images, imagesPath, err := readEither(filepath.Join(dir, imagesName))
	if err != nil {
		return nil, err
	}
	labels, labelsPath, err := readEither(filepath.Join(dir, labelsName))
	if err != nil {
		return nil, err
	}
	if len(images.Shape) != 3 || slices.Contains(images.Shape, 0) {
		return nil, fmt.Errorf("%s: %w: shape %v, want images [N, height, width]", imagesPath, ErrFormat, images.Shape)
	}
	if len(labels.Shape) != 1 {
		return nil, fmt.Errorf("%s: %w: shape %v, want labels [N]", labelsPath, ErrFormat, labels.Shape)
	}
	if labels.Shape[0] != images.Shape[0] {
		return nil, fmt.Errorf("%s: %w: %d labels for the %d images of %s", labelsPath, ErrFormat, labels.Shape[0], images.Shape[0], imagesName)
	}
	for i, label := range labels.Data {
		if label > 9 {
			return nil, fmt.Errorf("%s: %w: label %d is %d, want 0 to 9", labelsPath, ErrFormat, i, label)
		}
	}
	return &Images{images.Shape[1], images.Shape[2], images.Data, labels.Data}, nil
}

// readEither reads the file at path, or at path.gz if there is none.
func readEither(path string) (a IDX, found string, err error) {
	for _, found = range []string{path, path + ".gz"} {
		if _, err = os.Stat(found); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		a, err = ReadIDX(found)
		return a, found, err
	}
	return IDX{}, "", fmt.Errorf("data: %s: neither this file nor %s.gz is there: %w", path, filepath.Base(path), fs.ErrNotExist)
}

// Len returns the number of images.
func (d *Images) Len() int {
	if d == nil {
		return 0
	}
	return len(d.labels)
}

// Form returns features of height × width pixels and ten classes.
func (d *Images) Form() Form {
	height, width := d.Size()
	return Form{Channels: height * width, Target: Classes(10)}
}

// Size returns the height and width of the images in pixels.
func (d *Images) Size() (height, width int) {
	if d == nil {
		return 0, 0
	}
	return d.height, d.width
}

// Sample writes the pixels p of image i, row by row, as the features
//
//	x = p / 255
//
// and the digit as the label.
func (d *Images) Sample(s *Sample, i int) error {
	if err := checkSample(d, s, i); err != nil {
		return err
	}
	x := s.Features(d.height * d.width)
	for k, p := range d.pixels[i*len(x) : (i+1)*len(x)] {
		x[k] = float64(p) / 255
	}
	s.Label = int(d.labels[i])
	return nil
}
