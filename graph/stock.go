package graph

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	G "gorgonia.org/gorgonia"
)

// stockOp is what package graph knows of one of Gorgonia's operations. The rows of
// bench/gradcheck hold every one of them to an independent value and to finite differences.
type stockOp struct {
	// refuse says why a program may not have it; empty: it may.
	refuse string
	// unless says, where it is not nil, why a node may not be as it is.
	unless func(n *G.Node, operands []*G.Node) string
	// coarse says whether its identity leaves settings out.
	coarse func(n *G.Node, operands []*G.Node) bool
}

func always(*G.Node, []*G.Node) bool { return true }

// stockOps are Gorgonia's operations by the name of their type. One that is not here is
// refused.
var stockOps = map[string]stockOp{
	"elemBinOp":               {unless: wrongPattern},
	"elemUnaryOp":             {},
	"linAlgBinOp":             {},
	"tensordotOp":             {},
	"sumOp":                   {},
	"maxOp":                   {},
	"repeatOp":                {},
	"sizeOp":                  {},
	"reshapeOp":               {},
	"transposeOp":             {},
	"concatOp":                {},
	"atOp":                    {},
	"minBetween":              {unless: scalars},
	"maxBetween":              {unless: scalars},
	"diagFlatOp":              {refuse: "gorgonia.DiagFlat gives a node of a type that no other operation takes"},
	"upsampleOp":              {},
	"upsampleDiffOp":          {},
	"globalAveragePoolOp":     {},
	"globalAveragePoolDiffOp": {},
	"dtConvOp":                {},
	"sliceOp":                 {coarse: longAxis},
	"sliceIncrOp":             {coarse: longAxis},
	"softmaxOp":               {coarse: always},
	"sparsemaxOp":             {refuse: "gorgonia.Sparsemax: its value along an axis and its gradient are wrong"},
	"ctcLossOp":               {refuse: "gorgonia.CTCLoss has not been checked"},
	"yoloOp":                  {refuse: "gorgonia.YOLOv3 has not been checked"},
	"im2colOp":                {coarse: always},
	"col2imOp":                {coarse: always},
	"maxPoolOp":               {coarse: always, unless: wrongPool},
	"maxPoolDiffOp":           {coarse: always},
	"avgPoolOp":               {coarse: always},
	"avgPoolDiffOp":           {coarse: always},
	"GroupNormOp":             {coarse: always},
	"groupNormDiffOp":         {coarse: always},
	"byIndicesOp":             {},
	"byIndicesOpDiffOp":       {},
	"constantScalar":          {unless: namedConstant},
	"constantTensor":          {refuse: "a constant tensor of Gorgonia's: two that print alike are one node; use Builder.Const"},
	"letOp":                   {refuse: "gorgonia.Set sets a value outside of the graph"},
	"readOp":                  {refuse: "gorgonia.Read reads a value outside of the graph; Builder.Output records values"},
	"dropoutOp":               {refuse: "gorgonia.Dropout draws from global randomness, in evaluation, too; use models.Dropout"},
	"randomOp":                {refuse: "a random node of Gorgonia's draws from global randomness, and all of one kind are one node; use Builder.Draw"},
	"BatchNormOp":             {refuse: "gorgonia.BatchNorm cannot tell training from evaluation in a program; use models.BatchNorm"},
}

// stockName returns the name of the type of an operation of Gorgonia's, empty for others.
func stockName(op G.Op) string {
	t := reflect.TypeOf(op)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() != gorgoniaPath {
		return ""
	}
	return t.Name()
}

const (
	gorgoniaPath = "gorgonia.org/gorgonia"
	opsPath      = "github.com/surge-snn/surge/ops"
	graphPath    = "github.com/surge-snn/surge/graph"
)

// refused says why a program may not have the node n; empty: it may.
func refused(n *G.Node, operands []*G.Node) string {
	name := stockName(n.Op())
	if name == "" {
		return ""
	}
	s, known := stockOps[name]
	switch {
	case !known:
		return fmt.Sprintf("%v (%s) is none of the operations of Gorgonia that package graph has checked", n.Op(), name)
	case s.refuse != "":
		return s.refuse
	case s.unless != nil:
		return s.unless(n, operands)
	}
	return ""
}

// coarse says whether Gorgonia may take n for a node with other settings. Of an operation of
// the user's own nobody knows.
func coarse(n *G.Node, operands []*G.Node) bool {
	if name := stockName(n.Op()); name != "" {
		c := stockOps[name].coarse
		return c != nil && c(n, operands)
	}
	t := reflect.TypeOf(n.Op())
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() != opsPath && t.PkgPath() != graphPath
}

// longAxis: the hash of a slice keeps eight bits of an index.
func longAxis(_ *G.Node, operands []*G.Node) bool {
	for _, n := range operands[0].Shape() {
		if n > 256 {
			return true
		}
	}
	return false
}

// namedConstant: constants of one name are one node, whatever their values are.
func namedConstant(n *G.Node, _ []*G.Node) string {
	if v := n.Value(); v != nil && n.Name() != fmt.Sprint(v.Data()) && n.Name() != seedName {
		return fmt.Sprintf("constant %q of Gorgonia's: those of one name are one node, whatever their values are; leave out the name, or use Builder.Const", n.Name())
	}
	return ""
}

// scalars: of these Gorgonia has no value, which only a run would say.
func scalars(n *G.Node, _ []*G.Node) string {
	if n.Dims() > 0 {
		return ""
	}
	return fmt.Sprintf("gorgonia.%v of scalars: Gorgonia computes it of tensors alone; give it nodes of shape (1), by gorgonia.Reshape", n.Op())
}

// wrongPattern finds functions of Gorgonia's that are made of other operations, and wrongly:
// LogSumExp, which is ln(Σ exp(x - max) + max), and Norm of odd order, which takes no absolute
// values.
func wrongPattern(n *G.Node, operands []*G.Node) string {
	g := n.Graph()
	part := func(n *G.Node, name string, operand int) *G.Node {
		if n == nil || n.Op() == nil || opName(n.Op()) != name && stockName(n.Op()) != name {
			return nil
		}
		return children(g, n)[operand]
	}
	switch opName(n.Op()) {
	case "+":
		if x := part(part(part(operands[0], "sumOp", 0), "exp", 0), "-", 0); x != nil && part(operands[1], "maxOp", 0) == x {
			return "gorgonia.LogSumExp computes ln(Σ exp(x - max) + max); take the logarithm of gorgonia.Sum of gorgonia.Exp"
		}
	case "^":
		pow := part(operands[0], "sumOp", 0)
		x, p := part(pow, "^", 0), part(pow, "^", 1)
		if x == nil || stockName(p.Op()) != "constantScalar" || stockName(operands[1].Op()) != "constantScalar" {
			return ""
		}
		order, inverse := scalarOf(p.Value()), scalarOf(operands[1].Value())
		if float32(order*inverse) != 1 || math.Mod(order, 2) != 1 {
			return ""
		}
		if x.Op() != nil && slices.Contains([]string{"abs", "exp", "square", "sigmoid", "softplus", "sqrt"}, opName(x.Op())) {
			return ""
		}
		return fmt.Sprintf("gorgonia.Norm of order %v takes no absolute values; give it gorgonia.Abs(x)", order)
	}
	return ""
}

// scalarOf is one of Gorgonia's scalars as a number.
func scalarOf(v G.Value) float64 {
	switch v := v.(type) {
	case *G.F32:
		return float64(*v)
	case *G.F64:
		return float64(*v)
	}
	return math.NaN()
}

// wrongPool: Gorgonia reads a window from the wrong row where the padding differs from side to
// side, and its AveragePool1D makes the very operation that MaxPool1D makes.
func wrongPool(n *G.Node, _ []*G.Node) string {
	f := func(name string) int { return intField(n.Op(), name) }
	switch {
	case f("padNorth") != f("padSouth") || f("padWest") != f("padEast"):
		return fmt.Sprintf("%v: Gorgonia's maxima are wrong where the padding of two sides differs", n.Op())
	case f("h") == 1 && f("padNorth") == 0 && f("strideH") == 1:
		return "maxima of rows: gorgonia.AveragePool1D computes maxima like MaxPool1D, and nobody can tell the two apart; use gorgonia.AveragePool2D, or MaxPool2D of columns with a kernel (k, 1)"
	}
	return ""
}

// field returns a private field of a stock operation.
func field(op G.Op, name string) reflect.Value {
	v := reflect.ValueOf(op)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return v.FieldByName(name)
}

func intField(op G.Op, name string) int { return int(field(op, name).Int()) }

func intsField(op G.Op, name string) []int {
	f := field(op, name)
	x := make([]int, f.Len())
	for i := range x {
		x[i] = int(f.Index(i).Int())
	}
	return x
}
