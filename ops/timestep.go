package ops

// Timed is an operation or a [Kernel] that is made for a time step, in s; 0: for any. Package
// graph ends the build of a program with another one.
type Timed interface{ TimeStep() float64 }

func timeStep(of any) float64 {
	if t, ok := of.(Timed); ok {
		return t.TimeStep()
	}
	return 0
}

// TimeStep returns the time step of the kernel.
func (r *run[T]) TimeStep() float64 { return timeStep(r.Kernel) }

// TimeStep returns the time step of the kernel.
func (o forwardOp) TimeStep() float64 { return timeStep(o.kernel) }

// TimeStep returns the time step of the function.
func (o *valueOp) TimeStep() float64 { return timeStep(o.f) }

// TimeStep returns the time step of the function.
func (s scalarFunction) TimeStep() float64 { return s.dt }

// TimeStep returns the time step in which spikes are counted.
func (k *firstSpike[T]) TimeStep() float64 { return k.step64 }
