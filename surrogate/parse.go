package surrogate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrParse signifies text that names no surrogate.
var ErrParse = errors.New("surrogate: cannot parse")

// catalogue has one row for each type of the package: its name in files, its
// parameters in the order of String, and how to make it from them. of gets as many
// values as there are parameters, zero for each one that the text leaves out.
var catalogue = []struct {
	name   string
	params []string
	of     func(p []float64) Surrogate
}{
	{"fast_sigmoid", []string{"sharpness"}, func(p []float64) Surrogate { return FastSigmoid{p[0]} }},
	{"atan", []string{"sharpness"}, func(p []float64) Surrogate { return ATan{p[0]} }},
	{"sigmoid", []string{"sharpness"}, func(p []float64) Surrogate { return Sigmoid{p[0]} }},
	{"gaussian", []string{"sharpness"}, func(p []float64) Surrogate { return Gaussian{p[0]} }},
	{"triangle", []string{"sharpness"}, func(p []float64) Surrogate { return Triangle{p[0]} }},
	{"boxcar", []string{"sharpness"}, func(p []float64) Surrogate { return Boxcar{p[0]} }},
	{"step_pwl", []string{"sharpness"}, func(p []float64) Surrogate { return StepPWL{p[0]} }},
}

// Names returns the names that Parse knows, in the order of the catalogue.
func Names() []string {
	names := make([]string, len(catalogue))
	for i, row := range catalogue {
		names[i] = row.name
	}
	return names
}

// Parse returns the surrogate that text names:
//
//	fast_sigmoid       with the default sharpness
//	fast_sigmoid(25)   with sharpness 25
//
// Spaces around names and numbers are ignored. For every s of the package's types
// that passes Check, Parse(s.String()) gives the same function and the same
// String. Errors wrap ErrParse, and ErrInvalid too where a number is out of range.
func Parse(text string) (Surrogate, error) {
	name, rest, hasArgs := strings.Cut(strings.TrimSpace(text), "(")
	name = strings.TrimSpace(name)
	for _, row := range catalogue {
		if row.name != name {
			continue
		}
		p := make([]float64, len(row.params))
		if hasArgs {
			list, closed := strings.CutSuffix(rest, ")")
			if !closed {
				return nil, fmt.Errorf("%w %q: no closing parenthesis", ErrParse, text)
			}
			args := strings.Split(list, ",")
			if len(args) > len(p) {
				return nil, fmt.Errorf("%w %q: found %d numbers, want %d (%s)",
					ErrParse, text, len(args), len(p), strings.Join(row.params, ", "))
			}
			for i, arg := range args {
				v, err := strconv.ParseFloat(strings.TrimSpace(arg), 64)
				if err != nil {
					return nil, fmt.Errorf("%w %q: %s: %w", ErrParse, text, row.params[i], err)
				}
				if v == 0 {
					return nil, fmt.Errorf("%w %q: %s is zero; leave it out for the default", ErrParse, text, row.params[i])
				}
				p[i] = v
			}
		}
		s := row.of(p)
		if err := Check(s); err != nil {
			return nil, fmt.Errorf("%w %q: %w", ErrParse, text, err)
		}
		return s, nil
	}
	return nil, fmt.Errorf("%w %q: unknown name %q, want one of %s",
		ErrParse, text, name, strings.Join(Names(), ", "))
}
