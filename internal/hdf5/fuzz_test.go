package hdf5

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/surge-snn/surge/internal/files"
)

// walk reads everything in a file, and stops at a number of objects: a group may contain itself.
func walk(f *File, path string, left *int) error {
	if *left--; *left < 0 {
		return nil
	}
	if f.IsGroup(path) {
		names, err := f.Names(path)
		if err != nil {
			return err
		}
		if _, err := f.Attributes(path); err != nil {
			return err
		}
		for _, name := range names {
			if e := walk(f, path+"/"+name, left); e != nil {
				err = e
			}
		}
		return err
	}
	d, err := f.Dataset(path)
	if err != nil {
		return err
	}
	switch {
	case d.Type.IsNumber():
		if len(d.Shape) > 0 && d.bytes(d.rows()) > 1<<20 {
			_, err = d.Floats(0, 1)
			break
		}
		_, err = d.Floats(0, -1)
	case d.Type.IsString():
		_, err = d.Strings(0, min(d.rows(), 1000))
	default:
		_, err = d.Lists(0, min(d.rows(), 1000))
	}
	return err
}

func read(b []byte) error {
	f, err := NewFile(bytes.NewReader(b), int64(len(b)))
	if err == nil {
		left := 200
		err = walk(f, "", &left)
	}
	return err
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"block.h5", "small.h5", "small_latest.h5"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := read(b); err != nil && !known(err) {
			t.Errorf("an error of no kind: %v", err)
		}
	})
}

func known(err error) bool {
	for _, kind := range []error{files.ErrCorrupt, files.ErrFormat, files.ErrArray, files.ErrTooLarge} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// Every prefix of a file is an error, and bytes that are changed give an error or a file.
func TestDamagedFiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"block.h5", "small.h5", "small_latest.h5", "latest.h5", "numbers.h5"} {
		whole, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			if err := read(whole[:r.IntN(len(whole))]); !known(err) {
				t.Fatalf("%s: a part: %v", name, err)
			}
			b := bytes.Clone(whole)
			for range 20 {
				b[r.IntN(len(b))] = byte(r.IntN(256))
			}
			if err := read(b); err != nil && !known(err) {
				t.Fatalf("%s: damaged: %v", name, err)
			}
		}
	}
}
