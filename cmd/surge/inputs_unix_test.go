//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/surge-snn/surge/internal/race"
)

// TestInputs: whatever a command reads, a named pipe, a folder, an empty or endless device, a
// socket, a file that may not be read or bytes of no kind in its place are one line.
func TestInputs(t *testing.T) {
	if race.Detector {
		t.Skip("one command after the other, of many megabytes")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("n.toml", "[network]\nneurons = 1\n")
	write("surrogate.toml", "name = \"x\"\n")
	for _, ending := range []string{"npz", "csv", "nwb"} {
		write("fit-"+ending+".toml", "[network]\nneurons = 1\n[fit]\nparameters = [\"Itau_mem\"]\n[[target]]\nfile = \"in."+ending+"\"\n")
	}
	for _, set := range []string{"npz", "csv", "ts"} {
		write("set-"+set+".toml", fmt.Sprintf("name = \"x\"\n[data]\nset = %q\nfile = \"in.%s\"\n[model]\nhidden = [4]\n", set, set))
	}
	write("sweep.toml", "config = \"in.toml\"\n[keys]\n\"train.lr\" = [1e-3]\n")
	commands := map[string][]string{
		"toml": {
			"train --config in.toml --out o", "sweep in.toml --out o", "sweep sweep.toml --out o", "fit in.toml --out o", "sim dynapsim --config in.toml --input in.csv",
			"truth --config in.toml", "inspect --config in.toml", "gradcheck in.toml", "gradbench --network in.toml --quick",
		},
		"json": {"eval in.json", "sim dynapsim --device in.json --input in.csv", "chip export in.json --format samna --out o.json", "chip import in.json --out o.json"},
		"npz": {
			"train --config set-npz.toml --out o", "fit fit-npz.toml --out o", "sim dynapsim --config n.toml --input in.npz", "chip import in.npz --out o.json",
		},
		"csv":   {"train --config set-csv.toml --out o", "fit fit-csv.toml --out o", "sim dynapsim --config n.toml --input in.csv"},
		"npy":   {"sim dynapsim --config n.toml --input in.npy"},
		"nwb":   {"fit fit-nwb.toml --out o"},
		"ts":    {"train --config set-ts.toml --out o", "data info in.ts"},
		"nir":   {"nir info in.nir", "nir run in.nir", "nir check in.nir", "nir convert in.nir --out o.nir"},
		"jsonl": {"plot in.jsonl", "inspect in.jsonl", "verify in.jsonl", "predict in.jsonl", "export in.jsonl --format npz"},
	}
	beginnings := map[string]string{"csv": "t,v\n0,1\n", "ts": "@classLabel false\n@data\n", "json": "{", "jsonl": "{}\n", "toml": "name = \"x\"\n"}
	for what, make := range map[string]func(path string) error{
		"a hole": func(path string) error {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				return err
			}
			return os.Truncate(path, 1<<43)
		},
		"a hole behind a beginning": func(path string) error {
			if err := os.WriteFile(path, []byte(beginnings[filepath.Ext(path)[1:]]), 0o600); err != nil {
				return err
			}
			return os.Truncate(path, 1<<43)
		},
		"a named pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a folder":     func(path string) error { return os.Mkdir(path, 0o700) },
		"a socket": func(path string) error {
			l, err := net.Listen("unix", path)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		},
		"no file":            func(string) error { return nil },
		"the null device":    func(path string) error { return os.Symlink(os.DevNull, path) },
		"an endless device":  func(path string) error { return os.Symlink("/dev/zero", path) },
		"a link to itself":   func(path string) error { return os.Symlink(path, path) },
		"bytes of no kind":   func(path string) error { return os.WriteFile(path, []byte("\xff\x00\xfe{[\x00\n,,"), 0o600) },
		"an unreadable file": func(path string) error { return os.WriteFile(path, []byte("x"), 0) },
	} {
		for ending, list := range commands {
			path := "in." + ending
			if err := make(path); err != nil {
				t.Logf("%s: %v", what, err)
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				continue
			}
			for _, c := range list {
				if what == "the null device" && strings.HasPrefix(c, "truth ") {
					continue // an empty file has the default neuron
				}
				var stdout, stderr bytes.Buffer
				status := run(context.Background(), strings.Fields(c), &stdout, &stderr)
				text := stderr.String()
				if status != 2 && status != 1 || strings.Count(text, "\n") != 1 || strings.Contains(text, "goroutine ") || !strings.HasPrefix(text, "surge: ") {
					t.Errorf("%s: surge %s: status %d, %q", what, c, status, text)
				}
				if err := os.RemoveAll("o"); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.RemoveAll(filepath.Join(dir, path)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestHolesInRuns: a file of a run that has no end any more is found, at once, and a run goes on
// without it where the others say all that it said.
func TestHolesInRuns(t *testing.T) {
	whole := finished(t, "", "")
	for _, name := range []string{"SHA256SUMS", "best.params", "checkpoint", "checkpoint-0003", "checkpoint.prev", "config.toml", "metrics.jsonl", "receipt.jsonl", "raster.png", "times.jsonl"} {
		out := filepath.Join(t.TempDir(), "run")
		if err := os.CopyFS(out, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(out, name), 1<<43); err != nil {
			t.Skip(err)
		}
		if status, text := proved(t, out, "--files"); status != 1 || !strings.Contains(text, "wrong: "+filepath.Join(out, name)) {
			t.Errorf("%s: status %d, %s", name, status, text)
		}
		if name != "checkpoint" && name != "metrics.jsonl" && name != "times.jsonl" { // what a run reads when it goes on
			continue
		}
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), []string{"train", "--resume", "--out", out, "--json"}, &stdout, &stderr); status != 0 {
			t.Errorf("%s: status %d, %s", name, status, stderr.String())
		}
		if status, text := proved(t, out, "--files"); status != 0 {
			t.Errorf("%s, after going on: status %d, %s", name, status, text)
		}
	}
}
