// Package hostile calls functions with arguments that no caller means: nil, zero values, NaN,
// infinities and negative numbers. It is for tests that no panic crosses an API.
package hostile

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Pool holds values by their type, beside those that every type has.
type Pool map[reflect.Type][]reflect.Value

// Of makes a pool of values. Each is drawn where an argument, a field or a receiver has its type,
// or is an interface that it implements.
func Of(values ...any) Pool {
	p := Pool{}
	for _, v := range values {
		x := reflect.ValueOf(v)
		p[x.Type()] = append(p[x.Type()], x)
	}
	return p
}

var (
	floats = []float64{0, 1, -1, 0.5, 1e-3, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e-300}
	ints   = []int64{0, 1, 2, 3, -1, -5}
	texts  = []string{"", "x", "w", "\xff", "(", "adam", "1e999"}
)

// depth bounds values that hold values of their own kind.
const depth = 4

// Draw draws a value of a type.
func (p Pool) Draw(t *rapid.T, typ reflect.Type, level int) reflect.Value {
	zero := reflect.Zero(typ)
	var own []reflect.Value
	if typ.Kind() == reflect.Interface {
		for have, values := range p {
			if have.Implements(typ) {
				own = append(own, values...)
			}
		}
	} else {
		own = p[typ]
	}
	pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
	if k := pick(len(own) + 2); k < len(own) {
		return own[k]
	}
	if level > depth {
		return zero
	}
	v := reflect.New(typ).Elem()
	switch typ.Kind() {
	case reflect.Bool:
		v.SetBool(pick(2) == 1)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(ints[pick(len(ints))])
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(pick(4)))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(floats[pick(len(floats))])
	case reflect.String:
		v.SetString(texts[pick(len(texts))])
	case reflect.Slice:
		if n := pick(5); n > 0 {
			v.Set(reflect.MakeSlice(typ, n-1, n-1))
			for i := range n - 1 {
				v.Index(i).Set(p.Draw(t, typ.Elem(), level+1))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).Set(p.Draw(t, typ.Elem(), level+1))
		}
	case reflect.Map:
		if n := pick(3); n > 0 {
			v.Set(reflect.MakeMap(typ))
			for range n - 1 {
				v.SetMapIndex(p.Draw(t, typ.Key(), level+1), p.Draw(t, typ.Elem(), level+1))
			}
		}
	case reflect.Pointer:
		if pick(3) > 0 && typ.Elem().Kind() != reflect.Interface {
			x := reflect.New(typ.Elem())
			x.Elem().Set(p.Draw(t, typ.Elem(), level+1))
			v.Set(x)
		}
	case reflect.Struct:
		for i := range typ.NumField() {
			if typ.Field(i).IsExported() && pick(2) == 1 {
				v.Field(i).Set(p.Draw(t, typ.Field(i).Type, level+1))
			}
		}
	}
	return v
}

// Functions calls every function, and every method of every type, with drawn arguments, and fails
// where one panics. functions are by name; types are values of the types.
func Functions(t *testing.T, p Pool, functions map[string]any, types ...any) {
	for name, f := range functions {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { p.call(t, reflect.ValueOf(f)) })
		})
	}
	for _, v := range types {
		typ := reflect.TypeOf(v)
		if typ.Kind() != reflect.Pointer {
			typ = reflect.PointerTo(typ)
		}
		for i := range typ.NumMethod() {
			m := typ.Method(i)
			t.Run(fmt.Sprintf("%v.%s", typ.Elem(), m.Name), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					receiver := p.Draw(t, typ, 0)
					if receiver.IsNil() {
						if _, ofValue := typ.Elem().MethodByName(m.Name); ofValue {
							return // Go itself panics where a nil pointer stands for a value
						}
					}
					p.call(t, receiver.MethodByName(m.Name))
				})
			})
		}
	}
}

func (p Pool) call(t *rapid.T, f reflect.Value) {
	typ := f.Type()
	args := make([]reflect.Value, 0, typ.NumIn())
	for i := range typ.NumIn() {
		in := typ.In(i)
		if typ.IsVariadic() && i == typ.NumIn()-1 {
			for range rapid.IntRange(0, 2).Draw(t, "variadic") {
				args = append(args, p.Draw(t, in.Elem(), 1))
			}
			continue
		}
		args = append(args, p.Draw(t, in, 0))
	}
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	f.Call(args)
}

// Complete fails where an exported function of the package in a folder is not among the
// functions.
func Complete(t *testing.T, dir string, functions map[string]any) {
	t.Helper()
	names, err := exported(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if functions[name] == nil {
			t.Errorf("%s is not called", name)
		}
	}
}

// exported returns the names of the exported functions of the package in a folder, methods left
// out.
func exported(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.IsExported() {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names, nil
}
