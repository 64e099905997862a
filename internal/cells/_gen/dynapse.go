package main

import "math"

// kernel is a method named generic.
type kernel struct {
	name, operands, doc string
	write               func(p *program)
}

// neurons are those of dynapse.go.
var neurons = []kernel{
	{"currents", "Currents", "Currents.generic.", (*program).currents},
	{"membrane", "Membrane", "Membrane.generic; found where a state is not finite.", func(p *program) { p.membrane(false) }},
	{"forced", "Membrane", "Forced.generic; found where a state is not finite.", func(p *program) { p.membrane(true) }},
	{"spiked", "Spiked", "Spiked.generic.", (*program).spiked},
	{"slopes", "Slopes", "Slopes.generic, unless found: then there are more terms.", (*program).slopes},
	{"local", "Local", "Local.generic.", func(p *program) { p.local(false) }},
	{"localSoft", "Local", "LocalSoft.generic.", func(p *program) { p.local(true) }},
	{"spikeS", "SpikeS", "SpikeS.generic.", (*program).spikeS},
	{"spikeT", "SpikeT", "SpikeT.generic.", (*program).spikeT},
	{"spikeForced", "SpikeForced", "SpikeForced.generic.", (*program).spikeForced},
	{"spikeRockpool", "SpikeRockpool", "SpikeRockpool.generic.", (*program).spikeRockpool},
	{"linear", "Linear", "Linear.generic.", (*program).linear},
	{"mixed", "Mixed", "Mixed.generic, but for what stays in registers.", (*program).mixed},
}

const ceiling = 5.5e34

func (p *program) currents() {
	to := p.larger(p.mul(p.in("GainSyn"), p.in("W")), p.c(1))
	p.out("Isyn", p.add(p.mul(p.in("DecaySyn"), p.in("Isyn0")), p.mul(to, p.in("ChargeSyn"))))
	iahp := p.larger(p.c(1), p.add(p.mul(p.in("DecayAHP"), p.in("Iahp0")), p.mul(p.in("JumpAHP"), p.in("S0"))))
	p.out("Iahp", iahp)
	p.out("Leak", p.add(p.in("LeakMem"), iahp))
}

func (p *program) bound(m *value) *value {
	return p.smaller(p.c(ceiling), p.larger(p.c(1), m))
}

func (p *program) zero() *value { return p.word(0) }

// flush is fmath.Flush.
func (p *program) flush(x *value) *value {
	positive, least := p.word(math.MaxInt32), p.c(0x1p-100)
	if p.double {
		positive, least = p.word(math.MaxInt64), p.c(0x1p-960)
	}
	return p.keep(p.compare(p.and(x, positive), notLessEqual, least), x)
}

// growth is that of generic.go.
func (p *program) growth(f, ratio, gain, iin, under, leak *value) (inner, drive *value) {
	drive = p.div(p.mul(gain, iin), under)
	return p.add(f, p.mul(ratio, p.sub(drive, leak))), drive
}

func (p *program) grown(m, h, inner *value) *value { return p.add(m, p.mul(m, p.mul(h, inner))) }

func (p *program) membrane(forced bool) {
	f := p.exp(p.mul(p.in("Feedback"), p.in("V")))
	leak, syn, m, gain := p.in("Leak"), p.in("Syn"), p.in("M"), p.in("GainMem")
	open := p.compare(p.in("Timer0"), equal, p.zero())
	iin := p.choose(open, p.larger(p.c(1), p.add(p.sub(syn, leak), p.in("DcMem"))), p.c(1))
	inner, _ := p.growth(f, p.mul(leak, p.in("InvLeak")), gain, iin, p.add(m, gain), leak)
	m = p.bound(p.grown(m, p.in("RateMem"), inner))
	sum := p.add(p.add(syn, leak), m)
	p.note(p.compare(p.sub(sum, sum), notEqual, p.zero()))
	pre := p.log(m)
	p.out("Pre", pre)
	var s *value
	if forced {
		s = p.in("S")
	} else {
		s = p.spikes(pre)
		p.out("S", s)
	}
	spiked := p.compare(s, greaterThan, p.zero())
	p.out("Post", p.choose(spiked, p.zero(), pre))
	p.out("M", p.choose(spiked, p.c(1), m))
	timer := p.in("Timer0")
	timer = p.keep(p.compare(timer, greaterThan, p.number("Tick")), p.sub(timer, p.c(1)))
	p.out("Timer", p.choose(spiked, p.in("Refractory"), timer))
}

func (p *program) spikes(pre *value) *value {
	return p.smaller(p.number("Most"), p.larger(p.ceil(p.sub(pre, p.in("Threshold"))), p.zero()))
}

func (p *program) spiked() {
	pre := p.in("Pre")
	s := p.spikes(pre)
	p.out("S", s)
	p.out("Post", p.choose(p.compare(s, greaterThan, p.zero()), p.zero(), pre))
}

func (p *program) slopes() {
	x := p.sub(p.in("Pre"), p.in("Threshold"))
	inv := p.number("InvWidth")
	q := p.exp(p.smaller(p.c(40), p.larger(p.c(-40), p.mul(x, inv))))
	terms := p.smaller(p.number("Most"), p.add(p.larger(p.ceil(x), p.zero()), p.c(3)))
	term := func(q *value) *value {
		u := p.add(q, p.c(1))
		return p.div(q, p.mul(u, u))
	}
	count := term(q)
	p.out("Flag", p.mul(count, inv))
	fall := p.number("Fall")
	more := func(k float64) {
		q = p.mul(q, fall)
		count = p.choose(p.compare(terms, greaterThan, p.c(k)), p.add(count, term(q)), count)
	}
	more(1)
	more(2)
	p.out("Count", p.mul(count, inv))
	p.where(p.compare(terms, greaterThan, p.c(3)), func() {
		for k := 3.; k < 6; k++ {
			more(k)
		}
		p.out("Count", p.mul(count, inv))
	})
	p.note(p.compare(terms, greaterThan, p.c(6)))
}

func (p *program) slope(a *value, soft bool) *value {
	if soft {
		return p.div(p.c(1), p.add(p.exp(p.sub(p.c(1), a)), p.c(1)))
	}
	half := p.choose(p.compare(a, greaterThan, p.c(1)), p.c(1), p.c(0.5))
	return p.keep(p.compare(a, greaterEqual, p.c(1)), half)
}

func (p *program) local(soft bool) {
	m := p.exp(p.in("Post0"))
	f := p.exp(p.mul(p.in("Feedback"), p.in("Pre0")))
	p.out("F", f)
	p.out("M0", m)
	p.out("SlopeAHP", p.slope(p.add(p.mul(p.in("DecayAHP"), p.in("Iahp0")), p.mul(p.in("JumpAHP"), p.in("S0"))), soft))
	leak, gain := p.add(p.in("LeakMem"), p.in("Iahp")), p.in("GainMem")
	p.out("Leak", leak)
	input := p.add(p.sub(p.in("Syn"), leak), p.in("DcMem"))
	timer := p.in("Timer0")
	isOpen := p.compare(timer, equal, p.zero())
	p.out("Open", p.keep(isOpen, p.slope(input, soft)))
	isOpen = p.compare(timer, equal, p.zero())
	open := p.larger(p.c(1), input)
	iin := p.choose(isOpen, open, p.c(1))
	p.out("Iin", iin)
	under := p.add(m, gain)
	p.out("InvUnder", p.div(p.c(1), under))
	ratio := p.mul(leak, p.in("InvLeak"))
	inner, drive := p.growth(f, ratio, gain, iin, under, leak)
	p.out("Inner", inner)
	p.out("Drive", drive)
	raw := p.grown(m, p.in("RateMem"), inner)
	p.out("Gain", p.div(p.mul(p.slope(raw, soft), m), p.bound(raw)))
	p.out("Jump", p.zero())
	about := func() *value {
		return p.both(p.compare(timer, greaterThan, p.zero()), p.compare(timer, lessEqual, p.number("Gate")))
	}
	p.where(about(), func() {
		inner, _ := p.growth(f, ratio, gain, open, under, leak)
		jump := p.sub(p.log(p.bound(p.grown(m, p.in("RateMem"), inner))), p.in("Pre"))
		p.out("Jump", p.keep(about(), jump))
	})
}

// tick takes the adjoint of the timer over a step; spiked gives a condition anew.
func (p *program) tick(spiked func() *value) {
	d := p.in("DTimer")
	p.out("DRefractory", p.add(p.in("DRefractory"), p.keep(spiked(), d)))
	on := p.compare(p.in("Timer0"), greaterThan, p.number("Tick"))
	p.out("DTimer", p.choose(spiked(), p.zero(), p.keep(on, d)))
}

// above says where pre is above the threshold.
func (p *program) above() *value {
	return p.compare(p.sub(p.in("Pre"), p.in("Threshold")), greaterThan, p.zero())
}

func (p *program) sum(name string, x *value)  { p.out(name, p.add(p.in(name), x)) }
func (p *program) less(name string, x *value) { p.out(name, p.sub(p.in(name), x)) }

func (p *program) spikeS() {
	gpost := p.add(p.in("DPost"), p.in("GPost"))
	gs := p.add(p.in("DS"), p.in("GS"))
	gx := p.sub(p.mul(gs, p.in("Count")), p.mul(p.mul(gpost, p.in("Pre")), p.in("Flag")))
	gy := p.add(p.in("DPre"), p.in("GPre"))
	gy = p.choose(p.above(), gy, p.add(gy, gpost))
	p.out("Gy", p.add(gy, gx))
	p.less("DThreshold", gx)
	p.tick(p.above)
}

func (p *program) spikeT() {
	gy := p.add(p.in("DPre"), p.in("GPre"))
	q := p.sub(p.in("Shift"), p.mul(p.mul(p.in("DS"), p.in("S")), p.in("RateAHP")))
	q = p.sub(q, p.in("DTimer"))
	q = p.sub(q, p.mul(p.mul(p.in("GPost"), p.in("Pre")), p.c(0.5)))
	q = p.add(q, p.mul(p.mul(p.in("S"), p.sub(p.in("GSBefore"), p.in("GSAfter"))), p.c(0.5)))
	q = p.sub(q, p.mul(p.mul(p.in("GPostBefore"), p.in("Post0")), p.c(0.5)))
	gx := p.div(q, p.larger(p.sub(p.in("Pre"), p.in("Post0")), p.c(0.2)))
	p.out("DThreshold", p.choose(p.above(), p.sub(p.in("DThreshold"), gx), p.in("DThreshold")))
	rest := p.add(gy, p.add(p.in("DPost"), p.in("GPost")))
	p.out("Gy", p.choose(p.above(), p.add(gy, gx), rest))
	p.tick(p.above)
}

func (p *program) spikeForced() {
	spiked := func() *value { return p.compare(p.in("S"), greaterThan, p.zero()) }
	gy := p.add(p.in("DPre"), p.in("GPre"))
	p.out("Gy", p.choose(spiked(), gy, p.add(gy, p.add(p.in("DPost"), p.in("GPost")))))
	p.tick(spiked)
}

func (p *program) spikeRockpool() {
	y := p.in("Pre")
	gpost := p.add(p.in("DPost"), p.in("GPost"))
	gy := p.add(p.in("DPre"), p.in("GPre"))
	m := p.exp(y)
	gm := p.choose(p.above(), gpost, p.div(gpost, m))
	half := p.keep(p.compare(p.in("S"), lessEqual, p.c(1)), p.c(0.5))
	count := p.add(p.add(p.in("DS"), p.in("GS")), p.mul(p.mul(gm, p.sub(p.c(1), m)), half))
	count = p.mul(count, m)
	positive := func() *value { return p.compare(y, greaterThan, p.zero()) }
	p.out("DAmpere", p.choose(positive(), p.add(p.in("DAmpere"), count), p.in("DAmpere")))
	with := p.add(gy, p.mul(count, p.in("Ampere")))
	with = p.choose(p.above(), with, p.add(with, gpost))
	p.out("Gy", p.choose(positive(), with, p.add(gy, gpost)))
	p.tick(p.above)
}

func (p *program) linear() {
	gy, drive := p.flush(p.in("Gy")), p.in("Drive")
	leak, inv := p.in("Leak"), p.in("InvLeak")
	p.less("DTimer", p.mul(gy, p.in("Jump")))
	gr := p.mul(gy, p.in("Gain"))
	grh := p.mul(gr, p.in("RateMem"))
	p.sum("DRateMem", p.mul(gr, p.in("Inner")))
	gf := p.mul(grh, p.in("F"))
	p.sum("DFeedback", p.mul(gf, p.in("Pre0")))
	p.out("DPre", p.mul(gf, p.in("Feedback")))
	ratio := p.mul(leak, inv)
	gleak := p.mul(grh, ratio)
	gdrive := p.mul(gleak, p.in("InvUnder"))
	p.out("DPost", p.sub(p.add(gr, p.mul(grh, p.in("Inner"))), p.mul(p.mul(gdrive, drive), p.in("M0"))))
	p.sum("DGainMem", p.mul(gdrive, p.sub(p.in("Iin"), drive)))
	gratio := p.mul(p.mul(grh, p.sub(drive, leak)), inv)
	gin := p.mul(p.mul(gdrive, p.in("GainMem")), p.in("Open"))
	p.sum("DDcMem", gin)
	p.out("Gsyn", gin)
	gleak = p.sub(p.sub(gratio, gleak), gin)
	p.out("Gleak", gleak)
	p.sum("DLeakMem", p.sub(gleak, p.mul(gratio, ratio)))

	graw := p.flush(p.mul(p.add(p.add(p.in("DIahp"), p.in("GIahp")), gleak), p.in("SlopeAHP")))
	jump, fall := p.mul(graw, p.in("S0")), p.mul(graw, p.in("DecayAHP"))
	p.out("DIahp", fall)
	p.out("DS", p.mul(graw, p.in("JumpAHP")))
	p.less("DRateAHP", p.mul(fall, p.in("Iahp0")))
	p.sum("DPulseAHP", p.mul(p.mul(jump, p.sub(p.c(1), p.in("ChargeAHP"))), p.in("GainAHP")))
	p.sum("DGainAHP", p.mul(jump, p.in("ChargeAHP")))

	gsyn := p.flush(p.add(p.add(p.in("DIsyn"), p.in("GIsyn")), gin))
	fall = p.mul(gsyn, p.in("DecaySyn"))
	p.out("DIsyn", fall)
	p.less("DRateSyn", p.mul(fall, p.in("Isyn0")))
	w := p.in("W")
	to := p.mul(p.in("GainSyn"), w)
	p.sum("DPulseSyn", p.mul(p.mul(gsyn, p.larger(to, p.c(1))), p.sub(p.c(1), p.in("ChargeSyn"))))
	gto := p.mul(p.mul(gsyn, p.in("ChargeSyn")), p.slope(to, false))
	p.sum("DGainSyn", p.mul(gto, w))
	p.out("DW", p.mul(gto, p.in("GainSyn")))
}

// mixed is the parts of Mixed. What they share is read once, and what they hand on stays in
// registers.
func (p *program) mixed() {
	p.alias, p.inside = map[string]string{}, map[string]bool{}
	stays := func(part string, names ...string) {
		for _, n := range names {
			p.inside[part+n] = true
		}
	}
	share := func(to, from string, names ...string) {
		for _, n := range names {
			p.alias[to+n] = from + n
		}
	}
	stays("Local.", "F", "Drive", "Iin", "M0", "InvUnder", "Gain", "Inner", "Open", "SlopeAHP", "Leak")
	for _, rule := range []string{"T", "S"} {
		spike, linear := rule+".", "Linear"+rule+"."
		stays(spike, "Gy")
		stays(linear, "Gsyn", "Gleak")
		share(spike, "Local.", "Pre", "Timer0")
		share(linear, spike, "Gy", "DTimer", "DPost", "DPre", "DS")
		share(linear, "Local.", "F", "Drive", "Iin", "M0", "InvUnder", "Gain", "Inner", "Open", "SlopeAHP", "Jump", "Leak",
			"Pre0", "Iahp0", "S0", "RateMem", "Feedback", "GainMem", "InvLeak", "DecayAHP", "JumpAHP")
	}
	share("T.", "Local.", "Post0")
	share("S.", "T.", "Threshold", "GPost", "GPre")
	share("LinearS.", "LinearT.", "Isyn0", "W", "ChargeAHP", "GainAHP", "DecaySyn", "ChargeSyn", "GainSyn", "GIsyn", "GIahp")
	part := func(name string, write func()) {
		p.scope = name
		write()
	}
	for _, name := range []string{"Timer0", "Iahp0", "Isyn0", "W", "DWT", "DWS"} {
		p.ahead("Next." + name)
	}
	part("Local.", func() { p.local(false) })
	part("T.", p.spikeT)
	part("LinearT.", p.linear)
	part("S.", p.spikeS)
	part("LinearS.", p.linear)
}
