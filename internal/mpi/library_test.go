//go:build mpi && (linux || darwin)

package mpi

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The test program is the program of each rank, too.
func TestMain(m *testing.M) {
	if role := os.Getenv("SURGE_MPI_ROLE"); role != "" {
		os.Exit(member(role))
	}
	os.Exit(m.Run())
}

// member exchanges messages that need no, one and several packets of the transport. Rank 1 may stop
// half way.
func member(role string) int {
	w, err := Start()
	if err != nil {
		fmt.Println(err)
		return 2
	}
	w.Timeout = 20 * time.Second
	if role == "hang" {
		w.Timeout = 2 * time.Second
	}
	for round := range 20 {
		if round == 10 && w.Rank() == 1 && role == "hang" {
			select {}
		}
		if round == 10 && w.Rank() == 1 && role == "leave" {
			w.Leave(errors.New("loss is NaN"))
			return 1
		}
		for step := 1; step < w.Size(); step *= 2 {
			other := w.Rank() ^ step
			size := []int{0, 100, 1 << 20}[round%3]
			got, err := w.Exchange(other, bytes.Repeat([]byte{byte(w.Rank())}, size))
			if err == nil && !bytes.Equal(got, bytes.Repeat([]byte{byte(other)}, size)) {
				err = fmt.Errorf("wrong bytes from rank %d", other)
			}
			if err != nil {
				fmt.Printf("rank %d: %v\n", w.Rank(), err)
				w.Leave(err)
				return 1
			}
		}
	}
	if err := w.Leave(nil); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Printf("done %d of %d\n", w.Rank(), w.Size())
	return 0
}

// starterCommands are the ways to start n ranks on this machine.
func starterCommands(t *testing.T, n int) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for name, args := range map[string][]string{
		"mpiexec.mpich": nil, "mpiexec.openmpi": {"--allow-run-as-root", "--oversubscribe"},
	} {
		if path, err := exec.LookPath(name); err == nil {
			found[name] = append(append([]string{path}, args...), "-n", fmt.Sprint(n))
		}
	}
	if len(found) == 0 {
		t.Skip("neither MPICH nor Open MPI is installed (Debian: mpich, openmpi-bin)")
	}
	return found
}

func TestRanks(t *testing.T) {
	for _, c := range []struct {
		role  string
		ranks int
		want  []string
	}{
		{"run", 1, []string{"done 0 of 1"}},
		{"run", 2, []string{"done 0 of 2", "done 1 of 2"}},
		{"run", 4, []string{"done 0 of 4", "done 3 of 4"}},
		{"leave", 2, []string{"rank 0: rank 1: loss is NaN"}},
		{"hang", 2, []string{"rank 0: rank 1: no answer"}},
	} {
		for name, command := range starterCommands(t, c.ranks) {
			t.Run(fmt.Sprintf("%s/%s/%d", name, c.role, c.ranks), func(t *testing.T) {
				cmd := exec.Command(command[0], append(command[1:], os.Args[0])...)
				cmd.Env = append(os.Environ(), "SURGE_MPI_ROLE="+c.role)
				out, err := cmd.CombinedOutput()
				if (err == nil) != (c.role == "run") {
					t.Errorf("error %v\n%s", err, out)
				}
				for _, want := range c.want {
					if !strings.Contains(string(out), want) {
						t.Errorf("no %q in\n%s", want, out)
					}
				}
			})
		}
	}
}

// TestRanksInC: a program in C, compiled with the header of each MPI, is the other rank of a
// world of two, the first or the second.
func TestRanksInC(t *testing.T) {
	for name, command := range starterCommands(t, 1) {
		t.Run(name, func(t *testing.T) {
			peer := filepath.Join(t.TempDir(), "peer")
			compiler := strings.Replace(name, "mpiexec", "mpicc", 1)
			if out, err := exec.Command(compiler, "-o", peer, "testdata/peer.c").CombinedOutput(); err != nil {
				if exec.Command(compiler, "-E", "-include", "mpi.h", "-x", "c", os.DevNull).Run() == nil {
					t.Fatalf("%v\n%s", err, out)
				}
				t.Skipf("no C compiler with this MPI's header (Debian: libmpich-dev, libopenmpi-dev): %v", err)
			}
			for first, programs := range [][2]string{{os.Args[0], peer}, {peer, os.Args[0]}} {
				args := slices.Concat(command[1:], []string{programs[0], ":", "-n", "1", programs[1]})
				cmd := exec.Command(command[0], args...)
				cmd.Env = append(os.Environ(), "SURGE_MPI_ROLE=run")
				out, err := cmd.CombinedOutput()
				for _, want := range []string{fmt.Sprintf("done %d of 2", first), fmt.Sprintf("done peer %d of 2", 1-first)} {
					if err != nil || !strings.Contains(string(out), want) {
						t.Errorf("%v, no %q in\n%s", err, want, out)
					}
				}
			}
		})
	}
}

// TestForeignStarter tells a process that it is one of two where its library counts one.
func TestForeignStarter(t *testing.T) {
	starterCommands(t, 1)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SURGE_MPI_ROLE=run", "PMIX_RANK=0", "PMIX_SIZE=2")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "rank 0 of 2") {
		t.Errorf("error %v, want one about the ranks:\n%s", err, out)
	}
}
