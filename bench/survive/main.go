// Command survive interrupts commands of surge at random moments, goes on as a user would, and says
// whether anything was lost.
//
//	go run ./bench/survive                        every kind of command, 8 signals each
//	go run ./bench/survive -signals 50 -kinds fit,conv
//	go run ./bench/survive -disks 20              and as many full disks (Linux, as root)
//	go run ./bench/survive -flips 10000           and as many flipped bits
//
// Each command runs once undisturbed. Then it gets SIGKILL, SIGTERM, SIGINT or SIGHUP at a moment
// of the time that it takes, several times in a run, until it ends by itself; on a full disk, a
// tmpfs of a random size, it ends with an error, and gets more room. The files of its results are
// to have the SHA-256 of the undisturbed run. It is a fault, too, where a command that was
// interrupted cannot go on, where it takes more CPU time than -within to obey, and where it prints
// the stack of a goroutine. A bit that is flipped in a file of a run that has ended is to be found
// by surge verify; in one of a run that was interrupted, going on gives the same results, or it or
// surge verify says it.
//
// The processes that it runs are those that it started; it needs the folder of the module as
// working folder, and makes the program itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	o := options{}
	program := flag.String("surge", "", "program; default: it is made of ./cmd/surge")
	names := flag.String("kinds", "", "kinds of commands, with commas between; default all")
	flag.IntVar(&o.signals, "signals", 8, "signals for each kind")
	flag.IntVar(&o.disks, "disks", 0, "full disks for each kind")
	flag.IntVar(&o.bits, "flips", 0, "flipped bits in the files of each kind")
	flag.DurationVar(&o.within, "within", 2*time.Second, "CPU time in which a command has to obey a signal")
	seed := flag.Uint64("seed", 1, "of the moments")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o.random = rand.New(rand.NewPCG(*seed, 0))
	if err := run(ctx, o, *program, *names); err != nil {
		fmt.Fprintln(os.Stderr, "survive:", err)
		os.Exit(1)
	}
}

type options struct {
	signals, disks int
	bits           int
	within         time.Duration
	random         *rand.Rand
}

func run(ctx context.Context, o options, program, names string) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "surge-survive-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if program == "" {
		program = filepath.Join(dir, "surge")
		if text, err := exec.CommandContext(ctx, "go", "build", "-tags", "mpi", "-o", program, "./cmd/surge").CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, text)
		}
	} else if program, err = filepath.Abs(program); err != nil {
		return err
	}
	faults, wanted := 0, strings.Split(names, ",")
	for _, k := range kinds(root) {
		if names != "" && !slices.Contains(wanted, k.name) {
			continue
		}
		if _, err := exec.LookPath(append(k.starter, program)[0]); err != nil {
			fmt.Printf("%s: skipped: %v\n", k.name, err)
			continue
		}
		v := victim{kind: k, options: o, program: program, dir: filepath.Join(dir, k.name)}
		if err := v.survive(ctx); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		fmt.Println(v.summary())
		faults += len(v.faults)
	}
	if faults > 0 {
		return fmt.Errorf("%d faults", faults)
	}
	return nil
}
