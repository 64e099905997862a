package eventprop

import "slices"

// order sorts spikes by time: into buckets of equal width, more than there are spikes, and then by
// insertion, as nearly all are in their places. That is faster than comparing all with each other
// where the spikes are spread over the time; where they are not, it is what is done.
type order struct {
	keys, sorted []sortKey
	count        []int32 // of each bucket, then where it ends
}

// sortKey is the time of a spike, its place among those that were added, and its neuron.
type sortKey struct {
	time       float64
	at, neuron int32
}

// before tells whether k comes before l: by time, and at one time by neuron.
func (k sortKey) before(l sortKey) bool {
	return k.time < l.time || k.time == l.time && k.neuron < l.neuron
}

// Up to few numbers of keys, and numbers of those in a bucket, insertion is the fastest. Insertion
// is tried first, as keys that come nearly in order need few moves, until these are more than
// patience times the keys.
const (
	short    = 12
	crowded  = 24
	patience = 6
)

func (o *order) reset() { o.keys = o.keys[:0] }

func (o *order) add(time float64, neuron int32) {
	o.keys = append(o.keys, sortKey{time, int32(len(o.keys)), neuron})
}

// sort returns the keys by time, those of one time by neuron, and those of one neuron in the order
// in which they were added.
func (o *order) sort() []sortKey {
	most := patience * len(o.keys)
	if len(o.keys) <= short {
		most = short * short
	}
	if insert(o.keys, most) {
		return o.keys
	}
	first, last := o.keys[0].time, o.keys[0].time
	for _, k := range o.keys {
		if k.time < first {
			first = k.time
		} else if k.time > last {
			last = k.time
		}
	}
	if !o.distribute(first, last) {
		slices.SortFunc(o.keys, func(k, l sortKey) int {
			switch {
			case k.before(l):
				return -1
			case l.before(k):
				return 1
			}
			return int(k.at - l.at)
		})
		return o.keys
	}
	insert(o.sorted, crowded*len(o.sorted))
	return o.sorted
}

// distribute moves keys, which are from first to last, into sorted, bucket by bucket, unless one of
// these is crowded.
func (o *order) distribute(first, last float64) bool {
	n := 2 * len(o.keys)
	perSecond := float64(n-1) / (last - first)
	bucket := func(t float64) int {
		x := (t - first) * perSecond
		if !(x < float64(n-1)) { // rounded up, or all at one time
			return n - 1
		}
		return int(x)
	}
	o.sorted, o.count = resize(o.sorted, len(o.keys)), zeroed(o.count, n)
	for _, k := range o.keys {
		o.count[bucket(k.time)]++
	}
	sum, most := int32(0), int32(0)
	for b, c := range o.count {
		o.count[b] = sum
		sum += c
		most = max(most, c)
	}
	if most > crowded {
		return false
	}
	for _, k := range o.keys {
		b := bucket(k.time)
		o.sorted[o.count[b]] = k
		o.count[b]++
	}
	return true
}

// insert sorts by insertion, in at most so many moves. done is false where these are not enough;
// the keys are all there then, in another order.
func insert(keys []sortKey, moves int) (done bool) {
	for i := 1; i < len(keys); i++ {
		if !keys[i].before(keys[i-1]) {
			continue
		}
		k, j := keys[i], i
		for ; j > 0 && k.before(keys[j-1]); j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = k
		if moves -= i - j; moves < 0 {
			return false
		}
	}
	return true
}
