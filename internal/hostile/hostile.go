// Package hostile calls functions with arguments that no caller means: nil, zero values, NaN,
// infinities and negative numbers. It is for tests that no panic crosses an API.
package hostile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime/debug"
	"testing"

	"pgregory.net/rapid"
)

// API is what a package exports, as a test calls it.
type API struct {
	// Functions by name. One that needs surroundings (a folder, a bound of its work) stands here
	// as a function that gives them. "Type.Method" stands for a method that needs some.
	Functions map[string]any
	// Types holds a value of every type with methods, which are called of nil pointers too.
	Types []any
	// Pool holds meant arguments.
	Pool Pool
	// Skip says of a "Function", a "Type" or a "Type.Method" why it is not called.
	Skip map[string]string
	// Inside runs calls with an argument of a type where it lives, such as a builder in a model
	// function: it may run the call several times, which draws the same each time, gives it further
	// values, and gets its results.
	Inside map[reflect.Type]func(call func(values ...any) []reflect.Value)
}

// Pool holds values that are drawn where an argument, a field or a receiver has their type, or is
// an interface that they implement.
type Pool []reflect.Value

// Of makes a pool of values.
func Of(values ...any) Pool {
	var p Pool
	for _, v := range values {
		p = append(p, reflect.ValueOf(v))
	}
	return p
}

func (p Pool) of(typ reflect.Type) (own []reflect.Value) {
	for _, v := range p {
		if v.Type() == typ || typ.Kind() == reflect.Interface && v.Type().Implements(typ) {
			own = append(own, v)
		}
	}
	return own
}

var (
	floats = []float64{0, 1, -1, 0.5, 1e-3, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e-300}
	ints   = []int64{0, 1, 2, 3, -1, -5}
	texts  = []string{"", "x", "w", "\xff", "(", "adam", "1e999"}
)

// depth bounds values that hold values of their own kind.
const depth = 4

// draw draws a value of a type; pick(n) picks a number below n.
func (p Pool) draw(pick func(n int) int, typ reflect.Type, level int) reflect.Value {
	zero := reflect.Zero(typ)
	own := p.of(typ)
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
		v.SetUint([]uint64{0, 1, 2, 3, 250}[pick(5)])
	case reflect.Float32, reflect.Float64:
		v.SetFloat(floats[pick(len(floats))])
	case reflect.String:
		v.SetString(texts[pick(len(texts))])
	case reflect.Slice:
		if n := pick(5); n > 0 {
			v.Set(reflect.MakeSlice(typ, n-1, n-1))
			for i := range n - 1 {
				v.Index(i).Set(p.draw(pick, typ.Elem(), level+1))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).Set(p.draw(pick, typ.Elem(), level+1))
		}
	case reflect.Map:
		if n := pick(3); n > 0 {
			v.Set(reflect.MakeMap(typ))
			for range n - 1 {
				v.SetMapIndex(p.draw(pick, typ.Key(), level+1), p.draw(pick, typ.Elem(), level+1))
			}
		}
	case reflect.Pointer:
		if len(own) > 0 && opaque(typ.Elem()) {
			break // such as a rand.Rand without a source: what others export is not tested here
		}
		if pick(3) > 0 && typ.Elem().Kind() != reflect.Interface {
			x := reflect.New(typ.Elem())
			x.Elem().Set(p.draw(pick, typ.Elem(), level+1))
			v.Set(x)
		}
	case reflect.Func:
		if pick(2) == 1 {
			results := make([]reflect.Value, typ.NumOut())
			for i := range results {
				results[i] = p.draw(pick, typ.Out(i), level+1)
			}
			v.Set(reflect.MakeFunc(typ, func([]reflect.Value) []reflect.Value { return results }))
		}
	case reflect.Struct:
		for i := range typ.NumField() {
			if typ.Field(i).IsExported() && pick(2) == 1 {
				v.Field(i).Set(p.draw(pick, typ.Field(i).Type, level+1))
			}
		}
	}
	return v
}

// opaque tells whether a type has no fields that a caller can set.
func opaque(typ reflect.Type) bool {
	if typ.Kind() != reflect.Struct {
		return false
	}
	for i := range typ.NumField() {
		if typ.Field(i).IsExported() {
			return false
		}
	}
	return true
}

// Test calls every function, and every method of every type, and fails where one panics, or where
// the package under test exports one that is neither called nor skipped.
func (a API) Test(t *testing.T) {
	t.Helper()
	a.complete(t)
	for name, f := range a.Functions {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				a.call(t, reflect.TypeOf(f), func(Pool, func(int) int) (reflect.Value, bool) { return reflect.ValueOf(f), true })
			})
		})
	}
	for _, v := range a.Types {
		typ := pointerTo(reflect.TypeOf(v))
		for i := range typ.NumMethod() {
			m := typ.Method(i)
			name := nameOf(typ) + "." + m.Name
			if a.Functions[name] != nil || a.Skip[name] != "" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					a.call(t, m.Type, func(p Pool, pick func(int) int) (reflect.Value, bool) {
						receiver := p.receiver(pick, typ)
						if receiver.IsNil() {
							if _, ofValue := typ.Elem().MethodByName(m.Name); ofValue {
								return receiver, false // Go itself panics where a nil pointer stands for a value
							}
						}
						return receiver.MethodByName(m.Name), true
					})
				})
			})
		}
	}
}

// receiver draws a pointer to a value, of the pool too.
func (p Pool) receiver(pick func(int) int, typ reflect.Type) reflect.Value {
	if own := p.of(typ.Elem()); len(own) > 0 && pick(2) == 1 {
		x := reflect.New(typ.Elem())
		x.Elem().Set(own[pick(len(own))])
		return x
	}
	return p.draw(pick, typ, 0)
}

func pointerTo(typ reflect.Type) reflect.Type {
	if typ.Kind() == reflect.Pointer {
		return typ
	}
	return reflect.PointerTo(typ)
}

// call makes one call of what find returns, a function or a method of the type.
func (a API) call(t *rapid.T, typ reflect.Type, find func(Pool, func(int) int) (reflect.Value, bool)) {
	defer func() {
		if r := recover(); r != nil {
			if fmt.Sprintf("%T", r) == "rapid.stopTest" || fmt.Sprintf("%T", r) == "rapid.invalidData" {
				panic(r)
			}
			t.Fatalf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	for i := range typ.NumIn() {
		inside := a.Inside[typ.In(i)]
		if inside == nil {
			continue
		}
		seed := rapid.Uint64().Draw(t, "seed")
		inside(func(values ...any) []reflect.Value {
			r := rand.New(rand.NewPCG(seed, 0))
			return call(append(Of(values...), a.Pool...), r.IntN, find)
		})
		return
	}
	call(a.Pool, func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }, find)
}

func call(p Pool, pick func(int) int, find func(Pool, func(int) int) (reflect.Value, bool)) []reflect.Value {
	f, ok := find(p, pick)
	if !ok {
		return nil
	}
	typ := f.Type()
	args := make([]reflect.Value, 0, typ.NumIn())
	for i := range typ.NumIn() {
		in := typ.In(i)
		if typ.IsVariadic() && i == typ.NumIn()-1 {
			for range pick(3) {
				args = append(args, p.draw(pick, in.Elem(), 1))
			}
			continue
		}
		args = append(args, p.draw(pick, in, 0))
	}
	return f.Call(args)
}
