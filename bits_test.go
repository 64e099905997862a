package surge

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// differs are the functions of package math whose last bits depend on the processor: it has
// assembly for some, and the compiler fuses products with sums in others.
var differs = regexp.MustCompile(`^(Exp|Exp2|Expm1|Log|Log2|Log10|Log1p|Pow|Pow10|Sin|Cos|Sincos|Tan|Asin|Acos|Atan|Atan2|Sinh|Cosh|Tanh|Asinh|Acosh|Atanh|Erf|Erfc|Erfinv|Gamma|Lgamma|Cbrt|Hypot)$`)

// ownBits are files of what trains that may call them, and why.
var ownBits = map[string]string{
	"internal/fmath/pow.go":         "special cases of Pow, where nothing is rounded",
	"surrogate/atan.go":             "the antiderivative, of twins",
	"surrogate/erfc.go":             "the antiderivative, of twins",
	"surrogate/gaussian.go":         "the antiderivative, of twins",
	"surrogate/multigaussian.go":    "the antiderivative, of twins",
	"surrogate/compat_more.go":      "the antiderivatives, of twins",
	"surrogate/compat_rules.go":     "the antiderivatives, of twins",
	"surrogate/deviation.go":        "points at which two surrogates are compared",
	"train/data/speech/cochlea.go":  "made once, and not while training",
	"train/data/speech/espeak.go":   "made once, and not while training",
	"train/data/speech/formants.go": "made once, and not while training",
}

// TestTrainingHasTheBitsOfFmath: what trains calls internal/fmath in place of functions of package
// math that are not the same everywhere.
func TestTrainingHasTheBitsOfFmath(t *testing.T) {
	seen := map[string]bool{}
	for _, root := range []string{"eventprop", "graph", "models", "ops", "optim", "surrogate", "train", "internal/cells", "internal/fmath", "internal/kernel", "internal/lanes", "internal/random"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch path = filepath.ToSlash(path); {
			case err != nil:
				return err
			case d.IsDir() && (path == "models/dynapse" || path == "models/nir" || path == "optim/ensemble" || strings.HasSuffix(path, "_gen")):
				return filepath.SkipDir // fits, and graphs of other programs
			case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "math" && differs.MatchString(s.Sel.Name) {
						if seen[path] = true; ownBits[path] == "" {
							t.Errorf("%s: math.%s, whose last bits depend on the processor; want that of internal/fmath", fset.Position(s.Pos()), s.Sel.Name)
						}
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for path := range ownBits {
		if !seen[path] {
			t.Errorf("%s need not be listed", path)
		}
	}
}
