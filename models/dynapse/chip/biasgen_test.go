package chip

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/models/dynapse"
)

// decode reads a recorded file of testdata.
func decode(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// recordedFacts are the tables as Rockpool 3.1.0 has them.
type recordedFacts struct {
	Table    map[string]map[string][]float64
	Scale    map[string]float64 `json:"scale_factor"`
	Names    map[string]string  `json:"simulator_name_to_device_parameter"`
	Defaults struct {
		Currents      map[string]float64
		Layout        map[string]float64
		Weights       map[string]float64
		TimeConstants map[string]float64 `json:"time_constants"`
		GainRatios    map[string]float64 `json:"gain_ratios"`
	}
}

// TestTables compares every current that the chip can make, bit for bit, for every parameter.
func TestTables(t *testing.T) {
	var want recordedFacts
	decode(t, "dynapse_biasgen_tables.json", &want)
	names := DeviceParameters()
	if len(names) != len(want.Scale) || len(names) == 0 {
		t.Errorf("%d parameters, want %d", len(names), len(want.Scale))
	}
	for _, name := range names {
		b, err := BiasOf(name)
		letter := name[len(name)-1:]
		if letter != "N" && letter != "P" {
			if !errors.Is(err, dynapse.ErrParameter) {
				t.Errorf("%s: error %v, want ErrParameter", name, err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		for coarse := range CoarseCodes {
			row := want.Table[letter][strconv.Itoa(coarse)]
			if len(row) != FineCodes {
				t.Fatalf("%d recorded currents", len(row))
			}
			for fine, x := range row {
				got, err := b.Current(Code{uint8(coarse), uint8(fine)})
				if err != nil || got != x*want.Scale[name] {
					t.Fatalf("%s %d:%d: %v, %v, want %v", name, coarse, fine, got, err, x*want.Scale[name])
				}
			}
		}
	}
}

func TestNames(t *testing.T) {
	var want recordedFacts
	decode(t, "dynapse_biasgen_tables.json", &want)
	currents := ChipCurrents()
	if len(currents) != len(want.Names) || len(currents) == 0 || !slices.IsSorted(currents) {
		t.Errorf("%d currents, want %d in the order of the alphabet: %v", len(currents), len(want.Names), currents)
	}
	for _, current := range currents {
		parameter, err := DeviceParameter(current)
		if err != nil || parameter != want.Names[current] {
			t.Errorf("%s: %s, %v, want %s", current, parameter, err, want.Names[current])
		}
		back, err := SimulatorCurrent(parameter)
		if err != nil || back != current {
			t.Errorf("%s: %s, %v, want %s", parameter, back, err, current)
		}
	}
	if p, err := DeviceParameter("Itau_syn"); p != "DEAM_ETAU_P" || err != nil {
		t.Errorf("Itau_syn: %s, %v", p, err)
	}
	for _, name := range []string{"", "Itau", "SOIF_LEAK_N"} {
		if _, err := DeviceParameter(name); !errors.Is(err, dynapse.ErrParameter) {
			t.Errorf("%q: error %v, want ErrParameter", name, err)
		}
	}
	for _, name := range []string{"", "Itau_mem", "LBWR_VB_P"} { // the last exists but is not simulated
		if _, err := SimulatorCurrent(name); !errors.Is(err, dynapse.ErrParameter) {
			t.Errorf("%q: error %v, want ErrParameter", name, err)
		}
	}
}

func TestLookupRecorded(t *testing.T) {
	type numbers struct{ Data []float64 }
	var want struct {
		Params  struct{ Parameter []string }
		Inputs  struct{ Current numbers }
		Outputs struct {
			Coarse, Fine numbers
			Current      numbers `json:"current_of_code"`
		}
	}
	decode(t, "dynapse_biasgen_lookup.json", &want)
	if len(want.Params.Parameter) == 0 {
		t.Fatal("nothing recorded")
	}
	for i, name := range want.Params.Parameter {
		b, err := BiasOf(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Lookup(want.Inputs.Current.Data[i])
		if err != nil || float64(got.Coarse) != want.Outputs.Coarse.Data[i] || float64(got.Fine) != want.Outputs.Fine.Data[i] ||
			got.Current != want.Outputs.Current.Data[i] {
			t.Errorf("%d: %s for %v A: %+v, %v", i, name, want.Inputs.Current.Data[i], got, err)
		}
	}
}

var drawBias = rapid.Custom(func(t *rapid.T) Bias {
	b, err := BiasOf(rapid.SampledFrom([]string{"SOIF_LEAK_N", "SOIF_SPKTHR_P", "DEAM_EGAIN_P", "SYSA_VRES_N"}).Draw(t, "parameter"))
	if err != nil {
		t.Fatal(err)
	}
	return b
})

// TestNearest holds look-ups against the neighbours in the order of currents: none of them is
// nearer.
func TestNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBias.Draw(t, "bias")
		least, most, err := b.Range()
		if err != nil || least <= 0 || most < 1e6*least {
			t.Fatal(least, most, err)
		}
		wanted := math.Exp(rapid.Float64Range(math.Log(least)-1, math.Log(most)+1).Draw(t, "ln I"))
		got, err := b.Lookup(wanted)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case wanted < least && got.Current != least, wanted > most && got.Current != most:
			t.Fatalf("%v A is out of the range %v to %v: got %+v", wanted, least, most, got)
		}
		all, err := b.Neighbours(got.Code, CoarseCodes*FineCodes)
		if err != nil || len(all) != CoarseCodes*FineCodes {
			t.Fatal(len(all), err)
		}
		if !slices.IsSortedFunc(all, func(x, y Setting) int { return int(math.Copysign(1, x.Current-y.Current)) }) {
			t.Fatal("not in the order of currents")
		}
		for _, s := range all {
			if math.Abs(s.Current-wanted) < math.Abs(got.Current-wanted) {
				t.Fatalf("%v A: got %+v, %+v is nearer", wanted, got, s)
			}
		}
		lo, hi := math.Log(least)-1, math.Log(wanted)
		levels, settings, err := b.Levels(lo, hi)
		if err != nil || len(levels) != len(settings) {
			t.Fatalf("%d levels of %d settings: %v", len(levels), len(settings), err)
		}
		for i, s := range settings {
			if l := levels[i]; l < lo || l > hi || i > 0 && l <= levels[i-1] || !(math.Abs(l-math.Log(s.Current)) < 1e-13) {
				t.Fatalf("level %v of %+v behind %v, between %v and %v", l, s, levels[:i], lo, hi)
			}
		}
		k := 0
		for _, s := range all { // nothing that can be set is left out
			if l := math.Log(s.Current); l < hi-1e-13 {
				for k < len(levels) && levels[k] < l-1e-13 {
					k++
				}
				if k == len(levels) || levels[k] > l+1e-13 {
					t.Fatalf("%+v is no level", s)
				}
			}
		}
		n := rapid.IntRange(0, 5).Draw(t, "n")
		few, err := b.Neighbours(got.Code, n)
		i := slices.Index(all, got)
		if err != nil || !slices.Equal(few, all[max(i-n, 0):min(i+n+1, len(all))]) {
			t.Fatalf("%d neighbours of %v: %v, %v", n, got, few, err)
		}
	})
}

// TestCodeOfCurrent looks every current of a parameter up: its own current comes back.
func TestCodeOfCurrent(t *testing.T) {
	b, err := BiasOf("SOIF_LEAK_N")
	if err != nil {
		t.Fatal(err)
	}
	for coarse := range uint8(CoarseCodes) {
		for fine := range FineCodes {
			want, err := b.Current(Code{coarse, uint8(fine)})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := b.Lookup(want); err != nil || got.Current != want {
				t.Errorf("%d:%d: %+v, %v, want %v A", coarse, fine, got, err, want)
			}
		}
	}
}

func TestBiasErrors(t *testing.T) {
	if _, err := BiasOf("SOIF_LEAK"); !errors.Is(err, dynapse.ErrParameter) {
		t.Errorf("error %v, want ErrParameter", err)
	}
	good := Bias{Name: "NCCF_CAL_REFBIAS_V", Transistor: NType, Scale: 1}
	if _, err := good.Lookup(0); err != nil {
		t.Error(err)
	}
	for _, x := range []float64{-1e-12, math.NaN(), math.Inf(1)} {
		if _, err := good.Lookup(x); !errors.Is(err, dynapse.ErrParameter) {
			t.Errorf("%v A: error %v, want ErrParameter", x, err)
		}
	}
	if _, err := good.Current(Code{6, 0}); !errors.Is(err, dynapse.ErrParameter) {
		t.Errorf("error %v, want ErrParameter", err)
	}
	if _, err := good.Neighbours(Code{}, -1); !errors.Is(err, dynapse.ErrParameter) {
		t.Errorf("error %v, want ErrParameter", err)
	}
	for _, bad := range []Bias{{}, {Transistor: NType}, {Transistor: 'V', Scale: 1}, {Transistor: PType, Scale: math.NaN()}} {
		_, err1 := bad.Current(Code{})
		_, err2 := bad.Lookup(1e-9)
		_, err3 := bad.Neighbours(Code{}, 1)
		_, _, err4 := bad.Range()
		_, _, err5 := bad.Levels(-30, -20)
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if !errors.Is(err, dynapse.ErrParameter) {
				t.Errorf("%+v: error %v, want ErrParameter", bad, err)
			}
		}
	}
}
