package lanes

// Advance sets v1, i1 to the states after an interval, from v, i, all of one length, and the bits in mask of the
// neurons that may have crossed the threshold q on the way: they are over it at the end, or
// V has a maximum on the way and the current could lift it so far.
//
//	v1_j = Mem v_j + Kappa i_j,  i1_j = Syn i_j
//	bit j = v1_j >= q or i_j > q and i1_j < v1_j
//
// mask has [Words] elements; bits without a neuron are 0.
func Advance[T Float](mask []uint64, v1, i1, v, i []T, f Factors[T], q T) {
	advance(mask, v1, i1, v, i, f, q)
}

// Retreat carries the adjoints a = dL/dV, b = dL/dI, of one length, from the end of an interval to its beginning:
//
//	b_j <- Kappa a_j + Syn b_j,  a_j <- Mem a_j
func Retreat[T Float](a, b []T, f Factors[T]) { retreat(a, b, f) }

// Add adds x to y, which has the same length.
func Add[T Float](y, x []T) { add(y, x) }

// Moved returns the derivative with respect to the time of an event that adds w to the currents,
//
//	sum_j w_j (b_j beta - a_j alpha)
//
// with the adjoints a, b of [Retreat], and alpha = 1/TauMem, beta = 1/TauSyn. Lane l sums the elements
// j = l mod [Width] by rising j, and then lane l < 4 takes lane l + 4, l < 2 takes l + 2, 0 takes 1.
func Moved[T Float](w, a, b []T, alpha, beta T) T { return moved(w, a, b, alpha, beta) }

// Finite tells whether no element is infinite or NaN.
func Finite[T Float](x []T) bool { return finite(x) }
