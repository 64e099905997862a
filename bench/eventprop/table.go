package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/fmath"
)

// table is the result.
type table struct {
	Go    string     `json:"go"`
	CPU   string     `json:"cpu"`
	Procs int        `json:"processors"` // that surge may use
	Peers []versions `json:"peers,omitempty"`
	Rows  []row      `json:"rows"`
}

// row is one network.
type row struct {
	Net     string    `json:"net"`
	Kind    kind      `json:"kind"`
	Inputs  int       `json:"inputs"`
	Hidden  int       `json:"hidden"`
	Outputs int       `json:"outputs"`
	Batch   int       `json:"batch"`
	Spikes  float64   `json:"spikes_per_sample"`
	Slots   []int     `json:"slots,omitempty"` // events of each layer that a library simulates at least
	Loss    float64   `json:"loss"`
	Surge   times     `json:"surge"`
	Peers   []peerRow `json:"peers,omitempty"`
	Note    string    `json:"note,omitempty"` // why there is none
}

// peerRow is a library in one type.
type peerRow struct {
	Library        string  `json:"library"`
	DType          string  `json:"dtype"`
	Compile        float64 `json:"compile_s"`
	LossDifference float64 `json:"loss_difference"` // relative
	GradDifference float64 `json:"grad_difference"` // relative to the largest entry
	times
}

// times are those of a step.
type times struct {
	Median float64 `json:"median_s"`
	Least  float64 `json:"least_s"`
	Most   float64 `json:"most_s"`
	Steps  int     `json:"steps"`

	seconds []float64
}

func (t *times) summarize() {
	t.Median, t.Least, t.Most, t.Steps = fmath.Median(slices.Clone(t.seconds)), slices.Min(t.seconds), slices.Max(t.seconds), len(t.seconds)
}

func newTable() *table {
	return &table{Go: runtime.Version(), CPU: cpu(), Procs: runtime.GOMAXPROCS(0)}
}

// cpu returns the name of the processor where the system tells, or its architecture.
func cpu() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if key, name, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(name)
		}
	}
	return runtime.GOARCH
}

func (t *table) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(t)
}

func (t *table) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "surge: float64, %s, %d of %d processors, %s\n", t.Go, t.Procs, runtime.NumCPU(), t.CPU)
	for _, p := range t.Peers {
		fmt.Fprintf(&b, "%s %s, jax %s on the same processors, Python %s\n", p.Library, p.Version, p.JAX, p.Python)
	}
	fmt.Fprintf(&b, "ms per gradient step: median (least), and how many times that of surge the median is\n\n")
	for _, library := range []string{"jaxsnn", "eventax"} {
		t.rows(&b, library)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// rows are the networks that a library has, with its columns where it was measured.
func (t *table) rows(b *strings.Builder, library string) {
	if !slices.ContainsFunc(t.Rows, func(r row) bool { return r.Kind.rival() == library }) {
		return
	}
	fmt.Fprintf(b, "%-22s %12s %6s %7s %18s", "network", "", "batch", "spikes", "surge")
	if slices.ContainsFunc(t.Peers, func(v versions) bool { return v.Library == library }) {
		for _, dtype := range dtypes {
			fmt.Fprintf(b, " | %18s %6s %9s %8s %8s", library+" "+dtype, "ratio", "compile s", "d loss", "d grad")
		}
	}
	b.WriteByte('\n')
	for _, r := range t.Rows {
		if r.Kind.rival() != library {
			continue
		}
		fmt.Fprintf(b, "%-22s %12s %6d %7.1f %18s", r.Net, fmt.Sprintf("%d-%d-%d", r.Inputs, r.Hidden, r.Outputs), r.Batch, r.Spikes, r.Surge)
		for _, p := range r.Peers {
			fmt.Fprintf(b, " | %18s %6.1f %9.1f %8.1e %8.1e", p.times, p.Median/r.Surge.Median, p.Compile, p.LossDifference, p.GradDifference)
		}
		if r.Note != "" {
			fmt.Fprintf(b, " | %s", r.Note)
		}
		b.WriteByte('\n')
	}
}

// String returns median and least in ms.
func (t times) String() string { return fmt.Sprintf("%.3f (%.3f)", 1e3*t.Median, 1e3*t.Least) }
