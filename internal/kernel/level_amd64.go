//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

// What the processor has, and the kernels need.
var (
	avx2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	avx512 = avx2 && cpu.X86.HasAVX512F && cpu.X86.HasBMI2
)
