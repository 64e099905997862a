package data

import (
	"errors"
	"path/filepath"
)

// Part describes one part of a data set.
type Part struct {
	Name     string `json:"name"`
	Samples  int    `json:"samples"`
	Features int    `json:"features"`
	Classes  []int  `json:"classes"` // samples of each class
}

// Describe counts the samples of each part of a data set: of "yinyang", or of the folder of the
// files of MNIST, or of two .ts files. Errors are those of reading it, [fs.ErrNotExist] where there
// is none.
func Describe(set string) (parts []Part, err error) {
	add := func(name string, d Dataset) error {
		p, err := describePart(name, d)
		parts = append(parts, p)
		return err
	}
	if set == "yinyang" {
		train, valid, test := StandardYinYang()
		err := errors.Join(add("training", train), add("validation", valid), add("test", test))
		return parts, err
	}
	if found, _ := filepath.Glob(filepath.Join(set, "*_TRAIN.ts")); len(found) > 0 {
		p, err := TS{Dir: set, Missing: "hold"}.Load()
		if err != nil {
			return nil, err
		}
		for i, d := range p.Each() {
			if err := add([]string{"training", "validation", "test"}[i], d); err != nil {
				return nil, err
			}
		}
		return parts, nil
	}
	train, test, err := LoadMNIST(set)
	if err != nil {
		return nil, err
	}
	err = errors.Join(add("training", train), add("test", test))
	return parts, err
}

// OfEvents tells whether the samples of a source are events: always, or perhaps, as its files say.
func OfEvents(s Source) (always, perhaps bool) {
	switch s := s.(type) {
	case EventFiles, SHD:
		return true, true
	case NPZ:
		return false, true
	case Described:
		always = s.Form().Input == EventList
	}
	return always, always
}

func describePart(name string, d Dataset) (Part, error) {
	f := d.Form()
	p := Part{Name: name, Samples: d.Len(), Features: f.Channels, Classes: make([]int, f.Target.Size)}
	var s Sample
	for i := range d.Len() {
		if err := d.Sample(&s, i); err != nil {
			return p, err
		}
		p.Classes[s.Label]++
	}
	return p, nil
}
