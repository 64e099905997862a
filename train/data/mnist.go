package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Images is a set of grey images: MNIST and sets in its format.
type Images struct {
	height, width int
	pixels        []byte // [N, height, width]
	labels        []byte // [N]; nil: not known
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
	d, err := readImages(filepath.Join(dir, imagesName))
	if err != nil {
		return nil, err
	}
	return d, d.label(filepath.Join(dir, labelsName), imagesName)
}

// readImages reads the images at path, or at path.gz if there are none, without labels.
func readImages(path string) (*Images, error) {
	images, found, err := readEither(path)
	if err != nil {
		return nil, err
	}
	if len(images.Shape) != 3 || slices.Contains(images.Shape, 0) {
		return nil, fmt.Errorf("%s: %w: shape %v, want images [N, height, width]", found, ErrFormat, images.Shape)
	}
	return &Images{height: images.Shape[1], width: images.Shape[2], pixels: images.Data}, nil
}

// label reads the labels at path, or at path.gz, of the images in the file named.
func (d *Images) label(path, images string) error {
	labels, found, err := readEither(path)
	if err != nil {
		return err
	}
	if len(labels.Shape) != 1 {
		return fmt.Errorf("%s: %w: shape %v, want labels [N]", found, ErrFormat, labels.Shape)
	}
	if labels.Shape[0] != d.Len() {
		return fmt.Errorf("%s: %w: %d labels for the %d images of %s", found, ErrFormat, labels.Shape[0], d.Len(), images)
	}
	for i, label := range labels.Data {
		if label > 9 {
			return fmt.Errorf("%s: %w: label %d is %d, want 0 to 9", found, ErrFormat, i, label)
		}
	}
	d.labels = labels.Data
	return nil
}

// Open reads a file of images, plain or compressed, and their labels where the file beside it is
// there that has "labels-idx1" in place of "images-idx3" in its name.
func (s MNISTSource) Open(path string, trained Dataset) (Dataset, error) {
	if trained == nil {
		return nil, fmt.Errorf("%s: %w: no training part to take the classes from", path, ErrSettings)
	}
	plain := strings.TrimSuffix(path, ".gz")
	d, err := readImages(plain)
	if err != nil {
		return nil, err
	}
	if found, want := d.Form().Channels, trained.Form().Channels; found != want {
		return nil, fmt.Errorf("%s: %w: expected %d pixels, as were learned, found %d×%d", path, ErrFormat, want, d.height, d.width)
	}
	dir, name := filepath.Split(plain)
	labels := strings.Replace(name, "images-idx3", "labels-idx1", 1)
	if labels == name {
		return d, nil
	}
	if err := d.label(dir+labels, name); !errors.Is(err, fs.ErrNotExist) {
		return d, err
	}
	return d, nil
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
	if d == nil || d.height*d.width == 0 {
		return 0
	}
	return len(d.pixels) / (d.height * d.width)
}

// Form returns features of height × width pixels, and ten classes where there are labels.
func (d *Images) Form() Form {
	height, width := d.Size()
	f := Form{Channels: height * width, Image: [3]int{1, height, width}}
	if d != nil && d.labels != nil {
		f.Target = Classes(10)
	}
	return f
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
// and the digit as the label, where it is known.
func (d *Images) Sample(s *Sample, i int) error {
	if err := checkSample(d, s, i); err != nil {
		return err
	}
	x := s.Features(d.height * d.width)
	for k, p := range d.pixels[i*len(x) : (i+1)*len(x)] {
		x[k] = float64(p) / 255
	}
	if d.labels != nil {
		s.Label = int(d.labels[i])
	}
	return nil
}
