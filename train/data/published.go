package data

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// Published is a data set whose files are part of an archive that is published for good.
type Published struct {
	Name, Doc string
	Archive   Asset    // a zip archive
	Mirrors   []string // folders that have it
	// Files are the files of the set, with their paths in the archive; what is kept has the last
	// part of the path as name.
	Files []Asset
}

// archived names the training and the test file of a set of the time-series archive in the wheel of
// aeon.
func archived(name, doc string, trainSize int64, trainSum string, testSize int64, testSum string) Published {
	path := "aeon/datasets/data/" + name + "/" + name
	return Published{
		Name: strings.ToLower(name), Doc: doc,
		Archive: Asset{"aeon-1.6.0-py3-none-any.whl", 6421000, "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409"},
		Mirrors: []string{"https://files.pythonhosted.org/packages/7d/49/034d8d142106e035fce019d8ee6f04d3ac8842490cd33f811d4df8e15da3"},
		Files:   []Asset{{path + "_TRAIN.ts", trainSize, trainSum}, {path + "_TEST.ts", testSize, testSum}},
	}
}

// PublishedSets are the sets of the UCR and UEA time-series archive
// (http://www.timeseriesclassification.com) that the Python package aeon contains (BSD licence; M.
// Middlehurst et al. 2024, arXiv:2406.14231): a wheel of 6 MB, of which two files are kept.
func PublishedSets() []Published {
	return []Published{
		archived("OSULeaf", "outlines of leaves of six species, 427 steps",
			953148, "86b9d6e860414ffd26cebc62fff84ffb37fa588ef3e5bf79e4094a437c36ddfc", 1152821, "6c549dd354f9e42d5985fa5fab75321ca9acefc7873457e71467fc8a31f107ce"),
		archived("BasicMotions", "four activities by accelerometer and gyroscope, six channels, 100 steps",
			227790, "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6", 227713, "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc"),
		archived("GunPoint", "drawing a gun or pointing a finger, 150 steps",
			84188, "f842401779fd9800d247d8b33121a1a4643710a19b24917dbdd9a060ca8630d5", 252305, "79332750788a6227b325b96bd0d70130c8eb707b9731f8d7dec62b7a7d36017e"),
		archived("JapaneseVowels", "nine speakers saying two vowels, twelve channels, 7 to 29 steps",
			487971, "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd", 649132, "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462"),
		archived("ItalyPowerDemand", "electricity in winter or summer, 24 hours",
			18300, "341269cb7e6cef96846b30e774580beec79addb93848ba360145219115a74b7c", 274054, "26122451f87dd0387ef90b18bc8a86c041371b8a1c068004922b939971247144"),
	}
}

// Get downloads the archive into dir, keeps the files of the set, and removes the archive. Files
// that are there and right are left alone, and nothing is downloaded where all are; one with other
// content is an error (ErrChecksum). See [Fetch] for a download that breaks.
func (p Published) Get(ctx context.Context, dir string, s Download) error {
	missing := false
	for _, f := range p.Files {
		f.Name = filepath.Base(f.Name)
		there, err := f.present(dir)
		if err != nil {
			return err
		}
		missing = missing || !there
	}
	if !missing {
		return nil
	}
	if len(s.Mirrors) == 0 {
		s.Mirrors = p.Mirrors
	}
	if err := Fetch(ctx, dir, []Asset{p.Archive}, s); err != nil {
		return err
	}
	path := filepath.Join(dir, p.Archive.Name)
	z, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", path, ErrFormat, err)
	}
	defer z.Close()
	for _, f := range p.Files {
		if err := f.unpack(&z.Reader, dir); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}

// unpack writes a member of an archive to a folder.
func (a Asset) unpack(z *zip.Reader, dir string) error {
	m, err := z.Open(a.Name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	defer m.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.LimitReader(m, a.Size+1)); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrFormat, a.Name, err)
	}
	path := filepath.Join(dir, filepath.Base(a.Name))
	if there, err := (Asset{filepath.Base(a.Name), a.Size, a.SHA256}).present(dir); there || err != nil {
		return err
	}
	if err := files.WriteAtomic(path, func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	}); err != nil {
		return err
	}
	if err := (Asset{path, a.Size, a.SHA256}).verify(path); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
