package data

// Encoders are the encoders that a configuration file can name, as encode.kind of surge train does.
// See [Catalogue] for how to add one. The time step is that of the network and no parameter of
// theirs.
var Encoders = Catalogue[Encoder]{
	{"ttfs", "one spike for each feature, the later the larger it is, and one of a further channel", func(p *Params) Encoder {
		e := TTFSBias{
			TEarly: p.Float("t_early", 0, "s, of the feature 0"),
			TLate:  p.Float("t_late", 30e-3, "s, of the feature 1"),
			TBias:  p.Float("t_bias", 0, "s, of the channel that always spikes"),
		}
		p.Want("t_late", e.TLate > 0, "> 0 s")
		p.Want("t_early", e.TEarly >= 0 && e.TEarly <= e.TLate, "0 <= t_early <= t_late, in s")
		p.Want("t_bias", e.TBias >= 0, ">= 0 s")
		return e
	}},
	{"latency", "one spike for each feature above a threshold, the earlier the larger it is", func(p *Params) Encoder {
		e := Latency{
			TMin:      p.Float("t_min", 0, "s, of the feature 1"),
			TMax:      p.Float("t_max", 20e-3, "s, of the feature 0"),
			Threshold: p.Float("threshold", 0, "features up to it give no spike"),
			Tau:       p.Float("tau", 0, "s, time constant of the integrator that comes to the threshold: a logarithm; 0: linear"),
		}
		p.Want("t_max", e.TMax > 0, "> 0 s")
		p.Want("t_min", e.TMin >= 0 && e.TMin <= e.TMax, "0 <= t_min <= t_max, in s")
		p.Want("threshold", e.Threshold >= 0 && e.Threshold < 1, "0 <= threshold < 1")
		p.Want("tau", e.Tau >= 0, ">= 0 s")
		p.Want("threshold", e.Tau == 0 || e.Threshold > 0, "> 0 with tau")
		return e
	}},
	{"rate", "random spikes with a rate proportional to the feature", func(p *Params) Encoder {
		e := Rate{
			MaxRate: p.Float("max_rate", 100, "Hz, of the feature 1"),
			Poisson: p.Bool("poisson", false, "several spikes in a time step, as of a Poisson process; else one at most"),
		}
		p.Want("max_rate", e.MaxRate > 0, "> 0 Hz")
		return e
	}},
	{"current", "a constant current proportional to the feature", func(p *Params) Encoder {
		e := Current{Scale: p.Float("scale", 1, "of the feature 1")}
		p.Want("scale", e.Scale != 0, "a number other than 0")
		return e
	}},
	{"population", "several channels for each feature, with receptive fields, one spike each, the earlier the better it fits", func(p *Params) Encoder {
		e := Population{
			Neurons:   p.Int("neurons", 8, "channels of each feature"),
			Low:       p.Float("low", 0, "least feature"),
			High:      p.Float("high", 1, "largest feature"),
			Width:     p.Float("width", 1, "of a receptive field, in distances between their centres"),
			Threshold: p.Float("threshold", 0.1, "response up to which there is no spike"),
			TMax:      p.Float("t_max", 10e-3, "s, of the response 0"),
		}
		p.Want("neurons", e.Neurons >= 2, ">= 2")
		p.Want("high", e.High > e.Low, "> low")
		p.Want("width", e.Width > 0, "> 0")
		p.Want("threshold", e.Threshold > 0 && e.Threshold < 1, "0 < threshold < 1")
		p.Want("t_max", e.TMax > 0, "> 0 s")
		return e
	}},
	{"phase", "binary digits of the feature, one in each time step", func(p *Params) Encoder {
		e := Phase{Bits: p.Int("bits", 8, "digits"), Plain: p.Bool("plain", false, "digits are spikes of 1, not of their weight")}
		p.Want("bits", e.Bits >= 1 && e.Bits <= 24, "1 to 24")
		return e
	}},
	{"taps", "sequences: the values now and at some steps before, as currents", func(p *Params) Encoder {
		e := Taps{
			Count:  p.Int("count", 8, "taps of each channel"),
			Stride: p.Int("stride", 1, "steps of the sequence between taps"),
			Scale:  p.Float("scale", 1, "current of the value 1"),
			Wrap:   p.Bool("wrap", false, "what is before the beginning comes from the end: for closed curves"),
		}
		p.Want("count", e.Count > 0, "> 0")
		p.Want("stride", e.Stride > 0, "> 0")
		p.Want("scale", e.Scale != 0, "a number other than 0")
		return e
	}},
	{"course", "sequences: the whole course at once, as currents that stay: an image of rows for conv1d", func(p *Params) Encoder {
		e := Course{
			Points: p.Int("points", 64, "of each channel, at which the course is resampled"),
			Wrap:   p.Int("wrap", 0, "points from the beginning that follow at the end: for closed curves"),
			Scale:  p.Float("scale", 1, "current of the value 1"),
		}
		p.Want("points", e.Points >= 2, ">= 2")
		p.Want("wrap", e.Wrap >= 0, ">= 0")
		p.Want("scale", e.Scale != 0, "a number other than 0")
		return e
	}},
	{"delta", "sequences: spikes where a value changes, up and down in channels of their own", func(p *Params) Encoder {
		e := Delta{Threshold: p.Float("threshold", 0.1, "change that gives a spike")}
		p.Want("threshold", e.Threshold > 0, "> 0")
		return e
	}},
	{"none", "sequences and events as they are", func(p *Params) Encoder {
		return None{Once: p.Bool("once", false, "several events of a channel in a time step count as one")}
	}},
}
