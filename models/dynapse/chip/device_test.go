package chip

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/models/dynapse"
)

// drawDeployed draws a network, quantises it to what can be set, and lays it out.
func drawDeployed(t *rapid.T) (dynapse.Network, *Quantised, *Device) {
	in, rec, core := drawNetwork(t)
	n := dynapse.Network{N: len(core), Params: drawParams(t, len(core), dynapse.Idc, dynapse.ItauMem, dynapse.Ispkthr, dynapse.Iref)}
	if rapid.Bool().Draw(t, "some cores elsewhere") {
		for j := range core {
			core[j] = core[j]*5 + 1 // on other chips
		}
	}
	n, _, err := Tie(n, core)
	if err != nil {
		t.Fatal(err)
	}
	q, err := Quantise(in, rec, core, QuantiseSettings{Starts: 5, DAC: true})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Deploy(n, q, DeploySettings{Unmonitored: rapid.Bool().Draw(t, "unmonitored")})
	if err != nil {
		t.Fatal(err)
	}
	return n, q, d
}

// TestDeviceRoundTrip lays random networks out, writes and reads the file, and gets the network
// back: the weights exactly (its base currents can be set), each current as the nearest that can be
// set.
func TestDeviceRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, q, d := drawDeployed(t)
		var file bytes.Buffer
		if err := d.Write(&file); err != nil {
			t.Fatal(err)
		}
		read, err := ReadDevice(bytes.NewReader(file.Bytes()))
		if err != nil || !reflect.DeepEqual(d, read) {
			t.Fatalf("%v\nwritten %+v\nread    %+v", err, d, read)
		}
		got, gotIn, err := read.Network()
		if err != nil {
			t.Fatal(err)
		}
		wantIn, wantRec := q.Weights()
		if !slices.Equal(gotIn.W, wantIn.W) || gotIn.Pre != wantIn.Pre {
			t.Fatalf("w_in\ngot  %v\nwant %v", gotIn, wantIn)
		}
		if got.WRec == nil {
			got.WRec = make([]float64, len(wantRec.W))
		}
		if len(wantRec.W) > 0 && !slices.Equal(got.WRec, wantRec.W) {
			t.Fatalf("w_rec\ngot  %v\nwant %v", got.WRec, wantRec)
		}
		full, err := n.Params.Expand(n.N)
		if err != nil {
			t.Fatal(err)
		}
		for p := range dynapse.Param(dynapse.NumCurrents) {
			name, err := DeviceParameter(p.String())
			if err != nil {
				t.Fatal(err)
			}
			bias, err := BiasOf(name)
			if err != nil {
				t.Fatal(err)
			}
			for j, wanted := range full[p] {
				want, err := bias.Lookup(wanted)
				if err != nil {
					t.Fatal(err)
				}
				if p == dynapse.Idc && wanted == 0 || p == dynapse.IwAHP && wanted <= full[dynapse.Io][j] { // switched off
					want.Current = 0
				}
				if got.Params[p][j] != want.Current {
					t.Fatalf("%v of neuron %d: %v, want %v", p, j, got.Params[p][j], want.Current)
				}
			}
		}
	})
}

// coded returns neurons at the defaults with the given codes, on the given cores.
func coded(in, rec Codes, core []int) (dynapse.Network, *Quantised) {
	q := &Quantised{In: in, Rec: rec, Core: core, Iscale: dynapse.Iscale.Default()}
	for range slices.Max(core) + 1 {
		q.Bases = append(q.Bases, BaseCurrents{1e-9, 2e-9, 4e-9, 8e-9})
	}
	return dynapse.Network{N: len(core)}, q
}

// dense returns codes with all weights of code 1.
func dense(pre, post int) Codes {
	c := Codes{pre, post, make([]uint8, pre*post), make([]int8, pre*post)}
	for i := range c.Code {
		c.Code[i], c.Sign[i] = 1, 1
	}
	return c
}

// TestDeployByHand has one input into neurons on chips 0 and 2, and a connection from the first to
// the second, written out.
func TestDeployByHand(t *testing.T) {
	in := Codes{1, 2, []uint8{5, 15}, []int8{1, -1}}
	rec := Codes{2, 2, []uint8{0, 8, 0, 0}, []int8{0, 1, 0, 0}}
	n, q := coded(in, rec, []int{3, 9})
	d, err := Deploy(n, q, DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	out := func(id int) Destination { return Destination{[4]bool{true, true, true, true}, -7, -7, id} }
	want := []Cell{
		{
			Neuron: 0, ID: 0, DC: true, Type: Thresholded,
			Synapses:     []Synapse{{0, 5, AMPA}},
			Destinations: []Destination{out(0), {[4]bool{1: true}, 2, 0, 1}}, // tag 0 is that of the input at core 9
		},
		{
			Neuron: 0, ID: 1, DC: true, Type: Thresholded,
			Synapses:     []Synapse{{0, 15, GABA}, {1, 8, AMPA}},
			Destinations: []Destination{out(1)},
		},
	}
	for i, place := range [][2]int{{0, 3}, {2, 1}} {
		chip := d.Chips[i]
		if chip.Chip != place[0] || chip.X != place[0]+1 || chip.Y != 0 || len(chip.Cores) != 1 || chip.Cores[0].Core != place[1] {
			t.Fatalf("neuron %d is not on chip %d core %d: %+v", i, place[0], place[1], chip)
		}
		if !reflect.DeepEqual(chip.Cores[0].Neurons, []Cell{want[i]}) {
			t.Errorf("neuron %d\ngot  %+v\nwant %+v", i, chip.Cores[0].Neurons, want[i])
		}
		// Iw_2 = 4 nA, and the four leak currents of the synapses.
		p := chip.Cores[0].Parameters
		if len(p) != len(ChipCurrents()) || p["SYAM_W2_P"].Wanted != 4e-9 {
			t.Errorf("parameters %+v", p)
		}
		for _, name := range []string{"DEAM_ETAU_P", "DEGA_ITAU_P", "DENM_ETAU_P", "DESC_ITAU_P"} {
			if p[name].Wanted != dynapse.ItauSyn.Default() {
				t.Errorf("%s: %+v", name, p[name])
			}
		}
	}
	inputs := []Channel{{0, []Destination{{[4]bool{3: true}, 0, 0, 0}, {[4]bool{1: true}, 2, 0, 0}}}}
	if !reflect.DeepEqual(d.Inputs, inputs) {
		t.Errorf("inputs\ngot  %+v\nwant %+v", d.Inputs, inputs)
	}
}

func TestLimits(t *testing.T) {
	far := []int{0, 4, 8, 12} // four chips
	many := Codes{2049, 64, make([]uint8, 2049*64), make([]int8, 2049*64)}
	for i := range 2049 {
		many.Code[i*64+i%64], many.Sign[i*64+i%64] = 1, -1
	}
	for _, test := range []struct {
		name    string
		in, rec Codes
		core    []int
		param   dynapse.Param
		current float64
		want    []string // in the message; nil: fits
	}{
		{name: "64 synapses", in: dense(64, 1), core: []int{0}},
		{name: "65 synapses", in: dense(65, 1), core: []int{0}, want: []string{"chip 0 core 0 neuron 0 (id 0): 65 synapses, the chip has 64"}},
		{name: "256 neurons", in: dense(1, 256), core: make([]int, 256)},
		{name: "257 neurons", in: dense(1, 257), core: make([]int, 257), want: []string{"chip 0 core 0: 257 neurons, the chip has 256", "neuron 256"}},
		{name: "5 destinations", rec: dense(4, 4), core: far, want: []string{
			"chip 0 core 0 neuron 0 (id 0): 5 destinations, the chip has 4", "chip 3 core 0 neuron 0 (id 3): 5 destinations"}},
		{name: "2049 tags", in: many, core: make([]int, 64), want: []string{"no tag is left for source 2048 of 2049"}},
		{name: "current", in: dense(1, 1), core: []int{0}, param: dynapse.Ispkthr, current: 1e-5, want: []string{"core 0: Ispkthr is 1e-05 A, SOIF_SPKTHR_P reaches 8.53e-07 A"}},
		{name: "the largest current, from its logarithm", in: dense(1, 1), core: []int{0}, param: dynapse.Ispkthr, current: math.Nextafter(8.530485447285605e-07, 1)},
		{name: "two faults", in: dense(65, 1), core: []int{0}, param: dynapse.Iref, current: 1e-5, want: []string{"65 synapses", "Iref is 1e-05 A"}},
	} {
		n, q := coded(test.in, test.rec, test.core)
		if test.current != 0 {
			n.Params[test.param] = []float64{test.current}
		}
		d, err := Deploy(n, q, DeploySettings{})
		if test.want == nil {
			if err != nil || d == nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if !errors.Is(err, ErrFit) || d != nil {
			t.Errorf("%s: error %v, want ErrFit", test.name, err)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not say %q:\n%v", test.name, want, err)
			}
		}
	}
	n, q := coded(Codes{}, dense(4, 4), far)
	if _, err := Deploy(n, q, DeploySettings{Unmonitored: true}); err != nil {
		t.Errorf("4 destinations without monitor: %v", err)
	}
}

// TestTagsAreShared has 1500 inputs for each of two cores: more than there are tags, but not at one
// core.
func TestTagsAreShared(t *testing.T) {
	const each, neurons = 1500, 32
	in := Codes{2 * each, 2 * neurons, make([]uint8, 4*each*neurons), make([]int8, 4*each*neurons)}
	core := make([]int, 2*neurons)
	for j := range core {
		core[j] = j / neurons
	}
	for i := range 2 * each {
		k := i*in.Post + i/each*neurons + i%neurons
		in.Code[k], in.Sign[k] = 1, 1
	}
	n, q := coded(in, Codes{}, core)
	d, err := Deploy(n, q, DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	_, w, err := d.Network()
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range w.W {
		if (x != 0) != (in.Code[i] != 0) {
			t.Fatalf("weight %d is %v, its code is %d", i, x, in.Code[i])
		}
	}
}

func TestDeployErrors(t *testing.T) {
	for name, change := range map[string]func(*dynapse.Network, *Quantised){
		"neurons":          func(n *dynapse.Network, _ *Quantised) { n.N = 3 },
		"no base currents": func(_ *dynapse.Network, q *Quantised) { q.Bases = nil },
		"core":             func(_ *dynapse.Network, q *Quantised) { q.Core[0] = 16 },
		"codes":            func(_ *dynapse.Network, q *Quantised) { q.In.Code = q.In.Code[1:] },
		"w_rec not square": func(_ *dynapse.Network, q *Quantised) { q.Rec = dense(1, 2) },
		"no sign":          func(_ *dynapse.Network, q *Quantised) { q.In.Sign[0] = 0 },
		"NaN":              func(_ *dynapse.Network, q *Quantised) { q.Bases[0][2] = math.NaN() },
		"currents differ":  func(n *dynapse.Network, _ *Quantised) { n.Params[dynapse.Iref] = []float64{1e-9, 2e-9} },
		"current":          func(n *dynapse.Network, _ *Quantised) { n.Params[dynapse.Iref] = []float64{-1} },
	} {
		n, q := coded(dense(1, 2), Codes{}, []int{0, 0})
		change(&n, q)
		if d, err := Deploy(n, q, DeploySettings{}); !errors.Is(err, dynapse.ErrParameter) || d != nil {
			t.Errorf("%s: error %v, want ErrParameter", name, err)
		}
	}
}

func TestDeviations(t *testing.T) {
	n, q := coded(dense(1, 1), Codes{}, []int{0})
	n.Params[dynapse.Idc], n.Params[dynapse.ItauMem] = []float64{0}, []float64{1e-15}
	d, err := Deploy(n, q, DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range d.Deviations(0.2) {
		names = append(names, x.Parameter)
		if b, err := BiasOf(x.Parameter); err != nil || x.Code != (Code{}) { // the smallest current of both types
			t.Errorf("%v: %+v, %v", b, x, err)
		}
	}
	if want := []string{"SOIF_DC_P", "SOIF_LEAK_N"}; !slices.Equal(names, want) {
		t.Errorf("deviations of %v, want %v", names, want)
	}
	if d.Chips[0].Cores[0].Neurons[0].DC {
		t.Error("a constant current of 0 is switched on")
	}
}

// deployed returns a small valid configuration with inputs, recurrence and two chips.
func deployed(t testing.TB) *Device {
	t.Helper()
	n, q := coded(dense(2, 3), dense(3, 3), []int{0, 1, 5})
	q.Rec.Sign[0] = -1
	d, err := Deploy(n, q, DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCheckFindsFaults(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Device)
		want   error
	}{
		"format":            {func(d *Device) { d.Format = "" }, ErrDevice},
		"iscale":            {func(d *Device) { d.Iscale = 0 }, ErrDevice},
		"chip":              {func(d *Device) { d.Chips[0].Chip = 4 }, ErrFit},
		"chip twice":        {func(d *Device) { d.Chips[0].Chip = 1 }, ErrDevice},
		"place twice":       {func(d *Device) { d.Chips[0].X = d.Chips[1].X }, ErrDevice},
		"core":              {func(d *Device) { d.Chips[0].Cores[0].Core = -1 }, ErrDevice},
		"core twice":        {func(d *Device) { d.Chips[0].Cores[0].Core = 1 }, ErrDevice},
		"id twice":          {func(d *Device) { d.Chips[0].Cores[0].Neurons[0].ID = 1 }, ErrDevice},
		"place in the core": {func(d *Device) { d.Chips[0].Cores[0].Neurons[0].Neuron = 256 }, ErrFit},
		"channel twice":     {func(d *Device) { d.Inputs[0].Channel = 1 }, ErrDevice},
		"synapse's tag":     {func(d *Device) { d.Chips[0].Cores[0].Neurons[0].Synapses[0].Tag = 2048 }, ErrFit},
		"weight":            {func(d *Device) { d.Chips[0].Cores[0].Neurons[0].Synapses[0].Weight = 16 }, ErrFit},
		"dendrite":          {func(d *Device) { d.Chips[0].Cores[0].Neurons[0].Synapses[0].Dendrite = "none" }, ErrDevice},
		"destination's tag": {func(d *Device) { d.Inputs[0].Destinations[0].Tag = -1 }, ErrFit},
		"hop":               {func(d *Device) { d.Inputs[0].Destinations[0].YHop = -8 }, ErrFit},
		"parameter":         {func(d *Device) { d.Chips[0].Cores[0].Parameters["SOIF"] = CoreParameter{} }, ErrDevice},
		"current":           {func(d *Device) { d.Chips[0].Cores[0].Parameters["SOIF_DC_P"] = CoreParameter{} }, ErrDevice},
		"coarse": {func(d *Device) {
			d.Chips[0].Cores[0].Parameters["SOIF_DC_P"] = CoreParameter{Setting: Setting{Code: Code{6, 0}}}
		}, ErrDevice},
		"wanted": {func(d *Device) {
			p := d.Chips[0].Cores[0].Parameters["SOIF_DC_P"]
			p.Wanted = math.Inf(1)
			d.Chips[0].Cores[0].Parameters["SOIF_DC_P"] = p
		}, ErrDevice},
	} {
		d := deployed(t)
		if err := d.Check(); err != nil {
			t.Fatal(err)
		}
		test.change(d)
		if err := d.Check(); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
		var file bytes.Buffer
		if err := d.Write(&file); !errors.Is(err, test.want) || file.Len() != 0 {
			t.Errorf("%s: error %v, %d bytes written", name, err, file.Len())
		}
	}
}

func TestNetworkOfDeviceErrors(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Device)
		want   error
	}{
		"format":       {func(d *Device) { d.Format = "" }, ErrDevice},
		"ids":          {func(d *Device) { d.Chips[0].Cores[0].Neurons[0].ID = 7 }, ErrDevice},
		"channels":     {func(d *Device) { d.Inputs[0].Channel = 7 }, ErrDevice},
		"no parameter": {func(d *Device) { delete(d.Chips[0].Cores[0].Parameters, "SYAM_W2_P") }, ErrDevice},
		"no source":    {func(d *Device) { d.Chips[0].Cores[0].Neurons[0].Synapses[0].Tag = 2047 }, ErrDevice},
		"two sources":  {func(d *Device) { d.Inputs[0].Destinations[0].Tag = d.Inputs[1].Destinations[0].Tag }, ErrGraph},
	} {
		d := deployed(t)
		if _, _, err := d.Network(); err != nil {
			t.Fatal(err)
		}
		test.change(d)
		if _, _, err := d.Network(); !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
	}
}

// TestDendritesOfDevice: every synapse becomes a weight of its type, and every type has its
// currents; a configuration of AMPA and GABA alone becomes signed weights of one synapse.
func TestDendritesOfDevice(t *testing.T) {
	d := deployed(t)
	core := &d.Chips[0].Cores[0]
	bias, err := BiasOf("DENM_ETAU_P")
	if err != nil {
		t.Fatal(err)
	}
	nmdaLeak, err := bias.Lookup(4e-11)
	if err != nil {
		t.Fatal(err)
	}
	core.Parameters["DENM_ETAU_P"] = CoreParameter{nmdaLeak, 4e-11}
	one, oneIn, err := d.Network()
	if err != nil {
		t.Fatal(err)
	}
	for _, dendrite := range []Dendrite{AMPA, GABA, NMDA, SHUNT} {
		column := map[Dendrite]int{AMPA: 0, GABA: 1, NMDA: 2, SHUNT: 3}[dendrite]
		for i := range core.Neurons {
			for k := range core.Neurons[i].Synapses {
				core.Neurons[i].Synapses[k].Dendrite = dendrite
			}
		}
		four, in, err := d.FourSynapses()
		if err != nil {
			t.Fatal(err)
		}
		// The neurons of other cores have AMPA and GABA still: look at those of this one.
		for _, cell := range core.Neurons {
			for i := range in.Pre {
				for c := range 4 {
					want := 0.0
					if c == column {
						want = math.Abs(oneIn.W[i*one.N+cell.ID])
					}
					if got := in.W[(i*one.N+cell.ID)*4+c]; got != want {
						t.Errorf("%s: weight of input %d, neuron %d, type %d is %v, want %v", dendrite, i, cell.ID, c, got, want)
					}
				}
			}
			if got := four.Params[dynapse.ItauNMDA][cell.ID]; got != nmdaLeak.Current {
				t.Errorf("Itau_nmda = %v, want %v", got, nmdaLeak.Current)
			}
			if got, want := four.Params[dynapse.IgainSyn][cell.ID], one.Params[dynapse.IgainSyn][cell.ID]; got != want || len(four.Params[dynapse.CNMDA]) != 0 {
				t.Errorf("Igain_syn = %v, want %v", got, want)
			}
		}
		n, _, err := d.Network()
		if want := dendrite == NMDA || dendrite == SHUNT; err != nil || n.FourSynapses != want {
			t.Errorf("%s: four types %v, want %v; %v", dendrite, n.FourSynapses, want, err)
		}
		if _, err := four.Simulate(dynapse.Input{T: 5, B: 1, Counts: make([]float64, 5*4*four.N)}); err != nil {
			t.Error(err)
		}
	}
	if _, err := Deploy(dynapse.Network{N: 1, FourSynapses: true}, nil, DeploySettings{}); !errors.Is(err, dynapse.ErrParameter) {
		t.Errorf("a network of four types is laid out: %v", err)
	}
}

// A faulty configuration names twenty faults and counts the others.
func TestManyFaults(t *testing.T) {
	d := deployed(t)
	cell := &d.Chips[0].Cores[0].Neurons[0]
	for range 50 {
		cell.Synapses = append(cell.Synapses, Synapse{Tag: -1, Dendrite: AMPA})
	}
	err := d.Check()
	if lines := strings.Split(err.Error(), "\n"); len(lines) != mostFaults+1 || lines[mostFaults] != "and 30 more" {
		t.Errorf("%d lines:\n%v", len(lines), err)
	}
}
