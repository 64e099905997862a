package experiment

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/schema"
	"github.com/surge-snn/surge/train/data"
)

// Read reads the experiment in the file at path, for a method as in [Parse].
func Read(path, method string) (*Experiment, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &exit.BadInput{File: path, Expected: "an experiment in TOML", Err: unwrapPath(err)}
	}
	return Parse(path, string(b), method)
}

// unwrapPath leaves out the path, which the message has already.
func unwrapPath(err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Parse reads an experiment from a text, checks it and fills in what it leaves out. file names
// the text in errors, which are *exit.BadInput. A method that is not empty replaces train.method; what a file leaves out
// depends on it.
func Parse(file, text, method string) (*Experiment, error) {
	table, err := schema.Table(file, text)
	if err != nil {
		return nil, err
	}
	if method == "" {
		method = methodOf(table)
	}
	e := defaults(method)
	e.file = file
	if model, _ := table["model"].(map[string]any); table["layer"] != nil && model["hidden"] == nil {
		e.Model.Hidden = nil // the list of layers is in its place
	}
	if err := assign(reflect.ValueOf(&e).Elem(), table, ""); err != nil {
		err.File = file
		return nil, err
	}
	e.Train.Method = method
	if err := e.Check(); err != nil {
		return nil, err
	}
	e.fill()
	return &e, nil
}

// Text returns the experiment as TOML, with all that is in effect. Parse reads it back to an
// equal one.
func (e *Experiment) Text() string {
	var b strings.Builder
	enc := toml.NewEncoder(&b)
	enc.Indent = ""
	if err := enc.Encode(e.effective(reflect.ValueOf(e).Elem()).Interface()); err != nil {
		panic(err) // cannot be: the fields are numbers, strings and lists of them
	}
	return b.String()
}

// effective returns a struct without the keys that the method at hand does not have.
func (e *Experiment) effective(section reflect.Value) reflect.Value {
	var fields []reflect.StructField
	var values []reflect.Value
	for i := range section.NumField() {
		f, v := section.Type().Field(i), section.Field(i)
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
	if k, ok := section.Addr().Interface().(keyed); ok {
		table := *k.keys()
		for _, p := range k.params() {
			if v, ok := table[p.Name]; ok {
				name := "Key_" + p.Name
				fields = append(fields, reflect.StructField{Name: name, Type: reflect.TypeOf(v), Tag: reflect.StructTag(`toml:"` + p.Name + `"`)})
				values = append(values, reflect.ValueOf(v))
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

// methodOf returns train.method of a table; what is no string is found by assign, and a name that does not exist
// by Check.
func methodOf(table map[string]any) string {
	if section, ok := table["train"].(map[string]any); ok {
		if name, ok := section["method"].(string); ok {
			return name
		}
	}
	return Surrogate
}

// assign sets the fields of a struct from a table; prefix is the table's own name.
func assign(dst reflect.Value, table map[string]any, prefix string) *exit.BadInput {
	fields := map[string]reflect.Value{}
	var known []string
	for i := range dst.NumField() {
		f := dst.Type().Field(i)
		if key, _, _ := strings.Cut(f.Tag.Get("toml"), ","); key != "" {
			fields[key] = dst.Field(i)
			known = append(known, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		f, ok := fields[key]
		if k, extra := dst.Addr().Interface().(keyed); !ok && extra {
			if *k.keys() == nil {
				*k.keys() = data.Table{}
			}
			(*k.keys())[key] = table[key]
			continue
		}
		if !ok {
			return &exit.BadInput{Member: prefix + key, Expected: "one of " + strings.Join(known, ", "), Found: "an unknown key"}
		}
		if expected := set(f, table[key], prefix+key); expected != nil {
			return expected
		}
	}
	return nil
}

// set sets one field.
func set(f reflect.Value, value any, key string) *exit.BadInput {
	bad := func(expected string) *exit.BadInput {
		return &exit.BadInput{Member: key, Expected: expected, Found: describe(value)}
	}
	switch f.Kind() {
	case reflect.Struct:
		table, ok := value.(map[string]any)
		if !ok {
			return bad("a table, [" + key + "]")
		}
		return assign(f, table, key+".")
	case reflect.String:
		s, ok := value.(string)
		if !ok {
			return bad("a string")
		}
		f.SetString(s)
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			return bad("true or false")
		}
		f.SetBool(b)
	case reflect.Int:
		n, ok := value.(int64)
		if !ok || n < 0 || n > math.MaxInt32 {
			return bad("a whole number from 0 to 2147483647")
		}
		f.SetInt(n)
	case reflect.Uint64:
		n, ok := value.(int64)
		if !ok || n < 0 {
			return bad("a whole number >= 0")
		}
		f.SetUint(uint64(n))
	case reflect.Float64:
		x, ok := value.(float64)
		if n, whole := value.(int64); whole {
			x, ok = float64(n), true
		}
		if !ok || math.IsNaN(x) || math.IsInf(x, 0) {
			return bad("a finite number")
		}
		f.SetFloat(x)
	case reflect.Slice:
		list, ok := value.([]any)
		if tables, isTables := value.([]map[string]any); isTables {
			ok = true
			for _, t := range tables {
				list = append(list, t)
			}
		}
		if !ok {
			return bad("a list")
		}
		s := reflect.MakeSlice(f.Type(), len(list), len(list))
		for i, v := range list {
			if err := set(s.Index(i), v, fmt.Sprintf("%s[%d]", key, i)); err != nil {
				return err
			}
		}
		f.Set(s)
	case reflect.Map:
		table, ok := value.(map[string]any)
		if !ok {
			return bad("a table, [" + key + "]")
		}
		m := reflect.MakeMap(f.Type())
		for _, name := range slices.Sorted(maps.Keys(table)) {
			v := reflect.New(f.Type().Elem()).Elem()
			if err := set(v, table[name], key+"."+name); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(name), v)
		}
		f.Set(m)
	default:
		panic("experiment: field of kind " + f.Kind().String())
	}
	return nil
}

// describe names a TOML value in messages.
func describe(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("the string %q", v)
	case map[string]any:
		return "a table"
	case []any, []map[string]any:
		return "a list"
	}
	return fmt.Sprint(value)
}
