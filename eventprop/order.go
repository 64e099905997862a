package eventprop

import "slices"

// order sorts the spikes of an interval, which come by rising neuron, by time: into as many buckets of equal width
// as there are spikes, and then within each. That is faster than comparing all with each other where the spikes are spread
// over the interval, and as fast where they are not.
type order struct {
	keys, sorted []sortKey
	count        []int32 // of each bucket, then where it begins
	unsorted     []sweptSpike
}

// sortKey is the time and place of a spike to sort.
type sortKey struct {
	time float64
	at   int32
}

// few is a number of spikes that are sorted faster by insertion.
const few = 12

// sort is stable.
func (o *order) sort(s []sweptSpike) {
	n := len(s)
	if n < 2 {
		return
	}
	o.keys, o.sorted = resize(o.keys, n), resize(o.sorted, n)
	first, last := s[0].Time, s[0].Time
	for k := range s {
		t := s[k].Time
		o.keys[k] = sortKey{t, int32(k)}
		first, last = min(first, t), max(last, t)
	}
	sorted := o.sorted
	if n <= few {
		sorted = o.keys
		insert(sorted)
	} else {
		o.distribute(first, float64(n-1)/(last-first))
	}
	o.unsorted = append(o.unsorted[:0], s...)
	for k, key := range sorted {
		s[k] = o.unsorted[key.at]
	}
}

// distribute sorts keys into sorted, by buckets from first on.
func (o *order) distribute(first, perSecond float64) {
	n := len(o.keys)
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
		case len(b) <= few:
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
