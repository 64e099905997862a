//go:build amd64 && !noasm

package cells

import "testing"

// TestSpecification: the code for amd64 has the bits of generic.go, with all sets of instructions
// that this processor has.
func TestSpecification(t *testing.T) {
	best := level
	t.Cleanup(func() { level = best })
	for l := avx2; l <= avx512; l++ {
		if level = l; l > best {
			t.Logf("%s is not in this processor", Instructions())
			continue
		}
		t.Run(Instructions(), func(t *testing.T) {
			t.Run("float32", checkAll[float32])
			t.Run("float64", checkAll[float64])
		})
	}
}
