package speech

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strconv"

	"github.com/surge-snn/surge/internal/random"
)

// Espeak says digits with the program espeak-ng, in its voice variants.
type Espeak struct {
	Path string // of the program
	Seed uint64
}

// FindEspeak returns the program where it is installed.
func FindEspeak(seed uint64) (e Espeak, ok bool) {
	path, err := exec.LookPath("espeak-ng")
	return Espeak{path, seed}, err == nil
}

// variants are voices that every installation has.
var variants = []string{"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "croak", "klatt", "klatt2", "klatt3", "klatt4"}

// Voices returns how many there are.
func (Espeak) Voices() int { return len(variants) }

// Say says a digit; repetitions differ in speed and pitch.
//
// Errors: of the program, and for sound that is none.
func (e Espeak) Say(class, voice, k int) ([]float64, error) {
	if class < 0 || class >= len(digits) || voice < 0 || voice >= len(variants) {
		return nil, fmt.Errorf("speech: class %d by voice %d of %d", class, voice, len(variants))
	}
	rng := random.New(e.Seed, "speech/espeak", uint64(class), uint64(voice), uint64(k))
	speed, pitch := 120+rng.IntN(70), 25+rng.IntN(50)
	d := digits[class]
	cmd := exec.Command(e.Path, "-v", d.language+"+"+variants[voice], "-s", strconv.Itoa(speed), "-p", strconv.Itoa(pitch), "--stdout", d.espeak)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	wav, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("speech: %s: %w: %s", e.Path, err, bytes.TrimSpace(stderr.Bytes()))
	}
	x, err := readWAV(wav)
	if err != nil {
		return nil, fmt.Errorf("speech: %s: %w", e.Path, err)
	}
	return x, nil
}

var errWAV = errors.New("expected a WAV file of one channel of 16 bits")

// readWAV returns the samples at [Rate]. The length of a stream is not known when its head is
// written: it is that which is there.
func readWAV(b []byte) ([]float64, error) {
	if len(b) < 44 || string(b[:4]) != "RIFF" || string(b[8:16]) != "WAVEfmt " {
		return nil, errWAV
	}
	le := binary.LittleEndian
	rate := float64(le.Uint32(b[24:]))
	if le.Uint16(b[20:]) != 1 || le.Uint16(b[22:]) != 1 || le.Uint16(b[34:]) != 16 || rate < 4000 || rate > 192000 {
		return nil, errWAV
	}
	at := bytes.Index(b, []byte("data"))
	if at < 0 || len(b) < at+8 {
		return nil, errWAV
	}
	b = b[at+8:]
	n := len(b) / 2
	value := func(i int) float64 {
		if i < 0 || i >= n {
			return 0
		}
		return float64(int16(le.Uint16(b[2*i:]))) / 32768
	}
	// A window of the sinc at half of the lower rate.
	out := make([]float64, int(float64(n)*Rate/rate))
	cut := min(1, Rate/rate)
	const taps = 12
	for i := range out {
		t := float64(i) * rate / Rate
		for k := int(t) - taps + 1; k <= int(t)+taps; k++ {
			d := t - float64(k)
			w := 0.5 + 0.5*math.Cos(math.Pi*d/(taps+1))
			s := cut
			if d != 0 {
				s = math.Sin(math.Pi*cut*d) / (math.Pi * d)
			}
			out[i] += value(k) * s * w
		}
	}
	return out, nil
}
