package rundir

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/files"
)

// Every bit that is flipped in a file of a folder that was sealed is found.
func TestSeal(t *testing.T) {
	d, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	content := map[string]string{"a.txt": "some text\n", "b": "\x00\x01", "empty": "", "below/run/b": "\x02", "other/c": "not a file of the run"}
	for name, text := range content {
		if err := os.MkdirAll(filepath.Dir(d.Path(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(d.Path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Seal(); err != nil {
		t.Fatal(err)
	}
	if s, err := CheckSeal(d.String()); err != nil || s.Files != 3 {
		t.Fatalf("of the folder alone: %+v, %v", s, err)
	}
	if err := d.Unseal(); err != nil {
		t.Fatal(err)
	}
	if err := Seal(d.String(), "none", "below", "below/run"); err != nil {
		t.Fatal(err)
	}
	check := func() Seals {
		s, err := CheckSeal(d.String())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := check(); s.Files != 4 || len(s.Changed)+len(s.Added) > 0 {
		t.Fatalf("untouched: %+v", s)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"a.txt", "b", "below/run/b", SumsFile}).Draw(t, "file")
		path := d.Path(name)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bit := rapid.IntRange(0, 8*len(before)-1).Draw(t, "bit")
		after := append([]byte(nil), before...)
		after[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, after, 0o600); err != nil {
			t.Fatal(err)
		}
		s := check()
		if err := os.WriteFile(path, before, 0o600); err != nil {
			t.Fatal(err)
		}
		if len(s.Changed) == 0 {
			t.Fatalf("%s, bit %d: not found", name, bit)
		}
	})
	if err := os.Remove(d.Path("b")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"c", "below/run/" + SumsFile} {
		if err := os.WriteFile(d.Path(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s := check(); len(s.Changed) != 1 || !strings.HasPrefix(s.Changed[0], "b: ") || len(s.Added) != 2 || s.Added[0] != "below/run/"+SumsFile || s.Added[1] != "c" {
		t.Errorf("one missing, one more: %+v", s)
	}
	if err := d.Unseal(); err != nil {
		t.Fatal(err)
	}
	if _, err := CheckSeal(d.String()); !os.IsNotExist(err) {
		t.Errorf("without %s: %v", filepath.Base(SumsFile), err)
	}
}

// FuzzSeal reads any list of sums: what it finds is a file that is right, or something wrong.
func FuzzSeal(f *testing.F) {
	sum := files.Digest([]byte("x"))
	f.Add([]byte(sum + "  a\n"))
	f.Add([]byte(sum + "  ../a\n\n"))
	f.Add([]byte("0  a"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		for name, content := range map[string][]byte{"a": []byte("x"), SumsFile: text} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := CheckSeal(dir)
		if err == nil && s.Files > 0 && !bytes.Contains(text, []byte(sum+"  a\n")) {
			t.Fatalf("%q proves %d files", text, s.Files)
		}
		if err == nil && s.Files+len(s.Changed)+len(s.Added) == 0 {
			t.Fatalf("%q: nothing is said of a", text)
		}
	})
}
