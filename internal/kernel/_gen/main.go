// Command gen writes the kernels for amd64, of which generic.go of package kernel is the
// specification.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	dispatch := flag.String("dispatch", "", "file for the functions that choose a kernel")
	none := flag.String("none", "", "file for those of processors without one")
	ConstraintExpr("amd64,!noasm")
	ones := GLOBL("tail", RODATA|NOPTR)
	for k := range 2 * block / 8 {
		word := U64(0)
		if k < block/8 {
			word = ^word
		}
		DATA(8*k, word)
	}
	for _, double := range []bool{false, true} {
		for _, avx512 := range []bool{false, true} {
			m := &machine{avx512: avx512, double: double, ones: ones}
			m.gather(false)
			m.gather(true)
			m.mask()
			for _, synapse := range []bool{false, true} {
				m.integrate(synapse, false, false)
				for _, toValue := range []bool{false, true} {
					m.integrate(synapse, true, toValue)
				}
				m.retreat(synapse, false, false, false, false)
				m.retreat(synapse, false, false, true, false)
				for _, toValue := range []bool{false, true} {
					m.retreat(synapse, true, toValue, false, false)
					m.retreat(synapse, true, toValue, false, true)
					m.retreat(synapse, true, toValue, true, false)
					m.retreat(synapse, true, toValue, true, true)
				}
			}
			m.axpy()
			m.accumulate()
			m.dot()
			m.combine("add", m.add)
			m.combine("sub", m.sub)
			m.combine("mul", m.mul)
			m.slopes()
			m.formula()
			m.adam()
			m.finite("finite", false)
			m.finite("finiteSquare", true)
			for _, rows := range []int{12, 8, 6, 4, 2, 1} {
				if m.avx512 || rows <= 6 {
					m.gemm(rows)
				}
			}
		}
	}
	Generate()
	if err := errors.Join(writeDispatch(*dispatch), writeNone(*none)); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
