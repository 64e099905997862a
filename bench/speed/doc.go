// Package speed measures how fast layers run, forward and backward, and what memory they take.
//
// # Overview
//
// A [Workload] is a network with inputs, made from fixed random numbers, that the field
// compares itself by; [All] lists them. [Measure] builds it and runs it many times:
//
//	w, err := speed.Find("lif")
//	r, err := speed.Measure(ctx, w, speed.Options{Hidden: 1024, Recurrent: true})
//	fmt.Println(r.Gradient.Min, r.Rate, r.InstructionSet)
//
// [Crossover] compares dense with sparse products by the share of values that are not 0. The
// program surge bench speed prints both. Times are wall times of this machine, now; only
// their ratios in one run say something. Peers ([Peer]) are measured in the same run,
// alternating. Inputs stay from run to run: their lists of events are made in the first one, as the
// peers have theirs before they are timed. [Crossover] makes them in every run.
package speed
