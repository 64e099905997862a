package fit

import (
	"context"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// Curve is a rate-against-input curve: the mean rate over the neurons for Poisson input at some
// rates, one input channel with weight 1 to each neuron.
//
// A measured rate has the noise of its count, and the input that made it is not known. So the model
// is to have its rates in the mean over Inputs draws of the input, the same ones at all points.
type Curve struct {
	Name      string
	InputRate []float64 // Hz
	Rate      []float64 // Hz, mean over neurons
	Seconds   float64   // of the measurement at each rate, and of each simulation; 0 means 5
	Inputs    int       // draws of the input at each rate; 0 means 1
	Scale     float64   // 0 means 1
	Seed      uint64    // of the input
}

// mostInputs bounds the draws of the input of a curve.
const mostInputs = 100

func (c *Curve) check() error {
	bad := badTarget(c.Name)
	if len(c.InputRate) == 0 || len(c.InputRate) != len(c.Rate) {
		return bad("%d input rates and %d rates, want as many, and at least one", len(c.InputRate), len(c.Rate))
	}
	constant := true
	for i, x := range c.InputRate {
		if !(x >= 0) || x > 1e5 {
			return bad("input_rate[%d] is %v Hz, want 0 to 1e5", i, x)
		}
		if y := c.Rate[i]; !(y >= 0) || y > 1e5 {
			return bad("rate[%d] is %v Hz, want 0 to 1e5", i, y)
		}
		constant = constant && c.Rate[i] == 0
	}
	if constant {
		return bad("all rates are 0: there is nothing to fit")
	}
	if !(c.Seconds >= 0) || c.Seconds > 1e4 || !(c.Scale >= 0) || math.IsInf(c.Scale, 0) {
		return bad("seconds is %v and scale %v, want finite numbers >= 0, and at most 1e4 s", c.Seconds, c.Scale)
	}
	if c.Inputs < 0 || c.Inputs > mostInputs {
		return bad("%d draws of the input, want 1 to %d", c.Inputs, mostInputs)
	}
	return nil
}

// draws are the input rates of the rows: each as often as it is drawn.
func (c *Curve) draws() (rates []float64) {
	for _, rate := range c.InputRate {
		rates = append(rates, slices.Repeat([]float64{rate}, max(c.Inputs, 1))...)
	}
	return rates
}

// countNoise is the expected loss between a measurement and the mean of the simulations of the same
// neurons, all with other Poisson input. A count n has a variance of at most about n, and its root
// one of a quarter:
//
//	E = Scale · (1 + 1/Inputs)/(4 N T)     N neurons, T seconds
func (c *Curve) countNoise(seconds float64, n int) float64 {
	return c.Scale * (1 + 1/float64(max(c.Inputs, 1))) / (4 * float64(n) * seconds)
}

// counted returns the mean number of spikes of the neurons at input rate b, over the draws of the
// input, and the mean peak of those that are silent.
func (c *Curve) counted(of []firing, b int) (count, peak float64) {
	n := len(of) / len(c.Rate)
	for _, f := range of[b*n : (b+1)*n] {
		count += f.count / float64(n)
		peak += f.peak / float64(n)
	}
	return count, peak
}

func (c *Curve) loss(of, d []firing, seconds float64) (loss float64) {
	rows := len(c.Rate)
	n := len(of) / rows
	per := 1 / (float64(n) * seconds) // Hz per spike
	for b, want := range c.Rate {
		count, _ := c.counted(of, b)
		rate := count / seconds
		e := rateError(rate, want)
		loss += float64(c.Scale * e * e / float64(rows))
		if d == nil {
			continue
		}
		g := c.Scale * e / math.Sqrt(max(rate, per)) * per / float64(rows) // the root has no slope at 0: there it is that of one spike
		for i := b * n; i < (b+1)*n; i++ {
			d[i].count = g
		}
	}
	return loss
}

// residuals has, for each input rate b,
//
//	r[b] = sqrt(2 Scale/B) (g[b] - sqrt(Rate[b]))
//	g    = sqrt(rate)                                where there are spikes
//	g    = mean over neurons of max_t ln(Imem/Ispkthr)  where there are none, < 0
func (c *Curve) residuals(r []float64, of []firing, seconds float64) {
	for b, want := range c.Rate {
		count, peak := c.counted(of, b)
		g := min(peak, 0)
		if count > 0 {
			g = math.Sqrt(count / seconds)
		}
		r[b] = math.Sqrt(2*c.Scale/float64(len(c.Rate))) * (g - math.Sqrt(want))
	}
}

func (c *Curve) size() int { return len(c.Rate) }

// resolution is the loss where every rate is off by a spike.
func (c *Curve) resolution(seconds float64, n int) (loss float64) {
	per := 1 / (float64(n) * seconds)
	for _, rate := range c.Rate {
		loss += float64(c.Scale * rateError(rate+per, rate) * rateError(rate+per, rate) / float64(len(c.Rate)))
	}
	return loss
}

// rateError is the difference of two rates as the loss has it.
func rateError(rate, want float64) float64 { return math.Sqrt(rate) - math.Sqrt(want) }

// Rates returns the mean rates over neurons, Hz, that a network has at the input rates of a curve,
// whatever its rates are.
//
// Errors: those of [dynapse.Network.Simulate], and [ErrExperiment] for a curve that is none.
func Rates(n dynapse.Network, c Curve) ([]float64, error) {
	c.Rate = slices.Repeat([]float64{1}, len(c.InputRate))
	p, err := Experiment{Space: Space{Network: n, Params: []dynapse.Param{dynapse.Iscale}}, Curves: []Curve{c}}.compile()
	if err != nil {
		return nil, err
	}
	s := &p.summed[0]
	_, of, err := p.simulate(context.Background(), s, n)
	if err != nil {
		return nil, err
	}
	rates := make([]float64, len(c.Rate))
	for b := range rates {
		count, _ := c.counted(of, b)
		rates[b] = count / p.seconds(s)
	}
	return rates, nil
}
