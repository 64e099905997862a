//go:build !linux

package memory

// Available returns how many bytes this process may take before the machine has no more; 0 where
// that is not known.
func Available() int64 { return 0 }

// Process returns what the system says of the memory of this process: nothing, 0.
func Process(string) int64 { return 0 }
