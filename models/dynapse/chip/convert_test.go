package chip

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/models/dynapse"
)

// TestDefaultCurrents derives every current of the recorded defaults from time constants and gain
// ratios. Both sides are the same few products and quotients, possibly in another order: 4 ulp.
func TestDefaultCurrents(t *testing.T) {
	var want recordedFacts
	decode(t, "dynapse_biasgen_tables.json", &want)
	got, err := Quantities{}.Currents()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, defaults := range []map[string]float64{want.Defaults.Currents, want.Defaults.Weights} {
		for name, x := range defaults {
			if name == "Iscale" { // of the simulator alone
				continue
			}
			n++
			if math.Abs(got[name]-x) > 4*0x1p-52*x {
				t.Errorf("%s = %v A, want %v", name, got[name], x)
			}
		}
	}
	if n != len(got) {
		t.Errorf("%d recorded currents, %d converted", n, len(got))
	}
	q := DefaultQuantities()
	for _, recorded := range []map[string]float64{want.Defaults.TimeConstants, want.Defaults.GainRatios, want.Defaults.Layout} {
		for name, x := range recorded {
			if name != "C_syn" && name != "Io" && q[name] != x { // of the simulator alone
				t.Errorf("%s = %v, want %v", name, q[name], x)
			}
		}
	}
}

// TestQuantitiesRoundTrip converts random time constants and ratios to currents and back: a handful
// of products and quotients, 1e-14.
func TestQuantitiesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, layout := Quantities{}, Quantities{}
		for _, c := range conversions {
			if rapid.Bool().Draw(t, "given") {
				q[c.quantity] = math.Exp(rapid.Float64Range(-10, 3).Draw(t, c.quantity))
			}
		}
		for _, name := range []string{"C_mem", "C_gaba", "Ut", "Vth", "kappa_n"} {
			if rapid.Bool().Draw(t, "given") {
				layout[name] = DefaultQuantities()[name] * rapid.Float64Range(0.5, 2).Draw(t, name)
			}
		}
		all := maps.Clone(q)
		maps.Copy(all, layout)
		currents, err := all.Currents()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(slices.Sorted(maps.Keys(currents)), ChipCurrents()) {
			t.Fatalf("currents %v", currents)
		}
		back, err := Describe(currents, layout)
		if err != nil {
			t.Fatal(err)
		}
		if len(back) != len(conversions) {
			t.Fatalf("%d quantities come back, want %d", len(back), len(conversions))
		}
		want := DefaultQuantities()
		maps.Copy(want, q)
		for name, x := range back {
			if math.Abs(x-want[name]) > 1e-14*want[name] {
				t.Fatalf("%s = %v, want %v", name, x, want[name])
			}
		}
	})
}

// A gain keeps its ratio where only the leak current is given.
func TestGainFollowsLeak(t *testing.T) {
	currents, err := Quantities{"Itau_mem": 3e-12, "Igain_ahp": 7e-12, "Idc": 0}.Currents()
	if err != nil || currents["Igain_mem"] != 12e-12 || currents["Igain_ahp"] != 7e-12 || currents["Idc"] != 0 {
		t.Errorf("%v, %v", currents, err)
	}
	q, err := Describe(map[string]float64{"Itau_mem": 0, "Igain_mem": 1e-12, "Iref": 1e-9}, nil)
	if err != nil || len(q) != 1 || math.Abs(q["t_ref"]-0.7*1.5e-12/1e-9) > 1e-17 {
		t.Errorf("%v, %v", q, err)
	}
}

func TestQuantitiesErrors(t *testing.T) {
	for _, q := range []Quantities{
		{"tau": 1},
		{"Itau_syn": 1e-12}, // which of the four?
		{"tau_mem": 0},
		{"tau_mem": math.NaN()},
		{"t_ref": -1},
		{"r_gain_mem": math.Inf(1)},
		{"Idc": -1e-12},
		{"Itau_mem": 0}, // Igain_mem follows from it
		{"Ut": 0},
		{"tau_mem": 1e-2, "Itau_mem": 1e-12},
		{"tau_mem": 5e-324}, // an infinite current
	} {
		if _, err := q.Currents(); !errors.Is(err, dynapse.ErrParameter) {
			t.Errorf("%v: error %v, want ErrParameter", q, err)
		}
	}
	if _, err := Describe(map[string]float64{"Itau": 1}, nil); !errors.Is(err, dynapse.ErrParameter) {
		t.Error(err)
	}
	if _, err := Describe(map[string]float64{"Itau_mem": 1}, Quantities{"C": 1}); !errors.Is(err, dynapse.ErrParameter) {
		t.Error(err)
	}
	if _, err := Describe(map[string]float64{"Itau_mem": -1}, nil); !errors.Is(err, dynapse.ErrParameter) {
		t.Error(err)
	}
}
