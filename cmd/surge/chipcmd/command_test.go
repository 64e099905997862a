package chipcmd

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/experiment"
)

func surge(args ...string) (string, error) {
	var out bytes.Buffer
	parser, err := kong.New(&Command{}, kong.Writers(&out, &out))
	if err != nil {
		return "", err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return "", err
	}
	err = parsed.Run()
	return out.String(), err
}

// TestRoundTrip: a device that is exported and imported again simulates the same network.
func TestRoundTrip(t *testing.T) {
	t.Chdir(t.TempDir())
	n := dynapse.Network{N: 2}
	n.Params[dynapse.IwAHP] = []float64{2e-9}
	q, err := chip.Quantise(chip.Weights{Pre: 3, Post: 2, W: []float64{1, 0, -0.5, 1, 0, 1}}, chip.Weights{Pre: 2, Post: 2, W: []float64{0, 1, -0.5, 0}}, []int{0, 1}, chip.QuantiseSettings{Starts: 5, DAC: true})
	if err != nil {
		t.Fatal(err)
	}
	d, err := chip.Deploy(n, q, chip.DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := d.Write(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("device.json", text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	want, in, err := d.Network()
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"samna", "rockpool"} {
		if _, err := surge("export", "device.json", "--format", format, "--out", "other.json"); err != nil {
			t.Fatal(err)
		}
		if out, err := surge("import", "other.json", "--out", "again.json"); err != nil || out != "again.json: 2 neurons, 3 inputs\n" {
			t.Fatalf("%s: %q, %v", format, out, err)
		}
		raw, err := os.ReadFile("again.json")
		if err != nil {
			t.Fatal(err)
		}
		again, err := chip.ReadDevice(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		got, w, err := again.Network()
		if err != nil || !slices.Equal(w.W, in.W) || !slices.Equal(got.WRec, want.WRec) || !slices.Equal(got.Params[dynapse.IwAHP], want.Params[dynapse.IwAHP]) {
			t.Errorf("%s: another network; %v", format, err)
		}
	}
	if _, err := surge("import", "other.json", "--out", "a.toml"); exit.Code(err) != 2 || !strings.Contains(err.Error(), ".json") {
		t.Error(err)
	}
	if _, err := surge("export", "other.json", "--format", "samna", "--out", "a.json"); exit.Code(err) != 2 || !strings.HasPrefix(err.Error(), "other.json: ") {
		t.Error(err)
	}
}

// TestSpecification: a specification of Rockpool's mapper becomes an experiment.
func TestSpecification(t *testing.T) {
	t.Chdir(t.TempDir())
	spec := `{"core_map": [0.0, 1.0], "n_cluster": 2, "Iscale": 2e-8, "weights_in": [[1.0, 0.5]], "weights_rec": [[0, 0.3], [-0.2, 0]], "unclustered": {}`
	for p := range dynapse.Param(dynapse.NumCurrents) {
		spec += `, "` + p.String() + `": [1e-10, 2e-10]`
	}
	if err := os.WriteFile("spec.json", []byte(spec+"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := surge("import", "spec.json", "--out", "a.json"); exit.Code(err) != 2 || !strings.Contains(err.Error(), ".toml") {
		t.Error(err)
	}
	if out, err := surge("import", "spec.json", "--out", "a.toml"); err != nil || !strings.Contains(out, "2 neurons, 1 input channels") {
		t.Fatal(out, err)
	}
	n, in, err := experiment.ReadNetwork("a.toml")
	if err != nil || in == nil || in.Pre != 1 || !slices.Equal(in.W, []float64{1, 0.5}) || n.N != 2 || !slices.Equal(n.WRec, []float64{0, 0.3, -0.2, 0}) || !slices.Equal(n.Params[dynapse.ItauMem], []float64{1e-10, 2e-10}) || n.Params[dynapse.Iscale][0] != 2e-8 {
		t.Errorf("%+v, %v", n, err)
	}
	list := []files.Array{{Name: "Itau_mem", Data: []float64{3e-12}}, {Name: "w_in", Shape: []int{2, 1}, Data: []float64{1, -0.5}}}
	if err := files.WriteArrays("spec.npz", list); err != nil {
		t.Fatal(err)
	}
	if out, err := surge("import", "spec.npz", "--out", "b.toml"); err != nil || !strings.Contains(out, "1 neurons, 2 input channels") {
		t.Fatal(out, err)
	}
	n, in, err = experiment.ReadNetwork("b.toml")
	if err != nil || in == nil || !slices.Equal(in.W, []float64{1, -0.5}) || n.N != 1 || n.Params[dynapse.ItauMem][0] != 3e-12 {
		t.Errorf("%+v, %v, %v", n, in, err)
	}
}
