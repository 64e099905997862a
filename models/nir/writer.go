package nir

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/fmath"
)

// unsaid is something that neurons of a library have and its exporter does not write.
type unsaid struct {
	name  string
	kinds []string
	words []string // that it can be; nil: a number
	taken string   // where nothing is said; empty: it has to be
	// apply changes the step of neurons; x is the number.
	apply func(s *Step, word string, x float64)
}

// unsaids are those of each library, by the names of its own arguments.
var unsaids = map[string][]unsaid{
	"snntorch": {{"reset_delay", []string{"LIF", "CubaLIF"}, []string{"true", "false"}, "true", func(s *Step, word string, _ float64) {
		if word == "false" {
			s.Carry = s.Undecayed
			s.Undecayed, s.Blank = false, false
		}
	}}},
	"norse": {{"v_reset", []string{"LIF", "CubaLIF", "IF"}, nil, "0", func(s *Step, _ string, x float64) { fill(s.VReset, x) }}},
	"sinabs": {
		{"norm_input", []string{"LIF", "LI"}, []string{"true", "false"}, "", func(s *Step, word string, _ float64) {
			for j, a := range s.Alpha {
				if word == "true" {
					s.Gain[j] = 1 - a
				}
			}
		}},
		{"spike_fn", []string{"LIF", "IF"}, []string{"MultiSpike", "SingleSpike"}, "MultiSpike", func(s *Step, word string, _ float64) {
			s.Several = word == "MultiSpike"
		}},
		{"min_v_mem", []string{"LIF", "IF", "LI"}, nil, "none", func(s *Step, word string, x float64) {
			if s.Floor = nil; word != "none" {
				s.Floor = make([]float64, len(s.Alpha))
				fill(s.Floor, x)
			}
		}},
		{"tau_syn", []string{"LIF", "IF"}, nil, "none", func(s *Step, word string, x float64) {
			if s.Synapse = word != "none"; s.Synapse {
				fill(s.Beta, fmath.Exp(-1/x))
				fill(s.GainIn, fmath.Exp(-1/x)) // what comes in decays in its own step
			}
		}},
	},
}

// written are the steps of the neurons of libraries whose readers take less than these have; the
// others are those of [Peers].
var written = map[string]func(c Convention, n *Node, dt float64, size int) (Step, []string, error){
	"snntorch": func(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
		s, notes, err := plain(c, n, dt, size)
		if _, ok := n.Values["w_in"]; !ok && n.Kind == "CubaLIF" {
			notes = append(notes, "nir 0.2 does not write w_in; taken as tau_syn/dt, as snntorch has it")
			fill(s.GainIn, 1)
		}
		return s, notes, err
	},
	"norse": func(_ Convention, n *Node, dt float64, size int) (Step, []string, error) {
		s := n.step(Euler, dt, size)
		if n.Kind == "IF" { // v += x
			fill(s.Gain, 1)
		}
		s.Start = n.values("v_leak", size, 0)
		return s, nil, nil
	},
}

func fill(v []float64, x float64) {
	for j := range v {
		v[j] = x
	}
}

// resets are what a spike can do in the neurons of a library, of which its exporter writes
// nothing; the first is taken where nothing is said, unless that is empty. The others write
// v_reset, and have no other reset.
var resets = map[string][]Reset{
	"snntorch": {"", Subtract, ToValue, NoReset},
	"sinabs":   {Subtract, ToValue},
	"norse":    {ToValue, Subtract},
}

// Writer is the convention of files that a library has written, where [Peers] is that of files that
// it reads: norse, sinabs and rockpool do not read what they write. reset says what a spike does
// where the file does not; empty: not known.
//
// said are words NAME=VALUE for what else the library does not write, by the names of its own
// arguments:
//
//	snntorch   reset_delay = true|false
//	norse      v_reset = NUMBER
//	sinabs     norm_input = true|false (has to be said), spike_fn = MultiSpike|SingleSpike,
//	           min_v_mem = NUMBER, tau_syn = STEPS
//
// NAME@NODE=VALUE is that of one node. What is not said is taken as the default of the library,
// and is a note of the net ([Net.Notes]).
//
// Errors: [ErrMeaning] for a name that is none, and where the reset must be said. That norm_input
// must is an error of [Compile].
func Writer(name string, reset Reset, said ...string) (Convention, error) {
	c, ok := Peers[name]
	if !ok {
		return c, fmt.Errorf("%w: no convention %q, expected one of %s", ErrMeaning, name, strings.Join(PeerNames, ", "))
	}
	can := resets[name]
	if reset == "" && can != nil && can[0] == "" {
		return c, fmt.Errorf("%w: snntorch writes the same file for a reset that subtracts, its default, one to zero, and none: say which", ErrMeaning)
	}
	if reset != "" && can != nil && !slices.Contains(can, reset) {
		return c, fmt.Errorf("%w: neurons of %s have no reset %q", ErrMeaning, name, reset)
	}
	words, err := saidOf(name, said)
	if err != nil {
		return c, err
	}
	// What its reader cannot do does not bind the writer.
	c.sequences, c.flat, c.loopless, c.order, c.kinds, c.rest = false, false, false, nil, nil, true
	take, from := c.step, c.from
	if of := written[name]; of != nil {
		take = of
	}
	c.step = func(c Convention, n *Node, dt float64, size int) (Step, []string, error) {
		if from != nil {
			n = n.scaled(1)
			from(n, dt)
		}
		s, notes, err := take(c, n, dt, size)
		if err != nil {
			return s, notes, err
		}
		if name == "sinabs" { // its reader has other defaults, which are notes of Peers
			notes = nil
		}
		if name == "rockpool" {
			notes = append(notes, "rockpool writes neither recurrent weights nor the bias of neurons; taken as none")
		}
		if s.Reset != NoReset {
			switch {
			case reset != "":
				s.Reset = reset
			case can != nil:
				notes = append(notes, fmt.Sprintf("%s does not write what a spike does; taken as %s, its default", name, can[0]))
			}
		}
		// What snntorch makes of files has no reset_delay; its neurons do, unless told.
		s.Undecayed = name == "snntorch" && s.Reset == Subtract
		// To zero, RLeaky resets as Synaptic does.
		s.Blank = name == "snntorch" && s.Reset == ToValue && (n.Kind == "CubaLIF" || c.looped && s.Spikes)
		for _, u := range unsaids[name] {
			if !slices.Contains(u.kinds, n.Kind) {
				continue
			}
			word, given := words[u.name+"@"+c.node]
			if !given {
				word, given = words[u.name]
			}
			if !given {
				if word = u.taken; word == "" {
					return s, nil, refuse("%s does not write %s: say %s=%s, or %s@%s=... of this node alone", name, u.name, u.name, strings.Join(u.words, "|"), u.name, c.node)
				}
				if u.name != "reset_delay" || s.Undecayed || s.Blank {
					notes = append(notes, fmt.Sprintf("%s does not write %s; taken as %s, its default", name, u.name, word))
				}
			}
			x, _ := strconv.ParseFloat(word, 64)
			u.apply(&s, word, x)
		}
		if name == "norse" && n.Kind == "IF" {
			s.Start = s.VReset
		}
		return s, notes, nil
	}
	return c, nil
}

// saidOf returns the words by their names.
func saidOf(library string, said []string) (map[string]string, error) {
	words := map[string]string{}
	var known []string
	for _, u := range unsaids[library] {
		known = append(known, u.name)
	}
	for _, s := range said {
		full, word, _ := strings.Cut(s, "=")
		name, _, _ := strings.Cut(full, "@")
		i := slices.IndexFunc(unsaids[library], func(u unsaid) bool { return u.name == name })
		if i < 0 {
			return nil, fmt.Errorf("%w: %q: expected NAME=VALUE or NAME@NODE=VALUE with a name among %s, of which %s writes nothing", ErrMeaning, s, strings.Join(known, ", "), library)
		}
		u := unsaids[library][i]
		x, err := strconv.ParseFloat(word, 64)
		switch {
		case u.words != nil && !slices.Contains(u.words, word):
			return nil, fmt.Errorf("%w: %q: expected one of %s", ErrMeaning, s, strings.Join(u.words, ", "))
		case u.words == nil && (err != nil || math.IsNaN(x) || math.IsInf(x, 0) || name == "tau_syn" && !(x > 0)):
			return nil, fmt.Errorf("%w: %q: expected a number", ErrMeaning, s)
		}
		words[full] = word
	}
	return words, nil
}
