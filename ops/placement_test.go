package ops

import "testing"

// TestPlacement: states that are held never outnumber the slots, each piece finds the state before
// it, and none is computed more often than newChain promises.
func TestPlacement(t *testing.T) {
	for _, length := range []int{1, 2, 3, 7, 16, 50, 1000} {
		for pieces := 2; pieces <= 400; pieces++ {
			c := newChain(pieces*length, length)
			c.trained = true
			times, most := make([]int, pieces), 0
			known := map[int]bool{}
			advance := func(from, to int) { // chain.advance without kernels
				for n, next := from, c.hold(from, to); n <= to; n++ {
					if n != from && !known[n] {
						t.Fatalf("%d pieces of %d: piece %d without its state", pieces, length, n)
					}
					if n+1 == next {
						c.held = append(c.held, next)
						next = c.hold(next, to)
					}
					known[n+1] = true
					times[n]++
				}
				most = max(most, len(c.held))
			}
			advance(0, pieces-1)
			for n := pieces - 2; n >= 0; n-- {
				advance(c.back(n), n)
			}
			allowed := 1
			for allowed <= mostRepeats && reach(c.slots+1, allowed) < pieces {
				allowed++
			}
			for n, k := range times {
				if k < 1 || k > allowed+1 {
					t.Errorf("%d pieces of %d steps with %d slots: piece %d is computed %d times, want at most %d", pieces, length, c.slots, n, k, allowed+1)
				}
			}
			if most > c.slots+1 {
				t.Errorf("%d pieces of %d steps: %d states are held, with %d slots", pieces, length, most, c.slots)
			}
		}
	}
}
