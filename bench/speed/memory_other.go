//go:build !linux

package speed

// The system does not tell.
func resetPeak() int64  { return 0 }
func peakMemory() int64 { return 0 }
