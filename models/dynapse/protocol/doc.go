// Package protocol measures the neurons of a DynapSE-2 chip stage by stage, in the order in which
// people do it by hand: leak and rest, rates for constant currents, single EPSPs, the refractory
// period, and adaptation last.
//
// # Overview
//
// A [Stage] has recordings, of vmem and spikes, and settles a block of currents, each neuron by
// itself: transistors differ. [Run] goes through the stages. With a [live.Chip] it makes the
// recordings: it sets the chip, drives it, and chooses the constant currents by the rheobase that
// the neurons have, as far as they are known. What is there already is not made again, and what is
// missing is named:
//
//	s, recordings, _, err := protocol.Read("neurons.toml", nil)
//	res, err := protocol.Run(ctx, s, protocol.Settings{Chip: chip, Recordings: recordings})
//
// Behind each stage an [Outcome] says which currents are open, and which recording would settle
// them.
//
// # Stages
//
//	leak        Itau_mem                 at rest, around the rheobase; the scope, too
//	fi          Igain_mem, Idc, Ispkthr  1.6 to 30 times the rheobase
//	epsp        Itau_syn, Igain_syn      single input spikes, bursts
//	refractory  Iref                     60 and 150 times the rheobase; input in every bin
//	ahp         Itau_ahp, Igain_ahp      2 to 15 times the rheobase, where there is adaptation
//	check       nothing                  other constant currents, and Poisson input
//
// Spikes depend on the threshold, the refractory time and the gain too: these are fitted along
// where there are spikes, and belong to the stage that knows them best. Adaptation is off in the
// stages before it (Iw_ahp = 0). Constant currents are set with the configuration: a chip need not
// be able to step them.
//
// The factor between what Idc is set to and what flows is fitted, as is that of all others; of
// parameters that only act together (Igain_syn, Ipulse, the weight) one stands for all. Currents
// have a prior: what was set, within 30 %.
//
// # Errors
//
// [ErrSubject] is wrapped by errors about neurons and recordings. A recording that the chip does
// not give is lost, and no error.
package protocol
