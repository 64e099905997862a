package data

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Digest returns the SHA-256 of all samples of a data set, inputs and targets with every bit, in
// their order. It is the same on all machines. Cost: a reading of the set.
func Digest(d Dataset) (sum [sha256.Size]byte, err error) {
	if d == nil {
		return sum, fmt.Errorf("%w: Digest of no data set", ErrSettings)
	}
	hash := sha256.New()
	w := bufio.NewWriter(hash)
	f := d.Form()
	if _, err := fmt.Fprintf(w, "%d samples, {Input:%v Channels:%d Steps:%d Duration:%v Target:%+v}\n", d.Len(), f.Input, f.Channels, f.Steps, f.Duration, f.Target); err != nil {
		return sum, err
	}
	var s Sample
	for i := range d.Len() {
		if err := d.Sample(&s, i); err != nil {
			return sum, fmt.Errorf("sample %d: %w", i, err)
		}
		if err := s.write(w, f); err != nil {
			return sum, err
		}
	}
	if err := w.Flush(); err != nil {
		return sum, err
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}

// write writes what the form says that a sample has: numbers of elements, and the elements.
func (s *Sample) write(w io.Writer, f Form) error {
	var b []byte
	word := func(x uint64) { b = binary.LittleEndian.AppendUint64(b, x) }
	floats := func(x []float64) {
		word(uint64(len(x)))
		for _, v := range x {
			word(math.Float64bits(v))
		}
	}
	spikes := func(x []Spike) {
		word(uint64(len(x)))
		for _, v := range x {
			word(math.Float64bits(v.Time))
			word(uint64(v.Channel))
		}
	}
	if f.Input == EventList {
		spikes(s.Events)
		word(math.Float64bits(s.Duration))
	} else {
		floats(s.X)
	}
	switch f.Target.Kind {
	case ClassTarget:
		word(uint64(s.Label))
	case VectorTarget, SequenceTarget:
		floats(s.Y)
	case SpikeTarget:
		spikes(s.Spikes)
	}
	_, err := w.Write(b)
	return err
}
