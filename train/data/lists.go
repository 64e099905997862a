package data

import "slices"

// Lists is the input of a batch by its elements that are not zero.
type Lists struct {
	// Channels holds, at t·Size + r, the channels of row r in step t, rising.
	Channels [][]int32
	// Values holds their values, nil where all are 1.
	Values [][]float32

	rows []rowList
}

// listing is an encoder that writes blocks by zero, put, set and count alone, and a few elements
// only.
type listing interface{ lists() }

func (Latency) lists()    {}
func (TTFSBias) lists()   {}
func (Population) lists() {}
func (Rate) lists()       {}
func (Delta) lists()      {}
func (None) lists()       {}

// Sparse says whether the encoder gives few elements that are not zero, and can list them: see
// [Batch.Lists].
func (s Batches) Sparse() bool {
	_, ok := s.Encoder.(listing)
	if _, none := s.Encoder.(None); none && s.Data != nil && s.Data.Form().Input == Sequence {
		return false // these are numbers of any kind
	}
	return ok
}

// rowList collects the elements of a row in any order, and then has them by step and channel.
type rowList struct {
	step, channel []int32
	value         []float32
	other         bool // a value is not 1
	once          bool // elements that are there several times are 1; else their sum

	start    []int32 // of each step, and the end
	channels []int32
	values   []float32
	order    []int32
}

func (l *rowList) reset() {
	l.step, l.channel, l.value, l.other = l.step[:0], l.channel[:0], l.value[:0], false
	l.once = false
}

func (l *rowList) add(step, channel int, v float32) {
	l.step, l.channel, l.value = append(l.step, int32(step)), append(l.channel, int32(channel)), append(l.value, v)
	l.other = l.other || v != 1
}

// sort orders the elements by step and channel.
func (l *rowList) sort(steps int) {
	n := len(l.step)
	l.start = resize(l.start, steps+1)
	most := cap(l.channel) // so that memory grows as that of append does
	l.channels, l.values, l.order = resize(l.channels, most)[:n], resize(l.values, most)[:n], resize(l.order, most)[:n]
	clear(l.start)
	for _, k := range l.step {
		l.start[k+1]++
	}
	for k := range steps {
		l.start[k+1] += l.start[k]
	}
	for i, k := range l.step {
		l.order[l.start[k]] = int32(i)
		l.start[k]++
	}
	from, at := int32(0), int32(0)
	for k := range steps {
		order := l.order[from:l.start[k]]
		from = l.start[k]
		before := int32(-1)
		for _, i := range order {
			if l.channel[i] < before {
				slices.SortFunc(order, func(a, b int32) int { return int(l.channel[a] - l.channel[b]) })
				break
			}
			before = l.channel[i]
		}
		l.start[k] = at
		for _, i := range order {
			if at > l.start[k] && l.channels[at-1] == l.channel[i] {
				if !l.once {
					l.values[at-1] += l.value[i]
					l.other = true
				}
				continue
			}
			l.channels[at], l.values[at] = l.channel[i], l.value[i]
			at++
		}
	}
	l.start[steps] = at
}

// set makes the elements row r of so many of the lists.
func (to *Lists) set(r, rows, steps int) {
	l := &to.rows[r]
	l.sort(steps)
	for k := range steps {
		from, end := l.start[k], l.start[k+1]
		to.Channels[k*rows+r] = l.channels[from:end:end]
		if to.Values[k*rows+r] = nil; l.other && end > from {
			to.Values[k*rows+r] = l.values[from:end:end]
		}
	}
}

func (to *Lists) resize(rows, steps int) {
	for len(to.rows) < rows {
		to.rows = append(to.rows, rowList{})
	}
	to.Channels, to.Values = resize(to.Channels, rows*steps), resize(to.Values, rows*steps)
}
