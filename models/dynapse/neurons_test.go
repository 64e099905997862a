package dynapse

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// TestLayerIsNetwork: the layer in a graph gives the records of the network, and its gradients with
// respect to the logarithms of the currents, by every rule. 1e-12: the logarithm of a current and
// back costs 1e-15.
func TestLayerIsNetwork(t *testing.T) {
	for _, rule := range []Rule{Surge, SurgeS, SurgeT, Rockpool, SurgeMixed} {
		for _, substeps := range []int{1, 3} {
			rng := rand.New(rand.NewPCG(4, 4))
			w := newWorkload(rng, 4, 60, 2, adapting(), true)
			w.net.Params[ItauMem] = []float64{4e-12, 5e-12, 6e-12, 7e-12} // per neuron
			cores := []float64{2e-11, 3e-11}
			core := []int{1, 0, 0, 1}
			var err error
			if w.net.Params[IgainMem], err = PerCore(cores, core); err != nil {
				t.Fatal(err)
			}
			w.net.Rule, w.net.Substeps = rule, substeps
			_, r := w.run(t, w.net, w.input, State{})
			c := w.cotangents()
			g, err := r.Gradient(c)
			if err != nil {
				t.Fatal(err)
			}

			l := Neurons{Params: w.net.Params, Learn: []Param{ItauMem, IgainMem, Iref, Ut}, Core: core, Recurrent: true, Substeps: substeps, Rule: rule}
			l.Params[IgainMem] = cores
			l.RecInit = func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, w.net.WRec) }
			p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64}, func(b *graph.Builder) {
				y := l.Apply(b, "chip", b.Param("x", func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, w.input) }, w.t, w.b, 4))
				var loss *G.Node
				for i, n := range []*G.Node{y.Spikes, y.LnImem, y.Vmem(b), y.Isyn(b), y.Iahp(b)} {
					part := b.Check(G.Sum(b.Check(G.HadamardProd(n, b.Const("w"+Param(i).String(), w.weights[i], w.t, w.b, 4)))))
					if loss == nil {
						loss = part
					} else {
						loss = b.Check(G.Add(loss, part))
					}
				}
				b.Output("spikes", y.Spikes)
				b.Output("imem", y.Imem(b))
				b.Loss(loss)
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			check := func(name string, got, want []float64) {
				if e := worst(got, want); !(e <= 1e-12) {
					t.Errorf("%v, %d substeps: %s differs by %v", rule, substeps, name, e)
				}
			}
			check("spikes", p.Output("spikes").Float64s(), r.Spikes)
			check("imem", p.Output("imem").Float64s(), r.Imem)
			check("Itau_mem", p.Grad("chip/log_Itau_mem").Float64s(), g.Log(ItauMem))
			perCore := make([]float64, 2)
			for j, d := range g.Log(IgainMem) {
				perCore[core[j]] += d
			}
			check("Igain_mem", p.Grad("chip/log_Igain_mem").Float64s(), perCore)
			if rule != Rockpool {
				check("Iref", p.Grad("chip/log_Iref").Float64s(), g.Log(Iref))
			}
			check("w_rec", p.Grad("chip/w_rec").Float64s(), g.WRec)
			check("input", p.Grad("x").Float64s(), g.Input)
			p.Close()
		}
	}
}

// TestSubsteps: with more steps per bin the Euler method fires more, towards a limit; gradients on
// the twin stay exact.
func TestSubsteps(t *testing.T) {
	f := readTruth(t, "def")
	count := map[int]float64{}
	for _, k := range []int{1, 2, 5, 20} {
		f.net.Substeps = k
		r, err := f.net.Simulate(Input{T: f.T, B: f.Batch, Counts: f.input})
		if err != nil {
			t.Fatal(err)
		}
		count[k], _ = f.loss("count", r)
	}
	t.Log(count)
	// At other rates of the input, steps of 1 ms were recorded to lose 9 to 13 % of the spikes.
	if loss := 1 - count[1]/count[20]; !(count[1] < count[2] && count[2] < count[5] && count[5] < count[20] && loss > 0.05 && loss < 0.2) {
		t.Errorf("spikes by substeps: %v", count)
	}

	rng := rand.New(rand.NewPCG(6, 6))
	w := newWorkload(rng, 2, 30, 2, around(rng, 2, 1.5, Params{}), true)
	w.net.Rule, w.net.Twin, w.net.Substeps = SurgeS, true, 3
	if e, name := w.compare(t); !(e <= 1e-5) {
		t.Errorf("d/d %s is off by %v", name, e)
	}
}

// TestErrors: what is wrong is said with names and numbers.
func TestErrors(t *testing.T) {
	for want, n := range map[string]Network{
		"Itau_mem has 2 values, want 1 or 3":                                     {N: 3, Params: Params{ItauMem: {1, 2}}},
		"neuron 1: dynapse: bad parameter: Iref = 0 A, want a finite number > 0": {N: 3, Params: Params{Iref: {1, 0, 1}}},
		"w_rec has 4 elements, want 9":                                           {N: 3, WRec: make([]float64, 4)},
		"MaxSpikes = -1":                                                         {N: 3, MaxSpikes: -1},
		"-2 substeps":                                                            {N: 3, Substeps: -2},
		"there is none of surge-T":                                               {N: 3, Settings: Settings{Twin: true, Rule: SurgeT}},
		"Width = NaN":                                                            {N: 3, Settings: Settings{Width: math.NaN()}},
	} {
		if _, err := n.Simulate(Input{T: 2, B: 1, Counts: make([]float64, 6)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	n := Network{N: 3}
	for want, try := range map[string]func() error{
		"input has 5 elements, want 6": func() error { _, err := n.Simulate(Input{T: 2, B: 1, Counts: make([]float64, 5)}); return err },
		"state imem[1] = 0": func() error {
			_, err := n.Simulate(Input{T: 2, B: 1, Counts: make([]float64, 6), Initial: State{Imem: []float64{1, 0, 1}}})
			return err
		},
		"forced spikes[3] = -1": func() error {
			_, err := n.Simulate(Input{T: 2, B: 1, Counts: make([]float64, 6), Forced: []float64{0, 0, 0, -1, 0, 0}})
			return err
		},
		"core 2, but there are values for 2": func() error { _, err := PerCore(make([]float64, 2), []int{0, 2}); return err },
		"Iref = 0 cannot be learned":         nil,
	} {
		if try == nil {
			continue
		}
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for want, l := range map[string]Neurons{
		"Idc = 0 cannot be learned":                      {Params: Params{Idc: {0}}, Learn: []Param{Idc}},
		"Core[0] = 0 in a list of 2":                     {Core: []int{0, 1}},
		"the time step is that of":                       {Params: Params{Dt: {1e-3}}},
		"RecMask without Recurrent":                      {RecMask: make([]float64, 9)},
		"dt cannot be learned":                           {Learn: []Param{Dt}},
		"Ut has 2 values, want 1, 1, one per core, or 3": {Params: Params{Ut: {1, 2}}},
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
			b.Loss(b.Check(G.Sum(l.Apply(b, "chip", b.Input("x", 2, 1, 3)).Spikes)))
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	_, err := graph.Build(graph.NewParams(1), graph.Settings{Engine: graph.UnrolledEngine}, func(b *graph.Builder) {
		b.Loss(b.Check(ops.Affine(b.Check(G.Sum(Neurons{Learn: []Param{ItauMem}}.Apply(b, "chip", b.Input("x", 2, 1, 3)).Spikes)), 1, 0)))
	})
	if err == nil || !strings.Contains(err.Error(), "rule surge-mixed has a kernel only") {
		t.Error(err)
	}
}
