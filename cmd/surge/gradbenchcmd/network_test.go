package gradbenchcmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/exit"
)

// TestNetwork: a network of the user's is compared with the truth; what is no network is bad input.
func TestNetwork(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "small.toml")
	text := "name = \"small\"\n[data]\nset = \"yinyang\"\ntrain = 20\nvalid = 2\ntest = 2\n[encode]\nkind = \"latency\"\n[model]\nhidden = [3]\nsurrogate = \"atan(3)\"\ndetach_reset = true\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, err := surge(t, t.Context(), "--network", file, "--samples", "1", "--quick")
	if err != nil || !strings.Contains(out, "network: small") || !strings.Contains(out, "bptt/sigmoid(5)/noisy") ||
		!strings.Contains(out, "what it is trained with (bptt/atan(3)/detached): norm over that of the truth") || strings.Count(out, "a step of ") != 4 {
		t.Errorf("%v: %s", err, out)
	}
	// From event to event.
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(strings.ReplaceAll(text, "surrogate = \"atan(3)\"\n", ""), "detach_reset = true\n", "")+"[train]\nmethod = \"eventprop\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _, err = surge(t, t.Context(), "--network", file, "--samples", "1", "--quick", "--width", "0.05")
	if err != nil || !strings.Contains(out, "network: small, noise of the parameters = 0.05") || !strings.Contains(out, "EventProp (eventprop): norm over that of the truth") {
		t.Errorf("%v: %s", err, out)
	}
	for _, test := range [][2]string{{dir, "best.params: expected the parameters of a run"}, {"none.toml", "none.toml"}} {
		if _, _, err := surge(t, t.Context(), "--network", test[0]); exit.Code(err) != 2 || !strings.Contains(err.Error(), test[1]) {
			t.Errorf("%s: %v", test[0], err)
		}
	}
	if _, _, err := surge(t, t.Context(), "--network", file, "--width", "0"); exit.Code(err) != 2 || !strings.Contains(err.Error(), "--width: expected a number > 0") {
		t.Error(err)
	}
}
