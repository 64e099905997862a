package kernel

// Load copies the piece of src that begins at the index at into dst, or zeros if src is
// nil: a gradient that nobody gave.
func Load[T any](dst, src []T, at int) {
	if src == nil {
		clear(dst)
	} else {
		copy(dst, src[at:])
	}
}

// Store copies src into dst, from the index at on, unless dst is nil: a result that nobody
// wants.
func Store[T any](dst, src []T, at int) {
	if dst != nil {
		copy(dst[at:], src)
	}
}
