package experiment

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/optim"
)

// GroupSpec is an entry of the list [[group]]: what is learned otherwise than [train] says. A
// parameter is in the first group that names it.
//
// Parameters that are kept as logarithms, as hidden1/log_tau_mem, have their natural name here,
// hidden1/tau_mem, and bounds in their own unit.
type GroupSpec struct {
	Params      []string `toml:"params" doc:"names of parameters, as hidden1/w, hidden1/tau_mem; * stands for what is no /, as */w_rec"`
	LR          *float64 `toml:"lr" doc:"learning rate, which the schedule changes as that of [train]; default train.lr, and lr_neurons"`
	WeightDecay *float64 `toml:"weight_decay" doc:"of all parameters of the group; default train.weight_decay, of the weights among them"`
	Clip        float64  `toml:"clip,omitzero" doc:"largest norm of the gradient of the group; 0: any"`
	ClipValue   float64  `toml:"clip_value,omitzero" doc:"largest magnitude of an element of it; 0: any"`
	Low         *float64 `toml:"low" doc:"lower bound of the parameters; default none"`
	High        *float64 `toml:"high" doc:"upper bound of the parameters; default none"`
	Coordinate  string   `toml:"coordinate,omitempty" doc:"in which the parameters move, so that no step leaves the range: log and softplus, of numbers > 0, box, between low and high; default none: a step that would leave the bounds is shortened"`
}

// coordinates are the choices of coordinate.
var coordinates = []string{"log", "softplus", "box"}

// natural is the name of a parameter without what says how it is kept.
func natural(name string) string {
	dir, last := path.Split(name)
	return dir + strings.TrimPrefix(last, "log_")
}

// isLog tells whether a parameter is kept as a logarithm.
func isLog(name string) bool { return natural(name) != name }

// has tells whether the group names a parameter.
func (g *GroupSpec) has(name string) bool {
	return slices.ContainsFunc(g.Params, func(pattern string) bool {
		ok, err := path.Match(pattern, natural(name))
		return ok && err == nil // Check refuses other patterns
	})
}

// groupOf returns the group of a parameter, -1 for none.
func (e learning) groupOf(name string) int {
	return slices.IndexFunc(e.Group, func(g GroupSpec) bool { return g.has(name) })
}

// bounds returns those of parameters that are kept as logarithms, or not.
func (g *GroupSpec) bounds(log bool) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	for _, b := range []struct {
		dst   *float64
		given *float64
	}{{&low, g.Low}, {&high, g.High}} {
		switch {
		case b.given == nil:
		case log && *b.given > 0:
			*b.dst = fmath.Log(*b.given)
		case log:
			*b.dst = math.Inf(-1)
		default:
			*b.dst = *b.given
		}
	}
	return low, high
}

// optimizer returns what the group does to the gradients of parameters that are all kept as
// logarithms, or none.
func (g *GroupSpec) optimizer(of func(optim.Schedule) optim.Transform, lr optim.Schedule, log bool) optim.Transform {
	inner := of(lr)
	low, high := g.bounds(log)
	switch {
	case g.Coordinate == "box":
		return optim.Reparam{Map: optim.BoxMap{Low: low, High: high}, Inner: inner}
	case log: // they move in the coordinate log already
	case g.Coordinate == "log":
		return optim.Reparam{Map: optim.LogMap{}, Inner: inner}
	case g.Coordinate == "softplus":
		return optim.Reparam{Map: optim.SoftplusMap{}, Inner: inner}
	}
	return inner
}

// rate is a schedule times a factor.
type rate struct {
	optim.Schedule
	factor float64
}

func (r rate) At(step uint64) float64 { return float64(r.factor * r.Schedule.At(step)) }

// steps returns what makes the updates of parameters of these names: their optimizer, and what
// stands around it. group is nil for what no group names; without names all is.
func (e learning) steps(group *GroupSpec, names []string, of func(optim.Schedule) optim.Transform, lr optim.Schedule) (c optim.Chain) {
	t := e.Train
	any := func(match func(string) bool) bool { return len(names) == 0 || slices.ContainsFunc(names, match) }
	decay, match := t.WeightDecay, isWeight
	ownRate := group != nil && group.LR != nil
	if ownRate {
		lr = rate{lr, *group.LR / t.LR}
	}
	if group == nil {
		c = append(c, of(lr))
	} else {
		if group.ClipValue > 0 {
			c = append(c, optim.ClipByValue{Max: group.ClipValue})
		}
		if group.Clip > 0 {
			c = append(c, optim.ClipByGlobalNorm{Max: group.Clip})
		}
		c = append(c, split(names, func(log bool) optim.Transform { return group.optimizer(of, lr, log) })...)
		if group.WeightDecay != nil {
			decay, match = *group.WeightDecay, func(string) bool { return true }
		}
	}
	if t.LRNeurons > 0 && !ownRate && any(isOfNeurons) {
		c = append(c, optim.Masked{Match: isOfNeurons, Inner: optim.Scale{Factor: t.LRNeurons}})
	}
	if decay > 0 && any(match) {
		c = append(c, optim.Masked{Match: match, Inner: optim.WeightDecay{LR: lr, Rate: decay}})
	}
	return c
}

// split returns a transform for the parameters that are kept as logarithms, and one for the others.
func split(names []string, of func(log bool) optim.Transform) (c optim.Chain) {
	if !slices.ContainsFunc(names, isLog) {
		return optim.Chain{of(false)}
	}
	for _, log := range []bool{false, true} {
		match := func(name string) bool { return isLog(name) == log }
		if slices.ContainsFunc(names, match) {
			c = append(c, optim.Masked{Match: match, Inner: of(log)})
		}
	}
	return c
}

// grouped returns what makes the updates of all parameters, and what keeps those in bounds that do
// not move in a coordinate.
func (e learning) grouped(learned []string, of func(optim.Schedule) optim.Transform, lr optim.Schedule) (updates, bounds optim.Chain) {
	if len(e.Group) == 0 {
		return e.steps(nil, nil, of, lr), nil
	}
	var groups optim.Groups
	for i := range len(e.Group) + 1 {
		i := i - 1 // -1 is what no group names
		var names []string
		for _, name := range learned {
			if e.groupOf(name) == i {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			continue // checkGroups says so
		}
		match := func(name string) bool { return e.groupOf(name) == i }
		var g *GroupSpec
		if i >= 0 {
			g = &e.Group[i]
		}
		groups = append(groups, optim.Group{Match: match, Inner: e.steps(g, names, of, lr)})
		if g != nil && g.Coordinate != "box" && (g.Low != nil || g.High != nil) {
			bounds = append(bounds, optim.Masked{Match: match, Inner: split(names, func(log bool) optim.Transform {
				low, high := g.bounds(log)
				return optim.Box{Low: low, High: high}
			})})
		}
	}
	return optim.Chain{groups}, bounds
}

// ofGroups are the rules for the list of groups.
func (e checks) ofGroups() (rules []rule) {
	for i, g := range e.Group {
		key := func(name string) string { return fmt.Sprintf("group[%d].%s", i, name) }
		rules = append(rules, rule{key("params"), "names of parameters", g.Params, len(g.Params) > 0})
		for _, pattern := range g.Params {
			_, err := path.Match(pattern, "")
			rules = append(rules, rule{key("params"), "names of parameters, with *, ? and [...] as in names of files", pattern, err == nil})
		}
		number := func(v *float64) float64 {
			if v == nil {
				return 0
			}
			return *v
		}
		low, high := g.bounds(false)
		positive := g.Coordinate == "log" || g.Coordinate == "softplus"
		rules = append(rules,
			rule{key("lr"), "> 0", number(g.LR), g.LR == nil || *g.LR > 0},
			rule{key("weight_decay"), ">= 0", number(g.WeightDecay), number(g.WeightDecay) >= 0},
			rule{key("clip"), ">= 0", g.Clip, g.Clip >= 0},
			rule{key("clip_value"), ">= 0", g.ClipValue, g.ClipValue >= 0},
			rule{key("high"), "> low", high, low < high},
			rule{key("high"), "> 0, because coordinate is " + g.Coordinate, high, !positive || high > 0},
			rule{key("low"), "a number, because coordinate is box", told("nothing"), g.Coordinate != "box" || g.Low != nil},
			rule{key("high"), "a number, because coordinate is box", told("nothing"), g.Coordinate != "box" || g.High != nil},
			rule{key("weight_decay"), noDecay(g.Coordinate), number(g.WeightDecay), g.Coordinate == "" || number(g.WeightDecay) == 0},
		)
		if g.Coordinate != "" {
			rules = append(rules, one(key("coordinate"), g.Coordinate, coordinates...))
		}
	}
	return rules
}

func noDecay(coordinate string) string {
	return "0, because coordinate is " + coordinate + ": decay is towards 0"
}

// checkGroups returns an error (*exit.BadInput) where a group names nothing that is learned, or
// cannot bound it.
func (e checks) checkGroups(params *graph.Params, learned []string) error {
	taken := make([]int, len(e.Group)) // parameters of each group
	for _, name := range learned {
		i := learning(e).groupOf(name)
		if i < 0 {
			continue
		}
		g := &e.Group[i]
		taken[i]++
		switch key := fmt.Sprintf("group[%d].", i); {
		case isLog(name) && (g.Coordinate == "log" || g.Coordinate == "softplus"):
			return e.bad(key+"coordinate", fmt.Sprintf("none, or box: %s is kept as a logarithm already", natural(name)), g.Coordinate)
		case isLog(name) && g.Coordinate == "box" && *g.Low <= 0:
			return e.bad(key+"low", fmt.Sprintf("> 0, because %s is kept as a logarithm", natural(name)), fmt.Sprint(*g.Low))
		case isLog(name) && g.High != nil && *g.High <= 0:
			return e.bad(key+"high", fmt.Sprintf("> 0, because %s is kept as a logarithm", natural(name)), fmt.Sprint(*g.High))
		case g.Coordinate != "" && isWeight(name) && g.WeightDecay == nil && e.Train.WeightDecay > 0:
			return e.bad(key+"weight_decay", noDecay(g.Coordinate), fmt.Sprintf("train.weight_decay of %v", e.Train.WeightDecay))
		case g.Coordinate != "":
			low, high := g.bounds(isLog(name))
			if g.Coordinate != "box" {
				low, high = 0, math.Inf(1)
			}
			if v, ok := outside(params.Value(name), low, high); ok {
				return e.bad(key+"coordinate", fmt.Sprintf("one in which %s can be, which starts with %v", name, v), g.Coordinate)
			}
		}
	}
	var names []string
	for _, name := range learned {
		names = append(names, natural(name))
	}
	for i, g := range e.Group {
		for _, pattern := range g.Params {
			if !slices.ContainsFunc(names, func(name string) bool { ok, _ := path.Match(pattern, name); return ok }) {
				return e.bad(fmt.Sprintf("group[%d].params", i), "what is learned: "+strings.Join(names, ", "), fmt.Sprintf("%q", pattern))
			}
		}
		if taken[i] == 0 {
			return e.bad(fmt.Sprintf("group[%d].params", i), "a parameter that no group before it has", fmt.Sprintf("%q", g.Params))
		}
	}
	all := func(key string, value float64, match func(string) bool, own func(g *GroupSpec) bool, what string) error {
		if value == 0 || len(e.Group) == 0 {
			return nil
		}
		for _, name := range learned {
			if i := learning(e).groupOf(name); match(name) && (i < 0 || !own(&e.Group[i])) {
				return nil
			}
		}
		return e.bad(key, "nothing: "+what, fmt.Sprint(value))
	}
	if err := all("train.weight_decay", e.Train.WeightDecay, isWeight, func(g *GroupSpec) bool { return g.WeightDecay != nil }, "all weights are in groups with a weight_decay of their own"); err != nil {
		return err
	}
	return all("train.lr_neurons", e.Train.LRNeurons, isOfNeurons, func(g *GroupSpec) bool { return g.LR != nil }, "all that it is for is in groups with an lr of their own")
}

// outside returns an element that is not between the bounds.
func outside(t *tensor.Dense, low, high float64) (v any, ok bool) {
	for i := range t.DataSize() {
		x, single := t.Get(i).(float32)
		y := float64(x)
		if !single {
			y = t.Get(i).(float64)
		}
		if !(y > low && y < high) {
			return t.Get(i), true
		}
	}
	return nil, false
}
