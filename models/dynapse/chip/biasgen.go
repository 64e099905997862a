package chip

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
)

// The bias generator has CoarseCodes ranges of FineCodes steps each.
const (
	CoarseCodes = 6
	FineCodes   = 256
)

// Transistor is the type of the transistor that a bias parameter drives; it decides which table of
// currents applies.
type Transistor byte

// The transistor types, by their letter at the end of parameter names.
const (
	NType Transistor = 'N'
	PType Transistor = 'P'
)

// Code is a setting of the bias generator. Codes are no unique names of currents: the ranges of the
// coarse values overlap, and within one of them the current falls at each multiple of 32 in the
// fine value.
type Code struct {
	Coarse uint8 `json:"coarse"` // 0 to 5
	Fine   uint8 `json:"fine"`
}

// String returns "coarse:fine".
func (c Code) String() string { return fmt.Sprintf("%d:%d", c.Coarse, c.Fine) }

// table returns the current in ampere of each code, [coarse][fine], before the scale factor of the
// parameter.
func (t Transistor) table() *[CoarseCodes][FineCodes]float64 {
	if t == NType {
		return &tables()[0]
	}
	return &tables()[1]
}

// biasgenData are the measured currents of the DynapSE-2 bias generator, float64 in little endian,
// [N, P][coarse][fine]: the numbers of Rockpool 3.1.0 (devices.dynapse.lookup.paramgen_se2), bit
// for bit.
//
//go:embed biasgen.f64
var biasgenData []byte

var tables = sync.OnceValue(func() *[2][CoarseCodes][FineCodes]float64 {
	var t [2][CoarseCodes][FineCodes]float64
	if _, err := binary.Decode(biasgenData, binary.LittleEndian, &t); err != nil {
		panic(err) // the file is part of the program
	}
	return &t
})

// Bias is a bias parameter of a core:
//
//	current(coarse, fine) = table[Transistor][coarse][fine] · Scale
//
// [BiasOf] makes it from the name of the parameter.
type Bias struct {
	Name       string // device parameter: SOIF_LEAK_N
	Transistor Transistor
	Scale      float64 // ratio of the current of this parameter to the table, from the layout
}

// BiasOf returns the bias parameter with the given device name. Its transistor type is the last
// letter of the name.
//
// The error is [dynapse.ErrParameter] for a name that the device does not have, and for the three
// whose transistor type is not in the name (NCCF_CAL_REFBIAS_V, whose type is switchable,
// SYAM_STDWCCB and R2R_BUFFER_CCB): who knows the type writes Bias{Name, Transistor, Scale}.
func BiasOf(parameter string) (Bias, error) {
	scale, ok := scaleFactor(parameter)
	if !ok {
		return Bias{}, fmt.Errorf("%w: no device parameter %q", dynapse.ErrParameter, parameter)
	}
	b := Bias{parameter, Transistor(parameter[len(parameter)-1]), scale}
	if b.Transistor != NType && b.Transistor != PType {
		return Bias{}, fmt.Errorf("%w: the transistor type of %s (scale factor %v) is not known: its name ends in neither N nor P", dynapse.ErrParameter, parameter, scale)
	}
	return b, nil
}

// Setting is a code with what it means for one parameter.
type Setting struct {
	Code
	Current float64 `json:"current"` // A
}

// check is [dynapse.ErrParameter] for a Bias that nobody has filled in.
func (b Bias) check() error {
	if b.Transistor != NType && b.Transistor != PType {
		return fmt.Errorf("%w: %s: transistor type %q, want N or P", dynapse.ErrParameter, b.Name, rune(b.Transistor))
	}
	if !(b.Scale > 0) || math.IsInf(b.Scale, 0) {
		return fmt.Errorf("%w: %s: scale factor %v, want a finite one > 0", dynapse.ErrParameter, b.Name, b.Scale)
	}
	return nil
}

// Current returns the current of a code in ampere. A coarse value above 5 is
// [dynapse.ErrParameter].
func (b Bias) Current(c Code) (float64, error) {
	if err := b.check(); err != nil {
		return 0, err
	}
	if c.Coarse >= CoarseCodes {
		return 0, fmt.Errorf("%w: %s: coarse value %d, want 0 to %d", dynapse.ErrParameter, b.Name, c.Coarse, CoarseCodes-1)
	}
	return b.at(c).Current, nil
}

func (b Bias) at(c Code) Setting {
	return Setting{c, b.Transistor.table()[c.Coarse][c.Fine] * b.Scale}
}

// Lookup returns the setting whose current is the nearest to the wanted one, in ampere. Among
// equals it is the one with the smallest coarse value, and then the smallest fine value. A current
// that is not in [Bias.Range] gets the nearest end: compare the Current of the setting. The error
// is [dynapse.ErrParameter] for a current that is negative or not finite.
//
// Cost: 1536 comparisons.
func (b Bias) Lookup(current float64) (Setting, error) {
	if err := b.check(); err != nil {
		return Setting{}, err
	}
	if !(current >= 0) || math.IsInf(current, 0) {
		return Setting{}, fmt.Errorf("%w: %s: current %v A, want a finite one >= 0", dynapse.ErrParameter, b.Name, current)
	}
	var best Setting
	least := math.Inf(1)
	for coarse, row := range b.Transistor.table() {
		for fine, x := range row {
			x = float64(x * b.Scale)
			if d := math.Abs(x - current); d < least {
				least = d
				best = Setting{Code{uint8(coarse), uint8(fine)}, x}
			}
		}
	}
	return best, nil
}

// Range returns the smallest and the largest current in ampere, some 4e-13 and 2e-6 times the scale
// factor. Its error is that of [Bias.Current].
func (b Bias) Range() (least, most float64, err error) {
	if err := b.check(); err != nil {
		return 0, 0, err
	}
	order := b.Transistor.order()
	return b.at(order[0]).Current, b.at(order[len(order)-1]).Current, nil
}

// Levels returns ln I of the currents that can be set with lo <= ln I <= hi, in increasing order,
// and a setting for each, of several with one current the first by its code. Its error is that of
// [Bias.Current].
func (b Bias) Levels(lo, hi float64) (x []float64, settings []Setting, err error) {
	if err := b.check(); err != nil {
		return nil, nil, err
	}
	for _, c := range b.Transistor.order() {
		s := b.at(c)
		l := fmath.Log(s.Current)
		if !(s.Current > 0) || l < lo || l > hi || len(x) > 0 && l <= x[len(x)-1] {
			continue
		}
		x, settings = append(x, l), append(settings, s)
	}
	return x, settings, nil
}

// Neighbours returns the settings around c in the order of their currents: up to n below it, c
// itself, and up to n above it (fewer at the ends of the range). Settings of equal current stand in
// the order of their codes. It is for refining a current on the grid of what can be set. A coarse
// value above 5, or a negative n, is [dynapse.ErrParameter].
func (b Bias) Neighbours(c Code, n int) ([]Setting, error) {
	if n < 0 {
		return nil, fmt.Errorf("%w: %s: %d neighbours", dynapse.ErrParameter, b.Name, n)
	}
	if _, err := b.Current(c); err != nil {
		return nil, err
	}
	order := b.Transistor.order()
	i := slices.Index(order, c)
	n = min(n, len(order))
	var list []Setting
	for _, c := range order[max(i-n, 0):min(i+n+1, len(order))] {
		list = append(list, b.at(c))
	}
	return list, nil
}

// order returns the codes in the order of their currents, and of the codes where those are equal.
func (t Transistor) order() []Code {
	if t == NType {
		return orders()[0]
	}
	return orders()[1]
}

var orders = sync.OnceValue(func() (orders [2][]Code) {
	for i, table := range tables() {
		for coarse := range CoarseCodes {
			for fine := range FineCodes {
				orders[i] = append(orders[i], Code{uint8(coarse), uint8(fine)})
			}
		}
		slices.SortStableFunc(orders[i], func(a, b Code) int {
			x, y := table[a.Coarse][a.Fine], table[b.Coarse][b.Fine]
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
	}
	return orders
})

// DeviceParameters returns the names of all bias parameters of a core.
func DeviceParameters() []string {
	list := make([]string, len(scaleFactors))
	for i, s := range scaleFactors {
		list[i] = s.parameter
	}
	return list
}

func scaleFactor(parameter string) (scale float64, ok bool) {
	for _, s := range scaleFactors {
		if s.parameter == parameter {
			return s.scale, true
		}
	}
	return 0, false
}

// scaleFactors are the bias parameters of a core with the ratio of their currents to the tables.
// Source: Rockpool 3.1.0, devices.dynapse.lookup.scale_factor_se2.
var scaleFactors = [...]struct {
	parameter string
	scale     float64
}{
	{"LBWR_VB_P", 0.57},
	{"SOIF_GAIN_N", 1.05},
	{"SOIF_LEAK_N", 0.61},
	{"SOIF_REFR_N", 1.05},
	{"SOIF_DC_P", 0.38},
	{"SOIF_SPKTHR_P", 0.38},
	{"SOIF_CC_N", 0.66},
	{"SOAD_PWTAU_N", 0.92},
	{"SOAD_GAIN_P", 0.68},
	{"SOAD_TAU_P", 0.2},
	{"SOAD_W_N", 0.92},
	{"SOAD_CASC_P", 0.385},
	{"SOCA_W_N", 0.92},
	{"SOCA_GAIN_P", 0.68},
	{"SOCA_TAU_P", 0.2},
	{"SOHO_VB_P", 1.47},
	{"SOHO_VH_P", 1.47},
	{"SOHO_VREF_P", 0.68},
	{"SOHO_VREF_L_P", 1.47},
	{"SOHO_VREF_H_P", 1.47},
	{"SOHO_VREF_M_P", 1.47},
	{"DEAM_ETAU_P", 0.2},
	{"DEAM_EGAIN_P", 0.68},
	{"DEAM_ITAU_P", 0.2},
	{"DEAM_IGAIN_P", 0.68},
	{"DENM_ETAU_P", 0.2},
	{"DENM_EGAIN_P", 0.68},
	{"DENM_ITAU_P", 0.2},
	{"DENM_IGAIN_P", 0.68},
	{"DEGA_IGAIN_P", 0.68},
	{"DEGA_ITAU_P", 0.2},
	{"DESC_IGAIN_P", 0.68},
	{"DESC_ITAU_P", 0.2},
	{"DENM_NMREV_N", 1.05},
	{"DEAM_VRES_P", 0.385},
	{"DEAM_HRES_P", 0.385},
	{"DEAM_NRES_P", 0.385},
	{"SYSA_VRES_N", 1.9},
	{"SYSA_VB_P", 1.9},
	{"SYPD_EXT_N", 0.92},
	{"SYPD_DYL0_P", 0.22},
	{"SYPD_DYL1_P", 0.22},
	{"SYPD_DYL2_P", 1.6},
	{"SYAM_W0_P", 0.22},
	{"SYAM_W1_P", 0.22},
	{"SYAM_W2_P", 0.22},
	{"SYAM_W3_P", 0.22},
	{"SYAW_STDSTR_N", 0.2},
	{"SYAM_STDW_N", 0.67},
	{"NCCF_CAL_REFBIAS_V", 1},
	{"NCCF_PWLK_P", 0.89},
	{"NCCF_HYS_P", 1.47},
	{"NCCF_BIAS_P", 1.47},
	{"NCCF_CAL_OFFBIAS_P", 1},
	{"SYAM_STDWCCB", 1.7},
	{"R2R_BUFFER_CCB", 1.7},
}
