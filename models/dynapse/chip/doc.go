// Package chip is the DynapSE-2 chip around its neurons: bias generator, names, weights of
// 4 bits, cores, memories, and the configuration that is loaded.
//
// # Overview
//
// On the chip every current is set for a core of up to 256 neurons by a bias generator,
// weights are sums of four base currents, and connections are entries in small memories.
// The way there and back:
//
//	n, in, err := chip.FromGraph(graph)                       // populations, LIF neurons too
//	core, err := chip.Cores(n)                                // or SpreadCores and Tie
//	q, err := chip.Quantise(in, rec, core, settings)          // 4-bit codes, base currents
//	device, err := chip.Deploy(n, q, chip.DeploySettings{})   // codes, tags, memories
//	err = device.Write(file)                                  // JSON
//	device, err = chip.ReadDevice(file)
//	n, in, err = device.Network()                             // what the chip will compute
//
// # Currents and codes
//
// A [Bias] converts between the current of a parameter and the code of the bias generator:
//
//	b, err := chip.BiasOf("SOIF_LEAK_N")
//	s, err := b.Lookup(5e-12) // the nearest of 1536 settings
//
// [DeviceParameter] and [SimulatorCurrent] translate names: Itau_mem is SOIF_LEAK_N.
// [Quantities] convert time constants, pulse widths and gain ratios to currents and back.
//
// # Errors
//
// [ErrGraph] is for connections that the chip cannot have in principle, [ErrFit] for a
// network that is too large for it, [ErrDevice] for a configuration file that contradicts
// itself, and [dynapse.ErrParameter] for numbers and names.
//
// Sources: Chicca, Stefanini, Bartolozzi & Indiveri 2014, doi:10.1109/JPROC.2014.2313954,
// for the circuits; Rockpool 3.1 (rockpool.ai, devices.dynapse) for the measured tables and
// the names.
package chip
