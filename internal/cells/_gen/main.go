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
			p.arrays, p.scalars = fields(k.operands)
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

// fields returns the slices and the numbers of a struct of package cells, in their order.
func fields(name string) (arrays, scalars []string) {
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != name {
				return true
			}
			for _, field := range spec.Type.(*ast.StructType).Fields.List {
				_, slice := field.Type.(*ast.ArrayType)
				for _, id := range field.Names {
					if slice {
						arrays = append(arrays, id.Name)
					} else {
						scalars = append(scalars, id.Name)
					}
				}
			}
			return false
		})
	}
	if arrays == nil {
		log.Fatal("no struct ", name)
	}
	return arrays, scalars
}
