// Command scale measures what a step of several ranks costs, fits a model of it, and says what the
// model expects of more ranks than there are here (docs/scale.md):
//
//	go run ./bench/scale                  with each starter of this machine
//	go run ./bench/scale -raw raw.jsonl   and keeps what was measured
//	go run ./bench/scale -from raw.jsonl  fits what was kept, as bench/scale/measured.jsonl
//
// Starters are mpiexec of MPICH and of Open MPI. It makes itself with -tags mpi, and starts that
// with 1, 2 and 4 ranks, of one thread each. A network 256-H-10 of ten time steps learns batches in
// four shards; the least times of a step and of an exchange count.
package main

import (
	"context"
	"flag"
	"fmt"

	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
)

func main() {
	worker := flag.Bool("measure", false, "measure, as one of the ranks")
	raw := flag.String("raw", "", "file for what was measured")
	from := flag.String("from", "", "file of what was measured before")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	do := func() error { return all(ctx, *raw, *from) }
	if *worker {
		do = func() error { return measure(os.Stdout) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// sample is one measurement: of an exchange of so many bytes, or of a step.
type sample struct {
	MPI        string  `json:"mpi,omitempty"`
	Processors int     `json:"processors"`
	Ranks      int     `json:"ranks"`
	Rows       int     `json:"rows,omitempty"`   // of the batch
	Params     int     `json:"params,omitempty"` // of the network
	Bytes      int     `json:"bytes,omitempty"`  // of an exchange
	Seconds    float64 `json:"seconds"`
}

// all measures with each starter, or reads what was measured, and prints what the model says.
func all(ctx context.Context, raw, from string) error {
	var samples []sample
	var err error
	if from != "" {
		samples, err = read(from)
	} else {
		samples, err = start(ctx)
	}
	if err != nil {
		return err
	}
	if raw != "" {
		if err := keep(raw, samples); err != nil {
			return err
		}
	}
	var names []string
	of := map[string][]sample{}
	for _, s := range samples {
		if of[s.MPI] == nil {
			names = append(names, s.MPI)
		}
		of[s.MPI] = append(of[s.MPI], s)
	}
	for _, name := range names {
		m, err := fit(of[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := m.print(os.Stdout, name); err != nil {
			return err
		}
	}
	return nil
}

// starters are programs that start ranks, and what they need on one machine.
var starters = []struct {
	name string
	args []string
}{
	{"mpiexec.mpich", []string{"-bind-to", "core"}},
	{"mpiexec.openmpi", []string{"--allow-run-as-root", "--oversubscribe"}},
}

// start measures with each starter.
func start(ctx context.Context) (samples []sample, err error) {
	dir, err := os.MkdirTemp("", "surge-scale-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "scale")
	build := exec.CommandContext(ctx, "go", "build", "-tags", "mpi", "-o", program, "./bench/scale")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, text)
	}
	for _, s := range starters {
		path, err := exec.LookPath(s.name)
		if err != nil {
			continue
		}
		for _, ranks := range []int{1, 2, 4} {
			args := append(append([]string{}, s.args...), "-n", fmt.Sprint(ranks), program, "-measure")
			cmd := exec.CommandContext(ctx, path, args...)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				return nil, fmt.Errorf("%s, %d ranks: %w", s.name, ranks, err)
			}
			more, err := decode(out)
			if err != nil {
				return nil, err
			}
			for _, m := range more {
				m.MPI, m.Processors = s.name, runtime.NumCPU()
				samples = append(samples, m)
			}
		}
	}
	if samples == nil {
		return nil, fmt.Errorf("neither MPICH nor Open MPI is installed (Debian: mpich, openmpi-bin)")
	}
	return samples, nil
}
