package fitcmd

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit/report"
)

// coded is an experiment whose recurrent weights are codes.
const coded = "[network]\nneurons = 2\nrecurrent = true\n[init]\nIw_1 = 2e-9\n[fit]\nparameters = [\"Iw_1\", \"Itau_mem\"]\nstarts = 1\nprior = {Iw_1 = {mean = 2.5e-9, sd = 1.0}}\n[[target]]\nfile = \"target.npz\"\n"

// TestCodes: a base current of weights, given as codes, comes back and goes to the chip with its
// codes.
func TestCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	const want, steps = 2.7e-9, 400
	code := []float64{0, 2, -6, 0}
	n := dynapse.Network{N: 2, WRec: []float64{0, want / 1e-8, -(want + 4e-9) / 1e-8, 0}}
	rng := rand.New(rand.NewPCG(1, 2))
	input := make([]float64, steps*2)
	for i := range input {
		if rng.Float64() < 0.1 {
			input[i] = 1
		}
	}
	run, err := n.Simulate(dynapse.Input{T: steps, B: 1, Counts: input})
	if err != nil {
		t.Fatal(err)
	}
	array := func(name string, data []float64) files.Array {
		return files.Array{Name: name, Shape: []int{1, steps, 2}, Data: data}
	}
	list := []files.Array{array("input", input), array("imem", run.Imem), array("spikes", run.Spikes), {Name: "w_rec_code", Shape: []int{2, 2}, Data: code}}
	write(t, coded, list)
	out, err := surge(t.Context(), "fit.toml", "--json", "--out", "demo")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Status string
		Values map[string]float64
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	// The prior weighs 0.05²/800 times 0.006, half of the square of ln(2.7/2.5), against a trace
	// without noise.
	if got := r.Values["Iw_1"]; math.Abs(got/want-1) > 1e-3 || r.Status != "converged" {
		t.Errorf("%s: Iw_1 = %v, want %v", r.Status, got, want)
	}
	f, err := os.Open("demo/" + report.DeviceFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := chip.ReadDevice(f)
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := d.Chips[0].Cores[0].Parameters["SYAM_W1_P"]; !ok || p.Coarse == 0 && p.Fine == 0 {
		t.Errorf("SYAM_W1_P: %v", p)
	}
	text, err := os.ReadFile("demo/" + report.MarkdownFile)
	if err != nil || !strings.Contains(string(text), "| Iw_1 |") {
		t.Errorf("%v, or no Iw_1 in the report", err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"recurrent = true", "recurrent = false", "network.recurrent: expected true"},
		{"Iw_1 = 2e-9", "Iw_1 = 2e-9\nw_rec = [[0.0, 1.0], [1.0, 0.0]]", "network.recurrent: expected either w_rec or w_rec_code"},
		{"Iw_1 = 2e-9", "Iw_1 = 2e-9\nw_rec_code = [[0, 16], [1, 0]]", "init.w_rec_code: expected 2 lists of 2 codes"},
		{"Iw_1 = 2e-9", "Iw_1 = 2e-9\nw_rec_code = [[0, 3], [1, 0]]", "target.npz: w_rec_code: expected one w_rec_code"},
		{"Iw_1 = 2e-9", "Iw_1 = 2.0", "init.Iw_1: expected a current of at most"},
		{"Iw_1 = {", "Iw_2 = {", "fit.prior.Iw_2: expected a fitted current"},
	} {
		write(t, strings.Replace(coded, c.from, c.to, 1), list)
		if _, err := surge(t.Context(), "fit.toml", "--out", "out"); exit.Code(err) != 2 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %q", err, c.want)
		}
	}
}
