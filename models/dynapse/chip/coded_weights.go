package chip

import (
	"fmt"
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/ops"
)

// CodedWeights is a weight matrix in a graph as the chip has it: 4-bit codes that switch the four
// base currents of the post-synaptic neuron's core,
//
//	W[i][j] = sign[i][j] Σ_k bit_k(code[i][j]) Iw_k[core[j]] / Iscale
//	dW[i][j]/d ln Iw_k = sign[i][j] bit_k(code[i][j]) Iw_k / Iscale
//
// Only here Iw_0 to Iw_3 have an effect: an analogue weight does not know them.
type CodedWeights struct {
	Codes Codes
	Core  []int          // of each post-synaptic neuron; nil puts all on core 0
	Bases []BaseCurrents // of each core, A
	// Learn trains the base currents, as natural logarithms, name/log_Iw_0 to name/log_Iw_3, each
	// [cores].
	Learn bool
	// Iscale is the current of a weight of 1, A; 0 means the default. It is that of the neurons.
	Iscale float64
}

// Apply adds the matrix, [Pre, Post]. Cost: one pass over the codes, forward and backward.
func (w CodedWeights) Apply(b *graph.Builder, name string) *G.Node {
	c := w.Codes
	size := c.Pre * c.Post
	if c.Pre <= 0 || c.Post <= 0 || len(c.Code) != size || len(c.Sign) != size {
		b.Fail(fmt.Errorf("%w: CodedWeights %q: %d codes and %d signs for a matrix of %d x %d", dynapse.ErrParameter, name, len(c.Code), len(c.Sign), c.Pre, c.Post))
	}
	if w.Iscale == 0 {
		w.Iscale = dynapse.Iscale.Default()
	}
	if err := dynapse.Iscale.Check(w.Iscale); err != nil {
		b.Fail(fmt.Errorf("CodedWeights %q: %w", name, err))
	}
	if w.Core == nil {
		w.Core = make([]int, c.Post)
	}
	for j, core := range w.Core {
		if core < 0 || core >= len(w.Bases) || len(w.Core) != c.Post {
			b.Fail(fmt.Errorf("%w: CodedWeights %q: Core[%d] = %d in a list of %d, want one of %d cores for each of %d neurons", dynapse.ErrParameter, name, j, core, len(w.Core), len(w.Bases), c.Post))
		}
	}
	for i, code := range c.Code {
		if code >= 1<<WeightBits || c.Sign[i] < -1 || c.Sign[i] > 1 {
			b.Fail(fmt.Errorf("%w: CodedWeights %q: element %d has code %d and sign %d, want 0 to 15 and -1, 0 or 1", dynapse.ErrParameter, name, i, code, c.Sign[i]))
		}
	}
	var in []*G.Node
	for k := range WeightBits {
		start := make([]float64, len(w.Bases))
		for i, base := range w.Bases {
			if !(base[k] > 0) || math.IsInf(base[k], 0) {
				b.Fail(fmt.Errorf("%w: CodedWeights %q: Iw_%d of core %d is %v A, want a finite number > 0", dynapse.ErrParameter, name, k, i, base[k]))
			}
			start[i] = fmath.Log(base[k])
		}
		full := fmt.Sprintf("%s/log_Iw_%d", name, k)
		if w.Learn {
			in = append(in, b.Param(full, func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, start) }, len(start)))
		} else {
			in = append(in, b.Const(full, start, len(start)))
		}
	}
	return b.CheckAll(ops.Apply(ops.Kernels{Float32: &codedKernel[float32]{w: w}, Float64: &codedKernel[float64]{w: w}}, nil, in...))[0]
}

// codedKernel computes the matrix from the logarithms of the base currents.
type codedKernel[T kernel.Float] struct{ w CodedWeights }

func (k *codedKernel[T]) Name() string { return "coded weights" }

func (k *codedKernel[T]) Shapes([]tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{{k.w.Codes.Pre, k.w.Codes.Post}}, nil
}

// each calls f for every bit that is set, with the index of the element, the bit, the core, and its
// share of the weight.
func (k *codedKernel[T]) each(in [][]T, f func(i, bit, core int, share float64)) {
	c := k.w.Codes
	for i, code := range c.Code {
		core := k.w.Core[i%c.Post]
		for bit := range WeightBits {
			if code>>bit&1 != 0 {
				f(i, bit, core, float64(c.Sign[i])*fmath.Exp(float64(in[bit][core]))/k.w.Iscale)
			}
		}
	}
}

func (k *codedKernel[T]) Forward(in, out [][]T) error {
	clear(out[0])
	k.each(in, func(i, _, _ int, share float64) { out[0][i] += T(share) })
	return nil
}

func (k *codedKernel[T]) Backward(in, _, gout, gin [][]T) error {
	for _, g := range gin {
		clear(g)
	}
	if gout[0] == nil {
		return nil
	}
	k.each(in, func(i, bit, core int, share float64) {
		if gin[bit] != nil {
			gin[bit][core] += T(float64(gout[0][i]) * share)
		}
	})
	return nil
}
