// Package report is what people read of a fit of bias currents: tables and figures of what was
// recorded or wanted beside what the fitted currents, the codes of the bias generator and the
// configuration of the chip do, as text, JSON, Markdown and one HTML page.
//
//	e, err := experiment.Read("fit.toml", experiment.Options{})
//	res, err := fit.Run(ctx, e.Experiment, e.Settings)
//	err = report.New(e, res, took).Write(ctx, "runs/mine")
package report
