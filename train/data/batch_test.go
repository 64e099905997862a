package data

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/random"
)

// TestFill compares each row of each batch with the encoder called by hand.
func TestFill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Batches{
			Data:       counting(rapid.IntRange(1, 30).Draw(t, "n")),
			Size:       rapid.IntRange(1, 12).Draw(t, "size"),
			Steps:      31,
			Encoder:    rapid.SampledFrom([]Encoder{Latency{}, TTFSBias{}, Rate{}, Current{}}).Draw(t, "encoder"),
			Seed:       rapid.Uint64Range(0, 3).Draw(t, "seed"),
			Sequential: rapid.Bool().Draw(t, "sequential"),
			Workers:    rapid.IntRange(0, 4).Draw(t, "workers"),
		}
		n, channels := s.Data.Len(), s.Encoder.Channels(2)
		if want := (n + s.Size - 1) / s.Size; s.Len() != want {
			t.Fatalf("%d batches, want %d", s.Len(), want)
		}
		var b Batch
		for _, epoch := range []uint64{0, 5} {
			var seen []int
			for k := range s.Len() {
				if err := s.Fill(&b, epoch, k); err != nil {
					t.Fatal(err)
				}
				if b.Steps != 31 || b.Size != s.Size || b.Channels != channels || len(b.Input) != 31*s.Size*channels {
					t.Fatalf("batch [%d, %d, %d] with %d values", b.Steps, b.Size, b.Channels, len(b.Input))
				}
				if want := min(s.Size, n-k*s.Size); b.Valid != want {
					t.Fatalf("batch %d has %d valid rows, want %d", k, b.Valid, want)
				}
				for row := range s.Size {
					want, sample, label := NewBlock(31, channels), -1, -1
					if row < b.Valid {
						sample = k*s.Size + row
						if !s.Sequential {
							sample, _ = Order{s.Seed, n}.At(epoch, sample)
						}
						var x Sample
						_ = s.Data.Sample(&x, sample)
						label = x.Label
						rng := random.New(s.Seed, "data/encode", epoch, uint64(sample))
						if err := s.Encoder.Encode(want, x.X, rng); err != nil {
							t.Fatal(err)
						}
						seen = append(seen, sample)
					}
					if b.Samples[row] != sample || b.Labels[row] != label {
						t.Fatalf("row %d is sample %d label %d, want %d label %d", row, b.Samples[row], b.Labels[row], sample, label)
					}
					for step := range 31 {
						got := b.Input[(step*s.Size+row)*channels:][:channels]
						if !slices.Equal(got, want.Step(step)) {
							t.Fatalf("step %d, row %d: %v, want %v", step, row, got, want.Step(step))
						}
					}
				}
			}
			if slices.Sort(seen); len(slices.Compact(seen)) != n {
				t.Fatalf("an epoch has %d different samples, want %d", len(slices.Compact(seen)), n)
			}
		}
	})
}

func TestFillEvents(t *testing.T) {
	for _, workers := range []int{1, 3} {
		s := Batches{Data: counting(7), Encoder: TTFSBias{}, Size: 4, Duration: 31e-3, Seed: 2, Workers: workers}
		var e Events
		for _, k := range []int{1, 0, 1} { // the short batch after a full one must be empty at its end
			if err := s.FillEvents(&e, 3, k); err != nil {
				t.Fatal(err)
			}
			if want := 4 - k; e.Valid != want || e.Channels != 3 || len(e.Spikes) != 4 {
				t.Fatalf("batch %d: %d valid rows of %d channels in %d lists, want %d", k, e.Valid, e.Channels, len(e.Spikes), want)
			}
			for row, spikes := range e.Spikes {
				var want []Spike
				sample := -1
				if row < e.Valid {
					var x Sample
					sample, _ = Order{2, 7}.At(3, k*4+row)
					if err := s.Data.Sample(&x, sample); err != nil {
						t.Fatal(err)
					}
					want, _ = TTFSBias{}.AppendSpikes(nil, x.X)
				}
				if e.Samples[row] != sample || !slices.Equal(spikes, want) {
					t.Errorf("batch %d, row %d: sample %d %v, want %d %v", k, row, e.Samples[row], spikes, sample, want)
				}
			}
		}
	}
}

func TestFillErrors(t *testing.T) {
	good := Batches{Data: counting(7), Encoder: TTFSBias{}, Size: 4, Steps: 31, Duration: 31e-3}
	with := func(change func(*Batches)) Batches {
		s := good
		change(&s)
		return s
	}
	for _, c := range []struct {
		name         string
		s            Batches
		k            int
		dense, event error // nil: no error
	}{
		{"as it should be", good, 0, nil, nil},
		{"no data", with(func(s *Batches) { s.Data = nil }), 0, ErrSettings, ErrSettings},
		{"no encoder", with(func(s *Batches) { s.Encoder = nil }), 0, ErrSettings, ErrSettings},
		{"no size", with(func(s *Batches) { s.Size = 0 }), 0, ErrSettings, ErrSettings},
		{"hold", with(func(s *Batches) { s.Hold = -1 }), 0, ErrSettings, ErrSettings},
		{"dt", with(func(s *Batches) { s.Dt = math.NaN() }), 0, ErrSettings, ErrSettings},
		{"workers", with(func(s *Batches) { s.Workers = -1 }), 0, ErrSettings, ErrSettings},
		{"no steps", with(func(s *Batches) { s.Steps = 0 }), 0, ErrSettings, nil},
		{"steps beyond memory", with(func(s *Batches) { s.Steps = math.MaxInt }), 0, ErrSettings, nil},
		{"no duration", with(func(s *Batches) { s.Duration = 0 }), 0, nil, ErrSettings},
		{"no spike times", with(func(s *Batches) { s.Encoder = Rate{} }), 0, nil, ErrSettings},
		{"batch -1", good, -1, ErrIndex, ErrIndex},
		{"batch 2 of 2", good, 2, ErrIndex, ErrIndex},
		{"window too short", with(func(s *Batches) { s.Steps, s.Duration = 3, 3e-3 }), 1, ErrOutside, ErrOutside},
	} {
		b, e := Batch{Rows: Rows{Valid: 4}}, Events{Rows: Rows{Valid: 4}}
		if err := c.s.Fill(&b, 0, c.k); !errors.Is(err, c.dense) || (err != nil) != (b.Valid == 0) {
			t.Errorf("%s: error %v, want %v; %d valid rows", c.name, err, c.dense, b.Valid)
		}
		if err := c.s.FillEvents(&e, 0, c.k); !errors.Is(err, c.event) || (err != nil) != (e.Valid == 0) {
			t.Errorf("%s, events: error %v, want %v; %d valid rows", c.name, err, c.event, e.Valid)
		}
	}
}

// picky cannot encode features above 0.45.
type picky struct{ Current }

func (picky) Encode(_ Block, x []float64, _ *rand.Rand) error {
	if x[0] > 0.45 {
		return ErrFeature
	}
	return nil
}

// TestFillReportsTheLowestRow: samples 10 to 19 of 20 cannot be encoded; whatever the
// workers do, the error is about the first of them.
func TestFillReportsTheLowestRow(t *testing.T) {
	for workers := 1; workers <= 4; workers++ {
		s := Batches{Data: counting(20), Encoder: picky{}, Size: 20, Steps: 1, Sequential: true, Workers: workers}
		var b Batch
		for range 50 {
			err := s.Fill(&b, 0, 0)
			if !errors.Is(err, ErrFeature) || !strings.Contains(err.Error(), "sample 10:") {
				t.Fatalf("%d workers: error %v, want one about sample 10", workers, err)
			}
		}
	}
}

// mislabelled has a label that its number of classes does not allow.
type mislabelled struct{ counting }

func (mislabelled) Form() Form { return Form{Channels: 2, Target: Classes(2)} }

func TestFillChecksLabels(t *testing.T) {
	var b Batch
	err := Batches{Data: mislabelled{9}, Encoder: Current{}, Size: 9, Steps: 1, Sequential: true}.Fill(&b, 0, 0)
	if !errors.Is(err, ErrIndex) || !strings.Contains(err.Error(), "sample 2:") {
		t.Errorf("label 2 of 2 classes: error %v, want ErrIndex about sample 2", err)
	}
}

func TestFillDoesNotAllocate(t *testing.T) {
	d, err := NewYinYang(YinYangSettings{Size: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, encoder := range []Encoder{Latency{}, TTFSBias{}, Rate{}, Current{}} {
		for _, workers := range []int{1, 3} {
			s := Batches{Data: d, Encoder: encoder, Size: 32, Steps: 31, Duration: 31e-3, Workers: workers}
			var b Batch
			var e Events
			lists := Batch{Lists: new(Lists)}
			fill := func() {
				for k := range s.Len() {
					if err := errors.Join(s.Fill(&b, 0, k), s.Fill(&lists, 0, k)); err != nil {
						t.Fatal(err)
					}
					if _, ok := encoder.(EventEncoder); !ok {
						continue
					}
					if err := s.FillEvents(&e, 0, k); err != nil {
						t.Fatal(err)
					}
				}
			}
			fill()
			if n := testing.AllocsPerRun(20, fill); n != 0 {
				t.Errorf("%T, %d workers: %g allocations per epoch, want 0", encoder, workers, n)
			}
		}
	}
}

func BenchmarkFill(b *testing.B) {
	train, _, err := LoadMNIST("testdata/mnist-slice")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		e    Encoder
	}{{"latency", Latency{}}, {"rate", Rate{}}} {
		b.Run(c.name, func(b *testing.B) {
			s := Batches{Data: train, Encoder: c.e, Size: 32, Steps: 21}
			var batch Batch
			b.ReportAllocs()
			for i := range b.N {
				if err := s.Fill(&batch, uint64(i), i%s.Len()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
