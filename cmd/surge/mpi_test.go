//go:build mpi

package main

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestRanks runs the scripts of testdata/mpi with each starter on this machine. They have
//
//	ranks N surge ARGS...   runs the program with N ranks
func TestRanks(t *testing.T) {
	starters := map[string][]string{"mpiexec.mpich": nil, "mpiexec.openmpi": {"--allow-run-as-root", "--oversubscribe"}}
	found := 0
	for name, args := range starters {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		found++
		t.Run(name, func(t *testing.T) {
			testscript.Run(t, testscript.Params{Dir: "testdata/mpi", Cmds: map[string]func(*testscript.TestScript, bool, []string){
				"ranks": func(ts *testscript.TestScript, neg bool, words []string) {
					err := ts.Exec(path, append(append(args[:len(args):len(args)], "-n", words[0]), words[1:]...)...)
					if neg != (err != nil) {
						ts.Fatalf("%v", fmt.Sprint(err))
					}
				},
			}})
		})
	}
	if found == 0 {
		t.Skip("neither MPICH nor Open MPI is installed (Debian: mpich, openmpi-bin)")
	}
}
