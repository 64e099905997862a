package unrolled

import (
	"os"
	"runtime/pprof"
	"testing"
	"time"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

func model(T, B int) func(b *graph.Builder) {
	return func(b *graph.Builder) {
		x := b.Input("x", T, B, 700)
		h := models.LIF{}.Apply(b, "h", models.Linear{Out: 256}.Apply(b, "w", x))
		y := models.LI{}.Apply(b, "o", models.Linear{Out: 20}.Apply(b, "v", h.Spikes))
		b.Loss(b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.SumOverTime(y.Vmem)), b.Input("class", B))))
	}
}

func TestDev(t *testing.T) {
	T, B := 1000, 4
	f, _ := os.Create("/tmp/g/cpu.prof")
	pprof.StartCPUProfile(f)
	start := time.Now()
	p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float32, Engine: graph.UnrolledEngine}, model(T, B))
	if err != nil {
		t.Fatal(err)
	}
	t.Log("build", time.Since(start), p.Report())
	pprof.StopCPUProfile()
	for range 3 {
		start = time.Now()
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		t.Log("run", time.Since(start))
	}
}
