package eventprop

import "fmt"

// Serial is layers in a row: the spikes of each are the input of the next.
type Serial []*Layer

// Method is the engine of gradients.
type Method int

const (
	// Adjoint is the adjoint method EventProp, [Tape.Backward].
	Adjoint Method = iota
	// Implicit is the derivative of every spike in forward mode, [Tape.Analytical].
	Implicit
)

// Pass is a pass of one sample through layers in a row. Its memory is used again by the next pass.
type Pass struct {
	Tapes      []Tape      // of each layer
	Cotangents []Cotangent // of each layer; a loss adds to that of the last, a regulariser to any

	plans []plan
}

// Last returns the tape and cotangent of the last layer, nil before the first pass.
func (p *Pass) Last() (*Tape, *Cotangent) {
	if p == nil {
		return nil, nil
	}
	k := min(len(p.Tapes), len(p.Cotangents)) - 1
	if k < 0 {
		return nil, nil
	}
	return &p.Tapes[k], &p.Cotangents[k]
}

// Report returns the sum of the counts of all layers.
func (p *Pass) Report() Report {
	var r Report
	if p == nil {
		return r
	}
	for k := range p.Tapes {
		r.Add(p.Tapes[k].Report)
	}
	return r
}

// NewWeightGradients returns zero gradients for the weights of all layers.
func (n Serial) NewWeightGradients() []*Gradients {
	g := make([]*Gradients, len(n))
	for k, l := range n {
		g[k] = l.NewWeightGradients()
	}
	return g
}

// NewGradients returns zero gradients for everything in all layers.
func (n Serial) NewGradients() []*Gradients {
	g := make([]*Gradients, len(n))
	for k, l := range n {
		g[k] = l.NewGradients()
	}
	return g
}

// Check returns an error that names the layer and what is wrong with it, or that it does not fit
// the one before.
func (n Serial) Check() error {
	_, err := n.prepare(nil)
	return err
}

// prepare makes plans for passes, after all checks.
func (n Serial) prepare(plans []plan) ([]plan, error) {
	if len(n) == 0 {
		return plans, fmt.Errorf("%w: no layers", ErrShape)
	}
	if len(plans) != len(n) {
		plans = make([]plan, len(n))
	}
	for k, l := range n {
		if err := plans[k].prepare(l); err != nil {
			return plans, fmt.Errorf("layer %d: %w", k, err)
		}
		if k > 0 && l.In.Pre != n[k-1].Neurons() {
			return plans, fmt.Errorf("layer %d: %w: In has %d sources, the layer before has %d neurons", k, ErrShape, l.In.Pre, n[k-1].Neurons())
		}
	}
	return plans, nil
}

// Forward simulates all layers until end (s), and makes the cotangents zero.
func (n Serial) Forward(p *Pass, input []Spike, end float64) error {
	if p == nil {
		return fmt.Errorf("%w: no pass", ErrShape)
	}
	var err error
	if p.plans, err = n.prepare(p.plans); err != nil {
		return err
	}
	return p.forward(p.plans, input, end)
}

func (p *Pass) forward(plans []plan, input []Spike, end float64) error {
	if len(p.Tapes) != len(plans) || len(p.Cotangents) != len(plans) {
		p.Tapes, p.Cotangents = make([]Tape, len(plans)), make([]Cotangent, len(plans))
	}
	for k := range plans {
		t := &p.Tapes[k]
		if err := t.forward(&plans[k], input, end); err != nil {
			return fmt.Errorf("layer %d: %w", k, err)
		}
		p.Cotangents[k].Reset(t)
		input = t.Spikes
	}
	return nil
}

// Backward adds the gradients of the losses in p.Cotangents to g, one for each layer, and sets the
// InputTime of each tape. The cotangents of all layers but the last are added to.
func (p *Pass) Backward(g []*Gradients, m Method) error { return p.backward(g, m, true) }

// backward is Backward. Where inputTime is false, the InputTime of the first tape is not asked for.
func (p *Pass) backward(g []*Gradients, m Method, inputTime bool) error {
	if p == nil || len(p.Tapes) == 0 || len(p.Cotangents) != len(p.Tapes) {
		return fmt.Errorf("%w: no pass, want one of Serial.Forward", ErrShape)
	}
	if len(g) != len(p.Tapes) {
		return fmt.Errorf("%w: %d gradients for %d layers", ErrShape, len(g), len(p.Tapes))
	}
	for k := len(p.Tapes) - 1; k >= 0; k-- {
		t, c := &p.Tapes[k], &p.Cotangents[k]
		var err error
		if m == Implicit {
			err = t.Analytical(g[k], c)
		} else {
			err = t.backward(g[k], c, inputTime || k > 0)
		}
		if err != nil {
			return fmt.Errorf("layer %d: %w", k, err)
		}
		if k > 0 {
			before := p.Cotangents[k-1].Time
			if len(before) != len(t.InputTime) {
				return fmt.Errorf("layer %d: %w: cotangent has %d times, want %d, one per spike", k-1, ErrShape, len(before), len(t.InputTime))
			}
			for i, x := range t.InputTime {
				before[i] += x
			}
		}
	}
	return nil
}
