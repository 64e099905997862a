package data

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// arrange puts the features of a table into the order of those that were learned, where both have
// names: a column is known by its name, and not by its place.
func (r *recorded) arrange(learned *recorded) error {
	if learned == nil || r == nil || unnamed(learned.features) || unnamed(r.features) {
		return nil
	}
	var order []*files.Column
	left := slices.Clone(r.features)
	for _, want := range learned.features {
		i := slices.IndexFunc(left, func(c *files.Column) bool { return c.Name == want.Name })
		if i < 0 {
			return fmt.Errorf("%s: %w: expected a column %q, as in %s; found %s", r.path, ErrFormat, want.Name, learned.path, columnNames(r.features))
		}
		order, left = append(order, left[i]), slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		return fmt.Errorf("%s: %w: expected the columns %s alone, as in %s; found %s, too", r.path, ErrFormat, columnNames(order), learned.path, columnNames(left))
	}
	copy(r.features, order)
	return nil
}

// unnamed tells whether a table had no row of names: it has numbers for them.
func unnamed(list []*files.Column) bool {
	return !slices.ContainsFunc(list, func(c *files.Column) bool { _, err := strconv.Atoi(c.Name); return err != nil })
}

func columnNames(list []*files.Column) string {
	var names []string
	for _, c := range list {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

// origin returns the file that a part is taken from, or nil.
func origin(part Dataset) *recorded {
	for {
		switch d := part.(type) {
		case scaled:
			part = d.Dataset
		case *view:
			part = d.Dataset
		case *recorded:
			return d
		default:
			return nil
		}
	}
}
