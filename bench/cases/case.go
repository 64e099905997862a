package cases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
)

// Case is one simulation: which model, with which parameters, on which inputs.
// [Case.Fields] gives checked access to Params and Inputs.
type Case struct {
	File   string                     // where it was read from; names the case in errors and results
	Model  string                     // name of the model
	Params map[string]json.RawMessage // valid JSON each
	Inputs map[string]*Tensor         // nil where the file has null
	Others map[string]json.RawMessage // the other members of the file: answers and notes
}

// errNoCase is the error of a case that is nil, and of Fields that are none of a case.
var errNoCase = &exit.BadInput{Expected: "a case of Read or Parse", Found: "none"}

// Read reads the case file at path. Its errors are [exit.BadInput].
func Read(path string) (*Case, error) {
	text, err := files.ReadJSON(path)
	if err != nil {
		return nil, &exit.BadInput{File: path, Err: err}
	}
	return Parse(path, text)
}

// Parse takes the text of a case file apart; file names it in errors. See the package documentation
// for what is an error and for the memory it takes. The case keeps parts of text, which is not to
// be changed afterwards.
func Parse(file string, text []byte) (*Case, error) {
	whole, err := document(file, text)
	if err != nil {
		return nil, err
	}
	parts, err := members(whole)
	if err != nil {
		return nil, err
	}
	c := &Case{File: file, Params: map[string]json.RawMessage{}, Inputs: map[string]*Tensor{}, Others: map[string]json.RawMessage{}}
	for _, m := range parts {
		s := whole.at(m.name, m.text)
		switch m.name {
		case "model":
			c.Model, err = parseModel(s)
		case "params":
			err = c.parseParams(s)
		case "inputs":
			err = c.parseInputs(s)
		default:
			c.Others[m.name] = m.text
		}
		if err != nil {
			return nil, err
		}
	}
	for _, m := range parts[:min(len(parts), 100)] { // notes have any name, but that of a group that is not there is a mistake
		near := exit.Nearest(m.name, []string{"model", "params", "inputs", "outputs", "grads"})
		if (near == "params" || near == "inputs") && !slices.ContainsFunc(parts, func(m member) bool { return m.name == near }) && !slices.Contains([]string{"outputs", "grads"}, m.name) {
			return nil, &exit.BadInput{File: file, Member: shorten(m.name), Expected: "one of model params inputs outputs grads", Found: "an unknown name", Nearest: near}
		}
	}
	if c.Model == "" {
		return nil, whole.at("model", nil).bad("the name of a model", "nothing")
	}
	return c, nil
}

func parseModel(s source) (string, error) {
	var name *string
	if err := json.Unmarshal(s.text, &name); err != nil || name == nil || *name == "" {
		return "", s.bad("the name of a model", describe(s.text))
	}
	return *name, nil
}

func (c *Case) parseParams(s source) error {
	if isNull(s.text) {
		return nil
	}
	parts, err := members(s)
	if err != nil {
		return err
	}
	for _, m := range parts {
		c.Params[m.name] = m.text
	}
	return nil
}

func (c *Case) parseInputs(s source) error {
	if isNull(s.text) {
		return nil
	}
	parts, err := members(s)
	if err != nil {
		return err
	}
	for _, m := range parts {
		if isNull(m.text) {
			c.Inputs[m.name] = nil
			continue
		}
		t, err := parseTensor(s.at(m.name, m.text))
		if err != nil {
			return err
		}
		c.Inputs[m.name] = &t
	}
	return nil
}

// Known reports the first name (in the order of the alphabet) among the parameters, and then among
// the inputs, that is not among the given ones, as [exit.BadInput].
func (c *Case) Known(params, inputs []string) error {
	if c == nil {
		return errNoCase
	}
	for _, group := range []struct {
		member     string
		have, know []string
	}{
		{"params", slices.Sorted(maps.Keys(c.Params)), params},
		{"inputs", slices.Sorted(maps.Keys(c.Inputs)), inputs},
	} {
		for _, name := range group.have {
			if slices.Contains(group.know, name) {
				continue
			}
			expected := "no names"
			if len(group.know) > 0 {
				expected = "one of " + strings.Join(group.know, " ")
			}
			return &exit.BadInput{File: c.File, Member: group.member + "." + shorten(name), Expected: expected, Found: "an unknown name", Nearest: exit.Nearest(name, group.know)}
		}
	}
	return nil
}

// Member decodes the member name of the file (other than model, params and inputs) into v, as
// [json.Unmarshal] does. A member that is absent, or of another type, is an [exit.BadInput] that
// says what was expected.
func (c *Case) Member(name, expected string, v any) error {
	if c == nil {
		return errNoCase
	}
	text, ok := c.Others[name]
	if !ok {
		return c.bad(name, expected, "nothing")
	}
	if err := json.Unmarshal(text, v); err != nil {
		return c.bad(name, expected, describe(text))
	}
	return nil
}

// SetParam sets a parameter to a bool, int, string, float64, []int, []string, []float64 or nil;
// every other type, and a number that the format does not hold (NaN), is an error and leaves c as
// it was.
func (c *Case) SetParam(name string, value any) error {
	if c == nil {
		return errNoCase
	}
	text, err := appendParam(nil, source{file: c.File, path: "params." + name}, value)
	if err != nil {
		return err
	}
	if c.Params == nil {
		c.Params = map[string]json.RawMessage{}
	}
	c.Params[name] = text
	return nil
}

func appendParam(b []byte, s source, value any) ([]byte, error) {
	switch v := value.(type) {
	case float64:
		b, ok := appendNumber(b, v)
		if !ok {
			return nil, s.bad("a number", unwritable(v))
		}
		return b, nil
	case []float64:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			var ok bool
			if b, ok = appendNumber(b, x); !ok {
				return nil, element(s, i).bad("a number", unwritable(x))
			}
		}
		return append(b, ']'), nil
	case nil, bool, int, string, []int, []string:
		text, err := json.Marshal(v)
		return append(b, text...), err
	}
	return nil, s.bad("a bool, int, string, float64, a list of one of the last three, or nil", fmt.Sprintf("%T", value))
}

// Write writes c as a case file that [Parse] reads back as the same case (but for its File): model,
// params, inputs, and the other members, each group in the order of the alphabet. A NaN, or a shape
// that does not fit its data, is an [exit.BadInput] and nothing is written.
func (c *Case) Write(w io.Writer) error {
	if c == nil {
		return errNoCase
	}
	if err := given.Need("w", w); err != nil {
		return fmt.Errorf("cases: %w", err)
	}
	b := appendString([]byte(`{"model":`), c.Model)
	b = append(b, `,"params":{`...)
	b, err := c.appendRaw(b, "params.", c.Params)
	if err != nil {
		return err
	}
	b = append(b, `},"inputs":{`...)
	for i, name := range slices.Sorted(maps.Keys(c.Inputs)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		if c.Inputs[name] == nil {
			b = append(b, "null"...)
			continue
		}
		if b, err = appendTensor(b, source{file: c.File, path: "inputs." + name}, *c.Inputs[name]); err != nil {
			return err
		}
	}
	b = append(b, '}')
	if len(c.Others) > 0 {
		b = append(b, ',')
		if b, err = c.appendRaw(b, "", c.Others); err != nil {
			return err
		}
	}
	_, err = w.Write(append(b, "}\n"...))
	return err
}

// appendRaw appends members whose values are JSON already.
func (c *Case) appendRaw(b []byte, prefix string, values map[string]json.RawMessage) ([]byte, error) {
	buffer := bytes.NewBuffer(b)
	for i, name := range slices.Sorted(maps.Keys(values)) {
		if i > 0 {
			buffer.WriteByte(',')
		}
		buffer.Write(append(appendString(nil, name), ':'))
		if err := json.Compact(buffer, values[name]); err != nil {
			return nil, c.bad(prefix+name, "JSON", err.Error())
		}
	}
	return buffer.Bytes(), nil
}

// bad is an error in member of c.
func (c *Case) bad(member, expected, found string) error {
	return source{file: c.File, path: member}.bad(expected, found)
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	var buffer bytes.Buffer
	enc := json.NewEncoder(&buffer)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return append(b, bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))...)
}
