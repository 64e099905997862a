package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/train"
)

// proved runs surge verify on a folder.
func proved(t *testing.T, folder string, args ...string) (status int, text string) {
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), append([]string{"verify", folder}, args...), &stdout, &stderr)
	return status, stdout.String() + stderr.String()
}

// finished trains a run of two epochs, of a kind, and returns its folder.
func finished(t *testing.T, model, method string) string {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "tiny.toml")
	text := strings.Replace(fmt.Sprintf(training, model, method), "epochs = 4", "epochs = 3", 1)
	if err := os.WriteFile(config, []byte(strings.Replace(text, "train = 250", "train = 50", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "run")
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"train", "--config", config, "--out", out, "--keep", "2", "--checkpoint-every", "3", "--json"}, &stdout, &stderr); status != 0 {
		t.Fatal(stderr.String())
	}
	return out
}

// TestVerify: what a run did is done again, whole and in parts, for every method.
func TestVerify(t *testing.T) {
	for _, kind := range [][2]string{{"", ""}, {"recurrent = true", ""}, {eventModel, `method = "eventprop"`}} {
		out := finished(t, kind[0], kind[1])
		for _, args := range [][]string{nil, {"--segment", "1:2"}, {"--segment", "3:3"}, {"--files"}, {"--json"}} {
			if status, text := proved(t, out, args...); status != 0 || strings.Contains(text, "wrong:") {
				t.Errorf("%v %v: status %d, %s", kind, args, status, text)
			}
		}
		if status, text := proved(t, out, "--segment", "2:9"); status != 1 || !strings.Contains(text, "ends with epoch 3") {
			t.Errorf("%v: status %d, %s", kind, status, text)
		}
		if testing.Short() {
			break
		}
	}
}

// TestVerifyContinued: a run that was continued with more epochs, and so with another course of the
// learning rate, is done again as it was.
func TestVerifyContinued(t *testing.T) {
	out := finished(t, "", `schedule = "cosine"`) // of 3 epochs
	for _, epochs := range []string{"4", "6"} {
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), []string{"train", "--resume", "--epochs", epochs, "--out", out}, &stdout, &stderr); status != 0 {
			t.Fatal(stderr.String())
		}
	}
	for _, args := range [][]string{nil, {"--segment", "1:2"}, {"--segment", "3:5"}, {"--segment", "6:6"}} {
		if status, text := proved(t, out, args...); status != 0 || strings.Contains(text, "wrong:") {
			t.Errorf("%v: status %d, %s", args, status, text)
		}
	}
}

// TestVerifyFindsFlips: one bit that is flipped in any file of a run is found, for each method.
func TestVerifyFindsFlips(t *testing.T) {
	flips := 100
	switch {
	case *all:
		flips = 10000
	case testing.Short():
		flips = 30
	}
	for _, kind := range [][2]string{{"", ""}, {"recurrent = true", ""}, {eventModel, `method = "eventprop"`}} {
		findFlips(t, finished(t, kind[0], kind[1]), flips)
		if testing.Short() {
			break
		}
	}
}

// findFlips flips bits in the files of a folder, one at a time, in each file as often.
func findFlips(t *testing.T, out string, flips int) {
	t.Helper()
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	source := rand.New(rand.NewPCG(1, 2))
	for i := range flips {
		path := filepath.Join(out, entries[i%len(entries)].Name())
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bit := source.IntN(8 * len(before))
		after := bytes.Clone(before)
		after[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(path, after, 0o600); err != nil {
			t.Fatal(err)
		}
		if status, text := proved(t, out, "--files"); status != 1 {
			t.Errorf("%s, bit %d: status %d, %s", path, bit, status, text)
		}
		if err := os.WriteFile(path, before, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if status, text := proved(t, out, "--files"); status != 0 {
		t.Errorf("restored: %s", text)
	}
}

// forge changes the files of a run as one who wants to deceive would, with all sums.
func forge(t *testing.T, out string, change func(links []train.Link) []train.Link) {
	t.Helper()
	path := filepath.Join(out, "receipt.jsonl")
	links, _, err := train.ReadReceipt(path)
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	previous := ""
	for _, l := range change(links) {
		l.Previous = previous
		line, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		previous = files.Digest(line)
		text = append(append(text, line...), '\n')
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := rundir.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Seal(); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestVerifyFindsForgeries: what fits together is found by doing it again.
func TestVerifyFindsForgeries(t *testing.T) {
	edit := func(out, name, old, new string) []byte {
		path := filepath.Join(out, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		after := bytes.Replace(b, []byte(old), []byte(new), 1)
		if bytes.Equal(after, b) {
			t.Fatalf("%s has no %q", name, old)
		}
		if err := os.WriteFile(path, after, 0o600); err != nil {
			t.Fatal(err)
		}
		return after
	}
	configure := func(out, old, new string) {
		sum := files.Digest(edit(out, "config.toml", old, new))
		forge(t, out, func(links []train.Link) []train.Link {
			for i := range links {
				links[i].Config = sum
			}
			return links
		})
	}
	original := finished(t, "", "")
	none := func(l []train.Link) []train.Link { return l }
	for name, deceive := range map[string]func(out string){
		"a better accuracy, sums alone": func(out string) {
			edit(out, "metrics.jsonl", `"valid_accuracy":0.`, `"valid_accuracy":0.9`)
			forge(t, out, none)
		},
		"a better accuracy": func(out string) {
			text := edit(out, "metrics.jsonl", `"valid_accuracy":0.`, `"valid_accuracy":0.9`)
			forge(t, out, func(links []train.Link) []train.Link {
				lines := bytes.SplitAfter(text, []byte("\n"))
				for i := range links {
					links[i].Metrics = files.Digest(bytes.Join(lines[:i], nil))
				}
				return links
			})
		},
		"other parameters": func(out string) {
			p, err := train.ReadParams(filepath.Join(out, "best.params"))
			if err != nil {
				t.Fatal(err)
			}
			p.Value("out/w").Float32s()[0] *= 2
			if err := train.SaveParams(filepath.Join(out, "best.params"), p); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(filepath.Join(out, "best.params"))
			if err != nil {
				t.Fatal(err)
			}
			forge(t, out, func(links []train.Link) []train.Link {
				links[len(links)-1].Best = files.Digest(b)
				return links
			})
		},
		"another learning rate": func(out string) { configure(out, "lr = ", "lr = 1") },
		"another seed":          func(out string) { configure(out, "seed = 1", "seed = 2") },
		"an epoch less": func(out string) {
			forge(t, out, func(links []train.Link) []train.Link { return links[:len(links)-1] })
		},
		"a picture": func(out string) {
			edit(out, "curves.png", "IDAT", "IDAU")
			forge(t, out, none)
		},
		"an older checkpoint": func(out string) {
			if err := os.Rename(filepath.Join(out, "checkpoint-0002"), filepath.Join(out, "checkpoint")); err != nil {
				t.Fatal(err)
			}
			forge(t, out, none)
		},
		"no parameters": func(out string) {
			if err := os.Remove(filepath.Join(out, "best.params")); err != nil {
				t.Fatal(err)
			}
			forge(t, out, none)
		},
		"neither receipt nor experiment": func(out string) {
			forge(t, out, func([]train.Link) []train.Link { return nil })
			for _, name := range []string{"receipt.jsonl", "config.toml"} {
				if err := os.Remove(filepath.Join(out, name)); err != nil {
					t.Fatal(err)
				}
			}
			if err := rundir.Seal(out); err != nil {
				t.Fatal(err)
			}
		},
		"no sums": func(out string) {
			if err := os.Remove(filepath.Join(out, rundir.SumsFile)); err != nil {
				t.Fatal(err)
			}
		},
		"no receipt": func(out string) {
			if err := os.Remove(filepath.Join(out, "receipt.jsonl")); err != nil {
				t.Fatal(err)
			}
			d, err := rundir.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if err := d.Seal(); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "run")
			if err := os.CopyFS(out, os.DirFS(original)); err != nil {
				t.Fatal(err)
			}
			deceive(out)
			if status, text := proved(t, out); status != 1 || !strings.Contains(text, "wrong: ") {
				t.Errorf("status %d, %s", status, text)
			}
		})
	}
}
