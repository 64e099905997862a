package experiment

import (
	"errors"
	"fmt"
	"slices"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train/data"
)

// choice is a key of a section that names a row of a catalogue, whose own keys stand beside it in
// the section.
type choice struct {
	key  string      // "optimizer"
	name string      // its value
	keys *data.Table // those of the row
	rows rows
}

// rows is a catalogue, whatever it makes.
type rows interface {
	Names() []string
	Doc(name string) string
	Params(name string) []data.Param
	Check(name string, t data.Table) (effective data.Table, err error)
}

// chooser is a section with choices.
type chooser interface{ choices() []choice }

// Where there is no section, there is nothing to choose.

func (d *Data) choices() []choice {
	if d == nil {
		return nil
	}
	return []choice{{"set", d.Set, &d.Keys, data.Sets}}
}
func (c *Encode) choices() []choice {
	if c == nil {
		return nil
	}
	return []choice{{"kind", c.Kind, &c.Keys, data.Encoders}}
}
func (l *LayerSpec) choices() []choice {
	if l == nil {
		return nil
	}
	return []choice{{"kind", l.Kind, &l.Keys, Layers}}
}
func (m *Model) choices() []choice {
	if m == nil {
		return nil
	}
	if m.events {
		return []choice{{"neuron", m.Neuron, &m.NeuronKeys, EventNeurons}, {"readout", m.Readout, &m.ReadoutKeys, EventReadouts}}
	}
	return []choice{{"neuron", m.Neuron, &m.NeuronKeys, Neurons}, {"readout", m.Readout, &m.ReadoutKeys, Readouts}}
}
func (l *Loss) choices() []choice {
	if l == nil || l.Kind == "" {
		return nil // that of the target, with its defaults
	}
	return []choice{{"kind", l.Kind, &l.Keys, Losses}}
}
func (t *Train) choices() []choice {
	if t == nil {
		return nil
	}
	return []choice{{"optimizer", t.Optimizer, &t.OptimizerKeys, Optimizers}, {"schedule", t.Schedule, &t.ScheduleKeys, Schedules}}
}

// section is a section with choices, and its name.
type section struct {
	name string
	chooser
}

// sections are the sections with choices, by name.
func (e *Experiment) sections() []section {
	e.Model.events = e.events()
	all := []section{{"data", &e.Data}, {"encode", &e.Encode}, {"model", &e.Model}, {"loss", &e.Loss}, {"train", &e.Train}}
	for i := range e.Layer {
		all = append(all, section{fmt.Sprintf("layer[%d]", i), &e.Layer[i]})
	}
	return all
}

// extra are the keys of the rows that are chosen.
func extra(s chooser) (names []string) {
	for _, c := range s.choices() {
		for _, p := range c.rows.Params(c.name) {
			names = append(names, p.Name)
		}
	}
	return names
}

// take gives a key that is none of the section's own to the choice that has it: that of the row
// that is chosen, else one in which another row has it, whose Check says so. It is false where no
// row has it.
func take(s chooser, key string, value any) bool {
	all := s.choices()
	has := func(names func(choice) []string) int {
		return slices.IndexFunc(all, func(c choice) bool {
			return slices.ContainsFunc(names(c), func(name string) bool {
				return slices.ContainsFunc(c.rows.Params(name), func(p data.Param) bool { return p.Name == key })
			})
		})
	}
	i := has(func(c choice) []string { return []string{c.name} })
	if i < 0 {
		i = has(func(c choice) []string { return c.rows.Names() })
	}
	if i < 0 && slices.ContainsFunc(all, func(c choice) bool { return !slices.Contains(c.rows.Names(), c.name) }) {
		return true // a wrong choice is the fault, which Check names
	}
	if i < 0 {
		return false
	}
	if *all[i].keys == nil {
		*all[i].keys = data.Table{}
	}
	(*all[i].keys)[key] = value
	return true
}

// Extend takes a key that is not the section's own, see schema.Extended.
func (d *Data) Extend(key string, value any) bool { return take(d, key, value) }

// Extend takes a key of the encoder.
func (c *Encode) Extend(key string, value any) bool { return take(c, key, value) }

// Extend takes a key of the loss.
func (l *Loss) Extend(key string, value any) bool { return take(l, key, value) }

// Extend takes a key of the neuron or of the readout.
func (m *Model) Extend(key string, value any) bool { return take(m, key, value) }

// Extend takes a key of the optimizer or of the schedule.
func (t *Train) Extend(key string, value any) bool { return take(t, key, value) }

// Extend takes a key of the kind.
func (l *LayerSpec) Extend(key string, value any) bool { return take(l, key, value) }

// Extra are the names of such keys.
func (d *Data) Extra() []string { return extra(d) }

// Extra are the keys of the encoder.
func (c *Encode) Extra() []string { return extra(c) }

// Extra are the keys of the loss.
func (l *Loss) Extra() []string { return extra(l) }

// Extra are the keys of the neuron and of the readout.
func (m *Model) Extra() []string { return extra(m) }

// Extra are the keys of the optimizer and of the schedule.
func (t *Train) Extra() []string { return extra(t) }

// Extra are the keys of the kind.
func (l *LayerSpec) Extra() []string { return extra(l) }

// checkChoices checks the choices: their names first, then the keys of their rows.
func (e checks) checkChoices() error {
	for _, s := range e.sections() {
		for _, c := range s.choices() {
			if !slices.Contains(c.rows.Names(), c.name) {
				r := one(s.name+"."+c.key, c.name, c.rows.Names()...)
				return r.bad(e.file)
			}
		}
	}
	for _, s := range e.sections() {
		for _, c := range s.choices() {
			if _, err := c.rows.Check(c.name, *c.keys); err != nil {
				return e.keyError(s, err)
			}
		}
	}
	return nil
}

// fillChoices sets the keys of the rows to all that is in effect.
func (e filling) fillChoices() {
	for _, s := range e.sections() {
		for _, c := range s.choices() {
			if keys, err := c.rows.Check(c.name, *c.keys); err == nil {
				*c.keys = keys
			}
		}
	}
}

// keyError is an error of a catalogue as one of this file.
func (e *Experiment) keyError(s section, err error) error {
	k := (*data.KeyError)(nil)
	if !errors.As(err, &k) {
		return err
	}
	bad := &exit.BadInput{File: e.file, Member: s.name + "." + k.Key, Expected: k.Expected, Found: k.Found}
	if known := extra(s.chooser); !slices.Contains(known, k.Key) {
		if near := exit.Nearest(k.Key, known); near != "" {
			bad.Nearest = s.name + "." + near
		}
	}
	return bad
}
