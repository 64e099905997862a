package gradcheckcmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/exit"
)

// TestNetwork: a file of surge train is checked by parameter; a folder without a run is bad input.
func TestNetwork(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "small.toml")
	text := "name = \"small\"\n[data]\nset = \"yinyang\"\ntrain = 20\nvalid = 2\ntest = 2\n[encode]\nkind = \"latency\"\n[model]\nhidden = [3]\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := Command{Pattern: file, Seed: 1, Rows: 2}
	if err := c.network(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"small.toml  surrogate", "fast_sigmoid(25) at", "small.toml  engines", "twin/fused", "twin/unrolled", "hidden1/w", "out/w"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s, want %q", &out, want)
		}
	}
	for pattern, want := range map[string]string{
		dir:                             "best.params: expected the parameters of a run",
		filepath.Join(dir, "none.toml"): "none.toml",
	} {
		if !isNetwork(pattern) {
			t.Errorf("%s is no network", pattern)
		}
		if err := (&Command{Pattern: pattern, Rows: 2}).network(t.Context(), &out); exit.Code(err) != 2 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", pattern, err, want)
		}
	}
	if isNetwork("models.LIF") || isNetwork("") {
		t.Error("a pattern is taken for a network")
	}
}
