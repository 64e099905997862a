package equation

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// op is an operation of a program.
type op uint8

const (
	constant op = iota
	variable
	add
	sub
	mul
	div
	neg
	pow // with a constant exponent
	exp
	log
	sqrt
	sin
	cos
	tanh
)

// functions are those of one argument that expressions may call.
var functions = map[string]op{"exp": exp, "log": log, "sqrt": sqrt, "sin": sin, "cos": cos, "tanh": tanh}

// instruction computes one value from values before it.
type instruction struct {
	op   op
	a, b int32   // operands; of variable, its index
	x    float64 // of constant, and the exponent of pow
}

// program is expressions of variables: a list of instructions, of which some are outputs. Its
// derivative is the same list from the end to the start (reverse accumulation).
type program struct {
	code []instruction
	out  []int32
}

// eval computes all values for variables x.
func (p *program) eval(values, x []float64) {
	for k, c := range p.code {
		var v float64
		switch c.op {
		case constant:
			v = c.x
		case variable:
			v = x[c.a]
		case add:
			v = values[c.a] + values[c.b]
		case sub:
			v = values[c.a] - values[c.b]
		case mul:
			v = values[c.a] * values[c.b]
		case div:
			v = values[c.a] / values[c.b]
		case neg:
			v = -values[c.a]
		case pow:
			v = fmath.Pow(values[c.a], c.x)
		case exp:
			v = fmath.Exp(values[c.a])
		case log:
			v = fmath.Log(values[c.a])
		case sqrt:
			v = math.Sqrt(values[c.a])
		case sin:
			v = fmath.Sin(values[c.a])
		case cos:
			v = fmath.Cos(values[c.a])
		case tanh:
			v = fmath.Tanh(values[c.a])
		}
		values[k] = v
	}
}

// pull adds the vector-Jacobian product of the outputs with seed to grad, one per variable, after
// eval.
func (p *program) pull(grad, bar, values, seed []float64) {
	bar = bar[:len(p.code)]
	clear(bar)
	for i, k := range p.out {
		bar[k] += seed[i]
	}
	for k := len(p.code) - 1; k >= 0; k-- {
		g := bar[k]
		if g == 0 {
			continue
		}
		switch c := p.code[k]; c.op {
		case variable:
			grad[c.a] += g
		case add:
			bar[c.a] += g
			bar[c.b] += g
		case sub:
			bar[c.a] += g
			bar[c.b] -= g
		case mul:
			bar[c.a] += float64(g * values[c.b])
			bar[c.b] += float64(g * values[c.a])
		case div:
			bar[c.a] += g / values[c.b]
			bar[c.b] -= float64(g*values[k]) / values[c.b]
		case neg:
			bar[c.a] -= g
		case pow:
			bar[c.a] += float64(float64(g*c.x) * fmath.Pow(values[c.a], c.x-1))
		case exp:
			bar[c.a] += float64(g * values[k])
		case log:
			bar[c.a] += g / values[c.a]
		case sqrt:
			bar[c.a] += g / (2 * values[k])
		case sin:
			bar[c.a] += float64(g * fmath.Cos(values[c.a]))
		case cos:
			bar[c.a] -= float64(g * fmath.Sin(values[c.a]))
		case tanh:
			bar[c.a] += float64(g * (1 - float64(values[k]*values[k])))
		}
	}
}
