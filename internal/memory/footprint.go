package memory

import (
	"cmp"
	"reflect"
	"slices"
)

// Footprint returns how many bytes of memory can be reached from the values, by pointers, slices,
// strings, maps and interfaces. Memory that several of them share is counted once. Not counted are
// what functions have closed over, global variables, and the overhead of maps and of the allocator.
//
// Cost: some 20 ns for each pointer on the way; arrays of numbers are not read.
func Footprint(values ...any) int64 {
	w := walker{seen: map[visit]bool{}, plain: map[reflect.Type]bool{}}
	for _, v := range values {
		w.walk(reflect.ValueOf(v))
	}
	slices.SortFunc(w.spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	total, end := w.more, uintptr(0)
	for _, s := range w.spans {
		if s.to > end {
			total += int64(s.to - max(s.from, end))
			end = s.to
		}
	}
	return total
}

// span is a piece of memory.
type span struct{ from, to uintptr }

// visit is something that has been walked: a slice and an array at one place are two.
type visit struct {
	at  uintptr
	len int
	of  reflect.Type
}

type walker struct {
	spans []span
	more  int64 // bytes of maps, whose place is not known
	seen  map[visit]bool
	plain map[reflect.Type]bool // whether a type has no pointers
}

// first notes memory and says whether it has not been walked yet.
func (w *walker) first(at uintptr, size uintptr, n int, of reflect.Type) bool {
	v := visit{at, n, of}
	if at == 0 || w.seen[v] {
		return false
	}
	w.seen[v] = true
	w.spans = append(w.spans, span{at, at + size})
	return true
}

func (w *walker) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && w.first(v.Pointer(), v.Type().Elem().Size(), 1, v.Type()) && !w.isPlain(v.Type().Elem()) {
			w.walk(v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() {
			w.walk(v.Elem())
		}
	case reflect.String:
		w.more += int64(v.Len())
	case reflect.Slice:
		elem := v.Type().Elem()
		if w.first(v.Pointer(), uintptr(v.Cap())*elem.Size(), v.Len(), v.Type()) && !w.isPlain(elem) {
			for i := range v.Len() {
				w.walk(v.Index(i))
			}
		}
	case reflect.Array:
		if !w.isPlain(v.Type().Elem()) {
			for i := range v.Len() {
				w.walk(v.Index(i))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); !w.isPlain(f.Type()) {
				w.walk(f)
			}
		}
	case reflect.Map:
		if v.IsNil() || !w.first(v.Pointer(), 0, 0, nil) {
			return
		}
		w.more += int64(v.Len()) * int64(v.Type().Key().Size()+v.Type().Elem().Size())
		for it := v.MapRange(); it.Next(); {
			w.walk(it.Key())
			w.walk(it.Value())
		}
	}
}

// isPlain says whether values of a type hold no pointers that are followed.
func (w *walker) isPlain(t reflect.Type) bool {
	plain, known := w.plain[t]
	if known {
		return plain
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.String, reflect.Slice, reflect.Map:
	case reflect.Array:
		plain = w.isPlain(t.Elem())
	case reflect.Struct:
		plain = true
		for i := range t.NumField() {
			plain = plain && w.isPlain(t.Field(i).Type)
		}
	default:
		plain = true
	}
	w.plain[t] = plain
	return plain
}
