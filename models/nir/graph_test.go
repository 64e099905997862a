package nir

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/hdf5"
)

func neurons(n int) *Node {
	return New("LIF", "tau", Fill(0.03125, n), "r", Fill(1, n), "v_leak", Fill(0, n), "v_threshold", Fill(1, n), "v_reset", Fill(0, n))
}

func small() *Graph {
	return Chain(
		"input", New("Input", "shape", Integers(2)),
		"w", New("Affine", "weight", Matrix(3, 2, []float64{1, 2, 3, 4, 5, 6}), "bias", Vector(0.5, 0, -1)),
		"lif", neurons(3),
		"output", New("Output", "shape", Integers(3)),
	)
}

func reread(t interface{ Fatal(...any) }, g *Graph) *Graph {
	var b bytes.Buffer
	if err := Encode(&b, g); err != nil {
		t.Fatal(err)
	}
	f, err := hdf5.NewFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	back, err := decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// equal compares graphs; an element type that is not said is float32.
func equal(a, b *Graph) bool {
	same := slices.Equal(a.Edges, b.Edges) && (len(a.Metadata) == 0 && len(b.Metadata) == 0 || reflect.DeepEqual(a.Metadata, b.Metadata)) && slices.Equal(a.names(), b.names())
	for name, n := range a.Nodes {
		if !same {
			return false
		}
		m := b.Nodes[name]
		same = n.Kind == m.Kind && len(n.Values) == len(m.Values) && reflect.DeepEqual(n.Texts, m.Texts)
		for k, v := range n.Values {
			w := m.Values[k]
			same = same && slices.Equal(v.Shape, w.Shape) && slices.Equal(v.Data, w.Data)
		}
		if n.Graph != nil {
			same = same && equal(n.Graph, m.Graph)
		}
	}
	return same
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "n")
		draw := func(name string, shape ...int) Array {
			v := rapid.SliceOfN(rapid.Float32Range(0.001, 10), size(shape), size(shape)).Draw(t, name)
			a := Array{Shape: shape}
			for _, x := range v {
				a.Data = append(a.Data, float64(x))
			}
			return a
		}
		kind := rapid.SampledFrom([]string{"LIF", "CubaLIF", "IF", "LI", "CubaLI", "I", "Threshold", "Delay"}).Draw(t, "kind")
		node := New(kind)
		for _, f := range Kinds[kind] {
			if !f.Optional || rapid.Bool().Draw(t, "has "+f.Name) {
				node.Values[f.Name] = draw(f.Name, n)
			}
		}
		g := Chain("in", New("Input", "shape", Integers(2)), "w", New("Linear", "weight", draw("w", n, 2)), "neuron", node, "out", New("Output", "shape", Integers(n)))
		Metadata{Dt: 1e-3, Unit: "s", Method: Exact, Reset: Subtract, Producer: "surge"}.Set(g)
		if rapid.Bool().Draw(t, "nested") {
			g = &Graph{Nodes: map[string]*Node{"a": {Kind: "NIRGraph", Graph: g}, "b": New("Scale", "scale", draw("scale", n))}, Edges: []Edge{{"a", "b"}}}
		}
		if back := reread(t, g); !equal(g, back) {
			t.Fatalf("%+v\nis read as\n%+v", g, back)
		}
	})
}

func TestFilesOfNir(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.nir")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		g, err := Read(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if g.Version != Version && filepath.Base(path) != "snntorch_old.nir" {
			t.Errorf("%s: version %q", path, g.Version)
		}
		if back := reread(t, g); !equal(g, back) {
			t.Errorf("%s: written and read again, it is another", path)
		}
	}
	g, err := Read("testdata/lif.nir")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"fc1", "fc2", "input", "lif1", "lif2", "output"}; !slices.Equal(g.names(), want) {
		t.Errorf("nodes %v, want %v", g.names(), want)
	}
	if tau := g.Nodes["lif1"].Values["tau"]; !slices.Equal(tau.Shape, []int{4}) || float32(tau.Data[3]) != 1e-3 || tau.Type != "float32" {
		t.Errorf("tau = %+v", tau)
	}
}

func TestScalarsAreSpread(t *testing.T) {
	g := small()
	for name, v := range g.Nodes["lif"].Values {
		g.Nodes["lif"].Values[name] = Array{Data: v.Data[:1]}
	}
	back := reread(t, g)
	if !equal(back, small()) {
		t.Errorf("%+v", back.Nodes["lif"])
	}
}

func TestInvalidGraphs(t *testing.T) {
	for want, change := range map[string]func(g *Graph){
		`edge "lif" to "nowhere": there is no node "nowhere"`: func(g *Graph) { g.Edges = append(g.Edges, Edge{"lif", "nowhere"}) },
		`edge "w" to "lif" is there twice`:                    func(g *Graph) { g.Edges = append(g.Edges, Edge{"w", "lif"}) },
		`node "lif" (LIF): no parameter "tau"`:                func(g *Graph) { delete(g.Nodes["lif"].Values, "tau") },
		`tau[1] = -1, expected a positive number`:             func(g *Graph) { g.Nodes["lif"].Values["tau"].Data[1] = -1 },
		`r has shape [2], tau has [3]`:                        func(g *Graph) { g.Nodes["lif"].Values["r"] = Fill(1, 2) },
		`bias has shape [2], weight [3 2]`:                    func(g *Graph) { g.Nodes["w"].Values["bias"] = Fill(1, 2) },
		`the weight looks transposed`:                         func(g *Graph) { g.Nodes["input"].Values["shape"] = Integers(3) },
		`expected an input of shape [4], found [3]`:           func(g *Graph) { g.Nodes["lif"] = neurons(4) },
		`a name is not empty and has no "/"`:                  func(g *Graph) { g.Nodes["a/b"] = neurons(1) },
		`a kind that NIR 1.0.8 does not have`:                 func(g *Graph) { g.Nodes["w"].Kind = "Dense" },
		`a loop without a neuron or a delay: x, y`: func(g *Graph) {
			g.Nodes["x"], g.Nodes["y"] = New("Scale", "scale", Fill(1, 3)), New("Scale", "scale", Fill(1, 3))
			g.Edges = append(g.Edges, Edge{"lif", "x"}, Edge{"x", "y"}, Edge{"y", "x"})
		},
	} {
		g := small()
		change(g)
		if err := g.Check(); !errors.Is(err, ErrGraph) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, g := range []*Graph{small(), {Nodes: map[string]*Node{"a": {Kind: "NIRGraph", Graph: small()}}}} {
		var b bytes.Buffer
		if err := Encode(&b, g); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	if b, err := os.ReadFile("testdata/if.nir"); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := hdf5.NewFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		g, err := decode(file)
		if err == nil {
			Warnings(g)
			Guess(g)
			_, _ = ReadMetadata(g)
			if err := Encode(&bytes.Buffer{}, g); err != nil {
				t.Fatalf("read, but not written: %v", err)
			}
			return
		}
		for _, kind := range []error{ErrGraph, files.ErrCorrupt, files.ErrFormat, files.ErrArray, files.ErrTooLarge} {
			if errors.Is(err, kind) {
				return
			}
		}
		t.Errorf("an error of no kind: %v", err)
	})
}
