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

// given is a data set of given samples.
type given struct {
	form    Form
	samples []Sample
}

func (d given) Len() int   { return len(d.samples) }
func (d given) Form() Form { return d.form }
func (d given) Sample(s *Sample, i int) error {
	if err := checkIndex(d, i); err != nil {
		return err
	}
	x := d.samples[i]
	s.X, s.Steps, s.Duration, s.Label = append(s.X[:0], x.X...), x.Steps, x.Duration, x.Label
	s.Events, s.Y, s.Spikes = append(s.Events[:0], x.Events...), append(s.Y[:0], x.Y...), append(s.Spikes[:0], x.Spikes...)
	return nil
}

// drawSequences draws a set of sequences of whole numbers with a target of a number per step.
func drawSequences(t *rapid.T) given {
	d := given{form: Form{Input: Sequence, Channels: rapid.IntRange(1, 3).Draw(t, "channels"), Target: Target{Kind: SequenceTarget, Size: 1}}}
	for range rapid.IntRange(1, 5).Draw(t, "samples") {
		s := Sample{Steps: rapid.IntRange(1, 6).Draw(t, "steps")}
		for range s.Steps {
			for range d.form.Channels {
				s.X = append(s.X, float64(rapid.IntRange(0, 2).Draw(t, "x")))
			}
			s.Y = append(s.Y, float64(len(s.Y)))
		}
		d.form.Steps = max(d.form.Steps, s.Steps)
		d.samples = append(d.samples, s)
	}
	return d
}

// TestSequencesAsTheyAre: a batch of sequences holds them, zeros between their steps and after
// them, and their lengths and targets; the events are the same, at the times of the steps.
func TestSequencesAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawSequences(t)
		hold, pad := rapid.IntRange(1, 3).Draw(t, "hold"), rapid.IntRange(0, 4).Draw(t, "pad")
		const dt = 0.25
		s := Batches{Data: d, Encoder: None{}, Size: len(d.samples) + 1, Dt: dt, Hold: hold, Sequential: true}
		s.Steps = s.MinSteps() + pad
		s.Duration = float64(s.Steps) * dt
		var b Batch
		var e Events
		if err := errors.Join(s.Fill(&b, 0, 0), s.FillEvents(&e, 0, 0)); err != nil {
			t.Fatal(err)
		}
		n := d.form.Channels
		for row, x := range d.samples {
			if b.Lengths[row] != x.Steps*hold || e.Ends[row] != float64(x.Steps*hold)*dt || !slices.Equal(b.Y[row], x.Y) || b.Labels[row] != -1 {
				t.Fatalf("row %d: %d steps, %g s, target %v and label %d, want %d steps, %v", row, b.Lengths[row], e.Ends[row], b.Y[row], b.Labels[row], x.Steps*hold, x.Y)
			}
			var want []Spike
			for k := range s.Steps {
				for c, got := range b.row(row).Step(k) {
					v := 0.0
					if k%hold == 0 && k/hold < x.Steps {
						v = x.X[k/hold*n+c]
					}
					if float64(got) != v {
						t.Fatalf("row %d, step %d, channel %d: %g, want %g", row, k, c, got, v)
					}
					for range int(v) {
						want = append(want, Spike{float64(k) * dt, c})
					}
				}
			}
			if !slices.Equal(e.Spikes[row], want) {
				t.Fatalf("row %d: spikes %v, want %v", row, e.Spikes[row], want)
			}
		}
		last := len(d.samples)
		if b.Lengths[last] != s.Steps || slices.Max(b.row(last).Data[:n]) != 0 || len(b.Y[last]) != 0 {
			t.Fatalf("the row without a sample has %d steps and the target %v", b.Lengths[last], b.Y[last])
		}
	})
}

// TestSequencesStepByStep: an encoder of features encodes each step of a sequence into a block of
// its own.
func TestSequencesStepByStep(t *testing.T) {
	x := []float64{0.5, 1, 0.25, 0} // two steps of two channels
	d := given{Form{Input: Sequence, Channels: 2, Steps: 2}, []Sample{{X: x, Steps: 2}}}
	for _, c := range encoders[:6] {
		s := Batches{Data: d, Encoder: c.e, Size: 1, Dt: c.dt, Hold: c.steps, Steps: 2*c.steps + 3, Seed: 5}
		var b Batch
		if err := s.Fill(&b, 7, 0); err != nil {
			t.Fatal(c.name, err)
		}
		rng := random.New(5, "data/encode", 7, 0)
		var want []float32
		var spikes []Spike
		period := float64(c.steps) * s.dt()
		for k := range 2 {
			block := NewBlock(c.steps, b.Channels)
			block.Dt = c.dt
			if err := c.e.Encode(block, x[2*k:2*k+2], rng); err != nil {
				t.Fatal(c.name, err)
			}
			want = append(want, block.Data...)
			if e, ok := c.e.(EventEncoder); ok {
				list, _ := e.AppendSpikes(nil, x[2*k:2*k+2])
				for _, spike := range list {
					spikes = append(spikes, Spike{spike.Time + float64(k)*period, spike.Channel})
				}
			}
		}
		want = append(want, make([]float32, 3*b.Channels)...)
		if !slices.Equal(b.Input, want) {
			t.Errorf("%s: %v, want %v", c.name, b.Input, want)
		}
		if _, ok := c.e.(EventEncoder); !ok {
			continue
		}
		s.Duration = 1
		var e Events
		if err := s.FillEvents(&e, 7, 0); err != nil || !slices.Equal(e.Spikes[0], spikes) {
			t.Errorf("%s: spikes %v, want %v; error %v", c.name, e.Spikes[0], spikes, err)
		}
	}
}

func TestEventsAsTheyAre(t *testing.T) {
	list := []Spike{{0, 1}, {0.3e-3, 1}, {0.999999e-3, 0}, {1e-3, 0}, {2.5e-3, 1}}
	d := given{
		Form{Input: EventList, Channels: 2, Duration: 4e-3, Target: Target{Kind: SpikeTarget, Size: 1}},
		[]Sample{{Events: list, Duration: 2.7e-3, Spikes: []Spike{{1e-3, 0}}}},
	}
	s := Batches{Data: d, Encoder: None{}, Size: 2, Duration: 5e-3}
	if s.Steps = s.MinSteps(); s.Steps != 4 {
		t.Errorf("%d steps of 1 ms for 4 ms", s.Steps)
	}
	var b Batch
	var e Events
	if err := errors.Join(s.Fill(&b, 0, 0), s.FillEvents(&e, 0, 0)); err != nil {
		t.Fatal(err)
	}
	// Rows 0 and 1 of each step, channels 0 and 1.
	if want := []float32{1, 2, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}; !slices.Equal(b.Input, want) || b.Lengths[0] != 3 {
		t.Errorf("counts %v in %d steps, want %v in 3", b.Input, b.Lengths[0], want)
	}
	if !slices.Equal(e.Spikes[0], list) || e.Ends[0] != 2.7e-3 || !slices.Equal(b.Times[0], []Spike{{1e-3, 0}}) {
		t.Errorf("events %v until %g s, target %v", e.Spikes[0], e.Ends[0], b.Times[0])
	}
	s.Encoder = None{Once: true}
	if err := s.Fill(&b, 0, 0); err != nil || b.Input[1] != 1 {
		t.Errorf("two events in a step count %g times, want once; error %v", b.Input[1], err)
	}
}

func TestDelta(t *testing.T) {
	// Two channels with the threshold 0.5: 0 to 0.5 to 2.1 to 0.4 and 1 to 0.6 to 0.6 to 0.5.
	x := []float64{0, 1, 0.5, 0.6, 2.1, 0.6, 0.4, 0.5}
	b := NewBlock(8, 4)
	if err := (Delta{Threshold: 0.5}).EncodeSequence(b, x, 2, nil); err != nil {
		t.Fatal(err)
	}
	// Levels of the first: 0, 0.5, 2, 0.5 (0.4 is not 0.5 below 0.5); of the second: 1, 1, 1, 0.5.
	want := make([]float32, 32)
	want[2*4], want[4*4], want[6*4+1], want[6*4+3] = 1, 3, 3, 1
	if !slices.Equal(b.Data, want) {
		t.Errorf("block %v, want %v", b.Data, want)
	}
	spikes, err := Delta{Threshold: 0.5}.AppendSequence(nil, x, 2, 1)
	if want := []Spike{{1, 0}, {2, 0}, {2, 0}, {2, 0}, {3, 1}, {3, 1}, {3, 1}, {3, 3}}; err != nil || !slices.Equal(spikes, want) {
		t.Errorf("spikes %v, want %v; error %v", spikes, want, err)
	}
}

// TestDeltaFollows: the first value and the spikes until a step give the value there to within the
// threshold.
func TestDeltaFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-5, 5), 2, 30).Draw(t, "x")
		threshold := rapid.Float64Range(0.05, 1).Draw(t, "threshold")
		b := NewBlock(len(x), 2)
		if err := (Delta{Threshold: threshold}).EncodeSequence(b, x, 1, nil); err != nil {
			t.Fatal(err)
		}
		n := 0.0
		for s, v := range x {
			n += float64(b.Step(s)[0] - b.Step(s)[1])
			if d := (v - x[0]) / threshold; math.Abs(d-n) >= 1+1e-8 { // what counts as whole
				t.Fatalf("step %d: the change is %g thresholds, the spikes say %g", s, d, n)
			}
		}
	})
}

func TestSequenceErrors(t *testing.T) {
	sequence := func(steps int, x ...float64) given {
		return given{Form{Input: Sequence, Channels: 1, Steps: 3}, []Sample{{X: x, Steps: steps}}}
	}
	list := func(events ...Spike) given {
		return given{Form{Input: EventList, Channels: 1, Duration: 3e-3}, []Sample{{Events: events, Duration: 3e-3}}}
	}
	target := func(t Target, s Sample) given {
		s.X = []float64{0.5}
		return given{Form{Channels: 1, Target: t}, []Sample{s}}
	}
	for _, c := range []struct {
		name         string
		d            Dataset
		e            Encoder
		dense, event error
		says         string
	}{
		{"too long", sequence(4, 1, 2, 3, 4), None{}, ErrOutside, ErrOutside, "window"},
		{"wrong length", sequence(2, 1, 2, 3), None{}, ErrShape, ErrShape, "2 steps"},
		{"NaN", sequence(1, math.NaN()), None{}, ErrFeature, ErrFeature, "step 0, channel 0 is NaN"},
		{"half a spike", sequence(1, 0.5), None{}, nil, ErrFeature, "0.5, want a number of spikes"},
		{"delta of NaN", sequence(2, 1, math.NaN()), Delta{}, ErrFeature, ErrFeature, "step 1, channel 0"},
		{"a jump", sequence(2, 1, 1e4), Delta{}, ErrFeature, ErrFeature, "spikes at once"},
		{"delta threshold", sequence(2, 1, 1), Delta{Threshold: -1}, ErrSettings, ErrSettings, "Threshold is -1"},
		{"features to none", counting(3), None{}, ErrSettings, ErrSettings, ""},
		{"features to delta", counting(3), Delta{}, ErrSettings, ErrSettings, ""},
		{"events to rate", list(), Rate{}, ErrSettings, ErrSettings, "takes no events"},
		{"latency beyond the step", sequence(2, 1, 0.1), Latency{}, ErrOutside, ErrOutside, "step 1 of the sequence"},
		{"latency within the step", sequence(2, 1, 1), Latency{}, nil, nil, ""},
		{"unsorted", list(Spike{2e-3, 0}, Spike{1e-3, 0}), None{}, ErrOutside, ErrOutside, "event 1 is at 0.001 s"},
		{"at the end", list(Spike{3e-3, 0}), None{}, ErrOutside, ErrOutside, "event 0 is at 0.003 s"},
		{"channel", list(Spike{0, 1}), None{}, ErrIndex, ErrIndex, "channel 1 of 1"},
		{"short target", target(Target{Kind: VectorTarget, Size: 2}, Sample{Y: []float64{1}}), Current{}, ErrShape, ErrSettings, "1 numbers, want 2"},
		{"target channel", target(Target{Kind: SpikeTarget, Size: 1}, Sample{Spikes: []Spike{{0, 1}}}), Latency{}, ErrIndex, ErrIndex, "channel 1"},
		{"target in order", target(Target{Kind: VectorTarget, Size: 2}, Sample{Y: []float64{1, 2}}), Latency{}, ErrOutside, nil, "0.01 s"},
	} {
		s := Batches{Data: c.d, Encoder: c.e, Size: 3, Steps: 3, Duration: 3e-3, Sequential: true}
		if c.name == "target in order" {
			s.Duration = 1
		}
		check := func(err, want error) {
			if !errors.Is(err, want) || want != nil && c.says != "" && want != ErrSettings && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: error %v, want %v with %q", c.name, err, want, c.says)
			}
		}
		check(s.Fill(&Batch{}, 0, 0), c.dense)
		check(s.FillEvents(&Events{}, 0, 0), c.event)
	}
}

// stretched makes a sequence longer than its form allows.
type stretched struct{}

func (stretched) Augment(s *Sample, _ Form, _ *rand.Rand) error {
	s.Steps++
	return nil
}

func TestAugmentedSamplesAreChecked(t *testing.T) {
	d := given{Form{Input: Sequence, Channels: 1, Steps: 1}, []Sample{{X: []float64{1}, Steps: 1}}}
	err := Batches{Data: d, Encoder: None{}, Augment: stretched{}, Size: 1, Steps: 9}.Fill(&Batch{}, 0, 0)
	if !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "stretched") {
		t.Errorf("error %v, want ErrShape that names the augmentation", err)
	}
}
