//go:build race

package race

// Detector says whether the race detector is compiled in.
const Detector = true
