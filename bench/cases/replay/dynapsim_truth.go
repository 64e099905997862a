package replay

import (
	"context"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
)

// dynapSimTruth computes the gradients of one DynapSim neuron by a rule, means over many inputs,
// for comparison with the gradient of the expected loss of the model itself.
type dynapSimTruth struct{}

func (dynapSimTruth) Name() string { return "dynapsim_truth" }

// truthLosses are the losses of the case files.
var truthLosses = []string{"count", "van_rossum", "trace"}

// paramNames lists the parameters from lo to hi, without If_nmda, which a neuron with one synapse
// does not have.
func paramNames(lo, hi dynapse.Param) (list []string) {
	for p := lo; p <= hi; p++ {
		if p != dynapse.IfNMDA {
			list = append(list, p.String())
		}
	}
	return list
}

func (dynapSimTruth) Run(ctx context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	f := c.Fields()
	net := dynapse.Network{N: 1, Settings: settingsOf(f, o, dynapse.Surge)}
	net.Engine = graph.FusedEngine                         // one for both: the unrolled step has no timing
	net.Width, net.SoftFloors = dynapse.DefaultWidth, true // those of the recorded rules
	net.Params[dynapse.Dt] = []float64{f.Float("dt", cases.Positive)}
	weight := f.FloatOr("weight", 1, cases.Finite)
	read := func(member string, lo, hi dynapse.Param, more ...string) {
		list := paramNames(lo, hi)
		inner := f.Object(member, append(list, more...)...)
		for _, name := range list {
			p, err := dynapse.ParseParam(name)
			if err != nil || !inner.Has(name) {
				continue
			}
			check := cases.Positive
			if p.MayBeZero() {
				check = cases.NonNegative
			}
			net.Params[p] = []float64{inner.Float(name, check)}
		}
		if slices.Contains(more, "w_rec") {
			if w := inner.FloatOr("w_rec", 0, cases.Finite); w != 0 {
				net.WRec = []float64{w}
			}
		}
	}
	read("currents", dynapse.Idc, dynapse.IwAHP)
	read("layout", dynapse.CAHP, dynapse.Iscale, "w_rec")
	if f.Err() != nil {
		return nil, f.Err()
	}
	var name string
	if err := c.Member("inputs_file", "the name of a .npz file beside the case", &name); err != nil {
		return nil, err
	}
	if !filepath.IsLocal(name) {
		return nil, &exit.BadInput{File: c.File, Member: "inputs_file", Expected: "the name of a .npz file beside the case", Found: name}
	}
	path := filepath.Join(filepath.Dir(c.File), name)
	arrays, err := files.ReadArrays(path)
	if err != nil {
		return nil, &exit.BadInput{File: c.File, Member: "inputs_file", Err: err}
	}
	var data [3][]float64 // [T, B]
	var b, t int
	for i, name := range []string{"input", "target_spikes", "target_lnimem"} {
		a, err := files.Lookup(arrays, name)
		if err != nil {
			return nil, &exit.BadInput{File: path, Err: err}
		}
		if i == 0 && len(a.Shape) == 3 {
			b, t = a.Shape[0], a.Shape[1]
		}
		if want := []int{b, t, 1}; b*t == 0 || !slices.Equal(a.Shape, want) {
			return nil, &exit.BadInput{File: path, Member: name, Expected: "shape [batch, T, 1], the same in all arrays", Found: cases.Shape(a.Shape).String()}
		}
		for j, x := range a.Data {
			if x-x != 0 {
				return nil, &exit.BadInput{File: path, Member: fmt.Sprintf("%s[%d]", name, j), Expected: "a finite number", Found: fmt.Sprint(x)}
			}
		}
		data[i] = swapped(a.Data, b, t, 1)
	}
	for i := range data[0] {
		data[0][i] *= weight
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	run, err := net.Simulate(dynapse.Input{T: t, B: b, Counts: data[0]})
	if err != nil {
		return nil, err
	}
	r := &cases.Result{Outputs: map[string]cases.Tensor{}, Grads: map[string]map[string]cases.Tensor{}}
	for _, loss := range truthLosses {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		rule := net.Rule
		of := dynapse.VanRossum(data[1], 10)
		switch loss {
		case "count":
			of = dynapse.SpikeCount
			if rule == dynapse.Surge {
				rule = dynapse.SurgeS
			}
		case "trace":
			of = dynapse.TraceError(data[2])
			if rule == dynapse.Surge {
				rule = dynapse.SurgeT
			}
		}
		rows, d, err := of(run)
		if err != nil {
			return nil, err
		}
		value := 0.0
		for _, x := range rows {
			value += x
		}
		r.Outputs[loss] = cases.Scalar(value / float64(b))
		if o.NoGrads {
			continue
		}
		if net.Twin {
			rule = dynapse.SurgeS
		}
		ruled, err := run.By(rule)
		if err != nil {
			return nil, err
		}
		g, err := ruled.Gradient(d)
		if err != nil {
			return nil, err
		}
		r.Grads[loss] = map[string]cases.Tensor{}
		for p := range dynapse.Param(dynapse.NumCurrents) {
			if p != dynapse.IfNMDA {
				r.Grads[loss][p.String()] = cases.Scalar(g.Log(p)[0])
			}
		}
	}
	return r, nil
}

func (dynapSimTruth) Tolerance(cases.Quantity) (cases.Tolerance, bool) {
	return cases.Tolerance{}, false
}

// recordedLoss is what a case file says about a loss.
type recordedLoss struct {
	Value       float64            `json:"value"`
	Truth       map[string]float64 `json:"truth"`
	Significant []string           `json:"significant"`
	RuleS       map[string]float64 `json:"rule_S"`
	RuleT       map[string]float64 `json:"rule_T"`
	IrefOneBin  *struct {
		Value float64 `json:"value"`
	} `json:"truth_Iref_one_bin"`
}

// Check compares with the recorded values of the same rule, and with the truth: the angle by its
// cosine, the scale by the logarithm of the ratio of norms, signs by the share of wrong ones. Rule
// S has bounds on counts, rule T on the van Rossum distance; elsewhere the comparison informs.
func (dynapSimTruth) Check(c *cases.Case, r *cases.Result, o Options) ([]cases.Comparison, error) {
	var losses map[string]recordedLoss
	if err := c.Member("losses", "an object of losses", &losses); err != nil {
		return nil, err
	}
	f := c.Fields()
	rule := settingsOf(f, o, dynapse.Surge).Rule
	if f.Err() != nil {
		return nil, f.Err()
	}
	single := o.Single()
	var list []cases.Comparison
	number := func(name string, x, want float64, t cases.Tolerance) {
		list = append(list, cases.Compare(cases.Quantity{Name: name, Grad: true}, cases.Scalar(x), cases.Scalar(want), t))
		list[len(list)-1].Quantity = name
	}
	for _, loss := range truthLosses {
		l, ok := losses[loss]
		if !ok {
			continue
		}
		exact := cases.Tolerance{Rel: 1e-9}
		if single {
			exact.Rel = 1e-4
		}
		if !o.Twin {
			number("outputs."+loss, r.Outputs[loss].Data[0], l.Value, exact)
		}
		grads := r.Grads[loss]
		if grads == nil {
			continue
		}
		recorded := map[dynapse.Rule]map[string]float64{dynapse.SurgeS: l.RuleS, dynapse.SurgeT: l.RuleT}[rule]
		if o.Twin {
			recorded = nil
		}
		for _, name := range slices.Sorted(maps.Keys(recorded)) {
			t := cases.Tolerance{Rel: 1e-6}
			if single {
				t.Rel = 1e-2
			}
			g, ok := grads[name]
			if !ok {
				return nil, &exit.BadInput{File: c.File, Member: "losses." + loss, Expected: "the 12 currents", Found: name}
			}
			number("grads."+loss+"."+name, g.Data[0], recorded[name], t)
		}
		var gg, tt, gt, wrong float64
		for _, name := range l.Significant {
			g, ok := grads[name]
			if !ok {
				return nil, &exit.BadInput{File: c.File, Member: "losses." + loss + ".significant", Expected: "the 12 currents", Found: name}
			}
			x, y := g.Data[0], l.Truth[name]
			gg, tt, gt = gg+float64(x*x), tt+float64(y*y), gt+float64(x*y)
			if !(x*y > 0) {
				wrong++
			}
		}
		bound := func(angle, ratio float64) (cos, scale cases.Tolerance) {
			return cases.Tolerance{Abs: angle}, cases.Tolerance{Abs: ratio}
		}
		const inform = math.MaxFloat64 // no bound
		cosBound, scaleBound := bound(inform, inform)
		iref := cases.Tolerance{Abs: inform}
		if !o.Twin && (rule == dynapse.SurgeS && loss == "count" || rule == dynapse.SurgeT && loss == "van_rossum") {
			cosBound, scaleBound = bound(0.03, fmath.Log(2))
			if rule == dynapse.SurgeT {
				scaleBound.Abs = fmath.Log(3)
			}
			iref.Abs = fmath.Log(3)
		}
		n := float64(len(l.Significant))
		cos := gt / math.Sqrt(gg*tt)
		if math.IsNaN(cos) {
			cos = 0
		}
		against := func(name string, x float64, distance float64, t cases.Tolerance) {
			list = append(list, cases.Comparison{
				Quantity: fmt.Sprintf("truth.%s.%s(%.4g)", loss, name, x), Tolerance: t, Abs: distance, Rel: distance, OK: distance <= t.Abs,
			})
		}
		ratio := math.Sqrt(gg / tt)
		against("cosine", cos, 1-cos, cosBound)
		against("scale", ratio, lnRatio(ratio), scaleBound)
		against("signs", 1-wrong/n, wrong/n, cases.Tolerance{Abs: inform})
		if l.IrefOneBin != nil {
			x := grads["Iref"].Data[0] / l.IrefOneBin.Value
			against("Iref", x, lnRatio(x), iref)
		}
	}
	return list, nil
}

// lnRatio is the distance of a ratio from 1, as large as a number can be where it is not positive.
func lnRatio(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 0) {
		return math.MaxFloat64
	}
	return math.Abs(fmath.Log(x))
}
