package fit

import (
	"encoding/json"

	"github.com/surge-snn/surge/optim/minimize"
)

// Report is a result as the program prints it and writes to result.json. Maps are by the name of a
// parameter and its group, "Itau_mem" or "Itau_mem[1]". Of a parameter with several groups Interval
// has the range of all of them, too, under its own name, and Identified the weakest verdict.
type Report struct {
	Status    minimize.Status `json:"status"` // converged, no-progress, budget, interrupted
	LossStart float64         `json:"loss_start"`
	Loss      float64         `json:"loss"`
	LossDAC   *float64        `json:"loss_dac"`
	// Currents are the fitted parameters by name, one for each neuron, A; Weights the recurrent
	// weights [N][N].
	Currents       map[string][]float64  `json:"currents"`
	Weights        [][]float64           `json:"w_rec,omitempty"`
	Values         map[string]float64    `json:"values"`
	Codes          []Setting             `json:"codes"`
	Interval       map[string][2]float64 `json:"interval"`
	Identified     map[string]Verdict    `json:"identified"`
	Unidentifiable []Open                `json:"unidentifiable"`
	Given          []Given               `json:"given,omitempty"`
	Mismatch       *Spread               `json:"mismatch"`
	Populations    []Population          `json:"populations,omitempty"`
	Posterior      *Posterior            `json:"posterior,omitempty"`
	Next           *Next                 `json:"next,omitempty"`
	Evaluations    int                   `json:"evaluations"`
	Gradients      int                   `json:"gradients"`
	Notes          []string              `json:"notes"`
	Warnings       []string              `json:"warnings"`
	AtBound        []string              `json:"at_bound"`
}

// Report returns the result as it is written.
func (r *Result) Report() Report {
	if r == nil {
		r = &Result{}
	}
	o := Report{Status: r.Status, LossStart: r.LossStart, Loss: r.Loss, LossDAC: r.LossDAC, Currents: map[string][]float64{}, Values: map[string]float64{}, Codes: r.Codes(),
		Interval: map[string][2]float64{}, Identified: map[string]Verdict{}, Unidentifiable: append([]Open{}, r.Unidentifiable...), Given: r.Given, Mismatch: r.Mismatch, Populations: r.Populations, Posterior: r.Posterior, Next: r.Next,
		Evaluations: r.Evaluations, Gradients: r.Gradients, Notes: append([]string{}, r.Notes...), Warnings: append([]string{}, r.Warnings...), AtBound: []string{}}
	n := max(r.Network.N, 0)
	coded := r.Bases != nil
	for _, p := range r.Parameters {
		o.Values[p.Name], o.Interval[p.Name], o.Identified[p.Name] = p.Value, p.Interval, p.Verdict
		if p.Param != p.Name {
			o.merge(p)
		}
		if p.Side == minimize.AtLower || p.Side == minimize.AtUpper {
			o.AtBound = append(o.AtBound, p.Name)
		}
		if p.Param == weightName {
			coded = true
			continue
		}
		if o.Currents[p.Param] == nil {
			o.Currents[p.Param] = make([]float64, n)
		}
		for _, j := range p.Neurons {
			if j >= 0 && j < n {
				o.Currents[p.Param][j] = p.Value
			}
		}
	}
	if coded && len(r.Network.WRec) >= n*n {
		for i := range n {
			o.Weights = append(o.Weights, r.Network.WRec[i*n:(i+1)*n])
		}
	}
	return o
}

// merge adds a group of a parameter to what is said of all of them.
func (o *Report) merge(p Parameter) {
	in, verdict := p.Interval, p.Verdict
	if old, ok := o.Identified[p.Param]; ok {
		was := o.Interval[p.Param]
		in, verdict = [2]float64{min(in[0], was[0]), max(in[1], was[1])}, min(verdict, old)
	}
	o.Interval[p.Param], o.Identified[p.Param] = in, verdict
}

// MarshalJSON writes the [Report].
func (r *Result) MarshalJSON() ([]byte, error) { return json.Marshal(r.Report()) }
