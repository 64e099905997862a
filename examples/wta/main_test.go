package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestRun learns from 160 digits. A guess is right in 10 of the 100 test samples, with a standard
// deviation of 3: half of them right is 13 standard deviations away.
func TestRun(t *testing.T) {
	raster := filepath.Join(t.TempDir(), "wta.png")
	e := experiment{folder: "../../train/data/testdata/mnist-slice", train: 160, epochs: 8, raster: raster}
	accuracy, err := e.run()
	if err != nil {
		t.Fatal(err)
	}
	if accuracy < 0.5 {
		t.Errorf("test accuracy %.2f, want at least 0.50", accuracy)
	}
	image, err := os.ReadFile(raster)
	if err != nil || !bytes.HasPrefix(image, []byte("\x89PNG")) {
		t.Errorf("the raster is no PNG file: %v", err)
	}
}

func TestRunRejects(t *testing.T) {
	for name, e := range map[string]experiment{
		"no data":          {folder: t.TempDir(), train: 160, epochs: 1},
		"too many samples": {folder: "../../train/data/testdata/mnist-slice", train: 1000, epochs: 1},
		"not a picture":    {folder: "../../train/data/testdata/mnist-slice", train: 40, epochs: 1, raster: filepath.Join(t.TempDir(), "wta.txt")},
	} {
		if _, err := e.run(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
