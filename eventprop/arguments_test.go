package eventprop

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// functions are the exported functions of the package; methods are found by reflection.
var functions = map[string]any{
	"AdjointTransitionInput": AdjointTransitionInput, "AdjointTransitionWithRecurrence": AdjointTransitionWithRecurrence,
	"AdjointTransitionWithoutRecurrence": AdjointTransitionWithoutRecurrence, "NewDense": NewDense, "NewFlow": NewFlow,
	"NewSparse": NewSparse, "NextSpike": NextSpike, "SortSpikes": SortSpikes, "TTFS": TTFS, "TTFSDouble": TTFSDouble,
	"TTFSEqual": TTFSEqual, "TTFSGradient": TTFSGradient, "TransitionInput": TransitionInput,
	"TransitionWithRecurrence": TransitionWithRecurrence, "TransitionWithoutRecurrence": TransitionWithoutRecurrence,
}

// receivers are a value of each exported type that has methods.
var receivers = []any{
	At{}, &Batch{}, CrossEntropy{}, &Cotangent{}, Factors{}, First{}, Flow{}, &Gradients{}, Integral{}, &Layer{}, Linear{}, Max{},
	MSE{}, Normal{}, &Pass{}, &Report{}, Serial{}, Silence{Weight: 1}, Existence{Weight: 1, Margin: 1}, &Synapses{}, &Tape{}, TargetTimes{},
}

// TestArguments: no function and no method panics, whatever it is given: nil, zero values, negative
// and huge numbers, NaN.
func TestArguments(t *testing.T) {
	for name, f := range functions {
		try(t, name, reflect.ValueOf(f))
	}
	seen := map[string]bool{}
	for _, r := range receivers {
		v := reflect.ValueOf(r)
		for _, v := range append(values(v.Type()), v) {
			if v.Kind() == reflect.Pointer && v.IsNil() {
				continue // a call on nothing
			}
			for k := range v.NumMethod() {
				name := v.Type().Method(k).Name
				seen[v.Type().String()] = true
				try(t, fmt.Sprintf("%v.%s", v.Type(), name), v.Method(k))
			}
		}
	}
	// the lists are complete
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			if f.Recv == nil {
				if functions[f.Name.Name] == nil {
					t.Errorf("%s is not in the list", f.Name.Name)
				}
				continue
			}
			name := ""
			ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					name = id.Name
				}
				return true
			})
			if ast.IsExported(name) && !seen["eventprop."+name] && !seen["*eventprop."+name] {
				t.Errorf("the methods of %s are not tried", name)
			}
		}
	}
}

// try calls f with 300 combinations of arguments, or with all.
func try(t *testing.T, name string, f reflect.Value) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var args []reflect.Value
		for k := range f.Type().NumIn() {
			of := values(f.Type().In(k))
			args = append(args, of[r.IntN(len(of))])
		}
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("%s(%s): %v", name, show(args), p)
				}
			}()
			f.Call(args)
		}()
		if t.Failed() && len(args) == 0 {
			return
		}
	}
}

func show(args []reflect.Value) string {
	var s []string
	for _, a := range args {
		s = append(s, fmt.Sprintf("%v", a))
	}
	return strings.Join(s, ", ")
}

// values are arguments of a type.
func values(t reflect.Type) []reflect.Value {
	all := []reflect.Value{reflect.Zero(t)}
	add := func(x ...any) {
		for _, x := range x {
			all = append(all, reflect.ValueOf(x).Convert(t))
		}
	}
	switch t.Kind() {
	case reflect.Float64:
		add(-1.0, 1.0, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, 1e-300)
	case reflect.Int:
		add(-1, 1, 3, math.MaxInt)
	case reflect.Pointer:
		all = append(all, reflect.New(t.Elem()))
	case reflect.Slice:
		all = append(all, reflect.MakeSlice(t, 1, 1), reflect.MakeSlice(t, 3, 3))
	case reflect.Interface:
		for _, r := range receivers {
			if v := reflect.ValueOf(r); v.Type().Implements(t) {
				all = append(all, v)
			}
		}
	}
	switch t {
	case reflect.TypeFor[*Layer]():
		add(&Layer{In: NewDense(1, 1)}, &Layer{In: Synapses{Pre: -1}}, &Layer{In: Synapses{Post: 3}}, &Layer{In: NewDense(1, 1), Rec: &Synapses{}})
	case reflect.TypeFor[*Tape]():
		tape := &Tape{}
		if err := tape.Forward(&Layer{In: dense(1, 2, 9, 0)}, []Spike{{}}, 1); err != nil {
			panic(err)
		}
		add(tape)
	}
	return all
}
