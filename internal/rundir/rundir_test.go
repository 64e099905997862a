package rundir

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/surge-snn/surge/internal/files"
)

// The test program is the other process, too: it takes the folder, says so, and waits.
func TestMain(m *testing.M) {
	if path := os.Getenv("RUNDIR_HOLD"); path != "" {
		if _, err := Open(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		select {}
	}
	os.Exit(m.Run())
}

func hold(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "RUNDIR_HOLD="+path)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	t.Cleanup(func() { // where the test has not
		_ = other.Process.Kill()
		_ = other.Wait()
	})
	return other
}

// A folder that another process works in is refused, by its number; once that is killed,
// the folder is free.
func TestOneOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	other := hold(t, path)
	_, err := Open(path)
	var busy *Busy
	if !errors.As(err, &busy) || !strings.Contains(err.Error(), fmt.Sprintf("process %d on ", other.Process.Pid)) {
		t.Errorf("error %v, want one that names process %d", err, other.Process.Pid)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // it was killed
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 0 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

// Of many that claim the same name each gets a folder of its own.
func TestClaim(t *testing.T) {
	base := filepath.Join(t.TempDir(), "runs", "a-1")
	free := func(path string) bool { _, err := os.Lstat(filepath.Join(path, "config")); return err != nil }
	const n = 20
	var got [n]string
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			d, err := Claim(base, free)
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = d.String()
			if err := os.WriteFile(d.Path("config"), nil, 0o644); err != nil {
				t.Error(err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	slices.Sort(got[:])
	if len(slices.Compact(got[:])) != n {
		t.Errorf("%d folders for %d claims: %v", len(slices.Compact(got[:])), n, got)
	}
	other := hold(t, base+"-x")
	d, err := Claim(base+"-x", free)
	if err != nil || d.String() != base+"-x-2" {
		t.Errorf("%v, %v, want %s", d, err, base+"-x-2")
	}
	_ = other.Process.Kill()
	_ = other.Wait()
}

// What a killed writer left is removed; other hidden files stay.
func TestSweep(t *testing.T) {
	path := t.TempDir()
	for _, name := range []string{".checkpoint123456789", ".keep", ".v2", "checkpoint"} {
		if err := os.WriteFile(filepath.Join(path, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if d.Has(".checkpoint123456789") || !d.Has(".keep") || !d.Has(".v2") || !d.Has("checkpoint") {
		t.Error("the wrong files are gone")
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRemoved: nothing is written into a folder that was removed or emptied while its owner worked,
// and a lock that another has taken there since stays.
func TestRemoved(t *testing.T) {
	for _, again := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "run")
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := files.WriteText(d.Path("checkpoint"), "1"); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if again {
			hold(t, path)
		}
		if err := files.WriteText(d.Path("checkpoint"), "2"); err == nil || !strings.Contains(err.Error(), path+" was removed") {
			t.Errorf("again %v: error %v", again, err)
		}
		if err := d.Close(); err != nil || d.Has(lockFile) != again {
			t.Errorf("again %v: lock of another %v, %v", again, d.Has(lockFile), err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
		if _, err := Claim(path, func(string) bool { return true }); path != file && err == nil {
			t.Errorf("claimed %s", path)
		}
	}
}
