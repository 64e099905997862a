package simulate

import "github.com/surge-snn/surge/models/dynapse"

// Report says what came out.
type Report struct {
	Rows      int       `json:"rows"`
	Steps     int       `json:"steps"`
	Neurons   int       `json:"neurons"`
	Dt        float64   `json:"dt"`         // s
	Spikes    float64   `json:"spikes"`     // in all
	Rate      float64   `json:"rate"`       // mean over rows and neurons, Hz
	PerNeuron []float64 `json:"per_neuron"` // mean over rows, Hz
}

// Report returns numbers and rates of spikes; 0 of a run that is not of the simulation.
func (s *Simulation) Report(run *dynapse.Run) Report {
	if s.fits(run) != nil {
		return Report{}
	}
	r := Report{Rows: s.Input.B, Steps: s.Input.T, Neurons: s.Network.N, Dt: s.Dt, PerNeuron: make([]float64, s.Network.N)}
	for i, x := range run.Spikes {
		r.Spikes += x
		r.PerNeuron[i%s.Network.N] += x
	}
	duration := float64(s.Input.B) * float64(s.Input.T) * s.Dt
	for j := range r.PerNeuron {
		r.PerNeuron[j] /= duration
	}
	r.Rate = r.Spikes / (duration * float64(s.Network.N))
	return r
}
