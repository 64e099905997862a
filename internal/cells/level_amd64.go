//go:build !noasm

package cells

import "golang.org/x/sys/cpu"

// level is the set of instructions in use.
var level = detect()

func detect() instructionSet {
	switch {
	case cpu.X86.HasAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasBMI2:
		return avx512
	case cpu.X86.HasAVX2:
		return avx2
	}
	return none
}

// kernels are the loops for each set of instructions, in float32 and float64.
var kernels = [...][2][kinds]func(args, scratch *byte, n, rows int) int{
	avx2: {
		{currentsAVX2F32, membraneAVX2F32, forcedAVX2F32, spikedAVX2F32, slopesAVX2F32, localAVX2F32, localSoftAVX2F32, spikeSAVX2F32, spikeTAVX2F32, spikeForcedAVX2F32, spikeRockpoolAVX2F32, linearAVX2F32, mixedAVX2F32,
			expSynAVX2F32, expSynBackAVX2F32, alphaAVX2F32, alphaExactAVX2F32, alphaBackAVX2F32, softmaxAVX2F32, largestAVX2F32, driveAVX2F32, competeAVX2F32, settleAVX2F32},
		{currentsAVX2F64, membraneAVX2F64, forcedAVX2F64, spikedAVX2F64, slopesAVX2F64, localAVX2F64, localSoftAVX2F64, spikeSAVX2F64, spikeTAVX2F64, spikeForcedAVX2F64, spikeRockpoolAVX2F64, linearAVX2F64, mixedAVX2F64,
			expSynAVX2F64, expSynBackAVX2F64, alphaAVX2F64, alphaExactAVX2F64, alphaBackAVX2F64, softmaxAVX2F64, largestAVX2F64, driveAVX2F64, competeAVX2F64, settleAVX2F64},
	},
	avx512: {
		{currentsAVX512F32, membraneAVX512F32, forcedAVX512F32, spikedAVX512F32, slopesAVX512F32, localAVX512F32, localSoftAVX512F32, spikeSAVX512F32, spikeTAVX512F32, spikeForcedAVX512F32, spikeRockpoolAVX512F32, linearAVX512F32, mixedAVX512F32,
			expSynAVX512F32, expSynBackAVX512F32, alphaAVX512F32, alphaExactAVX512F32, alphaBackAVX512F32, softmaxAVX512F32, largestAVX512F32, driveAVX512F32, competeAVX512F32, settleAVX512F32},
		{currentsAVX512F64, membraneAVX512F64, forcedAVX512F64, spikedAVX512F64, slopesAVX512F64, localAVX512F64, localSoftAVX512F64, spikeSAVX512F64, spikeTAVX512F64, spikeForcedAVX512F64, spikeRockpoolAVX512F64, linearAVX512F64, mixedAVX512F64,
			expSynAVX512F64, expSynBackAVX512F64, alphaAVX512F64, alphaExactAVX512F64, alphaBackAVX512F64, softmaxAVX512F64, largestAVX512F64, driveAVX512F64, competeAVX512F64, settleAVX512F64},
	},
}
