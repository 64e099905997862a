package equation

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parser reads one expression into a program:
//
//	sum     = product { ("+" | "-") product }
//	product = factor { ("*" | "/") factor }
//	factor  = "-" factor | atom [ "^" number ]
//	atom    = number | name | function "(" sum ")" | "(" sum ")"
type parser struct {
	text  string
	at    int
	depth int
	p     *program
	name  func(name string) (index int, err error)
}

// deepest is the most parentheses and signs within each other.
const deepest = 200

// parse adds an expression to p and makes it an output. name returns the variable of a name.
func (p *program) parse(text string, name func(string) (int, error)) error {
	r := parser{text: text, p: p, name: name}
	k, err := r.sum()
	if err != nil {
		return err
	}
	if r.peek() != 0 {
		return r.fail("unexpected %q", r.text[r.at:])
	}
	p.out = append(p.out, k)
	return nil
}

func (r *parser) fail(format string, args ...any) error {
	return fmt.Errorf("%w: %q, column %d: %w", ErrEquation, r.text, r.at+1, fmt.Errorf(format, args...))
}

// peek returns the next character that is no space, 0 at the end.
func (r *parser) peek() byte {
	for r.at < len(r.text) && (r.text[r.at] == ' ' || r.text[r.at] == '\t') {
		r.at++
	}
	if r.at == len(r.text) {
		return 0
	}
	return r.text[r.at]
}

func (r *parser) emit(c instruction) int32 {
	r.p.code = append(r.p.code, c)
	return int32(len(r.p.code) - 1)
}

func (r *parser) sum() (int32, error) {
	return r.chain(r.product, map[byte]op{'+': add, '-': sub})
}

func (r *parser) product() (int32, error) {
	return r.chain(r.factor, map[byte]op{'*': mul, '/': div})
}

// chain reads operands of next with operators between them, from the left.
func (r *parser) chain(next func() (int32, error), operators map[byte]op) (int32, error) {
	a, err := next()
	for err == nil {
		o, ok := operators[r.peek()]
		if !ok {
			return a, nil
		}
		r.at++
		var b int32
		if b, err = next(); err == nil {
			a = r.emit(instruction{op: o, a: a, b: b})
		}
	}
	return 0, err
}

func (r *parser) factor() (int32, error) {
	if r.depth++; r.depth > deepest {
		return 0, r.fail("more than %d levels", deepest)
	}
	defer func() { r.depth-- }()
	if r.peek() == '-' {
		r.at++
		a, err := r.factor()
		if err != nil {
			return 0, err
		}
		return r.emit(instruction{op: neg, a: a}), nil
	}
	a, err := r.atom()
	if err != nil || r.peek() != '^' {
		return a, err
	}
	r.at++
	sign := 1.0
	if r.peek() == '-' {
		r.at++
		sign = -1
	}
	if c := r.peek(); (c < '0' || c > '9') && c != '.' {
		return 0, r.fail("want a number as the power; x^y of any y is exp(y*log(x))")
	}
	x, err := r.number()
	if err != nil {
		return 0, err
	}
	if sign*x == 2 {
		return r.emit(instruction{op: mul, a: a, b: a}), nil
	}
	return r.emit(instruction{op: pow, a: a, x: sign * x}), nil
}

func (r *parser) atom() (int32, error) {
	c := r.peek()
	switch {
	case c == '(':
		r.at++
		return r.closed()
	case c >= '0' && c <= '9' || c == '.':
		x, err := r.number()
		return r.emit(instruction{op: constant, x: x}), err
	case c == '*' && r.at > 0 && r.text[r.at-1] == '*':
		return 0, r.fail("want a number, a name or a parenthesis; a power is V^2")
	case !letter(c):
		return 0, r.fail("want a number, a name or a parenthesis")
	}
	start := r.at
	name := r.word()
	if o, ok := functions[name]; ok {
		if r.peek() != '(' {
			return 0, r.fail("want ( after %s", name)
		}
		r.at++
		a, err := r.closed()
		return r.emit(instruction{op: o, a: a}), err
	}
	if r.peek() == '(' {
		r.at = start
		return 0, r.fail("%q is no function, want exp, log, sqrt, sin, cos or tanh, which have all derivatives", name)
	}
	k, err := r.name(name)
	if err != nil {
		r.at = start
		return 0, r.fail("%q %w", name, err)
	}
	return r.emit(instruction{op: variable, a: int32(k)}), nil
}

// closed reads a sum and a closing parenthesis.
func (r *parser) closed() (int32, error) {
	a, err := r.sum()
	if err == nil && r.peek() != ')' {
		err = r.fail("want ) or one of + - * / ^")
	}
	r.at++
	return a, err
}

func (r *parser) number() (float64, error) {
	r.peek()
	start := r.at
	for r.at < len(r.text) && strings.IndexByte("0123456789.", r.text[r.at]) >= 0 {
		r.at++
	}
	if r.at > start && r.at < len(r.text) && (r.text[r.at] == 'e' || r.text[r.at] == 'E') {
		r.at++
		if r.at < len(r.text) && (r.text[r.at] == '-' || r.text[r.at] == '+') {
			r.at++
		}
		for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
			r.at++
		}
	}
	x, err := strconv.ParseFloat(r.text[start:r.at], 64)
	if err != nil || math.IsInf(x, 0) {
		return 0, r.fail("want a number")
	}
	return x, nil
}

func (r *parser) word() string {
	r.peek()
	start := r.at
	for r.at < len(r.text) && (letter(r.text[r.at]) || r.at > start && r.text[r.at] >= '0' && r.text[r.at] <= '9') {
		r.at++
	}
	return r.text[start:r.at]
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
