package eventprop

import (
	"fmt"
	"math"
)

// Silence adds Weight (VTh - max V) for each neuron without a spike to a loss,
//
//	R = Weight sum_{silent j} (VTh_j - max_t V_j(t))
//
// which is continuous where the neuron begins to spike, and has a gradient where spike times
// have none: it raises the input of silent neurons. Readouts (VTh = +Inf) are left out.
type Silence struct {
	Weight float64 // 1/V; the larger, the faster silent neurons come back
}

// Add returns R and adds its gradient to c.
func (s Silence) Add(t *Tape, c *Cotangent) (float64, error) {
	return addSilent("Silence", s.Weight, t, c, func(d float64) (cost, slope float64) { return d, 1 })
}

// Existence is [Silence] for the neurons alone that nearly spiked: with the distance of a silent
// neuron to its threshold, d = VTh - max V,
//
//	R = Weight sum_{silent j} d_j (1 - d_j/(2 Margin))    d_j < Margin
//	    Weight sum_{silent j} Margin/2                    otherwise
//
// so that a spike which has just vanished is brought back with the slope Weight, and neurons that
// are far from their threshold, as they may well be for most samples, are left alone: the slope
// falls to 0 at Margin without a jump.
type Existence struct {
	Weight float64 // 1/V
	Margin float64 // V, > 0
}

// Add returns R and adds its gradient to c.
func (e Existence) Add(t *Tape, c *Cotangent) (float64, error) {
	if e.Weight != 0 && !(e.Margin > 0 && e.Margin <= math.MaxFloat64) {
		return 0, fmt.Errorf("%w: Existence.Margin is %g, want a finite number > 0", ErrParameter, e.Margin)
	}
	return addSilent("Existence", e.Weight, t, c, func(d float64) (cost, slope float64) {
		if d >= e.Margin {
			return e.Margin / 2, 0
		}
		return d * (1 - d/(2*e.Margin)), 1 - d/e.Margin
	})
}

// addSilent adds weight times a cost of the distance to threshold of each silent neuron.
func addSilent(what string, weight float64, t *Tape, c *Cotangent, of func(distance float64) (cost, slope float64)) (float64, error) {
	if math.IsNaN(weight) || math.IsInf(weight, 0) {
		return 0, fmt.Errorf("%w: %s.Weight is %g, want a finite number", ErrParameter, what, weight)
	}
	sum := 0.0
	if weight == 0 {
		return sum, nil
	}
	if t == nil || t.plan == nil {
		return 0, fmt.Errorf("%w: %s of no pass", ErrShape, what)
	}
	if err := t.noVoltage(); err != nil {
		return 0, err
	}
	if err := c.checkTimes(t); err != nil {
		return 0, err
	}
	for j := range t.neurons() {
		cell := &t.plan.cells[j]
		if math.IsInf(cell.q, 1) || t.engine.spiked(j) {
			continue
		}
		p, err := t.Max(j)
		if err != nil {
			return 0, err
		}
		cost, slope := of(max(cell.leak+cell.q-p.Value, 0))
		sum += float64(weight * cost)
		if slope == 0 {
			continue
		}
		c.AddPeak(p, -weight*slope)
		c.AddPeak(Peak{neuron: int32(j), kind: crossing}, weight*slope) // of VTh
	}
	return sum, nil
}
