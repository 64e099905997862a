package chip

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/models/dynapse"
)

// drawParams draws parameters near the defaults, as lists of none, one or n values.
func drawParams(t *rapid.T, n int, names ...dynapse.Param) (p dynapse.Params) {
	for _, name := range names {
		size := rapid.SampledFrom([]int{0, 1, n}).Draw(t, "values")
		for range size {
			p[name] = append(p[name], name.Default()*rapid.Float64Range(0.5, 2).Draw(t, name.String()))
		}
	}
	return p
}

// TestGraphRoundTrip makes a graph of a network and the network again.
func TestGraphRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in, rec, core := drawNetwork(t)
		n := dynapse.Network{N: len(core), Params: drawParams(t, len(core), dynapse.Idc, dynapse.ItauMem, dynapse.Ispkthr, dynapse.CMem, dynapse.Dt), WRec: rec.W}
		n.Params[dynapse.Dt] = n.Params[dynapse.Dt][:min(1, len(n.Params[dynapse.Dt]))] // one time step
		g, err := AsGraph(n, "neurons", in)
		if err != nil {
			t.Fatal(err)
		}
		got, gotIn, err := FromGraph(g)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.WRec, n.WRec) || (got.WRec == nil) != (n.WRec == nil) || got.N != n.N || !reflect.DeepEqual(gotIn, in) {
			t.Fatalf("got %+v, %+v, want %+v, %+v", got, gotIn, n, in)
		}
		for p := range n.Params {
			if !slices.Equal(got.Params[p], n.Params[p]) {
				t.Fatalf("%v: got %v, want %v", dynapse.Param(p), got.Params[p], n.Params[p])
			}
		}
	})
}

// TestFromGraphPlaces writes the matrices of a graph of two populations out by hand.
func TestFromGraphPlaces(t *testing.T) {
	var slow dynapse.Params
	slow[dynapse.ItauMem] = []float64{1e-12}
	g := Graph{
		Inputs:      2,
		Populations: []Population{{"hidden", 1, dynapse.Params{}}, {"out", 2, slow}},
		Linear: []Linear{
			{From: "hidden", To: "out", Weights: Weights{1, 2, []float64{3, 4}}},
			{From: GraphInput, To: "hidden", Weights: Weights{2, 1, []float64{1, 2}}},
			{From: "out", To: "out", Weights: Weights{2, 2, []float64{5, 6, 7, 8}}},
		},
	}
	n, in, err := FromGraph(g)
	if err != nil {
		t.Fatal(err)
	}
	wantIn := Weights{2, 3, []float64{1, 0, 0, 2, 0, 0}}
	wantRec := []float64{
		0, 3, 4,
		0, 5, 6,
		0, 7, 8,
	}
	if n.N != 3 || !reflect.DeepEqual(in, wantIn) || !slices.Equal(n.WRec, wantRec) {
		t.Errorf("%+v, %+v", n, in)
	}
	if want := []float64{dynapse.ItauMem.Default(), 1e-12, 1e-12}; !slices.Equal(n.Params[dynapse.ItauMem], want) || n.Params[dynapse.Idc] != nil {
		t.Errorf("Itau_mem %v, Idc %v, want %v and the default", n.Params[dynapse.ItauMem], n.Params[dynapse.Idc], want)
	}
}

func TestGraphRefusals(t *testing.T) {
	one := Weights{1, 1, []float64{1}}
	var fast, loud dynapse.Params
	fast[dynapse.Dt], loud[dynapse.Iscale] = []float64{1e-4}, []float64{1e-9}
	for _, test := range []struct {
		name   string
		change func(*Graph)
		want   error
	}{
		{"multapses", func(g *Graph) { g.Linear = append(g.Linear, Linear{From: "a", To: "b", Weights: one}) }, ErrGraph},
		{"bias", func(g *Graph) { g.Linear[0].Bias = []float64{0} }, ErrGraph},
		{"shape", func(g *Graph) { g.Linear[0].Weights = Weights{2, 1, []float64{1, 1}} }, ErrGraph},
		{"data", func(g *Graph) { g.Linear[0].W = nil }, dynapse.ErrParameter},
		{"NaN", func(g *Graph) { g.Linear[0].W = []float64{math.NaN()} }, dynapse.ErrParameter},
		{"unknown source", func(g *Graph) { g.Linear[0].From = "c" }, ErrGraph},
		{"unknown sink", func(g *Graph) { g.Linear[0].To = "c" }, ErrGraph},
		{"into the input", func(g *Graph) { g.Linear[0].To = GraphInput }, ErrGraph},
		{"name twice", func(g *Graph) { g.Populations[1].Name = "a" }, ErrGraph},
		{"name of the input", func(g *Graph) { g.Populations[1].Name = GraphInput }, ErrGraph},
		{"no name", func(g *Graph) { g.Populations[1].Name = "" }, ErrGraph},
		{"no neurons", func(g *Graph) { g.Populations[1].N = 0 }, ErrGraph},
		{"many neurons", func(g *Graph) { g.Populations[1].N = math.MaxInt }, ErrFit},
		{"no model", func(g *Graph) { g.Populations[1].Neurons = nil }, ErrGraph},
		{"no populations", func(g *Graph) { g.Populations = nil }, ErrGraph},
		{"inputs", func(g *Graph) { g.Inputs = -1 }, ErrGraph},
		{"dt", func(g *Graph) { g.Populations[1].Neurons = fast }, ErrGraph},
		{"Iscale", func(g *Graph) { g.Populations[1].Neurons = loud }, ErrGraph},
		{"LIF", func(g *Graph) { g.Populations[1].Neurons = LIF{} }, dynapse.ErrParameter},
	} {
		g := Graph{
			Populations: []Population{{"a", 1, dynapse.Params{}}, {"b", 1, dynapse.Params{}}},
			Linear:      []Linear{{From: "a", To: "b", Weights: Weights{1, 1, []float64{1}}}},
		}
		if _, _, err := FromGraph(g); err != nil {
			t.Fatal(err)
		}
		test.change(&g)
		if _, _, err := FromGraph(g); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
	}
	if _, err := AsGraph(dynapse.Network{N: 1}, GraphInput, Weights{}); !errors.Is(err, ErrGraph) {
		t.Error(err)
	}
	if _, err := AsGraph(dynapse.Network{N: 2}, "a", one); !errors.Is(err, ErrGraph) {
		t.Error(err)
	}
}

// TestLIF converts LIF neurons whose time constants are the defaults: all currents are the defaults
// then (a few ulp), but those that a LIF neuron does not have.
func TestLIF(t *testing.T) {
	p, err := LIF{TauMem: []float64{20e-3}, TauSyn: []float64{10e-3}, VTh: []float64{10, 20}}.DynapSE(2)
	if err != nil {
		t.Fatal(err)
	}
	full, err := p.Expand(2)
	if err != nil {
		t.Fatal(err)
	}
	for name := range dynapse.Param(dynapse.NumParams) {
		want := [2]float64{name.Default(), name.Default()}
		switch name {
		case dynapse.Idc, dynapse.IfNMDA, dynapse.IwAHP:
			want = [2]float64{}
		case dynapse.Ispkthr:
			want[1] *= 2
		}
		for j, x := range full[name] {
			if math.Abs(x-want[j]) > 4*0x1p-52*want[j] {
				t.Errorf("%v of neuron %d = %v, want %v", name, j, x, want[j])
			}
		}
	}
	tau := []float64{1e-2}
	for name, bad := range map[string]LIF{
		"no time constants": {},
		"length":            {TauMem: tau, TauSyn: []float64{1, 2, 3}},
		"time constant":     {TauMem: tau, TauSyn: []float64{-1}},
		"threshold":         {TauMem: tau, TauSyn: tau, VTh: []float64{0}},
		"negative bias":     {TauMem: tau, TauSyn: tau, Bias: []float64{-1}},
		"pulse":             {TauMem: tau, TauSyn: tau, TPulse: -1},
		"gain":              {TauMem: tau, TauSyn: tau, RGainMem: math.NaN()},
		"dt":                {TauMem: tau, TauSyn: tau, Dt: -1},
	} {
		if _, err := bad.DynapSE(2); !errors.Is(err, dynapse.ErrParameter) {
			t.Errorf("%s: error %v, want ErrParameter", name, err)
		}
	}
}

func TestCores(t *testing.T) {
	n := dynapse.Network{N: 600}
	n.Params[dynapse.Idc] = make([]float64, n.N)
	n.Params[dynapse.Idc][3] = 1e-12 // one that differs
	core, err := Cores(n)
	if err != nil {
		t.Fatal(err)
	}
	var count [MaxCores]int
	for _, c := range core {
		count[c]++
	}
	// 599 equal ones fill two cores and begin a third, besides the core of the one.
	if slices.Sort(count[:]); count[MaxCores-5] != 0 || !slices.Equal(count[MaxCores-4:], []int{1, 87, 256, 256}) {
		t.Errorf("neurons on cores: %v", count)
	}
	if i := slices.Index(core, core[3]); i != 3 || slices.Contains(core[4:], core[3]) {
		t.Errorf("neuron 3 shares core %d", core[3])
	}
	for j := range 17 {
		n.Params[dynapse.Idc][j] = float64(j+1) * 1e-12
	}
	if _, err := Cores(n); !errors.Is(err, ErrFit) {
		t.Errorf("error %v, want ErrFit", err)
	}
	if _, err := Cores(dynapse.Network{N: MaxCores*NeuronsPerCore + 1}); !errors.Is(err, ErrFit) {
		t.Errorf("error %v, want ErrFit", err)
	}
}

func TestSpreadCores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cores := rapid.IntRange(0, MaxCores).Draw(t, "cores")
		n := rapid.IntRange(0, max(cores, 1)*NeuronsPerCore).Draw(t, "neurons")
		core, err := SpreadCores(n, cores)
		if err != nil || len(core) != n {
			t.Fatal(len(core), err)
		}
		used := cores
		if cores == 0 {
			used = max((n+NeuronsPerCore-1)/NeuronsPerCore, 1)
		}
		count := make([]int, used)
		for j, c := range core {
			count[c]++
			if j > 0 && c < core[j-1] {
				t.Fatal("not in order")
			}
		}
		if slices.Max(count) > NeuronsPerCore || slices.Max(count)-slices.Min(count) > 1 {
			t.Fatalf("neurons on cores: %v", count)
		}
	})
	for _, bad := range [][2]int{{257, 1}, {4097, 0}, {1, 17}} {
		if _, err := SpreadCores(bad[0], bad[1]); !errors.Is(err, ErrFit) {
			t.Errorf("%v: error %v, want ErrFit", bad, err)
		}
	}
	if _, err := SpreadCores(-1, 0); !errors.Is(err, dynapse.ErrParameter) {
		t.Error(err)
	}
}

func TestTie(t *testing.T) {
	n := dynapse.Network{N: 4}
	n.Params[dynapse.ItauMem] = []float64{1e-12, 4e-12, 3e-12, 3e-12}
	n.Params[dynapse.Idc] = []float64{0, 1e-12, 0, 0}
	n.Params[dynapse.Iref] = []float64{1e-9}
	tied, changed, err := Tie(n, []int{0, 0, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(tied.Params[dynapse.Idc], tied.Params[dynapse.Iref]), "[5e-13 5e-13 0 0] [1e-09]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// sqrt(1·4) = 2, through a logarithm: 1e-15. The two neurons are a factor of 2 off.
	v := tied.Params[dynapse.ItauMem]
	if math.Abs(v[0]-2e-12) > 1e-15*2e-12 || v[1] != v[0] || v[2] != 3e-12 || v[3] != 3e-12 {
		t.Errorf("Itau_mem %v", v)
	}
	if len(changed) != 2 || changed[0].Param != dynapse.Idc || !math.IsInf(changed[0].Spread, 1) ||
		changed[1].Param != dynapse.ItauMem || changed[1].Core != 0 || math.Abs(changed[1].Spread-1) > 1e-14 {
		t.Errorf("changed: %+v", changed)
	}
	for _, core := range [][]int{{0}, {0, 0, 0, -1}, {0, 0, 0, 16}} {
		if _, _, err := Tie(n, core); !errors.Is(err, dynapse.ErrParameter) {
			t.Errorf("%v: error %v, want ErrParameter", core, err)
		}
	}
}
