package graph

import G "gorgonia.org/gorgonia"

// BuildWithGorgoniasGrad is Build with the gradient by Gorgonia's Grad.
func BuildWithGorgoniasGrad(params *Params, settings Settings, model func(*Builder)) (p *Program, err error) {
	defer recovered(&err)
	s, err := settings.withDefaults()
	if err != nil {
		return nil, err
	}
	b := newBuilder(params, s, 0)
	model(b)
	var wrt []*G.Node
	for _, p := range b.trained {
		wrt = append(wrt, p.node)
	}
	grads, err := G.Grad(b.loss, wrt...)
	if err != nil {
		return nil, err
	}
	for i, p := range b.trained {
		p.node = grads[i]
	}
	b.recordAll()
	return b.program(1)
}
