package train

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// A part travels as the length of its sums, its sums as JSON, and the gradients as they are in
// memory: ranks run one program, so that bytes have one order.

// wireSums are Sums with every bit of their floats.
type wireSums struct {
	Rows, Correct, Silent, Grazing, Clipped int
	Metrics, Layers                         []string
	Neurons                                 []int    // of layers
	Floats                                  []uint64 // loss, spikes, metrics, and of layers: spikes, steps, spikes of each neuron
	Fault                                   *fault   `json:",omitzero"` // without anything else
}

// encode appends the message of a part to another.
func (p *part) encode(message []byte, gradient bool) ([]byte, error) {
	s := p.sums
	w := wireSums{Rows: s.Rows, Correct: s.Correct, Silent: s.Silent, Grazing: s.Grazing, Clipped: s.Clipped}
	w.Floats = append(w.Floats, math.Float64bits(s.Loss), math.Float64bits(s.Spikes))
	for _, m := range s.Metrics {
		w.Metrics, w.Floats = append(w.Metrics, m.Name), append(w.Floats, math.Float64bits(m.Sum))
	}
	for _, l := range s.Layers {
		w.Layers, w.Neurons = append(w.Layers, l.Name), append(w.Neurons, len(l.Neurons))
		w.Floats = append(w.Floats, math.Float64bits(l.Spikes), math.Float64bits(l.Steps))
		for _, n := range l.Neurons {
			w.Floats = append(w.Floats, math.Float64bits(n))
		}
	}
	if p.fault != nil {
		w, gradient = wireSums{Fault: p.fault}, false
	}
	text, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	message = append(binary.LittleEndian.AppendUint64(message, uint64(len(text))), text...)
	if !gradient {
		return message, nil
	}
	message = slices.Grow(message, p.gradientBytes())
	for _, g := range p.grads {
		message = append(append(message, memoryOf(g.F32)...), memoryOf(g.F64)...)
	}
	return message, nil
}

// memoryOf is the memory of x.
func memoryOf[T float32 | float64](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(T(0))))
}

// gradientBytes is the size of the gradients in a message.
func (p *part) gradientBytes() int {
	n := 0
	for _, g := range p.grads {
		n += 4*len(g.F32) + 8*len(g.F64)
	}
	return n
}

// decode reads a message of a part with the same gradients.
func (p *part) decode(message []byte, gradient bool) error {
	if len(message) < 8 {
		return fmt.Errorf("train: a message of %d bytes, want at least 8", len(message))
	}
	size, rest := binary.LittleEndian.Uint64(message), message[8:]
	if size > uint64(len(rest)) {
		return fmt.Errorf("train: a message with %d bytes of sums, found %d", size, len(rest))
	}
	var w wireSums
	if err := json.Unmarshal(rest[:size], &w); err != nil {
		return fmt.Errorf("train: sums in a message: %w", err)
	}
	if p.fault = w.Fault; p.fault != nil {
		return nil
	}
	want := 2 + len(w.Metrics) + 2*len(w.Layers)
	for _, n := range w.Neurons {
		if n < 0 || n > len(w.Floats) {
			return fmt.Errorf("train: sums in a message: %d neurons", n)
		}
		want += n
	}
	if len(w.Floats) != want || len(w.Neurons) != len(w.Layers) {
		return fmt.Errorf("train: sums in a message: %d numbers, want %d", len(w.Floats), want)
	}
	next := func() float64 {
		x := math.Float64frombits(w.Floats[0])
		w.Floats = w.Floats[1:]
		return x
	}
	s := Sums{Rows: w.Rows, Correct: w.Correct, Silent: w.Silent, Grazing: w.Grazing, Clipped: w.Clipped, Loss: next(), Spikes: next()}
	for _, name := range w.Metrics {
		s.Metrics = append(s.Metrics, Measured{name, next()})
	}
	for i, name := range w.Layers {
		l := LayerSpikes{Name: name, Spikes: next(), Steps: next()}
		for range w.Neurons[i] {
			l.Neurons = append(l.Neurons, next())
		}
		s.Layers = append(s.Layers, l)
	}
	p.sums = s
	return p.decodeGradients(rest[size:], gradient)
}

func (p *part) decodeGradients(data []byte, gradient bool) error {
	want := 0
	if gradient {
		want = p.gradientBytes()
	}
	if len(data) != want {
		return fmt.Errorf("train: a message with %d bytes of gradients, want %d", len(data), want)
	}
	if !gradient {
		return nil
	}
	for _, g := range p.grads {
		data = data[copy(memoryOf(g.F32), data):]
		data = data[copy(memoryOf(g.F64), data):]
	}
	return nil
}
