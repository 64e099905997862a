package eventprop

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/earliest"
	"github.com/surge-snn/surge/internal/lanes"
)

// Synapses connect Pre sources with Post neurons, all with all or sparsely.
//
//	dense:   synapse i*Post + j goes from source i to neuron j
//	sparse:  synapses Row[i] <= s < Row[i+1] go from source i to the neurons Col[s]
type Synapses struct {
	Pre, Post int
	Weight    []float64 // one per synapse; dense: [Pre, Post]
	Delay     []float64 // s, >= 0, one per synapse; nil means that there are none
	Row, Col  []int     // [Pre+1] and one per synapse; nil for a dense matrix
}

// NewDense returns dense synapses of weight 0 without delays. Of negative or more than 2^31-1
// synapses there are no weights, which the check of the layer reports.
func NewDense(pre, post int) Synapses {
	if pre > 0 && post > math.MaxInt32/pre {
		return Synapses{Pre: pre, Post: post}
	}
	return Synapses{Pre: pre, Post: post, Weight: make([]float64, max(pre, 0)*max(post, 0))}
}

// NewSparse returns the synapses of a dense matrix [pre, post] whose weight is not 0.
// delay is nil or of the same shape.
func NewSparse(pre, post int, weight, delay []float64) (Synapses, error) {
	d := Synapses{Pre: pre, Post: post, Weight: weight, Delay: delay}
	if err := d.check("dense matrix"); err != nil {
		return Synapses{}, err
	}
	s := Synapses{Pre: pre, Post: post, Row: make([]int, 1, pre+1), Weight: []float64{}, Col: []int{}}
	for i := range pre {
		for j := range post {
			k := i*post + j
			if weight[k] == 0 {
				continue
			}
			s.Weight = append(s.Weight, weight[k])
			s.Col = append(s.Col, j)
			if delay != nil {
				s.Delay = append(s.Delay, delay[k])
			}
		}
		s.Row = append(s.Row, len(s.Col))
	}
	if delay != nil && s.Delay == nil {
		s.Delay = []float64{}
	}
	return s, nil
}

// Fan returns the synapses lo <= k < hi of a source, for those who write a [Neuron]; none of a
// source that does not exist.
func (s *Synapses) Fan(source int) (lo, hi int) {
	if s == nil || source < 0 || source >= s.Pre || s.Row != nil && source+1 >= len(s.Row) {
		return 0, 0
	}
	return s.fan(source)
}

// Target returns the neuron that synapse k of a source reaches; -1 for one that does not exist.
func (s *Synapses) Target(source, k int) int {
	if lo, hi := s.Fan(source); k < lo || k >= hi || s.Row != nil && k >= len(s.Col) {
		return -1
	}
	return s.target(source, k)
}

// fan returns the synapses lo <= s < hi of source i.
func (s *Synapses) fan(i int) (lo, hi int) {
	if s.Row == nil {
		return i * s.Post, (i + 1) * s.Post
	}
	return s.Row[i], s.Row[i+1]
}

// from returns the weights of a dense matrix from neuron j on, so that those of source i are at the
// index i Post.
func (s *Synapses) from(j int) []float64 { return s.Weight[min(j, len(s.Weight)):] }

// target returns the neuron of synapse k of source i.
func (s *Synapses) target(i, k int) int {
	if s.Row == nil {
		return k - i*s.Post
	}
	return s.Col[k]
}

func (s *Synapses) check(name string) error {
	if s.Pre < 0 || s.Post < 0 {
		return fmt.Errorf("%w: %s connects %d sources with %d neurons", ErrShape, name, s.Pre, s.Post)
	}
	if s.Row == nil {
		if s.Col != nil {
			return fmt.Errorf("%w: %s has Col without Row", ErrShape, name)
		}
		if s.Post > 0 && len(s.Weight)/s.Post != s.Pre || len(s.Weight) != s.Pre*s.Post {
			return fmt.Errorf("%w: %s has %d weights, want %d x %d", ErrShape, name, len(s.Weight), s.Pre, s.Post)
		}
	} else {
		if len(s.Row) != s.Pre+1 || s.Row[0] != 0 || s.Row[s.Pre] != len(s.Weight) || len(s.Col) != len(s.Weight) {
			return fmt.Errorf("%w: %s has %d weights, %d columns and %d row bounds, want rows of %d sources from 0 to %d",
				ErrShape, name, len(s.Weight), len(s.Col), len(s.Row), s.Pre, len(s.Weight))
		}
		for i := range s.Pre {
			if s.Row[i] > s.Row[i+1] {
				return fmt.Errorf("%w: %s: row %d goes from %d to %d", ErrShape, name, i, s.Row[i], s.Row[i+1])
			}
		}
		for k, j := range s.Col {
			if j < 0 || j >= s.Post {
				return fmt.Errorf("%w: %s: synapse %d goes to neuron %d of %d", ErrShape, name, k, j, s.Post)
			}
		}
	}
	if s.Delay != nil && len(s.Delay) != len(s.Weight) {
		return fmt.Errorf("%w: %s has %d delays, want %d, one per synapse", ErrShape, name, len(s.Delay), len(s.Weight))
	}
	if !lanes.Finite(s.Weight) {
		k := slices.IndexFunc(s.Weight, func(w float64) bool { return w-w != 0 })
		return fmt.Errorf("%w: weight %d of %s is %g, want a finite number", ErrParameter, k, name, s.Weight[k])
	}
	for k, d := range s.Delay {
		if !(d >= 0) || math.IsInf(d, 1) {
			return fmt.Errorf("%w: delay %d of %s is %g s, want a finite number >= 0", ErrParameter, k, name, d)
		}
	}
	return nil
}

// byDelay returns the synapses of each source by rising delay, or nil without delays.
func (s *Synapses) byDelay() []int32 {
	return earliest.ByDelay(s.Delay, s.Pre, s.fan)
}
