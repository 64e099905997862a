package kernel

// In float32, one number after the other, a million numbers of one size add up to a sum that is 1 %
// off. What adds up over a sequence does so in parts, which are added up in float64.

// TimeSum is a sum over the steps of a sequence, for each neuron of each row: kernels add to Part,
// which [TimeSum.Fold] adds up every foldSteps steps.
type TimeSum[T Float] struct {
	Part  []T // [B, N]
	total []float64
}

const foldSteps = 256

// Begin makes room for n numbers, zeros where a sequence ends here.
func (s *TimeSum[T]) Begin(n int, whole bool) {
	s.Part, s.total = resize(s.Part, n), resize(s.total, n)
	if whole {
		clear(s.Part)
		clear(s.total)
	}
}

// Fold adds up the numbers [lo, hi) behind time step t of the sequence, where it is the last of a
// part on the way from the last step to the first.
func (s *TimeSum[T]) Fold(t, lo, hi int) {
	if t%foldSteps != 0 {
		return
	}
	Accumulate(s.total[lo:hi], s.Part[lo:hi])
	clear(s.Part[lo:hi])
}

// End writes the sums [lo, hi) into Part, when all of the sequence is folded.
func (s *TimeSum[T]) End(lo, hi int) {
	for j, v := range s.total[lo:hi] {
		s.Part[lo+j] = T(v)
	}
}

// Rows writes the sum over the rows into dst, in the order of the rows, when all of the sequence is
// folded.
func (s *TimeSum[T]) Rows(dst []T) {
	clear(dst)
	for lo := 0; lo < len(s.total); lo += len(dst) {
		for j, v := range s.total[lo : lo+len(dst)] {
			dst[j] += T(v)
		}
	}
}

// RowSum is the gradient of weights, a sum over the rows [T·B] of a sequence from the last to the
// first, of which pieces may come one by one.
type RowSum[T Float] struct{ total []float64 }

// foldRows is how many rows a part has, in sequences of more than shortRows: with fewer the sums of
// sparse rows would take longer. A sum of 4096 numbers of one size is 5e-5 off.
const (
	foldRows  = 1 << 12
	shortRows = 1 << 14
)

// Span is a piece of a sequence: rows From to To of All.
type Span struct{ From, To, All int }

// Add lets f add the products of the rows [from, to) of the piece to dst, or write them there where
// more is false, from the last to the first, and leaves the sum in dst when all of the sequence has
// been added.
func (s *RowSum[T]) Add(dst []T, p Span, f func(from, to int, more bool)) {
	more := p.To < p.All
	if !single[T]() || p.All <= shortRows {
		f(0, p.To-p.From, more)
		return
	}
	if !more {
		s.total = resize(s.total, len(dst))
		clear(s.total)
	}
	for hi := p.To; hi > p.From || !more; more = true {
		lo := max(p.From, (hi-1)/foldRows*foldRows)
		f(lo-p.From, hi-p.From, more)
		if hi = lo; lo%foldRows == 0 {
			s.fold(dst)
		}
	}
	if p.From == 0 {
		for j, v := range s.total {
			dst[j] = T(v)
		}
	}
}

func (s *RowSum[T]) fold(dst []T) {
	Accumulate(s.total, dst)
	clear(dst)
}

// CountedSum is a sum of rows that come one by one, in the order in which they come.
type CountedSum[T Float] struct {
	Part  []T
	total []float64
	rows  int
}

// Begin makes room for n numbers, zeros.
func (s *CountedSum[T]) Begin(n int) {
	s.Part, s.rows = resize(s.Part, n), 0
	clear(s.Part)
}

// Row counts a row that has been added to Part.
func (s *CountedSum[T]) Row() {
	if s.rows++; s.rows%foldRows != 0 || !single[T]() {
		return
	}
	if s.rows == foldRows {
		s.total = resize(s.total, len(s.Part))
		clear(s.total)
	}
	Accumulate(s.total, s.Part)
	clear(s.Part)
}

// End leaves the sum in Part.
func (s *CountedSum[T]) End() {
	if s.rows < foldRows || !single[T]() {
		return
	}
	for j, v := range s.Part {
		s.Part[j] = T(s.total[j] + float64(v))
	}
}
