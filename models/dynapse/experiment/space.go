package experiment

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/schema"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// types is the number of synapse types of a neuron.
func types(n dynapse.Network) int {
	if n.FourSynapses {
		return dynapse.SynapseTypes
	}
	return 1
}

// joined lists names in a message.
func joined(names []string) string { return strings.Join(names, " ") }

// mostCurrent is the largest current that is taken for one in ampere, A.
const mostCurrent = 1e-3

// initNames are the names that [init] may have.
func (r *reader) initNames() (names []string) {
	for p := range dynapse.Param(dynapse.NumParams) {
		if p != dynapse.Dt && (r.out.Space.Network.FourSynapses || int(p) < dynapse.NumSingle) {
			names = append(names, p.String())
		}
	}
	for k := range chip.WeightBits {
		names = append(names, baseName(k))
	}
	return append(names, recurrentWeights, recurrentCodes, inputWeights)
}

func baseName(k int) string { return fmt.Sprintf("Iw_%d", k) }

// baseOf returns the bit of a base current Iw_0 to Iw_3 of weights, or -1.
func baseOf(name string) int {
	for k := range chip.WeightBits {
		if name == baseName(k) {
			return k
		}
	}
	return -1
}

// init reads [init].
func (r *reader) init() error {
	n := &r.out.Space.Network
	known := r.initNames()
	for _, name := range slices.Sorted(maps.Keys(r.file.Init)) {
		value, key := r.file.Init[name], "init."+name
		if !slices.Contains(known, name) {
			return r.unknown(key, "one of "+joined(known), name, known)
		}
		if name == recurrentWeights || name == recurrentCodes {
			if err := r.isRecurrent(key + " is given"); err != nil {
				return err
			}
			if err := r.initWeights(key, name, value); err != nil {
				return err
			}
			continue
		}
		if name == inputWeights {
			if err := r.initInput(key, value); err != nil {
				return err
			}
			continue
		}
		v, ok := schema.Numbers(value)
		switch {
		case !ok || len(v) == 0:
			return r.bad(key, "a number or a list of numbers", schema.Describe(value))
		case n.N > 0 && len(v) != 1 && len(v) != n.N:
			return r.bad(key, fmt.Sprintf("a number or a list of %d numbers", n.N), schema.Describe(value))
		}
		base := baseOf(name)
		p, _ := dynapse.ParseParam(name)
		for _, x := range v {
			if !(x > 0) && !(x == 0 && base < 0 && p.MayBeZero()) || math.IsInf(x, 0) {
				return r.bad(key, "finite numbers > 0", x)
			}
			if (base >= 0 || p.IsCurrent()) && x > mostCurrent {
				return r.bad(key, "a current of at most 1e-3 A: values are in ampere", x)
			}
		}
		if base >= 0 {
			r.out.Space.Bases[base].Start = v
			continue
		}
		n.Params[p] = v
	}
	return nil
}

// initWeights reads w_rec or w_rec_code of [init].
func (r *reader) initWeights(key, name string, value any) error {
	n := &r.out.Space.Network
	columns := types(*n)
	w, err := matrix(value, 0, columns)
	rows := len(w) / max(columns, 1)
	size, expected := int(math.Sqrt(float64(rows))), fmt.Sprintf("a list of N lists of %s numbers", map[bool]string{false: "N", true: "4N"}[columns > 1])
	if name == recurrentCodes {
		expected = "a list of N lists of N codes, whole numbers from -15 to 15"
	}
	if n.N > 0 {
		expected = fmt.Sprintf("%d lists of %d numbers", n.N, n.N*columns)
		if name == recurrentCodes {
			expected = fmt.Sprintf("%d lists of %d codes, whole numbers from -15 to 15", n.N, n.N)
		}
	}
	if err != nil {
		return r.bad(key, expected, err)
	}
	if n.N > 0 && size != n.N {
		return r.bad(key, expected, fmt.Sprintf("%d lists", size))
	}
	if name == recurrentWeights {
		n.WRec = w
		return nil
	}
	codes, ok := codesOf(w, size)
	if !ok || columns > 1 {
		return r.bad(key, expected, schema.Describe(value))
	}
	r.out.Space.Codes = codes
	return nil
}

// initInput reads w_in of [init], the weights of the input channels of all recordings.
func (r *reader) initInput(key string, value any) error {
	n := &r.out.Space.Network
	columns, expected := types(*n), "a list of lists of a number for each neuron, one for each channel"
	if columns > 1 {
		expected = "a list of lists of four numbers for each neuron, one for each channel"
	}
	list, _ := value.([]any)
	width := n.N * columns
	if len(list) > 0 && width == 0 {
		row, _ := list[0].([]any)
		width = len(row)
	}
	w, err := matrix(value, width, columns)
	if err != nil {
		return r.bad(key, expected, err)
	}
	if width == 0 || width%columns != 0 {
		return r.bad(key, expected, fmt.Sprintf("%d numbers", width))
	}
	r.out.In = &chip.Weights{Pre: len(list), Post: width, W: w}
	return nil
}

// codesOf turns numbers from -15 to 15, [N, N], into codes with signs.
func codesOf(list []float64, n int) (*chip.Codes, bool) {
	c := &chip.Codes{Pre: n, Post: n, Code: make([]uint8, len(list)), Sign: make([]int8, len(list))}
	for i, x := range list {
		if x != math.Trunc(x) || math.Abs(x) >= 1<<chip.WeightBits {
			return nil, false
		}
		c.Code[i], c.Sign[i] = uint8(math.Abs(x)), 1
		if x < 0 {
			c.Sign[i] = -1
		}
	}
	return c, true
}

// codedWeights are the weights that the codes and base currents at the start make, [N, N].
func codedWeights(s *fit.Space) []float64 {
	n := s.Codes.Post
	at := func(list []float64, j int, otherwise float64) float64 {
		if len(list) == 0 {
			return otherwise
		}
		return list[j%len(list)]
	}
	bases, iscale := make([]chip.BaseCurrents, n), make([]float64, n)
	for j := range n {
		iscale[j] = at(s.Network.Params[dynapse.Iscale], j, dynapse.Iscale.Default())
		for k := range chip.WeightBits {
			bases[j][k] = at(s.Bases[k].Start, j, math.Ldexp(1e-9, k))
		}
	}
	return s.Codes.Weights(bases, iscale).W
}

// parameters reads what [fit] says of the parameters.
func (r *reader) parameters() error {
	c, s := &r.file, &r.out.Space
	var known []string
	for p := range dynapse.Param(dynapse.NumParams) {
		if p.CurrentOf(s.Network.FourSynapses) && (p != dynapse.IfNMDA || s.Network.FourSynapses) || p == dynapse.Iscale {
			known = append(known, p.String())
		}
	}
	for i, name := range c.Fit.Parameters {
		key := fmt.Sprintf("fit.parameters[%d]", i)
		if slices.Contains(c.Fit.Parameters[:i], name) {
			return r.bad(key, "each parameter once", name+" again")
		}
		if name == recurrentWeights {
			if err := r.isRecurrent("w_rec is to be fitted"); err != nil {
				return err
			}
			s.Weights = true
			continue
		}
		if base := baseOf(name); base >= 0 {
			s.Bases[base].Fit = true
			continue
		}
		p, err := dynapse.ParseParam(name)
		if p == dynapse.IfNMDA && err == nil && !s.Network.FourSynapses {
			return r.bad(key, "a current that acts on a neuron with a single synapse", name)
		}
		if err != nil || !slices.Contains(known, name) {
			return r.unknown(key, "a bias current of the simulated neuron, Iw_0 to Iw_3, Iscale or w_rec", name, append(known, recurrentWeights))
		}
		s.Params = append(s.Params, p)
	}
	if c.Fit.Tie != "" {
		tie, err := fit.ParseTie(c.Fit.Tie)
		if err != nil {
			return r.unknown("fit.tie", "core, neuron or all", c.Fit.Tie, []string{"core", "neuron", "all"})
		}
		s.Tie = tie
	}
	if c.Fit.DAC == nil {
		yes := s.Tie != fit.Neuron
		c.Fit.DAC = &yes
	}
	if s.Tie == fit.Neuron && *c.Fit.DAC {
		return r.bad("fit.tie", "core or all, as fit.dac is true: neurons of a core share their currents", "neuron")
	}
	return r.bounds()
}

// bounds reads fit.bounds.
func (r *reader) bounds() error {
	c, s := &r.file, &r.out.Space
	for _, name := range slices.Sorted(maps.Keys(c.Fit.Bounds)) {
		b := c.Fit.Bounds[name]
		key := "fit.bounds." + name
		if !slices.Contains(c.Fit.Parameters, name) {
			return r.unknown(key, "a fitted parameter", name, c.Fit.Parameters)
		}
		if name == recurrentWeights && len(b) == 2 && b[0] < b[1] {
			s.WeightBounds = fit.Range{Low: b[0], High: b[1]}
			continue
		}
		if len(b) != 2 || !(b[0] > 0) || !(b[0] < b[1]) || math.IsInf(b[1], 0) {
			return r.bad(key, "[low, high] in ampere, 0 < low < high", b)
		}
		var start []float64
		if base := baseOf(name); base >= 0 {
			s.Bases[base].Bounds, start = fit.Range{Low: b[0], High: b[1]}, s.Bases[base].Start
		} else {
			p, err := dynapse.ParseParam(name)
			if err != nil {
				return r.bad(key, "a fitted current", name)
			}
			s.Bounds[p], start = fit.Range{Low: b[0], High: b[1]}, s.Network.Params[p]
		}
		for _, x := range start {
			if x < b[0] || x > b[1] {
				return r.bad("init."+name, fmt.Sprintf("a start within fit.bounds, %v to %v A", b[0], b[1]), x)
			}
		}
	}
	return nil
}

// priors reads fit.prior.
func (r *reader) priors() error {
	c, s := &r.file.Fit, &r.out.Space
	for _, name := range slices.Sorted(maps.Keys(c.Prior)) {
		prior := c.Prior[name]
		key := "fit.prior." + name
		base := baseOf(name)
		p, err := dynapse.ParseParam(name)
		if !slices.Contains(c.Parameters, name) || base < 0 && err != nil {
			return r.unknown(key, "a fitted current", name, c.Parameters)
		}
		if !(prior.Mean > 0) || prior.Mean > mostCurrent || !(prior.SD > 0) || math.IsInf(prior.SD, 0) {
			return r.bad(key, "{mean = a current in ampere, sd = a standard deviation of its logarithm > 0}", fmt.Sprintf("{mean = %v, sd = %v}", prior.Mean, prior.SD))
		}
		if base >= 0 {
			s.Bases[base].Prior = prior
		} else {
			s.Priors[p] = prior
		}
	}
	return nil
}

// matrix returns a TOML list of lists of so many numbers, row-major; 0 means as many as there are
// lists, times columns.
func matrix(value any, width, columns int) ([]float64, error) {
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("%s", schema.Describe(value))
	}
	if width == 0 {
		width = len(list) * columns
	}
	var out []float64
	for i, row := range list {
		values, ok := schema.Numbers(row)
		if _, isList := row.([]any); !ok || !isList || len(values) != width {
			return nil, fmt.Errorf("%d rows, of which row %d is %.60s", len(list), i, fmt.Sprint(row))
		}
		for _, x := range values {
			if x-x != 0 {
				return nil, fmt.Errorf("%v in row %d", x, i)
			}
		}
		out = append(out, values...)
	}
	return out, nil
}
