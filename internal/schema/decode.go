// Package schema decodes TOML into a struct that says which keys there are, and of which kind: what
// a file has beyond it, or of another kind, is an error that names the file, the key, what was
// expected, what was found, and the nearest right key.
package schema

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Decode sets the fields of dst, a pointer to a struct, from a text. A field is named by its tag
// `toml:"name"`; a field without one is no key, and those of an embedded struct are like others.
// Fields are numbers, strings, booleans, pointers to them (nil where the file has no such key),
// structs, lists, maps, or any, which takes every value (float64, int64, string, bool, []any,
// map[string]any). Numbers are finite; a field with the tag `range:"inf"` may be +Inf, too.
//
// Keys that the text leaves out keep what dst has. Errors are *exit.BadInput with file in them.
func Decode(file, text string, dst any) error {
	table, err := Table(file, text)
	if err != nil {
		return err
	}
	return Assign(file, table, dst)
}

// Assign is Decode of a text that Table has read.
func Assign(file string, table map[string]any, dst any) error {
	return AssignWhere(file, table, dst, func(reflect.StructField) string { return "" })
}

// AssignWhere is Assign of those fields that have a meaning besides the others: where says what a
// field that has none would need, as "method is eventprop", and "" for all others. A table may have
// the value 0, false, "" or an empty list for a field without a meaning, which does nothing.
func AssignWhere(file string, table map[string]any, dst any, where func(reflect.StructField) string) error {
	root := reflect.ValueOf(dst).Elem()
	if bad := (decoder{root, where}).decode(root, table, ""); bad != nil {
		bad.File = file
		return bad
	}
	return nil
}

type decoder struct {
	root  reflect.Value
	where func(reflect.StructField) string
}

// Extended is a struct whose pointer takes keys beside those of its fields.
type Extended interface {
	// Extend takes a key, after all fields have been set; false means that there is no such key.
	Extend(key string, value any) bool
	// Extra are the names of such keys, for messages.
	Extra() []string
}

// Table reads a text as TOML, without a schema. Errors are *exit.BadInput with the file and the
// line; what is nested deeper than any file of surge, or longer than
// [files.MaxText], is one.
func Table(file, text string) (map[string]any, error) {
	if len(text) > files.MaxText {
		return nil, &exit.BadInput{File: file, Expected: fmt.Sprintf("at most %d bytes of TOML; arrays belong in a file of their own, as .npz", files.MaxText), Found: fmt.Sprint(len(text))}
	}
	if err := shallow(file, text); err != nil {
		return nil, err
	}
	var table map[string]any
	if _, err := toml.Decode(text, &table); err != nil {
		bad := &exit.BadInput{File: file, Expected: "TOML", Err: err}
		if p := (toml.ParseError{}); errors.As(err, &p) && p.Message != "" {
			bad = &exit.BadInput{File: file, Member: fmt.Sprintf("line %d", p.Position.Line), Err: errors.New(p.Message)}
		}
		return nil, bad
	}
	return table, nil
}

// Fields are the fields of a struct. Those of an embedded struct are among them, with its tags
// beside their own.
func Fields(s reflect.Value) iter.Seq2[reflect.StructField, reflect.Value] {
	return func(yield func(reflect.StructField, reflect.Value) bool) {
		for i := range s.NumField() {
			f := s.Type().Field(i)
			if !f.Anonymous {
				if !yield(f, s.Field(i)) {
					return
				}
				continue
			}
			for inner, v := range Fields(s.Field(i)) {
				inner.Tag += " " + f.Tag
				if !yield(inner, v) {
					return
				}
			}
		}
	}
}

func keys(t reflect.Type, prefix string) (names []string) {
	for f := range Fields(reflect.New(t).Elem()) {
		if key := keyOf(f); key != "" {
			names = append(names, prefix+key)
		}
	}
	return names
}

// keyOf returns the key of a field: its tag without the options of an encoder.
func keyOf(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
	return key
}

// decode sets a struct from a table, which is at the path of the file.
func (d decoder) decode(dst reflect.Value, table map[string]any, path string) *exit.BadInput {
	prefix := path
	if path != "" {
		prefix += "."
	}
	fields, idle, endless := map[string]reflect.Value{}, map[string]string{}, map[string]bool{}
	var known []string
	for f, v := range Fields(dst) {
		if key := keyOf(f); key != "" {
			if idle[key] = d.where(f); idle[key] == "" {
				fields[key], endless[key] = v, f.Tag.Get("range") == "inf"
				known = append(known, prefix+key)
			}
		}
	}
	more, extended := dst.Addr().Interface().(Extended)
	unknown := func(key string) *exit.BadInput {
		if extended {
			for _, name := range more.Extra() {
				known = append(known, prefix+name)
			}
		}
		near := d.elsewhere(key)
		if near == "" {
			near = exit.Nearest(prefix+key, known)
		}
		return &exit.BadInput{Member: prefix + key, Expected: "one of " + strings.Join(known, ", "), Found: "an unknown key", Nearest: near}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if _, ok := fields[key]; !ok && !extended && idle[key] == "" {
			return unknown(key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		f, ok := fields[key]
		if x, number := table[key].(float64); ok && endless[key] && number && math.IsInf(x, 1) {
			f.SetFloat(x)
		} else if ok {
			if bad := d.set(f, table[key], prefix+key); bad != nil {
				return bad
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		_, ok := fields[key]
		switch {
		case ok:
		case idle[key] != "" && !(extended && slices.Contains(more.Extra(), key)):
			if !nothing(table[key]) {
				return &exit.BadInput{Member: prefix + key, Expected: "nothing: it has an effect only where " + idle[key], Found: Describe(table[key])}
			}
		case !more.Extend(key, table[key]):
			return unknown(key)
		}
	}
	return nil
}

// elsewhere returns where the file may have a key: beside the sections, or in the first section
// with a key of that name.
func (d decoder) elsewhere(key string) string {
	for f, v := range Fields(d.root) {
		name := keyOf(f)
		if name == key && d.where(f) == "" {
			return key
		}
		if name == "" || v.Kind() != reflect.Struct {
			continue
		}
		for f := range Fields(v) {
			if keyOf(f) == key && d.where(f) == "" {
				return name + "." + key
			}
		}
		if more, ok := v.Addr().Interface().(Extended); ok && slices.Contains(more.Extra(), key) {
			return name + "." + key
		}
	}
	return ""
}

// nothing tells whether a value is what a key has that is left out.
func nothing(value any) bool {
	if list, ok := elements(value); ok {
		return len(list) == 0
	}
	if table, ok := value.(map[string]any); ok {
		return len(table) == 0
	}
	return reflect.ValueOf(value).IsZero()
}

// set sets one field, at the path of the file.
func (d decoder) set(f reflect.Value, value any, path string) *exit.BadInput {
	bad := func(expected string) *exit.BadInput {
		return &exit.BadInput{Member: path, Expected: expected, Found: Describe(value)}
	}
	switch f.Kind() {
	case reflect.Pointer:
		v := reflect.New(f.Type().Elem())
		if bad := d.set(v.Elem(), value, path); bad != nil {
			return bad
		}
		f.Set(v)
	case reflect.Interface:
		f.Set(reflect.ValueOf(value))
	case reflect.Struct:
		table, ok := value.(map[string]any)
		if !ok {
			return bad("a table of " + strings.Join(keys(f.Type(), ""), ", "))
		}
		return d.decode(f, table, path)
	case reflect.Map:
		table, ok := value.(map[string]any)
		if !ok {
			return bad("a table, {name = value}")
		}
		m := reflect.MakeMap(f.Type())
		for _, key := range slices.Sorted(maps.Keys(table)) {
			v := reflect.New(f.Type().Elem()).Elem()
			if bad := d.set(v, table[key], path+"."+key); bad != nil {
				return bad
			}
			m.SetMapIndex(reflect.ValueOf(key), v)
		}
		f.Set(m)
	case reflect.Slice:
		list, ok := elements(value)
		if !ok {
			return bad("a list")
		}
		s := reflect.MakeSlice(f.Type(), len(list), len(list))
		for i, v := range list {
			if bad := d.set(s.Index(i), v, fmt.Sprintf("%s[%d]", path, i)); bad != nil {
				return bad
			}
		}
		f.Set(s)
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
		if !ok {
			return bad("a whole number")
		}
		if n > math.MaxInt32 || n < math.MinInt32 {
			return bad("a whole number below 2^31")
		}
		f.SetInt(n)
	case reflect.Uint64:
		n, ok := value.(int64)
		if !ok || n < 0 {
			return bad("a whole number >= 0")
		}
		f.SetUint(uint64(n))
	case reflect.Float64:
		x, ok := Number(value)
		if !ok {
			return bad("a number")
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return bad("a finite number")
		}
		f.SetFloat(x)
	default:
		panic("schema: field of kind " + f.Kind().String())
	}
	return nil
}

// elements returns the elements of a list; one of tables has a type of its own.
func elements(value any) ([]any, bool) {
	switch list := value.(type) {
	case []any:
		return list, true
	case []map[string]any:
		var all []any
		for _, v := range list {
			all = append(all, v)
		}
		return all, true
	}
	return nil, false
}

// Number returns a TOML number, whole or not.
func Number(value any) (float64, bool) {
	switch x := value.(type) {
	case float64:
		return x, true
	case int64:
		return float64(x), true
	}
	return 0, false
}

// Numbers returns a TOML number, or a list of them.
func Numbers(value any) (out []float64, ok bool) {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	for _, v := range list {
		x, ok := Number(v)
		if !ok {
			return nil, false
		}
		out = append(out, x)
	}
	return out, true
}

// Describe names a TOML value in messages.
func Describe(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("the string %.60q", v)
	case map[string]any:
		return "a table of " + strings.Join(slices.Sorted(maps.Keys(v)), ", ")
	}
	text := fmt.Sprint(value)
	if short := fmt.Sprintf("%.60s", text); short != text {
		text = short + "..."
	}
	if _, ok := elements(value); ok {
		return "the list " + text
	}
	return text
}
