package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var signals = []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP}

// early is the CPU time in which a process of Go does not listen to signals yet: it dies of them,
// and has done nothing.
const early = 300 * time.Millisecond

// most is the number of signals in one run, so that it ends.
const most = 5

// victim is a command that is interrupted.
type victim struct {
	kind
	options
	program, dir string

	whole    map[string][sha256.Size]byte
	took     time.Duration // undisturbed
	sent     map[syscall.Signal]int
	full     int // disks
	flipped  int // bits
	runs     int
	slowest  time.Duration // to obey, CPU time
	faults   []string
	complete int64 // bytes of the undisturbed results
}

func (v *victim) fault(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	v.faults = append(v.faults, text)
	fmt.Printf("%s: FAULT: %s\n", v.name, text)
}

func (v *victim) summary() string {
	var all []string
	n := 0
	for _, s := range signals {
		n += v.sent[s]
		all = append(all, fmt.Sprintf("%d %v", v.sent[s], s))
	}
	return fmt.Sprintf("%-20s %3d signals (%s) and %d full disks in %d runs of %.1f s, %d flipped bits; slowest to obey %.2f s of CPU time; %d files; %d faults",
		v.name, n, strings.Join(all, ", "), v.full, v.runs, v.took.Seconds(), v.flipped, v.slowest.Seconds(), len(v.whole), len(v.faults))
}

// survive makes the undisturbed run, and then disturbs others.
func (v *victim) survive(ctx context.Context) error {
	v.sent = map[syscall.Signal]int{}
	if err := os.MkdirAll(v.dir, 0o777); err != nil {
		return err
	}
	for name, text := range v.configs {
		if err := os.WriteFile(filepath.Join(v.dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	begin := time.Now()
	whole := filepath.Join(v.dir, "whole")
	if p := v.start(ctx, whole, false); p.wait() != 0 {
		return fmt.Errorf("undisturbed: %s", p.stderr.String())
	}
	v.took = time.Since(begin)
	var err error
	if v.whole, v.complete, err = v.sums(whole); err != nil {
		return err
	}
	if v.bits > 0 {
		if err := v.flipAll(ctx, whole); err != nil {
			return err
		}
		if v.resume == "--resume" {
			if err := v.goOnFlipped(ctx); err != nil {
				return err
			}
		}
	}
	for n := 0; n < v.signals && ctx.Err() == nil; {
		v.runs++
		out := filepath.Join(v.dir, fmt.Sprint("run", v.runs))
		moments := min(most, v.signals-n)
		n += moments
		if err := v.finish(ctx, out, moments); err != nil {
			return err
		}
		if err := os.RemoveAll(out); err != nil {
			return err
		}
	}
	for range v.disks {
		if err := v.onFullDisk(ctx); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// finish runs the command and sends signals, goes on until it has ended by itself, and compares.
func (v *victim) finish(ctx context.Context, out string, left int) error {
	resume, again := false, 0
	for ctx.Err() == nil {
		p := v.start(ctx, out, resume)
		var sent syscall.Signal
		var at time.Duration
		if left > 0 {
			select {
			case <-p.ended:
			case <-time.After(time.Duration(v.random.Float64() * float64(v.took) * 0.8)):
				sent, at = signals[v.random.IntN(len(signals))], p.spent()
				if v.signal(p, sent) == nil {
					left--
				} else {
					sent = 0
				}
			}
		}
		status := p.wait()
		text := p.stderr.String()
		if strings.Contains(text, "goroutine ") {
			v.fault("after %v: %s", sent, text)
		}
		begun := !(resume && strings.Contains(text, "no file")) // the signals before came too soon
		if sent != 0 {
			v.sent[sent]++
			if took := p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime() - at; sent != syscall.SIGKILL && status != 0 {
				v.slowest = max(v.slowest, took)
				if took > v.within {
					v.fault("%v was obeyed after %v of CPU time", sent, took)
				}
				if v.starter == nil && status != 130 && begun && !(status == -1 && at < early) {
					v.fault("%v: status %d: %s", sent, status, text)
				}
			}
		}
		switch {
		case status == 0 && (sent == 0 || v.starter == nil): // mpiexec of MPICH says 0 of an interruption, too
			return v.compare(out)
		case sent != 0:
			resume, again = v.resume != "" && begun, 0
		case again > 1:
			v.fault("does not go on: %s", text)
			return nil
		case !begun:
			resume, again = false, again+1
		case !resume && strings.Contains(text, "--force replaces it"): // it had ended
			return v.compare(out)
		default:
			v.fault("goes on with an error: status %d: %s", status, text)
			resume, again = !resume && v.resume != "", again+1
		}
	}
	return ctx.Err()
}

// compare compares the results with those of the undisturbed run.
func (v *victim) compare(out string) error {
	found, _, err := v.sums(out)
	if err != nil {
		return err
	}
	for name, sum := range v.whole {
		if other, ok := found[name]; !ok {
			v.fault("there is no %s", name)
		} else if other != sum {
			v.fault("%s has another SHA-256 than that of an undisturbed run", name)
		}
	}
	for name := range found {
		if _, ok := v.whole[name]; !ok {
			v.fault("there is %s, which an undisturbed run has not", name)
		}
	}
	return nil
}

// sums returns the SHA-256 of the files of results, without what may differ.
func (v *victim) sums(out string) (sums map[string][sha256.Size]byte, size int64, err error) {
	sums = map[string][sha256.Size]byte{}
	err = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		size += int64(len(text))
		name, err := filepath.Rel(out, path)
		if err != nil || slices.Contains([]string{"times.jsonl", "checkpoint.prev", "SHA256SUMS", v.timed}, d.Name()) {
			return err
		}
		text = bytes.ReplaceAll(text, []byte(out), []byte("OUT"))
		if v.differs != nil {
			text = v.differs.ReplaceAll(text, nil)
		}
		sums[name] = sha256.Sum256(text)
		return nil
	})
	return sums, size, err
}

// signal sends a signal to the command; of several ranks one is killed, whichever it is.
func (v *victim) signal(p *process, s syscall.Signal) error {
	if v.starter == nil || s != syscall.SIGKILL {
		return p.cmd.Process.Signal(s)
	}
	var ranks []int
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		line, err2 := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && err2 == nil && pid != p.cmd.Process.Pid && strings.HasPrefix(string(line), v.program+"\x00") {
			ranks = append(ranks, pid)
		}
	}
	if len(ranks) == 0 {
		return os.ErrProcessDone
	}
	return syscall.Kill(ranks[v.random.IntN(len(ranks))], s)
}

// process is a command that runs.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan struct{}
	err    error
}

func (v *victim) start(ctx context.Context, out string, resume bool) *process {
	args := append(slices.Clone(v.args), "--out", out)
	if resume {
		args = append(args, v.resume)
	}
	line := append(append(slices.Clone(v.starter), v.program), args...)
	p := &process{cmd: exec.CommandContext(ctx, line[0], line[1:]...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stderr = v.dir, &p.stderr
	p.cmd.WaitDelay = time.Second // a killed sweep leaves runs that hold its standard error
	if p.err = p.cmd.Start(); p.err != nil {
		close(p.ended)
		return p
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p
}

// spent is the CPU time of a process that runs, which other work on the machine does not change;
// 0 where the system does not say it (/proc).
func (p *process) spent() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0
	for _, f := range fields[min(11, len(fields)):min(13, len(fields))] { // utime and stime, in 1/100 s
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// wait returns the exit status, -1 for that of a signal.
func (p *process) wait() int {
	<-p.ended
	if exit := (*exec.ExitError)(nil); p.err != nil && !errors.As(p.err, &exit) && !errors.Is(p.err, exec.ErrWaitDelay) {
		fmt.Fprintln(&p.stderr, p.err)
		return -1
	}
	return p.cmd.ProcessState.ExitCode()
}
