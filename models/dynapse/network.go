package dynapse

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
)

// Network is a layer of N DynapSim neurons, feed-forward or recurrent, for use without a graph. Per
// neuron, with kappa = (kappa_n+kappa_p)/2, U = Ut/kappa, and Itau, Igain not below Io, a step is,
// in this order:
//
//	W     = input + spikes·w_rec                           spikes of the step before, counts
//	isyn  = exp(-dt/tau_syn) isyn + (1-exp(-t_pulse/tau_syn)) max(Igain_syn/Itau_syn Iscale W, Io)
//	pulse = 1-exp(-t_pulse_ahp/tau_ahp)
//	iahp  = max(exp(-dt/tau_ahp) iahp + pulse Igain_ahp/Itau_ahp Iw_ahp spikes, Io)
//	Ileak = Itau_mem + iahp
//	Iin   = max((isyn - Ileak + DC Idc) [timer = 0], Io)          DC that of [Input], or 1
//	f     = Io/Ileak exp(kappa²/(kappa+1) vmem/Ut) (imem + Igain_mem)
//	drive = Igain_mem/Itau_mem (Iin-Ileak)
//	imem  = max(imem + dt imem/(tau_mem (imem+Igain_mem))
//	        (drive + f - imem (1+iahp/Itau_mem)), Io)
//	vmem  = U ln(imem/Io)
//	spikes = min(max(ceil(ln(imem/Ispkthr)), 0), MaxSpikes)
//	where spikes > 0: imem = Io, timer = t_ref; elsewhere timer = max(timer-dt, 0)
//
// Time constants are those of [Param]. imem stays in [Io, e^80 Io] for any input.
//
// With FourSynapses the four dendrites of the chip take the place of isyn, each with a weight, gain
// and leak of its own. AMPA is the synapse above; the others, x of GABA, NMDA and SHUNT, have no
// dark current, so that a neuron that they are not used in is the one above, bit for bit:
//
//	ix    = exp(-dt/tau_x) ix + (1-exp(-t_pulse/tau_x)) max(Igain_x/Itau_x Iscale W_x, 0)
//	isyn  = iampa + inmda/(1 + If_nmda/imem) - igaba                 imem of the step before
//	Ileak = Itau_mem + iahp + ishunt
//
// Source: Rockpool 3.1, devices.dynapse.simulation.DynapSim; Chicca et al. 2014,
// doi:10.1109/JPROC.2014.2313954. The four types are from the DynapSim of Rockpool before 2.4,
// which differs in what AHP and dark currents do; they act here through the equations of 3.1.
type Network struct {
	N      int
	Params Params
	// WRec holds recurrent weights [N, N], WRec[pre*N+post]; nil for a feed-forward layer. With
	// FourSynapses it is [N, N, 4].
	WRec []float64
	// FourSynapses gives every neuron synapses of the types AMPA, GABA, NMDA and SHUNT, in this
	// order: input is [T, B, N, 4]. On the chip no weight is negative; here one takes from the
	// others of its type in the same bin.
	FourSynapses bool
	// Samples is the number M of chips that a batch simulates side by side, which must divide the
	// number of rows B: rows sB/M to (s+1)B/M-1 are on chip s. Lists of Params may then have M·N
	// values, [M, N], and WRec [M, N, N] or [M, N, N, 4]. 0 means 1. See [Mismatch].
	Samples int
	// MaxSpikes bounds the spikes of a neuron per time step; 0 means no bound.
	MaxSpikes float64
	// Substeps divides every bin into so many steps, see [Neurons]; 0 means 1.
	Substeps int
	Settings
}

// Settings say how gradients are computed and in which arithmetic. The zero value is the default.
type Settings struct {
	Rule Rule
	// Width is that of the logistic function of SurgeS, in e-folds of Imem; 0 means [DefaultWidth].
	Width float64
	// Clip bounds the gradient of a row of the batch in Surge and SurgeT to this many times that of
	// the median row; the norm is that of the derivatives with respect to ln of the coefficients. 0
	// means no bound. The gradients of SurgeT have heavy tails, as rare rows multiply many large
	// shifts: in a recurrent network of 4 neurons over 2000 bins, the largest of 32 rows had 400
	// and 7000 times the median; in one of 3 neurons over 300 bins, one of 200 rows turned the mean
	// round (a cosine of -0.94 with the truth, 0.99 with a bound of 10, 0.996 with 5). A bound of 3
	// to 10 tames them for training; as an estimate of the expected gradient it is biased (Iref
	// lives in the tails).
	Clip float64
	// SoftFloors replaces the slope of the bounds max(a, Io) of Iin, Iahp and Imem by a logistic
	// function of a/Io: a way out of dead regions. With it, currents without any effect get
	// gradients that are small and not zero.
	SoftFloors bool
	// Twin computes the smoothed twin of SurgeS: every step function becomes the antiderivative of
	// its slope (soft floors too), so that gradients are exact. The rule is then SurgeS; unlike
	// there, the refractory timer too is a smooth function of the spike.
	Twin bool
	// Float32 computes in float32.
	Float32 bool
	// Engine chooses between the kernel and the step in Gorgonia's operations, which defines the
	// model and is much slower. SurgeT, SurgeMixed and Surge have a kernel only.
	Engine graph.Engine
}

func (s Settings) mode(maxSpikes float64) (mode, error) {
	m := mode{rule: s.Rule, width: s.Width, most: maxSpikes, clip: s.Clip, soft: s.SoftFloors || s.Twin, twin: s.Twin}
	if m.clip == 0 {
		m.clip = math.Inf(1)
	}
	if m.width == 0 {
		m.width = DefaultWidth
	}
	m.fall = fmath.Exp(-1 / m.width)
	if m.most == 0 {
		m.most = math.Inf(1)
	}
	switch {
	case int(s.Rule) >= len(ruleNames):
		return m, fmt.Errorf("%w: gradient rule %v", ErrParameter, s.Rule)
	case !(m.width > 0) || math.IsInf(m.width, 0):
		return m, fmt.Errorf("%w: Width = %v, want a finite number >= 0", ErrParameter, s.Width)
	case !(m.clip > 0):
		return m, fmt.Errorf("%w: Clip = %v, want a number >= 0", ErrParameter, s.Clip)
	case !(m.most > 0):
		return m, fmt.Errorf("%w: MaxSpikes = %v, want a number >= 0", ErrParameter, maxSpikes)
	case s.Twin && s.Rule != SurgeS && s.Rule != Surge && s.Rule != SurgeMixed:
		return m, fmt.Errorf("%w: the twin is that of surge-S, there is none of %v", ErrParameter, s.Rule)
	}
	return m, nil
}

// State is the state of a batch of neurons between two steps, each [B, N], or [N] for all rows. A
// nil list stands for rest: currents at Io, the others 0.
type State struct {
	Isyn, Iahp, Imem []float64 // A; with FourSynapses Isyn is that of AMPA
	Vmem             []float64 // V, before the reset of the last step
	Spikes           []float64 // counts of the last step
	Timer            []float64 // refractory time that is left, s

	Igaba, Inmda, Ishunt []float64 // A, with FourSynapses; at rest 0
}

// Records are traces [T, B, N].
type Records struct {
	Spikes []float64 // counts
	Imem   []float64 // membrane current after the reset, A
	Vmem   []float64 // membrane potential before the reset, V
	Isyn   []float64 // synaptic current, with FourSynapses that of AMPA, A
	Iahp   []float64 // adaptation current, A

	Igaba, Inmda, Ishunt []float64 // synaptic currents with FourSynapses, A; Inmda before its gate
}

// Run is what a simulation gave.
type Run struct {
	T, B, N int
	Records
	Final State

	network  Network
	in       Input // with nil where the initial state is rest
	samples  int
	params   Params // one value per sample and neuron
	initial  State  // complete
	backward func(Cotangents, *Gradient) error
}

// neuron returns the index, over samples and neurons, of the neuron that element i of a record [T,
// B, N] or state [B, N] belongs to.
func (r *Run) neuron(i int) int {
	row := i / r.N % r.B
	return row*r.samples/r.B*r.N + i%r.N
}

// Cotangents are the derivatives of a loss with respect to the records of a run, each [T, B, N];
// nil counts as zero.
type Cotangents struct {
	Records
	LnImem []float64 // with respect to ln(Imem)
}

// Gradient holds the derivatives of a loss.
type Gradient struct {
	Params Params    // per ampere (farad, volt, second), in the shape that the parameters were given in
	WRec   []float64 // [N, N], or [N, N, 4]; for each sample where they have weights of their own
	Input  []float64 // [T, B, N], or [T, B, N, 4]
	State  State     // with respect to the initial state where it was given, [B, N]; rest is Io and moves with it
	params Params
}

// Log returns the derivative with respect to the natural logarithm of a parameter, in the shape of
// the parameter:
//
//	dL/d ln p = p dL/dp
//
// It is NaN for a gradient that is not of a run.
func (g *Gradient) Log(p Param) []float64 {
	if g == nil || !p.known() {
		return nil
	}
	v := make([]float64, len(g.Params[p]))
	for j, d := range g.Params[p] {
		v[j] = math.NaN()
		if j < len(g.params[p]) {
			v[j] = d * g.params[p][j]
		}
	}
	return v
}

// Input is what a simulation of T bins and B rows starts from.
type Input struct {
	T, B int
	// Counts are weighted spike counts per bin, [T, B, N], or [T, B, N, 4] with FourSynapses.
	Counts []float64
	// Initial is the state before the first step; the zero value is rest.
	Initial State
	// DC are factors of Idc in each step, [T, B, N]: steps of the constant current in the middle of
	// a simulation. Nil stands for 1 throughout.
	DC []float64
	// Forced, where it is not nil, are recorded spikes [T, B, N] that take the place of the
	// neurons' own: they reset the membrane, start the refractory time, and drive AHP and
	// recurrence. The traces are then smooth functions of all currents but Ispkthr and Iref, and
	// their gradients are exact.
	Forced []float64
}

// Simulate runs the network over an input.
//
// Errors: [ErrParameter] for a shape or value, [ErrState] where a state stops being finite.
func (n Network) Simulate(in Input) (*Run, error) {
	if n.Substeps != 0 && n.Substeps != 1 {
		return n.simulateSubsteps(in)
	}
	t, b := in.T, in.B
	m, err := n.mode(n.MaxSpikes)
	if err != nil {
		return nil, err
	}
	m.recurrent, m.forced, m.driven, m.four = n.WRec != nil, in.Forced != nil, in.DC != nil, n.FourSynapses
	if n.N <= 0 || t <= 0 || b <= 0 {
		return nil, fmt.Errorf("%w: %d steps, %d rows, %d neurons, want at least 1 of each", ErrParameter, t, b, n.N)
	}
	r := &Run{T: t, B: b, N: n.N, network: n, in: in}
	r.samples = max(n.Samples, 1)
	if n.Samples < 0 || b%r.samples != 0 {
		return nil, fmt.Errorf("%w: %d rows for %d samples, want a multiple", ErrParameter, b, n.Samples)
	}
	if r.params, err = n.Params.expandSamples(n.N, r.samples); err != nil {
		return nil, err
	}
	weights := n.N * n.N * m.types()
	if len(n.WRec) != weights {
		weights *= r.samples
	}
	for _, l := range []struct {
		name string
		v    []float64
		want int
	}{{"input", in.Counts, t * b * n.N * m.types()}, {"w_rec", n.WRec, weights}, {"forced spikes", in.Forced, t * b * n.N}, {"dc", in.DC, t * b * n.N}} {
		if l.v != nil && len(l.v) != l.want || l.name == "input" && l.v == nil {
			if l.name == "w_rec" {
				l.want = n.N * n.N * m.types()
			}
			return nil, fmt.Errorf("%w: %s has %d elements, want %d for %d steps, %d rows, %d neurons", ErrParameter, l.name, len(l.v), l.want, t, b, n.N)
		}
		for i, x := range l.v {
			if x-x != 0 || (l.name == "forced spikes" || l.name == "dc") && x < 0 {
				return nil, fmt.Errorf("%w: %s[%d] = %v", ErrParameter, l.name, i, x)
			}
		}
	}
	initial := in.Initial
	if !n.FourSynapses && (initial.Igaba != nil || initial.Inmda != nil || initial.Ishunt != nil) {
		return nil, fmt.Errorf("%w: a state of GABA, NMDA or SHUNT without FourSynapses", ErrParameter)
	}
	if r.initial, err = initial.complete(r); err != nil {
		return nil, err
	}
	if n.Float32 {
		err = simulate[float32](r, m)
	} else {
		err = simulate[float64](r, m)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// complete returns the state with all lists of shape [B, N].
func (s State) complete(r *Run) (State, error) {
	var err error
	b, n := r.B, r.N
	io := make([]float64, b*n)
	for i := range io {
		io[i] = r.params[Io][r.neuron(i)]
	}
	list := func(name string, v []float64, rest []float64, least float64) []float64 {
		if v == nil {
			v = rest
		}
		if len(v) != n && len(v) != b*n {
			err = fmt.Errorf("%w: state %s has %d elements, want %d or %d", ErrParameter, name, len(v), n, b*n)
			return nil
		}
		full := make([]float64, b*n)
		for i := range full {
			full[i] = v[i%len(v)]
			if x := full[i]; x-x != 0 || x < least {
				err = fmt.Errorf("%w: state %s[%d] = %v, want a finite number not below %v", ErrParameter, name, i, x, least)
			}
		}
		return full
	}
	zero := make([]float64, n)
	const positive = math.SmallestNonzeroFloat64
	s.Isyn = list("isyn", s.Isyn, io, positive)
	s.Iahp = list("iahp", s.Iahp, io, positive)
	s.Imem = list("imem", s.Imem, io, positive)
	s.Vmem = list("vmem", s.Vmem, zero, math.Inf(-1))
	s.Spikes = list("spikes", s.Spikes, zero, 0)
	s.Timer = list("timer", s.Timer, zero, 0)
	if r.network.FourSynapses {
		s.Igaba = list("igaba", s.Igaba, zero, 0)
		s.Inmda = list("inmda", s.Inmda, zero, 0)
		s.Ishunt = list("ishunt", s.Ishunt, zero, 0)
	}
	return s, err
}

// By returns the run with another rule for its gradients; the input must not have changed since. It
// simulates once more.
//
// Errors: those of [Network.Simulate].
func (r *Run) By(rule Rule) (*Run, error) {
	if r == nil {
		return nil, fmt.Errorf("%w: another rule for a run that was never made", ErrParameter)
	}
	if rule == r.network.Rule {
		return r, nil
	}
	n := r.network
	n.Rule = rule
	return n.Simulate(r.in)
}

// first says where derivatives with respect to the input, [T, B, N], or [T, B, N, 4], leave the
// finite numbers first, from the last step to the first; empty where they do not.
func (r *Run) first(input []float64) string {
	each := len(input) / max(r.T, 1)
	for t := r.T - 1; t >= 0; t-- {
		for i, x := range input[t*each : (t+1)*each] {
			if x-x != 0 {
				i /= each / (r.B * r.N)
				return fmt.Sprintf("; the first is of step %d, row %d, neuron %d: with respect to its input %v", t, i/r.N, i%r.N, x)
			}
		}
	}
	return ""
}

// Gradient takes the derivatives of a loss with respect to the records back to the parameters, the
// input and the initial state, by the rule of the network's settings. Cost: about twice that of the
// simulation, with SurgeMixed four times; with Surge see there.
//
// Errors: [ErrParameter] for lists of another length than the records, [ErrState] where a
// derivative is not finite.
func (r *Run) Gradient(c Cotangents) (*Gradient, error) {
	if r == nil || r.backward == nil {
		return nil, fmt.Errorf("%w: the gradient of a run that was never made", ErrParameter)
	}
	for i, v := range [][]float64{c.Spikes, c.Imem, c.Vmem, c.Isyn, c.Iahp, c.LnImem, c.Igaba, c.Inmda, c.Ishunt} {
		name := [...]string{"spikes", "imem", "vmem", "isyn", "iahp", "ln imem", "igaba", "inmda", "ishunt"}[i]
		if i >= 6 && v != nil && !r.network.FourSynapses {
			return nil, fmt.Errorf("%w: cotangent of %s without FourSynapses", ErrParameter, name)
		}
		if v != nil && len(v) != len(r.Spikes) {
			return nil, fmt.Errorf("%w: cotangent of %s has %d elements, want %d", ErrParameter, name, len(v), len(r.Spikes))
		}
	}
	g := new(Gradient)
	if err := r.backward(c, g); err != nil {
		return nil, err
	}
	for p, v := range g.Params {
		for j, x := range v {
			if x-x != 0 {
				return nil, fmt.Errorf("%w: derivative with respect to %v of neuron %d is %v%s", ErrState, Param(p), j, x, r.first(g.Input))
			}
		}
	}
	return g, nil
}
