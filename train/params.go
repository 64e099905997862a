package train

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/files"
)

// paramsFormat is the kind of a file of parameters alone.
var paramsFormat = files.Format{Name: "surge-params", Version: 1}

// SaveParams writes parameters, with names, dtypes and shapes, into a file, atomically. Equal
// parameters give equal bytes.
func SaveParams(path string, p *graph.Params) error {
	a := &files.Archive{Format: paramsFormat}
	if err := putParams(a, "", p); err != nil {
		return err
	}
	return files.Write(path, a)
}

// ReadParams reads what [SaveParams] wrote. To use them in a network, build it with parameters
// of its own and overwrite these, which finds missing names and other shapes:
//
//	saved, err := train.ReadParams("best.params")
//	...
//	err = net.Params().CopyFrom(saved)
//
// A file that is damaged or of another kind is an error, as is a value that is not finite
// (graph.ErrNotFinite).
func ReadParams(path string) (*graph.Params, error) {
	a, err := files.Read(path, paramsFormat)
	if err != nil {
		return nil, err
	}
	p, err := getParams(a, "")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// putParams adds the parameters to an archive, under their names behind a prefix.
func putParams(a *files.Archive, prefix string, p *graph.Params) error {
	for _, name := range p.Names() {
		v := p.Value(name)
		var err error
		if v.Dtype() == tensor.Float32 {
			err = files.Put(a, prefix+name, v.Float32s(), v.Shape()...)
		} else {
			err = files.Put(a, prefix+name, v.Float64s(), v.Shape()...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// getParams reads the parameters whose names begin with prefix.
func getParams(a *files.Archive, prefix string) (*graph.Params, error) {
	p := graph.NewParams(0)
	for _, name := range a.Names() {
		if len(name) <= len(prefix) || name[:len(prefix)] != prefix {
			continue
		}
		dtype, shape, err := a.Describe(name)
		if err != nil {
			return nil, err
		}
		var data any
		switch dtype {
		case "float32":
			data, err = files.Get[float32](a, name, shape...)
		case "float64":
			data, err = files.Get[float64](a, name, shape...)
		default:
			return nil, fmt.Errorf("%w: parameter %q: expected float32 or float64, found %s", files.ErrArray, name, dtype)
		}
		if err != nil {
			return nil, err
		}
		size := 1
		for _, n := range shape {
			size *= n
		}
		if len(shape) == 0 || size == 0 {
			return nil, fmt.Errorf("%w: parameter %q: expected at least one element and one axis, found shape %v",
				files.ErrArray, name, shape)
		}
		if err := p.Set(name[len(prefix):], tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))); err != nil {
			return nil, err
		}
	}
	return p, nil
}
