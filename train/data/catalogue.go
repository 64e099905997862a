package data

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Catalogue lists what configuration files can choose from by name: [Sets], [Encoders]. All that is
// known of a row is in the row: its check, its defaults and its documentation come from the
// function that makes it, so that none of them can be forgotten or differ.
//
// To add a row, write it:
//
//	{"latency", "the larger, the earlier a spike", func(p *data.Params) data.Encoder {
//		return data.Latency{TMax: p.Float("t_max", 20e-3, "s, of the feature 0")}
//	}}
type Catalogue[T any] []Row[T]

// Row is one choice of a [Catalogue].
type Row[T any] struct {
	// Name is what files call it.
	Name string
	// Doc says in half a sentence what it is.
	Doc string
	// New reads its parameters, each of them in every call, and makes it. It does nothing else:
	// what takes time, and what can fail, comes later.
	New func(p *Params) T
}

// Table holds parameters by name, as a TOML library gives them: bool, int64 or int, float64,
// string, and lists.
type Table map[string]any

// Param describes a parameter of a row.
type Param struct {
	Name    string
	Default any    // bool, int, float64, string, []float64 or []string: its type
	Doc     string // unit and meaning
}

// KeyError signifies a parameter that is unknown, missing, of another type or out of range. It
// wraps ErrSettings.
type KeyError struct {
	Key, Expected, Found string
}

// Error names the key, what was expected and what was found.
func (e *KeyError) Error() string {
	if e == nil {
		return ErrSettings.Error()
	}
	return fmt.Sprintf("%v: %s: expected %s, found %s", ErrSettings, e.Key, e.Expected, e.Found)
}

// Unwrap returns ErrSettings.
func (e *KeyError) Unwrap() error { return ErrSettings }

// Names returns the names of the rows, in their order.
func (c Catalogue[T]) Names() []string {
	names := make([]string, len(c))
	for i, row := range c {
		names[i] = row.Name
	}
	return names
}

// Row returns the row of a name; ok is false where there is none.
func (c Catalogue[T]) Row(name string) (row Row[T], ok bool) {
	i := slices.IndexFunc(c, func(r Row[T]) bool { return r.Name == name })
	if i < 0 {
		return row, false
	}
	return c[i], true
}

// New makes what a name and parameters say. Parameters that are not in the table have their
// defaults. effective are all parameters that are not nothing (0, false, "", an empty list) by
// default and in fact.
//
// Errors are a *[KeyError]; that of a name has the Key "".
func (c Catalogue[T]) New(name string, t Table) (value T, effective Table, err error) {
	row, ok := c.Row(name)
	if !ok {
		return value, nil, &KeyError{"", "one of " + strings.Join(c.Names(), ", "), fmt.Sprintf("%q", name)}
	}
	if row.New == nil {
		return value, nil, &KeyError{"", "a row with a constructor", fmt.Sprintf("%q without one", name)}
	}
	p := &Params{table: t, effective: Table{}}
	value = row.New(p)
	var known []string
	for _, q := range p.list {
		known = append(known, q.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		if slices.Contains(known, key) {
			continue
		}
		e := &KeyError{key, fmt.Sprintf("%s has no keys of its own", name), "an unknown key"}
		if len(known) > 0 {
			e.Expected = fmt.Sprintf("one of %s, the keys of %s", strings.Join(known, ", "), name)
		}
		for _, other := range c {
			if slices.ContainsFunc(other.Params(), func(q Param) bool { return q.Name == key }) {
				e.Found = "a key of " + other.Name
				break
			}
		}
		return value, nil, e
	}
	if p.err != nil {
		return value, nil, p.err
	}
	return value, p.effective, nil
}

// Check returns what New does, but for the value.
func (c Catalogue[T]) Check(name string, t Table) (effective Table, err error) {
	_, effective, err = c.New(name, t)
	return effective, err
}

// Params returns the parameters of the row of a name, none where there is no such row.
func (c Catalogue[T]) Params(name string) []Param {
	row, _ := c.Row(name)
	return row.Params()
}

// Doc says in half a sentence what the row of a name is.
func (c Catalogue[T]) Doc(name string) string {
	row, _ := c.Row(name)
	return row.Doc
}

// Params returns the parameters of a row in the order in which it reads them.
func (r Row[T]) Params() []Param {
	if r.New == nil {
		return nil
	}
	p := &Params{effective: Table{}}
	r.New(p)
	return p.list
}

// Params gives a row its parameters, as package flag does for a command line: each call names one,
// and says what it is where the table has none. The first that is wrong is the error of
// [Catalogue.New].
type Params struct {
	table     Table
	list      []Param
	effective Table
	err       *KeyError
}

// read records a parameter and returns its value in the table.
func (p *Params) read(name string, byDefault any, doc string) (v any, given bool) {
	if p == nil {
		return nil, false
	}
	p.list = append(p.list, Param{name, byDefault, doc})
	v, given = p.table[name]
	return v, given
}

// fail records the first error.
func (p *Params) fail(key, expected string, found any) {
	if p != nil && p.err == nil {
		p.err = &KeyError{key, expected, describe(found)}
	}
}

// keep records what is in effect.
func keep[V any](p *Params, name string, v V, none bool) V {
	if !none && p != nil {
		if p.effective == nil {
			p.effective = Table{}
		}
		p.effective[name] = v
	}
	return v
}

// Effective are the parameters that have been read so far and are not nothing, by default or in
// fact.
func (p *Params) Effective() Table {
	if p == nil {
		return nil
	}
	return p.effective
}

// Given tells whether the table has a parameter.
func (p *Params) Given(name string) bool {
	if p == nil {
		return false
	}
	_, ok := p.table[name]
	return ok
}

// Want makes it an error that a parameter is not as expected, such as "> 0 s". A parameter that the
// table does not have is "nothing".
func (p *Params) Want(name string, ok bool, expected string) {
	if ok || p == nil {
		return
	}
	if v, given := p.table[name]; given {
		p.fail(name, expected, v)
	} else if p.err == nil {
		p.err = &KeyError{name, expected, "nothing"}
	}
}

// Float reads a finite number.
func (p *Params) Float(name string, byDefault float64, doc string) float64 {
	v, given := p.read(name, byDefault, doc)
	x := byDefault
	if given {
		var ok bool
		if x, ok = number(v); !ok {
			p.fail(name, "a finite number", v)
		}
	}
	return keep(p, name, x, x == 0 && byDefault == 0)
}

// Time reads a time constant in seconds, which may be +Inf: nothing decays.
func (p *Params) Time(name string, byDefault float64, doc string) float64 {
	if p != nil {
		if x, ok := p.table[name].(float64); ok && math.IsInf(x, 1) {
			p.read(name, byDefault, doc)
			return keep(p, name, x, false)
		}
	}
	return p.Float(name, byDefault, doc)
}

// largest bounds the numbers of [Params.Int]: samples, steps, channels. A set of so many samples
// takes gigabytes.
const largest = 10_000_000

// Int reads a whole number from 0 to 10,000,000.
func (p *Params) Int(name string, byDefault int, doc string) int {
	v, given := p.read(name, byDefault, doc)
	n := byDefault
	if given {
		x, ok := number(v)
		if _, isFloat := v.(float64); isFloat || !ok || x < 0 || x > largest {
			p.fail(name, fmt.Sprintf("a whole number from 0 to %d", largest), v)
			x = 0
		}
		n = int(x)
	}
	return keep(p, name, n, n == 0 && byDefault == 0)
}

// Bool reads true or false.
func (p *Params) Bool(name string, byDefault bool, doc string) bool {
	v, given := p.read(name, byDefault, doc)
	b := byDefault
	if given {
		var ok bool
		if b, ok = v.(bool); !ok {
			p.fail(name, "true or false", v)
		}
	}
	return keep(p, name, b, !b && !byDefault)
}

// String reads a text.
func (p *Params) String(name, byDefault, doc string) string {
	v, given := p.read(name, byDefault, doc)
	s := byDefault
	if given {
		var ok bool
		if s, ok = v.(string); !ok {
			p.fail(name, "a string", v)
		}
	}
	return keep(p, name, s, s == "" && byDefault == "")
}

// Choice reads one of some texts.
func (p *Params) Choice(name, byDefault, doc string, choices ...string) string {
	s := p.String(name, byDefault, doc+": "+strings.Join(choices, ", "))
	p.Want(name, s == byDefault || slices.Contains(choices, s), "one of "+strings.Join(choices, ", "))
	return s
}

// Floats reads a list of finite numbers.
func (p *Params) Floats(name string, byDefault []float64, doc string) []float64 {
	return list(p, name, byDefault, doc, "a list of numbers", number)
}

// Strings reads a list of texts.
func (p *Params) Strings(name string, byDefault []string, doc string) []string {
	return list(p, name, byDefault, doc, "a list of strings", func(v any) (string, bool) { s, ok := v.(string); return s, ok })
}

func list[E any](p *Params, name string, byDefault []E, doc, expected string, element func(any) (E, bool)) []E {
	v, given := p.read(name, byDefault, doc)
	out := byDefault
	if given {
		out = nil
		switch v := v.(type) {
		case []E:
			out = v
		case []any:
			for _, x := range v {
				e, ok := element(x)
				if !ok {
					p.fail(name, expected, v)
					break
				}
				out = append(out, e)
			}
		default:
			p.fail(name, expected, v)
		}
	}
	return keep(p, name, out, len(out) == 0 && len(byDefault) == 0)
}

func number(v any) (x float64, ok bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

// describe names a value in messages.
func describe(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("the string %q", v)
	case map[string]any, Table:
		return "a table"
	}
	return fmt.Sprint(v)
}
