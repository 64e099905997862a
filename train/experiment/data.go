package experiment

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Sizes returns the number of input channels and the target, without the files where the set is one
// that is known.
func (e *Experiment) Sizes() (channels int, target data.Target, err error) {
	if err := e.usable(); err != nil {
		return 0, target, err
	}
	if d, ok := e.source().(data.Described); ok {
		return e.encoder().Channels(d.Form().Channels), d.Form().Target, nil
	}
	sets, target, err := e.Load()
	if err != nil {
		return 0, target, err
	}
	return sets.Train.Channels(), target, nil
}

// Locate sets the folder or the file of the data: the key dir where the set has it and path is a
// folder or none of its keys is file, else file.
func (e *Experiment) Locate(path string) {
	if e == nil {
		return
	}
	has := map[string]bool{}
	for _, p := range data.Sets.Params(e.Data.Set) {
		has[p.Name] = true
	}
	key := "dir"
	if info, err := os.Stat(path); has["file"] && !(has["dir"] && err == nil && info.IsDir()) {
		key = "file"
	}
	keys := data.Table{key: path}
	for k, v := range e.Data.Keys {
		if k != key {
			keys[k] = v
		}
	}
	e.Data.Keys = keys
}

// Load returns the three sets, and the target of their samples. It fills in what depends on the
// samples: Encode.Steps or Encode.Duration, and Train.Batch is at most the number of samples to
// learn.
func (e *Experiment) Load() (sets train.Data, target data.Target, err error) {
	if err := e.usable(); err != nil {
		return sets, target, err
	}
	l := loading{e}
	if err := l.boundData(); err != nil {
		return sets, target, err
	}
	parts, err := e.source().Load()
	if err != nil {
		return sets, target, e.explain(err)
	}
	form := parts.Train.Form()
	filling{e}.assume(form.Input)
	l.picture(form)
	e.warnings = l.hasty()
	// A batch of more rows than there are samples has the same samples and takes the memory of its
	// rows.
	if most := max(1, parts.Train.Len()); e.Train.Batch > most {
		e.warnings = append(e.warnings, fmt.Sprintf("train.batch = %d is more than the %d samples to learn, of which each batch has all", e.Train.Batch, most))
		e.Train.Batch = most
	}
	batches := data.Batches{Encoder: e.encoder(), Size: e.Train.Batch, Dt: e.Encode.Dt, Hold: e.Encode.Hold, Seed: e.Seed}
	steps := 0
	for k, dst := range []*data.Batches{&sets.Train, &sets.Valid, &sets.Test} {
		*dst = batches
		dst.Data = parts.Each()[k]
		steps = max(steps, dst.MinSteps())
	}
	if err := l.span(form, steps); err != nil {
		return sets, target, err
	}
	for _, dst := range []*data.Batches{&sets.Train, &sets.Valid, &sets.Test} {
		dst.Steps, dst.Duration = e.Encode.Steps, e.Encode.Duration
	}
	sets.Train.Augment = parts.Augment
	return sets, form.Target, nil
}

// Try encodes the first batch of the sets of Load, so that samples that the encoder does not take,
// and batches that cannot be learned, are an error before anything is made for them. It takes the
// memory of a batch.
func (e *Experiment) Try(sets train.Data) error {
	if err := e.usable(); err != nil {
		return err
	}
	if err := (loading{e}).checkBatches(sets.Train); err != nil {
		return err
	}
	if e.events() {
		return sets.Train.FillEvents(new(data.Events), 0, 0)
	}
	return sets.Train.Fill(&data.Batch{Lists: new(data.Lists)}, 0, 0)
}

// loading is what follows from the samples.
type loading struct{ *Experiment }

// checkBatches returns an error where a run would make no update, or could not learn its last
// batch.
func (e loading) checkBatches(set data.Batches) error {
	if set.Data == nil {
		return nil
	}
	if n := e.Updates(set.Data.Len()); e.Train.Accumulate > n {
		return e.bad("train.accumulate", fmt.Sprintf("at most %d, the batches of the run", n), fmt.Sprint(e.Train.Accumulate))
	}
	if set.Steps != 1 || !slices.ContainsFunc(e.Layer, func(l LayerSpec) bool { return l.Kind == "batch_norm" }) {
		return nil
	}
	set.Shards = max(e.Train.Shards, 1)
	alone := false // a sample in its batch or shard
	for set.Shard = range set.Shards {
		alone = alone || set.Rows(0) == 1 || set.Rows(set.Len()-1) == 1
	}
	if !alone {
		return nil
	}
	one := *e.Experiment
	one.Train.Batch, one.Train.Shards = 1, 0
	if n, err := one.build(graph.NewParams(e.Seed), set.Channels(), set.Data.Form().Target); err == nil {
		return n.Close() // images, of which a channel has several numbers
	}
	return e.bad("train.batch", fmt.Sprintf("another, because batch_norm cannot learn from one sample of one time step, which the last batch or shard of %d samples has", set.Data.Len()), fmt.Sprint(e.Train.Batch))
}

// Warn says what Load has found to be another way than the experiment has it, and what is hardly
// meant: times of neurons, synapses and delays that are shorter than a time step.
func (e *Experiment) Warn(l *slog.Logger) {
	if e == nil {
		return
	}
	for _, w := range e.warnings {
		given.Logger(l).Warn(w)
	}
}

// picture fills in the size of the images that the first convolution or pool of the list sees,
// where the data know it and no layer before it gives something else.
func (e loading) picture(form data.Form) {
	size := form.Image[:]
	if c, ok := e.encoder().(data.Course); ok && form.Input == data.Sequence {
		size = []int{form.Channels, 1, c.Channels(1)}
	} else if e.encoder().Channels(form.Channels) != form.Channels {
		return
	}
	for i, l := range e.Layer {
		_, neurons := Neurons.Row(l.Kind)
		if neurons || l.Kind == "dropout" || l.Kind == "delay" {
			continue
		}
		_, given := l.Keys["image"]
		if l.Kind == "conv1d" && size[1] == 1 {
			size = []int{size[0], size[2]}
		} else if l.Kind == "conv1d" {
			return
		}
		takes := slices.ContainsFunc(Layers.Params(l.Kind), func(p data.Param) bool { return p.Name == "image" })
		if takes && !given && !slices.Contains(size, 0) {
			keys := maps.Clone(l.Keys)
			if keys == nil {
				keys = data.Table{}
			}
			keys["image"] = toFloats(size)
			e.Layer = slices.Clone(e.Layer)
			e.Layer[i].Keys = keys
		}
		return
	}
}

func toFloats(v []int) (f []float64) {
	for _, x := range v {
		f = append(f, float64(x))
	}
	return f
}

// span fills in the time that the longest sample needs, of so many steps.
func (e loading) span(form data.Form, steps int) error {
	c := &e.Encode
	encoder := e.encoder()
	if _, list := encoder.(data.EventListEncoder); !list && form.Input == data.EventList {
		return e.bad("encode.kind", "none, because the data are events", c.Kind)
	}
	if _, whole := encoder.(data.WholeEncoder); whole && (form.Target.Kind == data.SequenceTarget || form.Target.Kind == data.SpikeTarget) {
		return e.bad("encode.kind", "an encoder whose steps are those of the sequence, because targets are", c.Kind)
	}
	if form.Input != data.Sequence && c.Hold != 0 {
		return e.bad("encode.hold", "nothing: it has an effect only on sequences", fmt.Sprint(c.Hold))
	}
	if !e.events() {
		if c.Steps == 0 {
			if c.Steps = steps; steps == 0 {
				c.Steps = 40
			}
		}
		if c.Steps < steps {
			return e.bad("encode.steps", fmt.Sprintf("at least %d, for the longest sample", steps), fmt.Sprint(c.Steps))
		}
		return nil
	}
	if form.Input != data.Sequence && c.Dt != 0 {
		return e.bad("encode.dt", "nothing: with events it has an effect only on sequences", fmt.Sprint(c.Dt))
	}
	if c.Duration == 0 {
		switch form.Input {
		case data.Static:
			c.Duration = 60e-3
		case data.Sequence:
			if c.Dt == 0 {
				c.Dt = 1e-3
			}
			c.Duration = math.Round(float64(steps)*c.Dt*1e9) / 1e9
		default:
			c.Duration = math.Ceil(float64(steps)*1e-3*1e6) / 1e6
		}
	}
	return nil
}

// explain makes an error of the data one that says what to do.
func (e *Experiment) explain(err error) error {
	if k := (*data.KeyError)(nil); errors.As(err, &k) {
		return e.keyError(section{"data", &e.Data}, err)
	}
	if dir, _ := e.Data.Keys["dir"].(string); e.Data.Set == "mnist" && errors.Is(err, fs.ErrNotExist) {
		return &exit.BadInput{File: dir, Expected: "the files of MNIST; get them with: surge data get mnist --dir " + dir, Err: err}
	}
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		for key, value := range e.Data.Keys {
			if value == p.Path {
				return &exit.BadInput{File: e.file, Member: "data." + key, Err: err}
			}
		}
	}
	return err
}

// Explain names the file and the key in an error of a run where a setting of the experiment is the
// cause: time steps, or a duration, that do not hold all spikes.
func (e *Experiment) Explain(err error) error {
	if e == nil || !errors.Is(err, data.ErrOutside) {
		return err
	}
	key := "encode.steps"
	if e.events() {
		key = "encode.duration"
	}
	return &exit.BadInput{File: e.file, Member: key, Err: err}
}

func (e *Experiment) bad(key, expected, found string) error {
	return &exit.BadInput{File: e.file, Member: key, Expected: expected, Found: found}
}
