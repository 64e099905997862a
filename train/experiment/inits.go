package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/schema"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Init is what a row of [Inits] makes: the initialiser of weights from so many inputs to the
// neurons that a section [model] describes.
type Init func(inputs int, w Weights) (graph.Init, error)

// Weights is what the sections say of weights besides their initialiser.
type Weights struct {
	Mean, Gain float64     // w_mean and w_gain, of fan_in
	Neurons    *Experiment // with the [model] of the neurons behind them; nil where none are
}

// fanIn is the initialiser that has the keys w_mean and w_gain.
const fanIn = "fan_in"

// Inits are the choices of model.init, model.out_init and the key init of layers with weights, with
// keys in parentheses, as kaiming(gain = 1). A new one is a row here.
var Inits = data.Catalogue[Init]{
	{Name: fanIn, Doc: "normal, N(w_mean/in, w_gain²/in), see models.FanIn", New: func(*data.Params) Init {
		return func(_ int, w Weights) (graph.Init, error) { return models.FanIn(w.Mean, w.Gain), nil }
	}},
	{Name: "kaiming", Doc: "normal, by the number of inputs, see models.Kaiming", New: scaled(models.Kaiming, math.Sqrt2, false)},
	{Name: "kaiming_uniform", Doc: "the same, uniform; with the gain 1/√3 that of PyTorch's Linear", New: scaled(models.Kaiming, math.Sqrt2, true)},
	{Name: "xavier", Doc: "normal, by the numbers of inputs and outputs, see models.Xavier", New: scaled(models.Xavier, 1, false)},
	{Name: "xavier_uniform", Doc: "the same, uniform", New: scaled(models.Xavier, 1, true)},
	{Name: "fluctuation", Doc: "the voltage of the neurons behind (lif, cuba, alif) fluctuates below their threshold, see models.FluctuationDriven", New: newFluctuation},
	{Name: "normal", Doc: "normal, whatever the number of inputs, see models.Normal", New: func(p *data.Params) Init {
		mean, std := p.Float("mean", 0, "of the weights"), p.Float("std", 0.1, "their standard deviation")
		p.Want("std", std >= 0, ">= 0")
		return fixed(models.Normal(mean, std))
	}},
	{Name: "uniform", Doc: "uniform, whatever the number of inputs, see models.Uniform", New: func(p *data.Params) Init {
		low, high := p.Float("low", -0.1, "smallest weight"), p.Float("high", 0.1, "largest weight")
		p.Want("high", low < high, "> low")
		return fixed(models.Uniform(low, high))
	}},
	{Name: "constant", Doc: "all the same, see models.Constant", New: func(p *data.Params) Init {
		return fixed(models.Constant(p.Float("value", 1, "of all weights")))
	}},
}

func fixed(init graph.Init) Init {
	return func(int, Weights) (graph.Init, error) { return init, nil }
}

func scaled(of func(gain float64, uniform bool) graph.Init, gain float64, uniform bool) func(p *data.Params) Init {
	return func(p *data.Params) Init {
		g := p.Float("gain", gain, "factor of all weights")
		p.Want("gain", g > 0, "> 0")
		return fixed(of(g, uniform))
	}
}

func newFluctuation(p *data.Params) Init {
	f := models.FluctuationDriven{
		Rate: p.Float("rate", 10, "Hz, of each input"),
		Mean: p.Float("mean", 0, "of the voltage"),
		Xi:   p.Float("xi", 1, "standard deviations of the voltage from there to the threshold"),
	}
	p.Want("rate", f.Rate > 0, "> 0 Hz")
	p.Want("xi", f.Xi > 0, "> 0")
	return func(inputs int, w Weights) (graph.Init, error) {
		e := w.Neurons
		if e == nil || e.Model.Neuron != "lif" && (e.events() || e.Model.Neuron != "cuba" && e.Model.Neuron != "alif") {
			return nil, fmt.Errorf("%w: fluctuation: the neurons behind the weights are none of lif, and cuba or alif in time steps", models.ErrParameter)
		}
		f := f
		f.Dt, f.TauMem, f.VTh = e.Encode.Dt, e.Model.TauMem, e.Model.VTh
		if e.events() {
			f.Dt, f.TauSyn = cmp.Or(f.Dt, min(f.TauMem, e.Model.TauSyn)/100), e.Model.TauSyn
		} else if e.Model.Neuron == "cuba" {
			f.TauSyn, f.Hold = e.Model.TauSyn, true
		}
		return f.Init(inputs)
	}
}

// parseInit reads a name, or a name with keys, as kaiming(gain = 1).
func parseInit(text string) (name string, init Init, err error) {
	name, rest, hasKeys := strings.Cut(strings.TrimSpace(text), "(")
	name = cmp.Or(strings.TrimSpace(name), fanIn)
	keys := data.Table{}
	if hasKeys {
		list, closed := strings.CutSuffix(rest, ")")
		if !closed {
			return name, nil, errors.New("no closing parenthesis")
		}
		table, err := schema.Table("", "keys = {"+strings.ReplaceAll(list, "\n", " ")+"}")
		if err != nil {
			return name, nil, fmt.Errorf("keys as (gain = 1, ...) expected, found (%s)", list)
		}
		keys, _ = table["keys"].(map[string]any)
	}
	init, _, err = Inits.New(name, keys)
	return name, init, err
}

// ofInit are the rules for an initialiser, with the keys that fan_in has.
func ofInit(key, text, mean, gain string, w Weights) []rule {
	name, _, err := parseInit(text)
	rules := []rule{one(key, name, Inits.Names()...)}
	expected := "one of " + strings.Join(Inits.Names(), ", ") + ", as kaiming(gain = 1)"
	if k := (*data.KeyError)(nil); errors.As(err, &k) && k.Key != "" {
		expected = fmt.Sprintf("with %s %s", k.Key, k.Expected)
	} else if err != nil {
		expected += ": " + err.Error()
	}
	return append(rules, rule{key, expected, text, err == nil},
		unless(name == fanIn, mean, w.Mean, w.Mean == 0, key+" is "+fanIn),
		unless(name == fanIn, gain, w.Gain, w.Gain == 0, key+" is "+fanIn))
}

// weights returns the initialiser that a text describes. The experiment passes Check, which knows
// neither the number of inputs nor the neurons behind.
func (e *Experiment) weights(key, text string, inputs int, w Weights) (graph.Init, error) {
	_, init, err := parseInit(text)
	if err != nil {
		return nil, err
	}
	of, err := init(inputs, w)
	if err != nil {
		return nil, e.bad(key, fmt.Sprintf("an initialiser of weights from %d inputs", inputs), err.Error())
	}
	return of, nil
}

// ofInits are the rules for the initialisers of [model].
func (e checks) ofInits() []rule {
	m := e.Model
	return slices.Concat(
		ofInit("model.init", m.Init, "model.w_mean", "model.w_gain", Weights{Mean: m.WMean, Gain: m.WGain}),
		ofInit("model.out_init", m.OutInit, "model.out_mean", "model.out_gain", Weights{Mean: m.OutMean, Gain: m.OutGain}),
		[]rule{
			unless(len(e.Layer) == 0, "model.init", m.Init, m.Init == "", "there is no [[layer]], which has the key"),
			unless(m.Output != "none", "model.out_init", m.OutInit, m.OutInit == "", "output is not none"),
			{"model.init_spikes", ">= 0 spikes", m.InitSpikes, m.InitSpikes >= 0},
		})
}

// forgetWeights takes back the defaults of keys that only fan_in has, where the table of a file has
// another initialiser.
func (e filling) forgetWeights(table map[string]any) {
	model, _ := table["model"].(map[string]any)
	for _, k := range []struct {
		key        string
		mean, gain *float64
	}{{"init", &e.Model.WMean, &e.Model.WGain}, {"out_init", &e.Model.OutMean, &e.Model.OutGain}} {
		if text, ok := model[k.key].(string); ok {
			if name, _, _ := parseInit(text); name != fanIn {
				*k.mean, *k.gain = 0, 0
			}
		}
	}
}

// scaleWeights scales the weights to each hidden layer, from the input on, so that its neurons give
// model.init_spikes spikes in a sample of the first batch.
func (e *Experiment) scaleWeights(net train.Learner, sets train.Data) error {
	wanted := e.Model.InitSpikes
	if wanted == 0 {
		return nil
	}
	layers := func() ([]train.LayerSpikes, int, error) {
		sums, err := net.Evaluate(sets.Train, 0, 0)
		return sums.Layers, sums.Rows, err
	}
	all, _, err := layers()
	if err != nil {
		return err
	}
	before := 0
	for i, l := range all {
		at := place(l.Name)
		var weights []string
		for _, name := range net.Params().Names() {
			if k := place(name); strings.HasSuffix(name, "/w") && k > before && k <= at {
				weights = append(weights, name)
			}
		}
		if len(weights) == 0 {
			continue // the output, or neurons behind others
		}
		before = at
		_, err := models.ScaleToRate(net.Params(), weights, wanted, 0, func() (float64, error) {
			all, rows, err := layers()
			if err != nil {
				return 0, err
			}
			return all[i].Spikes / float64(rows*len(all[i].Neurons)), nil
		})
		if errors.Is(err, models.ErrRate) {
			return e.bad("model.init_spikes", "a number of spikes that the neurons of "+l.Name+" can give in a sample", err.Error())
		}
		if err != nil {
			return err
		}
	}
	if before == 0 {
		return e.bad("model.init_spikes", "nothing: there are no hidden neurons with weights of their own", fmt.Sprint(wanted))
	}
	return nil
}

// place returns the number of a layer, as that of hidden2/w or layer2; 0 for the output.
func place(name string) int {
	base, _, _ := strings.Cut(name, "/")
	n, err := strconv.Atoi(strings.TrimLeft(base, "abcdefghijklmnopqrstuvwxyz"))
	if err != nil {
		return 0
	}
	return n
}
