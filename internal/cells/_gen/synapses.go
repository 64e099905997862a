package main

// synapses are the kernels of synapses.go.
var synapses = []kernel{
	{"expSyn", "ExpSyn", "ExpSyn.generic.", (*program).expSyn},
	{"expSynBack", "ExpSynBack", "ExpSynBack.generic.", (*program).expSynBack},
	{"alpha", "Alpha", "Alpha.generic.", func(p *program) { p.alpha(false) }},
	{"alphaExact", "Alpha", "AlphaExact.generic.", func(p *program) { p.alpha(true) }},
	{"alphaBack", "AlphaBack", "AlphaBack.generic.", (*program).alphaBack},
	{"softmax", "Softmax", "Softmax.generic.", (*program).softmax},
	{"largest", "Larger", "Larger.generic.", func(p *program) { p.out("Out", p.larger(p.in("X"), p.in("Y"))) }},
	{"drive", "Drive", "Drive.generic; found where V is not finite.", (*program).drive},
	{"compete", "Compete", "Compete.generic.", (*program).compete},
	{"settle", "Settle", "Settle.generic.", (*program).settle},
}

func (p *program) expSyn() {
	i := p.flush(p.mul(p.add(p.in("I"), p.in("X")), p.in("Beta")))
	p.out("I", i)
	p.out("Out", i)
}

func (p *program) expSynBack() {
	g := p.flush(p.add(p.in("DI"), p.in("GOut")))
	p.sum("DOut", p.mul(g, p.in("Out")))
	d := p.mul(g, p.in("Beta"))
	p.out("DI", d)
	p.out("DX", d)
}

func (p *program) alpha(exact bool) {
	rise := p.in("H")
	h := p.flush(p.add(p.mul(p.in("A"), rise), p.mul(p.in("Gbar"), p.in("O"))))
	if !exact {
		rise = h
	}
	g := p.flush(p.add(p.mul(p.in("A"), p.in("G")), p.mul(p.in("C"), rise)))
	p.out("H", h)
	p.out("OutH", h)
	p.out("G", g)
	p.out("OutG", g)
	p.out("I", p.sub(p.zero(), p.mul(g, p.in("Scale"))))
}

func (p *program) alphaBack() {
	dg := p.flush(p.in("DG"))
	dh := p.flush(p.add(p.in("DH"), p.mul(p.in("C"), dg)))
	p.sum("DC", p.mul(dg, p.in("H")))
	p.sum("DA", p.add(p.mul(dh, p.in("H0")), p.mul(dg, p.in("G0"))))
	p.sum("DGbar", p.mul(dh, p.in("O")))
	p.out("DO", p.mul(p.in("Gbar"), dh))
	p.out("DH", p.mul(p.in("A"), dh))
	p.out("DG", p.mul(p.in("A"), dg))
}

func (p *program) softmax() {
	p.ahead("Next")
	e := p.exp(p.sub(p.in("V"), p.number("Top")))
	p.out("E", e)
	p.sum("Sum", e)
}

func (p *program) drive() {
	ready := p.compare(p.in("Rfr"), greaterEqual, p.number("Ready"))
	v := p.keep(ready, p.mul(p.in("J"), p.in("Resist")))
	p.out("V", v)
	p.out("Top", p.larger(v, p.in("Top")))
	off := p.sub(v, v)
	p.note(p.compare(off, notEqual, off))
}

func (p *program) compete() {
	share := p.div(p.in("E"), p.number("Sum"))
	p.out("E", share)
	p.out("S", p.keep(p.compare(p.sub(share, p.in("Thr")), greaterThan, p.zero()), p.c(1)))
}

func (p *program) settle() {
	spiked := func() *value { return p.compare(p.in("S"), greaterThan, p.zero()) }
	thr := p.larger(p.number("Floor"), p.add(p.in("Thr"), p.mul(p.number("Surplus"), p.in("Gain"))))
	p.out("Thr", thr)
	dt := p.number("Dt")
	q := p.div(p.in("Rfr"), dt)
	n := p.ceil(p.sub(q, p.c(0.5)))
	off := p.sub(q, n)
	whole := p.compare(p.larger(off, p.sub(p.zero(), off)), lessEqual, p.c(1e-3))
	rfr := p.choose(whole, p.mul(p.add(n, p.c(1)), dt), p.add(p.in("Rfr"), dt))
	rfr = p.choose(spiked(), dt, rfr)
	p.out("Rfr", rfr)
	p.sum("Steps", p.c(1))
}
