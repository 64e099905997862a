package surrogate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrParse signifies text that names no surrogate.
var ErrParse = errors.New("surrogate: cannot parse")

// Names returns the names that Parse knows, in the order of the catalogue.
func Names() []string { return namesOf(catalogue) }

func namesOf(rows []Row) []string {
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row.Name
	}
	return names
}

// Parse returns the surrogate that text names:
//
//	fast_sigmoid       with the default sharpness
//	fast_sigmoid(25)   with sharpness 25
//	snntorch/atan(2)   the rule of another library, see [Compat]
//
// Spaces around names and numbers are ignored. For every s of the package's types
// that passes Check, Parse(s.String()) gives the same function and the same
// String. Errors wrap ErrParse, and ErrInvalid too where a number is out of range: a row of the
// catalogue whose methods contradict each other is read, and is an error of the layers.
func Parse(text string) (Surrogate, error) {
	name, rest, hasArgs := strings.Cut(strings.TrimSpace(text), "(")
	name = strings.TrimSpace(name)
	rows := catalogue
	if strings.Contains(name, "/") {
		rows = peers
	}
	for _, row := range rows {
		if row.Name != name {
			continue
		}
		p := make([]float64, len(row.Params))
		if hasArgs {
			list, closed := strings.CutSuffix(rest, ")")
			if !closed {
				return nil, fmt.Errorf("%w %q: no closing parenthesis", ErrParse, text)
			}
			args := strings.Split(list, ",")
			if len(args) > len(p) {
				return nil, fmt.Errorf("%w %q: found %d numbers, want %d (%s)",
					ErrParse, text, len(args), len(p), row.paramNames())
			}
			for i, arg := range args {
				v, err := strconv.ParseFloat(strings.TrimSpace(arg), 64)
				if err != nil {
					return nil, fmt.Errorf("%w %q: %s: %w", ErrParse, text, row.Params[i].Name, err)
				}
				if v == 0 && row.Params[i].Default != 0 {
					return nil, fmt.Errorf("%w %q: %s is zero; leave it out for the default", ErrParse, text, row.Params[i].Name)
				}
				p[i] = v
			}
		}
		s := row.of(p)
		if err := inRange(s); err != nil {
			return nil, fmt.Errorf("%w %q: %w", ErrParse, text, err)
		}
		return s, nil
	}
	return nil, fmt.Errorf("%w %q: unknown name %q, want one of %s",
		ErrParse, text, name, strings.Join(namesOf(rows), ", "))
}

func (r Row) paramNames() string {
	names := make([]string, len(r.Params))
	for i, p := range r.Params {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}
