package hdf5

import (
	"os"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
)

// TestLies: a file that says another size than it has takes no memory for what is not there.
func TestLies(t *testing.T) {
	names := []string{"block.h5", "small.h5", "small_latest.h5", "latest.h5", "numbers.h5"}
	if testing.Short() {
		names = names[1:3]
	}
	for _, name := range names {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			hostile.Lies(t, b, func(b []byte) (int, error) { return 0, unknown(read(b)) })
		})
	}
}

// unknown leaves the errors of a damaged file out: the files of the tests have links to nothing and
// types that are not read.
func unknown(err error) error {
	if known(err) {
		return nil
	}
	return err
}
