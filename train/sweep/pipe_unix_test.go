//go:build unix

package sweep

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipe: a named pipe is no sweep, no experiment of one, and no result of a run: to open one
// would wait for ever.
func TestPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), resultFile)
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "named pipe") {
			t.Errorf("%s: %v, want that it is a named pipe", what, err)
		}
	}
	refused("claim", (&Sweep{path: pipe}).Claim(os.TempDir(), false))
	_, err := readResult(Task{Dir: filepath.Dir(pipe)})
	refused("result", err)
}
