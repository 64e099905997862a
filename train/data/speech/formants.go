package speech

import (
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/random"
)

// Rate is the number of sound samples in a second.
const Rate = 12000

// Sound is a way to say a digit: repetition k of a class by a voice. The result is [Rate] numbers a
// second.
type Sound interface {
	Say(class, voice, k int) ([]float64, error)
	// Voices is how many there are at most.
	Voices() int
}

// Formants says digits with a synthesiser of its own. Voices differ in the length of the vocal
// tract, pitch, its melody, speed, breath, and how far their formants are from the mean;
// repetitions a little in all of it.
type Formants struct{ Seed uint64 }

// Voices returns as many as anybody wants.
func (Formants) Voices() int { return 1 << 20 }

// speaker is a voice.
type speaker struct {
	tract, pitch, fall, speed, breath float64
	formants                          [3]float64
}

// voice draws a voice.
func (f Formants) voice(n int) speaker {
	rng := random.New(f.Seed, "speech/voice", uint64(n))
	size := rng.Float64() // small people have short tracts and high voices
	s := speaker{
		tract: 0.88 + 0.32*size, pitch: 95 * math.Pow(2.3, 0.8*size+0.2*rng.Float64()), fall: 0.05 + 0.25*rng.Float64(),
		speed: 0.8 + 0.45*rng.Float64(), breath: 0.01 + 0.05*rng.Float64(),
	}
	for i := range s.formants {
		s.formants[i] = 1 + 0.05*random.Normal(rng)
	}
	return s
}

// Say says a digit.
func (f Formants) Say(class, voice, k int) ([]float64, error) {
	phones, err := word(class)
	if err != nil {
		return nil, err
	}
	rng := random.New(f.Seed, "speech/say", uint64(class), uint64(voice), uint64(k))
	s := f.voice(voice)
	s.pitch *= 1 + 0.06*random.Normal(rng)
	s.speed *= 1 + 0.07*random.Normal(rng)
	for i := range s.formants {
		s.formants[i] *= s.tract * (1 + 0.02*random.Normal(rng))
	}
	var ends []float64 // of the phones, s
	end := 0.03 + 0.1*rng.Float64()
	begin := end
	for _, p := range phones {
		end += p.time * (1 + 0.12*random.Normal(rng)) / min(max(s.speed, 0.5), 2)
		ends = append(ends, end)
	}
	return s.sound(phones, begin, ends, rng), nil
}

// glide is the time in which the tract goes from one phone to the next, s.
const glide = 0.045

// sound computes the samples.
func (s speaker) sound(phones []phone, begin float64, ends []float64, rng *rand.Rand) []float64 {
	last := ends[len(ends)-1]
	out := make([]float64, int((last+0.08)*Rate))
	var tract [4]resonator
	var friction resonator
	phase, tilt := 0.0, 0.0
	at := 0
	for i := range out {
		t := float64(i) / Rate
		for at < len(phones)-1 && t >= ends[at] {
			at++
		}
		p, from := phones[at], begin
		if at > 0 {
			from = ends[at-1]
		}
		if share := min(max((t-from)/glide, 0), 1); at > 0 && share < 1 {
			p = between(phones[at-1], p, share)
		}
		loud := min(max((t-begin)/0.02, 0), 1) * min(max((last+0.05-t)/0.05, 0), 1)
		if p.stop && t < from+0.6*(ends[at]-from) { // closed
			loud *= 0.05
		}
		phase += s.pitch * (1 + s.fall*(0.5-t/last)) / Rate
		pulse := 0.0
		if phase >= 1 {
			phase--
			pulse = 12
		}
		tilt += 0.25 * (pulse - tilt) // the glottis has few high frequencies
		hiss := random.Normal(rng)
		source := p.voice*(tilt+s.breath*hiss) + 0.3*float64(boolean(p.noiseCentre == 0))*p.noise*hiss
		for k, f := range [4]float64{p.f1 * s.formants[0], p.f2 * s.formants[1], p.f3 * s.formants[2], 3500 * s.tract} {
			if i%24 == 0 {
				tract[k].tune(min(f, 0.45*Rate), 50+0.04*f)
			}
			source = tract[k].next(source)
		}
		if i%24 == 0 {
			c := max(p.noiseCentre, 500) * (0.7 + 0.3*s.tract)
			friction.tune(min(c, 0.45*Rate), 200+0.2*c)
		}
		out[i] = loud * (source + 0.35*friction.next(p.noise*hiss*float64(boolean(p.noiseCentre > 0))))
	}
	return out
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// between is a phone on the way from one to another.
func between(a, b phone, share float64) phone {
	mix := func(x, y float64) float64 { return x + share*(y-x) }
	b.f1, b.f2, b.f3 = mix(a.f1, b.f1), mix(a.f2, b.f2), mix(a.f3, b.f3)
	b.voice, b.noise = mix(a.voice, b.voice), mix(a.noise, b.noise)
	if a.noiseCentre > 0 && b.noiseCentre > 0 {
		b.noiseCentre = mix(a.noiseCentre, b.noiseCentre)
	} else {
		b.noiseCentre = max(a.noiseCentre, b.noiseCentre)
	}
	return b
}

// resonator is a filter of two poles, whose gain is 1 at 0 Hz.
type resonator struct{ a, b, c, y1, y2 float64 }

// tune sets frequency and bandwidth, Hz.
func (r *resonator) tune(frequency, bandwidth float64) {
	radius := fmath.Exp(-math.Pi * bandwidth / Rate)
	r.c = -radius * radius
	r.b = 2 * radius * math.Cos(2*math.Pi*frequency/Rate)
	r.a = 1 - r.b - r.c
}

func (r *resonator) next(x float64) float64 {
	y := float64(r.a*x) + float64(r.b*r.y1) + float64(r.c*r.y2)
	r.y1, r.y2 = y, r.y1
	return y
}
