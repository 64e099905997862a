package fit

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Size of a recording: 300 ms in each of two rows.
const (
	steps = 300
	rows  = 2
)

// Problem is an experiment whose answer is known.
type Problem struct {
	Seed uint64
	// Experiment is a recording of imem and spikes of Truth, without noise, and a start for each
	// fitted current of 0.1 to 10 times the true one, or at its bound.
	Experiment fit.Experiment
	Truth      dynapse.Network
}

// Current is a fitted current: one value for the neurons of a core.
type Current struct {
	Name    string // as in the results of a fit
	Param   dynapse.Param
	Neurons []int
}

// Draw returns the problem of a seed. All numbers are drawn anew until every neuron fires at 7 to
// 100 Hz. Uniform in the logarithm are
//
//	tau_mem              5 .. 50 ms        Igain_mem/Itau_mem   1 .. 8
//	tau_syn              3 .. 30 ms        Igain_syn/Itau_syn   30 .. 300
//	Ispkthr              20 .. 500 nA      t_ref                1.2 .. 8 ms
//	rate of the input    20 .. 80 Hz of each neuron, Poisson
//	tau_ahp              30 .. 150 ms      Igain_ahp/Itau_ahp   0.3 .. 3
//	                                       in half of the problems, with a pulse that acts
//	Idc                  1 .. 20 pA        in a quarter
//
// for each core. Networks of several neurons are on two cores in half of the problems, and in a
// quarter they are recurrent, with known weights of -0.3 .. 0.7. Everything else has its default.
func Draw(seed uint64) (Problem, error) { return draw(seed, 4, 10) }

// draw is Draw of networks of so many neurons at most, with a start within a factor of the truth.
func draw(seed uint64, neurons int, near float64) (Problem, error) {
	rng := random.New(seed, "bench/fit")
	between := func(low, high float64) float64 { return low * math.Exp(rng.Float64()*math.Log(high/low)) }
	chance := func(p float64) bool { return rng.Float64() < p }
	const most = 10_000
	for range most {
		n := 1 + rng.IntN(neurons)
		core := make([]int, n)
		if several := chance(0.5); several {
			for j := range core {
				core[j] = j % 2
			}
		}
		cores := slices.Max(core) + 1
		truth := dynapse.Network{N: n}
		var params []dynapse.Param
		set := func(p dynapse.Param, value func() float64) {
			params = append(params, p)
			v := make([]float64, cores)
			for c := range v {
				v[c] = value()
			}
			truth.Params[p] = make([]float64, n)
			for j := range n {
				truth.Params[p][j] = v[core[j]]
			}
		}
		times := func(p, of dynapse.Param, low, high float64) { // Igain over Itau
			set(p, func() float64 { return between(low, high) })
			for j := range n {
				truth.Params[p][j] *= truth.Params[of][j]
			}
		}
		leak := func(c dynapse.Param, low, high float64) func() float64 { // of a time constant in seconds
			kappa := (dynapse.KappaN.Default() + dynapse.KappaP.Default()) / 2
			return func() float64 { return dynapse.Ut.Default() / kappa * c.Default() / between(low, high) }
		}
		set(dynapse.ItauMem, leak(dynapse.CMem, 5e-3, 50e-3))
		times(dynapse.IgainMem, dynapse.ItauMem, 1, 8)
		set(dynapse.ItauSyn, leak(dynapse.CSyn, 3e-3, 30e-3))
		times(dynapse.IgainSyn, dynapse.ItauSyn, 30, 300)
		set(dynapse.Ispkthr, func() float64 { return between(20e-9, 500e-9) })
		set(dynapse.Iref, func() float64 {
			return dynapse.Vth.Default() * dynapse.CRef.Default() / between(1.2e-3, 8e-3)
		})
		if chance(0.5) {
			set(dynapse.ItauAHP, leak(dynapse.CAHP, 30e-3, 150e-3))
			times(dynapse.IgainAHP, dynapse.ItauAHP, 0.3, 3)
			truth.Params[dynapse.IpulseAHP], truth.Params[dynapse.IwAHP] = []float64{3.5e-9}, []float64{2e-9}
		}
		if chance(0.25) {
			set(dynapse.Idc, func() float64 { return between(1e-12, 20e-12) })
		}
		if n > 1 && chance(0.25) {
			truth.WRec = make([]float64, n*n)
			for i := range truth.WRec {
				if i/n != i%n {
					truth.WRec[i] = rng.Float64() - 0.3
				}
			}
		}
		r := fit.Recording{Name: "recording", T: steps, B: rows, Input: make([]float64, steps*rows*n)}
		rates := make([]float64, n)
		for j := range rates {
			rates[j] = between(20, 80)
		}
		for i := range r.Input {
			if chance(rates[i%n] * dynapse.Dt.Default()) {
				r.Input[i] = 1
			}
		}
		run, err := truth.Simulate(dynapse.Input{T: steps, B: rows, Counts: r.Input})
		if err != nil {
			return Problem{}, fmt.Errorf("bench: problem %d: %w", seed, err)
		}
		seconds := steps * rows * dynapse.Dt.Default()
		if c := counts(run.Spikes, n); slices.Min(c) < 7*seconds || slices.Max(c) > 100*seconds {
			continue
		}
		r.Target[fit.Imem], r.Target[fit.Spikes] = run.Imem, run.Spikes
		r.Use[fit.Imem], r.Use[fit.Spikes] = true, true
		p := Problem{seed, fit.Experiment{Space: fit.Space{Network: truth, Core: core, Params: params}, Recordings: []fit.Recording{r}}, truth}
		for _, c := range p.Currents() {
			factor := math.Pow(near, 2*rng.Float64()-1)
			p.Experiment.Space.Network = scaled(p.Experiment.Space.Network, c, factor)
		}
		return p, nil
	}
	return Problem{}, fmt.Errorf("bench: problem %d: none of %d networks spikes as it should", seed, most)
}

// Currents returns the fitted currents.
func (p Problem) Currents() (list []Current) {
	s := p.Experiment.Space
	cores := slices.Compact(slices.Sorted(slices.Values(s.Core)))
	for _, q := range s.Params {
		for _, core := range cores {
			c := Current{Name: q.String(), Param: q}
			if len(cores) > 1 {
				c.Name = fmt.Sprintf("%v[%d]", q, core)
			}
			for j, of := range s.Core {
				if of == core {
					c.Neurons = append(c.Neurons, j)
				}
			}
			list = append(list, c)
		}
	}
	return list
}

// simulate runs a network on the input of the recording.
func (p Problem) simulate(n dynapse.Network) (*dynapse.Run, error) {
	return n.Simulate(dynapse.Input{T: steps, B: rows, Counts: p.Experiment.Recordings[0].Input})
}

// Effect returns by how much imem of the true network changes where a current does by +-1 %, as the
// larger root mean square of the difference of ln Imem.
func (p Problem) Effect(c Current) (float64, error) {
	most := 0.0
	if len(p.Experiment.Recordings) == 0 || len(p.Experiment.Recordings[0].Target[fit.Imem]) != steps*rows*p.Truth.N {
		return 0, fmt.Errorf("bench: a problem without its recording, want one of Draw")
	}
	if int(c.Param) >= dynapse.NumParams || slices.ContainsFunc(c.Neurons, func(j int) bool { return j < 0 || j >= len(p.Truth.Params[c.Param]) }) {
		return 0, fmt.Errorf("bench: the network has no current %v of the neurons %v", c.Param, c.Neurons)
	}
	for _, factor := range []float64{1.01, 0.99} {
		run, err := p.simulate(scaled(p.Truth, c, factor))
		if err != nil {
			return 0, err
		}
		sum := 0.0
		for i, x := range run.Imem {
			d := math.Log(x / p.Experiment.Recordings[0].Target[fit.Imem][i])
			sum += float64(d * d)
		}
		most = max(most, math.Sqrt(sum/float64(len(run.Imem))))
	}
	return most, nil
}

// scaled returns the network with one current times a factor.
func scaled(n dynapse.Network, c Current, factor float64) dynapse.Network {
	n.Params[c.Param] = slices.Clone(n.Params[c.Param])
	for _, j := range c.Neurons {
		n.Params[c.Param][j] *= factor
	}
	return n
}

// counts returns the number of spikes of each neuron.
func counts(spikes []float64, n int) []float64 {
	c := make([]float64, n)
	for i, s := range spikes {
		c[i%n] += s
	}
	return c
}
