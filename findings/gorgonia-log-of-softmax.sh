#!/bin/sh
# Gorgonia 0.9.18: Log of a SoftMax changes the SoftMax itself, for everybody who reads it.
#
# Where Log is applied to the node of a SoftMax, the operation of that node is switched to LogSoftMax and the same node is
# returned. A product p log p, the entropy of the outputs of a network, then is (log p)^2, without an error; so is a probability
# that was asked for beside its logarithm. The logarithm alone, and a SoftMax that no Log is applied to, are right.
# Needs Go.
set -eu
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'MOD'
module example

go 1.26

require gorgonia.org/gorgonia v0.9.18

require go4.org/unsafe/assume-no-moving-gc v0.0.0-20231121144256-b99613f794b6 // the one that 0.9.18 asks for refuses this Go
MOD
cat >main.go <<'GO'
package main

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// run returns the sum of p, or of p log p, for p = softmax(0, 1, 2).
func run(entropy bool) float64 {
	g := G.NewGraph()
	x := G.NewMatrix(g, tensor.Float64, G.WithShape(1, 3), G.WithName("x"),
		G.WithValue(tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float64{0, 1, 2}))))
	p := G.Must(G.SoftMax(x))
	y := p
	if entropy {
		y = G.Must(G.HadamardProd(p, G.Must(G.Log(p))))
	}
	sum := G.Must(G.Sum(y))
	m := G.NewTapeMachine(g)
	defer m.Close()
	if err := m.RunAll(); err != nil {
		panic(err)
	}
	return sum.Value().Data().(float64)
}

func main() {
	var plain, squares float64
	z := 1 + math.E + math.Exp(2)
	for _, v := range []float64{0, 1, 2} {
		p := math.Exp(v) / z
		plain += p * math.Log(p)
		squares += math.Log(p) * math.Log(p)
	}
	fmt.Printf("sum of p: %.6f (exact 1)\n", run(false))
	got := run(true)
	fmt.Printf("sum of p log p: %.6f (exact %.6f; sum of (log p)^2 %.6f)\n", got, plain, squares)
	if math.Abs(run(false)-1) > 1e-9 || math.Abs(got-squares) > 1e-9 {
		panic("another behaviour")
	}
}
GO
go mod tidy >/dev/null 2>&1
echo "gorgonia $(go list -m -f '{{.Version}}' gorgonia.org/gorgonia)"
go run .
