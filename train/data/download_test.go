package data

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// noise does not compress, so that a test file is some size on the wire too.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}

// mirror serves one file, and can be told to misbehave.
type mirror struct {
	*httptest.Server
	mu       sync.Mutex
	file     []byte
	requests []string // the Range header of each request, "" if none

	noRange bool // answers 200 to every request
	cut     int  // closes each connection after so many bytes of body
	status  int  // answers this and nothing else
}

func newMirror(t *testing.T, file []byte) *mirror {
	m := &mirror{file: file}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.requests = append(m.requests, r.Header.Get("Range"))
		if m.status != 0 {
			w.WriteHeader(m.status)
			return
		}
		if m.noRange {
			r.Header.Del("Range")
		}
		if m.cut > 0 {
			w = &cutWriter{w, m.cut}
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(m.file))
	}))
	t.Cleanup(m.Close)
	return m
}

// cutWriter breaks the connection after so many bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(b []byte) (int, error) {
	if len(b) <= w.left {
		w.left -= len(b)
		return w.ResponseWriter.Write(b)
	}
	_, _ = w.ResponseWriter.Write(b[:w.left])
	w.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func assetOf(name string, content []byte) Asset {
	h := sha256.Sum256(content)
	return Asset{name, int64(len(content)), hex.EncodeToString(h[:])}
}

func fetchOne(dir string, a Asset, s Download, mirrors ...*mirror) error {
	for _, m := range mirrors {
		s.Mirrors = append(s.Mirrors, m.URL+"/some/folder/")
	}
	return Fetch(context.Background(), dir, []Asset{a}, s)
}

// expect checks that the folder holds exactly one file, with this content.
func expect(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("folder has %v, want %s alone", entries, name)
	}
	if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%s has %d bytes, want the %d of the mirror (error %v)", name, len(got), len(content), err)
	}
}

func TestFetch(t *testing.T) {
	content := noise(300_000)
	wire := gzipped(content)
	m := newMirror(t, wire)
	dir := filepath.Join(t.TempDir(), "new", "folder")
	a := assetOf("x.gz", content)
	var last Progress
	s := Download{Progress: func(p Progress) {
		if p.File != "x.gz" || p.Total != int64(len(wire)) || p.Done <= last.Done {
			t.Errorf("progress %+v after %+v", p, last)
		}
		last = p
	}}
	if err := fetchOne(dir, a, s, m); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, "x.gz", wire)
	if last.Done != int64(len(wire)) {
		t.Errorf("last progress is %+v, want %d", last, len(wire))
	}
	// Once more: no request.
	if err := fetchOne(dir, a, Download{}, m); err != nil || len(m.requests) != 1 {
		t.Errorf("second call: error %v, %d requests in all, want 1", err, len(m.requests))
	}
}

func TestFetchResumes(t *testing.T) {
	content := noise(300_000)
	wire := gzipped(content)
	broken := slices.Clone(wire[:1000])
	broken[500] ^= 1
	for _, c := range []struct {
		name    string
		part    []byte
		noRange bool
		want    []string // Range headers
	}{
		{"from a part", wire[:1000], false, []string{"bytes=1000-"}},
		{"from a complete part", wire, false, []string{fmt.Sprintf("bytes=%d-", len(wire))}},
		{"from an empty part", nil, false, []string{""}},
		{"server without ranges", wire[:1000], true, []string{"bytes=1000-"}},
		{"damaged part", broken, false, []string{"bytes=1000-", ""}},
		{"part of something longer", append(slices.Clone(wire), 0), false, []string{fmt.Sprintf("bytes=%d-", len(wire)+1), ""}},
	} {
		m := newMirror(t, wire)
		m.noRange = c.noRange
		dir := t.TempDir()
		write(t, filepath.Join(dir, "x.gz.part"), c.part)
		if err := fetchOne(dir, assetOf("x.gz", content), Download{}, m); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		expect(t, dir, "x.gz", wire)
		if !slices.Equal(m.requests, c.want) {
			t.Errorf("%s: requests %q, want %q", c.name, m.requests, c.want)
		}
	}
}

// TestFetchCutConnections: each connection breaks after 100 kB, and the next goes on
// from there.
func TestFetchCutConnections(t *testing.T) {
	content := noise(350_000)
	wire := gzipped(content)
	m := newMirror(t, wire)
	m.cut = 100_000
	dir := t.TempDir()
	if err := fetchOne(dir, assetOf("x.gz", content), Download{}, m); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, "x.gz", wire)
	if want := []string{"", "bytes=100000-", "bytes=200000-", "bytes=300000-"}; !slices.Equal(m.requests, want) {
		t.Errorf("requests %q, want %q", m.requests, want)
	}

	// Without ranges nothing is won by another attempt: an error after two, and what
	// came is kept.
	m = newMirror(t, wire)
	m.cut, m.noRange = 100_000, true
	dir = t.TempDir()
	err := fetchOne(dir, assetOf("x.gz", content), Download{}, m)
	if !errors.Is(err, ErrDownload) || !strings.Contains(err.Error(), "after 100000 bytes") || len(m.requests) != 2 {
		t.Errorf("error %v after %d requests, want ErrDownload after 2", err, len(m.requests))
	}
	expect(t, dir, "x.gz.part", wire[:100_000])

	// Another mirror goes on with the part.
	whole := newMirror(t, wire)
	if err := fetchOne(dir, assetOf("x.gz", content), Download{}, whole); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, "x.gz", wire)
	if want := []string{"bytes=100000-"}; !slices.Equal(whole.requests, want) {
		t.Errorf("requests %q, want %q", whole.requests, want)
	}
}

func TestFetchErrors(t *testing.T) {
	content := noise(10_000)
	other := slices.Clone(content)
	other[0] ^= 1
	for _, c := range []struct {
		name   string
		file   []byte
		status int
		want   error
		says   string
	}{
		{"wrong hash", gzipped(other), 0, ErrChecksum, assetOf("", content).SHA256},
		{"too short", gzipped(content[1:]), 0, ErrChecksum, "9999 bytes of content, want 10000"},
		{"too long", gzipped(append(slices.Clone(content), 0)), 0, ErrChecksum, "more than 10000 bytes of content"},
		{"web page", []byte("<html>"), 0, ErrChecksum, "6 bytes of content"},
		{"cut gzip", gzipped(content)[:5000], 0, ErrChecksum, "breaks after"},
		{"endless", noise(100_000), 0, ErrChecksum, "more than 75546 bytes"},
		{"not found", nil, http.StatusNotFound, ErrDownload, "404 Not Found"},
		{"unasked range", nil, http.StatusRequestedRangeNotSatisfiable, ErrDownload, "416"},
		{"partial without a range", nil, http.StatusPartialContent, ErrDownload, `asked for "bytes 0-"`},
	} {
		bad := newMirror(t, c.file)
		bad.status = c.status
		dir := t.TempDir()
		err := fetchOne(dir, assetOf("x.gz", content), Download{}, bad)
		if !errors.Is(err, ErrDownload) || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(err.Error(), bad.URL+"/some/folder/x.gz") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: error %v, want %v with %q, the URL and the folder", c.name, err, c.want, c.says)
		}
		if _, err := os.Stat(filepath.Join(dir, "x.gz")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the file is there", c.name)
		}
		// The next mirror is not harmed.
		good := newMirror(t, gzipped(content))
		if err := fetchOne(dir, assetOf("x.gz", content), Download{}, bad, good); err != nil {
			t.Errorf("%s, then a good mirror: %v", c.name, err)
		}
		expect(t, dir, "x.gz", gzipped(content))
	}
}

func TestFetchWithoutNetwork(t *testing.T) {
	m := newMirror(t, nil)
	m.Close() // nothing listens there any more
	dir := t.TempDir()
	err := GetMNIST(context.Background(), dir, Download{Mirrors: []string{m.URL}})
	if !errors.Is(err, ErrDownload) || !strings.Contains(err.Error(), "by hand") || !strings.Contains(err.Error(), trainImages) {
		t.Errorf("error %v, want ErrDownload with the file and what to do", err)
	}
}

func TestFetchStall(t *testing.T) {
	content := noise(10_000)
	wire := gzipped(content)
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-release
	}))
	defer silent.Close()
	defer close(release)
	good := newMirror(t, wire)
	dir := t.TempDir()
	s := Download{Mirrors: []string{silent.URL}, Stall: time.Second / 100}
	if err := Fetch(context.Background(), dir, []Asset{assetOf("x.gz", content)}, s); !errors.Is(err, errStall) {
		t.Errorf("silent server: error %v, want %v", err, errStall)
	}
	if err := fetchOne(dir, assetOf("x.gz", content), Download{}, good); err != nil {
		t.Error(err)
	}
}

func TestFetchCancelled(t *testing.T) {
	content := noise(300_000)
	m := newMirror(t, gzipped(content))
	ctx, cancel := context.WithCancel(context.Background())
	s := Download{Mirrors: []string{m.URL, m.URL}, Progress: func(Progress) { cancel() }}
	dir := t.TempDir()
	err := Fetch(ctx, dir, []Asset{assetOf("x.gz", content), assetOf("y.gz", content)}, s)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if len(m.requests) != 1 {
		t.Errorf("%d requests, want 1", len(m.requests))
	}
}

// TestFetchLeavesFilesAlone: a file that is there stays as it is, right or wrong.
func TestFetchLeavesFilesAlone(t *testing.T) {
	content := noise(1000)
	m := newMirror(t, gzipped(content))
	for _, c := range []struct {
		name, file string
		content    []byte
		want       error
	}{
		{"compressed by another program", "x.gz", append(gzipped(content[:500]), gzipped(content[500:])...), nil},
		{"plain", "x", content, nil},
		{"plain under the compressed name", "x.gz", content, nil},
		{"other content", "x.gz", gzipped(content[1:]), ErrChecksum},
		{"other plain content", "x", content[1:], ErrChecksum},
		{"cut short", "x.gz", gzipped(content)[:500], ErrChecksum},
		{"empty", "x.gz", nil, ErrChecksum},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, c.file), c.content)
		err := fetchOne(dir, assetOf("x.gz", content), Download{}, m)
		if !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), filepath.Join(dir, c.file)) {
			t.Errorf("%s: error %v, want %v with the path", c.name, err, c.want)
		}
		expect(t, dir, c.file, c.content)
	}
	if len(m.requests) != 0 {
		t.Errorf("%d requests, want none", len(m.requests))
	}
	for _, name := range []string{"", "a/b", "..", "/x", "."} {
		if err := fetchOne(t.TempDir(), Asset{Name: name}, Download{}, m); !errors.Is(err, ErrSettings) {
			t.Errorf("name %q: error %v, want ErrSettings", name, err)
		}
	}
}

// TestMNISTAssets: sizes follow from the idx format, 16 or 8 bytes of header.
func TestMNISTAssets(t *testing.T) {
	want := map[string]int64{
		trainImages + ".gz": 16 + 60000*28*28, trainLabels + ".gz": 8 + 60000,
		testImages + ".gz": 16 + 10000*28*28, testLabels + ".gz": 8 + 10000,
	}
	for _, a := range MNIST() {
		if a.Size != want[a.Name] || len(a.SHA256) != 64 {
			t.Errorf("%+v, want the size %d", a, want[a.Name])
		}
		delete(want, a.Name)
	}
	if len(want) != 0 {
		t.Errorf("files %v are missing", want)
	}
}
