package train

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/train/data"
)

// TestAhead: batches that were encoded while others were computed give the sums and gradients of
// networks that read one batch alone, in any order of sets, epochs and batches.
func TestAhead(t *testing.T) {
	d, err := data.NewYinYang(data.YinYangSettings{Size: 22})
	if err != nil {
		t.Fatal(err)
	}
	shape := Shape{Steps: 31, Batch: 4, Channels: 5}
	set := data.Batches{Data: d, Encoder: data.TTFSBias{}, Augment: data.Augments{}, Size: 4, Steps: 31, Seed: 5}
	other := set
	other.Seed = 6
	build := func() *Network {
		net, err := BPTT{Model: small}.Build(graph.NewParams(1), shape)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { net.Close() })
		return net
	}
	type step struct {
		set   data.Batches
		epoch uint64
		k     int
	}
	var steps []step
	for k := range set.Len() {
		steps = append(steps, step{set, 0, k})
	}
	steps = append(steps, step{set, 1, 0}, step{set, 1, 1}, step{other, 1, 2}, step{set, 1, 2}, step{set, 1, 3}, step{set, 2, 4}, step{set, 2, 4}, step{set, 2, 1}, step{set, 2, 2}, step{set, 2, 3})
	net := build()
	for _, s := range steps {
		fresh := build()
		got, err := net.Gradient(s.set, s.epoch, s.k)
		want, err2 := fresh.Gradient(s.set, s.epoch, s.k)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("epoch %d, batch %d: %+v, want %+v", s.epoch, s.k, got, want)
		}
		for i, g := range net.Grads() {
			if !slices.Equal(g.F32, fresh.Grads()[i].F32) {
				t.Errorf("epoch %d, batch %d: other gradients of %s", s.epoch, s.k, g.Name)
			}
		}
	}
}

// The error of a batch that is encoded ahead is that of the call that asks for it, and there again.
func TestAheadErrors(t *testing.T) {
	d := fixed{{0.5, 0}, {0.5, 1}, {0.5, 2}, {7, 0}}
	net, err := BPTT{Model: small}.Build(graph.NewParams(1), Shape{Steps: 31, Batch: 1, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	set := data.Batches{Data: d, Encoder: data.Latency{}, Size: 1, Steps: 31, Sequential: true}
	for range 2 {
		for k := range 4 {
			if _, err := net.Gradient(set, 0, k); errors.Is(err, data.ErrFeature) != (k == 3) {
				t.Errorf("batch %d: error %v", k, err)
			}
		}
		if _, err := net.Gradient(set, 0, 3); !errors.Is(err, data.ErrFeature) {
			t.Errorf("again: error %v", err)
		}
	}
}
