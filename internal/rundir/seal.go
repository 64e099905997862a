package rundir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	slashpath "path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/surge-snn/surge/internal/files"
)

// SumsFile lists the SHA-256 of all files of a folder whose work is done, in the format of
// sha256sum, which checks it as well: sha256sum -c SHA256SUMS.
const SumsFile = "SHA256SUMS"

// Seal writes SumsFile, without the files that are named and those that no memory holds, which are
// of no run.
func (d *Dir) Seal(except ...string) error { return seal(d.path, []string{"."}, except) }

// Seal is [Dir.Seal] of a folder that no process owns, with the files of the folders in it that are
// named, "a/b"; those that are not there are left out.
func Seal(path string, below ...string) error {
	return seal(path, append([]string{"."}, below...), nil)
}

func seal(path string, folders, except []string) error {
	names, err := fileNames(path, folders)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, name := range names {
		if slices.Contains(except, name) {
			continue
		}
		sum, err := files.DigestFile(filepath.Join(path, filepath.FromSlash(name)))
		if errors.Is(err, files.ErrTooLarge) {
			continue
		}
		if err != nil {
			return err
		}
		text.WriteString(sum + "  " + name + "\n")
	}
	return files.WriteAtomic(filepath.Join(path, SumsFile), func(w io.Writer) error {
		_, err := io.WriteString(w, text.String())
		return err
	})
}

// Unseal removes SumsFile, before the files change.
func (d *Dir) Unseal() error { return Unseal(d.path) }

// Unseal is [Dir.Unseal] of a folder that no process owns.
func Unseal(path string) error {
	if err := files.Remove(filepath.Join(path, SumsFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// Seals is what the files of a folder are, beside its SumsFile.
type Seals struct {
	Files   int      // that are as they were
	Names   []string // of the files in SumsFile, "a/b" of one in a folder
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
	listed, folders := map[string]bool{}, []string{"."}
	for i, line := range strings.SplitAfter(string(text), "\n") {
		if line == "" && i > 0 {
			continue // behind the last end of line
		}
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		raw, err := hex.DecodeString(sum)
		if !ok || err != nil || len(raw) != sha256.Size || sum != strings.ToLower(sum) || !strings.HasSuffix(line, "\n") || !fs.ValidPath(name) || name == "." {
			s.Changed = append(s.Changed, fmt.Sprintf("%s: line %d: expected a SHA-256 and the name of a file, found %.80q", SumsFile, i+1, line))
			continue
		}
		listed[name], s.Names = true, append(s.Names, name)
		if in := slashpath.Dir(name); !slices.Contains(folders, in) {
			folders = append(folders, in)
		}
		switch found, err := files.DigestFile(filepath.Join(path, filepath.FromSlash(name))); {
		case errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
			s.Changed = append(s.Changed, name+": there is no such file")
		case errors.Is(err, files.ErrTooLarge):
			s.Changed = append(s.Changed, err.Error())
		case err != nil:
			return s, err
		case found != sum:
			same := 0
			for same < len(sum)-12 && found[:same+12] == sum[:same+12] { // a digit of SumsFile has changed
				same++
			}
			s.Changed = append(s.Changed, fmt.Sprintf("%s: SHA-256 in %s %.*s..., found %.*s...", name, SumsFile, same+12, sum, same+12, found))
		default:
			s.Files++
		}
	}
	names, err := fileNames(path, folders)
	if err != nil {
		return s, err
	}
	for _, name := range names {
		if !listed[name] {
			s.Added = append(s.Added, name)
		}
	}
	return s, nil
}

// fileNames returns the names of the regular files in the folders of a folder that are there: those
// that are not hidden, but for SumsFile.
func fileNames(path string, folders []string) (names []string, err error) {
	for _, folder := range folders {
		entries, err := os.ReadDir(filepath.Join(path, filepath.FromSlash(folder)))
		if folder != "." && (errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			name := slashpath.Join(folder, e.Name())
			if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") && !strings.ContainsAny(e.Name(), "\n\\") && name != SumsFile {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}
