package experiment

import (
	"strings"
	"testing"
)

// TestShare has the shards that an experiment takes for some ranks: its own, those of the run that
// it goes on with, or 4 and more by powers of two, with a row for each.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		shards, batch, ranks int
		begun                int // shards of a run; -1: none
		want                 int
		chosen               bool
		err                  string
	}{
		{shards: 0, batch: 50, ranks: 1, begun: -1, want: 0},
		{shards: 0, batch: 50, ranks: 2, begun: -1, want: 4, chosen: true},
		{shards: 0, batch: 50, ranks: 4, begun: -1, want: 4, chosen: true},
		{shards: 0, batch: 50, ranks: 16, begun: -1, want: 16, chosen: true},
		{shards: 0, batch: 3, ranks: 2, begun: -1, want: 2, chosen: true},
		{shards: 2, batch: 50, ranks: 2, begun: -1, want: 2},
		{shards: 8, batch: 50, ranks: 2, begun: 2, want: 8},
		{shards: 0, batch: 50, ranks: 1, begun: 4, want: 4},
		{shards: 0, batch: 50, ranks: 2, begun: 8, want: 8},
		{shards: 0, batch: 50, ranks: 1, begun: 0, want: 0},
		{shards: 0, batch: 50, ranks: 2, begun: 0, err: "at most 1 ranks"},
		{shards: 0, batch: 50, ranks: 4, begun: 2, err: "at most 2 ranks"},
		{shards: 0, batch: 3, ranks: 4, begun: -1, err: "train.batch: expected at least 4"},
		{shards: 0, batch: 50, ranks: 3, begun: -1, err: "1, 2, 4, 8, ... ranks"},
		{shards: 2, batch: 50, ranks: 4, begun: -1, err: "a multiple of the 4 ranks"},
		{shards: 0, batch: 50, ranks: 0, begun: -1, err: "1, 2, 4, 8, ... ranks"},
	} {
		e, err := Parse("mine.toml", "name = \"mine\"", "")
		if err != nil {
			t.Fatal(err)
		}
		e.Train.Shards, e.Train.Batch = c.shards, c.batch
		var begun *Experiment
		if c.begun >= 0 {
			run := *e
			run.Train.Shards = c.begun
			begun = &run
		}
		chosen, err := e.Share(c.ranks, begun)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%+v: error %v", c, err)
			}
			continue
		}
		if err != nil || chosen != c.chosen || e.Train.Shards != c.want {
			t.Errorf("%+v: %d shards, chosen %v, error %v", c, e.Train.Shards, chosen, err)
		}
	}
}
