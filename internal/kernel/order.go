package kernel

// Order is how the rows t·Batch + b of a sequence lie in memory: blocks of rows of the batch, each
// with all its time steps, so that what goroutines write at a time is far apart. With a Block of 0
// they lie one after the other.
type Order struct{ Batch, Block, Steps int }

// Place returns where row r lies, counted in rows.
func (o Order) Place(r int) int {
	if o.Block == 0 {
		return r
	}
	t, b := uint32(r)/uint32(o.Batch), uint32(r)%uint32(o.Batch)
	first := b - b%uint32(o.Block)
	return int(first)*o.Steps + int(t*min(uint32(o.Block), uint32(o.Batch)-first)+b-first)
}

// Row is the inverse of Place.
func (o Order) Row(place int) int {
	if o.Block == 0 {
		return place
	}
	first := place / (o.Block * o.Steps) * o.Block
	block := min(o.Block, o.Batch-first)
	rest := place - first*o.Steps
	return rest/block*o.Batch + first + rest%block
}

// Run returns how many rows from r on lie one after the other, at most most of them.
func (o Order) Run(r, most int) int {
	if o.Block == 0 {
		return most
	}
	b := r % o.Batch
	return min(most, o.Block-b%o.Block, o.Batch-b)
}

// RunBack is Run for the rows before r, of which the last one is r-1.
func (o Order) RunBack(r, most int) int {
	if o.Block == 0 {
		return most
	}
	return min(most, (r-1)%o.Batch%o.Block+1)
}
