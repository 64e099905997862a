// Command unrolled measures unrolled training on the machine of package graph beside
// Gorgonia's tape machine, in one run, and prints the ratios.
//
// The network is LIF 700-256-20 (Linear, LIF, Linear, LI, sum over time, cross-entropy) in
// float32, with a fraction p of the inputs active in each time step:
//
//	go run ./bench/unrolled                       T=100, B=64 and T=1000, B=4 on both machines
//	go run ./bench/unrolled -flat                 a step of the own machine, T = 100 .. 2000
//	go run ./bench/unrolled -long                 T = 10000 in segments of 100 steps
//
// Every measurement is a process of its own, so that the peak of its memory is its own.
// For times of a run both processes run at once, and take turns: what disturbs one disturbs
// the other.
package main
