// Package truth measures the gradient of the expected loss of DynapSim neurons by differences
// on common inputs, without any rule for spikes, and how far each [dynapse.Rule] is from it.
package truth

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
)

// Estimate is a mean over inputs with its standard error.
type Estimate struct {
	Value float64 `json:"value"`
	SE    float64 `json:"se"`
}

// Judgement says how a rule stands to the truth over the significant parameters.
type Judgement struct {
	Gradient map[string]Estimate `json:"gradient"` // d loss / d ln I; the error is from groups of inputs
	Agreement
	Iref float64 `json:"iref,omitempty"`
}

// LossReport is what was found of one loss. Derivatives are with respect to ln of a current in all
// neurons.
type LossReport struct {
	Value       float64              `json:"value"`
	ValueSE     float64              `json:"value_se"`
	Truth       map[string]Estimate  `json:"truth"`
	IrefOneBin  *Estimate            `json:"truth_Iref_one_bin,omitempty"`
	Significant []string             `json:"significant"`
	HCheck      Agreement            `json:"h_check"` // truth with h/2 against that with h
	Settled     bool                 `json:"settled"` // HCheck has a cosine of 0.99 at least, and norms that differ by a tenth at most
	Effect      map[string]string    `json:"effect"`
	Rules       map[string]Judgement `json:"rules"`
}

// Settings are what the numbers depend on.
type Settings struct {
	// Config says where Net comes from; it is only repeated in the report.
	Config string `json:"config"`
	// Rows is the number of inputs; truth has standard errors of 1/sqrt of it. Steps is
	// their length in time steps. Both are > 0.
	Rows  int `json:"rows"`
	Steps int `json:"steps"`
	// Rate, Hz, and Weight are those of the Poisson input of each neuron, one for each
	// type of synapse of Net.
	Rate   []float64 `json:"rate_hz"`
	Weight []float64 `json:"weight"`
	// Jitter is the standard deviation of ln of the weight of each spike that comes in. Without it
	// the inputs are spikes of one size in bins, of which there are few different ones at low
	// rates, and the expected loss is a staircase.
	Jitter float64 `json:"jitter,omitempty"`
	// Seed determines the inputs and the target.
	Seed uint64 `json:"seed"`
	// Change is the difference h in ln I.
	Change float64 `json:"h"`
	// Target is the largest change of ln I between Net and the network it is to become.
	Target     float64 `json:"target"`
	SoftFloors bool    `json:"soft_floors"`
	Clip       float64 `json:"clip"`
	// Losses are among "count", "van_rossum" and "trace".
	Losses []string `json:"losses"`
	// Rules are the names of [dynapse.Rule] that are judged.
	Rules []string `json:"rules"`

	// Net are the neurons, with SoftFloors and Clip as above; Params what is measured.
	Net    dynapse.Network `json:"-"`
	Params []dynapse.Param `json:"-"`
}

// measurement is Settings with what follows from them.
type measurement struct {
	Settings
	rules []dynapse.Rule
}

// Report is the result.
type Report struct {
	Model          string                `json:"model"`
	Neurons        int                   `json:"neurons"`
	Settings       Settings              `json:"settings"`
	Params         []string              `json:"parameters"`
	TargetCurrents map[string]float64    `json:"target_currents"` // factors on the currents of the network
	Losses         map[string]LossReport `json:"losses"`
}

// group is how many inputs are simulated at once, at most: it bounds the memory. leastGroups is how
// many groups there are, where there are as many inputs: errors of cosines are from groups.
const (
	group       = 256
	leastGroups = 32
)

// moments are sums over rows.
type moments struct{ n, sum, squares float64 }

// add counts rows of which mean and standard error of the mean are known.
func (m *moments) add(rows int, mean, se float64) {
	n := float64(rows)
	m.n += n
	m.sum += float64(n * mean)
	m.squares += float64(n * (float64(float64(se*se)*n) + float64(mean*mean)))
}

func (m *moments) estimate() Estimate {
	if m.n == 0 {
		return Estimate{}
	}
	mean := m.sum / m.n
	return Estimate{mean, math.Sqrt(max(m.squares/m.n-float64(mean*mean), 0) / m.n)}
}

// sums are what is known of a loss while groups are added.
type sums struct {
	value       moments
	truth, half []moments // of each parameter, for h and h/2
	effect      []dynapse.Effect

	// Of each group and parameter.
	inGroups, halfInGroups [][]float64
	rules                  [][][]float64 // of each rule
}

// Measure finds the gradient of the expected loss of s.Net, without any rule for spikes,
// and how the rules stand to it. It costs Rows simulations, four more of each for every parameter,
// and the gradients of the rules for each loss. It ends early with ctx.Err().
func Measure(ctx context.Context, s Settings) (*Report, error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("truth: %w", err)
	}
	m := &measurement{Settings: s}
	for _, name := range s.Rules {
		rule, err := dynapse.ParseRule(name)
		if err != nil {
			return nil, err
		}
		m.rules = append(m.rules, rule)
	}
	switch {
	case s.Rows < 1 || s.Steps < 1:
		return nil, fmt.Errorf("truth: %d rows of %d steps, want some", s.Rows, s.Steps)
	case len(s.Rate) == 0 || len(s.Rate) != len(s.Weight):
		return nil, fmt.Errorf("truth: %d rates and %d weights, want one of each for every type of synapse", len(s.Rate), len(s.Weight))
	}
	r := &Report{Model: "dynapsim", Neurons: s.Net.N, Losses: map[string]LossReport{}, TargetCurrents: map[string]float64{}, Settings: s}
	target := s.Net
	rng := random.New(s.Seed, "truth/target")
	for p := range dynapse.Param(dynapse.NumParams) {
		if !p.IsCurrent() || !m.Net.FourSynapses && int(p) >= dynapse.NumSingle {
			continue
		}
		factor := fmath.Exp(s.Target * (2*rng.Float64() - 1))
		r.TargetCurrents[p.String()] = factor
		list := values(m.Net, p)
		target.Params[p] = make([]float64, len(list))
		for j, x := range list {
			target.Params[p][j] = x * factor
		}
	}
	for _, p := range m.Params {
		r.Params = append(r.Params, p.String())
	}
	all := map[string]*sums{}
	for _, loss := range s.Losses {
		all[loss] = &sums{
			truth: make([]moments, len(m.Params)), half: make([]moments, len(m.Params)),
			rules: make([][][]float64, len(m.rules)), effect: make([]dynapse.Effect, len(m.Params)),
		}
		for i := range all[loss].effect {
			all[loss].effect[i] = dynapse.Inactive
		}
	}
	groups := max((s.Rows-1)/group+1, min(leastGroups, s.Rows))
	for g := range groups {
		rows := (g+1)*s.Rows/groups - g*s.Rows/groups // sizes differ by one at most
		input := m.input(uint64(g), rows)
		wanted, err := target.Simulate(dynapse.Input{T: s.Steps, B: rows, Counts: input})
		if err != nil {
			return nil, fmt.Errorf("target: %w", err)
		}
		if err := m.measure(ctx, all, wanted, rows, input); err != nil {
			return nil, err
		}
	}
	for _, name := range s.Losses {
		r.Losses[name] = m.judge(all[name])
	}
	return r, nil
}

// values returns the values of a parameter, or its default.
func values(n dynapse.Network, p dynapse.Param) []float64 {
	if len(n.Params[p]) == 0 {
		return []float64{p.Default()}
	}
	return n.Params[p]
}

// input draws Poisson counts times weights, [T, B, N] or [T, B, N, 4].
func (m *measurement) input(g uint64, rows int) []float64 {
	rng := random.New(m.Seed, "truth/input", g)
	dt, types := values(m.Net, dynapse.Dt)[0], len(m.Rate)
	x := make([]float64, m.Steps*rows*m.Net.N*types)
	for i := range x {
		// The number of intervals of mean 1 in rate dt.
		left := m.Rate[i%types] * dt
		for left -= -fmath.Log(1 - rng.Float64()); left > 0; left -= -fmath.Log(1 - rng.Float64()) {
			if m.Jitter > 0 {
				x[i] += float64(m.Weight[i%types] * fmath.Exp(m.Jitter*random.Normal(rng)))
			} else {
				x[i] += m.Weight[i%types]
			}
		}
	}
	return x
}

func lossOf(name string, wanted *dynapse.Run) dynapse.Loss {
	switch name {
	case "count":
		return dynapse.SpikeCount
	case "trace":
		ln := make([]float64, len(wanted.Imem))
		for i, x := range wanted.Imem {
			ln[i] = fmath.Log(x)
		}
		return dynapse.TraceError(ln)
	}
	return dynapse.VanRossum(wanted.Spikes, 10)
}

// measure adds a group of inputs. The simulations for the truth are those of all losses.
func (m *measurement) measure(ctx context.Context, all map[string]*sums, wanted *dynapse.Run, rows int, input []float64) error {
	in := dynapse.Input{T: m.Steps, B: rows, Counts: input}
	run, err := m.Net.Simulate(in)
	if err != nil {
		return err
	}
	var list []*sums
	var perRow []func(r *dynapse.Run) []float64
	var lossErr error
	for _, name := range m.Losses {
		loss := lossOf(name, wanted)
		if err := m.judgeGroup(ctx, all[name], run, loss); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, all[name])
		perRow = append(perRow, func(r *dynapse.Run) []float64 {
			value, _, err := loss(r)
			lossErr = errors.Join(lossErr, err)
			return value
		})
	}
	for _, s := range list {
		s.inGroups, s.halfInGroups = append(s.inGroups, make([]float64, len(m.Params))), append(s.halfInGroups, make([]float64, len(m.Params)))
	}
	for k, p := range m.Params {
		if p == dynapse.Iref && !m.shared() {
			continue
		}
		for i, h := range []float64{m.Change, m.Change / 2} {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			e, err := m.Net.Truth(in, h, []dynapse.Param{p}, perRow...)
			if err := errors.Join(lossErr, err); err != nil {
				return err
			}
			for l, s := range list {
				[]*moments{&s.truth[k], &s.half[k]}[i].add(rows, e[l][0].Mean, e[l][0].StdErr)
				groups := [][][]float64{s.inGroups, s.halfInGroups}[i]
				groups[len(groups)-1][k] = e[l][0].Mean
			}
			if p == dynapse.Iref {
				break // does not depend on h
			}
		}
	}
	return nil
}

// judgeGroup adds the loss of a group of inputs, and its gradients by the rules.
func (m *measurement) judgeGroup(ctx context.Context, s *sums, run *dynapse.Run, loss dynapse.Loss) error {
	value, c, err := loss(run)
	if err != nil {
		return err
	}
	for _, x := range value {
		s.value.add(1, x, 0)
	}
	for i, rule := range m.rules {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		ruled, err := run.By(rule)
		if err != nil {
			return err
		}
		g, err := ruled.Gradient(c)
		if err != nil {
			return err
		}
		mean := make([]float64, len(m.Params))
		for k, p := range m.Params {
			for _, d := range g.Log(p) {
				mean[k] += d
			}
			if e := g.Effect(p); e != dynapse.Inactive {
				s.effect[k] = e
			}
		}
		s.rules[i] = append(s.rules[i], mean)
	}
	return nil
}

// shared says whether every parameter has one value for all neurons, without which there is no
// truth of Iref.
func (m *measurement) shared() bool {
	for _, v := range m.Net.Params {
		if len(v) > 1 {
			return false
		}
	}
	return true
}

// significance is how many standard errors the truth must have to be judged by.
const significance = 3

// judge compares the rules with the truth.
func (m *measurement) judge(s *sums) LossReport {
	value := s.value.estimate()
	l := LossReport{
		Value: value.Value, ValueSE: value.SE, Truth: map[string]Estimate{}, Effect: map[string]string{}, Rules: map[string]Judgement{},
		Significant: []string{},
	}
	var chosen []int
	iref := -1
	for k, p := range m.Params {
		l.Effect[p.String()] = s.effect[k].String()
		e := s.truth[k].estimate()
		if p == dynapse.Iref {
			if s.truth[k].n > 0 {
				l.IrefOneBin, iref = &e, k
			}
			continue
		}
		l.Truth[p.String()] = e
		if math.Abs(e.Value) > significance*e.SE {
			l.Significant = append(l.Significant, p.String())
			chosen = append(chosen, k)
		}
	}
	l.HCheck = agree(s.halfInGroups, s.inGroups, chosen)
	l.Settled = l.HCheck.Cosine >= 0.99 && math.Abs(l.HCheck.Ratio-1) <= 0.1
	for i, name := range m.Rules {
		j := Judgement{Gradient: map[string]Estimate{}, Agreement: agree(s.rules[i], s.inGroups, chosen)}
		for k, p := range m.Params {
			var g moments
			for _, mean := range s.rules[i] {
				g.add(1, mean[k], 0) // a group counts as one
			}
			j.Gradient[p.String()] = g.estimate()
		}
		if iref >= 0 && l.IrefOneBin.Value != 0 {
			j.Iref = j.Gradient[dynapse.Iref.String()].Value / l.IrefOneBin.Value
		}
		l.Rules[name] = j
	}
	return l
}
