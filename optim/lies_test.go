package optim

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
)

// TestLies: a state that says other lengths than it has takes no memory for what is not there.
func TestLies(t *testing.T) {
	p, _ := model(1)
	for _, s := range []State{everything.Init(p), SkipNonFinite{Inner: Adam{}}.Init(p[:1]), deep(3)} {
		hostile.Lies(t, []byte(bytesOf(t, s)), func(b []byte) (int, error) {
			var s State
			return 0, s.UnmarshalBinary(b)
		})
	}
}
