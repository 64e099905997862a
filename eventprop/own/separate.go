package own

import (
	"cmp"
	"slices"

	"github.com/surge-snn/surge/eventprop"
)

// post is an arrival at a neuron of a feed-forward layer.
type post struct {
	time            float64
	source, synapse int32
}

// separate takes the neurons of a feed-forward layer, which know nothing of each other, one after
// the other from the start to the end.
func (r *pass) separate() error {
	boxes := inboxes(&r.in, r.input)
	var x runner
	for j, box := range boxes {
		r.open(&x, j)
		for next := 0; ; {
			limit := r.end
			if next < len(box) {
				limit = min(limit, box[next].time)
			}
			for x.tip.time < limit && !x.tip.fires {
				if err := r.extend(&x, limit); err != nil {
					return err
				}
			}
			if x.tip.fires && x.tip.time < r.end {
				if err := r.reach(&x); err != nil {
					return err
				}
				continue
			}
			if limit >= r.end {
				break
			}
			a := &box[next]
			next++
			if _, err := r.arrive(&x, a.time, arrivalIn, a.source, a.synapse); err != nil {
				return err
			}
		}
	}
	return nil
}

// inboxes returns the arrivals at each neuron by time.
func inboxes(in *eventprop.Synapses, input []eventprop.Spike) [][]post {
	boxes := make([][]post, in.Post)
	for k, s := range input {
		lo, hi := in.Fan(s.Neuron)
		for i := lo; i < hi; i++ {
			time := s.Time
			if in.Delay != nil {
				time += in.Delay[i]
			}
			j := in.Target(s.Neuron, i)
			boxes[j] = append(boxes[j], post{time, int32(k), int32(i)})
		}
	}
	if in.Delay != nil {
		for _, x := range boxes {
			slices.SortStableFunc(x, func(a, b post) int { return cmp.Compare(a.time, b.time) })
		}
	}
	return boxes
}
