package train

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// EventProp is training with the exact gradients of package eventprop: it makes a [Learner]
// of layers that go from event to event. With a number x_j of each neuron of the last layer,
// [N], that Readout observes, the loss of a batch is
//
//	logits_j = Scale x_j
//	L        = mean over the samples of the cross-entropy of softmax(logits)
//	           + sum over the layers of Silence sum_{silent j} (VTh - max_t V_j)
//	           + sum over the layers of their Existence
//
// or another loss of x and the target, see Loss. First-spike times with Scale = -1/tau are the loss
// of Göltz et al. 2021 (doi:10.1038/s42256-021-00388-x); a last layer with VTh = +Inf and the
// largest voltage, that of Wunderlich & Pehle 2021 (doi:10.1038/s41598-021-91786-z) for MNIST.
type EventProp struct {
	// Layers are the layers in a row, each the input of the next.
	Layers []EventLayer
	// Readout is what the logits are made of; nil means the first spikes,
	// eventprop.First{}.
	Readout eventprop.Observable
	// Scale is that of the logits, in 1/(unit of x). It is negative where the first to
	// spike is to win. It must not be 0.
	Scale float64
	// Target is that of the data set, data.Form's; the zero value stands for classes, one for each
	// neuron of the last layer.
	Target data.Target
	// Loss returns the loss of one sample as a function of x; nil means, by the kind of the target,
	//
	//	class   the cross-entropy above
	//	vector  mean_j (Scale x_j - Y_j)²
	//	spikes  mean_j (Scale (x_j - t_j))², with the time t_j in s of the first target spike in
	//	        channel j, for a Readout of first spikes; channels without one are left out
	//	sequence  mean_{i, j} (Scale V_j(t_i) - Y_ij)², with the voltages at the end t_i of each
	//	          step of the sequence
	Loss func(want Answer) eventprop.Objective
	// Tape, in place of Loss, is any loss of what the last layer does, such as [TrainDistance].
	Tape TapeLoss
	// Metrics are reported beside the loss, of Scale x.
	Metrics []Metric
	// Method is the engine of gradients: the adjoint method, or implicit derivatives of
	// all spikes, for checks.
	Method eventprop.Method
	// Partial allows the network and given parameters to differ, as graph.Settings.Partial does.
	Partial bool
}

// EventLayer is a layer of an event-based network. Its weights are the parameters Name/w, [inputs,
// N], and with recurrence Name/w_rec, [N, N]; those of sparse synapses are [synapses]. What else is
// learned has the names of [EventParam].
type EventLayer struct {
	Name  string
	Layer eventprop.Layer
	// Silence is the weight of the loss that pulls neurons without a spike to their
	// threshold, in 1/V, see [eventprop.Silence]; 0: none. Spikes that do not exist have no
	// gradient, so that without it a neuron that is silent for all samples stays so. It costs
	// a search through the course of V of each silent neuron.
	Silence float64
	// Existence is the same for neurons that nearly spiked alone.
	Existence eventprop.Existence
	// Revive raises the weights to neurons without a spike in a whole epoch, at its end, so that
	// they come to spike: each by
	//
	//	Revive (VTh - VLeak)/(K inputs)
	//
	// with the largest response K of V to a current of 1, (TauSyn/TauMem)^(TauMem/(TauMem-TauSyn)):
	// an input to all sources at once then lifts V by Revive times the way from leak to threshold.
	// Samples since the latest spike are counted in the parameter Name/silent, [N], which is not
	// learned but saved with the others, so that a run that is resumed revives the same neurons. 0:
	// none. Not for batches in shards.
	Revive float64
	// Learn are the parameters that are learned besides the weights, from the numbers of Layer on:
	// one number that all neurons share, where Layer has one, or one for each. With gradients of
	// time constants a step takes up to twice as long.
	Learn []EventParam
	// PerNeuron gives each neuron numbers of its own to learn, which all start at that of Layer.
	PerNeuron bool
}

// EventNetwork is a Learner that goes from event to event. It needs batches with an
// [data.EventEncoder] and a Duration, and works in float64. It is not safe for concurrent use.
type EventNetwork struct {
	method   EventProp
	params   *graph.Params
	net      eventprop.Serial
	revivals []revival
	grads    []*eventprop.Gradients
	tree     optim.Tree // the slices of grads
	learned  []learned

	batch  eventprop.Batch
	events data.Events
	inputs [][]eventprop.Spike
	rows   []eventRow
}

// eventRow is what one sample gave, and memory for it.
type eventRow struct {
	observed, slope []float64    // [C]: x, and dL/dx
	scaled          []float64    // what the network gives: Scale x [C], or [length, Size] of a sequence
	output          []data.Spike // of the last layer, where the target are spikes
	metrics         []float64    // of each Metric
	correct         bool
	spikes          []int   // of each layer
	neurons         [][]int // spikes of each neuron of each layer
}

// Build makes the network. Where params is empty, the parameters are created in it with the values
// of the layers; otherwise it must hold all of them and no others, unless Partial allows it, see
// [eventprop.Synapses.Init]; the others replace these. The layers themselves are not changed.
//
// Errors: ErrSettings, those of eventprop for layers that make no sense or do not fit, and
// graph.ErrParam for parameters of another shape.
func (m EventProp) Build(params *graph.Params) (*EventNetwork, error) {
	if params == nil {
		return nil, fmt.Errorf("%w: EventProp.Build without parameters", ErrSettings)
	}
	if m.Readout == nil {
		m.Readout = eventprop.First{}
	}
	if m.Scale == 0 || math.IsNaN(m.Scale) || math.IsInf(m.Scale, 0) {
		return nil, fmt.Errorf("%w: EventProp.Scale is %g, want a finite number other than 0", ErrSettings, m.Scale)
	}
	switch m.Target.Kind {
	case data.NoTarget:
		m.Target.Kind = data.ClassTarget
	case data.SequenceTarget:
		if m.Loss != nil {
			return nil, fmt.Errorf("%w: EventProp.Loss is a function of one number of each neuron: a loss of a sequence is EventProp.Tape", ErrSettings)
		}
		if m.Tape == nil {
			m.Tape = courses(m.Scale)
		}
	}
	if m.Tape != nil && m.Loss != nil {
		return nil, fmt.Errorf("%w: EventProp with both Loss and Tape", ErrSettings)
	}
	if m.Loss == nil {
		m.Loss = m.loss
	}
	if given := params.Names(); !m.Partial && len(given) > 0 {
		probe := m
		probe.Partial = true
		n, err := probe.Build(params.Clone())
		if err != nil {
			return nil, err
		}
		var names []string
		for _, l := range n.tree {
			names = append(names, l.Name)
		}
		if err := graph.CheckNames(given, names); err != nil {
			return nil, err
		}
	}
	n := &EventNetwork{method: m, params: params}
	for k, l := range m.Layers {
		if l.Name == "" || slices.ContainsFunc(m.Layers[:k], func(o EventLayer) bool { return o.Name == l.Name }) {
			return nil, fmt.Errorf("%w: the name %q of layer %d, want one that no other layer has", ErrSettings, l.Name, k)
		}
		if !(l.Silence >= 0) || math.IsInf(l.Silence, 1) {
			return nil, fmt.Errorf("%w: Silence of layer %q is %g, want a finite number >= 0", ErrSettings, l.Name, l.Silence)
		}
		if e := l.Existence; !(e.Weight >= 0) || math.IsInf(e.Weight, 1) || e.Weight > 0 && !(e.Margin > 0 && e.Margin <= math.MaxFloat64) {
			return nil, fmt.Errorf("%w: Existence of layer %q is %+v, want a finite weight >= 0 and a finite margin > 0", ErrSettings, l.Name, e)
		}
		if !(l.Revive >= 0) || math.IsInf(l.Revive, 1) {
			return nil, fmt.Errorf("%w: Revive of layer %q is %g, want a finite number >= 0", ErrSettings, l.Name, l.Revive)
		}
		if l.Layer.Neuron != nil && (l.Silence != 0 || l.Existence.Weight != 0 || l.Revive != 0) {
			return nil, fmt.Errorf("%w: Silence, Existence and Revive of layer %q are %g, %g and %g, want 0: they are of the voltage of LIF neurons",
				ErrSettings, l.Name, l.Silence, l.Existence.Weight, l.Revive)
		}
		layer := l.Layer // its slices are replaced, not changed
		if layer.Rec != nil {
			rec := *layer.Rec
			layer.Rec = &rec
		}
		n.net = append(n.net, &layer)
	}
	if err := n.net.Check(); err != nil {
		return nil, err
	}
	n.grads = n.net.NewWeightGradients()
	for k, l := range n.net {
		if err := n.share(m.Layers[k].Name+"/w", &l.In, n.grads[k].In); err != nil {
			return nil, err
		}
		if l.Rec != nil {
			if err := n.share(m.Layers[k].Name+"/w_rec", l.Rec, n.grads[k].Rec); err != nil {
				return nil, err
			}
		}
		if err := n.learn(k); err != nil {
			return nil, err
		}
		if err := n.addRevival(k); err != nil {
			return nil, err
		}
	}
	n.batch = eventprop.Batch{Net: n.net, Method: m.Method}
	return n, nil
}

// share makes the weights of synapses a parameter.
func (n *EventNetwork) share(name string, s *eventprop.Synapses, grad []float64) error {
	shape := []int{s.Pre, s.Post}
	if s.Row != nil {
		shape = []int{len(s.Weight)}
	}
	if len(s.Weight) == 0 {
		return fmt.Errorf("%w: %q has no weights", ErrSettings, name)
	}
	w, err := n.parameter(name, s.Weight, shape, grad)
	s.Weight = w
	return err
}

// parameter makes a parameter that starts at the given numbers, unless there is one of the name,
// and returns its memory. grad is the memory of its gradient.
func (n *EventNetwork) parameter(name string, start []float64, shape []int, grad []float64) ([]float64, error) {
	own := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(slices.Clone(start)))
	if v := n.params.Value(name); v == nil {
		if err := n.params.Set(name, own); err != nil {
			return nil, err
		}
	} else if v.Dtype() != tensor.Float64 || !v.Shape().Eq(own.Shape()) {
		return nil, fmt.Errorf("%w: parameter %q is %v of shape %v, not float64 of shape %v", graph.ErrParam, name, v.Dtype(), v.Shape(), own.Shape())
	}
	n.tree = append(n.tree, optim.Leaf{Name: name, F64: grad})
	return n.params.Value(name).Float64s(), nil
}

// Params returns all parameters.
func (n *EventNetwork) Params() *graph.Params {
	if !n.built() {
		return nil
	}
	return n.params
}

// Net returns the layers with the parameters as they are. They share memory with the network.
func (n *EventNetwork) Net() eventprop.Serial {
	if !n.built() {
		return nil
	}
	n.set()
	return n.net
}

// built says whether Build has made the network.
func (n *EventNetwork) built() bool { return n != nil && n.params != nil }

// Grads returns the gradients of all that is learned, as [Learner] says.
func (n *EventNetwork) Grads() optim.Tree {
	if !n.built() {
		return nil
	}
	return n.tree
}

// Gradient computes the gradient of a batch. Sums has the counts of [Sums.Silent],
// [Sums.Grazing] and [Sums.Clipped] too.
func (n *EventNetwork) Gradient(set data.Batches, epoch uint64, k int) (Sums, error) {
	if !n.built() {
		return Sums{}, errNotBuilt
	}
	for _, g := range n.grads {
		g.Reset()
	}
	if len(n.revivals) > 0 && set.Shards > 1 {
		return Sums{}, fmt.Errorf("%w: Revive with batches in %d shards, want 1", ErrSettings, set.Shards)
	}
	sums, err := n.run(n.grads, set, epoch, k)
	if err != nil {
		return Sums{}, err
	}
	n.chain()
	for i := range n.revivals {
		n.revivals[i].count(sums.Rows, set.Data.Len(), n.net)
	}
	rows := float64(sums.Rows)
	part, _ := math.Frexp(rows)
	for _, l := range n.tree {
		const block = 1 << 14
		kernel.Blocks(len(l.F64), block, func(lo, hi int) {
			x := l.F64[lo:hi]
			if part == 0.5 { // a power of two: the product is the quotient, and faster
				for i := range x {
					x[i] *= 1 / rows
				}
				return
			}
			for i := range x {
				x[i] /= rows
			}
		})
	}
	return sums, nil
}

// Evaluate computes the loss of a batch.
func (n *EventNetwork) Evaluate(set data.Batches, epoch uint64, k int) (Sums, error) {
	return n.run(nil, set, epoch, k)
}

// Close does nothing: there is nothing to release.
func (n *EventNetwork) Close() error { return nil }

// fill gets the events of a batch with targets.
func (n *EventNetwork) fill(set data.Batches, epoch uint64, k int) error {
	if n.built() && set.Data != nil {
		if t, want := set.Data.Form().Target, n.method.Target; t.Kind != want.Kind || t.Size > n.net[len(n.net)-1].Neurons() {
			return fmt.Errorf("%w: a data set with the target %v of %d for a network with %v and %d outputs",
				ErrSettings, t.Kind, t.Size, want.Kind, n.net[len(n.net)-1].Neurons())
		}
	}
	return n.take(set, epoch, k)
}

// take gets the events of a batch and makes rows for them.
func (n *EventNetwork) take(set data.Batches, epoch uint64, k int) error {
	if !n.built() {
		return errNotBuilt
	}
	if err := set.FillEvents(&n.events, epoch, k); err != nil {
		return err
	}
	if want := n.net[0].In.Pre; n.events.Channels != want {
		return fmt.Errorf("%w: %d input channels for a network of %d", ErrSettings, n.events.Channels, want)
	}
	classes := n.net[len(n.net)-1].Neurons()
	for len(n.rows) < n.events.Valid {
		n.rows = append(n.rows, eventRow{
			observed: make([]float64, classes), slope: make([]float64, classes),
			metrics: make([]float64, len(n.method.Metrics)),
		})
		n.inputs = append(n.inputs, nil)
	}
	for row, spikes := range n.events.Spikes[:n.events.Valid] {
		in := n.inputs[row][:0]
		for _, s := range spikes {
			in = append(in, eventprop.Spike{Time: s.Time, Neuron: s.Channel})
		}
		n.inputs[row] = in
	}
	for i := range n.revivals {
		n.revivals[i].grow(n.events.Valid)
	}
	n.batch.End, n.batch.Ends = set.Duration, n.events.Ends[:n.events.Valid]
	n.set()
	return nil
}

// run computes batch k of an epoch; unless g is nil, it adds the gradients of the sum of the losses
// to g.
func (n *EventNetwork) run(g []*eventprop.Gradients, set data.Batches, epoch uint64, k int) (Sums, error) {
	if err := n.fill(set, epoch, k); err != nil {
		return Sums{}, err
	}
	rows := n.events.Valid
	loss, report, err := n.batch.Step(g, n.inputs[:rows], n.loss)
	if err != nil {
		return Sums{}, err
	}
	s := Sums{Rows: rows, Loss: loss, Silent: report.SilentNeurons, Grazing: report.Grazing, Clipped: report.ClippedJumps}
	for _, m := range n.method.Metrics {
		s.Metrics = append(s.Metrics, Measured{Name: m.Name})
	}
	for _, r := range n.rows[:rows] {
		for i, x := range r.metrics {
			s.Metrics[i].Sum += x
		}
		if r.correct {
			s.Correct++
		}
	}
	n.count(&s, n.rows[:rows], g == nil)
	return s, nil
}

// loss is that of one sample of the batch, an [eventprop.Loss].
func (n *EventNetwork) loss(sample int, p *eventprop.Pass) (float64, error) {
	r, want := &n.rows[sample], answerOf(n.method.Target, &n.events.Rows, sample)
	tape, c := p.Last()
	if err := n.observe(r, tape, sample); err != nil {
		return 0, err
	}
	loss, err := n.compare(r, want, tape, c)
	if err != nil {
		return 0, err
	}
	r.correct = want.Kind == data.ClassTarget && n.predict(r.observed, tape) == want.Label
	for i, m := range n.method.Metrics {
		r.metrics[i] = m.value(r.scaled, r.output, want)
	}
	r.spikes = r.spikes[:0]
	for k := range p.Tapes {
		r.spikes = append(r.spikes, len(p.Tapes[k].Spikes))
		r.count(k, n.net[k].Neurons(), p.Tapes[k].Spikes)
		layer := &n.method.Layers[k]
		for _, term := range []interface {
			Add(*eventprop.Tape, *eventprop.Cotangent) (float64, error)
		}{eventprop.Silence{Weight: layer.Silence}, layer.Existence} {
			cost, err := term.Add(&p.Tapes[k], &p.Cotangents[k])
			if err != nil {
				return 0, err
			}
			loss += cost
		}
	}
	for i := range n.revivals {
		v := &n.revivals[i]
		v.see(sample, p.Tapes[v.layer].Spikes)
	}
	return loss, nil
}

// predict returns the class with the largest logit; -1 where several have it, or where the first
// spike decides and there is none.
func (n *EventNetwork) predict(observed []float64, output *eventprop.Tape) int {
	if _, ok := n.method.Readout.(eventprop.First); ok && len(output.Spikes) == 0 {
		return -1
	}
	z := make([]float64, len(observed))
	for j, x := range observed {
		z[j] = n.method.Scale * x
	}
	return decided(optim.Leaf{F64: z}, 0, 1)
}
