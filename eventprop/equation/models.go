package equation

// The neurons of the literature. Times are in seconds, V and I in one unit of voltage.
const (
	// LIF is the leaky integrate-and-fire neuron with an exponential current and an absolute
	// refractory time, whose gradients are those of Wunderlich and Pehle 2021,
	// doi:10.1038/s41598-021-91786-z.
	LIF = `
dV/dt = (v_leak - V + I)/tau_mem
dI/dt = -I/tau_syn
threshold: V - v_th
reset: V = v_reset
hold: V for t_ref
input: I = I + w
start: V = v_leak`

	// Alpha is LIF with a double-exponential current: an arrival adds to S, which charges I. Equal
	// time constants make it the alpha function (Rotter and Diesmann 1999,
	// doi:10.1007/s004220050570).
	Alpha = `
dV/dt = (v_leak - V + I)/tau_mem
dI/dt = (S - I)/tau_syn
dS/dt = -S/tau_rise
threshold: V - v_th
reset: V = v_reset
hold: V for t_ref
input: S = S + w
start: V = v_leak`

	// ALIF is LIF with an adapting threshold: each spike raises it by beta, which decays with
	// tau_adapt (Bellec et al. 2018, arXiv:1803.09574).
	ALIF = `
dV/dt = (v_leak - V + I)/tau_mem
dI/dt = -I/tau_syn
dB/dt = -B/tau_adapt
threshold: V - v_th - B
reset: V = v_reset
reset: B = B + beta
input: I = I + w
start: V = v_leak`

	// QIF is the quadratic neuron,
	//
	//	tau_mem dV/dt = V^2 + I + i_ext
	//
	// which spikes at the finite v_th (Ermentrout and Kopell 1986, doi:10.1137/0146017). Its
	// equation is one of Riccati: with V = x/y it is linear, and has no poles that would make steps
	// short.
	QIF = `
dy/dt = -x/tau_mem
dx/dt = (I + i_ext)*y/tau_mem
dI/dt = -I/tau_syn
ratio: x y
threshold: x - v_th*y
reset: y = 1
reset: x = v_reset
input: I = I + w
start: y = 1
start: x = v_init`

	// Theta is QIF that spikes at infinity, from where it comes back at minus infinity, with V =
	// tan(theta/2) = x/y. Its spikes appear and vanish smoothly (Klos and Memmesheimer 2023,
	// arXiv:2309.14523).
	Theta = `
dy/dt = -x/tau_mem
dx/dt = (I + i_ext)*y/tau_mem
dI/dt = -I/tau_syn
ratio: x y
threshold: -y
reset: y = 0
reset: x = -1
input: I = I + w
start: y = cos(theta_init/2)
start: x = sin(theta_init/2)`

	// EIF is the exponential neuron (Fourcaud-Trocme et al. 2003,
	// doi:10.1523/JNEUROSCI.23-37-11628.2003).
	EIF = `
dV/dt = (v_leak - V + delta_t*exp((V - v_t)/delta_t) + I)/tau_mem
dI/dt = -I/tau_syn
threshold: V - v_th
reset: V = v_reset
hold: V for t_ref
input: I = I + w
start: V = v_leak`

	// AdEx is EIF with an adaptation current A (Brette and Gerstner 2005,
	// doi:10.1152/jn.00686.2005).
	AdEx = `
dV/dt = (v_leak - V + delta_t*exp((V - v_t)/delta_t) + I - A)/tau_mem
dI/dt = -I/tau_syn
dA/dt = (a*(V - v_leak) - A)/tau_adapt
threshold: V - v_th
reset: V = v_reset
reset: A = A + b
hold: V for t_ref
input: I = I + w
start: V = v_leak`

	// Izhikevich is the neuron of Izhikevich 2003 (doi:10.1109/TNN.2003.820440) in its own units, V
	// in mV and U, but for the time, which is in seconds.
	Izhikevich = `
dV/dt = 1000*(0.04*V^2 + 5*V + 140 - U + I)
dU/dt = 1000*a*(b*V - U)
dI/dt = -I/tau_syn
threshold: V - 30
reset: V = c
reset: U = U + d
input: I = I + w
start: V = c
start: U = b*c`
)
