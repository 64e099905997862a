package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("SURGE_TEST_KILL_WRITE"); path != "" {
		dieWriting(path)
	}
	os.Exit(m.Run())
}

// dieWriting replaces the archive at path and ends itself, by a signal that cannot be caught, when
// it has made as many steps as asked for.
func dieWriting(path string) {
	left, _ := strconv.Atoi(os.Getenv("SURGE_TEST_KILL_STEP"))
	Intercept(func(Change) (int, error) {
		if left == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		left--
		return 0, nil
	})
	a := generation(2)
	var err error
	if os.Getenv("SURGE_TEST_KILL_KEEP") != "" {
		err = WriteKeep(path, a)
	} else {
		err = Write(path, a)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// generation returns the n-th checkpoint of a run; it is larger than the buffer of the writer, so
// that it takes several writes.
func generation(n int64) *Archive {
	a := &Archive{Format: Format{"surge-test", 1}}
	data := make([]int64, 20000)
	for i := range data {
		data[i] = n
	}
	if err := Put(a, "n", data, len(data)); err != nil {
		panic(err)
	}
	return a
}

// number returns which generation a is, and fails where its elements disagree.
func number(t *testing.T, a *Archive) int64 {
	t.Helper()
	data, err := Get[int64](a, "n", 20000)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range data {
		if v != data[0] {
			t.Fatalf("element %d is of generation %d, element 0 of %d", i, v, data[0])
		}
	}
	return data[0]
}

// A process is killed at every step of a write, one step later each time until it comes through.
// The file is the old one up to the rename, then the new one; never something else, never missing.
func TestKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []string{"", "yes"} {
		sawOld, sawNew := 0, 0
		for n := 0; ; n++ {
			if n > 50 {
				t.Fatal("the write does not end")
			}
			path := filepath.Join(t.TempDir(), "a.ckpt")
			if err := WriteKeep(path, generation(0)); err != nil {
				t.Fatal(err)
			}
			if err := WriteKeep(path, generation(1)); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), "SURGE_TEST_KILL_WRITE="+path, "SURGE_TEST_KILL_STEP="+strconv.Itoa(n), "SURGE_TEST_KILL_KEEP="+keep)
			out, err := cmd.CombinedOutput()
			a, skipped, readErr := ReadLatest(path, Format{"surge-test", 1})
			if readErr != nil {
				t.Fatalf("killed at step %d: %v", n, readErr)
			}
			if keep == "" && skipped != nil {
				t.Fatalf("killed at step %d: %v", n, skipped)
			}
			switch number(t, a) {
			case 1:
				sawOld++
				if sawNew > 0 {
					t.Fatalf("killed at step %d: the old content is back", n)
				}
			case 2:
				sawNew++
			default:
				t.Fatalf("killed at step %d: generation %d", n, number(t, a))
			}
			// The run goes on: the next write works whatever is left on the disk.
			if err := WriteKeep(path, generation(3)); err != nil {
				t.Fatal(err)
			}
			if a, skipped, err := ReadLatest(path, Format{}); err != nil || skipped != nil || number(t, a) != 3 {
				t.Fatalf("after step %d: %v, %v", n, err, skipped)
			}
			if err == nil {
				break
			}
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("step %d: %v: %s", n, err, out)
			}
		}
		// create, at least two writes, rename: the old file; sync, and the run that came through:
		// the new one.
		if sawOld < 4 || sawNew < 2 {
			t.Errorf("saw the old file %d times and the new one %d times", sawOld, sawNew)
		}
	}
}

// A write that fails at any byte (a full disk) leaves the old file, and no other.
func TestWriteFails(t *testing.T) {
	full := errors.New("no space left")
	dir := t.TempDir()
	path := filepath.Join(dir, "a.ckpt")
	a := sample(t)
	if err := Write(path, a); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(before); n += 37 {
		err := WriteAtomic(path, func(w io.Writer) error { return a.encode(&limited{w, n, full}) })
		if !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
			t.Fatalf("full at byte %d: %v", n, err)
		}
		after, err := os.ReadFile(path)
		if err != nil || string(after) != string(before) {
			t.Fatalf("full at byte %d: the file has changed (%v)", n, err)
		}
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1 {
		t.Errorf("left behind: %v %v", names, err)
	}
}

// limited writes n bytes and then fails.
type limited struct {
	w   io.Writer
	n   int
	err error
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.n {
		k, _ := l.w.Write(p[:l.n])
		l.n = 0
		return k, l.err
	}
	l.n -= len(p)
	return l.w.Write(p)
}

func TestWriteAtomicPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	if err := WriteAtomic(path, text("a")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := WriteAtomic(path, text("b")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("permissions %v, %v: want those of the file before", info.Mode(), err)
	}
	if err := WriteAtomic(filepath.Join(path, "below"), text("c")); err == nil {
		t.Error("a file below a file is written")
	}
}

func TestReadLatest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ckpt")
	want := Format{"surge-test", 1}
	read := func() (int64, error, error) {
		a, skipped, err := ReadLatest(path, want)
		if err != nil {
			return -1, skipped, err
		}
		return number(t, a), skipped, nil
	}
	if _, _, err := read(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	for n := range int64(3) {
		if err := WriteKeep(path, generation(n)); err != nil {
			t.Fatal(err)
		}
	}
	if n, skipped, err := read(); n != 2 || skipped != nil || err != nil {
		t.Errorf("generation %d, %v, %v", n, skipped, err)
	}
	damage := func(p string) {
		if err := os.Truncate(p, 1000); err != nil {
			t.Fatal(err)
		}
	}
	damage(path)
	if n, skipped, err := read(); n != 1 || !errors.Is(skipped, ErrCorrupt) || err != nil {
		t.Errorf("first damaged: generation %d, %v, %v", n, skipped, err)
	}
	// A damaged file does not push out the complete one.
	if err := WriteKeep(path, generation(3)); err != nil {
		t.Fatal(err)
	}
	if a, err := Read(path+".prev", want); err != nil || number(t, a) != 1 {
		t.Errorf("kept: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if n, skipped, err := read(); n != 1 || !errors.Is(skipped, fs.ErrNotExist) || err != nil {
		t.Errorf("first missing: generation %d, %v, %v", n, skipped, err)
	}
	damage(path + ".prev")
	if _, _, err := read(); !errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("first missing, second damaged: %v", err)
	}
	if err := Write(path, generation(4)); err != nil {
		t.Fatal(err)
	}
	damage(path)
	if _, _, err := read(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("both damaged: %v", err)
	}
	if err := os.Remove(path + ".prev"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(); !errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("first damaged, second missing: %v; must not look as if there were no checkpoint", err)
	}
	// A newer file is not passed over for an older one.
	b := generation(5)
	b.Format.Version = 2
	if err := WriteKeep(path, generation(4)); err != nil {
		t.Fatal(err)
	}
	if err := WriteKeep(path, b); err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(); !errors.Is(err, ErrVersion) {
		t.Errorf("newer version: %v", err)
	}
}

// TestAbandon: a file that is being written when the program ends goes, and what was at its path
// stays, also where the writer goes on for a moment.
func TestAbandon(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := WriteAtomic(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "new"); err != nil {
			return err
		}
		Abandon()
		return nil
	})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that was abandoned: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("%q, %v", b, err)
	}
	Abandon() // nothing is in work: the file stays
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestLinks: what symbolic links lead to is written, there or not, and the links stay.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "data", "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"a": "b", "b": "data/deep/c", "data/deep/c": "../there", "new": "data/d", "loop": "loop", "nowhere": "gone/e"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	for name, file := range map[string]string{"a": "data/there", "new": "data/d"} {
		for _, text := range []string{"first", "second"} {
			if err := WriteText(filepath.Join(dir, name), text); err != nil {
				t.Fatal(err)
			}
			if b, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(b) != text {
				t.Errorf("%s: %q, %v, want %q", name, b, err, text)
			}
		}
		if _, err := os.Readlink(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, want := range map[string]error{"loop": syscall.ELOOP, "nowhere": os.ErrNotExist} {
		if err := WriteText(filepath.Join(dir, name), "x"); !errors.Is(err, want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

// TestNamedOnce: errors have the name of the package once.
func TestNamedOnce(t *testing.T) {
	dir := t.TempDir()
	_, format := ReadArrays("/dev/zero")
	_, missing := ReadArrays(filepath.Join(dir, "a.npy"))
	twice := WriteArrays(filepath.Join(dir, "a.npz"), []Array{{Name: "", Data: []float64{1}}})
	gone := WriteText(filepath.Join(dir, "gone", "a"), "x")
	for _, err := range []error{format, missing, twice, gone} {
		if err == nil || strings.Count(err.Error(), "files: ") != 1 {
			t.Errorf("%v", err)
		}
	}
}
