package train

import (
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// setTargets gives a program the targets of the batch.
func (n *Network) setTargets(p *pass, b *data.Batch) error {
	target := n.method.Target
	switch target.Kind {
	case data.ClassTarget:
		n.class = n.class[:0]
		for _, l := range b.Labels[:p.rows] {
			n.class = append(n.class, float32(l))
		}
		return p.prog.Set(className, n.class)
	case data.VectorTarget:
		n.y = n.y[:0]
		for _, y := range b.Y[:p.rows] {
			for _, v := range y {
				n.y = append(n.y, float32(v))
			}
		}
		return p.prog.Set(targetName, n.y)
	}
	stride := p.rows * target.Size
	n.y, n.w = zeros(n.y, b.Steps*stride), zeros(n.w, b.Steps*stride)
	for r := range p.rows {
		length := b.Lengths[r]
		share := float32(1 / (float64(stride) * float64(length)))
		for t := range length {
			for i := range target.Size {
				n.w[t*stride+r*target.Size+i] = share
			}
		}
		if target.Kind == data.SequenceTarget {
			for t := range b.Steps {
				// A step of a sequence may last for several time steps.
				from := t * (len(b.Y[r]) / target.Size) / length
				for i := range target.Size {
					if t < length {
						n.y[t*stride+r*target.Size+i] = float32(b.Y[r][from*target.Size+i])
					}
				}
			}
			continue
		}
		for _, s := range b.Times[r] {
			if t := data.StepOf(s.Time, b.Dt); t < float64(b.Steps) {
				n.y[int(t)*stride+r*target.Size+s.Channel]++
			}
		}
	}
	if err := p.prog.Set(targetName, n.y); err != nil {
		return err
	}
	return p.prog.Set(weightName, n.w)
}

// zeros returns x with the length n, all zero.
func zeros(x []float32, n int) []float32 {
	if cap(x) < n {
		return make([]float32, n)
	}
	x = x[:n]
	clear(x)
	return x
}

// answerOf returns the target of a row.
func answerOf(t data.Target, r *data.Rows, row int) Answer {
	return Answer{Kind: t.Kind, Size: t.Size, Label: r.Labels[row], Y: r.Y[row], Spikes: r.Times[row]}
}

// spikesOf returns the spikes of the row that was read last, of a target of spikes.
func (n *Network) spikesOf(b *data.Batch) []data.Spike {
	if n.method.Target.Kind != data.SpikeTarget {
		return nil
	}
	n.out = spikesOf(n.out[:0], n.row, n.method.Target.Size, b.Dt)
	return n.out
}

// spikesOf appends the spikes in the steps of a row [length, size] to dst, each at the beginning of
// its step.
func spikesOf(dst []data.Spike, row []float64, size int, dt float64) []data.Spike {
	for i, count := range row {
		for range int(count + 0.5) {
			dst = append(dst, data.Spike{Time: float64(i/size) * dt, Channel: i % size})
		}
	}
	return dst
}

// rowOf appends what a network gives for one of so many rows to dst: logits, a vector, or the first
// length steps of a sequence.
func rowOf(dst []float64, l optim.Leaf, row, rows int, t data.Target, length int) []float64 {
	size := t.Size
	if t.Kind == data.ClassTarget {
		size = l.Len() / rows
	}
	if t.Kind == data.ClassTarget || t.Kind == data.VectorTarget {
		length = 1
	}
	for step := range length {
		for i := range size {
			dst = append(dst, at(l, (step*rows+row)*size+i))
		}
	}
	return dst
}
