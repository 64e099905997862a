package optim_test

import (
	"fmt"
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
