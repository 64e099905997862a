package rundir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// SumsFile lists the SHA-256 of all files of a folder whose work is done, in the format of
// sha256sum, which checks it as well: sha256sum -c SHA256SUMS.
const SumsFile = "SHA256SUMS"

// Seal writes SumsFile, without the files that are named and those that no memory holds, which are
// of no run.
func (d *Dir) Seal(except ...string) error {
	names, err := fileNames(d.path)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, name := range names {
		if slices.Contains(except, name) {
			continue
		}
		sum, err := files.DigestFile(d.Path(name))
		if errors.Is(err, files.ErrTooLarge) {
			continue
		}
		if err != nil {
			return err
		}
		text.WriteString(sum + "  " + name + "\n")
	}
	return files.WriteAtomic(d.Path(SumsFile), func(w io.Writer) error {
		_, err := io.WriteString(w, text.String())
		return err
	})
}

// Unseal removes SumsFile, before the files change.
func (d *Dir) Unseal() error {
	if !d.Has(SumsFile) {
		return nil
	}
	return files.Remove(d.Path(SumsFile))
}

// Seals is what the files of a folder are, beside its SumsFile.
type Seals struct {
	Files   int      // that are as they were
	Changed []string // "NAME: what is wrong"
	Added   []string // names of files that are not in SumsFile
}

// CheckSeal compares the files in the folder at path with its SumsFile. What is wrong with that
// file itself is among the changes.
//
// Errors: that of the file system, fs.ErrNotExist where there is no SumsFile.
func CheckSeal(path string) (s Seals, err error) {
	text, err := files.ReadFile(filepath.Join(path, SumsFile))
	switch {
	case errors.Is(err, files.ErrTooLarge):
		s.Changed = append(s.Changed, err.Error())
	case err != nil:
		return s, err
	}
	names, err := fileNames(path)
	if err != nil {
		return s, err
	}
	listed := map[string]bool{}
	for i, line := range strings.SplitAfter(string(text), "\n") {
		if line == "" && i > 0 {
			continue // behind the last end of line
		}
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		raw, err := hex.DecodeString(sum)
		if !ok || err != nil || len(raw) != sha256.Size || sum != strings.ToLower(sum) || !strings.HasSuffix(line, "\n") || filepath.Base(name) != name {
			s.Changed = append(s.Changed, fmt.Sprintf("%s: line %d: expected a SHA-256 and the name of a file, found %.80q", SumsFile, i+1, line))
			continue
		}
		listed[name] = true
		switch found, err := files.DigestFile(filepath.Join(path, name)); {
		case errors.Is(err, os.ErrNotExist):
			s.Changed = append(s.Changed, name+": there is no such file")
		case errors.Is(err, files.ErrTooLarge):
			s.Changed = append(s.Changed, err.Error())
		case err != nil:
			return s, err
		case found != sum:
			s.Changed = append(s.Changed, fmt.Sprintf("%s: SHA-256 expected %.12s..., found %.12s...", name, sum, found))
		default:
			s.Files++
		}
	}
	for _, name := range names {
		if !listed[name] {
			s.Added = append(s.Added, name)
		}
	}
	return s, nil
}

// fileNames returns the names of the regular files in a folder that are not hidden, but for
// SumsFile.
func fileNames(path string) (names []string, err error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") && !strings.ContainsAny(e.Name(), "\n\\") && e.Name() != SumsFile {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}
