package data

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// events is a data set of lists of events, and sequences one of sequences, of samples of any
// length.
type events struct {
	samples  [][]Spike
	channels int
}

func (e events) Len() int { return len(e.samples) }
func (e events) Form() Form {
	return Form{Input: EventList, Channels: e.channels, Duration: 20e-3, Target: Classes(1)}
}
func (e events) Sample(s *Sample, i int) error {
	s.Events, s.Duration, s.Label = append(s.Events[:0], e.samples[i]...), 20e-3, 0
	if i%2 == 1 {
		s.Duration = 25e-3 / 2
		s.Events = slices.DeleteFunc(s.Events, func(x Spike) bool { return x.Time >= s.Duration })
	}
	return nil
}

type sequences struct {
	samples  [][]float64
	channels int
}

func (e sequences) Len() int { return len(e.samples) }
func (e sequences) Form() Form {
	return Form{Input: Sequence, Channels: e.channels, Steps: 7, Target: Classes(1)}
}
func (e sequences) Sample(s *Sample, i int) error {
	s.X, s.Steps, s.Label = append(s.X[:0], e.samples[i]...), len(e.samples[i])/e.channels, 0
	return nil
}

// TestLists: lists have what blocks have, by rising channels, of every encoder that makes lists,
// and of empty rows and what is behind the end of a sample.
func TestLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channels, n := rapid.IntRange(1, 4).Draw(t, "channels"), rapid.IntRange(1, 9).Draw(t, "n")
		s := Batches{Size: rapid.IntRange(1, 5).Draw(t, "size"), Seed: 3, Steps: 31}
		switch rapid.IntRange(0, 2).Draw(t, "input") {
		case 0:
			s.Data = counting(n)
			s.Encoder = rapid.SampledFrom([]Encoder{Latency{}, TTFSBias{}, Rate{}, Population{}}).Draw(t, "encoder")
		case 1:
			e := events{channels: channels}
			for range n {
				list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Spike {
					return Spike{float64(rapid.IntRange(0, 39).Draw(t, "time")) * 0.5e-3, rapid.IntRange(0, channels-1).Draw(t, "channel")}
				}), 0, 30).Draw(t, "events")
				slices.SortStableFunc(list, func(a, b Spike) int { return int(2e3*a.Time+0.5) - int(2e3*b.Time+0.5) })
				e.samples = append(e.samples, list)
			}
			s.Data, s.Encoder = e, None{Once: rapid.Bool().Draw(t, "once")}
		default:
			e := sequences{channels: channels}
			for range n {
				steps := rapid.IntRange(1, 7).Draw(t, "steps")
				e.samples = append(e.samples, rapid.SliceOfN(rapid.Float64Range(-1, 1), steps*channels, steps*channels).Draw(t, "x"))
			}
			s.Data, s.Encoder, s.Hold = e, Delta{}, rapid.IntRange(1, 3).Draw(t, "hold")
		}
		if !s.Sparse() {
			t.Fatalf("%T makes no lists", s.Encoder)
		}
		var dense Batch
		sparse := Batch{Lists: new(Lists)}
		for k := range s.Len() {
			if err := s.Fill(&dense, 2, k); err != nil {
				t.Fatal(err)
			}
			if err := s.Fill(&sparse, 2, k); err != nil || !sparse.Listed || dense.Listed {
				t.Fatalf("lists: %v, error %v", sparse.Listed, err)
			}
			if !slices.Equal(dense.Labels, sparse.Labels) || !slices.Equal(dense.Lengths, sparse.Lengths) {
				t.Fatalf("labels %v and %v, lengths %v and %v", dense.Labels, sparse.Labels, dense.Lengths, sparse.Lengths)
			}
			for i, list := range sparse.Lists.Channels {
				row := make([]float32, dense.Channels)
				for at, c := range list {
					if at > 0 && c <= list[at-1] {
						t.Fatalf("channels %v do not rise", list)
					}
					if row[c] = 1; sparse.Lists.Values[i] != nil {
						row[c] = sparse.Lists.Values[i][at]
					}
				}
				if want := dense.Input[i*dense.Channels : (i+1)*dense.Channels]; !slices.Equal(row, want) {
					t.Fatalf("%T, step %d, row %d: %v, want %v", s.Encoder, i/s.Size, i%s.Size, row, want)
				}
			}
		}
	})
}

// Sequences as they are, currents and encoders of somebody else have no lists.
func TestNotSparse(t *testing.T) {
	for _, s := range []Batches{{Data: sequences{channels: 1}, Encoder: None{}}, {Data: counting(1), Encoder: Current{}}, {Data: counting(1), Encoder: struct{ Encoder }{Latency{}}}} {
		if s.Sparse() {
			t.Errorf("%T has lists", s.Encoder)
		}
	}
}
