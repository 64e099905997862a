package speech_test

import (
	"cmp"
	"context"
	"errors"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/data/speech"
)

// mute says nothing, for an error.
type mute struct{}

func (mute) Say(int, int, int) ([]float64, error) { return nil, errors.New("mute") }
func (mute) Voices() int                          { return 3 }

// click is a short sound.
type click struct{ mute }

func (click) Say(int, int, int) ([]float64, error) { return []float64{0.1, -0.2, 0.3}, nil }

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	make := func(ctx context.Context, s speech.Settings) error {
		if _, short := s.Sound.(click); !short {
			s.Sound = mute{} // sounds cost time
		}
		s.Voices, s.TestVoices, s.Repetitions = cmp.Or(min(s.Voices, 1), 1), cmp.Or(min(s.TestVoices, 1), 1), cmp.Or(min(s.Repetitions, 1), 1)
		return speech.Make(ctx, t.TempDir(), s)
	}
	hostile.API{
		Functions: map[string]any{"Centre": speech.Centre, "Keys": speech.Keys, "FindEspeak": speech.FindEspeak, "Make": make},
		Types:     []any{new(speech.Cochlea), new(speech.Espeak), new(speech.Formants)},
		Pool:      hostile.Of(t.Context(), mute{}, click{}, []float64{0.1, -0.2, 0.3}),
	}.Test(t)
}
