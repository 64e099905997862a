package nir

import "math"

// state is what a node remembers, and its input and output in a step.
type state struct {
	x, y []float64
	v, i []float64
	past [][]float64 // of a Delay: the inputs, the newest last
	next []float64   // of neurons that spike late: the output of the next step
}

func (r *runNode) start() *state {
	in := r.in
	if in == nil {
		in = r.out
	}
	n := size(r.out)
	s := &state{x: make([]float64, size(in)), y: make([]float64, n)}
	if r.step.Alpha != nil {
		s.v, s.i = make([]float64, n), make([]float64, n)
		copy(s.v, r.step.Start)
		s.next = make([]float64, n)
	}
	return s
}

// collect adds up the inputs of node i; from nodes behind in the order come the outputs of the step
// before.
func (r *runNode) collect(states []*state, i int) {
	x := states[i].x
	clear(x)
	for _, from := range r.sources {
		y := states[from].y
		if r.ahead {
			y = states[from].next
		}
		for j, v := range y {
			x[j] += v
		}
	}
}

// run computes y from x.
func (r *runNode) run(s *state) {
	switch r.Kind {
	case "Input", "Output", "Flatten":
		if copy(s.y, s.x); r.lastly {
			for j, x := range s.x {
				area := len(s.x) / r.in[0]
				s.y[j%area*r.in[0]+j/area] = x
			}
		}
	case "Scale":
		for j, f := range r.values("scale", len(s.y), 1) {
			s.y[j] = s.x[j] * f
		}
	case "Linear", "Affine":
		r.linear(s)
	case "Conv1d", "Conv2d":
		r.convolve(s)
	case "SumPool2d", "AvgPool2d":
		r.pool(s)
	case "Delay":
		r.delayed(s)
	default:
		r.step.run(s)
	}
}

func (r *runNode) linear(s *state) {
	cols := len(s.x)
	bias, biased := r.Values["bias"]
	for i := range s.y {
		row, sum := r.weight[i*cols:(i+1)*cols], 0.0
		for j, x := range s.x {
			if x != 0 {
				sum += x * row[j]
			}
		}
		if biased {
			sum += bias.Data[i]
		}
		s.y[i] = sum
	}
}

func (r *runNode) delayed(s *state) {
	s.past = append(s.past, append([]float64(nil), s.x...))
	before := func(j, steps int) float64 {
		if at := len(s.past) - 1 - steps; at >= 0 {
			return s.past[at][j]
		}
		return 0
	}
	most := 0
	for j, d := range r.delay {
		n := int(d)
		s.y[j] = before(j, n)
		if f := d - float64(n); f > 0 {
			s.y[j] = (1-f)*s.y[j] + f*before(j, n+1)
		}
		most = max(most, n+1)
	}
	if len(s.past) > most {
		s.past = s.past[1:]
	}
}

// run is a time step of neurons.
func (p *Step) run(s *state) {
	for j, x := range s.x {
		u := s.v[j]
		var spike float64
		carried, behind := 0.0, (p.Undecayed || p.Blank) && u > p.VTh[j]
		if p.Carry && u > p.VTh[j] {
			carried = p.VTh[j]
		}
		if p.Late { // spike and reset of the step before
			spike = p.spike(u, j)
			u = p.after(u, spike, j)
		}
		if p.Synapse {
			s.i[j] = p.Beta[j]*s.i[j] + p.GainIn[j]*x
			x = s.i[j]
		}
		u = p.Alpha[j]*u + p.Gain[j]*x + p.Offset[j] - carried
		switch {
		case behind && p.Blank:
			u = p.VReset[j]
		case behind:
			u -= p.VTh[j]
		}
		switch {
		case !p.Spikes:
			s.y[j] = u
		case p.Late:
			s.y[j] = spike
		default:
			s.y[j] = p.spike(u, j)
			u = p.after(u, s.y[j], j) + carried
		}
		if p.Floor != nil {
			u = max(u, p.Floor[j])
		}
		s.v[j] = u
		if p.Late {
			s.next[j] = p.spike(u, j)
		}
	}
}

func (p *Step) spike(u float64, j int) float64 {
	switch th := p.VTh[j]; {
	case u > th || p.AtThreshold && u == th:
		if p.Several && th > 0 {
			return max(math.Floor(u/th), 1)
		}
		return 1
	}
	return 0
}

// after is the voltage after the spikes of a step.
func (p *Step) after(u, spikes float64, j int) float64 {
	switch {
	case spikes == 0 || p.Reset == NoReset || p.Undecayed || p.Blank:
		return u
	case p.Reset == Subtract:
		return u - spikes*p.VTh[j]
	}
	return p.VReset[j]
}

// at goes through the elements of a window: for each output, the pairs of an offset in the kernel
// and in the input. Inputs outside, which are 0, are left out.
func (w window) at(spatial []int, out int, each func(kernel, input int)) {
	dims := len(w.kernel)
	origin := make([]int, dims)
	for i := dims - 1; i >= 0; i-- {
		origin[i] = out%w.out[i]*w.stride[i] - w.before[i]
		out /= w.out[i]
	}
	for k := range size(w.kernel) {
		rest, input, stride, inside := k, 0, 1, true
		for i := dims - 1; i >= 0; i-- {
			at := origin[i] + rest%w.kernel[i]*w.dilation[i]
			rest /= w.kernel[i]
			inside = inside && at >= 0 && at < spatial[i]
			input += at * stride
			stride *= spatial[i]
		}
		if inside {
			each(k, input)
		}
	}
}

func (r *runNode) convolve(s *state) {
	w := r.Values["weight"]
	out, perGroup, kernel := w.Shape[0], w.Shape[1], size(w.Shape[2:])
	spatial := r.in[1:]
	area, places := size(spatial), size(r.window.out)
	bias := r.Values["bias"].Data
	for o := range out {
		first := o / (out / r.groups) * perGroup
		for p := range places {
			sum := 0.0
			for c := range perGroup {
				from, weights := s.x[(first+c)*area:], w.Data[(o*perGroup+c)*kernel:]
				r.window.at(spatial, p, func(k, i int) {
					if x := from[i]; x != 0 {
						sum += x * weights[k]
					}
				})
			}
			s.y[o*places+p] = sum + bias[o]
		}
	}
}

func (r *runNode) pool(s *state) {
	spatial := r.in[1:]
	area, places := size(spatial), size(r.window.out)
	n := 1.0
	if r.Kind == "AvgPool2d" { // zeros of the padding count, as in PyTorch's default
		n = float64(size(r.window.kernel))
	}
	for c := range r.in[0] {
		for p := range places {
			sum := 0.0
			r.window.at(spatial, p, func(_, i int) { sum += s.x[c*area+i] })
			s.y[c*places+p] = sum / n
		}
	}
}
