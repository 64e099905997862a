// Package gradcheck holds the one table of gradient checks: every operation, loss,
// readout, regulariser, surrogate and layer has a row in it.
//
// # Overview
//
// A row ([Case]) is a small model whose every input is a parameter and whose loss reaches
// every output. [Run] checks it in four ways that share no derivative:
//
//	engines        the fused engine (hand-written adjoint) equals the unrolled one
//	               (Gorgonia's gradient), on the spiking model and on its smoothed twin
//	float32        the same in float32
//	twin           on the smoothed twin, where the surrogate is the derivative of what is
//	               computed, directional derivatives equal finite differences
//	formula        a rule that is no derivative on purpose equals what it states
//
//	for _, c := range gradcheck.Table() {
//		results, err := gradcheck.Run(c, 1)
//		...
//	}
//
// A new operation or layer gets a row in a file table_*.go, and a line in [Table]; a
// test fails as long as it has none.
package gradcheck
