package live_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/live"
)

// device is a configuration of two neurons with a channel each.
func device(t testing.TB) *chip.Device {
	q, err := chip.Quantise(chip.Weights{Pre: 2, Post: 2, W: []float64{1, 0, 0, 1}}, chip.Weights{}, []int{0, 0}, chip.QuantiseSettings{Starts: 1, DAC: true})
	if err != nil {
		t.Fatal(err)
	}
	d, err := chip.Deploy(dynapse.Network{N: 2}, q, chip.DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// stimulus drives both channels of device, in two rows.
func stimulus() live.Stimulus {
	s := live.Stimulus{Dt: 1e-3, T: 60, B: 2, Counts: make([]float64, 60*2*2), Want: []fit.Quantity{fit.Spikes, fit.Vmem, fit.Imem}}
	for i := range s.Counts {
		s.Counts[i] = float64(i % 7 % 2)
	}
	return s
}

// TestSoftware: without errors the chip is the network that its configuration stands for; a scope
// shows Vmem by gain and offset; noise has its standard deviation and correlation; transistors are
// the same whatever the chip is set to, and spread as they should.
func TestSoftware(t *testing.T) {
	ctx, d, s := t.Context(), device(t), stimulus()
	n, in, err := d.Network()
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]float64, len(s.Counts))
	for i := range counts { // channel j goes to neuron j alone
		counts[i] = s.Counts[i] * in.W[i%2*2+i%2]
	}
	want, err := n.Simulate(dynapse.Input{T: s.T, B: s.B, Counts: counts})
	if err != nil {
		t.Fatal(err)
	}
	recorded := func(c *live.Software) live.Records {
		t.Helper()
		if err := c.Set(ctx, d); err != nil {
			t.Fatal(err)
		}
		r, err := c.Record(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	got := recorded(&live.Software{})
	if !slices.Equal(got[fit.Vmem], want.Vmem) || !slices.Equal(got[fit.Spikes], want.Spikes) || slices.Max(want.Spikes) == 0 {
		t.Error("another simulation than that of the network")
	}
	for i, v := range recorded(&live.Software{Gain: 1.1, Offset: 0.02})[fit.Vmem] {
		if math.Abs(v-1.1*want.Vmem[i]-0.02) > 1e-12 {
			t.Fatalf("Vmem %v is shown as %v", want.Vmem[i], v)
		}
	}
	const sd, rho = 2e-3, 0.8
	noisy := &live.Software{Noise: sd, Correlation: rho}
	sum, next, terms := 0.0, 0.0, 0.0
	for range 40 {
		x := recorded(noisy)[fit.Vmem]
		for i := 4; i < len(x); i++ { // two rows of two neurons
			e, before := x[i]-want.Vmem[i], x[i-4]-want.Vmem[i-4]
			sum, next, terms = sum+e*e, next+e*before, terms+1
		}
	}
	// 40 recordings of 236 terms that are correlated by 0.8: of the variance 9440/((1+r²)/(1-r²))
	// = 2072 count, for an error of 3 % of it.
	if v := sum / terms / (sd * sd); math.Abs(v-1) > 0.15 || math.Abs(next/sum-rho) > 0.1 {
		t.Errorf("noise with %v of its variance, correlated by %v", v, next/sum)
	}
	a, b := recorded(&live.Software{Seed: 3, Mismatch: 0.15}), recorded(&live.Software{Seed: 3, Mismatch: 0.15})
	if other := recorded(&live.Software{Seed: 4, Mismatch: 0.15}); !slices.Equal(a[fit.Vmem], b[fit.Vmem]) || slices.Equal(a[fit.Vmem], other[fit.Vmem]) {
		t.Error("the transistors are not those of the seed")
	}
	for _, bad := range []*live.Software{{Mismatch: -1}, {Noise: math.NaN()}, {Correlation: 1}, {Gain: math.Inf(1)}, {Offset: math.NaN()}} {
		if err := bad.Set(ctx, d); !errors.Is(err, live.ErrStimulus) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	none := new(live.Software)
	if _, err := none.Record(ctx, s); !errors.Is(err, live.ErrStimulus) {
		t.Error(err)
	}
}

// TestMain is a chip where the environment says so: it hangs, dies or says something else in its
// first recording, which a file remembers.
func TestMain(m *testing.M) {
	mode := os.Getenv("LIVE_CHIP")
	if mode == "" {
		os.Exit(m.Run())
	}
	if err := live.Serve(context.Background(), &faulty{mode: mode, mark: os.Getenv("LIVE_MARK")}, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

type faulty struct {
	live.Software
	mode, mark string
}

func (f *faulty) Record(ctx context.Context, s live.Stimulus) (live.Records, error) {
	if _, err := os.Stat(f.mark); err == nil {
		return f.Software.Record(ctx, s)
	}
	if err := os.WriteFile(f.mark, nil, 0o600); err != nil {
		return nil, err
	}
	switch f.mode {
	case "hang":
		time.Sleep(time.Hour)
	case "die":
		fmt.Fprintln(os.Stderr, "the board has no power")
		os.Exit(3)
	case "rubbish":
		fmt.Println(`{"id": 2, "vmem": "none"}`)
	case "half":
		fmt.Print(`{"id": 2, "vm`)
		os.Exit(0)
	case "shape":
		r, err := f.Software.Record(ctx, s)
		if err != nil {
			return nil, err
		}
		fmt.Println(`{"id": 2, "vmem": [[[0.1]]]}`)
		return r, nil
	case "flood":
		for {
			fmt.Println("busy")
		}
	case "refuse":
		return nil, errors.New("the scope is not there")
	case "talk":
		fmt.Println("calibrating ...")
		fmt.Println(`{"id": 1}`)
		return f.Software.Record(ctx, s)
	}
	return nil, nil
}

// TestPipe: a program that hangs, dies or says something else costs the recording, says why, and
// records again afterwards with the same configuration; words that are no answers cost nothing.
func TestPipe(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, s := t.Context(), stimulus()
	plain := new(live.Software)
	if err := plain.Set(ctx, device(t)); err != nil {
		t.Fatal(err)
	}
	want, err := plain.Record(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	for mode, why := range map[string]string{"talk": "", "hang": "no answer in 3s", "die": "has ended: the board has no power", "rubbish": "something else", "half": "unexpected end",
		"shape": "vmem: 1 rows of 1 bins, want 2 of 60", "flood": "something else", "refuse": "the scope is not there"} {
		t.Setenv("LIVE_CHIP", mode)
		t.Setenv("LIVE_MARK", filepath.Join(t.TempDir(), mode))
		c := &live.Pipe{Command: []string{self}, Timeout: time.Minute}
		if mode == "hang" {
			c.Timeout = 3 * time.Second
		}
		if err := c.Set(ctx, device(t)); err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		_, err := c.Record(ctx, s)
		if why == "" && err != nil || why != "" && (!errors.Is(err, live.ErrLost) || !strings.Contains(err.Error(), why)) {
			t.Errorf("%s: %v, want %q", mode, err, why)
		}
		c.Timeout = time.Minute
		got, err := c.Record(ctx, s)
		if err != nil || !slices.Equal(got[fit.Vmem], want[fit.Vmem]) || !slices.Equal(got[fit.Spikes], want[fit.Spikes]) {
			t.Errorf("%s: the recording after it: %v", mode, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := (&live.Pipe{Command: []string{filepath.Join(t.TempDir(), "none")}}).Set(ctx, device(t)); !errors.Is(err, live.ErrLost) {
		t.Error(err)
	}
}

// TestSteps: a chip behind a pipe steps its constant current as one that is not, which does what
// the network does; factors of another number, or none, are errors.
func TestSteps(t *testing.T) {
	ctx, s := t.Context(), stimulus()
	for step := range s.T {
		for i := range s.B * 2 {
			s.DC = append(s.DC, float64(step/20*(100+50*i)))
		}
	}
	plain := new(live.Software)
	if err := plain.Set(ctx, device(t)); err != nil {
		t.Fatal(err)
	}
	want, err := plain.Record(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	still := s
	still.DC = nil
	if r, err := plain.Record(ctx, still); err != nil || slices.Equal(r[fit.Vmem], want[fit.Vmem]) {
		t.Errorf("steps of the constant current change nothing, %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("LIVE_CHIP", "talk")
	t.Setenv("LIVE_MARK", filepath.Join(t.TempDir(), "mark"))
	c := &live.Pipe{Command: []string{self}}
	defer c.Close()
	if err := c.Set(ctx, device(t)); err != nil {
		t.Fatal(err)
	}
	got, err := c.Record(ctx, s)
	if err != nil || !slices.Equal(got[fit.Vmem], want[fit.Vmem]) {
		t.Errorf("another recording behind the pipe, %v", err)
	}
	for _, dc := range [][]float64{{}, s.DC[1:], s.DC[:s.T*s.B], append(slices.Clone(s.DC[1:]), math.NaN()), append(slices.Clone(s.DC[1:]), -1)} {
		bad := s
		bad.DC = dc
		for _, c := range []live.Chip{plain, c} {
			if _, err := c.Record(ctx, bad); !errors.Is(err, live.ErrStimulus) {
				t.Errorf("%T, %d factors: %v", c, len(dc), err)
			}
		}
	}
}

// deaf is a chip of which a recording is lost now and then.
type deaf struct {
	live.Software
	count int
}

func (d *deaf) Record(ctx context.Context, s live.Stimulus) (live.Records, error) {
	if d.count++; d.count == 2 {
		return nil, fmt.Errorf("%w: nothing came", live.ErrLost)
	}
	r, err := d.Software.Record(ctx, s)
	if err == nil {
		r[fit.Vmem][5] = math.NaN() // and a sample always
	}
	return r, err
}

// TestTune: a chip whose transistors differ by 15 % comes nearer to what is wanted than with the
// codes of the model, though a recording is lost.
func TestTune(t *testing.T) {
	ctx := t.Context()
	truth := dynapse.Network{N: 1}
	params := []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.ItauSyn, dynapse.IgainSyn, dynapse.Ispkthr, dynapse.Iref}
	for _, p := range params {
		truth.Params[p] = []float64{p.Default()}
	}
	e := fit.Experiment{Space: fit.Space{Network: truth, Params: params}}
	for k := range 2 {
		r := fit.Recording{Name: fmt.Sprint("recording ", k), T: 150, B: 1, Input: make([]float64, 150)}
		for i := range r.Input {
			if (i+k)%(5+k) == 0 {
				r.Input[i] = 1
			}
		}
		run, err := truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
		if err != nil {
			t.Fatal(err)
		}
		r.Target[fit.Vmem], r.Target[fit.Spikes] = run.Vmem, run.Spikes
		r.Use[fit.Vmem], r.Use[fit.Spikes] = true, true
		e.Recordings = append(e.Recordings, r)
	}
	s := live.Settings{Fit: fit.Settings{Starts: 1, DAC: true}, Rounds: 2}
	res, err := fit.Run(ctx, e, s.Fit)
	if err != nil {
		t.Fatal(err)
	}
	tuned, err := live.Tune(ctx, &deaf{Software: live.Software{Seed: 2, Mismatch: 0.15, Noise: 2e-4}}, e, res, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range tuned.Rounds {
		t.Log(r)
	}
	// The first round is what 15 % of mismatch cost: spikes that are elsewhere. In the last they
	// are met, and what is left is that codes are a few per cent apart, and noise.
	first, best := *tuned.Rounds[0].Loss, *tuned.Rounds[tuned.Best].Loss
	if len(tuned.Rounds[0].Lost) != 1 || tuned.Best == 0 || best > 0.1*first || tuned.Device == nil {
		t.Errorf("loss %v in the first round, %v in round %d; %+v", first, best, tuned.Best, tuned.Rounds)
	}
	if _, err := live.Tune(ctx, new(live.Software), fit.Experiment{}, res, s); !errors.Is(err, fit.ErrExperiment) {
		t.Error(err)
	}
}

// FuzzServe: no line makes a chip fail, and each has an answer.
func FuzzServe(f *testing.F) {
	f.Add([]byte(`{"id": 1, "do": "record", "dt": 0.001, "input": [[[1, 0], [0, null]]], "want": ["vmem"]}`))
	f.Add([]byte(`{"id": 1, "do": "record", "dt": 0.001, "input": [[[1, 0], [0, 0]]], "dc": [[[1, 0], [2, null]]], "want": ["vmem"]}` + "\n"))
	f.Add([]byte(`{"id": 1, "do": "set", "device": null}`))
	f.Add([]byte("\n\n{"))
	d := device(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<12 {
			return
		}
		c := new(live.Software)
		if err := c.Set(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := live.Serve(t.Context(), c, bytes.NewReader(text), &out); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		lines := 0
		for i, line := range bytes.Split(text, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 && i < bytes.Count(text, []byte("\n")) {
				lines++
			}
		}
		if got := bytes.Count(out.Bytes(), []byte("\n")); got != lines {
			t.Errorf("%d answers to %d requests", got, lines)
		}
	})
}
