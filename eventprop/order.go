package eventprop

import "slices"

// order sorts spikes by time: into buckets of equal width, twice as many as there are spikes, and then within each. That
// is faster than comparing all with each other where the spikes are spread over the time, and as fast where they are not.
type order struct {
	keys, sorted []sortKey
	count        []int32 // of each bucket, then where it ends
}

// sortKey is the time of a spike and its place among those that were added.
type sortKey struct {
	time float64
	at   int32
}

// short is a number of spikes that are sorted faster by insertion.
const short = 12

func (o *order) reset() { o.keys = o.keys[:0] }

func (o *order) add(time float64) { o.keys = append(o.keys, sortKey{time, int32(len(o.keys))}) }

// sort returns the keys by time, and those of one time in the order in which they were added.
func (o *order) sort() []sortKey {
	n := len(o.keys)
	if n <= short {
		insert(o.keys)
		return o.keys
	}
	o.sorted = resize(o.sorted, n)
	first, last := o.keys[0].time, o.keys[0].time
	for _, k := range o.keys {
		if k.time < first {
			first = k.time
		}
		if k.time > last {
			last = k.time
		}
	}
	o.distribute(first, last)
	return o.sorted
}

// distribute sorts keys, which are from first to last, into sorted.
func (o *order) distribute(first, last float64) {
	n := 2 * len(o.keys)
	perSecond := float64(n-1) / (last - first)
	bucket := func(t float64) int {
		x := (t - first) * perSecond
		if !(x < float64(n-1)) { // rounded up, or all at one time
			return n - 1
		}
		return int(x)
	}
	o.count = zeroed(o.count, n)
	for _, k := range o.keys {
		o.count[bucket(k.time)]++
	}
	sum := int32(0)
	for b, c := range o.count {
		o.count[b] = sum
		sum += c
	}
	for _, k := range o.keys {
		b := bucket(k.time)
		o.sorted[o.count[b]] = k
		o.count[b]++
	}
	start := int32(0)
	for _, end := range o.count { // where the bucket ends by now
		switch b := o.sorted[start:end]; {
		case len(b) < 2:
		case len(b) <= short:
			insert(b)
		default:
			slices.SortFunc(b, func(x, y sortKey) int {
				switch {
				case x.time < y.time:
					return -1
				case x.time > y.time:
					return 1
				}
				return int(x.at - y.at)
			})
		}
		start = end
	}
}

// insert sorts by insertion.
func insert(keys []sortKey) {
	for i := 1; i < len(keys); i++ {
		k := keys[i]
		j := i
		for ; j > 0 && keys[j-1].time > k.time; j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = k
	}
}
