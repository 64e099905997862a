package minimize_test

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim/identify"
	"github.com/surge-snn/surge/optim/minimize"
)

// Fit the currents of a synapse to the decay of its response to one spike,
//
//	isyn(t) = A Igain_syn / Ipulse exp(-B Itau_syn t)
//
// and say which of them the trace determines: the time constant, and of the two
// others their ratio alone.
func ExampleFit() {
	names := []string{"Igain_syn", "Ipulse", "Itau_syn"}
	truth := []float64{5e-9, 8e-11, 2e-12}        // A
	const a, b, noise = 1e-10, 4e13, 0.01         // A, 1/(A s), relative
	model := func(k int, lnI []float64) float64 { // ln isyn at k ms
		return math.Log(a) + lnI[0] - lnI[1] - b*math.Exp(lnI[2])*float64(k)*1e-3
	}
	target := make([]float64, 20)
	lnTruth := make([]float64, 3)
	if err := minimize.ToLog(lnTruth, truth); err != nil {
		fmt.Println(err)
		return
	}
	for k := range target {
		target[k] = model(k, lnTruth)
	}
	residuals := func(_ context.Context, r, lnI []float64) error {
		for k := range r {
			r[k] = (model(k, lnI) - target[k]) / noise
		}
		return nil
	}
	jacobian := func(ctx context.Context, r []float64, jac *mat.Dense, lnI []float64) error {
		for k := range r {
			jac.SetRow(k, []float64{1 / noise, -1 / noise, -b * math.Exp(lnI[2]) * float64(k) * 1e-3 / noise})
		}
		return residuals(ctx, r, lnI)
	}
	problem := minimize.Problem{Names: names, NumResiduals: len(target), Residuals: residuals, Jacobian: jacobian}

	init := []float64{math.Log(1e-9), math.Log(1e-10), math.Log(1e-11)}
	res, err := minimize.Fit(context.Background(), problem, init, nil, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	currents := make([]float64, 3)
	if err := minimize.FromLog(currents, res.X); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v: Itau_syn %.2e A, Igain_syn/Ipulse %.1f\n", res.Status, currents[2], currents[0]/currents[1])

	r, sens := make([]float64, len(target)), mat.NewDense(len(target), 3, nil)
	if err := jacobian(context.Background(), r, sens, res.X); err != nil {
		fmt.Println(err)
		return
	}
	id, err := identify.Analyze(sens, res.X, names, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range id.Estimates {
		fmt.Printf("%s determined: %v\n", e.Name, e.Verdict)
	}
	for _, d := range id.Open {
		fmt.Println(d.Text)
	}
	// Output:
	// converged: Itau_syn 2.00e-12 A, Igain_syn/Ipulse 62.5
	// Igain_syn determined: no
	// Ipulse determined: no
	// Itau_syn determined: yes
	// Igain_syn and Ipulse: only as Igain_syn/Ipulse
}
