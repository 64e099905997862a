package fit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// TestRivals: a current of which another answer, as good, says something else is not determined,
// its interval holds both values, and a warning names them. The others stay as they are. Where no
// search confirms an answer that leaves correlated residuals, nothing is determined.
func TestRivals(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, _ := scoped(t, 3, 300, 1, 0, 0, 1e-3)
	f := newSession(compile(t, e), Settings{Method: Auto, Starts: 4})
	f.experiment = e
	ctx := context.Background()
	if err := teacherForcing(ctx, f); err != nil {
		t.Fatal(err)
	}
	sure, err := f.identify(ctx, f.best.x)
	if err != nil {
		t.Fatal(err)
	}
	k := f.index(dynapse.ItauMem)[0]
	rival := slices.Clone(f.best.x)
	rival[k] += 0.5
	f.rivals = [][]float64{rival}
	id, err := f.identify(ctx, f.best.x)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range f.coords {
		want := sure.verdict[c.name]
		if c.is(dynapse.ItauMem) {
			want = Unidentified
		}
		if id.verdict[c.name] != want || sure.verdict["Itau_mem"] != Identified {
			t.Errorf("%s: %v, want %v; without a rival %v", c.name, id.verdict[c.name], want, sure.verdict[c.name])
		}
	}
	in := id.interval["Itau_mem"]
	for _, x := range [][]float64{f.best.x, rival} {
		v := f.value(k, x[k])
		if v < in[0] || v > in[1] || !strings.Contains(strings.Join(id.doubts, "; "), fmt.Sprintf("%.4g", v)) {
			t.Errorf("%v: interval %v, %q", v, in, id.doubts)
		}
	}
	f.rivals, f.unconfirmed = nil, true
	if id, err = f.identify(ctx, f.best.x); err != nil {
		t.Fatal(err)
	}
	for name, v := range id.verdict {
		if v == Identified {
			t.Errorf("%s is determined by an answer that no other search found", name)
		}
	}
}

// TestUnconfirmedSteps: with several steps in a bin no other search is asked, so that an answer
// whose residuals are correlated is unconfirmed.
func TestUnconfirmedSteps(t *testing.T) {
	for _, kept := range []float64{0, 0.9} {
		e, truth := noisySteps(t, 0.03, kept)
		f := newSession(compile(t, e), Settings{Starts: 4})
		f.note = func(phase string, _ minimize.Status, _ float64) { t.Errorf("a search: %s", phase) }
		if err := f.offer(context.Background(), point(f.problem, truth)); err != nil {
			t.Fatal(err)
		}
		if err := secondOpinion(context.Background(), f); err != nil {
			t.Fatal(err)
		}
		if f.unconfirmed != (kept > 0) {
			t.Errorf("noise correlated by %v: unconfirmed is %v", kept, f.unconfirmed)
		}
	}
}
