package graph

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"unsafe"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/ops"
)

// identities are Gorgonia's tables of what nodes it has, in private fields that only package
// unsafe reaches.
//
// Gorgonia takes a new node for one that it has when their operands and the hashes of their
// operations are equal, and some hashes leave settings out: that of Slice keeps eight bits
// of an index, that of LogSoftMax is that of SoftMax. Salts cannot tell such nodes apart. So
// a node whose operation has a coarse identity gets, as soon as the Builder sees it, a hash
// of its own, under which no later node can find it; and where two of them were added before
// the Builder saw the first, which leaves the edges to the operands twice, the build ends.
type identities struct {
	byHash       map[uint32]*G.Node
	evac         map[uint32]G.Nodes
	readers      map[*G.Node]G.Nodes
	hash, hashed uintptr // offsets in a node
	op           uintptr
}

// identitiesOf returns the tables of a graph, or nil if this Gorgonia has others.
func identitiesOf(g *G.ExprGraph) *identities {
	node := reflect.TypeFor[G.Node]()
	hash, ok := node.FieldByName("hash")
	hashed, ok2 := node.FieldByName("hashed")
	op, ok6 := node.FieldByName("op")
	byHash, ok3 := private[map[uint32]*G.Node](g, "byHash")
	evac, ok4 := private[map[uint32]G.Nodes](g, "evac")
	readers, ok5 := private[map[*G.Node]G.Nodes](g, "to")
	if !(ok && ok2 && ok3 && ok4 && ok5 && ok6) || hash.Type.Kind() != reflect.Uint32 || hashed.Type.Kind() != reflect.Bool || op.Type != reflect.TypeFor[G.Op]() {
		return nil
	}
	return &identities{byHash, evac, readers, hash.Offset, hashed.Offset, op.Offset}
}

// private returns the value of a private field of a graph; false if it has none of that type.
func private[T any](g *G.ExprGraph, field string) (v T, ok bool) {
	f := reflect.ValueOf(g).Elem().FieldByName(field)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return v, false
	}
	return *(*T)(unsafe.Pointer(f.UnsafeAddr())), true
}

// applied returns how often n was added to the graph.
func (id *identities) applied(n *G.Node, operands []*G.Node) int {
	if len(operands) == 0 {
		return 1
	}
	count := func(nodes []*G.Node, n *G.Node) (c int) {
		for _, m := range nodes {
			if m == n {
				c++
			}
		}
		return c
	}
	return count(id.readers[operands[0]], n) / count(operands, operands[0])
}

// seal gives a node a hash of its own.
func (id *identities) seal(n *G.Node, salt int) {
	old := n.Hashcode()
	if id.byHash[old] == n {
		delete(id.byHash, old)
	} else if i := slices.Index(id.evac[old], n); i >= 0 {
		id.evac[old] = slices.Delete(slices.Clone(id.evac[old]), i, i+1)
	}
	for try := 0; ; try++ {
		h := fnv.New32a()
		for _, v := range [...]int64{int64(salt), n.ID(), int64(try)} {
			for range 8 {
				h.Write([]byte{byte(v)})
				v >>= 8
			}
		}
		unique := h.Sum32()
		if _, taken := id.byHash[unique]; taken {
			continue
		}
		*(*uint32)(unsafe.Add(unsafe.Pointer(n), id.hash)) = unique
		*(*bool)(unsafe.Add(unsafe.Pointer(n), id.hashed)) = true
		id.byHash[unique] = n
		return
	}
}

// replace gives a node another operation.
func (id *identities) replace(n *G.Node, op G.Op) {
	*(*G.Op)(unsafe.Add(unsafe.Pointer(n), id.op)) = op
}

// settle looks at the nodes that were added since the last time. It ends the build for an
// operation that cannot be made right, seals those of coarse identity, and puts softmax in its
// place.
func (b *Builder) settle() {
	b.reserve()
	nodes := b.g.AllNodes()
	if b.lostNode() {
		b.Fail(errLostNode)
	}
	for ; b.settled < len(nodes); b.settled++ {
		n := nodes[b.settled]
		if n.Op() == nil {
			continue
		}
		operands := children(b.g, n)
		if why := refused(n, operands); why != "" {
			b.Failf("%s", why)
		}
		if t, ok := n.Op().(ops.Timed); ok && t.TimeStep() != 0 && t.TimeStep() != b.settings.Dt {
			b.Failf("%v is made for steps of %v s in a program with steps of %v s: Builder.Dt returns these", n.Op(), t.TimeStep(), b.settings.Dt)
		}
		if !coarse(n, operands) {
			continue
		}
		if b.identities == nil {
			b.Failf("%v: this version of Gorgonia may take it for another operation with the same operands, and package graph does not know its tables", n.Op())
		}
		if b.identities.applied(n, operands) > 1 {
			b.Failf("%v was added twice to the same operands in one call of Builder.Check, and Gorgonia tells the two apart by less than their settings: give each operation a Builder.Check of its own", n.Op())
		}
		b.identities.seal(n, b.salt)
		if stockName(n.Op()) == "softmaxOp" {
			b.identities.replace(n, b.softmaxOf(n))
		}
	}
}

// lostNode says whether Gorgonia has removed a node from the graph: the number of a node is then
// no longer its place.
func (b *Builder) lostNode() bool {
	nodes := b.g.AllNodes()
	n := len(nodes)
	return n < b.settled || n > 0 && nodes[n-1].ID() != int64(n-1)
}

var errLostNode = fmt.Errorf("%w: Gorgonia has removed a node from the graph, and others may still read it: it does so where Log(1+x) becomes Log1p(x), and in BinaryXent; write the logarithm with gorgonia.Log1p", ErrBuild)
