package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/surge-snn/surge/internal/files"
)

// Errors of downloads.
var (
	// ErrDownload signifies a file that no mirror gave.
	ErrDownload = errors.New("data: download failed")
	// ErrChecksum signifies a file whose content is not the one expected.
	ErrChecksum = errors.New("data: wrong content")
)

// Asset is a file to be downloaded, and what makes it the right one.
type Asset struct {
	// Name is the name of the file at the mirrors and in the folder. Content under a
	// name that ends in .gz is compressed.
	Name string
	// Size is the number of bytes of the content, after decompression.
	Size int64
	// SHA256 is the hash of the content, after decompression, in hexadecimal digits.
	// It holds for a compressed file whatever program compressed it.
	SHA256 string
}

// MNIST returns the four files of MNIST.
func MNIST() []Asset {
	return []Asset{
		{trainImages + ".gz", 47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
		{trainLabels + ".gz", 60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
		{testImages + ".gz", 7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
		{testLabels + ".gz", 10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
	}
}

// Download says how files are downloaded. The zero value downloads MNIST.
type Download struct {
	// Mirrors are the URLs of the folders that hold the files, tried in order. Empty
	// means the public copies of MNIST at ossci-datasets.s3.amazonaws.com (PyTorch)
	// and storage.googleapis.com/cvdf-datasets (TensorFlow).
	Mirrors []string
	// Client makes the requests. Nil means http.DefaultClient.
	Client *http.Client
	// Stall is how long a connection may bring nothing. 0 means 30 s.
	Stall time.Duration
	// Progress, if not nil, is called for each piece of a file that arrives.
	Progress func(Progress)
}

// Progress is how far a download is.
type Progress struct {
	File  string
	Done  int64 // bytes, those of an earlier attempt included
	Total int64 // bytes; -1 where the server does not say
}

// GetMNIST downloads what is missing of the four files of MNIST (11 MB) into dir,
// for [LoadMNIST]. See [Fetch].
func GetMNIST(ctx context.Context, dir string, s Download) error {
	return Fetch(ctx, dir, MNIST(), s)
}

// Fetch downloads those of the assets that are not in the folder dir yet, which is
// made if need be.
//
// A file that is there, compressed or plain, and has the right content is left
// alone. One with other content is an error (ErrChecksum), and left alone too. What
// arrives is kept in a file NAME.part, by which a download that broke is resumed, in
// this call and in later ones; a connection that breaks is made anew as long as each
// one brings something. NAME appears at once and complete, after its content was
// found right and is on the disk. If no mirror has the right file, the error
// (ErrDownload) says what was wrong with each of them. Two calls on the same folder
// at the same time disturb each other, and find out by the checksum.
func Fetch(ctx context.Context, dir string, assets []Asset, s Download) error {
	if ctx == nil {
		ctx = context.Background()
	}
	if len(s.Mirrors) == 0 {
		s.Mirrors = []string{
			"https://ossci-datasets.s3.amazonaws.com/mnist",
			"https://storage.googleapis.com/cvdf-datasets/mnist",
		}
	}
	if s.Client == nil {
		s.Client = http.DefaultClient
	}
	if s.Stall <= 0 {
		s.Stall = 30 * time.Second
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	for _, a := range assets {
		if filepath.Base(a.Name) != a.Name || a.Name == "." || !filepath.IsLocal(a.Name) || a.Size < 0 {
			return fmt.Errorf("%w: file %q of %d bytes, want a name without a folder and a size", ErrSettings, a.Name, a.Size)
		}
		there, err := a.present(dir)
		if err != nil {
			return err
		}
		if there {
			continue
		}
		if err := s.fetch(ctx, dir, a); err != nil {
			return err
		}
	}
	return nil
}

// present tells whether the folder has the asset, compressed or plain.
func (a Asset) present(dir string) (bool, error) {
	for _, name := range []string{strings.TrimSuffix(a.Name, ".gz"), a.Name} {
		path := filepath.Join(dir, name)
		err := a.verify(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if errors.Is(err, ErrChecksum) {
			return false, fmt.Errorf("%w; it is left as it is: move it away to download %s", err, a.Name)
		}
		return err == nil, err
	}
	return false, nil
}

// verify checks the content of the file at path.
func (a Asset) verify(path string) error {
	f, err := files.Open(path)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	defer f.Close()

	b := bufio.NewReader(f)
	var content io.Reader = b
	if magic, _ := b.Peek(2); strings.HasSuffix(a.Name, ".gz") && bytes.Equal(magic, gzipMagic) {
		if content, err = gzip.NewReader(b); err != nil {
			return fmt.Errorf("%w: %s: gzip header: %w", ErrChecksum, path, err)
		}
	}
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(content, a.Size+1))
	if err != nil {
		return fmt.Errorf("%w: %s breaks after %d bytes of content, want %d: %w", ErrChecksum, path, n, a.Size, err)
	}
	if n != a.Size {
		return fmt.Errorf("%w: %s has %s bytes of content, want %d", ErrChecksum, path, atLeast(n, a.Size), a.Size)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != strings.ToLower(a.SHA256) {
		return fmt.Errorf("%w: %s has the SHA-256 %s, want %s", ErrChecksum, path, got, a.SHA256)
	}
	return nil
}

// fetch tries the mirrors one after the other.
func (s Download) fetch(ctx context.Context, dir string, a Asset) error {
	part := filepath.Join(dir, a.Name+".part")
	var failed []error
	for _, mirror := range s.Mirrors {
		url := strings.TrimSuffix(mirror, "/") + "/" + a.Name
		err := s.fetchFrom(ctx, url, part, a)
		if err == nil {
			return commit(part, filepath.Join(dir, a.Name))
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %s: %w", ErrDownload, a.Name, context.Cause(ctx))
		}
		failed = append(failed, fmt.Errorf("%s: %w", url, err))
	}
	return fmt.Errorf("%w: %s: no mirror gave it; without a network, put the file into %s by hand\n%w", ErrDownload, a.Name, dir, errors.Join(failed...))
}

// fetchFrom brings the part to completion from one URL. On success, the content of
// the part is right.
func (s Download) fetchFrom(ctx context.Context, url, part string, a Asset) error {
	anew := false // the part was begun again since this mirror was asked
	for {
		before := sizeOf(part)
		err := s.transfer(ctx, url, part, a)
		if err == nil {
			if err = a.verify(part); err == nil {
				return nil
			}
			if rm := os.Remove(part); rm != nil {
				return errors.Join(err, rm)
			}
			// A part that was resumed may be damaged by what was there before.
			if before == 0 || anew {
				return err
			}
			anew = true
			continue
		}
		if ctx.Err() != nil || sizeOf(part) <= before {
			return err
		}
	}
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

var errStall = errors.New("the connection brings nothing")

// transfer makes one request, for what the part lacks, and appends the answer to it.
// It returns nil when the server has no more to give.
func (s Download) transfer(ctx context.Context, url, part string, a Asset) (err error) {
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	done, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := time.AfterFunc(s.Stall, func() { cancel(fmt.Errorf("%w for %v", errStall, s.Stall)) })
	defer stall.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// Without this, a server may compress once more, and ranges are of that stream.
	req.Header.Set("Accept-Encoding", "identity")
	if done > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", done))
	}
	resp, err := s.Client.Do(req)
	if err != nil {
		return cause(ctx, err)
	}
	defer resp.Body.Close()

	switch {
	case resp.StatusCode == http.StatusOK:
		// The whole file: a first request, or a server that does not resume.
		done = 0
		if err := f.Truncate(0); err != nil {
			return err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
	case resp.StatusCode == http.StatusPartialContent:
		if got, want := resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", done); !strings.HasPrefix(got, want) {
			return fmt.Errorf("asked for %q, the server gives %q", want, got)
		}
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && done > 0:
		return nil // nothing beyond what is there
	default:
		return fmt.Errorf("the server answers %q, want 200 or 206", resp.Status)
	}

	total := int64(-1)
	if resp.ContentLength >= 0 {
		total = done + resp.ContentLength
	}
	// A compressed file is hardly longer than its content.
	most := a.Size + a.Size/1000 + 1<<16
	buf := make([]byte, 64<<10)
	for {
		n, err := resp.Body.Read(buf)
		stall.Reset(s.Stall)
		if _, werr := f.Write(buf[:n]); werr != nil {
			return werr
		}
		done += int64(n)
		if n > 0 && s.Progress != nil {
			s.Progress(Progress{a.Name, done, total})
		}
		switch {
		case done > most:
			return errors.Join(fmt.Errorf("%w: more than %d bytes, for %d of content", ErrChecksum, most, a.Size), f.Truncate(0))
		case err == io.EOF:
			return nil
		case err != nil:
			return cause(ctx, fmt.Errorf("connection breaks after %d bytes of %d: %w", done, total, err))
		}
	}
}

// cause puts the reason why ctx ended before err.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return fmt.Errorf("%w: %w", c, err)
	}
	return err
}

// commit gives the complete part its name.
func commit(part, path string) error {
	f, err := files.Open(part)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	err = files.WriteAtomic(path, func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	if err := os.Remove(part); err != nil {
		return fmt.Errorf("data: %w", err)
	}
	return nil
}
