package experiment

import (
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/schema"
	"github.com/surge-snn/surge/train/data"
)

// Read reads the experiment in the file at path, for a method as in [Parse].
func Read(path, method string) (*Experiment, error) {
	text, err := files.ReadText(path)
	if err != nil {
		return nil, &exit.BadInput{File: path, Expected: "an experiment in TOML", Err: err}
	}
	return Parse(path, text, method)
}

// Parse reads an experiment from a text, checks it and fills in what it leaves out. file names the
// text in errors, which are *exit.BadInput. A method that is not empty replaces train.method; what
// a file leaves out depends on it.
func Parse(file, text, method string) (*Experiment, error) {
	table, err := schema.Table(file, text)
	if err != nil {
		return nil, err
	}
	if method == "" {
		method = methodOf(table)
	}
	// A method that does not exist comes first: which keys have an effect depends on it.
	if m := one("train.method", method, Methods()...); !m.ok {
		return nil, m.bad(file)
	}
	e := defaults(method)
	e.file = file
	if model, _ := table["model"].(map[string]any); table["layer"] != nil && model["hidden"] == nil {
		e.Model.Hidden = nil // the list of layers is in its place
	}
	f := filling{&e}
	f.forget(table)
	f.forgetWeights(table)
	if err := schema.AssignWhere(file, table, &e, e.where); err != nil {
		return nil, err
	}
	e.Train.Method = method
	encode, _ := table["encode"].(map[string]any)
	e.assumed = encode["kind"] == nil && len(e.Encode.Keys) == 0
	if err := e.Check(); err != nil {
		return nil, err
	}
	always, perhaps := data.OfEvents(e.source())
	if always {
		f.assume(data.EventList)
	}
	e.assumed = e.assumed && perhaps
	f.fill()
	return &e, nil
}

// Text returns the experiment as TOML, with all that is in effect. Parse reads it back to an
// equal one. It is empty where there is none, or where a key has a value that TOML cannot say.
func (e *Experiment) Text() string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	enc := toml.NewEncoder(&b)
	enc.Indent = ""
	if err := enc.Encode(e.effective(reflect.ValueOf(e).Elem()).Interface()); err != nil {
		return ""
	}
	return b.String()
}

// effective returns a struct without the keys that the method at hand does not have.
func (e *Experiment) effective(section reflect.Value) reflect.Value {
	var fields []reflect.StructField
	var values []reflect.Value
	for f, v := range schema.Fields(section) {
		if !e.has(f) {
			continue
		}
		if v.Kind() == reflect.Struct {
			v = e.effective(v)
		}
		if list, ok := v.Interface().([]LayerSpec); ok {
			v = reflect.ValueOf(tables(list))
		}
		fields = append(fields, reflect.StructField{Name: f.Name, Type: v.Type(), Tag: f.Tag})
		values = append(values, v)
	}
	if s, ok := section.Addr().Interface().(chooser); ok {
		for _, c := range s.choices() {
			for _, p := range c.rows.Params(c.name) {
				if v := (*c.keys)[p.Name]; v != nil {
					name := "Key_" + p.Name
					fields = append(fields, reflect.StructField{Name: name, Type: reflect.TypeOf(v), Tag: reflect.StructTag(`toml:"` + p.Name + `"`)})
					values = append(values, reflect.ValueOf(v))
				}
			}
		}
	}
	s := reflect.New(reflect.StructOf(fields)).Elem()
	for i, v := range values {
		s.Field(i).Set(v)
	}
	return s
}

// tables returns the list of layers with all of their keys.
func tables(list []LayerSpec) []map[string]any {
	var all []map[string]any
	for _, l := range list {
		t := map[string]any{"kind": l.Kind}
		for k, v := range l.Keys {
			t[k] = v
		}
		all = append(all, t)
	}
	return all
}

// methodOf returns train.method of a table; what is no string is found by schema.Assign.
func methodOf(table map[string]any) string {
	if section, ok := table["train"].(map[string]any); ok {
		if name, ok := section["method"].(string); ok {
			return name
		}
	}
	return Surrogate
}
