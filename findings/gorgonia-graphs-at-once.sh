#!/bin/sh
# Gorgonia 0.9.18: two graphs that share nothing cannot be built at the same time when they convolve, pool or rectify.
#
# Conv1d, Conv2d, MaxPool2D, AveragePool2D and Rectify number a group of nodes for drawings of the graph, in one variable of the
# package that nothing guards: under the race detector every such pair of builds is reported, though no node is shared and no
# drawing is made. Products and sums of graphs of their own are not. A program that builds networks in parallel, or runs its
# tests with t.Parallel and -race, has to build convolutions one after the other.
# Needs Go and a C compiler (for -race).
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
	"os"
	"sync"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func build(kind string) {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float64, 4, G.WithShape(1, 1, 6, 6), G.WithName("x"))
	w := G.NewTensor(g, tensor.Float64, 4, G.WithShape(1, 1, 3, 3), G.WithName("w"))
	switch kind {
	case "Conv2d":
		G.Must(G.Conv2d(x, w, tensor.Shape{3, 3}, []int{0, 0}, []int{1, 1}, []int{1, 1}))
	case "MaxPool2D":
		G.Must(G.MaxPool2D(x, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
	case "Rectify":
		G.Must(G.Rectify(x))
	case "Mul":
		a := G.NewMatrix(g, tensor.Float64, G.WithShape(6, 6), G.WithName("a"))
		G.Must(G.Mul(a, G.Must(G.Add(a, a))))
	}
}

func main() {
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 100 {
				build(os.Args[1])
			}
		})
	}
	wg.Wait()
	fmt.Println("built")
}
GO
go mod tidy >/dev/null 2>&1
CGO_ENABLED=1 go build -race -o example .
echo "gorgonia $(go list -m -f '{{.Version}}' gorgonia.org/gorgonia)"
for kind in Conv2d MaxPool2D Rectify Mul; do
	if GORACE=exitcode=66 ./example "$kind" >out 2>&1; then found=none; else
		[ $? = 66 ] || { cat out; exit 1; }
		found=$(grep -o 'encoding\.NewGroup' out | head -n 1)
	fi
	echo "$kind: data race in: $found"
	case $kind in Mul) want=none ;; *) want=encoding.NewGroup ;; esac
	[ "$found" = "$want" ] || { cat out; exit 1; }
done
