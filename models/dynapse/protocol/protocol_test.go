package protocol_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/live"
	"github.com/surge-snn/surge/models/dynapse/protocol"
)

// picky is a chip that gives the first recordings alone, and counts those that it is asked for.
type picky struct {
	live.Software
	most, asked int
}

func (p *picky) Record(ctx context.Context, s live.Stimulus) (live.Records, error) {
	if p.asked++; p.asked > p.most {
		return nil, fmt.Errorf("%w: the scope is not there", live.ErrLost)
	}
	return p.Software.Record(ctx, s)
}

// TestLost: a chip that fails behind the first stage costs its recordings and nothing else; the
// stage that was recorded is settled, the others say what to record; and what was kept is not
// recorded again.
func TestLost(t *testing.T) {
	s := protocol.Subject{Network: dynapse.Network{N: 1}}
	f := protocol.Folder{Dir: t.TempDir(), Subject: s}
	c := &picky{Software: live.Software{Seed: 2, Mismatch: 0.1, Gain: 1.02, Offset: 5e-3}, most: 4}
	run := func(settings protocol.Settings) *protocol.Result {
		t.Helper()
		res, err := protocol.Run(t.Context(), s, settings)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	res := run(protocol.Settings{Chip: c, Keep: f.Keep})
	if len(res.Outcomes) != len(protocol.Stages()) {
		t.Fatalf("%d stages", len(res.Outcomes))
	}
	leak := res.Outcomes[protocol.Leak]
	if leak.Status != protocol.Done || leak.Rows != 4 || len(leak.Currents) != 1 || leak.Currents[0].Determined != 1 || !slices.Contains(leak.Open, "Itau_syn") || !strings.HasPrefix(leak.Next, "stage fi: ") {
		t.Errorf("%+v", leak)
	}
	// Without noise what remains of the scope are the priors.
	if sc := res.Scope; sc == nil || math.Abs(sc.Gain-1.02) > 2e-3 || math.Abs(sc.Offset-5e-3) > 2e-4 {
		t.Errorf("scope %+v", sc)
	}
	fi := res.Outcomes[protocol.FI]
	if fi.Status != protocol.Missing || len(fi.Lost) != 5 || len(fi.Make) != 5 || !strings.Contains(fi.Lost[0], "the scope is not there") {
		t.Errorf("%+v", fi)
	}
	if ahp := res.Outcomes[protocol.AHP]; ahp.Status != protocol.Unused {
		t.Errorf("%+v", ahp)
	}
	if res.CountsMet != nil || res.Neurons[0].Check != nil {
		t.Error("a check without recordings")
	}
	kept, err := f.Kept()
	if err != nil || len(kept) != 1 || len(kept[protocol.Leak]) != 1 || kept[protocol.Leak][0].B != 4 {
		t.Fatalf("%v, %v", kept, err)
	}
	again := run(protocol.Settings{Recordings: kept})
	if a := again.Outcomes[protocol.Leak].Currents[0]; a.Determined != 1 || math.Abs(a.Acts/leak.Currents[0].Acts-1) > 1e-6 { // the currents of files are rounded
		t.Errorf("%+v from the files, %+v from the chip", again.Outcomes[protocol.Leak].Currents[0], leak.Currents[0])
	}
	other := f
	other.Subject.Network.Params[dynapse.ItauMem] = []float64{7e-12}
	if _, err := other.Kept(); err == nil || !strings.Contains(err.Error(), "init.Itau_mem: expected the recordings of these neurons") {
		t.Error(err)
	}
	if err := res.Write(f.Dir); err != nil {
		t.Fatal(err)
	}
	report, err := os.ReadFile(filepath.Join(f.Dir, protocol.ReportFile))
	if err != nil || !strings.Contains(string(report), "| Itau_mem |") || !strings.Contains(string(report), "lost: a constant current") {
		t.Errorf("%s, %v", report, err)
	}
	for _, name := range []string{"leak.png", protocol.NeuronsFile, protocol.RecordingsFile} {
		if _, err := os.Stat(filepath.Join(f.Dir, name)); err != nil {
			t.Error(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(f.Dir, protocol.ResultFile))
	if err != nil || !json.Valid(text) {
		t.Error(err)
	}
	found, _, _, err := protocol.Read(filepath.Join(f.Dir, protocol.NeuronsFile), nil)
	if err != nil || found.Network.Params[dynapse.ItauMem][0] != res.Network.Params[dynapse.ItauMem][0] {
		t.Errorf("%v, %v", found.Network.Params[dynapse.ItauMem], err)
	}
}

// TestMissing: without a chip and without recordings every stage says which to make, and nothing is
// fitted.
func TestMissing(t *testing.T) {
	s := protocol.Subject{Network: dynapse.Network{N: 2}}
	s.Network.Params[dynapse.IwAHP] = []float64{2e-9}
	res, err := protocol.Run(t.Context(), s, protocol.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range res.Outcomes {
		if o.Status != protocol.Missing || len(o.Make) < 3 || o.Next != "" && !strings.HasPrefix(o.Next, fmt.Sprintf("stage %v: vmem and spikes with", o.Stage)) {
			t.Errorf("%+v", o)
		}
	}
	if open := res.Outcomes[0].Open; !slices.Equal(open, []string{"Itau_mem", "Igain_mem", "Idc", "Ispkthr", "Itau_syn", "Igain_syn", "Iref", "Itau_ahp", "Igain_ahp"}) {
		t.Errorf("open: %v", open)
	}
}

// TestSubjects: neurons and recordings that do not belong together are errors; so is what ends the
// procedure.
func TestSubjects(t *testing.T) {
	one := dynapse.Network{N: 1}
	for _, s := range []protocol.Subject{{}, {Network: dynapse.Network{N: 1, FourSynapses: true}}, {Network: one, Core: []int{0, 1}}, {Network: one, In: &chip.Weights{Pre: 1, Post: 2, W: []float64{1, 1}}}} {
		if _, err := protocol.Run(t.Context(), s, protocol.Settings{}); !errors.Is(err, protocol.ErrSubject) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	for _, r := range []fit.Recording{{}, {T: 20, B: 1}, {T: 20, B: 1, Input: make([]float64, 20)}, {T: 1 << 40, B: 1 << 40}} {
		if _, err := protocol.Run(t.Context(), protocol.Subject{Network: one}, protocol.Settings{Recordings: map[protocol.Stage][]fit.Recording{protocol.Leak: {r}}}); !errors.Is(err, protocol.ErrSubject) {
			t.Errorf("%d steps of %d rows: %v", r.T, r.B, err)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if res, err := protocol.Run(stopped, protocol.Subject{Network: one}, protocol.Settings{Chip: new(live.Software)}); !errors.Is(err, context.Canceled) || res == nil {
		t.Error(err)
	}
	full := errors.New("the disk is full")
	if _, err := protocol.Run(t.Context(), protocol.Subject{Network: one}, protocol.Settings{Record: func(protocol.Outcome) error { return full }}); !errors.Is(err, full) {
		t.Error(err)
	}
}

// TestRead: stages of targets are read by name; one that is none is named, with that which is
// meant.
func TestRead(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.csv", "time,vmem\n0,0.01\n0.001,0.02\n0.002,0.03\n")
	write("a.toml", "[network]\nneurons = 1\n[[target]]\nstage = \"leak\"\nfile = \"a.csv\"\ndc = 1e-11\n[[target]]\nfile = \"none.csv\"\n")
	s, recordings, left, err := protocol.Read("a.toml", nil)
	if err != nil || left != 1 || len(recordings[protocol.Leak]) != 1 || s.Network.N != 1 || recordings[protocol.Leak][0].DC[2] != 1e-11/dynapse.Idc.Default() {
		t.Errorf("%+v, %d left, %v", recordings, left, err)
	}
	write("a.toml", "[network]\nneurons = 1\n[[target]]\nstage = \"leek\"\nfile = \"a.csv\"\ninput = \"none\"\n")
	if _, _, _, err := protocol.Read("a.toml", nil); err == nil || err.Error() != "a.toml: target[0].stage: expected one of leak, fi, epsp, refractory, ahp, check, found leek, did you mean leak?" {
		t.Error(err)
	}
	write("a.toml", "[network]\nneurons = 1\n[[target]]\nstage = \"leak\"\nfi = {input_rate = [1], rate = [1]}\n")
	if _, _, _, err := protocol.Read("a.toml", nil); err == nil {
		t.Error("a curve has a stage")
	}
}

// FuzzRead reads arbitrary experiments, and names of stages: an error is one line.
func FuzzRead(f *testing.F) {
	f.Add("[network]\nneurons = 1\n[[target]]\nstage = \"leak\"\nfile = \"none.csv\"\n")
	f.Add("check")
	path := filepath.Join(f.TempDir(), "a.toml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := protocol.Read(path, nil); err != nil && strings.Contains(err.Error(), "\n") {
			t.Error(err)
		}
		var s protocol.Stage
		if err := s.UnmarshalText([]byte(text)); err == nil && s.String() != text {
			t.Errorf("%q is read as %v", text, s)
		}
	})
}
