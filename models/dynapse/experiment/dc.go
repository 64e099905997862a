package experiment

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
)

// dcName is the array, and the key of a target, of the constant current into the membrane that was
// set while something was recorded, A: in place of Idc, and possibly in steps.
const dcName = "dc"

// undriven says that a recording which does not say what came in has a constant current alone.
func (d *data) undriven() bool {
	_, array := d.find(dcName)
	_, input := d.find("input")
	return (array || d.target.DC != nil) && !input
}

// factors returns dc as factors of Idc, [T, B, N], or nil where Idc is what it is.
func (d *data) factors() ([]float64, error) {
	a, given := d.find(dcName)
	if !given && d.target.DC == nil {
		return nil, nil
	}
	if given && d.target.DC != nil {
		return nil, d.bad(dcName, "dc here or in "+d.path, "both")
	}
	n := d.network.N
	idc := d.network.Params[dynapse.Idc]
	if len(idc) == 0 {
		idc = []float64{dynapse.Idc.Default()}
	}
	for _, x := range idc {
		if !(x > 0) {
			return nil, d.bad(dcName, "Idc > 0 under [init], or none: dc is a current in place of it", fmt.Sprintf("Idc = %v", x))
		}
	}
	var at currents
	var err error
	if given {
		at, err = d.dcArray(a)
	} else {
		at, err = d.dcKey(idc)
	}
	if err != nil {
		return nil, err
	}
	out := make([]float64, d.steps*d.rows*n)
	for i := range out {
		current := at(i/n%d.rows, i/n/d.rows, i%n)
		if !(current >= 0 && current <= mostDC) {
			return nil, d.wrong(dcName, fmt.Sprintf("currents from 0 to %v A", mostDC), current)
		}
		out[i] = current / idc[i%n%len(idc)]
	}
	return out, nil
}

// currents are those that were set, A.
type currents func(row, step, neuron int) float64

// mostDC is far above what the bias generator has, A.
const mostDC = 1e-3

// dcArray reads an array [B, T, N], or [B, T, 1] for all neurons; with B = 1 for all rows. The
// current flows in all steps, so that a cell without a number stands for that of the step before.
func (d *data) dcArray(a files.Array) (currents, error) {
	factor := 1.0
	if u, ok := d.target.Unit[dcName]; ok {
		factor, ok = units[u]
		if !ok || u[len(u)-1] != 'A' {
			return nil, d.bad("unit."+dcName, "A, mA, uA, nA, pA or fA", u)
		}
	}
	for _, name := range d.converted {
		if name == dcName {
			factor = 1 // the file has a unit, and so had its numbers
		}
	}
	s := a.Shape
	if len(s) != 3 || s[0] != 1 && s[0] != d.rows || s[1] != d.steps || s[2] != 1 && s[2] != d.network.N {
		return nil, d.wrong(dcName, fmt.Sprintf("shape [%d, %d, %d], or 1 in place of the first and the last", d.rows, d.steps, d.network.N), fmt.Sprint(a.Shape))
	}
	held := make([]float64, len(a.Data))
	for i, x := range a.Data {
		held[i] = factor * x
		if t := i / s[2] % s[1]; x != x && t > 0 {
			held[i] = held[i-s[2]]
		}
	}
	return func(row, step, neuron int) float64 { return held[(row%s[0]*s[1]+step)*s[2]+neuron%s[2]] }, nil
}

// dcKey reads a number, A, a number for each row, or steps [time, A] from each of which on the
// current is another one; before the first it is Idc.
func (d *data) dcKey(idc []float64) (currents, error) {
	bad := func() (currents, error) {
		return nil, d.bad(dcName, fmt.Sprintf("a current in A, one for each of the %d rows, or steps [[time, A], ...] in the order of their times, s", d.rows), fmt.Sprint(d.target.DC))
	}
	if x, ok := number(d.target.DC); ok {
		return func(int, int, int) float64 { return x }, nil
	}
	list, ok := d.target.DC.([]any)
	if !ok || len(list) == 0 {
		return bad()
	}
	var levels, times []float64
	for _, v := range list {
		if x, ok := number(v); ok {
			levels = append(levels, x)
			continue
		}
		pair, ok := v.([]any)
		if !ok || len(pair) != 2 {
			return bad()
		}
		t, ok := number(pair[0])
		x, also := number(pair[1])
		if !ok || !also || !(t >= 0) || len(times) > 0 && !(t > times[len(times)-1]) {
			return bad()
		}
		times, levels = append(times, t), append(levels, x)
	}
	if len(times) == 0 {
		if len(levels) != d.rows {
			return bad()
		}
		return func(row, _, _ int) float64 { return levels[row] }, nil
	}
	if len(times) != len(levels) || times[len(times)-1] >= float64(d.steps)*d.dt {
		return bad()
	}
	return func(_, step, neuron int) float64 {
		x := idc[neuron%len(idc)]
		for i, t := range times {
			if int(math.Round(t/d.dt)) <= step {
				x = levels[i]
			}
		}
		return x
	}, nil
}

// number is a number of a file.
func number(v any) (float64, bool) {
	switch x := v.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, x-x == 0
	}
	return 0, false
}
