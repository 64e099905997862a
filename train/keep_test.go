package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/graph"
)

// names returns the kept checkpoints of a run.
func names(t *testing.T, path string) (list []string) {
	t.Helper()
	kept, err := KeptCheckpoints(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		list = append(list, strings.TrimPrefix(k, path))
	}
	return list
}

// Keep keeps the last checkpoints and that of the best epoch; one that is damaged, with the one
// before it, is replaced by the latest of these.
func TestKeep(t *testing.T) {
	p := newProbe(t)
	sets, s := p.settings(t)
	s.Checkpoint = filepath.Join(filepath.Dir(s.Checkpoint), "a[b]*", "checkpoint")
	if err := os.Mkdir(filepath.Dir(s.Checkpoint), 0o777); err != nil {
		t.Fatal(err)
	}
	s.Epochs, s.Keep = 6, 2 // all epochs are equally good: the first is the best
	if _, err := Run(context.Background(), p, sets, s); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, s.Checkpoint), []string{"-0001", "-0005", "-0006"}; !reflect.DeepEqual(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	for _, damaged := range []string{s.Checkpoint, s.Checkpoint + ".prev", KeptCheckpoint(s.Checkpoint, 6)} {
		if err := os.Truncate(damaged, 200); err != nil {
			t.Fatal(err)
		}
	}
	c, skipped, err := ReadCheckpoint(s.Checkpoint)
	if err != nil || c.Position.Epoch != 5 || skipped == nil || !strings.Contains(skipped.Error(), "checkpoint") {
		t.Fatalf("%+v, %v, %v: want epoch 5 and why", c, skipped, err)
	}
	s.Resume, s.Keep = true, 1
	if _, err := Run(context.Background(), p, sets, s); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, s.Checkpoint), []string{"-0001", "-0006"}; !reflect.DeepEqual(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}

// Files of the first release are read for ever.
func TestReadsOldFiles(t *testing.T) {
	c, skipped, err := ReadCheckpoint("testdata/v0.1.checkpoint")
	if err != nil || skipped != nil {
		t.Fatal(err, skipped)
	}
	if c.Position.Epoch != 2 || c.Batches != 5 || c.Seed != 3 || len(c.Receipt) != 0 || !strings.Contains(c.Config, `name = "golden"`) {
		t.Errorf("found %+v", c)
	}
	p, err := ReadParams("testdata/v0.1.params")
	if err != nil {
		t.Fatal(err)
	}
	if p.Value("hidden1/w_rec") == nil || !reflect.DeepEqual(p.Value("out/w").Data(), c.BestParams.Value("out/w").Data()) {
		t.Errorf("parameters %v", p.Names())
	}
}

// receipt trains a network for four epochs, and returns what Replay needs.
func receipt(t *testing.T, events bool) (dir string, sets Data, s Settings, build func() Learner) {
	c := trial{t: t, dir: t.TempDir(), events: events, receipt: true}
	c.run()
	sets, s, make := c.parts()
	return c.dir, sets, s, func() Learner {
		net, err := make()
		if err != nil {
			t.Fatal(err)
		}
		return net
	}
}

// Replay of any part of a run gives the links of its receipt; with other settings, data or
// parameters it does not.
func TestReplay(t *testing.T) {
	for _, events := range []bool{false, true} {
		dir, sets, s, build := receipt(t, events)
		links, _, err := ReadReceipt(filepath.Join(dir, "receipt.jsonl"))
		if err != nil || len(links) != s.Epochs+1 {
			t.Fatal(links, err)
		}
		replay := func(sets Data, s Settings, from *Checkpoint) (same int) {
			differ := errors.New("differs")
			_, err := Replay(context.Background(), build(), sets, s, from, s.Epochs, func(l Link) error {
				if l != links[l.Epoch] {
					return differ
				}
				same++
				return nil
			})
			if err != nil && !errors.Is(err, differ) {
				t.Fatal(err)
			}
			return same
		}
		if n := replay(sets, s, nil); n != len(links) {
			t.Errorf("events %v: %d of %d links again", events, n, len(links))
		}
		kept, _, err := ReadCheckpoint(KeptCheckpoint(filepath.Join(dir, "checkpoint"), 2))
		if err != nil {
			t.Fatal(err)
		}
		if n := replay(sets, s, kept); n != len(links)-2 {
			t.Errorf("events %v: %d links again from epoch 2, want %d", events, n, len(links)-2)
		}
		if err := kept.Params.Value("out/w").SetAt(toOther(kept.Params, "out/w"), 0, 0); err != nil {
			t.Fatal(err)
		}
		if n := replay(sets, s, kept); n > 1 {
			t.Errorf("events %v: with another weight %d links are the same", events, n)
		}
		other := sets
		other.Train.Seed++
		if n := replay(other, s, nil); n > 0 {
			t.Errorf("events %v: with another order of the data %d links are the same", events, n)
		}
	}
}

// toOther returns another value for the first element of a parameter.
func toOther(p *graph.Params, name string) any {
	if v, ok := p.Value(name).Data().([]float32); ok {
		return v[0] + 1e-6
	}
	return p.Value(name).Data().([]float64)[0] + 1e-12
}

// Every bit of a receipt that is flipped is found.
func TestReceiptFlips(t *testing.T) {
	dir, _, _, _ := receipt(t, false)
	text, err := os.ReadFile(filepath.Join(dir, "receipt.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	links, err := decodeReceipt(text)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		bit := rapid.IntRange(0, 8*len(text)-1).Draw(t, "bit")
		flipped := bytes.Clone(text)
		flipped[bit/8] ^= 1 << (bit % 8)
		// The last line is not in another one: what it says is compared with the files of the run.
		if again, err := decodeReceipt(flipped); err == nil && again[len(links)-1] == links[len(links)-1] {
			t.Fatalf("bit %d: not found", bit)
		}
	})
}

// FuzzReceipt: a receipt that is accepted is written again byte for byte.
func FuzzReceipt(f *testing.F) {
	f.Add([]byte(`{"epoch":0,"config":"","data":"","state":"","metrics":"","params":"","best":"","previous":""}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		links, err := decodeReceipt(text)
		if err != nil {
			return
		}
		var b book
		for _, l := range links {
			if err := b.add(l); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(b.lines, text) {
			t.Fatalf("%q is written as %q", text, b.lines)
		}
	})
}
