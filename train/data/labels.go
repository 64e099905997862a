package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// labels are the classes of the samples of one file, as the file writes them.
type labels struct {
	values []string // the different ones
	codes  []int32  // of each sample, an index of values
}

// numberLabels makes labels of whole numbers.
func numberLabels(n int, at func(i int) (int64, error)) (labels, error) {
	l := labels{codes: make([]int32, n)}
	index := map[int64]int32{}
	for i := range n {
		v, err := at(i)
		if err != nil {
			return l, err
		}
		code, ok := index[v]
		if !ok {
			if len(l.values) == maxClasses {
				return l, fmt.Errorf("%w: more than %d classes; a target of numbers is target = \"vector\"", ErrFormat, maxClasses)
			}
			code = int32(len(l.values))
			index[v] = code
			l.values = append(l.values, strconv.FormatInt(v, 10))
		}
		l.codes[i] = code
	}
	return l, nil
}

// maxClasses bounds the number of classes: more are a target of another kind.
const maxClasses = 1 << 16

// textLabels makes labels of texts.
func textLabels(p *files.Packed) labels {
	l := labels{codes: make([]int32, p.Len())}
	index := map[string]int32{}
	for i := range l.codes {
		v := p.Text(i)
		code, ok := index[v]
		if !ok {
			code = int32(len(l.values))
			index[v] = code
			l.values = append(l.values, v)
		}
		l.codes[i] = code
	}
	return l
}

// classes gives the labels of several files common numbers: whole numbers that begin with 0 are
// their own; others, and texts, are numbered in rising order. It changes the codes to these.
func classes(all ...*labels) (Target, error) {
	var values []string
	for _, l := range all {
		values = append(values, l.values...)
	}
	numbers := make([]int, 0, len(values))
	for _, v := range values {
		if n, err := strconv.Atoi(v); err == nil && strconv.Itoa(n) == v {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == len(values) {
		slices.Sort(numbers)
		numbers = slices.Compact(numbers)
		if numbers[0] == 0 && numbers[len(numbers)-1] < maxClasses {
			numbers = upTo(numbers[len(numbers)-1] + 1)
		}
		values = values[:0]
		for _, n := range numbers {
			values = append(values, strconv.Itoa(n))
		}
	} else {
		slices.Sort(values)
		values = slices.Compact(values)
	}
	if len(values) < 2 {
		return Target{}, fmt.Errorf("%w: expected at least two classes, found only %q", ErrFormat, values)
	}
	number := make(map[string]int32, len(values))
	for i, v := range values {
		number[v] = int32(i)
	}
	for _, l := range all {
		for i, code := range l.codes {
			l.codes[i] = number[l.values[code]]
		}
		l.values = values
	}
	return Target{Kind: ClassTarget, Size: len(values), Names: values}, nil
}

// as numbers the labels by these names of classes, of which they must be.
func (l *labels) as(names []string) error {
	number := make([]int32, len(l.values))
	for i, v := range l.values {
		k := slices.Index(names, v)
		if k < 0 {
			return fmt.Errorf("%w: expected labels among %s, found %s", ErrFormat, strings.Join(names, ", "), v)
		}
		number[i] = int32(k)
	}
	for i, code := range l.codes {
		l.codes[i] = number[code]
	}
	return nil
}
