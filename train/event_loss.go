package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/train/data"
)

// TapeLoss is the loss of one sample as a function of all that the last layer did: it returns the
// loss, and adds its derivatives with respect to spike times (Cotangent.Time) and voltages
// (Cotangent.AddVoltage, AddPeak) to c. It is called for different samples at once.
type TapeLoss func(want Answer, t *eventprop.Tape, c *eventprop.Cotangent) (float64, error)

// TrainDistance is the van Rossum distance of the spikes of the last layer from those of a
// data.SpikeTarget with so many channels, in continuous time, tau in s: the mean over the channels
// of
//
//	D² = 1/2 Σ_ij exp(-|t_i - t_j|/tau) over both trains, with the sign of the pair
//	dD²/dt_i = 1/tau (Σ_j sgn(t_i - t'_j) exp(-|t_i - t'_j|/tau)
//	                - Σ_k sgn(t_i - t_k) exp(-|t_i - t_k|/tau))
//
// for the time t_i of a spike, t_k of the others of its neuron, and t'_j of the target, see
// [VanRossumDistance]. Spikes that are missing have no gradient: [EventLayer.Silence] brings
// neurons without any back.
func TrainDistance(tau float64, channels int) TapeLoss {
	return func(want Answer, t *eventprop.Tape, c *eventprop.Cotangent) (float64, error) {
		if !(tau > 0) || math.IsInf(tau, 1) || channels < 1 {
			return 0, fmt.Errorf("%w: TrainDistance of %d channels with tau = %g s, want > 0", ErrSettings, channels, tau)
		}
		if t == nil || c == nil || len(c.Time) != len(t.Spikes) {
			return 0, fmt.Errorf("%w: TrainDistance of no tape, or of one that the cotangent is not of", ErrSettings)
		}
		sum := 0.0
		share := 1 / float64(channels)
		for k, s := range t.Spikes {
			if s.Neuron >= channels {
				continue
			}
			pull := func(other float64, sign float64) {
				d := s.Time - other
				e := sign * share * fmath.Exp(-math.Abs(d)/tau)
				sum += float64(e * 0.5)
				switch {
				case d > 0:
					c.Time[k] -= e / tau
				case d < 0:
					c.Time[k] += e / tau
				}
			}
			for _, o := range t.Spikes {
				if o.Neuron == s.Neuron {
					pull(o.Time, 1)
				}
			}
			for _, o := range want.Spikes {
				if o.Channel == s.Neuron {
					pull(o.Time, -1)
					sum -= float64(0.5 * share * fmath.Exp(-math.Abs(s.Time-o.Time)/tau)) // each of these pairs counts twice
				}
			}
		}
		for _, a := range want.Spikes {
			for _, b := range want.Spikes {
				if a.Channel == b.Channel {
					sum += float64(0.5 * share * fmath.Exp(-math.Abs(a.Time-b.Time)/tau))
				}
			}
		}
		return max(sum, 0), nil
	}
}

// courses is the loss of sequences, see EventProp.Loss.
func courses(scale float64) TapeLoss {
	return func(want Answer, t *eventprop.Tape, c *eventprop.Cotangent) (float64, error) {
		sum, n := 0.0, float64(len(want.Y))
		for i, y := range want.Y {
			j, at := i%want.Size, stepEnd(t, i/want.Size, len(want.Y)/want.Size)
			v, err := t.Voltage(j, at)
			if err != nil {
				return 0, err
			}
			d := float64(scale*v) - y
			sum += float64(d * d)
			c.AddVoltage(j, at, 2*d*scale/n)
		}
		return sum / max(n, 1), nil
	}
}

// stepEnd returns the end of step i of so many, in s.
func stepEnd(t *eventprop.Tape, i, steps int) float64 {
	return t.End() * (float64(i+1) / float64(steps))
}

// observe reads what the network gives for a sample.
func (n *EventNetwork) observe(r *eventRow, tape *eventprop.Tape, row int) error {
	r.scaled, r.output = r.scaled[:0], r.output[:0]
	if k := n.method.Target; k.Kind == data.SequenceTarget {
		steps := n.events.Lengths[row]
		for i := range steps * k.Size {
			v, err := tape.Voltage(i%k.Size, stepEnd(tape, i/k.Size, steps))
			if err != nil {
				return err
			}
			r.scaled = append(r.scaled, float64(n.method.Scale*v))
		}
		return nil
	}
	if n.method.Target.Kind == data.SpikeTarget {
		for _, s := range tape.Spikes {
			r.output = append(r.output, data.Spike{Time: s.Time, Channel: s.Neuron})
		}
	}
	if err := n.method.Readout.Observe(r.observed, tape); err != nil {
		return err
	}
	for _, x := range r.observed {
		r.scaled = append(r.scaled, float64(n.method.Scale*x))
	}
	return nil
}

// compare returns the loss of a sample and adds its derivatives to c.
func (n *EventNetwork) compare(r *eventRow, want Answer, tape *eventprop.Tape, c *eventprop.Cotangent) (float64, error) {
	if n.method.Tape != nil {
		return n.method.Tape(want, tape, c)
	}
	loss, err := n.method.Loss(want).Value(r.slope, r.observed)
	if err != nil {
		return 0, err
	}
	return loss, n.method.Readout.Pull(c, tape, r.slope)
}

// loss is the default of Loss.
func (m EventProp) loss(want Answer) eventprop.Objective {
	switch want.Kind {
	case data.VectorTarget, data.SpikeTarget:
		return squares{m.Scale, want}
	}
	return eventprop.CrossEntropy{Label: want.Label, Scale: m.Scale}
}

// squares is the loss of vectors and of first spikes, see EventProp.Loss.
type squares struct {
	scale float64
	want  Answer
}

// Value returns the loss of x and its gradient.
func (s squares) Value(grad, x []float64) (float64, error) {
	clear(grad)
	sum, n := 0.0, 0
	add := func(j int, d float64) { // d is the difference, already scaled
		sum, n = sum+float64(d*d), n+1
		grad[j] = 2 * d * s.scale
	}
	if s.want.Kind == data.VectorTarget {
		for j, y := range s.want.Y {
			add(j, float64(s.scale*x[j])-y)
		}
	} else {
		for i, spike := range s.want.Spikes {
			first := !slices.ContainsFunc(s.want.Spikes[:i], func(o data.Spike) bool { return o.Channel == spike.Channel })
			if first {
				add(spike.Channel, float64(s.scale*(x[spike.Channel]-spike.Time)))
			}
		}
	}
	if n == 0 {
		return 0, nil
	}
	for j := range grad {
		grad[j] /= float64(n)
	}
	return sum / float64(n), nil
}
