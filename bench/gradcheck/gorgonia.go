package gradcheck

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
)

// stock is a row for one of Gorgonia's own operations: what a user may put between those
// of surge. Its value is checked against an independent one, its gradient like any other.
type stock struct {
	op     string // the function of Gorgonia, without the package
	detail string // what tells the rows of one operation apart
	shapes [][]int
	domain domain
	apply  func(b *graph.Builder, x []*G.Node) (*G.Node, error)
	value  func(x []array) array
}

// domain is from where the operands are drawn.
type domain int

const (
	anywhere domain = iota // standard normal
	positive               // 0.4 + |standard normal|
	unit                   // (0.1, 0.9)
	apart                  // normal, no two elements nearer than 0.1
)

func (d domain) fill(dst []float64, rng *rand.Rand) {
	for i := range dst {
		switch d {
		case anywhere:
			dst[i] = random.Normal(rng)
		case positive:
			dst[i] = 0.4 + math.Abs(random.Normal(rng))
		case unit:
			dst[i] = 0.1 + 0.8*rng.Float64()
		case apart:
			dst[i] = 0.2*float64(i) - 0.1*float64(len(dst)) + 0.1*rng.Float64()
		}
	}
	if d == apart {
		rng.Shuffle(len(dst), func(i, j int) { dst[i], dst[j] = dst[j], dst[i] })
	}
}

// counting is held while a node is made: Gorgonia numbers its convolutions, pools and rectifiers
// in a variable without a lock, and cases run at the same time.
var counting sync.Mutex

func (s stock) node(b *graph.Builder, x []*G.Node) (*G.Node, error) {
	counting.Lock()
	defer counting.Unlock()
	return s.apply(b, x)
}

func (s stock) row() Case {
	name := "gorgonia." + s.op + "/"
	if s.detail != "" {
		name += s.detail + " "
	}
	for i, shape := range s.shapes {
		if i > 0 {
			name += ","
		}
		name += strings.ReplaceAll(fmt.Sprint(shape), " ", "×")
	}
	param := func(i int) string { return fmt.Sprintf("x%d", i) }
	c := Case{Name: name, Covers: []string{"gorgonia." + s.op}, Gorgonia: true}
	c.Model = func(b *graph.Builder) {
		x := make([]*G.Node, len(s.shapes))
		for i, shape := range s.shapes {
			x[i] = b.Param(param(i), func(dst []float64, _ []int, rng *rand.Rand) { s.domain.fill(dst, rng) }, shape...)
		}
		probe(b, b.Check(s.node(b, x)))
	}
	c.Value = func(value func(string) []float64) ([]int, []float64) {
		x := make([]array, len(s.shapes))
		for i, shape := range s.shapes {
			x[i] = array{shape, value(param(i))}
		}
		y := s.value(x)
		return y.shape, y.v
	}
	return c
}

func gorgoniaCases() []Case {
	var cases []Case
	for _, s := range slices.Concat(stockUnary(), stockBinary(), stockReductions(), stockProducts(), stockShapes(), stockLayers()) {
		cases = append(cases, s.row())
	}
	return cases
}
