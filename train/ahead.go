package train

import (
	"reflect"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/train/data"
)

// ahead reads batches as lists. When they are asked for one after the other, it encodes the next
// one while the one at hand is computed.
type ahead struct {
	batch, next *data.Batch
	last        place // of batch
	begun       place // of next, while it is being encoded
	busy        bool
	done        chan error
	encode      func() // made once: a go statement with a ready function does not allocate
}

// place is where a batch comes from.
type place struct {
	set   data.Batches
	epoch uint64
	k     int
}

func newAhead() *ahead {
	a := &ahead{batch: &data.Batch{Lists: new(data.Lists)}, next: &data.Batch{Lists: new(data.Lists)}, done: make(chan error, 1)}
	a.encode = func() {
		set := a.begun.set
		set.Workers = 1 // the others compute
		a.done <- set.Fill(a.next, a.begun.epoch, a.begun.k)
	}
	return a
}

// read returns a batch. It is valid until the next one is read.
func (a *ahead) read(at place) (*data.Batch, error) {
	follows := a.last.set.Data != nil && a.last.epoch == at.epoch && a.last.k+1 == at.k && sameBatches(a.last.set, at.set)
	ready := false
	if a.busy {
		err := a.wait()
		ready = a.begun.epoch == at.epoch && a.begun.k == at.k && sameBatches(a.begun.set, at.set)
		if ready && err != nil {
			return nil, err
		}
	}
	if ready {
		a.batch, a.next = a.next, a.batch
	} else if err := at.set.Fill(a.batch, at.epoch, at.k); err != nil {
		a.last = place{}
		return nil, err
	}
	a.last = at
	if at.k++; follows && at.k < at.set.Len() {
		a.begun, a.busy = at, true
		go a.encode()
	}
	return a.batch, nil
}

// wait waits for the batch that is being encoded.
func (a *ahead) wait() error {
	if !a.busy {
		return nil
	}
	a.busy = false
	return <-a.done
}

// sameBatches says whether two sets give the same batches.
func sameBatches(a, b data.Batches) bool {
	if !same(a.Data, b.Data) || !same(a.Encoder, b.Encoder) || !same(a.Augment, b.Augment) {
		return false
	}
	a.Data, a.Encoder, a.Augment = nil, nil, nil
	b.Data, b.Encoder, b.Augment = nil, nil, nil
	return a == b
}

func same[T any](a, b T) bool {
	if v := reflect.ValueOf(a); v.IsValid() && !v.Comparable() {
		return reflect.DeepEqual(a, b)
	}
	return any(a) == any(b)
}

// read encodes batch k of an epoch.
func (n *Network) read(full *pass, set data.Batches, epoch uint64, k int) (*data.Batch, error) {
	if full.lists && set.Data != nil && set.Sparse() {
		return n.ahead.read(place{set, epoch, k})
	}
	if x := full.prog.Input(inputName); x.Dtype() == tensor.Float32 {
		full.batch.Input = x.Float32s() // in place
	}
	return full.batch, set.Fill(full.batch, epoch, k)
}

// setLists gives a program the input of the rows that are in use; of a batch that is not full, in
// the memory of part.
func setLists(p *pass, b *data.Batch, part *data.Lists) error {
	if p.rows == b.Size {
		return p.prog.SetEvents(inputName, b.Lists.Channels, b.Lists.Values)
	}
	part.Channels, part.Values = part.Channels[:0], part.Values[:0]
	for t := range b.Steps {
		at := t * b.Size
		part.Channels = append(part.Channels, b.Lists.Channels[at:at+p.rows]...)
		part.Values = append(part.Values, b.Lists.Values[at:at+p.rows]...)
	}
	return p.prog.SetEvents(inputName, part.Channels, part.Values)
}
