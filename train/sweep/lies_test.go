package sweep

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
)

// TestLies: a sweep that asks for more runs than anybody has time for takes no memory for them.
func TestLies(t *testing.T) {
	for _, text := range []string{
		"recipe = \"yinyang\"\nseeds = [1, 2]\n[keys]\n\"train.lr\" = {from = 1e-3, to = 1, log = true, steps = 3}\n\"train.batch\" = [1, 2]\n",
		"recipe = \"yinyang\"\npoints = 3\nseed = 2\n[keys]\n\"train.lr\" = {from = 1e-3, to = 1, log = true}\n",
	} {
		hostile.Lies(t, []byte(text), func(b []byte) (int, error) {
			s, err := Parse("s.toml", string(b))
			if err == nil && s.Points < 100 && len(s.All()) < 100 { // each run has its text
				points := s.All()
				_, err = s.Tasks(points, "out")
			}
			return 0, err
		})
	}
}
