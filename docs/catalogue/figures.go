package main

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/surrogate/figure"
)

// papers are the endings of the files of each figure: on light and on dark paper.
var papers = [2]string{".svg", ".dark.svg"}

// figures are the figures of the page, by file without ending.
var figures = map[string]func() (plot.Curves, error){
	"surrogates": func() (plot.Curves, error) { return figure.Surrogates(false), nil },
	"schedules":  scheduleFigure,
	"neurons":    neuronFigure,
}

func scheduleFigure() (plot.Curves, error) {
	const steps = 100
	panel := plot.Panel{YLabel: "learning rate"}
	for _, s := range []struct {
		name string
		optim.Schedule
	}{
		{"Linear", optim.Linear{Init: 1, End: 0.1, Steps: steps}},
		{"Cosine", optim.Cosine{Init: 1, Steps: steps}},
		{"Exponential", optim.Exponential{Init: 1, Rate: 0.1, Every: 50}},
		{"Steps", optim.Steps{Init: 1, Factor: 0.5, Milestones: []uint64{30, 60}}},
		{"WarmUp", optim.WarmUp{Steps: 20, Then: optim.Cosine{Init: 1, Steps: steps - 20}}},
		{"OneCycle", optim.OneCycle{Peak: 1, Steps: steps}},
	} {
		line := plot.Line{Name: s.name}
		for t := range uint64(steps + 1) {
			line.X, line.Y = append(line.X, float64(t)), append(line.Y, s.At(t))
		}
		panel.Lines = append(panel.Lines, line)
	}
	return plot.Curves{Title: "Schedules over 100 updates", XLabel: "update", Panels: []plot.Panel{panel}}, nil
}

// neuronFigure runs neurons under a constant current for 100 ms.
func neuronFigure() (plot.Curves, error) {
	c := plot.Curves{Title: "Voltages under a constant current", XLabel: "time (ms)"}
	for _, n := range []struct {
		name, unit         string
		layer              func(b *graph.Builder, steps int) models.Neurons
		current, dt, scale float64
	}{
		{"IF", "VTh", func(b *graph.Builder, n int) models.Neurons { return models.IF{}.Apply(b, "h", b.Input("x", n, 1, 1)) }, 0.06, 1e-3, 1},
		{"LIF", "VTh", func(b *graph.Builder, n int) models.Neurons { return models.LIF{}.Apply(b, "h", b.Input("x", n, 1, 1)) }, 0.06, 1e-3, 1},
		{"LIF, refractory 10 ms", "VTh", func(b *graph.Builder, n int) models.Neurons {
			return models.LIF{Refractory: 10e-3}.Apply(b, "h", b.Input("x", n, 1, 1))
		}, 0.06, 1e-3, 1},
		{"ALIF", "VTh", func(b *graph.Builder, n int) models.Neurons {
			return models.ALIF{}.Apply(b, "h", b.Input("x", n, 1, 1))
		}, 0.12, 1e-3, 1},
		{"EIF", "mV", func(b *graph.Builder, n int) models.Neurons { return models.EIF{}.Apply(b, "h", b.Input("x", n, 1, 1)) }, 1e-9, 1e-4, 1e3},
		{"AdEx", "mV", func(b *graph.Builder, n int) models.Neurons {
			return models.AdEx{}.Apply(b, "h", b.Input("x", n, 1, 1))
		}, 1e-9, 1e-4, 1e3},
		{"Izhikevich", "mV", func(b *graph.Builder, n int) models.Neurons {
			return models.Izhikevich{}.Apply(b, "h", b.Input("x", n, 1, 1))
		}, 10, 0.5e-3, 1},
	} {
		steps := int(math.Round(100e-3 / n.dt))
		prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, NoGrad: true, Dt: n.dt}, func(b *graph.Builder) {
			b.Output("v", n.layer(b, steps).Vmem)
		})
		if err != nil {
			return c, err
		}
		x := make([]float64, steps)
		for i := range x {
			x[i] = n.current
		}
		if err := prog.Set("x", x); err != nil {
			return c, err
		}
		if err := prog.Run(); err != nil {
			return c, err
		}
		line := plot.Line{}
		for k, v := range prog.Output("v").Float64s() {
			// Rounded, so that the last bits of an exponential do not move a point.
			line.X, line.Y = append(line.X, float64(k)*n.dt*1e3), append(line.Y, math.Round(min(v*n.scale, 60)*1e4)/1e4)
		}
		c.Panels = append(c.Panels, plot.Panel{YLabel: fmt.Sprintf("%s (%s)", n.name, n.unit), Lines: []plot.Line{line}})
		if err := prog.Close(); err != nil {
			return c, err
		}
	}
	return c, nil
}
