//go:build !amd64 || noasm

package cells

// level is the set of instructions in use.
const level = none

var kernels [1][2][kinds]func(args, scratch *byte, n, rows int) int
