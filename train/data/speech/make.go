package speech

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/hdf5"
	"github.com/surge-snn/surge/internal/kernel"
)

// Settings of [Make].
type Settings struct {
	Sound        Sound // nil: Formants{Seed: 1}
	Cochlea      Cochlea
	Voices       int            // that are learned from; 0 means 16
	TestVoices   int            // others, for the test; 0 means 4
	Repetitions  int            // of each digit by each voice; 0 means 5
	AfterSamples func(done int) // called now and then; nil: not
}

// Make writes shd_train.h5 and shd_test.h5 into a folder: spikes/times (s, float32), spikes/units,
// labels, extra/speaker and extra/keys, as SHD has them.
//
// Errors: those of Sound, of the file system, and of ctx; then nothing is written, and no folder is
// left.
func Make(ctx context.Context, dir string, s Settings) (err error) {
	if err := given.Need("ctx", ctx); err != nil {
		return fmt.Errorf("speech: %w", err)
	}
	if s.Sound == nil {
		s.Sound = Formants{Seed: 1}
	}
	orDefault := func(n *int, byDefault int) {
		if *n == 0 {
			*n = byDefault
		}
	}
	orDefault(&s.Voices, 16)
	orDefault(&s.TestVoices, 4)
	orDefault(&s.Repetitions, 5)
	if s.Voices < 0 || s.TestVoices < 0 || s.Repetitions < 0 || s.Voices > s.Sound.Voices()-s.TestVoices {
		return fmt.Errorf("speech: %d and %d voices of %d, %d repetitions", s.Voices, s.TestVoices, s.Sound.Voices(), s.Repetitions)
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		defer func() {
			if err != nil {
				_ = os.Remove(dir) // which fails, as it should, where there are files
			}
		}()
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	// All is there before anything is written.
	train, err := s.samples(ctx, 0, s.Voices, 0)
	if err != nil {
		return err
	}
	test, err := s.samples(ctx, s.Voices, s.TestVoices, s.Voices*s.Repetitions*len(digits))
	if err != nil {
		return err
	}
	for name, root := range map[string]*hdf5.Content{"shd_train.h5": train, "shd_test.h5": test} {
		if err := files.WriteAtomic(filepath.Join(dir, name), func(w io.Writer) error { return hdf5.Encode(w, root) }); err != nil {
			return err
		}
	}
	return nil
}

// samples makes those of some voices.
func (s Settings) samples(ctx context.Context, first, voices, done int) (*hdf5.Content, error) {
	n := voices * s.Repetitions * len(digits)
	times, units := make([][]float32, n), make([][]uint16, n)
	labels, speakers := make([]int64, n), make([]int64, n)
	var mu sync.Mutex
	var failed error
	kernel.Blocks(n, 1, func(i, _ int) {
		class, voice, k := i%len(digits), first+i/len(digits)/s.Repetitions, i/len(digits)%s.Repetitions
		labels[i], speakers[i] = int64(class), int64(voice)
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			return
		}
		err := ctx.Err()
		var sound []float64
		if err == nil {
			sound, err = s.Sound.Say(class, voice, k)
		}
		if err == nil {
			for _, e := range s.Cochlea.Spikes(sound) {
				times[i], units[i] = append(times[i], float32(e.Time)), append(units[i], uint16(e.Channel))
			}
		}
		mu.Lock()
		defer mu.Unlock()
		if err != nil && failed == nil {
			failed = err
		}
		if done++; s.AfterSamples != nil {
			s.AfterSamples(done)
		}
	})
	if failed != nil {
		return nil, failed
	}
	root := &hdf5.Content{}
	spikes := root.Group("spikes")
	hdf5.AddLists(spikes, "times", times)
	hdf5.AddLists(spikes, "units", units)
	hdf5.Add(root, "labels", labels, n)
	extra := root.Group("extra")
	hdf5.Add(extra, "speaker", speakers, n)
	extra.AddStrings("keys", Keys(), len(digits))
	return root, nil
}
