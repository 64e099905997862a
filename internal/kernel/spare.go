package kernel

import "sync"

// Spare keeps values that nobody uses for the next who takes one. Other than a sync.Pool it gives
// none up: what has run once allocates nothing any more, whatever the collector does and also
// under the race detector, where a sync.Pool drops values at random.
type Spare[V any] struct {
	mu   sync.Mutex
	free []*V
}

// Take returns a value that was kept, or nil.
func (s *Spare[V]) Take() *V {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.free)
	if n == 0 {
		return nil
	}
	v := s.free[n-1]
	s.free = s.free[:n-1]
	return v
}

// Keep takes a value back.
func (s *Spare[V]) Keep(v *V) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, v)
}
