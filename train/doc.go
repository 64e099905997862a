// Package train is the loop that trains a network on a data set: epochs of
// mini-batches, validation, early stop, checkpoints, metrics.
//
// # Overview
//
//	             Batches ──► Learner ──► gradients ──► optim.Transform ──► parameters
//	                            │                                             │
//	every epoch:  validation ◄──┴── metrics.jsonl, checkpoint, best parameters ┘
//
// [Run] needs a [Learner], which knows the gradient of a batch, and data:
//
//	method := train.BPTT{Model: func(b *graph.Builder, x *gorgonia.Node) train.Outputs {
//		i := models.Linear{Out: 120}.Apply(b, "hidden/w", x)
//		h := models.LIF{}.Apply(b, "hidden", i)
//		o := models.Linear{Out: 3}.Apply(b, "out/w", h.Spikes)
//		y := models.LI{}.Apply(b, "out", o)
//		return train.Outputs{Logits: b.Check(ops.MaxOverTime(y.Vmem))}
//	}}
//	net, err := method.Build(graph.NewParams(1), train.Shape{Steps: 31, Batch: 50, Channels: 5})
//	defer net.Close()
//	sets := train.Data{Train: ..., Valid: ..., Test: ...}
//	result, err := train.Run(ctx, net, sets, train.Settings{Epochs: 30})
//
// The network may go through time steps, with surrogate gradients ([BPTT]), or from event to event,
// with exact ones ([EventProp]); the rest is the same:
//
//	method := train.EventProp{
//		Layers: []train.EventLayer{
//			{Name: "hidden", Layer: hidden}, {Name: "out", Layer: out, Silence: 1},
//		},
//		Scale:  -1 / 1e-3, // the output that spikes first wins
//	}
//	net, err := method.Build(graph.NewParams(1))
//
// # Determinism
//
// The state of a run is its parameters, the state of the optimizer, and a position (epoch, batch).
// What comes next is a pure function of these: the order of the data and all random numbers depend
// on (seed, epoch, index) alone. A run that was interrupted after any batch and continued from its
// checkpoint has therefore the same parameters and the same metrics, byte for byte, as one that was
// never interrupted, for any number of processors. Wall times are the exception; they are in fields
// of their own.
//
// # Use of the data
//
// The validation set decides which epoch was the best, and when to stop. The test set is read
// once, at the end, with the parameters of the best epoch.
package train
