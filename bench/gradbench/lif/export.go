package lif

import "encoding/json"

// Description is a problem as data, with everything that other code needs to compute its losses and
// gradients: the equations are those of the package.
type Description struct {
	Title  string       `json:"title"`
	Dt     float64      `json:"dt_s"`
	Steps  int          `json:"steps"`
	Width  float64      `json:"escape_width"`
	Layers []LayerShape `json:"layers"`
	// Classes are the parts of Params: weights [inputs, N], ln of time constants in s, thresholds.
	Classes []Part    `json:"classes"`
	Params  []float64 `json:"params"`
	// Input holds the elements of each input that are not 0: step, channel, value.
	Input [][][3]float64 `json:"input"`
	Loss  json.Marshaler `json:"loss"`
}

// LayerShape is what a layer has besides parameters.
type LayerShape struct {
	N         int    `json:"n"`
	Synapse   string `json:"synapse"` // delta, exponential, or exponential held over a step
	Reset     string `json:"reset"`   // subtract, zero, or none where the layer does not spike
	Recurrent bool   `json:"recurrent"`
}

// Part is a class of parameters.
type Part struct {
	Name string `json:"name"`
	From int    `json:"from"`
	To   int    `json:"to"`
}

// Describe returns a problem as data.
func (p *Problem) Describe() Description {
	if p == nil || p.Net == nil || len(p.Net.layers) == 0 {
		return Description{Title: p.Name()}
	}
	d := Description{Title: p.Title, Dt: p.Net.Dt, Steps: p.Steps, Width: p.Width, Params: p.Net.Params}
	channels := p.Net.layers[0].in
	for _, l := range p.Net.layers {
		s := LayerShape{N: l.N, Synapse: "delta", Reset: "subtract", Recurrent: l.Recurrent}
		switch {
		case l.TauSyn > 0 && l.Hold:
			s.Synapse = "exponential, held over a step"
		case l.TauSyn > 0:
			s.Synapse = "exponential"
		}
		switch {
		case l.Readout:
			s.Reset = "none"
		case l.Zero:
			s.Reset = "zero"
		}
		d.Layers = append(d.Layers, s)
	}
	for _, c := range p.Net.Classes {
		d.Classes = append(d.Classes, Part(c))
	}
	for _, x := range p.Input {
		d.Input = append(d.Input, list(x, channels))
	}
	d.Loss, _ = p.Data.(json.Marshaler)
	return d
}

// list returns the elements that are not 0 of x [T, n]: step, column, value.
func list(x []float64, n int) [][3]float64 {
	all := [][3]float64{}
	for at, v := range x {
		if v != 0 {
			all = append(all, [3]float64{float64(at / n), float64(at % n), v})
		}
	}
	return all
}

// MarshalJSON writes the kind of the loss and the target spikes.
func (v VanRossum) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"kind": "van Rossum", "tau_s": v.Tau, "target": v.Target})
}

// MarshalJSON writes the kind of the loss and the labels.
func (c CrossEntropy) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"kind": "cross-entropy", "readout": c.Readout, "label": c.Label, "length": c.Length})
}

// MarshalJSON writes the kind of the loss and the numbers of spikes.
func (c Count) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"kind": "count", "target": c.Target})
}
