package node_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/node"
	"github.com/surge-snn/surge/internal/random"
)

const (
	batch, sources, slots, n, most = 3, 2, 2, 4, 12
	end                            = 30e-3
)

// data are times, mask and weights of a random layer; the last time of each row is not there.
func data() (times, mask, wIn, wRec []float64) {
	r := random.New(1, "eventprop/node")
	for i := range batch * sources * slots {
		times = append(times, 10e-3*r.Float64())
		mask = append(mask, 1)
		if i%(sources*slots) == sources*slots-1 {
			mask[i] = 0
		}
	}
	for range sources * n {
		wIn = append(wIn, 3+2*random.Normal(r))
	}
	for range n * n {
		wRec = append(wRec, 0.3*random.Normal(r))
	}
	return times, mask, wIn, wRec
}

// run is a graph of a layer and the loss sum of squares of its first spike times in ms.
func run(t *testing.T, dt tensor.Dtype, recurrent bool) (times, mask []float64, grads [][]float64) {
	t.Helper()
	g := G.NewGraph()
	input := func(name string, x []float64, shape ...int) *G.Node {
		var backing any = slices.Clone(x)
		if dt == tensor.Float32 {
			y := make([]float32, len(x))
			for i := range x {
				y[i] = float32(x[i])
			}
			backing = y
		}
		return G.NewTensor(g, dt, len(shape), G.WithName(name), G.WithShape(shape...), G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))))
	}
	tIn, m, wIn, wRec := data()
	in := G.Nodes{input("times", tIn, batch, sources, slots), input("w_in", wIn, sources, n)}
	var rec *G.Node
	if recurrent {
		rec = input("w_rec", wRec, n, n)
		in = append(in, rec)
	}
	l := node.Layer{End: end, Spikes: most}
	out, outMask, err := l.Apply(node.Inputs{Times: in[0], Mask: input("mask", m, batch, sources, slots), WIn: in[1], WRec: rec})
	if err != nil {
		t.Fatal(err)
	}
	first, err := node.FirstSpike(out)
	if err != nil {
		t.Fatal(err)
	}
	loss := G.Must(G.Sum(G.Must(G.Square(first))))
	d, err := G.Grad(loss, in...)
	if err != nil {
		t.Fatal(err)
	}
	var values []G.Value
	all := append(G.Nodes{out, outMask}, d...)
	values = make([]G.Value, len(all))
	for i, x := range all {
		G.Read(x, &values[i])
	}
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	wide := func(v G.Value) []float64 {
		switch x := v.Data().(type) {
		case []float64:
			return x
		case []float32:
			y := make([]float64, len(x))
			for i := range x {
				y[i] = float64(x[i])
			}
			return y
		}
		t.Fatalf("%T", v.Data())
		return nil
	}
	for _, v := range values[2:] {
		grads = append(grads, wide(v))
	}
	return wide(values[0]), wide(values[1]), grads
}

// TestLayer compares the node with the plain layer, in both precisions.
func TestLayer(t *testing.T) {
	tIn, m, wIn, wRec := data()
	for _, recurrent := range []bool{false, true} {
		l := eventprop.Layer{In: eventprop.Synapses{Pre: sources, Post: n, Weight: wIn}}
		if recurrent {
			l.Rec = &eventprop.Synapses{Pre: n, Post: n, Weight: wRec}
		}
		g := l.NewWeightGradients()
		wantTimes, wantMask := make([]float64, batch*n*most), make([]float64, batch*n*most)
		dTimes := make([]float64, len(tIn))
		spikes := 0
		for b := range batch {
			var input []eventprop.Spike
			var place []int
			for i := b * sources * slots; i < (b+1)*sources*slots; i++ {
				if m[i] != 0 {
					place = append(place, i)
				}
			}
			slices.SortFunc(place, func(a, c int) int {
				if tIn[a] < tIn[c] {
					return -1
				}
				return 1
			})
			for _, i := range place {
				input = append(input, eventprop.Spike{Time: tIn[i], Neuron: i % (sources * slots) / slots})
			}
			var tape eventprop.Tape
			if err := tape.Forward(&l, input, end); err != nil {
				t.Fatal(err)
			}
			var c eventprop.Cotangent
			c.Reset(&tape)
			first := make([]float64, n)
			if err := (eventprop.First{}).Observe(first, &tape); err != nil {
				t.Fatal(err)
			}
			for j := range first {
				first[j] *= 2
			}
			if err := (eventprop.First{}).Pull(&c, &tape, first); err != nil {
				t.Fatal(err)
			}
			if err := tape.Backward(g, &c); err != nil {
				t.Fatal(err)
			}
			for i, x := range tape.InputTime {
				dTimes[place[i]] = x
			}
			row := b * n * most
			for i := range n * most {
				wantTimes[row+i] = end
			}
			count := make([]int, n)
			for _, s := range tape.Spikes {
				wantTimes[row+s.Neuron*most+count[s.Neuron]], wantMask[row+s.Neuron*most+count[s.Neuron]] = s.Time, 1
				count[s.Neuron]++
				spikes++
			}
		}
		if spikes < 10 {
			t.Fatalf("%d spikes say little", spikes)
		}
		want := [][]float64{dTimes, g.In}
		if recurrent {
			want = append(want, g.Rec)
		}
		for _, test := range []struct {
			dt        tensor.Dtype
			tolerance float64 // of float64: the order of sums; of float32: its rounding in and out, amplified by the inverse slope
		}{{tensor.Float64, 1e-14}, {tensor.Float32, 1e-4}} {
			times, mask, grads := run(t, test.dt, recurrent)
			close := func(what string, x, y []float64) {
				largest := 0.0
				for _, v := range y {
					largest = max(largest, math.Abs(v))
				}
				for i := range y {
					if math.Abs(x[i]-y[i]) > test.tolerance*largest {
						t.Errorf("%v, recurrent %v: %s[%d] is %v, of the plain layer %v", test.dt, recurrent, what, i, x[i], y[i])
					}
				}
			}
			close("times", times, wantTimes)
			close("mask", mask, wantMask)
			for k, name := range []string{"times", "w_in", "w_rec"}[:len(want)] {
				close("gradient of "+name, grads[k], want[k])
			}
		}
	}
}

// TestTooManySpikes: a neuron with more spikes than there is room for is an error of the run.
func TestTooManySpikes(t *testing.T) {
	g := G.NewGraph()
	times := G.NewTensor(g, tensor.Float64, 3, G.WithName("times"), G.WithShape(1, 1, 1), G.WithInit(G.Zeroes()))
	mask := G.NewTensor(g, tensor.Float64, 3, G.WithName("mask"), G.WithShape(1, 1, 1), G.WithInit(G.Ones()))
	w := G.NewMatrix(g, tensor.Float64, G.WithName("w"), G.WithShape(1, 1), G.WithInit(G.ValuesOf(20.0)))
	_, _, err := node.Layer{End: end, Spikes: 1}.Apply(node.Inputs{Times: times, Mask: mask, WIn: w})
	if err != nil {
		t.Fatal(err)
	}
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	// the machine keeps the text of an error alone
	if err := vm.RunAll(); err == nil || !strings.Contains(err.Error(), eventprop.ErrLimit.Error()+": neuron 0 spikes again") {
		t.Errorf("%v, want ErrLimit", err)
	}
	if _, _, err := (node.Layer{End: end}).Apply(node.Inputs{Times: times, Mask: mask, WIn: w}); err == nil {
		t.Error("a layer without room for spikes")
	}
}

// TestSteps: spikes go to steps and back.
func TestSteps(t *testing.T) {
	g := G.NewGraph()
	steps := []float64{0, 1, 0, 0, 1, 0, 1, 1} // [4, 1, 2]
	x := G.NewTensor(g, tensor.Float64, 3, G.WithName("x"), G.WithShape(4, 1, 2), G.WithValue(tensor.New(tensor.WithShape(4, 1, 2), tensor.WithBacking(steps))))
	times, mask, err := node.Encode(x, 3, 1e-3, 5e-3)
	if err != nil {
		t.Fatal(err)
	}
	y, err := node.Decode(times, mask, 4, 1e-3)
	if err != nil {
		t.Fatal(err)
	}
	var vt, vy G.Value
	G.Read(times, &vt)
	G.Read(y, &vy)
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	if want := []float64{2.5e-3, 3.5e-3, 5e-3, 0.5e-3, 3.5e-3, 5e-3}; !slices.Equal(vt.Data().([]float64), want) {
		t.Errorf("times %v, want %v", vt.Data(), want)
	}
	if !slices.Equal(vy.Data().([]float64), steps) {
		t.Errorf("steps %v, want %v", vy.Data(), steps)
	}
}

// TestBadValues: what is wrong is named, shapes when the graph is built and values when it runs.
func TestBadValues(t *testing.T) {
	const n = 3
	nan := math.NaN()
	type (
		vectors  = func(x ...float64) *G.Node
		matrices = func(rows int, x float64) *G.Node
	)
	for _, c := range []struct {
		name   string
		change func(in *node.Inputs, l *node.Layer, vector vectors, matrix matrices)
		says   string
	}{
		{"tau_mem", func(in *node.Inputs, _ *node.Layer, vector vectors, _ matrices) {
			in.TauMem = vector(1, 0, 1)
		}, "neuron 1: eventprop: bad parameter: TauMem is 0"},
		{"tau_syn NaN", func(in *node.Inputs, _ *node.Layer, vector vectors, _ matrices) {
			in.TauSyn = vector(nan)
		}, "TauSyn[0] is NaN"},
		{"v_reset", func(in *node.Inputs, _ *node.Layer, vector vectors, _ matrices) {
			in.VReset = vector(0, 0, 2)
		}, "neuron 2: eventprop: bad parameter: VReset is 2, want less than VTh, which is 1"},
		{"v_reset of Params", func(_ *node.Inputs, l *node.Layer, _ vectors, _ matrices) {
			l.Params.VReset = []float64{2}
		}, "VReset is 2, want less than VTh, which is 1"},
		{"delay", func(in *node.Inputs, _ *node.Layer, _ vectors, matrix matrices) {
			in.DelayIn = matrix(2, -1)
		}, "delay 0 of In is -1 s"},
		{"length", func(in *node.Inputs, _ *node.Layer, vector vectors, _ matrices) {
			in.VTh = vector(1, 1)
		}, "VTh of shape (2), want (3)"},
		{"delay without synapses", func(in *node.Inputs, _ *node.Layer, _ vectors, matrix matrices) {
			in.DelayRec = matrix(3, 1)
		}, "DelayRec, but without WRec"},
		{"no weights", func(in *node.Inputs, _ *node.Layer, _ vectors, _ matrices) {
			in.WIn = nil
		}, "without Times, Mask or WIn"},
		{"time", func(in *node.Inputs, _ *node.Layer, _ vectors, _ matrices) {
			G.Let(in.Times, tensor.New(tensor.WithShape(1, 2, 1), tensor.WithBacking([]float64{0.1, -1})))
		}, "input spike 0 is at -1 s"},
	} {
		g := G.NewGraph()
		node3 := func(name string, x float64) *G.Node {
			return G.NewTensor(g, tensor.Float64, 3, G.WithName(name), G.WithShape(1, 2, 1), G.WithInit(G.ValuesOf(x)))
		}
		vector := func(x ...float64) *G.Node {
			return G.NewVector(g, tensor.Float64, G.WithName("vector"), G.WithValue(tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x))))
		}
		matrix := func(rows int, x float64) *G.Node {
			return G.NewMatrix(g, tensor.Float64, G.WithName("matrix"), G.WithShape(rows, n), G.WithInit(G.ValuesOf(x)))
		}
		l := node.Layer{End: 1, Spikes: 4}
		in := node.Inputs{Times: node3("times", 0.1), Mask: node3("mask", 1), WIn: G.NewMatrix(g, tensor.Float64, G.WithName("w"), G.WithShape(2, n), G.WithInit(G.Ones()))}
		c.change(&in, &l, vector, matrix)
		_, _, err := l.Apply(in)
		if err == nil {
			vm := G.NewTapeMachine(g)
			err = vm.RunAll()
			vm.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s", c.name, err, c.says)
		}
	}
}
