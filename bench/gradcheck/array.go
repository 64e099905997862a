package gradcheck

// array is a tensor in the plainest form, row-major: what the independent values of
// Gorgonia's operations are written with.
type array struct {
	shape []int
	v     []float64
}

func size(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

// arrayOf returns the array whose element at idx is f(idx).
func arrayOf(shape []int, f func(idx []int) float64) array {
	a := array{shape, make([]float64, size(shape))}
	each(shape, func(i int, idx []int) { a.v[i] = f(idx) })
	return a
}

// each calls f for all indices of a shape in order. idx is used again.
func each(shape []int, f func(i int, idx []int)) {
	idx := make([]int, len(shape))
	for i := range size(shape) {
		f(i, idx)
		for k := len(idx) - 1; k >= 0; k-- {
			if idx[k]++; idx[k] < shape[k] {
				break
			}
			idx[k] = 0
		}
	}
}

func (a array) at(idx ...int) float64 {
	i := 0
	for k, x := range idx {
		i = i*a.shape[k] + x
	}
	return a.v[i]
}

// as returns the same elements under another shape.
func (a array) as(shape ...int) array { return array{shape, a.v} }

// reduce folds the given axes, all of them if there are none, which vanish.
func (a array) reduce(axes []int, f func(x []float64) float64) array {
	gone := make([]bool, len(a.shape))
	for _, k := range axes {
		gone[k] = true
	}
	var shape []int
	for k, n := range a.shape {
		if gone[k] = gone[k] || len(axes) == 0; !gone[k] {
			shape = append(shape, n)
		}
	}
	parts := make([][]float64, size(shape))
	each(a.shape, func(i int, idx []int) {
		to := 0
		for k, n := range a.shape {
			if !gone[k] {
				to = to*n + idx[k]
			}
		}
		parts[to] = append(parts[to], a.v[i])
	})
	out := array{shape, make([]float64, len(parts))}
	for i, p := range parts {
		out.v[i] = f(p)
	}
	return out
}

// alongAxis applies f to every line along an axis.
func (a array) alongAxis(axis int, f func(x []float64) []float64) array {
	out := array{a.shape, make([]float64, len(a.v))}
	stride := size(a.shape[axis+1:])
	n := a.shape[axis]
	for i := range a.v {
		if i/stride%n != 0 {
			continue
		}
		line := make([]float64, n)
		for k := range line {
			line[k] = a.v[i+k*stride]
		}
		for k, y := range f(line) {
			out.v[i+k*stride] = y
		}
	}
	return out
}

func (a array) apply(f func(float64) float64) array {
	return arrayOf(a.shape, func(idx []int) float64 { return f(a.at(idx...)) })
}

// mul is the matrix product of [m, k] and [k, n].
func (a array) mul(b array) array {
	return arrayOf([]int{a.shape[0], b.shape[1]}, func(idx []int) float64 {
		sum := 0.0
		for k := range a.shape[1] {
			sum += a.at(idx[0], k) * b.at(k, idx[1])
		}
		return sum
	})
}

// permute returns the array with its axes in another order.
func (a array) permute(axes ...int) array {
	shape := make([]int, len(axes))
	for k, ax := range axes {
		shape[k] = a.shape[ax]
	}
	from := make([]int, len(axes))
	return arrayOf(shape, func(idx []int) float64 {
		for k, ax := range axes {
			from[ax] = idx[k]
		}
		return a.at(from...)
	})
}

// part returns the elements from[k] <= idx[k] < to[k], every step[k]-th.
func (a array) part(from, to, step []int) array {
	shape := make([]int, len(from))
	for k := range shape {
		shape[k] = (to[k] - from[k] + step[k] - 1) / step[k]
	}
	at := make([]int, len(from))
	return arrayOf(shape, func(idx []int) float64 {
		for k := range idx {
			at[k] = from[k] + idx[k]*step[k]
		}
		return a.at(at...)
	})
}
