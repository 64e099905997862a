// Package figure draws surrogates.
package figure

import (
	"fmt"

	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/surrogate"
)

// linesPerPanel is how many surrogates share a panel.
const linesPerPanel = 5

// Surrogates returns the figure of all surrogates with their default parameters: their slopes, or
// their antiderivatives.
func Surrogates(antiderivative bool) plot.Curves {
	const from, to, points = -2.0, 2.0, 801
	c := plot.Curves{Title: "Surrogates: slope at x above threshold", XLabel: "x = v - VTh"}
	quantity := "slope"
	if antiderivative {
		c.Title, quantity = "Surrogates: antiderivative at x above threshold", "S(x)"
	}
	for i, row := range surrogate.Catalogue() {
		if i%linesPerPanel == 0 {
			c.Panels = append(c.Panels, plot.Panel{YLabel: quantity})
		}
		s := row.New()
		line := plot.Line{Name: s.String()}
		for k := range points {
			x := from + (to-from)*float64(k)/(points-1)
			y := s.Slope(x)
			if antiderivative {
				y = s.Antiderivative(x)
			}
			line.X, line.Y = append(line.X, x), append(line.Y, y)
		}
		p := &c.Panels[len(c.Panels)-1]
		p.Lines = append(p.Lines, line)
	}
	return c
}

// Row is a surrogate of the figure; numbers that may be infinite are text.
type Row struct {
	Surrogate string    `json:"surrogate"`
	Peak      float64   `json:"peak"`
	Area      string    `json:"area"`
	Support   [2]string `json:"support"`
	Source    string    `json:"source"`
}

// Rows returns the surrogates of the figure, in its order.
func Rows() (rows []Row) {
	for _, row := range surrogate.Catalogue() {
		s := row.New()
		lo, hi := surrogate.Support(s)
		rows = append(rows, Row{s.String(), s.Peak(), fmt.Sprint(s.Area()), [2]string{fmt.Sprint(lo), fmt.Sprint(hi)}, row.Source})
	}
	return rows
}
