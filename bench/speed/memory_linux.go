package speed

import (
	"os"
	"runtime/debug"

	"github.com/surge-snn/surge/internal/memory"
)

// resetPeak makes the memory of now the peak of this process, and returns it in bytes; 0 where the
// system does not tell.
func resetPeak() int64 {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return 0
	}
	return peakMemory()
}

// peakMemory returns the largest memory of this process since resetPeak, in bytes; 0 where the
// system does not tell.
func peakMemory() int64 { return memory.Process("VmHWM") }
