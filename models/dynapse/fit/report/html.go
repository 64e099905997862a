package report

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// verdictWords are what the table says of a parameter.
var verdictWords = map[fit.Verdict]string{fit.Identified: "determined", fit.SetOnly: "interval", fit.Unidentified: "not determined"}

// table has a row for each fitted parameter and group of neurons: name, value, interval, verdict,
// codes.
func (o *Outcome) table() (rows [][]string) {
	for _, p := range o.Parameters {
		unit := p.Unit
		if unit != "" {
			unit = " " + unit
		}
		row := []string{p.Name, fmt.Sprintf("%.4g%s", p.Value, unit), fmt.Sprintf("%.3g to %.3g%s", p.Interval[0], p.Interval[1], unit), verdictWords[p.Verdict], ""}
		if len(p.Codes) > 0 {
			c := p.Codes[0]
			row[4] = fmt.Sprintf("%s %d:%d = %.4g A", c.DeviceParameter, c.Coarse, c.Fine, c.Current)
		}
		rows = append(rows, row)
	}
	return rows
}

// open lists what the target does not say; directions that share parameters share a text.
func (o *Outcome) open() (texts []string) {
	for _, u := range o.Unidentifiable {
		if !slices.Contains(texts, u.Text) {
			texts = append(texts, u.Text)
		}
	}
	if n := o.Next; n != nil {
		text := fmt.Sprintf("next: record %s, which is expected to say most (%.2g bits)", n.Recording, n.Bits)
		if len(n.Settles) > 0 {
			text += " and to settle " + strings.Join(n.Settles, ", ")
		}
		texts = append(texts, text)
	}
	return texts
}

// markdown is the report as Markdown.
func (o *Outcome) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Fit of %s\n\n", o.experiment.Path)
	fmt.Fprintf(&b, "%s after %.1f s, %d simulations and %d gradients; seed %d.\n\n", o.Status, o.Seconds, o.Evaluations, o.Gradients, o.experiment.Settings.Seed)
	b.WriteString("| | loss |\n|---|---|\n")
	for _, r := range o.losses() {
		fmt.Fprintf(&b, "| %s | %s |\n", r[0], r[1])
	}
	b.WriteString("\n| parameter | value | interval of 95 %, or of all values that do the same | | setting |\n|---|---|---|---|---|\n")
	for _, r := range o.table() {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
	}
	if len(o.Warnings) > 0 {
		b.WriteString("\n## Warnings\n\n")
		for _, w := range o.Warnings {
			fmt.Fprintf(&b, "- %s\n", w)
		}
	}
	for _, t := range o.Tables {
		fmt.Fprintf(&b, "\n## %s\n\n| %s |\n|%s\n", t.Name, strings.Join(t.Header, " | "), strings.Repeat("---|", len(t.Header)))
		for _, r := range t.Rows {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(r, " | "))
		}
	}
	if len(o.Unidentifiable) > 0 {
		b.WriteString("\n## What the target does not say\n\n")
		for _, text := range o.open() {
			fmt.Fprintf(&b, "- %s\n", text)
		}
	}
	if len(o.Notes) > 0 {
		b.WriteString("\n## Notes\n\n")
		for _, n := range o.Notes {
			fmt.Fprintf(&b, "- %s\n", n)
		}
	}
	for _, name := range o.Pictures {
		fmt.Fprintf(&b, "\n![%s](%s)\n", strings.TrimSuffix(name, ".png"), name)
	}
	return b.String()
}

// losses lists the losses with their names.
func (o *Outcome) losses() (rows [][2]string) {
	add := func(name string, v float64) { rows = append(rows, [2]string{name, fmt.Sprintf("%.6g", v)}) }
	add("at the start", o.LossStart)
	add("fitted currents", o.Loss)
	if o.LossDAC != nil {
		add("codes of the bias generator", *o.LossDAC)
	}
	if o.LossFile != nil {
		add("device.json, simulated as it is", *o.LossFile)
	}
	if m := o.Mismatch; m != nil {
		add("256 chips with mismatch, mean", m.Mean)
		add("256 chips with mismatch, median", m.P50)
		add("256 chips with mismatch, 95th percentile", m.P95)
	}
	return rows
}

var page = template.Must(template.New("report").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Fit of {{.File}}</title>
<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse;margin:1em 0}td,th{border-bottom:1px solid #ccc;padding:.2em .8em;text-align:left}img{max-width:100%}</style></head>
<body><h1>Fit of {{.File}}</h1>
<p>{{.O.Status}} after {{printf "%.1f" .O.Seconds}} s, {{.O.Evaluations}} simulations and {{.O.Gradients}} gradients; seed {{.Seed}}.</p>
<table><tr><th></th><th>loss</th></tr>{{range .Losses}}<tr><td>{{index . 0}}</td><td>{{index . 1}}</td></tr>{{end}}</table>
<table><tr><th>parameter</th><th>value</th><th>interval of 95 %, or of all values that do the same</th><th></th><th>setting</th></tr>{{range .Table}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>{{end}}</table>
{{if .O.Warnings}}<h2>Warnings</h2><ul>{{range .O.Warnings}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{range .O.Tables}}<h2>{{.Name}}</h2><table><tr>{{range .Header}}<th>{{.}}</th>{{end}}</tr>{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>{{end}}</table>{{end}}
{{if .Open}}<h2>What the target does not say</h2><ul>{{range .Open}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{if .O.Notes}}<h2>Notes</h2><ul>{{range .O.Notes}}<li>{{.}}</li>{{end}}</ul>{{end}}
<h2>Target and fit</h2>{{range .Images}}<p><img src="{{.}}" alt=""></p>{{end}}
</body></html>
`))

// html is the report as one HTML page with its pictures inside.
func (o *Outcome) html(path func(string) string) (string, error) {
	var images []template.URL
	for _, name := range o.Pictures {
		raw, err := files.ReadFile(path(name))
		if err != nil {
			return "", err
		}
		images = append(images, template.URL("data:image/png;base64,"+base64.StdEncoding.EncodeToString(raw)))
	}
	var b strings.Builder
	err := page.Execute(&b, map[string]any{"File": o.experiment.Path, "O": o, "Seed": o.experiment.Settings.Seed, "Open": o.open(), "Losses": o.losses(), "Table": o.table(), "Images": images})
	return b.String(), err
}
