package data

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// Grasshopper is a recording of an auditory receptor neuron of a grasshopper, which hears 10 s of a
// carrier whose amplitude is Gaussian in dB: of two stimuli, with cut-off frequencies of 200 and
// 800 Hz, once each. It is part of the Python package nitime (BSD licence), recorded as in Rokem et
// al. 2006, doi:10.1152/jn.00891.2005. [LoadGrasshopper] reads it.
func Grasshopper() Published {
	p := Published{
		Name: "grasshopper", Doc: "an auditory receptor neuron of a grasshopper: sound and spikes, two stimuli of 10 s",
		Archive: Asset{"nitime-0.12.1-cp311-abi3-manylinux1_x86_64.manylinux_2_28_x86_64.manylinux_2_5_x86_64.whl", 4136941, "19442111829b94fa9aa9849bdfb6aa92bc5467ba74194b18450728e432086882"},
		Mirrors: []string{"https://files.pythonhosted.org/packages/88/5d/ae275feedaa6590cf6e185cfeb7c4d28b5e1a10fcb492fd5340b07921675"},
		Files: []Asset{
			{"grasshopper_stimulus1.txt", 3627459, "4b47a4cbca8c5f694f87dd510db608a868dffbaba96845199c8afa545a4c37fa"},
			{"grasshopper_spike_times1.txt", 7695, "840014ad9a8f591d02ab108bcbd46715badb3459e0ef7eac95fdd661ff134e3d"},
			{"grasshopper_stimulus2.txt", 3627474, "69f257a8e7a5019897111b07f9cd317b136357d256e99682d40c09d5add18e6a"},
			{"grasshopper_spike_times2.txt", 7216, "389e5dccb709fbe0552589ff2e0b64e15d46665e4d2d4172071f2175c8641541"},
		},
	}
	for i := range p.Files {
		p.Files[i].Name = "nitime/data/" + p.Files[i].Name
	}
	return p
}

// Receptor is what an auditory receptor neuron heard, and its spikes.
type Receptor struct {
	// Envelope is the amplitude of the sound, 1 at the most, every Step seconds.
	Envelope []float64
	Step     float64   // s
	Level    float64   // intensity of the sound, dB: the same envelope is louder by the difference of levels
	CutOff   float64   // of the frequencies of the envelope, Hz
	Spikes   []float64 // times, s, ascending
}

// Seconds is the duration of the sound.
func (r *Receptor) Seconds() float64 {
	if r == nil {
		return 0
	}
	return float64(len(r.Envelope)) * r.Step
}

// LoadGrasshopper reads the files of [Grasshopper] in a folder, of the stimulus with the lower
// cut-off frequency first. Errors: [fs.ErrNotExist], [ErrFormat].
func LoadGrasshopper(dir string) (list [2]*Receptor, err error) {
	for i := range list {
		var texts [2][]byte
		for k, name := range []string{"grasshopper_stimulus%d.txt", "grasshopper_spike_times%d.txt"} {
			path := filepath.Join(dir, fmt.Sprintf(name, i+1))
			if texts[k], err = files.ReadJSON(path); err != nil {
				return list, fmt.Errorf("data: %w", err)
			}
		}
		if list[i], err = ParseReceptor(string(texts[0]), string(texts[1])); err != nil {
			return list, fmt.Errorf("%s, stimulus %d: %w", dir, i+1, err)
		}
	}
	return list, nil
}

// IsGrasshopper tells whether a folder has files of [Grasshopper].
func IsGrasshopper(dir string) bool {
	found, err := filepath.Glob(filepath.Join(dir, "grasshopper_spike_times*.txt"))
	return err == nil && len(found) > 0
}

// ParseReceptor reads a stimulus, lines of times in µs at equal steps with the amplitude at each,
// and the spikes for it, lines of times in µs below lines "# key: value", of which "intensity (dB)"
// and "cut-off frequency (Hz)" are read. Errors: [ErrFormat], with the line.
func ParseReceptor(stimulus, spikes string) (*Receptor, error) {
	r := &Receptor{Level: math.NaN(), CutOff: math.NaN()}
	var times []float64
	n := 0
	for line := range strings.Lines(stimulus) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		x, err := finites(words, 2)
		if err != nil || x[1] < 0 {
			return nil, fmt.Errorf("%w: line %d of the sound: %q, want a time in µs and an amplitude >= 0", ErrFormat, n, clip(line))
		}
		times, r.Envelope = append(times, x[0]), append(r.Envelope, x[1])
		if k := len(times) - 1; k == 1 {
			r.Step = times[1] - times[0]
		} else if want := float64(float64(k)*r.Step) + times[0]; k > 1 && math.Abs(times[k]-want) > 1e-3*r.Step {
			return nil, fmt.Errorf("%w: line %d of the sound: time %v µs, want steps of %v µs", ErrFormat, n, times[k], r.Step)
		}
	}
	if len(times) < 2 || !(r.Step > 0) {
		return nil, fmt.Errorf("%w: %d samples of sound in steps of %v µs, want two or more at ascending times", ErrFormat, len(times), r.Step)
	}
	r.Step *= 1e-6
	n = 0
	for line := range strings.Lines(spikes) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if words[0][0] == '#' {
			r.property(line)
			continue
		}
		x, err := finites(words, 1)
		if err != nil || len(r.Spikes) > 0 && x[0]*1e-6 <= r.Spikes[len(r.Spikes)-1] {
			return nil, fmt.Errorf("%w: line %d of the spikes: %q, want ascending times in µs", ErrFormat, n, clip(line))
		}
		r.Spikes = append(r.Spikes, x[0]*1e-6)
	}
	if r.Level-r.Level != 0 || r.CutOff-r.CutOff != 0 {
		return nil, fmt.Errorf("%w: the spikes do not say intensity (dB) and cut-off frequency (Hz) of the sound", ErrFormat)
	}
	return r, nil
}

// property reads a line "# key: value".
func (r *Receptor) property(line string) {
	key, value, ok := strings.Cut(strings.TrimLeft(line, "# \t"), ":")
	x, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !ok || err != nil {
		return
	}
	switch key {
	case "intensity (dB)":
		r.Level = x
	case "cut-off frequency (Hz)":
		r.CutOff = x
	}
}

// finites are so many finite ones.
func finites(words []string, want int) (x []float64, err error) {
	if len(words) != want {
		return nil, fs.ErrInvalid
	}
	for _, w := range words {
		v, err := strconv.ParseFloat(w, 64)
		if err != nil || v-v != 0 {
			return nil, errors.Join(fs.ErrInvalid, err)
		}
		x = append(x, v)
	}
	return x, nil
}

// clip is the beginning of a line.
func clip(line string) string { return strings.TrimSpace(line[:min(len(line), 40)]) }
