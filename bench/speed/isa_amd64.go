//go:build !noasm

package speed

import "golang.org/x/sys/cpu"

// InstructionSet names what the kernels run with on this machine: "avx512", "avx2", or "go" where
// there is no assembly for it.
func InstructionSet() string {
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX2:
		return "avx512"
	case cpu.X86.HasAVX2:
		return "avx2"
	}
	return "go"
}
