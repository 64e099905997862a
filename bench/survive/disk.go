package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// onFullDisk runs the command on a disk that is too small, gives it room, and goes on.
func (v *victim) onFullDisk(ctx context.Context) error {
	disk := filepath.Join(v.dir, "disk")
	if err := os.MkdirAll(disk, 0o777); err != nil {
		return err
	}
	size := 4096 * (1 + v.random.Int64N(v.complete/4096+1))
	mount := func(options string) error {
		text, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", options, "tmpfs", disk).CombinedOutput()
		if err != nil {
			return fmt.Errorf("mount: %w: %s", err, strings.TrimSpace(string(text)))
		}
		return nil
	}
	if err := mount(fmt.Sprintf("size=%d", size)); err != nil {
		return err
	}
	defer func() { _ = exec.Command("umount", disk).Run() }()
	v.full++
	v.runs++
	out := filepath.Join(disk, "run")
	p := v.start(ctx, out, false)
	status := p.wait()
	switch text := p.stderr.String(); {
	case strings.Contains(text, "goroutine "):
		v.fault("a disk of %d bytes: %s", size, text)
	case status == 0 && text == "":
		v.fault("a disk of %d bytes: nothing is said of it", size)
	case status == 0: // of times.jsonl a warning is enough
		return v.compare(out)
	}
	if err := mount("remount,size=64m"); err != nil {
		return err
	}
	return v.resumeOrBegin(ctx, out)
}

// resumeOrBegin goes on where the command was not sent a signal.
func (v *victim) resumeOrBegin(ctx context.Context, out string) error {
	if v.resume == "" {
		return v.finish(ctx, out, 0)
	}
	p := v.start(ctx, out, true)
	switch status, text := p.wait(), p.stderr.String(); {
	case status == 0:
		return v.compare(out)
	case strings.Contains(text, "no file"):
		return v.finish(ctx, out, 0)
	default:
		v.fault("does not go on: %s", text)
	}
	return nil
}
