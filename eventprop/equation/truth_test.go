package equation

import (
	"math"
	"math/big"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/random"
)

// The truth of these tests is arithmetic of 192 bits, some 57 digits: Taylor series of order 45
// over steps of at most 1 ms, in which all rates are below 1/ms, so that the first term left out is
// below 1/45! = 1e-56; spikes by secants to the last bits; derivatives by differences of 1e-28,
// which are exact to some 1e-40.

const bits = 192

func number(x float64) *big.Float { return new(big.Float).SetPrec(bits).SetFloat64(x) }

func plus(a, b *big.Float) *big.Float  { return new(big.Float).SetPrec(bits).Add(a, b) }
func minus(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Sub(a, b) }
func times(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(bits).Mul(a, b) }
func over(a, b *big.Float) *big.Float  { return new(big.Float).SetPrec(bits).Quo(a, b) }

// exactNeuron is a neuron in these numbers: the next coefficients of its states, and its threshold.
type exactNeuron struct {
	start     func(p map[string]*big.Float) []*big.Float
	next      func(p map[string]*big.Float, x [][]*big.Float, k int, held bool) []*big.Float // (k+1) times them; the last is I
	threshold func(p map[string]*big.Float, x []*big.Float) *big.Float
	reset     func(p map[string]*big.Float, x []*big.Float) []*big.Float
}

var exactLIF = exactNeuron{
	start: func(p map[string]*big.Float) []*big.Float { return []*big.Float{p["v_leak"], number(0)} },
	next: func(p map[string]*big.Float, x [][]*big.Float, k int, held bool) []*big.Float {
		drive := minus(x[1][k], x[0][k])
		if k == 0 {
			drive = plus(drive, p["v_leak"])
		}
		if held {
			drive = number(0)
		}
		return []*big.Float{over(drive, p["tau_mem"]), over(minus(number(0), x[1][k]), p["tau_syn"])}
	},
	threshold: func(p map[string]*big.Float, x []*big.Float) *big.Float { return minus(x[0], p["v_th"]) },
	reset:     func(p map[string]*big.Float, x []*big.Float) []*big.Float { return []*big.Float{p["v_reset"], x[1]} },
}

// exactQIF is V = x/y with y' = -x/tau, x' = (I + i_ext) y/tau.
var exactQIF = exactNeuron{
	start: func(p map[string]*big.Float) []*big.Float { return []*big.Float{number(1), p["v_init"], number(0)} },
	next: func(p map[string]*big.Float, x [][]*big.Float, k int, _ bool) []*big.Float {
		drive := times(p["i_ext"], x[0][k])
		for i := 0; i <= k; i++ {
			drive = plus(drive, times(x[2][i], x[0][k-i]))
		}
		return []*big.Float{over(minus(number(0), x[1][k]), p["tau_mem"]), over(drive, p["tau_mem"]), over(minus(number(0), x[2][k]), p["tau_syn"])}
	},
	threshold: func(p map[string]*big.Float, x []*big.Float) *big.Float { return minus(x[1], times(p["v_th"], x[0])) },
	reset: func(p map[string]*big.Float, x []*big.Float) []*big.Float {
		return []*big.Float{number(1), p["v_reset"], x[2]}
	},
}

// exactInput is an input spike, its weight and its delay.
type exactInput struct{ time, weight, delay *big.Float }

// spikes returns the spike times of the neuron before an end.
func (n exactNeuron) spikes(t *testing.T, p map[string]*big.Float, inputs []exactInput, end float64) (found []*big.Float) {
	t.Helper()
	const order = 45
	x, now := n.start(p), number(0)
	served := make([]bool, len(inputs))
	var until *big.Float // of a hold
	for {
		// the next event, which is a step of 1 ms where none is near
		stop := plus(now, number(1e-3))
		if last := number(end); last.Cmp(stop) < 0 {
			stop = last
		}
		arrives, releases := -1, false
		for i, in := range inputs {
			if at := plus(in.time, in.delay); !served[i] && at.Cmp(stop) <= 0 {
				stop, arrives = at, i
			}
		}
		if until != nil && until.Cmp(stop) <= 0 {
			stop, arrives, releases = until, -1, true
		}
		series := make([][]*big.Float, len(x))
		for s := range x {
			series[s] = []*big.Float{x[s]}
		}
		for k := range order {
			for s, c := range n.next(p, series, k, until != nil) {
				series[s] = append(series[s], over(c, number(float64(k+1))))
			}
		}
		at := func(h *big.Float) []*big.Float {
			out := make([]*big.Float, len(x))
			for s := range series {
				sum := number(0)
				for k := order; k >= 0; k-- {
					sum = plus(times(sum, h), series[s][k])
				}
				out[s] = sum
			}
			return out
		}
		h := minus(stop, now)
		if after := at(h); until == nil && n.threshold(p, after).Sign() > 0 {
			lo, hi := number(0), h
			g := func(h *big.Float) *big.Float { return n.threshold(p, at(h)) }
			for range 10 {
				if middle := times(plus(lo, hi), number(0.5)); g(middle).Sign() > 0 {
					hi = middle
				} else {
					lo = middle
				}
			}
			a, b := g(lo), g(hi)
			for range 12 { // orders of 1.6 from 1e-6 of h on
				if a.Cmp(b) == 0 {
					break
				}
				next := minus(hi, over(times(b, minus(hi, lo)), minus(b, a)))
				lo, a = hi, b
				hi, b = next, g(next)
			}
			now = plus(now, hi)
			x = n.reset(p, at(hi))
			found = append(found, now)
			if hold := p["t_ref"]; hold != nil {
				until = plus(now, hold)
			}
			continue
		}
		x, now = at(h), stop
		switch {
		case releases:
			until = nil
		case arrives >= 0:
			served[arrives] = true
			x[len(x)-1] = plus(x[len(x)-1], inputs[arrives].weight)
		case now.Cmp(number(end)) >= 0:
			return found
		}
	}
}

// TestTruth compares spikes and gradients of refractory LIF and of QIF neurons with delays with
// those of 57 digits.
func TestTruth(t *testing.T) {
	nets := 6
	if testing.Short() {
		nets = 1
	}
	for name, c := range map[string]struct {
		text   string
		exact  exactNeuron
		params map[string]float64
		weight float64
	}{
		"LIF": {LIF, exactLIF, examples[0].params, 5},
		"QIF": {QIF, exactQIF, examples[3].params, 7},
	} {
		for net := range nets {
			r := random.New(uint64(net), "equation/truth/"+name)
			params, exact := map[string]float64{}, map[string]*big.Float{}
			for _, p := range one(t, c.text, c.params).Model.Params {
				params[p] = c.params[p] * (0.8 + 0.4*r.Float64())
				exact[p] = number(params[p])
			}
			l := one(t, c.text, params)
			l.Tolerance = 1e-16
			l.In = eventprop.NewDense(5, 1)
			l.In.Delay = make([]float64, 5)
			var input []eventprop.Spike
			inputs := make([]exactInput, 5)
			for i := range inputs {
				l.In.Weight[i], l.In.Delay[i] = c.weight*(0.5+r.Float64()), 3e-3*r.Float64()
				input = append(input, eventprop.Spike{Time: 15e-3 * r.Float64(), Neuron: i})
				inputs[i] = exactInput{number(input[i].Time), number(l.In.Weight[i]), number(l.In.Delay[i])}
			}
			eventprop.SortSpikes(input)
			const end = 30e-3
			var run Run
			if err := run.Forward(l, input, end); err != nil {
				t.Fatal(err)
			}
			want := c.exact.spikes(t, exact, inputs, end)
			if len(want) < 2 || len(run.Spikes) != len(want) {
				t.Errorf("%s %d: %d spikes, want %d, at least 2", name, net, len(run.Spikes), len(want))
				continue
			}
			time := make([]float64, len(want))
			for k, s := range run.Spikes {
				exact, _ := want[k].Float64()
				if d := math.Abs(s.Time - exact); d > 1e-13*exact { // roundings of some 50 steps, amplified before a spike
					t.Errorf("%s %d: spike %d at %v, want %v", name, net, k, s.Time, exact)
				}
				time[k] = 1
			}
			g, err := run.Backward(time)
			if err != nil {
				t.Fatal(err)
			}
			slope := func(set func(*big.Float), x *big.Float) float64 {
				h, total := number(1e-28), number(0)
				for _, sign := range []float64{1, -1} {
					set(plus(x, times(h, number(sign))))
					for _, s := range c.exact.spikes(t, exact, inputs, end) {
						total = plus(total, times(s, number(sign)))
					}
				}
				set(x)
				d, _ := over(total, times(h, number(2))).Float64()
				return d
			}
			check := func(what string, got, want float64) {
				if math.Abs(got-want) > 1e-11*math.Abs(want)+1e-17 { // as above, and the slope of the threshold
					t.Errorf("%s %d: dL/d%s is %v, want %v", name, net, what, got, want)
				}
			}
			for p := range exact {
				check(p, g.Params[p][0], slope(func(x *big.Float) { exact[p] = x }, exact[p]))
			}
			for i := range inputs {
				in := &inputs[i]
				check("w", g.In[i], slope(func(x *big.Float) { in.weight = x }, in.weight))
				check("delay", g.InDelay[i], slope(func(x *big.Float) { in.delay = x }, in.delay))
			}
		}
	}
}
