package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"time"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/memory"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

func main() {
	var c config
	flag.IntVar(&c.Steps, "T", 0, "time steps; 0: those of the table")
	flag.IntVar(&c.Batch, "B", 4, "samples")
	flag.Float64Var(&c.P, "p", 0.02, "fraction of the inputs that are active")
	flag.IntVar(&c.Checkpoint, "checkpoint", 0, "time steps of a segment; 0: whole sequences")
	runs := flag.Int("runs", 5, "runs that are measured, after one that is not")
	flat := flag.Bool("flat", false, "time per step for T = 100 .. 2000")
	long := flag.Bool("long", false, "T = 10000 in segments")
	worker := flag.String("worker", "", "be the process that measures on this machine, own or tape")
	flag.Parse()
	err := error(nil)
	switch {
	case *worker != "":
		err = work(c, *worker)
	case *flat:
		err = flatness(c, *runs)
	case *long:
		c.Steps, c.Checkpoint = 10000, 100
		_, err = measure(c, []string{"own"}, *runs)
	case c.Steps > 0:
		err = compare(c, *runs)
	default:
		for _, size := range [][2]int{{100, 64}, {1000, 4}} {
			c.Steps, c.Batch = size[0], size[1]
			if err = compare(c, *runs); err != nil {
				break
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "unrolled:", err)
		os.Exit(1)
	}
}

// config is what is measured.
type config struct {
	Steps, Batch, Checkpoint int
	P                        float64
}

const inputs, hidden, classes = 700, 256, 20

func (c config) build(machine graph.Machine) (*graph.Program, error) {
	s := graph.Settings{Engine: graph.UnrolledEngine, DType: tensor.Float32, Machine: machine, Checkpoint: c.Checkpoint}
	return graph.Build(graph.NewParams(1), s, func(b *graph.Builder) {
		x := b.Input("x", c.Steps, c.Batch, inputs)
		h := models.LIF{}.Apply(b, "hidden", models.Linear{Out: hidden}.Apply(b, "hidden/w", x))
		y := models.LI{}.Apply(b, "out", models.Linear{Out: classes}.Apply(b, "out/w", h.Spikes))
		b.Loss(b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.SumOverTime(y.Vmem)), b.Input("class", c.Batch))))
	})
}

// result is what a process says of itself.
type result struct {
	Nodes   int
	Build   float64 // s: model function, gradient and plan, all builds
	Compile float64 // s: the machine alone
	Loss    float64
	Run     float64 // s
	Peak    float64 // MB of memory of the process
}

// work builds the program, says so, and runs it once for each line that it reads.
func work(c config, name string) error {
	machine, err := graph.ParseMachine(name)
	if err != nil {
		return err
	}
	start := time.Now()
	p, err := c.build(machine)
	if err != nil {
		return err
	}
	defer p.Close()
	r := result{Nodes: p.Report().Nodes, Build: time.Since(start).Seconds(), Compile: p.Report().Compile.Seconds()}
	rng := random.New(1, "input")
	x := p.Input("x").Float32s()
	for i := range x {
		if rng.Float64() < c.P {
			x[i] = 1
		}
	}
	for i, class := range p.Input("class").Float32s() {
		p.Input("class").Float32s()[i] = class + float32(i%classes)
	}
	out, in := json.NewEncoder(os.Stdout), bufio.NewScanner(os.Stdin)
	if err := out.Encode(r); err != nil {
		return err
	}
	for in.Scan() {
		start := time.Now()
		if err := p.Run(); err != nil {
			return err
		}
		r.Run, r.Loss, r.Peak = time.Since(start).Seconds(), p.Loss(), peak()
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return in.Err()
}

// peak returns the largest memory of this process in MB, 0 where the system does not tell.
func peak() float64 { return float64(memory.Process("VmHWM")) / (1 << 20) }

// process is a worker.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func start(c config, machine string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-worker", machine, "-T", strconv.Itoa(c.Steps), "-B", strconv.Itoa(c.Batch),
		"-p", fmt.Sprint(c.P), "-checkpoint", strconv.Itoa(c.Checkpoint))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &process{cmd, in, json.NewDecoder(out)}, cmd.Start()
}

// measure measures the machines by turns, and returns the median of the runs of each.
func measure(c config, machines []string, runs int) (results []result, err error) {
	fmt.Printf("T=%d B=%d p=%g checkpoint=%d, %d processors\n", c.Steps, c.Batch, c.P, c.Checkpoint, runtime.NumCPU())
	var all []*process
	defer func() {
		for _, p := range all {
			err = errors.Join(err, p.in.Close(), p.cmd.Wait())
		}
	}()
	results = make([]result, len(machines))
	for i, name := range machines {
		p, err := start(c, name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
		if err := p.out.Decode(&results[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	times := make([][]float64, len(machines))
	for run := range runs + 1 {
		for i, p := range all {
			if _, err := fmt.Fprintln(p.in); err != nil {
				return nil, err
			}
			if err := p.out.Decode(&results[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", machines[i], err)
			}
			if run > 0 {
				times[i] = append(times[i], results[i].Run)
			}
		}
	}
	fmt.Printf("  %-8s %8s %9s %10s %21s %9s %12s\n", "machine", "nodes", "build s", "compile s", "run ms (min..max)", "peak MB", "loss")
	for i, name := range machines {
		slices.Sort(times[i])
		r := &results[i]
		r.Run = times[i][len(times[i])/2]
		fmt.Printf("  %-8s %8d %9.2f %10.3f %8.1f (%.0f..%.0f) %9.0f %12.6f\n", name, r.Nodes, r.Build, r.Compile,
			1e3*r.Run, 1e3*times[i][0], 1e3*times[i][len(times[i])-1], r.Peak, r.Loss)
	}
	return results, nil
}

func compare(c config, runs int) error {
	r, err := measure(c, []string{"own", "tape"}, runs)
	if err != nil {
		return err
	}
	own, tape := r[0], r[1]
	fmt.Printf("  tape / own: build %.1f, compile %.1f, run %.2f, peak %.2f; same loss: %v\n\n",
		tape.Build/own.Build, tape.Compile/own.Compile, tape.Run/own.Run, tape.Peak/own.Peak, own.Loss == tape.Loss)
	return nil
}

func flatness(c config, runs int) error {
	for _, c.Steps = range []int{100, 200, 500, 1000, 2000} {
		r, err := measure(c, []string{"own"}, runs)
		if err != nil {
			return err
		}
		fmt.Printf("  per time step: build %.3f ms, run %.3f ms\n\n", 1e3*r[0].Build/float64(c.Steps), 1e3*r[0].Run/float64(c.Steps))
	}
	return nil
}
