package train

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/train/data"
)

// Predictions are what Evaluate counts, in the order of the data set, for any size of the batches,
// and a data set without targets has the same.
func TestPredict(t *testing.T) {
	d := yinYang(t, 13, 42)
	steps := func(size int, d data.Dataset) data.Batches {
		return data.Batches{Data: d, Encoder: data.Current{}, Size: size, Steps: 12}
	}
	m := BPTT{Model: small}
	params := graph.NewParams(3)
	net, err := m.Build(params, Shape{12, 5, 4})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	events, err := learning(3).Build(graph.NewParams(3))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		net     Learner
		set     func(size int, d data.Dataset) data.Batches
		predict func(set data.Batches, each func(*Prediction) error) error
	}{
		"steps": {net, steps, func(set data.Batches, each func(*Prediction) error) error {
			return m.Predict(context.Background(), params, set, each)
		}},
		"events": {events, func(size int, d data.Dataset) data.Batches { return eventBatches(d, size) }, func(set data.Batches, each func(*Prediction) error) error {
			return events.Predict(context.Background(), set, each)
		}},
	} {
		set := c.set(5, d)
		set.Sequential = true
		var want Sums
		for k := range set.Len() {
			s, err := c.net.Evaluate(set, 0, k)
			if err != nil {
				t.Fatal(err)
			}
			want.add(s)
		}
		var first []string
		for _, size := range []int{5, 1, 13} {
			for _, set := range []data.Batches{c.set(size, d), c.set(size, untargeted{d})} {
				var all []string
				correct := 0
				err := c.predict(set, func(p *Prediction) error {
					if p.Sample != len(all) {
						return fmt.Errorf("sample %d after %d others", p.Sample, len(all))
					}
					if p.Class == p.Want.Label {
						correct++
					}
					all = append(all, fmt.Sprint(p.Out, p.Class, p.Counts))
					return nil
				})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if first == nil {
					first = all
				}
				if !reflect.DeepEqual(all, first) || len(all) != 13 {
					t.Errorf("%s: batches of %d give others", name, size)
				}
				if _, none := set.Data.(untargeted); !none && correct != want.Correct {
					t.Errorf("%s: %d right in batches of %d, Evaluate counts %d", name, correct, size, want.Correct)
				}
			}
		}
		stop := errors.New("stop")
		if err := c.predict(set, func(*Prediction) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%s: error %v, want that of each", name, err)
		}
	}
}

// What is recorded agrees with what is counted, and a neuron spikes where its voltage is above the
// threshold, which is 1.
func TestPredictRecords(t *testing.T) {
	d := yinYang(t, 7, 42)
	m := BPTT{Model: small}
	params := graph.NewParams(3)
	err := m.Predict(t.Context(), params, data.Batches{Data: d, Encoder: data.Current{}, Size: 5, Steps: 12}, func(p *Prediction) error {
		spikes, v, i := p.Recorded[0], p.Recorded[1], p.Recorded[2]
		counts := make([]float64, 12)
		for k, s := range spikes.Values {
			counts[k%12] += s
			if (v.Values[k] > 1) != (s > 0) {
				t.Errorf("sample %d, step %d, neuron %d: %v spikes at a voltage of %v", p.Sample, k/12, k%12, s, v.Values[k])
			}
		}
		if len(spikes.Values) != 12*12 || len(i.Values) != len(v.Values) || i.Neurons != 12 || !reflect.DeepEqual(counts, p.Counts[0]) {
			t.Errorf("sample %d: %v spikes recorded, %v counted", p.Sample, counts, p.Counts[0])
		}
		return nil
	}, "hidden.spikes", "hidden.v", "hidden.i")
	if err != nil {
		t.Fatal(err)
	}
	events, err := learning(3).Build(graph.NewParams(3))
	if err != nil {
		t.Fatal(err)
	}
	some := 0
	err = events.Predict(t.Context(), eventBatches(d, 5), func(p *Prediction) error {
		for l, r := range p.Recorded {
			counts := make([]float64, r.Neurons)
			for _, s := range r.Spikes {
				counts[s.Channel]++
				some++
			}
			if !reflect.DeepEqual(counts, p.Counts[1-l]) {
				t.Errorf("sample %d: %s: %v spikes recorded, %v counted", p.Sample, r.Name, counts, p.Counts[1-l])
			}
		}
		return nil
	}, "out.spikes", "hidden.spikes")
	if err != nil || some == 0 {
		t.Errorf("%d spikes, %v", some, err)
	}
	if err := events.Predict(t.Context(), eventBatches(d, 5), func(*Prediction) error { return nil }, "hidden.v"); !errors.Is(err, ErrRecord) {
		t.Errorf("error %v, want %v", err, ErrRecord)
	}
}

// untargeted takes the targets of a data set away.
type untargeted struct{ data.Dataset }

func (u untargeted) Form() data.Form {
	f := u.Dataset.Form()
	f.Target = data.Target{}
	return f
}
