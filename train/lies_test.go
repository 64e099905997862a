package train

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestLies: a file of a run, or a message of another rank, that says another size than it has takes
// no memory for what is not there.
func TestLies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	of := func(read func() error) func(b []byte) (int, error) {
		return func(b []byte) (int, error) {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			return len(b), read()
		}
	}
	content := func(name string) []byte {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	message, err := messagePart().encode(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		valid []byte
		read  func(b []byte) (int, error)
	}{
		"checkpoint": {content("testdata/v0.1.checkpoint"), of(func() error { _, err := ReadOneCheckpoint(path); return err })},
		"parameters": {content("testdata/v0.1.params"), of(func() error { _, err := ReadParams(path); return err })},
		"metrics":    {[]byte("{\"epoch\":1,\"train_loss\":2.5,\"layers\":[{\"name\":\"a\",\"silent\":0.5}]}\n{\"epoch\":2}\n"), of(func() error { _, err := ReadMetrics(path); return err })},
		"receipt": {[]byte(`{"epoch":0,"config":"","data":"","state":"","metrics":"","params":"","best":"","previous":""}` + "\n"), func(b []byte) (int, error) {
			_, err := decodeReceipt(b)
			return len(b), err
		}},
		"message": {message, func(b []byte) (int, error) { return len(b), messagePart().decode(b, true) }},
	} {
		t.Run(name, func(t *testing.T) { hostile.Lies(t, c.valid, c.read) })
	}
	// The checksum of a checkpoint lets none of these through: metadata that it is right for.
	a, err := files.Read("testdata/v0.1.checkpoint", files.Format{})
	if err != nil {
		t.Fatal(err)
	}
	for key, was := range a.Meta {
		for _, lie := range []string{"-1", "9223372036854775807", "{}", "[]", `{"epoch":9223372036854775807,"batch":9223372036854775807}`} {
			a.Meta[key] = lie
			hostile.Takes(t, key+" = "+lie, make([]byte, len(lie)), func([]byte) (int, error) {
				_, err := decodeCheckpoint(a)
				return 0, err
			})
		}
		a.Meta[key] = was
	}
}
