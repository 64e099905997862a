//go:build noasm || !amd64

package speed

// InstructionSet names what the kernels run with on this machine: "avx512", "avx2", or "go" where
// there is no assembly for it.
func InstructionSet() string { return "go" }
