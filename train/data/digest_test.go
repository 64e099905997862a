package data

import (
	"math"
	"testing"
)

// altered is a data set with one sample changed.
type altered struct {
	Dataset
	at     int
	change func(s *Sample)
}

func (a altered) Sample(s *Sample, i int) error {
	err := a.Dataset.Sample(s, i)
	if i == a.at && err == nil {
		a.change(s)
	}
	return err
}

// TestDigest: equal sets have equal digests, and any bit of any sample counts.
func TestDigest(t *testing.T) {
	set := func() Dataset {
		d, err := NewYinYang(YinYangSettings{Size: 20, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	digest := func(d Dataset) [32]byte {
		sum, err := Digest(d)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	want := digest(set())
	if digest(set()) != want {
		t.Error("two equal sets differ")
	}
	for name, change := range map[string]func(s *Sample){
		"label":  func(s *Sample) { s.Label++ },
		"bit":    func(s *Sample) { s.X[1] = math.Nextafter(s.X[1], 2) },
		"length": func(s *Sample) { s.X = s.X[:len(s.X)-1] },
	} {
		for _, at := range []int{0, 19} {
			if digest(altered{set(), at, change}) == want {
				t.Errorf("%s of sample %d does not count", name, at)
			}
		}
	}
	if digest(altered{set(), 5, func(s *Sample) { s.Spikes = []Spike{{1, 1}} }}) != want {
		t.Error("what is no part of the form counts")
	}
	if _, err := Digest(nil); err == nil {
		t.Error("no error without a set")
	}
}
