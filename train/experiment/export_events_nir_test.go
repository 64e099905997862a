package experiment

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train/export"
)

// TestEventsAsNIR: the numbers of the graph are those of the network, and its time steps, where
// they are short, have the spikes of the network; what a graph cannot say is refused by its name.
func TestEventsAsNIR(t *testing.T) {
	refused := map[string]string{"delays": "delays of single synapses", "qif": "neurons that are given by equations"}
	for name, model := range eventNetworks {
		if strings.Contains(model, "neuron = ") && refused[name] == "" {
			continue
		}
		method := EventProp
		if strings.HasSuffix(name, "recurrent") || strings.HasSuffix(name, "at once") {
			method = Recurrent
		}
		e, err := Parse("events.toml", "name = \"events\"\nseed = 3\n[data]\ntrain = 20\nvalid = 2\n"+model, method)
		if err != nil {
			t.Fatal(err)
		}
		sets, target, err := e.Load()
		if err != nil {
			t.Fatal(err)
		}
		net, err := e.Build(sets.Train.Channels(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		n := net.(*eventNetwork)
		x, err := e.ExportEvents(n.Params(), sets.Train.Channels(), target)
		if err != nil {
			t.Fatal(err)
		}
		g, err := x.NIR()
		if says := refused[name]; says != "" {
			if !errors.Is(err, export.ErrNetwork) || !strings.Contains(err.Error(), `"hidden1" has `+says) {
				t.Errorf("%s: %v, want ErrNetwork with %q", name, err, says)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		path := filepath.Join(t.TempDir(), "net.nir")
		if err := nir.Write(path, g); err != nil {
			t.Fatal(err)
		}
		if g, err = nir.Read(path); err != nil {
			t.Fatal(err)
		}
		l := x.Net[0]
		w := g.Nodes["hidden1.w"].Values["weight"]
		for i := range l.In.Pre {
			for j := range l.In.Post {
				if w.Data[j*l.In.Pre+i] != float64(float32(l.In.Weight[i*l.In.Post+j])) { // files have float32
					t.Fatalf("%s: weight from %d to %d is %g", name, i, j, w.Data[j*l.In.Pre+i])
				}
			}
		}
		if syn := g.Nodes["hidden1"].Values["tau_syn"]; !slices.Equal(syn.Data, g.Nodes["hidden1"].Values["w_in"].Data) {
			t.Errorf("%s: tau_syn %v", name, syn)
		}
		c, err := nir.Surge(g)
		if err != nil {
			t.Fatal(err)
		}
		const dt = 1e-6
		steps, err := nir.Compile(g, c, dt)
		if err != nil {
			t.Fatal(err)
		}
		set := sets.Valid
		set.Size, set.Sequential = 1, true
		spikes, differ := 0, 0
		for k := range set.Data.Len() {
			trace, err := n.Trace(set, 0, k)
			if err != nil {
				t.Fatal(err)
			}
			length := int(set.Duration / dt)
			input := make([]float64, length*l.In.Pre)
			for _, s := range trace.Input {
				if step := int(math.Round(s.Time / dt)); step < length {
					input[step*l.In.Pre+s.Neuron]++
				}
			}
			got, err := steps.Run(map[string][]float64{"input": input}, length)
			if err != nil {
				t.Fatal(err)
			}
			for _, layer := range trace.Layers {
				size := len(got.Values[layer.Name]) / length
				for _, s := range layer.Spikes {
					spikes++
					near := false
					for step := max(int(s.Time/dt)-60, 0); step < min(int(s.Time/dt)+60, length); step++ {
						near = near || size > 0 && got.Values[layer.Name][step*size+s.Neuron] != 0
					}
					if !near {
						differ++
					}
				}
			}
		}
		if spikes < 10 || differ > spikes/20 {
			t.Errorf("%s: %d of %d spikes differ", name, differ, spikes)
		}
	}
}
