//go:build !amd64 || noasm

package kernel

import "testing"

// levels runs a test with the code that there is.
func levels(t *testing.T, test func(t *testing.T)) { t.Run("generic", test) }

func generic(f func()) { f() }
