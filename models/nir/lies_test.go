package nir

import (
	"bytes"
	"os"
	"testing"

	"github.com/surge-snn/surge/internal/hdf5"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestLies: a file that says another size than it has takes no memory for what is not there, when
// it is read and when a network is made of it.
func TestLies(t *testing.T) {
	for _, name := range []string{"testdata/conv.nir", "testdata/if.nir", "testdata/norse_cuba.nir", "testdata/nested.nir"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			hostile.Lies(t, b, func(b []byte) (decoded int, err error) {
				f, err := hdf5.NewFile(bytes.NewReader(b), int64(len(b)))
				if err != nil {
					return 0, err
				}
				g, err := decode(f)
				if err != nil {
					return 0, err
				}
				for _, a := range g.Arrays() {
					decoded += 8 * len(a.Data)
				}
				Warnings(g)
				Guess(g)
				if _, err := Compile(g, Convention{}, 1e-3); err == nil {
					t.Error("a graph is compiled without a convention")
				}
				if c, err := Surge(g); err == nil {
					_, _ = Compile(g, c, 1e-3)
				}
				return decoded, nil
			})
		})
	}
}
