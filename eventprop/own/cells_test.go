package own_test

import "github.com/surge-snn/surge/internal/fmath"

// lif is the LIF neuron of package eventprop.
type lif struct{}

func (lif) States() []string { return []string{"V", "I"} }
func (lif) Params() []string { return []string{"tau_mem", "tau_syn", "v_th", "v_leak", "v_reset"} }
func (lif) Slope(dx, x, p []float64) {
	dx[0], dx[1] = (p[3]-x[0]+x[1])/p[0], -x[1]/p[1]
}
func (lif) PullSlope(ax, ap, a, x, p []float64) {
	m, s := a[0]/p[0], a[1]/p[1]
	ax[0] -= m
	ax[1] += m - s
	ap[0] -= m * (p[3] - x[0] + x[1]) / p[0]
	ap[1] += s * x[1] / p[1]
	ap[3] += m
}
func (lif) Threshold(x, p []float64) float64 { return x[0] - p[2] }
func (lif) PullThreshold(ax, ap []float64, a float64, x, p []float64) {
	ax[0] += a
	ap[2] -= a
}
func (lif) Reset(x, p []float64) { x[0] = p[4] }
func (lif) PullReset(a, ap, x, p []float64) {
	ap[4] += a[0]
	a[0] = 0
}
func (lif) Start(x, p []float64)         { x[0] = p[3] }
func (lif) PullStart(ap, a, p []float64) { ap[3] += a[0] }

// qif is equation.QIF, with V in place of a ratio.
type qif struct{}

func (qif) States() []string { return []string{"V", "I"} }
func (qif) Params() []string {
	return []string{"tau_mem", "tau_syn", "i_ext", "v_th", "v_reset", "v_init"}
}
func (qif) Slope(dx, x, p []float64) {
	dx[0], dx[1] = (float64(x[0]*x[0])+x[1]+p[2])/p[0], -x[1]/p[1]
}
func (qif) PullSlope(ax, ap, a, x, p []float64) {
	m, s := a[0]/p[0], a[1]/p[1]
	ax[0] += 2 * m * x[0]
	ax[1] += m - s
	ap[0] -= m * (x[0]*x[0] + x[1] + p[2]) / p[0]
	ap[1] += s * x[1] / p[1]
	ap[2] += m
}
func (qif) Threshold(x, p []float64) float64 { return x[0] - p[3] }
func (qif) PullThreshold(ax, ap []float64, a float64, x, p []float64) {
	ax[0] += a
	ap[3] -= a
}
func (qif) Reset(x, p []float64) { x[0] = p[4] }
func (qif) PullReset(a, ap, x, p []float64) {
	ap[4] += a[0]
	a[0] = 0
}
func (qif) Start(x, p []float64)         { x[0] = p[5] }
func (qif) PullStart(ap, a, p []float64) { ap[5] += a[0] }

// conductance is a neuron whose arrivals open a synapse, saturate and push V, whose threshold
// adapts and moves with V, and whose reset is a fraction of where it was: everything that the
// functions of a cell can depend on.
type conductance struct{}

func (conductance) States() []string { return []string{"V", "G", "B"} }
func (conductance) Params() []string {
	return []string{"tau_mem", "tau_syn", "tau_b", "e", "v_th", "jump", "keep", "full"}
}
func (conductance) Slope(dx, x, p []float64) {
	dx[0], dx[1], dx[2] = (float64(x[1]*(p[3]-x[0]))-fmath.Sin(x[0]))/p[0], -x[1]/p[1], (x[0]-x[2])/p[2]
}
func (conductance) PullSlope(ax, ap, a, x, p []float64) {
	m, s, b := a[0]/p[0], a[1]/p[1], a[2]/p[2]
	ax[0] += b - m*(x[1]+fmath.Cos(x[0]))
	ax[1] += m*(p[3]-x[0]) - s
	ax[2] -= b
	ap[0] -= m * (x[1]*(p[3]-x[0]) - fmath.Sin(x[0])) / p[0]
	ap[1] += s * x[1] / p[1]
	ap[2] -= b * (x[0] - x[2]) / p[2]
	ap[3] += m * x[1]
}
func (conductance) Threshold(x, p []float64) float64 { return x[0] - p[4] - float64(x[2]*x[2]) }
func (conductance) PullThreshold(ax, ap []float64, a float64, x, p []float64) {
	ax[0] += a
	ax[2] -= 2 * a * x[2]
	ap[4] -= a
}
func (conductance) Reset(x, p []float64) { x[0], x[2] = p[6]*x[0], x[2]+p[5] }
func (conductance) PullReset(a, ap, x, p []float64) {
	ap[5] += a[2]
	ap[6] += a[0] * x[0]
	a[0] *= p[6]
}
func (conductance) Arrive(x []float64, w float64, p []float64) {
	x[0], x[1] = x[0]+float64(0.1*w*p[5]), x[1]+float64(w*(p[7]-x[1]))
}
func (conductance) PullArrive(a, ap, x []float64, w float64, p []float64) float64 {
	ap[5] += 0.1 * w * a[0]
	ap[7] += w * a[1]
	dw := 0.1*p[5]*a[0] + (p[7]-x[1])*a[1]
	a[1] *= 1 - w
	return dw
}
func (conductance) Start(x, p []float64)         { x[2] = 0.1 * p[5] }
func (conductance) PullStart(ap, a, p []float64) { ap[5] += 0.1 * a[2] }
