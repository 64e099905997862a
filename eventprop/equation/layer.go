package equation

import (
	"errors"
	"fmt"
	"slices"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/earliest"
)

// ErrStep signifies equations that cannot be followed: their step falls below the resolution of
// time, as where a state goes to infinity before the threshold, or has no slope, as 1/V at V = 0.
var ErrStep = errors.New("equation: the step becomes too small")

// Layer is a population of N = In.Post neurons of a model.
type Layer struct {
	Model  *Model
	Params map[string][]float64 // of each parameter of the model one number for all neurons, or N
	In     eventprop.Synapses   // [inputs, N]
	Rec    *eventprop.Synapses  // [N, N]; nil for a feed-forward layer
	// Tolerance is the largest error of a step, relative to the largest size of each state so far.
	// 0 means 1e-11, with which gradients of the networks of TestNets are exact to 1e-10 of the
	// largest of their kind. Steps of 1e-9 cost up to a sixth less, those of 1e-16 reach rounding.
	Tolerance float64
	MaxSpikes int // more spikes are an error (eventprop.ErrLimit); 0 means 1<<20
}

// Check returns an error that says what is wrong with the layer: eventprop.ErrShape or
// eventprop.ErrParameter.
func (l *Layer) Check() error {
	if l == nil || !l.Model.parsed() || len(l.Model.States) == 0 {
		return fmt.Errorf("%w: a layer without a model, want one of Parse", eventprop.ErrShape)
	}
	// the synapses are those of a layer of LIF neurons, whose check they pass
	if err := (&eventprop.Layer{In: l.In, Rec: l.Rec, Settings: eventprop.Settings{MaxSpikes: l.MaxSpikes}}).Check(); err != nil {
		return err
	}
	if !(l.Tolerance >= 0) || l.Tolerance > 0.1 {
		return fmt.Errorf("%w: Tolerance is %g, want 0 to 0.1", eventprop.ErrParameter, l.Tolerance)
	}
	for _, name := range l.Model.Params {
		v := l.Params[name]
		if len(v) != 1 && len(v) != l.In.Post {
			return fmt.Errorf("%w: %s has %d values, want 1 or %d, one per neuron", eventprop.ErrShape, name, len(v), l.In.Post)
		}
		for j, x := range v {
			if x-x != 0 {
				return fmt.Errorf("%w: %s[%d] is %g, want a finite number", eventprop.ErrParameter, name, j, x)
			}
			if l.Model.refractory >= 0 && l.Model.Params[l.Model.refractory] == name && x < 0 {
				return fmt.Errorf("%w: the refractory time %s[%d] is %g s, want >= 0", eventprop.ErrParameter, name, j, x)
			}
		}
	}
	for name := range l.Params {
		if !slices.Contains(l.Model.Params, name) {
			return fmt.Errorf("%w: %q is no parameter of the model, want %v", eventprop.ErrParameter, name, l.Model.Params)
		}
	}
	return nil
}

// Gradients are the derivatives of a loss, with the shapes of the layer.
type Gradients struct {
	In, InDelay   []float64
	Rec, RecDelay []float64
	Params        map[string][]float64
	InputTime     []float64 // of each input spike
}

// NewGradients returns gradients of the layer that are 0, without InputTime; nothing for a layer
// without a model.
func (l *Layer) NewGradients() *Gradients {
	if l == nil || l.Model == nil {
		return &Gradients{}
	}
	g := &Gradients{In: make([]float64, len(l.In.Weight)), Params: map[string][]float64{}}
	if l.In.Delay != nil {
		g.InDelay = make([]float64, len(l.In.Weight))
	}
	if l.Rec != nil {
		g.Rec = make([]float64, len(l.Rec.Weight))
		if l.Rec.Delay != nil {
			g.RecDelay = make([]float64, len(l.Rec.Weight))
		}
	}
	for _, name := range l.Model.Params {
		g.Params[name] = make([]float64, len(l.Params[name]))
	}
	return g
}

// byDelay returns the synapses of each source by delay, nil where there are none.
func byDelay(s *eventprop.Synapses) []int32 {
	return earliest.ByDelay(s.Delay, s.Pre, s.Fan)
}

// value returns parameter k of neuron j.
func (l *Layer) value(k, j int) float64 {
	v := l.Params[l.Model.Params[k]]
	if len(v) == 1 {
		return v[0]
	}
	return v[j]
}

func (l *Layer) tolerance() float64 {
	if l.Tolerance == 0 {
		return 1e-11
	}
	return l.Tolerance
}

func (l *Layer) maxSpikes() int {
	if l.MaxSpikes == 0 {
		return 1 << 20
	}
	return l.MaxSpikes
}
