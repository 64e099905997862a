package dynapse

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

// typed is a working point at which all four types act: AHP too, the NMDA gate half open in the
// middle of the membrane's range, and shunts of the size of the leak.
func typed() Params {
	p := adapting()
	p[IfNMDA] = []float64{5e-11}
	p[IgainSHUNT] = []float64{4e-11}
	p[IgainGABA] = []float64{1e-9}
	return p
}

// onAMPA turns weights or input of one synapse into those of four of which the others are idle.
func onAMPA(x []float64) []float64 {
	y := make([]float64, 4*len(x))
	for i, v := range x {
		y[4*i] = v
	}
	return y
}

// TestIdleTypes: a network of four types that only AMPA is used of is the one of one synapse bit
// for bit, in its traces and, without recurrence, its gradients by every rule. In a recurrent one
// the adjoint of a spike is a sum over four times as many weights, in another order: 1e-12 of the
// largest, for 1e-16 in each of 80 steps.
func TestIdleTypes(t *testing.T) {
	for i, s := range []Settings{{}, {Rule: SurgeS}, {Rule: SurgeT}, {Rule: Rockpool}, {Rule: SurgeS, Twin: true}, {Rule: SurgeS, Float32: true}} {
		rng := rand.New(rand.NewPCG(uint64(i), 21))
		w := newWorkload(rng, 4, 80, 3, around(rng, 4, 1.3, adapting()), i%2 == 0)
		w.net.Settings = s
		_, one := w.run(t, w.net, w.input, State{})
		net := w.net
		net.FourSynapses = true
		if net.WRec != nil {
			net.WRec = onAMPA(net.WRec)
		}
		four, err := net.Simulate(Input{T: w.t, B: w.b, Counts: onAMPA(w.input)})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Max(four.Igaba) != 0 || slices.Max(four.Inmda) != 0 || slices.Max(four.Ishunt) != 0 {
			t.Errorf("case %d: idle synapses carry current", i)
		}
		idle := four.Records
		idle.Igaba, idle.Inmda, idle.Ishunt = nil, nil, nil
		if !reflect.DeepEqual(idle, one.Records) {
			t.Errorf("case %d: the traces differ", i)
		}
		c := w.cotangents()
		g1, err := one.Gradient(c)
		if err != nil {
			t.Fatal(err)
		}
		g4, err := four.Gradient(c)
		if err != nil {
			t.Fatal(err)
		}
		limit := 0.0
		if net.WRec != nil {
			limit = 1e-12
		}
		check := func(name string, got, want []float64) {
			if e := worst(got, want); !(e <= limit) {
				t.Errorf("case %d: d/d%s differs by %v of the largest", i, name, e)
			}
		}
		ofAMPA := func(x []float64) (y []float64) {
			for j := 0; j < len(x); j += 4 {
				y = append(y, x[j])
			}
			return y
		}
		for p := range Param(NumSingle) {
			check(p.String(), g4.Params[p], g1.Params[p])
		}
		check("input", ofAMPA(g4.Input), g1.Input)
		check("w_rec", ofAMPA(g4.WRec), g1.WRec)
		if e := g4.Effect(IfNMDA); e != Inactive {
			t.Errorf("case %d: If_nmda without NMDA: %v", i, e)
		}
	}
}

// typedStep is a step of one neuron of four types as the equations are written down, in amperes,
// volts and seconds.
type typedStep struct {
	isyn                            [4]float64 // AMPA, GABA, NMDA, SHUNT
	iahp, imem, vmem, spikes, timer float64
}

func (s *typedStep) step(v func(Param) float64, w [4]float64) {
	u := v(Ut) / ((v(KappaN) + v(KappaP)) / 2)
	kappa := v(Ut) / u
	pulse := v(Vth) * v(CPulse) / v(Ipulse)
	gains, leaks, caps := [4]Param{IgainSyn, IgainGABA, IgainNMDA, IgainSHUNT}, [4]Param{ItauSyn, ItauGABA, ItauNMDA, ItauSHUNT}, [4]Param{CSyn, CGABA, CNMDA, CSHUNT}
	for i := range s.isyn {
		tau := u * v(caps[i]) / v(leaks[i])
		dark := 0.0
		if i == 0 {
			dark = v(Io)
		}
		target := max(v(gains[i])/v(leaks[i])*v(Iscale)*w[i], dark)
		s.isyn[i] = math.Exp(-v(Dt)/tau)*s.isyn[i] - math.Expm1(-pulse/tau)*target
	}
	tau := u * v(CAHP) / v(ItauAHP)
	jump := -math.Expm1(-v(Vth)*v(CPulseAHP)/v(IpulseAHP)/tau) * v(IgainAHP) / v(ItauAHP) * v(IwAHP) * s.spikes
	s.iahp = max(math.Exp(-v(Dt)/tau)*s.iahp+jump, v(Io))
	leak := v(ItauMem) + s.iahp + s.isyn[3]
	in := s.isyn[0] + s.isyn[2]/(1+v(IfNMDA)/s.imem) - s.isyn[1] - leak + v(Idc)
	if s.timer > 0 {
		in = 0
	}
	in = max(in, v(Io))
	f := v(Io) / leak * math.Exp(kappa*kappa/(kappa+1)*s.vmem/v(Ut)) * (s.imem + v(IgainMem))
	rise := v(IgainMem)/v(ItauMem)*(in-leak) + f - s.imem*leak/v(ItauMem)
	s.imem = max(s.imem+v(Dt)*s.imem/(u*v(CMem)/leak*(s.imem+v(IgainMem)))*rise, v(Io))
	s.vmem = u * math.Log(s.imem/v(Io))
	s.spikes = max(math.Ceil(math.Log(s.imem/v(Ispkthr))), 0)
	if s.timer -= v(Dt); s.timer <= 1e-9*v(Dt) {
		s.timer = 0
	}
	if s.spikes > 0 {
		s.imem, s.timer = v(Io), v(Vth)*v(CRef)/v(Iref)
	}
}

// TestTypedEquations compares with the equations as they are written down. 1e-8 of each value:
// rounding, 1e-16, amplified over 150 steps by the positive feedback.
func TestTypedEquations(t *testing.T) {
	const steps = 150
	spikes := 0.0
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 22))
		w := newTypedWorkload(rng, 1, steps, 1, spreadOut(rng, 1, 1.5, typed(), true), true, true)
		w.input = poisson(rng, 4*steps, 0.3, 0.5)
		for i := range steps { // excitation outweighs
			w.input[4*i] *= 6
		}
		_, r := w.run(t, w.net, w.input, State{})
		v := func(p Param) float64 {
			if l := w.net.Params[p]; len(l) > 0 {
				return l[0]
			}
			return p.Default()
		}
		s := typedStep{iahp: v(Io), imem: v(Io)}
		s.isyn[0] = v(Io)
		for i := range steps {
			in := [4]float64(w.input[4*i:])
			for d := range in {
				in[d] += s.spikes * w.net.WRec[d]
			}
			s.step(v, in)
			for name, x := range map[string][2]float64{
				"iampa": {r.Isyn[i], s.isyn[0]}, "igaba": {r.Igaba[i], s.isyn[1]}, "inmda": {r.Inmda[i], s.isyn[2]}, "ishunt": {r.Ishunt[i], s.isyn[3]},
				"iahp": {r.Iahp[i], s.iahp}, "imem": {r.Imem[i], s.imem}, "vmem": {r.Vmem[i], s.vmem}, "spikes": {r.Spikes[i], s.spikes},
			} {
				if !(math.Abs(x[0]-x[1]) <= 1e-8*math.Abs(x[1])) {
					t.Fatalf("seed %d: %s[%d] = %v, want %v", seed, name, i, x[0], x[1])
				}
			}
		}
		for _, x := range r.Spikes {
			spikes += x
		}
	}
	if spikes < 10 {
		t.Errorf("%v spikes", spikes)
	}
}

// TestTypedTwinIsExact is TestTwinIsExact with four types: 1e-5 of the largest entry, finite
// differences with steps of 1e-5 have errors of 1e-8 (with 1e-4 some of 1e-4, at points of strong
// curvature: shunts add to the leak that is small at rest).
func TestTypedTwinIsExact(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 23))
		w := newTypedWorkload(rng, 2, 40, 2, spreadOut(rng, 2, 1.3, typed(), true), seed%2 == 1, true)
		w.net.Rule, w.net.Twin, w.h = SurgeS, true, 1e-5
		if seed == 3 {
			w.net.Substeps = 2
		}
		if e, name := w.compare(t); !(e <= 1e-5) {
			t.Errorf("seed %d: d/d %s is off by %v", seed, name, e)
		}
		_, r := w.run(t, w.net, w.input, State{})
		g, err := r.Gradient(w.cotangents())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []Param{IfNMDA, IgainGABA, IgainNMDA, IgainSHUNT, ItauGABA, ItauNMDA, ItauSHUNT, CGABA, CNMDA, CSHUNT} {
			if g.Effect(p) != Active {
				t.Errorf("seed %d: %v is %v", seed, p, g.Effect(p))
			}
		}
	}
}

// TestTypedForced: with recorded spikes, in bins of one step or several, gradients are those of the
// model itself.
func TestTypedForced(t *testing.T) {
	for _, substeps := range []int{1, 3} {
		for _, four := range []bool{false, true} {
			rng := rand.New(rand.NewPCG(5, 24))
			w := newTypedWorkload(rng, 2, 50, 2, spreadOut(rng, 2, 1.2, typed(), four), true, four)
			for i := range w.net.Params[IfNMDA] { // acts in one of the two only
				if !four {
					w.net.Params[IfNMDA][i] = IfNMDA.Default()
				}
			}
			w.net.Substeps = substeps
			_, r := w.run(t, w.net, w.input, State{})
			w.forced = r.Spikes
			if n := slices.Max(r.Spikes); n == 0 {
				t.Fatal("no spikes")
			}
			w.net.Params[ItauMem], w.net.Params[Iref] = []float64{4.3e-12}, []float64{4.3e-10} // t_ref is no multiple of a step
			_, r = w.run(t, w.net, w.input, State{})
			if !slices.Equal(r.Spikes, w.forced) {
				t.Errorf("%d substeps: the spikes are not those that are forced", substeps)
			}
			for i, s := range r.Spikes {
				if s > 0 && math.Abs(r.Imem[i]-5e-13) > 1e-27 {
					t.Errorf("%d substeps: bin %d has a spike and ends with Imem = %v, want Io", substeps, i, r.Imem[i])
				}
			}
			if e, name := w.compare(t); !(e <= 1e-7) {
				t.Errorf("%d substeps, four types %v: d/d %s is off by %v", substeps, four, name, e)
			}
		}
	}
}

// TestTypedState compares derivatives with respect to initial currents of the types with finite
// differences, on the twin.
func TestTypedState(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 25))
	w := newTypedWorkload(rng, 2, 15, 1, typed(), true, true)
	w.net.Rule, w.net.Twin = SurgeS, true
	w.initial = State{Igaba: []float64{1e-11, 3e-11}, Inmda: []float64{2e-10, 5e-10}, Ishunt: []float64{1e-12, 4e-12}}
	_, r := w.run(t, w.net, w.input, w.initial)
	g, err := r.Gradient(w.cotangents())
	if err != nil {
		t.Fatal(err)
	}
	lists := func(s *State) []*[]float64 { return []*[]float64{&s.Igaba, &s.Inmda, &s.Ishunt} }
	for l := range lists(&g.State) {
		for i := range 2 {
			want := difference(func(h float64) float64 {
				s := w.initial
				v := lists(&s)[l]
				*v = slices.Clone(*v)
				(*v)[i] *= 1 + h
				loss, _ := w.run(t, w.net, w.input, s)
				return loss
			}, 1e-4)
			got := (*lists(&g.State)[l])[i] * (*lists(&w.initial)[l])[i]
			if math.Abs(got-want) > 1e-6*max(math.Abs(want), 1e-2) {
				t.Errorf("state %d[%d]: %v, want %v", l, i, got, want)
			}
		}
	}
	if e, name := w.compare(t); !(e <= 1e-5) {
		t.Errorf("d/d %s is off by %v", name, e)
	}
}

// TestTypedLayer: the layer of four types in a graph is the network, by kernel and by Gorgonia's
// operations; 1e-10 as in TestEngines.
func TestTypedLayer(t *testing.T) {
	for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		rng := rand.New(rand.NewPCG(4, 26))
		w := newTypedWorkload(rng, 3, 25, 2, typed(), true, true)
		w.net.Rule = SurgeS
		w.input = poisson(rng, len(w.input), 0.4, 1)
		for i := 0; i < len(w.input); i += 4 { // excitation outweighs
			w.input[i] *= 8
		}
		_, r := w.run(t, w.net, w.input, State{})
		g, err := r.Gradient(w.cotangents())
		if err != nil {
			t.Fatal(err)
		}
		l := Neurons{Params: w.net.Params, FourSynapses: true, Recurrent: true, Rule: SurgeS, Learn: []Param{IfNMDA, ItauGABA, IgainSHUNT, ItauSyn, Ut}}
		l.RecInit = func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, w.net.WRec) }
		p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, Engine: engine}, func(b *graph.Builder) {
			y := l.Apply(b, "chip", b.Param("x", func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, w.input) }, w.t, w.b, 12))
			var loss *G.Node
			for i, n := range []*G.Node{y.Spikes, y.LnImem, y.Vmem(b), y.Isyn(b), y.Iahp(b), y.Igaba(b), y.Inmda(b), y.Ishunt(b)} {
				part := b.Check(G.Sum(b.Check(G.HadamardProd(n, b.Const("w"+Param(i).String(), w.weights[i], w.t, w.b, 3)))))
				if loss == nil {
					loss = part
				} else {
					loss = b.Check(G.Add(loss, part))
				}
			}
			b.Output("imem", y.Imem(b))
			b.Output("inmda", y.Inmda(b))
			b.Loss(loss)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		check := func(name string, got, want []float64) {
			if e := worst(got, want); !(e <= 1e-10) {
				t.Errorf("%v: %s differs by %v", engine, name, e)
			}
		}
		check("imem", p.Output("imem").Float64s(), r.Imem)
		check("inmda", p.Output("inmda").Float64s(), r.Inmda)
		for _, q := range l.Learn {
			check(q.String(), p.Grad("chip/log_"+q.String()).Float64s(), g.Log(q))
		}
		check("w_rec", p.Grad("chip/w_rec").Float64s(), g.WRec)
		check("input", p.Grad("x").Float64s(), g.Input)
		if slices.Max(r.Spikes) == 0 {
			t.Error("no spikes")
		}
		p.Close()
	}
}

// TestTypedErrors: what is wrong with four types, or without them, is said.
func TestTypedErrors(t *testing.T) {
	four, one := Network{N: 3, FourSynapses: true}, Network{N: 3}
	for want, try := range map[string]func() error{
		"input has 6 elements, want 24": func() error { _, err := four.Simulate(Input{T: 2, B: 1, Counts: make([]float64, 6)}); return err },
		"w_rec has 9 elements, want 36": func() error {
			n := four
			n.WRec = make([]float64, 9)
			_, err := n.Simulate(Input{T: 2, B: 1, Counts: make([]float64, 24)})
			return err
		},
		"without FourSynapses": func() error {
			_, err := one.Simulate(Input{T: 2, B: 1, Counts: make([]float64, 6), Initial: State{Inmda: make([]float64, 3)}})
			return err
		},
		"cotangent of inmda without FourSynapses": func() error {
			r, err := one.Simulate(Input{T: 2, B: 1, Counts: make([]float64, 6)})
			if err != nil {
				return err
			}
			_, err = r.Gradient(Cotangents{Records: Records{Inmda: make([]float64, 6)}})
			return err
		},
		"Itau_gaba without FourSynapses has no effect": func() error {
			_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
				b.Loss(b.Check(G.Sum(Neurons{Params: Params{ItauGABA: {1e-11}}}.Apply(b, "chip", b.Input("x", 2, 1, 3)).Spikes)))
			})
			return err
		},
		"want [T, B, 4N] for four synapse types": func() error {
			_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
				b.Loss(b.Check(G.Sum(Neurons{FourSynapses: true}.Apply(b, "chip", b.Input("x", 2, 1, 3)).Spikes)))
			})
			return err
		},
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
