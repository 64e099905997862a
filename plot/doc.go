// Package plot draws the figures of a training run and of a simulation: learning curves, spike
// rasters and traces.
//
// # Overview
//
// A figure is a value; Write draws it into a PNG or SVG file, by the ending of the name:
//
//		raster := plot.Raster{Title: "sample 7, class 3", Layers: layers, Duration: 0.1}
//		err := raster.Write("raster.png")
//
//	  - [Curves]: named lines over epochs or steps, in panels one above the other (loss,
//	    accuracy);
//	  - [Raster]: the spikes of one sample, a panel for each layer;
//	  - [Traces]: membrane potentials or currents over time, with thresholds, and the spikes as
//	    ticks above.
//
// The names curves.dark.png and curves.dark.svg give the same figure on dark paper, for dark pages
// and slides. The paper is a part of the figure: neither is transparent.
//
// All panels of a figure share the x axis. Colours are those of Okabe and Ito, which readers with
// any of the common colour deficiencies can tell apart (Wong 2011, doi:10.1038/nmeth.1618); after
// seven lines they repeat with dashes. Text is Liberation Sans, which has the widths of Arial, so
// that an SVG looks the same where only Arial is installed.
//
// # Large data
//
// A line with many more points than the figure has pixels is reduced to the first, lowest, highest
// and last point of each half point (1/144 inch) of the x axis, and spikes that would cover one
// another are drawn once: the picture is the same, the file is small.
//
// # Errors
//
// Nothing to draw, a NaN or an infinity, lengths that do not match and values <= 0 on a logarithmic
// axis are errors that name the panel, the line and the index; no file is written then. Files are
// written atomically, and equal figures give equal bytes.
package plot
