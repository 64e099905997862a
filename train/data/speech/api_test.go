package speech_test

import (
	"errors"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/data/speech"
)

// mute says nothing, for an error.
type mute struct{}

func (mute) Say(int, int, int) ([]float64, error) { return nil, errors.New("mute") }
func (mute) Voices() int                          { return 3 }

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	make := func(s speech.Settings) error {
		s.Voices, s.TestVoices, s.Repetitions = min(s.Voices, 1), min(s.TestVoices, 1), min(s.Repetitions, 1) // sounds cost time
		return speech.Make(t.Context(), t.TempDir(), s)
	}
	hostile.API{
		Functions: map[string]any{"Centre": speech.Centre, "Keys": speech.Keys, "FindEspeak": speech.FindEspeak, "Make": make},
		Types:     []any{new(speech.Cochlea), new(speech.Espeak), new(speech.Formants)},
		Pool:      hostile.Of(mute{}, []float64{0.1, -0.2, 0.3}),
	}.Test(t)
}
