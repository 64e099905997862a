package protocol

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/live"
)

// Names of files in the folder of a procedure, beside those of its stages.
const (
	ResultFile     = "protocol.json"
	ReportFile     = "report.md"
	NeuronsFile    = "neurons.toml"    // as they were found, for surge sim dynapsim
	RecordingsFile = "recordings.toml" // an experiment with all that was recorded, for surge fit --protocol
)

// Read reads what an experiment file says of its neurons, and its recordings by stage, those of
// targets with the key stage. left counts the targets that have none.
//
// Errors are [*exit.BadInput].
func Read(path string, seed *uint64) (s Subject, recordings map[Stage][]fit.Recording, left int, err error) {
	e, err := experiment.ReadStages(path, experiment.Options{Seed: seed})
	if err != nil {
		return s, nil, 0, err
	}
	recordings = map[Stage][]fit.Recording{}
	for _, r := range e.Recordings {
		var stage Stage
		if err := stage.UnmarshalText([]byte(r.Stage)); err != nil {
			return s, nil, 0, &exit.BadInput{File: path, Member: r.Key, Expected: "one of " + strings.Join(stageNames[:], ", "), Found: r.Stage, Nearest: exit.Nearest(r.Stage, stageNames[:])}
		}
		recordings[stage] = append(recordings[stage], r.Recording)
	}
	return Subject{Network: e.Network, Core: e.Core, In: e.In, Seed: e.Seed}, recordings, e.Left, nil
}

// Folder is where a procedure keeps what was recorded.
type Folder struct {
	Dir     string
	Subject Subject
}

// Kept returns the recordings that are in the folder, by stage; they must be of the same neurons.
//
// Errors are [*exit.BadInput].
func (f Folder) Kept() (map[Stage][]fit.Recording, error) {
	path := filepath.Join(f.Dir, RecordingsFile)
	s, recordings, _, err := Read(path, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := f.Subject.compile()
	if err != nil {
		return nil, err
	}
	for p, list := range c.written() {
		if !slices.Equal(list, s.Network.Params[p]) {
			return nil, &exit.BadInput{File: path, Member: "init." + dynapse.Param(p).String(), Expected: "the recordings of these neurons; --force gives them up", Found: "those of others"}
		}
	}
	return recordings, nil
}

// Settings are those of a procedure with a chip that goes on with what is in the folder, beside
// other recordings, and keeps there what is recorded.
//
// Errors: those of [Folder.Kept].
func (f Folder) Settings(c live.Chip, recordings map[Stage][]fit.Recording) (Settings, error) {
	s := Settings{Chip: c, Recordings: maps.Clone(recordings), Keep: f.Keep}
	kept, err := f.Kept()
	for stage, list := range kept {
		if len(s.Recordings[stage]) == 0 {
			if s.Recordings == nil {
				s.Recordings = map[Stage][]fit.Recording{}
			}
			s.Recordings[stage] = list
		}
	}
	return s, err
}

// Run goes through the stages with a chip, or without one with what is there, says what it does,
// and writes what was found into the folder; also where ctx has ended, whose error it returns then.
//
// Errors: those of [Folder.Settings], [Run] and [Result.Write].
func (f Folder) Run(ctx context.Context, c live.Chip, recordings map[Stage][]fit.Recording, say func(string)) (*Result, error) {
	if err := given.Need("ctx", ctx, "a way to say what is done", say); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSubject, err)
	}
	s, err := f.Settings(c, recordings)
	if err != nil {
		return nil, err
	}
	s.Note, s.Record = say, func(o Outcome) error { say(o.String()); return nil }
	res, err := Run(ctx, f.Subject, s)
	if err == nil || ctx.Err() != nil && res != nil {
		err = cmp.Or(res.Write(f.Dir), err)
	}
	return res, err
}

// written are the parameters as a file has them: of a constant current that is off that of which
// recordings have factors.
func (c *subject) written() dynapse.Params {
	params := c.Network.Params
	params[dynapse.Idc] = nil
	for j := range c.n {
		params[dynapse.Idc] = append(params[dynapse.Idc], c.wanted(j))
	}
	for p := range params {
		if p >= dynapse.NumSingle {
			params[p] = nil
		}
	}
	return params
}

// Keep writes the recordings of a stage, and their names into the experiment file of the folder.
//
// Errors: [ErrSubject], and those of the files.
func (f Folder) Keep(s Stage, list []fit.Recording) error {
	c, err := f.Subject.compile()
	if err != nil {
		return err
	}
	var rows []row
	for _, r := range list {
		more, err := c.rowsOf(r)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	for i, r := range c.recordings(rows, s) {
		shape := []int{r.B, r.T, c.n}
		array := func(name string, of func(at int) float64) files.Array {
			a := files.Array{Name: name, Shape: shape, Data: make([]float64, r.B*r.T*c.n)}
			for k := range a.Data {
				b, t, j := k/c.n/r.T, k/c.n%r.T, k%c.n
				a.Data[k] = of((t*r.B+b)*c.n + j)
			}
			return a
		}
		own := func(list []float64) func(at int) float64 { return func(at int) float64 { return list[at] } }
		arrays := []files.Array{array("input", own(r.Input)), array("dc", func(at int) float64 { return r.DC[at] * c.wanted(at%c.n) }),
			array("vmem", own(r.Target[fit.Vmem])), array("spikes", own(r.Target[fit.Spikes])), array("weight", own(r.Weight))}
		if err := files.WriteArrays(filepath.Join(f.Dir, recordingFile(s, i)), arrays); err != nil {
			return err
		}
	}
	text := c.text("What surge fit --protocol recorded.", c.written())
	for s := range Stage(stages) {
		for i := 0; ; i++ {
			name := recordingFile(s, i)
			if !exists(filepath.Join(f.Dir, name)) {
				break
			}
			text += fmt.Sprintf("\n[[target]]\nstage = %q\nfile = %q\n", s, name)
		}
	}
	return files.WriteText(filepath.Join(f.Dir, RecordingsFile), text)
}

// recordingFile is the name of the file of a recording of a stage.
func recordingFile(s Stage, i int) string {
	if i == 0 {
		return s.String() + ".npz"
	}
	return fmt.Sprintf("%v-%d.npz", s, i+1)
}

// Files lists the files that a procedure may write into its folder, but for further recordings of a
// stage.
func Files() []string {
	list := []string{ResultFile, ReportFile, NeuronsFile, RecordingsFile}
	for s := range Stage(stages) {
		list = append(list, recordingFile(s, 0), pictureFile(s))
	}
	return list
}

// text is the neurons as an experiment file.
func (c *subject) text(comment string, params dynapse.Params) string {
	var b strings.Builder
	list := func(x []float64) string {
		var texts []string
		for _, v := range x {
			texts = append(texts, fmt.Sprintf("%.17g", v))
			if !strings.ContainsAny(texts[len(texts)-1], ".e") {
				texts[len(texts)-1] += ".0"
			}
		}
		return "[" + strings.Join(texts, ", ") + "]"
	}
	fmt.Fprintf(&b, "# %s\ndt = %.17g\nseed = %d\n[network]\nneurons = %d\ncore = %s\n", comment, c.dt, c.Seed, c.n, strings.ReplaceAll(fmt.Sprint(c.Core), " ", ", "))
	if c.Network.Substeps > 1 {
		fmt.Fprintf(&b, "substeps = %d\n", c.Network.Substeps)
	}
	if c.Network.MaxSpikes > 0 {
		fmt.Fprintf(&b, "max_spikes_per_dt = %.17g\n", c.Network.MaxSpikes)
	}
	b.WriteString("[init]\n")
	for p := range dynapse.Param(dynapse.NumSingle) {
		if x := params[p]; p != dynapse.Dt && len(x) > 0 {
			fmt.Fprintf(&b, "%v = %s\n", p, list(x))
		}
	}
	return b.String()
}
