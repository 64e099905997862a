package main

import "math"

// The tables of gather: number 0 and 1 in the scratch memory.
const (
	expTable = iota
	logTable
)

// exp follows Exp of package cells: fmath.Exp or fmath.Exp32 of an argument in their range.
func (p *program) exp(x *value) *value {
	if !p.double {
		x = p.smaller(p.c(88), p.larger(p.c(-87), x))
		kd := p.add(p.mul(x, p.c(math.Log2E)), p.c(0x1.8p23))
		k := p.left(kd, 23)
		kd = p.sub(kd, p.c(0x1.8p23))
		r := p.sub(p.sub(x, p.mul(kd, p.c(0x1.62e4p-1))), p.mul(kd, p.c(0x1.7f7d1cp-20)))
		y := p.add(p.mul(r, p.c(0.0013814559)), p.c(0.008368735))
		for _, c := range []float64{0.04166839, 0.16666521, 0.49999994} {
			y = p.add(p.mul(r, y), p.c(c))
		}
		y = p.add(p.mul(p.mul(r, r), y), r)
		return p.plus(p.add(y, p.c(1)), k)
	}
	x = p.smaller(p.c(709), p.larger(p.c(-700), x))
	kd := p.add(p.mul(x, p.c(128*math.Log2E)), p.c(0x1.8p52))
	index := p.left(p.and(kd, p.word(127)), 1)
	k := p.left(kd, 45)
	kd = p.sub(kd, p.c(0x1.8p52))
	r := p.sub(p.sub(x, p.mul(kd, p.c(0x1.62e42fef8p-8))), p.mul(kd, p.c(0x1.1cf79abc9e3b4p-43)))
	r2 := p.mul(r, r)
	y := p.add(p.gather(expTable, index, 0), r)
	y = p.add(p.mul(r2, p.add(p.mul(r, p.c(1./6)), p.c(0.5))), y)
	y = p.add(p.mul(p.mul(r2, r2), p.add(p.mul(r, p.c(1./120)), p.c(1./24))), y)
	s := p.plus(p.gather(expTable, index, 8), k)
	return p.add(p.mul(s, y), s)
}

// log follows fmath.Log or fmath.Log32 for arguments that are at least 1, and finite.
func (p *program) log(x *value) *value {
	if !p.double {
		k := p.signed(p.minus(x, p.word(0x3f3504f3)), 23)
		f := p.sub(p.minus(x, p.left(k, 23)), p.c(1))
		q := p.add(p.mul(f, p.c(-0.076345816)), p.c(0.12761697))
		for _, c := range []float64{-0.13160208, 0.14201744, -0.16623354, 0.20001227, -0.25000823, 0.3333333} {
			q = p.add(p.mul(f, q), p.c(c))
		}
		f2 := p.mul(f, f)
		q = p.sub(p.mul(p.mul(f2, f), q), p.mul(f2, p.c(0.5)))
		kd := p.float(k)
		return p.add(p.add(p.add(p.mul(kd, p.c(0x1.7f7d1cp-20)), q), f), p.mul(kd, p.c(0x1.62e4p-1)))
	}
	const first, below = 0x3fe6000000000000, 1<<23 - 1
	t := p.minus(x, p.word(first))
	index := p.and(p.right(t, 45), p.word(127))
	index = p.plus(index, p.left(index, 1)) // of three numbers
	k := p.right(t, 52)
	z := p.minus(x, p.left(k, 52))
	high := p.and(z, p.word(^uint64(below)))
	low := p.sub(z, high)
	inv := p.gather(logTable, index, 0)
	rHigh, rLow := p.sub(p.mul(high, inv), p.c(1)), p.mul(low, inv)
	kd := p.sub(p.or(k, p.c(1<<52)), p.c(1<<52)) // k as a number
	hi := p.add(p.add(p.mul(kd, p.c(0x1.62e42fefa38p-1)), p.gather(logTable, index, 8)), rHigh)
	lo := p.add(p.add(p.mul(kd, p.c(0x1.ef35793c7673p-45)), p.gather(logTable, index, 16)), rLow)
	near := p.sub(x, p.c(1))
	small := p.compare(x, lessThan, p.c(1+1./128))
	r := p.choose(small, near, p.add(rHigh, rLow))
	r2 := p.mul(r, r)
	y := p.add(p.add(p.mul(r, p.c(1./7)), p.c(-1./6)), p.mul(r2, p.c(-1./8)))
	y = p.add(p.mul(y, r2), p.add(p.mul(r, p.c(1./5)), p.c(-1./4)))
	y = p.add(p.mul(y, r2), p.add(p.mul(r, p.c(1./3)), p.c(-1./2)))
	y = p.mul(r2, y)
	return p.choose(small, p.add(near, y), p.add(p.add(lo, y), hi))
}
