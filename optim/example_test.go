package optim_test

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/surge-snn/surge/optim"
)

// Train two groups of parameters of the loss (w-3)^2/2 + (tau-1)^2/2: clipped
// gradients, Adam with warm-up, and time constants that learn ten times slower.
func Example() {
	isTau := func(name string) bool { return strings.HasPrefix(name, "tau_") }
	t := optim.Chain{
		optim.ClipByGlobalNorm{Max: 1},
		optim.Adam{LR: optim.Join{
			{Steps: 50, Schedule: optim.Linear{Init: 0, End: 0.1, Steps: 50}},
			{Schedule: optim.Cosine{Init: 0.1, Steps: 250}},
		}},
		optim.Masked{Match: isTau, Inner: optim.Scale{Factor: 0.1}},
	}
	params := optim.Tree{
		{Name: "w", F32: []float32{0}},
		{Name: "tau_mem", F64: []float64{0}},
	}
	grads := optim.Tree{
		{Name: "w", F32: []float32{0}},
		{Name: "tau_mem", F64: []float64{0}},
	}
	state := t.Init(params)
	for range 300 {
		grads[0].F32[0] = params[0].F32[0] - 3
		grads[1].F64[0] = params[1].F64[0] - 1
		if err := t.Update(grads, params, &state); err != nil {
			fmt.Println(err)
			return
		}
		if err := optim.Apply(params, grads); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("w %.2f, tau_mem %.1f after %d steps\n", params[0].F32[0], params[1].F64[0], state.Step)
	// Output: w 3.00, tau_mem 1.0 after 300 steps
}

// apply takes one step with the gradients.
func apply(t optim.Transform, params, grads optim.Tree) error {
	state := t.Init(params)
	if err := t.Update(grads, params, &state); err != nil {
		return err
	}
	return optim.Apply(params, grads)
}

// Weights, which stay within a box, and time constants, which stay positive as they are learned by
// their logarithm, each with an optimizer of their own.
func ExampleGroups() {
	sgd := optim.SGD{LR: optim.Constant(1)}
	t := optim.Groups{
		{Match: func(name string) bool { return strings.HasPrefix(name, "tau_") }, Inner: optim.Reparam{Map: optim.LogMap{}, Inner: sgd}},
		{Inner: optim.Chain{sgd, optim.Box{Low: -1, High: 1}}}, // all others
	}
	params := optim.Tree{{Name: "w", F64: []float64{0.5, 0}}, {Name: "tau_mem", F64: []float64{2}}}
	grads := optim.Tree{{Name: "w", F64: []float64{-3, 0.25}}, {Name: "tau_mem", F64: []float64{0.5}}}
	if err := apply(t, params, grads); err != nil {
		fmt.Println(err)
		return
	}
	// ln tau falls by tau dL/dtau = 1.
	fmt.Printf("w %v, tau_mem %.4f = 2/e\n", params[0].F64, params[1].F64[0])
	// Output: w [1 -0.25], tau_mem 0.7358 = 2/e
}

// The gradient of a batch that overflowed changes nothing, and is counted.
func ExampleSkipNonFinite() {
	t := optim.SkipNonFinite{Inner: optim.SGD{LR: optim.Constant(0.5)}}
	params := optim.Tree{{Name: "w", F64: []float64{1}}}
	state := t.Init(params)
	for _, g := range []float64{math.Inf(1), 1} {
		grads := optim.Tree{{Name: "w", F64: []float64{g}}}
		if err := errors.Join(t.Update(grads, params, &state), optim.Apply(params, grads)); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("w", params[0].F64[0], "skipped", state.Counts[0])
	}
	// Output:
	// w 1 skipped 1
	// w 0.5 skipped 1
}
