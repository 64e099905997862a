package cases

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/surge-snn/surge/internal/given"
)

// Result is what a model computes from a case.
type Result struct {
	// Outputs are the records and losses by name.
	Outputs map[string]Tensor
	// Grads are the gradients by loss and variable:
	//
	//	Grads[loss][x] = d loss / d x, in the shape of x
	//
	// A model with one loss only names it ""; its variables are then written without the level of
	// the loss.
	Grads map[string]map[string]Tensor
}

// NoLoss is the name of the loss of a model that has one loss only, see [Result].
const NoLoss = ""

// Write writes r as one line of JSON; comparisons, where they are not nil, are those of
// [Case.Check]:
//
//	{"case": file, "model": model, "outputs": {name: tensor},
//	 "grads": {loss: {variable: tensor}}, "check": [...]}
//
// with the names of each object in the order of the alphabet. A NaN is an [exit.BadInput] that
// names the place, and nothing is written.
func (r *Result) Write(w io.Writer, c *Case, comparisons []Comparison) error {
	if c == nil {
		return errNoCase
	}
	if err := given.Need("a result", r, "w", w); err != nil {
		return fmt.Errorf("cases: %w", err)
	}
	b := appendString([]byte(`{"case":`), c.File)
	b = appendString(append(b, `,"model":`...), c.Model)
	b = append(b, `,"outputs":`...)
	b, err := appendTensors(b, source{file: c.File, path: "outputs"}, r.Outputs)
	if err != nil {
		return err
	}
	b = append(b, `,"grads":`...)
	grads := source{file: c.File, path: "grads"}
	if flat, ok := r.Grads[NoLoss]; ok {
		if len(r.Grads) > 1 {
			return grads.bad("one loss without a name, or losses with names", "both")
		}
		b, err = appendTensors(b, grads, flat)
	} else {
		b = append(b, '{')
		for i, loss := range slices.Sorted(maps.Keys(r.Grads)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, loss), ':')
			if b, err = appendTensors(b, grads.at(loss, nil), r.Grads[loss]); err != nil {
				return err
			}
		}
		b = append(b, '}')
	}
	if err != nil {
		return err
	}
	if comparisons != nil {
		b = appendComparisons(append(b, `,"check":`...), comparisons)
	}
	_, err = w.Write(append(b, "}\n"...))
	return err
}

// appendTensors appends an object of tensors.
func appendTensors(b []byte, s source, tensors map[string]Tensor) ([]byte, error) {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(tensors)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, name), ':')
		var err error
		if b, err = appendTensor(b, s.at(name, nil), tensors[name]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}
