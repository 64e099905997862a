package models_test

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models"
)

// line is an equation: tokens of the right side, whose value is that of the name on the left.
type line struct {
	name   string
	tokens []string
}

var token = regexp.MustCompile(`\d+|[\pL_][\pL\d_⁻']*(?:\[(?:t|t-1|-1)\])?|[-+·/(),²]`)

// written returns the step that the equations of a neuron say, as they stand on the page of the
// catalogue: a product needs no sign, several equations of a line stand two spaces or more apart,
// and what stands in parentheses for itself is a remark.
func written(t *testing.T, l models.PeerNeuron, wRec float64) scalar {
	t.Helper()
	var start, step []line
	for text := range strings.SplitSeq(l.Equations, "\n") {
		var of []line
		for part := range strings.SplitSeq(text, "  ") {
			if part = strings.Trim(part, " ,"); part == "" || part[0] == '(' {
				continue
			}
			left, right, ok := strings.Cut(part, " = ")
			if !ok {
				t.Fatalf("%q is no equation", part)
			}
			if len(strings.Join(token.FindAllString(right, -1), "")) != len(strings.ReplaceAll(right, " ", "")) {
				t.Fatalf("%q cannot be read", right)
			}
			of = append(of, line{left, token.FindAllString(right, -1)})
		}
		slices.Reverse(of) // what an equation uses stands behind it
		if strings.Contains(text, "[-1] =") {
			start = append(start, of...)
		} else {
			step = append(step, of...)
		}
	}
	// Memory is what the next step reads.
	var memory []string
	vmem, fires := "", false
	for _, l := range step {
		for _, read := range l.tokens {
			if name, before := strings.CutSuffix(read, "[t-1]"); before && !slices.Contains(memory, name) {
				memory = append(memory, name)
			}
		}
		switch l.name {
		case "v[t]", "V[t]", "mem[t]", "vmem[t]", "v_mem[t]":
			vmem = l.name
		case "s[t]":
			fires = true
		}
	}
	if vmem == "" || !fires {
		t.Fatalf("no voltage or no spikes in %q", l.Equations)
	}
	first := make([]float64, len(memory))
	first[0] = math.NaN() // before the first step
	return scalar{first, func(x float64, p, s []float64) (float64, float64) {
		at := map[string]float64{"x[t]": x, "w_rec": wRec}
		for i, param := range l.Params {
			at[param.Name] = p[i]
		}
		began := s[0] == s[0]
		for i, name := range memory {
			at[name+"[t-1]"] = 0
			if began {
				at[name+"[t-1]"] = s[i]
			}
		}
		for _, l := range start {
			if name := strings.Replace(l.name, "[-1]", "[t-1]", 1); !began {
				at[name] = (&reader{t, l.tokens, at}).sum()
			}
		}
		for _, l := range step {
			r := &reader{t, l.tokens, at}
			if at[l.name] = r.sum(); len(r.tokens) > 0 {
				t.Fatalf("%s ends at %q", l.name, r.tokens)
			}
		}
		for i, name := range memory {
			s[i] = at[name+"[t]"]
		}
		return at["s[t]"], at[vmem]
	}}
}

// reader evaluates tokens.
type reader struct {
	t      *testing.T
	tokens []string
	at     map[string]float64
}

func (r *reader) next() (token string) {
	if len(r.tokens) > 0 {
		token, r.tokens = r.tokens[0], r.tokens[1:]
	}
	return token
}

func (r *reader) is(signs ...string) bool {
	return len(r.tokens) > 0 && slices.Contains(signs, r.tokens[0])
}

func (r *reader) sum() float64 {
	v := r.product()
	for r.is("+", "-") {
		if r.next() == "+" {
			v += r.product()
		} else {
			v -= r.product()
		}
	}
	return v
}

func (r *reader) product() float64 {
	if r.is("-") {
		r.next()
		return -r.product()
	}
	v := r.factor()
	for len(r.tokens) > 0 && !r.is("+", "-", ")", ",") {
		switch {
		case r.is("/"):
			r.next()
			v /= r.factor()
		case r.is("·"):
			r.next()
			v *= r.factor()
		case r.is("²"):
			r.t.Fatalf("square of a product at %q", r.tokens)
		default:
			v *= r.factor()
		}
	}
	return v
}

var functions = map[string]func(a []float64) float64{
	"H": func(a []float64) float64 { return above(a[0]) }, "Θ": func(a []float64) float64 { return 1 - above(-a[0]) },
	"exp": func(a []float64) float64 { return math.Exp(a[0]) }, "floor": func(a []float64) float64 { return math.Floor(a[0]) },
	"min": slices.Min[[]float64], "max": slices.Max[[]float64],
}

func (r *reader) factor() (v float64) {
	name := r.next()
	switch f := functions[name]; {
	case name == "(":
		r.tokens = append([]string{name}, r.tokens...)
		v = r.arguments()[0]
	case f != nil:
		v = f(r.arguments())
	default:
		var known bool
		var err error
		if v, known = r.at[name]; !known {
			v, err = strconv.ParseFloat(name, 64)
		}
		if err != nil {
			r.t.Fatalf("%q has no value", name)
		}
	}
	if r.is("²") {
		r.next()
		v *= v
	}
	return v
}

// arguments are sums in parentheses.
func (r *reader) arguments() (all []float64) {
	for sign := r.next(); sign == "(" || sign == ","; sign = r.next() {
		all = append(all, r.sum())
	}
	if len(all) == 0 {
		r.t.Fatalf("no parentheses at %q", r.tokens)
	}
	return all
}
