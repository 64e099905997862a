package cases

import "strings"

// Answers are the outputs and gradients that a case file itself holds.
type Answers struct {
	Outputs map[string]Tensor
	Grads   map[string]map[string]Answer // by loss (NoLoss, where the file has no such level) and variable
}

// Answer is a gradient from a case file.
type Answer struct {
	Tensor
	Source Source
}

// Source says how a gradient in a case file came about, which the prefix of its name tells. Where a
// file has a variable from several sources, the answer is that of the first of them in this order.
type Source int

// The sources of a gradient.
const (
	OwnAdjoint       Source = iota // "own_adjoint_": an adjoint that puts right what a package does wrong
	Analytical                     // "analytical_"
	Plain                          // no prefix
	FiniteDifference               // "finite_difference_": few digits
	eventProp                      // "eventprop_": of a package, known to be wrong in places; never an answer
)

var prefixes = []struct {
	prefix string
	source Source
}{
	{"own_adjoint_", OwnAdjoint},
	{"analytical_", Analytical},
	{"finite_difference_", FiniteDifference},
	{"eventprop_", eventProp},
}

// variable splits the name of a gradient in a case file.
func variable(name string) (string, Source) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(name, p.prefix); ok && rest != "" {
			return rest, p.source
		}
	}
	return name, Plain
}

// Answers reads the members outputs and grads. A file with neither is an [exit.BadInput], and so is
// one in which they are not of the form that [Result.Write] gives them.
func (c *Case) Answers() (*Answers, error) {
	if c == nil {
		return nil, errNoCase
	}
	a := &Answers{Outputs: map[string]Tensor{}, Grads: map[string]map[string]Answer{}}
	whole := source{file: c.File}
	if text, ok := c.Others["outputs"]; ok && !isNull(text) {
		at := whole.at("outputs", text)
		parts, err := members(at)
		if err != nil {
			return nil, err
		}
		for _, m := range parts {
			if a.Outputs[m.name], err = parseTensor(at.at(m.name, m.text)); err != nil {
				return nil, err
			}
		}
	}
	if text, ok := c.Others["grads"]; ok && !isNull(text) {
		if err := a.parseGrads(whole.at("grads", text)); err != nil {
			return nil, err
		}
	}
	if len(a.Outputs) == 0 && len(a.Grads) == 0 {
		return nil, whole.at("outputs", nil).bad("outputs or grads to compare with", "nothing")
	}
	return a, nil
}

// parseGrads reads {variable: tensor} or {loss: {variable: tensor}}.
func (a *Answers) parseGrads(s source) error {
	parts, err := members(s)
	if err != nil {
		return err
	}
	for _, m := range parts {
		at := s.at(m.name, m.text)
		inner, err := members(at)
		if err != nil {
			return err
		}
		if isTensor(inner) {
			err = a.addGrad(NoLoss, m.name, at)
		}
		for _, v := range inner {
			if err != nil || isTensor(inner) {
				break
			}
			err = a.addGrad(m.name, v.name, at.at(v.name, v.text))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isTensor tells a tensor from the variables of a loss.
func isTensor(parts []member) bool {
	for _, m := range parts {
		if m.name == "shape" || m.name == "data" {
			return true
		}
	}
	return false
}

func (a *Answers) addGrad(loss, name string, s source) error {
	t, err := parseTensor(s)
	if err != nil {
		return err
	}
	v, from := variable(name)
	if from == eventProp {
		return nil
	}
	if a.Grads[loss] == nil {
		a.Grads[loss] = map[string]Answer{}
	}
	if have, ok := a.Grads[loss][v]; !ok || from < have.Source {
		a.Grads[loss][v] = Answer{t, from}
	}
	return nil
}
