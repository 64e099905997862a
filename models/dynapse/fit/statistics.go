package fit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
)

// Statistic is a number that says how a neuron works.
type Statistic uint8

// The statistics. Those of spikes are measured in a simulation; I are the intervals between bins
// with spikes, K of them.
const (
	// Rate is the number of spikes per second, Hz.
	Rate Statistic = iota
	// Adaptation is the adaptation index, from -1 to 1, above 0 where the neuron becomes slower:
	//
	//	A = 1/(K-1) Σ_{i=1}^{K-1} (I[i+1] - I[i]) / (I[i+1] + I[i]),   K >= 2
	//
	// Source: Druckmann et al. 2007, doi:10.3389/neuro.01.1.1.001.2007.
	Adaptation
	// CV is the coefficient of variation of the intervals, their standard deviation (of all K)
	// divided by their mean, K >= 2.
	CV
	// TauMem is the time constant of the membrane, s, with which Imem decays between its gain and
	// the onset of positive feedback:
	//
	//	tau_mem = (Ut/kappa) C_mem / Itau_mem
	//
	// Source, also of the other three: Chicca et al. 2014, doi:10.1109/JPROC.2014.2313954.
	TauMem
	// TauSyn is the time constant with which Isyn decays after a pulse, s: (Ut/kappa) C_syn /
	// Itau_syn.
	TauSyn
	// TauAHP is that of the adaptation current, s: (Ut/kappa) C_ahp / Itau_ahp.
	TauAHP
	// Refractory is the refractory period, s: Vth C_ref / Iref. It acts in whole bins.
	Refractory

	numStatistics = int(Refractory) + 1
)

// statisticFacts says what each is called and, for those that follow from a current, from which and
// from which capacitance.
var statisticFacts = [numStatistics]struct {
	name       string
	low, high  float64
	param, cap dynapse.Param
}{
	Rate:       {name: "rate", low: 0, high: 1e5},
	Adaptation: {name: "adaptation", low: -1, high: 1},
	CV:         {name: "cv", low: 0, high: 100},
	TauMem:     {"tau_mem", 1e-6, 100, dynapse.ItauMem, dynapse.CMem},
	TauSyn:     {"tau_syn", 1e-6, 100, dynapse.ItauSyn, dynapse.CSyn},
	TauAHP:     {"tau_ahp", 1e-6, 100, dynapse.ItauAHP, dynapse.CAHP},
	Refractory: {"refractory", 1e-6, 100, dynapse.Iref, dynapse.CRef},
}

// String returns "rate", "adaptation", "cv", "tau_mem", "tau_syn", "tau_ahp" or "refractory".
func (s Statistic) String() string {
	if int(s) < numStatistics {
		return statisticFacts[s].name
	}
	return fmt.Sprintf("Statistic(%d)", uint8(s))
}

// StatisticNames lists what String prints, in the order of the constants.
func StatisticNames() (names []string) {
	for _, f := range statisticFacts {
		names = append(names, f.name)
	}
	return names
}

// ParseStatistic reads what String prints.
func ParseStatistic(name string) (Statistic, error) {
	if i := slices.Index(StatisticNames(), name); i >= 0 {
		return Statistic(i), nil
	}
	return 0, fmt.Errorf("%w: statistic %q, want one of %v", ErrExperiment, name, StatisticNames())
}

// Spiking says whether the statistic is one of spikes, which needs an input.
func (s Statistic) Spiking() bool { return s <= CV }

// Statistics are numbers that each of some neurons is to have. The loss is
//
//	L = Σ_statistics Scale · mean over neurons of d²
//
// with d the difference of sqrt(rate/Hz) for Rate, that of the numbers for Adaptation and CV, and
// of the logarithms for times. A neuron with fewer than three bins with spikes has neither
// Adaptation nor CV; each bin that is missing costs as much as an error of 1, and a silent neuron
// ln(Ispkthr/max Imem)/10 more.
//
// Times are those of the nominal chip: mismatch has no part in them.
type Statistics struct {
	Name    string
	Want    map[Statistic]float64 // Hz, s, or 1
	Scale   map[Statistic]float64 // what is not there has 1
	Neurons []int                 // that are to have them; nil means all
	// InputRate is that of Poisson input with weight 1, one channel to each neuron, Hz, and Current
	// a constant current into the membrane besides Idc, A: what the neurons do while their spikes
	// are observed.
	InputRate, Current float64
	Seconds            float64 // of simulation; 0 means 2
	Seed               uint64  // of the input
}

func (t *Statistics) scale(s Statistic) float64 {
	if v, ok := t.Scale[s]; ok {
		return v
	}
	return 1
}

// wanted lists the statistics in their order.
func (t *Statistics) wanted() (list []Statistic) {
	for s := range Statistic(numStatistics) {
		if _, ok := t.Want[s]; ok {
			list = append(list, s)
		}
	}
	return list
}

// compile checks the target and adds it to the problem.
func (t Statistics) compile(p *problem) error {
	bad := badTarget(t.Name)
	list := t.wanted()
	if len(list) == 0 || len(list) != len(t.Want) {
		return bad("%d statistics that are known of %d, want at least one of %v", len(list), len(t.Want), StatisticNames())
	}
	n := p.Network.N
	if t.Neurons == nil {
		t.Neurons = every(n)
	}
	for i, j := range t.Neurons {
		if j < 0 || j >= n || slices.Contains(t.Neurons[:i], j) {
			return bad("neuron %d, want 0 to %d, each once", j, n-1)
		}
	}
	if len(t.Neurons) == 0 {
		return bad("no neurons")
	}
	if t.Seconds == 0 {
		t.Seconds = 2
	}
	if !(t.Seconds > 0) || t.Seconds > 1e4 || !(t.InputRate >= 0) || t.InputRate > 1e5 || !(t.Current >= 0) || t.Current > 1e-3 {
		return bad("seconds is %v, the input rate %v Hz, the current %v A, want 0 to 1e4, 0 to 1e5, 0 to 1e-3", t.Seconds, t.InputRate, t.Current)
	}
	spiking := false
	for _, s := range list {
		f, v := statisticFacts[s], t.Want[s]
		if !(v >= f.low && v <= f.high) {
			return bad("%v is %v, want %v to %v", s, v, f.low, f.high)
		}
		if x := t.scale(s); !(x > 0) || math.IsInf(x, 0) {
			return bad("scale of %v is %v, want a finite number > 0", s, x)
		}
		if s.Spiking() {
			spiking = true
			continue
		}
		if len(p.index(f.param)) == 0 {
			return bad("%v follows from %v, which is not fitted", s, f.param)
		}
		if s == Refractory && v < p.dt {
			return bad("a refractory period of %v s, want at least dt = %v s", v, p.dt)
		}
		addWish(p, s, v, t.scale(s), t.Neurons)
	}
	if !spiking {
		return nil
	}
	if t.InputRate == 0 && t.Current == 0 {
		return bad("no input: want an input rate or a current, as spikes are observed")
	}
	if err := p.checkLength(t.Name, 1, t.Seconds); err != nil {
		return err
	}
	sum := p.poisson(t.Seed, "fit/statistics", []float64{t.InputRate}, t.Seconds)
	sum.judge, sum.current = &t, t.Current
	_, adapts := t.Want[Adaptation]
	_, varies := t.Want[CV]
	sum.whole = adapts || varies
	p.summed = append(p.summed, sum)
	return nil
}

// timeOf returns ln(t I) of a time constant t that follows from a current I of neuron j: the
// product of a voltage and a capacitance.
func timeOf(p *problem, s Statistic, j int) float64 {
	at := func(q dynapse.Param) float64 { return p.start[q][j] }
	volt := at(dynapse.Vth)
	if s != Refractory {
		volt = at(dynapse.Ut) * 2 / (at(dynapse.KappaN) + at(dynapse.KappaP))
	}
	return fmath.Log(volt * at(statisticFacts[s].cap))
}

// wish adds what makes a current have the time constant v.
func addWish(p *problem, s Statistic, v, scale float64, neurons []int) {
	for _, k := range p.index(statisticFacts[s].param) {
		for _, j := range p.coords[k].neurons {
			if slices.Contains(neurons, j) {
				p.wishes = append(p.wishes, wish{at: k, mean: timeOf(p, s, j) - fmath.Log(v), sd: noiseFloor, weight: scale / float64(len(neurons))})
			}
		}
	}
}

// errors calls f with the error d of each statistic of spikes of each neuron, its derivatives and
// its share of the loss.
func (t *Statistics) errors(of []firing, seconds float64, f func(j int, share, d float64, by firing)) {
	for _, s := range t.wanted() {
		if !s.Spiking() {
			continue
		}
		share := t.scale(s) / float64(len(t.Neurons))
		for _, j := range t.Neurons {
			got, want := of[j], t.Want[s]
			switch {
			case s == Rate:
				rate := got.count / seconds
				f(j, share, rateError(rate, want), firing{count: 0.5 / math.Sqrt(max(rate, 1/seconds)) / seconds})
			case got.bins < leastBins:
				d, by := float64(leastBins-got.bins), firing{count: -1}
				if got.count == 0 {
					d, by.peak = d+0.1*max(-got.peak, 0), -0.1
				}
				f(j, share, d, by)
			case s == Adaptation:
				f(j, share, got.adaptation-want, firing{adaptation: 1})
			default:
				f(j, share, got.cv-want, firing{cv: 1})
			}
		}
	}
}

func (t *Statistics) loss(of, d []firing, seconds float64) (loss float64) {
	t.errors(of, seconds, func(j int, share, e float64, by firing) {
		loss += float64(share * e * e)
		if d != nil {
			g := 2 * share * e
			d[j].count += float64(g * by.count)
			d[j].peak += float64(g * by.peak)
			d[j].adaptation += float64(g * by.adaptation)
			d[j].cv += float64(g * by.cv)
		}
	})
	return loss
}

// residuals has sqrt(2 share) d for each statistic and neuron; that of the rate of a silent neuron
// grows with its distance from the threshold.
func (t *Statistics) residuals(r []float64, of []firing, seconds float64) {
	i := 0
	t.errors(of, seconds, func(j int, share, d float64, by firing) {
		if of[j].count == 0 && by.peak == 0 { // the rate
			d += min(of[j].peak, 0)
		}
		r[i] = math.Sqrt(2*share) * d
		i++
	})
}

func (t *Statistics) size() (n int) {
	for _, s := range t.wanted() {
		if s.Spiking() {
			n += len(t.Neurons)
		}
	}
	return n
}

// resolution is the loss where every rate is off by a spike, and Adaptation and CV are by 0.01.
func (t *Statistics) resolution(seconds float64, _ int) (loss float64) {
	for _, s := range t.wanted() {
		d := 0.01
		switch {
		case s == Rate:
			d = rateError(t.Want[s]+1/seconds, t.Want[s])
		case !s.Spiking():
			d = 0
		}
		loss += float64(t.scale(s) * d * d)
	}
	return loss
}

// Measure returns the statistics in Want that the neurons of a network have, in the order of
// Neurons. Adaptation and CV are NaN where a neuron has fewer than three bins with spikes.
//
// Errors: those of [dynapse.Network.Simulate], and [ErrExperiment] for statistics that are none.
func (t Statistics) Measure(n dynapse.Network) (map[Statistic][]float64, error) {
	space := Space{Network: n}
	for _, s := range t.wanted() {
		if !s.Spiking() {
			space.Params = append(space.Params, statisticFacts[s].param)
		}
	}
	if space.Params == nil {
		space.Params = []dynapse.Param{dynapse.Iscale}
	}
	p, err := Experiment{Space: space, Statistics: []Statistics{t}}.compile()
	if err != nil {
		return nil, err
	}
	of, seconds := []firing(nil), 0.0
	if len(p.summed) > 0 {
		s := &p.summed[0]
		if _, of, err = p.simulate(context.Background(), s, n); err != nil {
			return nil, err
		}
		seconds = p.seconds(s)
	}
	neurons := t.Neurons
	if neurons == nil {
		neurons = every(n.N)
	}
	m := map[Statistic][]float64{}
	for _, s := range t.wanted() {
		for _, j := range neurons {
			v := math.NaN()
			switch {
			case !s.Spiking():
				v = fmath.Exp(timeOf(p, s, j)) / p.start[statisticFacts[s].param][j]
			case s == Rate:
				v = of[j].count / seconds
			case of[j].bins < leastBins:
			case s == Adaptation:
				v = of[j].adaptation
			default:
				v = of[j].cv
			}
			m[s] = append(m[s], v)
		}
	}
	return m, nil
}

func every(n int) (list []int) {
	for j := range n {
		list = append(list, j)
	}
	return list
}
