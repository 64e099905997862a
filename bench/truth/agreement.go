package truth

import "math"

// Agreement compares two gradients that are means over the same groups of inputs. The noise of the
// means makes a cosine smaller, and what the inputs do to both does not: the values are freed of
// that bias, and have the standard errors, of the jackknife that leaves out a group (Efron 1982,
// doi:10.1137/1.9781611970319). A cosine may come out above 1.
type Agreement struct {
	Cosine   float64 `json:"cosine"`
	CosineSE float64 `json:"cosine_se"`
	Ratio    float64 `json:"ratio"` // of norms
	RatioSE  float64 `json:"ratio_se"`
	Signs    float64 `json:"signs"` // share of equal ones
}

// agree compares the means over groups of two gradients, [group][parameter], in the chosen
// parameters. Zeros are what cannot be compared.
func agree(a, b [][]float64, chosen []int) (g Agreement) {
	n := len(a)
	if n == 0 || n != len(b) || len(chosen) == 0 {
		return g
	}
	meanA, meanB := means(a, chosen), means(b, chosen)
	g.Cosine, g.Ratio = compare(meanA, meanB)
	for k, x := range meanA {
		if x*meanB[k] > 0 {
			g.Signs += 1 / float64(len(chosen))
		}
	}
	if n < 2 {
		return g
	}
	var cos, ratio moments
	leftA, leftB := make([]float64, len(chosen)), make([]float64, len(chosen))
	for i := range n {
		for k, p := range chosen {
			leftA[k] = meanA[k] + (meanA[k]-a[i][p])/float64(n-1)
			leftB[k] = meanB[k] + (meanB[k]-b[i][p])/float64(n-1)
		}
		c, r := compare(leftA, leftB)
		cos.add(1, c, 0)
		ratio.add(1, r, 0)
	}
	of := func(all float64, left moments) (value, se float64) {
		e := left.estimate() // its error has 1/n² of the squares, that of the jackknife (n-1)/n
		return all + float64(n-1)*(all-e.Value), math.Sqrt(float64(n)*float64(n-1)) * e.SE
	}
	g.Cosine, g.CosineSE = of(g.Cosine, cos)
	g.Ratio, g.RatioSE = of(g.Ratio, ratio)
	return g
}

// compare returns the cosine between two gradients and the ratio of their norms; zeros where one
// of them is 0.
func compare(a, b []float64) (cos, ratio float64) {
	var aa, bb, ab float64
	for k, x := range a {
		aa, bb, ab = aa+float64(x*x), bb+float64(b[k]*b[k]), ab+float64(x*b[k])
	}
	if aa == 0 || bb == 0 {
		return 0, 0
	}
	return ab / math.Sqrt(aa) / math.Sqrt(bb), math.Sqrt(aa / bb)
}

// means returns the means over groups of the chosen parameters.
func means(x [][]float64, chosen []int) []float64 {
	m := make([]float64, len(chosen))
	for _, group := range x {
		for k, p := range chosen {
			m[k] += group[p] / float64(len(x))
		}
	}
	return m
}
