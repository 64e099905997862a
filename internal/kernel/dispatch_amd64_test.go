//go:build !noasm

package kernel

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// levels runs a test with every set of instructions that this processor has, and without.
func levels(t *testing.T, test func(t *testing.T)) {
	had2, had512 := avx2, avx512
	t.Cleanup(func() { avx2, avx512 = had2, had512 })
	for _, l := range []struct {
		name       string
		has        bool
		avx2, long bool
	}{{"generic", true, false, false}, {"AVX2", had2, true, false}, {"AVX-512", had512, true, true}} {
		t.Run(l.name, func(t *testing.T) {
			if !l.has {
				t.Skip("not in this processor")
			}
			avx2, avx512 = l.avx2, l.long
			test(t)
		})
	}
}

// generic calls f without the kernels in assembly.
func generic(f func()) {
	had2, had512 := avx2, avx512
	avx2, avx512 = false, false
	f()
	avx2, avx512 = had2, had512
}

// TestRegisters: kernels for AVX2 use none of the registers that only AVX-512 has, which this
// processor might not notice.
func TestRegisters(t *testing.T) {
	text, err := os.ReadFile("kernel_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	more, kernel := regexp.MustCompile(`\b(Z\d+|K\d|[XY](1[6-9]|[23]\d))\b`), ""
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "TEXT") {
			kernel = line
		}
		if strings.Contains(kernel, "AVX2(") && more.MatchString(line) {
			t.Errorf("%s has %s", kernel, line)
		}
	}
}
