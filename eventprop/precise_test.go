package eventprop

import "math/big"

const precision = 200

// preciseExp is e^x by halving of the argument and the series, in 200 bits.
func preciseExp(x *big.Float) *big.Float {
	num := func() *big.Float { return new(big.Float).SetPrec(precision) }
	halvings := 0
	y := num().Set(x)
	for y.Sign() != 0 && y.MantExp(nil) > -8 {
		y.Quo(y, big.NewFloat(2))
		halvings++
	}
	sum, term := num().SetInt64(1), num().SetInt64(1)
	for n := int64(1); n < 30; n++ {
		term.Quo(term.Mul(term, y), num().SetInt64(n))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// preciseVoltage is u(t) = u e^(-t/tauMem) + i tauSyn/(tauMem-tauSyn) (e^(-t/tauMem) -
// e^(-t/tauSyn)), or its limit at equal time constants, rounded once.
func preciseVoltage(tauMem, tauSyn, u, i, t float64) float64 {
	num := func(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }
	div := func(a, b *big.Float) *big.Float { return num(0).Quo(a, b) }
	mul := func(a, b *big.Float) *big.Float { return num(0).Mul(a, b) }
	tm, ts := num(tauMem), num(tauSyn)
	em := preciseExp(div(num(-t), tm))
	var kappa *big.Float
	if tauMem == tauSyn {
		kappa = mul(div(num(t), tm), em)
	} else {
		es := preciseExp(div(num(-t), ts))
		kappa = mul(div(ts, num(0).Sub(tm, ts)), num(0).Sub(em, es))
	}
	v, _ := num(0).Add(mul(num(u), em), mul(num(i), kappa)).Float64()
	return v
}
