package data

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestPublished: two files out of an archive are kept, the archive is not; a second call downloads
// nothing; damage is found.
func TestPublished(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	contents := map[string][]byte{"pkg/A/A_TRAIN.ts": noise(5000), "pkg/A/A_TEST.ts": noise(700), "pkg/other.py": noise(100)}
	for name, content := range contents {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	m := newMirror(t, b.Bytes())
	p := Published{Name: "a", Archive: assetOf("a.whl", b.Bytes()), Mirrors: []string{m.URL}}
	for _, name := range []string{"pkg/A/A_TRAIN.ts", "pkg/A/A_TEST.ts"} {
		p.Files = append(p.Files, assetOf(name, contents[name]))
	}
	dir := t.TempDir()
	for range 2 {
		if err := p.Get(context.Background(), dir, Download{}); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 2 {
			t.Fatalf("%v in the folder, %v", entries, err)
		}
		for _, name := range []string{"A_TRAIN.ts", "A_TEST.ts"} {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, contents["pkg/A/"+name]) {
				t.Fatalf("%s: %v, %d bytes", name, err, len(got))
			}
		}
	}
	if len(m.requests) != 1 {
		t.Errorf("%d requests, want 1", len(m.requests))
	}
	write(t, filepath.Join(dir, "A_TEST.ts"), []byte("other"))
	if err := p.Get(context.Background(), dir, Download{}); !errors.Is(err, ErrChecksum) {
		t.Errorf("another file of the name: %v", err)
	}
	p.Files[0].SHA256 = p.Files[1].SHA256
	if err := p.Get(context.Background(), t.TempDir(), Download{}); !errors.Is(err, ErrChecksum) {
		t.Errorf("another member than said: %v", err)
	}
}

func TestPublishedSets(t *testing.T) {
	for _, p := range PublishedSets() {
		if p.Name == "" || p.Doc == "" || len(p.Files) != 2 || len(p.Mirrors) == 0 || len(p.Archive.SHA256) != 64 {
			t.Errorf("%+v", p)
		}
	}
}
