package replay

import "strings"

// names are the names of params and inputs that the case files of each model may use. A model need
// not read all of them (many repeat what the shapes of the inputs say); every other name is an
// error.
var names = map[string]struct{ params, inputs []string }{
	"alphasynapse": {
		params: strings.Fields("n_in n_out batch T dt tau_decay g_syn_bar syn_rest resist_scale is_nonplastic"),
		inputs: strings.Fields("weights inputs v loss_weights"),
	},
	"biasgen_lookup": {
		params: strings.Fields("parameter"),
		inputs: strings.Fields("current"),
	},
	"dynapsim": {
		params: strings.Fields("N T batch recurrent percent_mismatch gradient_rule"),
		inputs: strings.Fields(`
			input A w_rec Idc If_nmda Igain_ahp Igain_mem Igain_syn Ipulse_ahp Ipulse Iref Ispkthr Itau_ahp
			Itau_mem Itau_syn Iw_ahp C_ahp C_syn C_pulse_ahp C_pulse C_ref C_mem Io kappa_n kappa_p Ut Vth
			Iscale dt state0_iahp state0_iampa state0_igaba state0_imem state0_inmda state0_ishunt state0_spikes
			state0_timer_ref state0_vmem
		`),
	},
	"dynapsim_truth": {
		params: strings.Fields("dt weight currents layout gradient_rule"),
	},
	"event_lif": {
		params: strings.Fields("n_in hidden n_spikes t_max tau_syn tau_mem v_th v_leak v_reset"),
		inputs: strings.Fields("w_in t_in idx_in target loss_c"),
	},
	"event_lif_exact": {
		params: strings.Fields(`
			tau_mem tau_syn v_th v_leak v_reset v_init t_max tau_mem_out tau_syn_out n_in n n_out recurrent
			delays seed
		`),
		inputs: strings.Fields("t_in w_in w_rec w_out d_in d_rec c_first c_all c_max c_int"),
	},
	"event_lif_hardware": {
		params: strings.Fields("n_in hidden layers n_spikes t_max jitter_of_known_times tau_syn tau_mem v_th v_leak v_reset"),
		inputs: strings.Fields("w_in t_in idx_in known_time known_idx target loss_c w_rec"),
	},
	"event_lif_layers": {
		params: strings.Fields("n_in h1 h2 n_spikes1 n_spikes2 t_max tau_syn tau_mem v_th v_leak v_reset"),
		inputs: strings.Fields("w1 w2 t_in idx_in target loss_c"),
	},
	"event_lif_recurrent": {
		params: strings.Fields("n_in hidden n_spikes t_max tau_syn tau_mem v_th v_leak v_reset layers"),
		inputs: strings.Fields("w_in t_in idx_in target loss_c w_rec"),
	},
	"expsyn": {
		params: strings.Fields("N batch T dt noise_std"),
		inputs: strings.Fields("tau input isyn0 target"),
	},
	"step_pwl": {
		params: strings.Fields("n"),
		inputs: strings.Fields("imem Ispkthr Ireset max_spikes_per_dt tangent_imem tangent_Ispkthr tangent_Ireset tangent_max"),
	},
	"ttfs_solver": {
		params: strings.Fields("tau_syn v_th"),
		inputs: strings.Fields("tau_mem_over_tau_syn V I t_max"),
	},
	"wtas": {
		params: strings.Fields(`
			n_units batch T dt t0 tau_m resist_m thr_base thr_gain refract_time thr_jitter surrogate
			surrogate_params
		`),
		inputs: strings.Fields("j thr0 loss_weights"),
	},
}
