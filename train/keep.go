package train

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// KeptCheckpoint returns the path under which [Settings.Keep] keeps the checkpoint of an epoch:
// that of the checkpoint with the number of the epoch, checkpoint-0012.
func KeptCheckpoint(path string, epoch int) string { return fmt.Sprintf("%s-%04d", path, epoch) }

// KeptCheckpoints returns the kept checkpoints beside the one at path, in the order of their
// epochs.
func KeptCheckpoints(path string) (kept []string, err error) {
	all, err := filepath.Glob(escape(path) + "-[0-9]*")
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	epochs := map[string]int{}
	for _, name := range all {
		if epoch, err := strconv.Atoi(name[len(path)+1:]); err == nil && name == KeptCheckpoint(path, epoch) {
			kept, epochs[name] = append(kept, name), epoch
		}
	}
	slices.SortFunc(kept, func(a, b string) int { return epochs[a] - epochs[b] })
	return kept, nil
}

// escape makes a path a pattern that it matches alone.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// keep keeps the checkpoint of an epoch that is complete, and removes those that are neither among
// the last ones nor that of the best epoch.
func (r *run) keep() error {
	if r.Keep == 0 || r.Checkpoint == "" || r.Follow || r.at.Batch > 0 {
		return nil
	}
	a, err := r.checkpoint().archive()
	if err != nil {
		return err
	}
	if err := files.Write(KeptCheckpoint(r.Checkpoint, r.at.Epoch), a); err != nil {
		return err
	}
	kept, err := KeptCheckpoints(r.Checkpoint)
	if err != nil {
		return err
	}
	best := KeptCheckpoint(r.Checkpoint, r.bestEpoch.Epoch)
	last := slices.Index(kept, KeptCheckpoint(r.Checkpoint, r.at.Epoch))
	for i, name := range kept {
		if name == best && r.bestEpoch.Epoch > 0 || i <= last && i > last-r.Keep {
			continue
		}
		if err := files.Remove(name); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// prepare changes the parameters as Begin says.
func (r *run) prepare() error {
	if r.Begin == nil {
		return nil
	}
	if err := r.Begin(r.net, r.sets); err != nil {
		return err
	}
	r.health = watch(r.net, r.weights)
	return r.best.CopyFrom(r.net.Params())
}
