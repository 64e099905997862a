package cases

import (
	"encoding/json"
	"slices"
	"strings"
)

// Fields reads the parameters and inputs of a case and remembers the first thing that is wrong.
// After that every method returns the zero value, so that a model asks for all it needs and looks
// at [Fields.Err] once, before it computes.
//
// A parameter or input that is absent or null is an error in the methods without a default.
type Fields struct {
	at     source // names the parameters in errors
	params map[string]json.RawMessage
	c      *Case
	err    *error // shared with the Fields of nested objects
}

// Fields returns access to c. The same case may be read any number of times, also concurrently.
func (c *Case) Fields() *Fields {
	if c == nil {
		return &Fields{}
	}
	return &Fields{at: source{file: c.File, path: "params"}, params: c.Params, c: c, err: new(error)}
}

// Err returns the first error of all calls so far, an [exit.BadInput], or nil.
func (f *Fields) Err() error {
	if !f.ready() {
		return errNoCase
	}
	return *f.err
}

// ready tells whether these are Fields of a case.
func (f *Fields) ready() bool { return f != nil && f.err != nil && f.c != nil }

// Fail reports that parameter name is not what a model expected, where that depends on more than
// the value itself. An earlier error stays.
func (f *Fields) Fail(name, expected string) {
	if !f.ready() {
		return
	}
	f.fail(f.at.at(name, nil).bad(expected, describe(f.params[name])))
}

// FailInput is [Fields.Fail] for an input; found says what is wrong with it.
func (f *Fields) FailInput(name, expected, found string) {
	if !f.ready() {
		return
	}
	f.fail(f.c.bad("inputs."+name, expected, found))
}

func (f *Fields) fail(err error) {
	if f.ready() && *f.err == nil {
		*f.err = err
	}
}

// Has tells whether the parameter is there and is not null.
func (f *Fields) Has(name string) bool {
	if !f.ready() {
		return false
	}
	text, ok := f.params[name]
	return ok && !isNull(text)
}

// HasInput tells whether the input is there and is not null.
func (f *Fields) HasInput(name string) bool { return f.ready() && f.c.Inputs[name] != nil }

// param returns the text of a parameter that must be there.
func (f *Fields) param(name, expected string) (s source, ok bool) {
	if f.Err() != nil {
		return s, false
	}
	s = f.at.at(name, f.params[name])
	if !f.Has(name) {
		f.fail(s.bad(expected, describe(s.text)))
		return s, false
	}
	return s, true
}

// Float returns a parameter that is a number.
func (f *Fields) Float(name string, check Check) float64 {
	s, ok := f.param(name, check.expected())
	if !ok {
		return 0
	}
	x, ok := parseNumber(trim(s.text))
	if !ok || !check.ok(x) {
		f.fail(s.bad(check.expected(), describe(s.text)))
		return 0
	}
	return x
}

// FloatOr is [Fields.Float] with a value for a parameter that is absent or null.
func (f *Fields) FloatOr(name string, absent float64, check Check) float64 {
	if !f.Has(name) {
		return absent
	}
	return f.Float(name, check)
}

// whole restricts check to whole numbers that float64 and int both hold.
func whole(check Check) Check {
	return Check{"a whole number: " + check.expected(), func(x float64) bool {
		return x >= -1<<53 && x <= 1<<53 && x == float64(int64(x)) && int64(x) == int64(int(x)) && check.ok(x)
	}}
}

// Int returns a parameter that is a whole number; it may be written as 3 or 3.0.
func (f *Fields) Int(name string, check Check) int { return int(f.Float(name, whole(check))) }

// IntOr is [Fields.Int] with a value for a parameter that is absent or null.
func (f *Fields) IntOr(name string, absent int, check Check) int {
	if !f.Has(name) {
		return absent
	}
	return f.Int(name, check)
}

// BoolOr returns a parameter that is true or false, or absent where it is not there or null.
func (f *Fields) BoolOr(name string, absent bool) bool {
	if !f.Has(name) {
		return absent
	}
	s, ok := f.param(name, "true or false")
	if !ok {
		return false
	}
	switch string(trim(s.text)) {
	case "true":
		return true
	case "false":
	default:
		f.fail(s.bad("true or false", describe(s.text)))
	}
	return false
}

// ChoiceOr returns a parameter that is one of the given strings, or absent where it is not there or
// null.
func (f *Fields) ChoiceOr(name, absent string, choices ...string) string {
	if !f.Has(name) {
		return absent
	}
	expected := "one of " + strings.Join(choices, ", ")
	s, ok := f.param(name, expected)
	if !ok {
		return ""
	}
	var choice string
	if json.Unmarshal(s.text, &choice) != nil || !slices.Contains(choices, choice) {
		f.fail(s.bad(expected, describe(s.text)))
		return ""
	}
	return choice
}

// Ints returns a parameter that is a list of whole numbers.
func (f *Fields) Ints(name string, check Check) []int {
	s, ok := f.param(name, "a list of whole numbers")
	if !ok {
		return nil
	}
	check = whole(check)
	list := []int{}
	err := elements(s, check.expected(), func(i int, text []byte) error {
		x, ok := parseNumber(text)
		if !ok || !check.ok(x) {
			return element(s, i).bad(check.expected(), describe(text))
		}
		list = append(list, int(x))
		return nil
	})
	if err != nil {
		f.fail(err)
		return nil
	}
	return list
}

// Strings returns a parameter that is a list of strings.
func (f *Fields) Strings(name string) []string {
	s, ok := f.param(name, "a list of strings")
	if !ok {
		return nil
	}
	list := []string{}
	err := elements(s, "a string", func(i int, text []byte) error {
		var word *string
		if json.Unmarshal(text, &word) != nil || word == nil {
			return element(s, i).bad("a string", describe(text))
		}
		list = append(list, *word)
		return nil
	})
	if err != nil {
		f.fail(err)
		return nil
	}
	return list
}

// Object returns access to the members of a parameter that is an object; known are the names that
// it may have. Its errors are those of f.
func (f *Fields) Object(name string, known ...string) *Fields {
	if !f.ready() {
		return &Fields{}
	}
	inner := &Fields{at: f.at.at(name, nil), params: map[string]json.RawMessage{}, c: f.c, err: f.err}
	s, ok := f.param(name, "an object")
	if !ok {
		return inner
	}
	parts, err := members(s)
	if err != nil {
		f.fail(err)
		return inner
	}
	for _, m := range parts {
		if !slices.Contains(known, m.name) {
			f.fail(inner.at.at(shorten(m.name), nil).bad("one of "+strings.Join(known, " "), "an unknown name"))
		}
		inner.params[m.name] = m.text
	}
	return inner
}

// Tensor returns an input that has one of the given shapes (any shape, where none is given) and
// whose elements all satisfy check. The tensor shares its memory with the case and is not to be
// written to.
//
//	tau := f.Tensor("tau", cases.Positive, cases.Shape{}, cases.Shape{n}) // for all, or one each
//	x := f.Tensor("input", cases.Finite, cases.Shape{cases.Extent, steps, n})
func (f *Fields) Tensor(name string, check Check, shapes ...Shape) Tensor {
	if f.Err() != nil {
		return Tensor{}
	}
	words := make([]string, len(shapes))
	for i, shape := range shapes {
		words[i] = shape.String()
	}
	expected := "a tensor"
	if len(words) > 0 {
		expected = "shape " + strings.Join(words, " or ")
	}
	t := f.c.Inputs[name]
	if t == nil {
		found := "nothing"
		if _, null := f.c.Inputs[name]; null {
			found = "null"
		}
		f.FailInput(name, expected, found)
		return Tensor{}
	}
	if len(shapes) > 0 && !slices.ContainsFunc(shapes, func(s Shape) bool { return s.fits(t.Shape) }) {
		f.FailInput(name, expected, "shape "+Shape(t.Shape).String())
		return Tensor{}
	}
	for i, x := range t.Data {
		if !check.ok(x) {
			f.fail(element(source{file: f.c.File, path: "inputs." + name + ".data"}, i).bad(check.expected(), foundNumber(x)))
			return Tensor{}
		}
	}
	return *t
}
