// Command gen writes the kernels for amd64, of which generic.go of package cells is the
// specification.
package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"log"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	ones := GLOBL("tail", RODATA|NOPTR)
	for k := range 16 {
		word := U64(0)
		if k < 8 {
			word = ^word
		}
		DATA(8*k, word)
	}
	for _, m := range []machine{{false, false}, {false, true}, {true, false}, {true, true}} {
		for _, k := range append(neurons, synapses...) {
			p := newProgram(m, k.name, k.doc)
			p.operands = layout(k.operands, "", m.size())
			k.write(p)
			p.write(half(m, ones))
		}
	}
	Generate()
	log.Print("registers in memory: ", spills)
}

// half is the table of ones such that zeros begin after a register.
func half(m machine, ones Mem) Mem { return ones.Offset(64 - m.width()) }

var files = parse("../dynapse.go", "../synapses.go")

func parse(names ...string) (list []*ast.File) {
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			log.Fatal(err)
		}
		list = append(list, f)
	}
	return list
}

// operand is a slice or a number of the argument of a kernel.
type operand struct {
	name        string // with the names of the structs that it is in, as in T.Gy
	at          int    // offset in bytes
	slice, same bool   // same: all rows share it
}

// layout returns the operands of a struct of package cells, whose names begin with prefix, for
// numbers of so many bytes.
func layout(name, prefix string, size int) (list []operand) {
	list, _ = appendFields(nil, spec(name), prefix, 0, size)
	return list
}

func appendFields(list []operand, s *ast.StructType, prefix string, at, size int) ([]operand, int) {
	for _, field := range s.Fields.List {
		of, slice := field.Type.(*ast.IndexExpr)
		inner := (*ast.StructType)(nil)
		if slice {
			inner = spec(of.X.(*ast.Ident).Name)
		}
		_, array := field.Type.(*ast.ArrayType)
		for _, id := range field.Names {
			switch {
			case inner != nil:
				list, at = appendFields(list, inner, prefix+id.Name+".", at, size)
				at = (at + 7) / 8 * 8
			case array || slice:
				at = (at + 7) / 8 * 8
				list = append(list, operand{prefix + id.Name, at, true, slice})
				at += 24
			default:
				list = append(list, operand{prefix + id.Name, at, false, false})
				at += size
			}
		}
	}
	return list, at
}

// spec returns a struct of package cells, nil if the name is that of another type.
func spec(name string) (s *ast.StructType) {
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if t, ok := n.(*ast.TypeSpec); ok && t.Name.Name == name {
				s, _ = t.Type.(*ast.StructType)
			}
			return s == nil
		})
	}
	return s
}
