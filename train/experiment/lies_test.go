package experiment

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/experiment/recipes"
)

// TestLies: an experiment with any counts takes no memory for them when it is read and checked.
func TestLies(t *testing.T) {
	for _, name := range recipes.Names() {
		if testing.Short() && name != "mnist-conv" && name != "yinyang-eventprop" && name != "friedman" {
			continue
		}
		text, _ := recipes.Read(name)
		t.Run(name, func(t *testing.T) {
			hostile.Lies(t, []byte(text), func(b []byte) (int, error) {
				_, err := Parse("a.toml", string(b), "")
				return 0, err
			})
		})
	}
}
