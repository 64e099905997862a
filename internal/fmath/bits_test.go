package fmath

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNothingToFuse reads the source: every product is rounded at once by float64 or float32, which
// forbids to fuse it with a sum, and nothing that may differ is called.
func TestNothingToFuse(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	rounded := 0
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || path == "tables.go" {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		fine := map[ast.Node]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl: // constants are computed by the compiler, exactly
				return n.Tok != token.CONST
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "float64" || f.Name == "float32") {
					fine[n.Args[0]] = true
					rounded++
				}
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				exact := []string{"Float64bits", "Float64frombits", "Float32bits", "Float32frombits", "Inf", "NaN", "Log2E",
					"Ln2", "Abs", "Copysign", "Sqrt", "RoundToEven", // rounded correctly
					"Pow"} // for special cases of Pow
				if ok && pkg.Name == "math" && !slices.Contains(exact, n.Sel.Name) {
					t.Errorf("%s: math.%s", fset.Position(n.Pos()), n.Sel.Name)
				}
			case *ast.AssignStmt:
				if n.Tok == token.MUL_ASSIGN {
					t.Errorf("%s: a product that may be fused", fset.Position(n.Pos()))
				}
			case *ast.BinaryExpr:
				if n.Op == token.MUL && !fine[n] {
					t.Errorf("%s: a product that may be fused", fset.Position(n.OpPos))
				}
			}
			return true
		})
	}
	if rounded < 20 {
		t.Errorf("only %d conversions found", rounded)
	}
}

// digest is the SHA-256 of the results at many arguments.
func digest() string {
	r := rand.New(rand.NewPCG(3, 4))
	h := sha256.New()
	for _, f := range functions {
		x := hard()
		for range 20000 {
			x = append(x, f.random(r))
		}
		for _, x := range x {
			y := f.f(x)
			if y != y {
				y = math.NaN()
			}
			h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(y)))
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// TestBitsWithoutFeatures compares with a process that may not use what processors have
// beyond the basic instructions. (math.Exp fails this on amd64.)
func TestBitsWithoutFeatures(t *testing.T) {
	const key = "FMATH_TEST_DIGEST"
	if os.Getenv(key) != "" {
		fmt.Println(key, digest())
		return
	}
	command := exec.Command(os.Args[0], "-test.run=^TestBitsWithoutFeatures$")
	command.Env = append(os.Environ(), key+"=1", "GODEBUG=cpu.all=off")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := key + " " + digest(); !strings.Contains(string(out), want) {
		t.Errorf("the results depend on features of the processor: %s, want %s", out, want)
	}
}
