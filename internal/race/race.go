// Package race says whether the race detector is compiled in. Under it a test is some ten times
// slower, so tests whose subject is a number leave themselves out and those that run goroutines
// stay; and pools drop what they are given, so that allocations cannot be counted.
package race
