package dynapse

import (
	"errors"
	"testing"
)

// FuzzParseParam: a name is that of one parameter, which prints it, or an error that is
// ErrParameter.
func FuzzParseParam(f *testing.F) {
	for p := range Param(NumParams) {
		f.Add(p.String())
	}
	for _, s := range []string{"", "itau_mem", "Itau_ampa", "Param(200)", "Idc ", "dt\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p, err := ParseParam(name)
		switch {
		case err != nil && !errors.Is(err, ErrParameter):
			t.Errorf("%q: %v", name, err)
		case err == nil && (p.String() != name || int(p) >= NumParams):
			t.Errorf("%q is %v", name, p)
		}
		// Every name of a parameter is known.
		for p := range Param(NumParams) {
			if err != nil && p.String() == name {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

// FuzzParseRule: a name is that of one rule, which prints it, or an error that is ErrParameter.
func FuzzParseRule(f *testing.F) {
	for r := range Rockpool + 1 {
		f.Add(r.String())
	}
	for _, s := range []string{"", "S", "surge-s", "Rule(7)", "rockpool\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		r, err := ParseRule(name)
		switch {
		case err != nil && !errors.Is(err, ErrParameter):
			t.Errorf("%q: %v", name, err)
		case err == nil && (r.String() != name || r > Rockpool):
			t.Errorf("%q is %v", name, r)
		}
		for r := range Rockpool + 1 {
			if err != nil && r.String() == name {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}
