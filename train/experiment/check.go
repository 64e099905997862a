package experiment

import (
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/schema"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Check returns an error (*exit.BadInput) where a value is out of range, or has no effect besides
// the others.
func (e *Experiment) Check() error { return e.check(true) }

// check is Check; keys without an effect are borne unless strict.
func (e *Experiment) check(strict bool) error {
	if e == nil {
		return &exit.BadInput{Expected: "an experiment of Read or Parse", Found: "none"}
	}
	c := checks{e}
	special := c.ofSurrogate
	if e.events() {
		special = c.ofEvents
	}
	method := one("train.method", e.Train.Method, Methods()...)
	if !method.ok {
		return method.bad(e.file)
	}
	if err := c.checkChoices(); err != nil {
		return err
	}
	for _, r := range causesFirst(slices.Concat(c.unused(reflect.ValueOf(e).Elem(), ""), c.common(), c.ofTrain(), c.ofGroups(), c.ofInits(), special())) {
		if !r.ok && (strict || !strings.HasPrefix(r.expected, noEffect)) {
			return r.bad(e.file)
		}
	}
	return nil
}

// usable is Check for experiments that a program has changed: keys may be without an effect, and
// the batch smaller than the shards, as Load makes it where there are few samples.
func (e *Experiment) usable() error {
	if e == nil || e.Train.Batch <= 0 || e.Train.Batch >= e.Train.Shards {
		return e.check(false)
	}
	whole := *e
	whole.Train.Batch = e.Train.Shards
	return whole.check(false)
}

// exactEncoders are the encoders that know the exact times of spikes.
func exactEncoders() []string {
	var names []string
	for _, row := range data.Encoders {
		c, _, err := data.Encoders.New(row.Name, nil)
		if err != nil {
			continue
		}
		_, features := c.(data.EventEncoder)
		_, sequences := c.(data.EventSequenceEncoder)
		if features || sequences {
			names = append(names, row.Name)
		}
	}
	return names
}

// checks are the rules of which values an experiment may have, and which go together.
type checks struct{ *Experiment }

// common are the rules for all methods.
func (e checks) common() []rule {
	m, t, c := e.Model, e.Train, e.Encode
	integrators := e.integrators()
	uses := e.uses()
	isName := e.Name != "" && e.Name == filepath.Base(e.Name) && e.Name != "." && e.Name != ".."
	rules := []rule{
		{"name", "the name of a folder", e.Name, isName},
		{"seed", "a whole number below 2^63", e.Seed, e.Seed < 1<<63},
		unless(!e.static(), "encode.hold", c.Hold, c.Hold == 0, "the samples are sequences"),
		{"encode.hold", ">= 0", c.Hold, c.Hold >= 0},
		{"encode.dt", ">= 0 s", c.Dt, c.Dt >= 0},
	}
	rules = append(rules, rule{"model.hidden", "at least one layer", m.Hidden, len(m.Hidden) > 0 || len(e.Layer) > 0},
		unless(len(e.Layer) == 0, "model.hidden", m.Hidden, len(m.Hidden) == 0, "there is no [[layer]]"))
	for i, name := range e.Loss.Metrics {
		rules = append(rules, one(fmt.Sprintf("loss.metrics[%d]", i), name, Metrics.Names()...))
	}
	for i, n := range m.Hidden {
		rules = append(rules, rule{fmt.Sprintf("model.hidden[%d]", i), "> 0 neurons", n, n > 0})
	}
	return append(rules,
		rule{"model.tau_mem", "> 0 s", m.TauMem, !uses["tau_mem"] || m.TauMem > 0},
		rule{"model.tau_mem", "a finite number, because " + e.leaks(), m.TauMem, !math.IsInf(m.TauMem, 1) || e.leaks() == ""},
		rule{"model.tau_out", "a finite number, because neurons go from event to event", m.TauOut, !math.IsInf(m.TauOut, 1) || !e.events()},
		rule{"model.tau_syn", "> 0 s", m.TauSyn, !uses["tau_syn"] || m.TauSyn > 0},
		rule{"model.v_th", "> 0", m.VTh, !uses["v_th"] || m.VTh > 0},
		e.idle("tau_mem", m.TauMem, m.TauMem == 0),
		e.idle("tau_syn", m.TauSyn, m.TauSyn == 0),
		e.idle("v_th", m.VTh, m.VTh == 0),
		unless(e.recurrent(), "model.rec_gain", m.RecGain, m.RecGain == 0, "recurrent is true, or method is "+Recurrent),
		rule{"model.rec_gain", ">= 0", m.RecGain, m.RecGain >= 0},
		rule{"model.w_gain", ">= 0", m.WGain, m.WGain >= 0},
		rule{"model.out_gain", ">= 0", m.OutGain, m.OutGain >= 0},
		unless(len(m.Learn) > 0, "model.per_neuron", m.PerNeuron, !m.PerNeuron, "learn names something"),
		unless(integrators, "model.tau_out", m.TauOut, m.TauOut == 0, "readout is li-..."),
		rule{"model.tau_out", ">= 0 s", m.TauOut, m.TauOut >= 0},
		rule{"train.epochs", "> 0", t.Epochs, t.Epochs > 0},
		rule{"train.batch", "> 0", t.Batch, t.Batch > 0},
		rule{"train.shards", "1, 2, 4, 8, ..., at most batch", t.Shards, t.Shards == 0 || t.Shards > 0 && t.Shards&(t.Shards-1) == 0 && t.Shards <= t.Batch},
		rule{"train.lr", "> 0", t.LR, t.LR > 0},
		rule{"train.warmup", ">= 0", t.Warmup, t.Warmup >= 0},
		rule{"train.patience", ">= 0", t.Patience, t.Patience >= 0},
		rule{"train.on_nonfinite", "stop or skip", t.OnNonFinite, t.OnNonFinite == "" || t.OnNonFinite == train.Stop || t.OnNonFinite == train.Skip},
		rule{"train.clip", ">= 0", t.Clip, t.Clip >= 0},
		rule{"train.weight_decay", ">= 0", t.WeightDecay, t.WeightDecay >= 0},
	)
}

// ofSurrogate are the rules for networks that go through time steps.
func (e checks) ofSurrogate() []rule {
	m, t, c, l := e.Model, e.Train, e.Encode, e.Loss
	uses := e.uses()
	_, surrogateErr := surrogate.Parse(m.Surrogate)
	surrogates := "one of " + strings.Join(surrogate.Names(), ", ") + ", as fast_sigmoid(25)"
	if name, _, _ := strings.Cut(m.Surrogate, "("); surrogateErr != nil && slices.Contains(surrogate.Names(), strings.TrimSpace(name)) {
		surrogates = "numbers that it takes (" + surrogateErr.Error() + ")"
	}
	rules := []rule{
		{"encode.steps", ">= 0", c.Steps, c.Steps >= 0},
		{"encode.dt", "> 0 s", c.Dt, c.Dt > 0},
		e.idle("reset", m.Reset, m.Reset == ""),
		e.idle("detach_reset", m.DetachReset, !m.DetachReset),
		e.idle("recurrent", m.Recurrent, !m.Recurrent),
		{"model.surrogate", surrogates, named{m.Surrogate, surrogate.Names()}, surrogateErr == nil},
		{"model.output", "none, or nothing", m.Output, m.Output == "" || m.Output == "none"},
		unless(len(e.Layer) > 0, "model.output", m.Output, m.Output == "", "there is a list [[layer]]"),
		unless(len(e.Layer) == 0, "model.recurrent", m.Recurrent, !m.Recurrent, "there is no [[layer]], whose neurons have the key"),
		{"loss.rate_weight", ">= 0", l.RateWeight, l.RateWeight >= 0},
		unless(l.RateLower > 0 || l.RateUpper > 0, "loss.rate_weight", l.RateWeight, l.RateWeight == 0, "rate_lower or rate_upper is given"),
		unless(l.RateWeight > 0, "loss.rate_lower", l.RateLower, l.RateLower == 0, "rate_weight > 0"),
		unless(l.RateWeight > 0, "loss.rate_upper", l.RateUpper, l.RateUpper == 0, "rate_weight > 0"),
		{"loss.rate_lower", ">= 0", l.RateLower, l.RateLower >= 0},
		{"loss.sparsity", ">= 0", l.Sparsity, l.Sparsity >= 0},
		{"loss.awake", ">= 0", l.Awake, l.Awake >= 0},
		{"loss.awake_least", ">= 0 spikes", l.AwakeLeast, l.AwakeLeast >= 0},
		unless(l.Awake > 0, "loss.awake_least", l.AwakeLeast, l.AwakeLeast == 0, "awake > 0"),
		{"loss.v_weight", ">= 0", l.VWeight, l.VWeight >= 0},
		unless(l.VWeight > 0, "loss.v_lower", l.VLower, l.VLower == 0, "v_weight > 0"),
		unless(l.VWeight > 0, "loss.v_upper", l.VUpper, l.VUpper == 0, "v_weight > 0"),
		{"loss.v_upper", ">= v_lower", l.VUpper, l.VUpper == 0 || l.VUpper >= l.VLower},
		{"loss.rate_upper", ">= rate_lower", l.RateUpper, l.RateUpper == 0 || l.RateUpper >= l.RateLower},
		one("train.engine", t.Engine, "fused", "unrolled"),
		one("train.dtype", t.DType, "float32", "float64"),
	}
	if uses["reset"] {
		rules = append(rules, one("model.reset", m.Reset, "subtract", "zero"))
	}
	for i := range m.Learn {
		rules = append(rules, e.learns(i, e.learnable()...)...)
	}
	return rules
}

// learns are the rules for the i-th name of what is learned besides weights.
func (e checks) learns(i int, names ...string) []rule {
	key, p := fmt.Sprintf("model.learn[%d]", i), e.Model.Learn[i]
	return []rule{one(key, p, names...), {key, "each name once", p, !slices.Contains(e.Model.Learn[:i], p)}}
}

// ofEvents are the rules for networks that go from event to event.
func (e checks) ofEvents() []rule {
	m, t, c, l := e.Model, e.Train, e.Encode, e.Loss
	rules := []rule{
		one("encode.kind", c.Kind, exactEncoders()...),
		{"encode.duration", ">= 0 s", c.Duration, c.Duration >= 0},
		unless(!e.static(), "encode.dt", c.Dt, c.Dt == 0, "the samples are sequences"),
		{"model.v_reset", "< v_th", m.VReset, m.VReset < m.VTh},
		{"loss.scale", ">= 0", l.Scale, l.Scale >= 0},
		{"loss.silence", ">= 0", l.Silence, l.Silence >= 0},
		{"loss.existence", ">= 0", l.Existence, l.Existence >= 0},
		unless(l.Existence != 0, "loss.existence_margin", l.Margin, l.Margin == 0, "existence is > 0"),
		{"loss.existence_margin", ">= 0", l.Margin, l.Margin >= 0},
		{"train.revive", ">= 0", t.Revive, t.Revive >= 0},
		unless(t.Shards <= 1, "train.revive", t.Revive, t.Revive == 0, "shards is 1"),
		unless(m.Readout == "ttfs", "loss.silence_out", l.SilenceOut, l.SilenceOut == 0, "readout is ttfs"),
		{"loss.silence_out", ">= 0", l.SilenceOut, l.SilenceOut >= 0},
		unless(t.Method != Analytical, "train.min_slope", t.MinSlope, t.MinSlope == 0, "method is not "+Analytical),
		{"train.min_slope", ">= 0", t.MinSlope, t.MinSlope >= 0},
		{"model.delay", ">= 0 s", m.Delay, m.Delay >= 0},
		unless(m.Delay > 0, "model.delay_spread", m.DelaySpread, m.DelaySpread == 0, "model.delay is > 0"),
		{"model.delay_spread", "in [0, 1)", m.DelaySpread, m.DelaySpread >= 0 && m.DelaySpread < 1},
	}
	rules = append(rules, e.ofNeurons()...)
	own, readable := e.Model.neuronParameters()
	for i, p := range m.Learn {
		if !readable {
			break // what can be learned is not known
		}
		names := slices.Clone(own)
		for _, name := range []string{"tau_mem", "tau_syn", "v_th", "v_leak", "v_reset", "i_init", "delay"} { // the outputs have these too
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		rules = append(rules, e.learns(i, names...)...)
		rules = append(rules, unless(m.Delay > 0, fmt.Sprintf("model.learn[%d]", i), p, p != "delay", "model.delay is > 0"))
	}
	return rules
}

// unused wants the keys of a section left out that only other methods have.
func (e checks) unused(section reflect.Value, prefix string) []rule {
	var rules []rule
	for f, v := range schema.Fields(section) {
		key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case v.Kind() == reflect.Struct:
			rules = append(rules, e.unused(v, key+".")...)
		case key != "" && !e.has(f):
			rules = append(rules, unless(false, prefix+key, v.Interface(), v.IsZero() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0, e.where(f)))
		}
	}
	return rules
}

// where says which methods have the key of a field, where the one at hand has not.
func (e *Experiment) where(f reflect.StructField) string {
	switch f.Tag.Get("only") {
	case "surrogate":
		if e.events() {
			return "train.method is " + Surrogate
		}
	case "events":
		if !e.events() {
			return "train.method is one of " + strings.Join(Methods()[1:], ", ")
		}
	}
	return ""
}

// has tells whether the method at hand has the key of a field.
func (e *Experiment) has(f reflect.StructField) bool {
	return f.Tag.Get("toml") != "" && e.where(f) == ""
}

// rule is a condition on the value of a key.
type rule struct {
	key, expected string
	found         any
	ok            bool
}

// named is the value of a key that has one of some names.
type named struct {
	value string
	known []string
}

// told is what was found in words, where it is no value of the key.
type told string

// bad is the error of a rule that is broken.
func (r rule) bad(file string) *exit.BadInput {
	b := &exit.BadInput{File: file, Member: r.key, Expected: r.expected}
	if n, ok := r.found.(named); ok {
		b.Nearest, r.found = exit.Nearest(n.value, n.known), n.value
	}
	if t, ok := r.found.(told); ok {
		b.Found = string(t)
	} else {
		b.Found = schema.Describe(r.found)
	}
	return b
}

// causesFirst puts the rules of names before all others: what other keys mean depends on these.
func causesFirst(rules []rule) []rule {
	var first, rest []rule
	for _, r := range rules {
		if _, ok := r.found.(named); ok {
			first = append(first, r)
		} else {
			rest = append(rest, r)
		}
	}
	return append(first, rest...)
}

// one wants one of some names.
func one(key, found string, names ...string) rule {
	return rule{key, "one of " + strings.Join(names, ", "), named{found, names}, slices.Contains(names, found)}
}

// unless wants a key left out that would have no effect.
func unless(used bool, key string, found any, leftOut bool, where string) rule {
	return rule{key, noEffect + where, found, used || leftOut}
}

const noEffect = "nothing: it has an effect only where "
