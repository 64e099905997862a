package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/train/verify"
)

// flipAll flips bits in the files of the undisturbed run, one at a time and in each file as often:
// surge verify --files is to find each.
func (v *victim) flipAll(ctx context.Context, whole string) error {
	if _, err := os.Stat(filepath.Join(whole, rundir.SumsFile)); err != nil {
		return nil // its files have no sums
	}
	entries, err := os.ReadDir(whole)
	if err != nil {
		return err
	}
	check := func() (*verify.Result, error) {
		return verify.Run(ctx, whole, verify.Options{Last: -1, FilesOnly: true})
	}
	if r, err := check(); err != nil || !r.Proved {
		return fmt.Errorf("the undisturbed run is not proved: %w: %+v", err, r)
	}
	for i := range v.bits {
		name := entries[i%len(entries)].Name()
		restore, bit, err := v.flip(filepath.Join(whole, name))
		if err != nil {
			return err
		}
		r, err := check()
		if restored := restore(); restored != nil {
			return restored
		}
		if err != nil {
			return err
		}
		if v.flipped++; r.Proved {
			v.fault("bit %d of %s is flipped, and nothing is said of it", bit, name)
		}
	}
	return nil
}

// flip flips a random bit of a file, until restore is called.
func (v *victim) flip(path string) (restore func() error, bit int, err error) {
	before, err := os.ReadFile(path)
	if err != nil || len(before) == 0 {
		return nil, 0, fmt.Errorf("%s of %d bytes: %w", path, len(before), err)
	}
	after := bytes.Clone(before)
	bit = v.random.IntN(8 * len(before))
	after[bit/8] ^= 1 << (bit % 8)
	restore = func() error { return os.WriteFile(path, before, 0o666) }
	return restore, bit, os.WriteFile(path, after, 0o666)
}

// goOnFlipped interrupts a run, flips one bit in one of its files, and goes on: the results are to
// be those of the undisturbed run, or the command or surge verify say what is wrong.
func (v *victim) goOnFlipped(ctx context.Context) error {
	stopped := filepath.Join(v.dir, "stopped")
	for { // until a signal comes in time
		p := v.start(ctx, stopped, false)
		time.Sleep(time.Duration(v.random.Float64() * float64(v.took)))
		_ = p.cmd.Process.Signal(os.Interrupt)
		if status := p.wait(); status == 130 {
			break
		}
		if err := os.RemoveAll(stopped); err != nil || ctx.Err() != nil {
			return err
		}
	}
	entries, err := os.ReadDir(stopped)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { // before the first epoch ends
		info, err := e.Info()
		return err != nil || info.Size() == 0
	})
	for i := range min(v.bits, 3*len(entries)) {
		name := entries[i%len(entries)].Name()
		out := filepath.Join(v.dir, fmt.Sprint("flipped", i))
		if err := os.CopyFS(out, os.DirFS(stopped)); err != nil {
			return err
		}
		_, bit, err := v.flip(filepath.Join(out, name))
		if err != nil {
			return err
		}
		p := v.start(ctx, out, true)
		status, text := p.wait(), p.stderr.String()
		found, _, err := v.sums(out)
		if err != nil {
			return err
		}
		same := true
		for file, sum := range v.whole {
			same = same && found[file] == sum
		}
		if v.flipped++; !same && text == "" { // of what going on does not read, as kept checkpoints
			r, err := verify.Run(ctx, out, verify.Options{Last: -1, FilesOnly: true})
			if err != nil {
				return err
			}
			if r.Proved {
				v.fault("goes on with bit %d of %s flipped: status %d, other results, and nothing is said of it", bit, name, status)
			}
		}
		if err := os.RemoveAll(out); err != nil {
			return err
		}
	}
	return os.RemoveAll(stopped)
}
