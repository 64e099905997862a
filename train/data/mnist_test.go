package data

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLoadMNIST reads the slice. Labels and sums of pixels of the first images are
// facts about MNIST, read off the original files with Python's gzip and struct.
func TestLoadMNIST(t *testing.T) {
	train, test, err := LoadMNIST("testdata/mnist-slice")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		d      *Images
		n      int
		labels []int
		sums   []float64
	}{
		{train, 200, []int{5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, []float64{27525, 31095, 19443}},
		{test, 100, []int{7, 2, 1, 0, 4, 1, 4, 9, 5, 9}, []float64{18454, 28850, 9871}},
	} {
		height, width := c.d.Size()
		if c.d.Len() != c.n || c.d.Form().Channels != 784 || c.d.Form().Target.Size != 10 || height != 28 || width != 28 {
			t.Errorf("%d images of %d×%d, %d classes", c.d.Len(), height, width, c.d.Form().Target.Size)
		}
		var s Sample
		for i, want := range c.labels {
			if err := c.d.Sample(&s, i); err != nil {
				t.Fatal(err)
			}
			if s.Label != want {
				t.Errorf("image %d has the label %d, want %d", i, s.Label, want)
			}
			sum := 0.0
			for _, v := range s.X {
				if v < 0 || v > 1 {
					t.Fatalf("image %d has the feature %g", i, v)
				}
				sum += v * 255
			}
			// 784 roundings of numbers below 255.
			if i < len(c.sums) && (sum-c.sums[i] > 1e-9 || c.sums[i]-sum > 1e-9) {
				t.Errorf("pixels of image %d add up to %g, want %g", i, sum, c.sums[i])
			}
		}
		if err := c.d.Sample(&s, c.n); !errors.Is(err, ErrIndex) {
			t.Errorf("image %d of %d: error %v, want ErrIndex", c.n, c.n, err)
		}
	}
}

// smallSet writes a set of 2×3 images, plain and compressed files mixed.
func smallSet(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range map[string][]byte{
		trainImages + ".gz": gzipped(idxFile([]uint32{3, 2, 3}, make([]byte, 18))),
		trainLabels:         idxFile([]uint32{3}, []byte{0, 9, 4}),
		testImages:          idxFile([]uint32{1, 2, 3}, []byte{0, 51, 255, 1, 2, 3}),
		testLabels + ".gz":  gzipped(idxFile([]uint32{1}, []byte{7})),
	} {
		write(t, filepath.Join(dir, name), b)
	}
	return dir
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestLoadMNISTPlainAndCompressed(t *testing.T) {
	dir := smallSet(t)
	// Where both are there the plain file is read, and the other not even looked at.
	write(t, filepath.Join(dir, testImages+".gz"), []byte("rubbish"))
	_, test, err := LoadMNIST(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s Sample
	if err := test.Sample(&s, 0); err != nil || s.Label != 7 || !slices.Equal(s.X[:3], []float64{0, 0.2, 1}) {
		t.Errorf("pixels %v, label %d, error %v", s.X, s.Label, err)
	}
}

func TestLoadMNISTErrors(t *testing.T) {
	for _, c := range []struct {
		name, file string
		content    []byte // nil: the file is removed
		want       error
		says       string
	}{
		{"missing", trainLabels, nil, fs.ErrNotExist, trainLabels + ".gz is there"},
		{"flat images", testImages, idxFile([]uint32{6}, make([]byte, 6)), ErrFormat, "shape [6], want images"},
		{"no images", testImages, idxFile([]uint32{0, 2, 3}, nil), ErrFormat, "shape [0 2 3]"},
		{"square labels", trainLabels, idxFile([]uint32{3, 1}, make([]byte, 3)), ErrFormat, "shape [3 1], want labels"},
		{"number", trainLabels, idxFile([]uint32{2}, make([]byte, 2)), ErrFormat, "2 labels for the 3 images"},
		{"label", trainLabels, idxFile([]uint32{3}, []byte{0, 10, 0}), ErrFormat, "label 1 is 10, want 0 to 9"},
		{"other size", testImages, idxFile([]uint32{1, 3, 2}, make([]byte, 6)), ErrFormat, "2×3, test images 3×2"},
		{"cut gzip", trainImages + ".gz", gzipped(idxFile([]uint32{3, 2, 3}, make([]byte, 18)))[:30], ErrFormat, trainImages + ".gz"},
	} {
		dir := smallSet(t)
		if c.content == nil {
			if err := os.Remove(filepath.Join(dir, c.file)); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, filepath.Join(dir, c.file), c.content)
		}
		_, _, err := LoadMNIST(dir)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: error %v, want %v with %q and the path", c.name, err, c.want, c.says)
		}
	}
}

// Images to predict have labels where the file of labels is beside them, and a network learns
// images of one size.
func TestOpenMNIST(t *testing.T) {
	s := MNISTSource{Dir: "testdata/mnist-slice", Valid: 2}
	p, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	image := func(d Dataset) (x []float64, label int) {
		var v Sample
		if err := d.Sample(&v, 3); err != nil {
			t.Fatal(err)
		}
		return v.X, v.Label
	}
	labelled, err := s.Open("testdata/mnist-slice/"+testImages+".gz", p.Train)
	if err != nil {
		t.Fatal(err)
	}
	want, label := image(p.Test)
	if x, l := image(labelled); l != label || !slices.Equal(x, want) || labelled.Len() != p.Test.Len() || labelled.Form().Target.Size != 10 {
		t.Errorf("label %d of %d images, want %d of %d", l, labelled.Len(), label, p.Test.Len())
	}
	content, err := os.ReadFile("testdata/mnist-slice/" + testImages + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "mine.gz")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	alone, err := s.Open(path, p.Train)
	if err != nil {
		t.Fatal(err)
	}
	if x, _ := image(alone); !slices.Equal(x, want) || alone.Len() != p.Test.Len() || alone.Form().Target.Kind == ClassTarget && alone.Form().Target.Size > 0 {
		t.Errorf("%d images with targets %v", alone.Len(), alone.Form().Target)
	}
	for _, path := range []string{"testdata/mnist-slice/" + testLabels, "nothing", t.TempDir()} {
		if _, err := s.Open(path, p.Train); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
	if _, err := s.Open(path, &Images{height: 2, width: 3}); !errors.Is(err, ErrFormat) {
		t.Errorf("images of another size: %v", err)
	}
}
