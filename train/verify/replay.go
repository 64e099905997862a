package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/mpi"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// stretch is a part of a run with one experiment: the first epochs of one that was continued with
// more of them had another.
type stretch struct {
	config string // its text
	last   int    // epoch
}

// stretches returns those of a run whose last experiment has the text config. An experiment that is
// not found is taken to be that of the next stretch.
func stretches(links []train.Link, config string) (all []stretch) {
	found := map[string]string{files.Digest([]byte(config)): config}
	next := config
	for i := len(links) - 1; i >= 0; i-- {
		l := links[i]
		text, ok := found[l.Config]
		if !ok {
			text = shorter(next, l)
			found[l.Config] = text
		}
		if len(all) == 0 || all[len(all)-1].config != text {
			all, next = append(all, stretch{text, l.Epoch}), text
		}
	}
	slices.Reverse(all)
	return all
}

var epochsKey = regexp.MustCompile(`(?m)^epochs = (\d+)$`)

// mostTried is how many numbers of epochs are tried, some 0.3 s.
const mostTried = 100_000

// shorter returns an experiment with fewer epochs that has the sum of a link, or the same one
// where there is none. A stretch mostly ends where its epochs do, so that the least number is
// tried first.
func shorter(config string, l train.Link) string {
	key := epochsKey.FindStringSubmatchIndex(config)
	if key == nil {
		return config
	}
	most, err := strconv.Atoi(config[key[2]:key[3]])
	if err != nil {
		return config
	}
	first := max(l.Epoch, 1)
	for n := first; n < min(most, first+mostTried); n++ {
		if text := config[:key[2]] + strconv.Itoa(n) + config[key[3]:]; files.Digest([]byte(text)) == l.Config {
			return text
		}
	}
	return config
}

// replay does epochs of a run again, see [train.Replay]. config is the text of its experiment.
func replay(ctx context.Context, e *experiment.Experiment, config string, from *train.Checkpoint, epochs int, each func(train.Link) error) (*train.Checkpoint, error) {
	net, sets, err := again(e)
	if err != nil {
		return nil, err
	}
	s := e.Settings(net, sets.Train.Data.Len())
	s.Checkpoint, s.Ranks, s.Config = experiment.CheckpointFile, 1, config
	end, err := train.Replay(ctx, net, sets, s, from, epochs, each)
	if !errors.Is(err, train.ErrComputing) { // else it cannot be closed, and the program ends
		net.Close()
	}
	return end, err
}

// redraw draws the pictures of a run again and returns the names of those in its folder that are
// others. params are those of its best epoch.
func redraw(e *experiment.Experiment, folder string, params *graph.Params) (others []string, err error) {
	net, sets, err := again(e)
	if err != nil {
		return nil, err
	}
	defer net.Close()
	if err := net.Params().CopyFrom(params); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "surge-verify-")
	if err != nil {
		return nil, err
	}
	defer files.Temporary(temp)()
	defer os.RemoveAll(temp)
	if err := e.Draw(net, sets.Test, filepath.Join(folder, experiment.MetricsFile), temp); err != nil {
		return nil, err
	}
	for _, name := range []string{experiment.CurvesFile, experiment.RasterFile} {
		want, err := os.ReadFile(filepath.Join(temp, name))
		if err != nil {
			return nil, err
		}
		if found, err := files.ReadFile(filepath.Join(folder, name)); err != nil || !samePicture(found, want) {
			others = append(others, name)
		}
	}
	return others, nil
}

// rounding is the largest difference between two pictures in a channel of a pixel, of 255:
// libraries that draw round positions otherwise where a processor multiplies and adds at once.
const rounding = 4

// samePicture tells whether a file is a PNG that shows what another one does.
func samePicture(found, want []byte) bool {
	if bytes.Equal(found, want) {
		return true
	}
	shown, err := png.Decode(bytes.NewReader(want))
	if err != nil {
		return false
	}
	size := shown.Bounds()
	c, err := png.DecodeConfig(bytes.NewReader(found)) // before memory is taken
	if err != nil || c.Width != size.Dx() || c.Height != size.Dy() {
		return false
	}
	other, err := png.Decode(bytes.NewReader(found))
	if err != nil {
		return false
	}
	near := func(a, b uint32) bool { return max(a, b)-min(a, b) <= rounding*0x101 }
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			r, g, b, a := shown.At(x, y).RGBA()
			r2, g2, b2, a2 := other.At(x, y).RGBA()
			if !near(r, r2) || !near(g, g2) || !near(b, b2) || !near(a, a2) {
				return false
			}
		}
	}
	return true
}

// again loads the data and builds the network of an experiment.
func again(e *experiment.Experiment) (experiment.Network, train.Data, error) {
	if _, size, _ := mpi.Started(); size > 1 {
		return nil, train.Data{}, fmt.Errorf("a run is verified by one process, not by the %d of mpiexec", size)
	}
	sets, target, err := e.Load()
	if err != nil {
		return nil, sets, err
	}
	if _, err := e.Memory(sets, target); errors.As(err, new(*exit.BadInput)) {
		return nil, sets, err
	}
	net, err := e.BuildShards(nil, sets.Train.Channels(), target)
	return net, sets, err
}
