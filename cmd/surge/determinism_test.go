package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/race"
)

// TestDeterminism: checkpoint, metrics, parameters and receipt of a run are the same bytes for any
// number of processors, any garbage collection, and without the instructions that a processor may
// lack.
func TestDeterminism(t *testing.T) {
	if race.Detector {
		t.Skip("its subject are bytes; the goroutines of training work in TestScripts")
	}
	environments := []string{
		"GOMAXPROCS=1 GOGC=off GODEBUG=cpu.fma=off", "GOMAXPROCS=2 GOGC=10 GODEBUG=cpu.avx2=off", "GOMAXPROCS=3 GOGC=400 GODEBUG=cpu.avx512f=off",
		"GOMAXPROCS=8 GODEBUG=cpu.avx=off,cpu.avx2=off,cpu.fma=off,cpu.avx512f=off",
	}
	if testing.Short() {
		environments = []string{"GOMAXPROCS=3 GODEBUG=cpu.avx2=off,cpu.fma=off"}
	}
	const exponential = `neuron = "eif"
w_mean = 20.0
values = {v_leak = 0, tau_mem = 0.01, tau_syn = 0.005, delta_t = 0.2, v_t = 0.8, v_th = 2.0, v_reset = -0.2, t_ref = 0.002}`
	for _, kind := range [][3]string{
		{"surrogate", "", ""}, {"recurrent", "recurrent = true", ""},
		{"eventprop", eventModel, `method = "eventprop"`}, {"equations", exponential, `method = "eventprop"`},
	} {
		dir := t.TempDir()
		config := filepath.Join(dir, "tiny.toml")
		if err := os.WriteFile(config, fmt.Appendf(nil, training, kind[1], kind[2]), 0o600); err != nil {
			t.Fatal(err)
		}
		train := func(environment string) map[string][]byte {
			out := filepath.Join(dir, "run"+environment)
			command := exec.Command(os.Args[0], "train", "--config", config, "--out", out, "--json")
			command.Env = append(os.Environ(), "SURGE_TEST_PROGRAM=1")
			command.Env = append(command.Env, strings.Fields(environment)...)
			if text, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", environment, err, text)
			}
			all := map[string][]byte{}
			for _, name := range []string{"checkpoint", "metrics.jsonl", "best.params", "receipt.jsonl"} {
				b, err := os.ReadFile(filepath.Join(out, name))
				if err != nil {
					t.Fatal(err)
				}
				all[name] = b
			}
			return all
		}
		want := train("")
		for _, e := range environments {
			for name, b := range train(e) {
				if !bytes.Equal(b, want[name]) {
					t.Errorf("%s with %s: another %s", kind[0], e, name)
				}
			}
		}
	}
}
