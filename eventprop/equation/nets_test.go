package equation

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/eventprop"
)

// exactNet is a network of testdata/nets.json, with its spikes and gradients to 17 digits.
type exactNet struct {
	Name, Kind string
	End        float64
	Layers     []struct {
		In     matrices
		Rec    *matrices
		Params map[string][]float64
	}
	Input struct {
		Time   []float64
		Source []int
	}
	Spikes    [][][2]float64 // of each layer time and neuron
	Gradients map[string]float64
}

type matrices struct{ W, D [][]float64 }

func (m *matrices) synapses() eventprop.Synapses {
	s := eventprop.NewDense(len(m.W), len(m.W[0]))
	s.Weight, s.Delay = slices.Concat(m.W...), slices.Concat(m.D...)
	return s
}

// TestNets compares recurrent networks of two layers with those of 78 digits, see testdata: time
// constants that are equal or 1000 apart, no delays beside long ones, refractory times beyond the
// end, and inputs at the end of one.
func TestNets(t *testing.T) {
	text, err := os.ReadFile("testdata/nets.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Nets []exactNet }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Nets) == 0 {
		t.Fatal("no networks")
	}
	for _, n := range file.Nets {
		t.Run(n.Name, func(t *testing.T) {
			n.check(t, 1e-16, 1e-14, 1e-12)                   // roundings of some 50 steps, over the slopes of the threshold
			if !strings.Contains(n.Name, "at the very end") { // times that are less exact are not at the end
				n.check(t, 0, 1e-11, 1e-10) // some 10 steps of 1e-11
			}
		})
	}
}

// atEnds moves inputs that are a rounding away from the end of a refractory time there. It tells
// whether it has.
func atEnds(spikes []eventprop.Spike, hold []float64, inputs []eventprop.Spike) (moved bool) {
	if hold == nil {
		return false
	}
	for _, s := range spikes {
		end := s.Time + hold[s.Neuron]
		for k := range inputs {
			if d := math.Abs(inputs[k].Time - end); d > 0 && d < 1e-16 {
				inputs[k].Time, moved = end, true
			}
		}
	}
	return moved
}

// check compares with a tolerance of steps: times, and gradients relative to the largest of a kind.
func (n *exactNet) check(t *testing.T, tolerance, times, gradients float64) {
	t.Helper()
	model, err := Parse(map[string]string{
		"lif": strings.Replace(LIF, "start: V = v_leak", "start: V = v_0\nstart: I = i_0", 1),
		"qif": strings.Replace(QIF, "start: x = v_init", "start: x = v_0\nstart: I = i_0", 1),
	}[n.Kind])
	if err != nil {
		t.Fatal(err)
	}
	order := make([]int, len(n.Input.Time)) // of the inputs by time
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(math.Copysign(1, n.Input.Time[a]-n.Input.Time[b])) })
	var spikes []eventprop.Spike
	for _, k := range order {
		spikes = append(spikes, eventprop.Spike{Time: n.Input.Time[k], Neuron: n.Input.Source[k]})
	}
	runs, direct := make([]Run, len(n.Layers)), make([][]float64, len(n.Layers))
	for l, x := range n.Layers {
		layer := &Layer{Model: model, In: x.In.synapses(), Params: x.Params, Tolerance: tolerance}
		if x.Rec != nil {
			rec := x.Rec.synapses()
			layer.Rec = &rec
		}
		if err := runs[l].Forward(layer, spikes, n.End); err != nil {
			t.Fatal(err)
		}
		for l == 0 && atEnds(runs[0].Spikes, x.Params["t_ref"], spikes) {
			if err := runs[0].Forward(layer, spikes, n.End); err != nil {
				t.Fatal(err)
			}
		}
		if spikes = runs[l].Spikes; len(spikes) != len(n.Spikes[l]) {
			t.Fatalf("layer %d: %d spikes, want %d", l, len(spikes), len(n.Spikes[l]))
		}
		seen := make([]int, layer.In.Post)
		for k, s := range spikes {
			want := n.Spikes[l][k]
			if s.Neuron != int(want[1]) || math.Abs(s.Time-want[0]) > times*want[0] {
				t.Errorf("layer %d: spike %d of neuron %d at %v, want %v at %v", l, k, s.Neuron, s.Time, want[1], want[0])
			}
			phase := 100*s.Time + 0.7*float64(s.Neuron) + 0.3*float64(seen[s.Neuron]) + 1.1*float64(l)
			direct[l] = append(direct[l], 100*math.Cos(phase))
			seen[s.Neuron]++
		}
	}
	got := map[string][]float64{}
	var later []float64 // dL/d(time) of the spikes of a layer by the next
	for l := len(n.Layers) - 1; l >= 0; l-- {
		for k, x := range later {
			direct[l][k] += x
		}
		g, err := runs[l].Backward(direct[l])
		if err != nil {
			t.Fatal(err)
		}
		later = g.InputTime
		for name, x := range map[string][]float64{"in/w": g.In, "in/d": g.InDelay, "rec/w": g.Rec, "rec/d": g.RecDelay} {
			got[fmt.Sprintf("%d/%s", l, name)] = x
		}
		for name, x := range g.Params {
			got[fmt.Sprintf("%d/p/%s", l, name)] = x
		}
	}
	got["in"] = make([]float64, len(order))
	for i, k := range order {
		got["in"][k] = later[i]
	}
	for name, want := range n.Gradients {
		var x, size float64
		if of, ok := strings.CutPrefix(name, "dir:"); ok {
			for k, v := range got[of] {
				c := float64(k*7919%13 - 6)
				if c == 0 {
					c = 5
				}
				x, size = x+c/4*v, size+math.Abs(c/4*v)
			}
		} else {
			slash, k := strings.LastIndex(name, "/"), 0
			if _, err := fmt.Sscan(name[slash+1:], &k); err != nil || k >= len(got[name[:slash]]) {
				t.Fatalf("%s: no such gradient", name)
			}
			x = got[name[:slash]][k]
			for _, v := range got[name[:slash]] {
				size = max(size, math.Abs(v))
			}
		}
		if !(math.Abs(x-want) <= gradients*size) {
			t.Errorf("dL/d(%s) is %v, want %v", name, x, want)
		}
	}
}
