package schema

import (
	"errors"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/exit"
)

// TestNesting: what no experiment has is refused before the parser sees it, wherever it stands;
// brackets and dots within strings and comments, and numbers with points, are none.
func TestNesting(t *testing.T) {
	deep := func(s string) string { return strings.Repeat(s, 100) }
	for _, text := range []string{
		"a = " + deep("[") + deep("]"), "a = [\n" + deep("[\n"), "a = " + deep("{a = ") + "1" + deep("}"),
		deep("a.") + "a = 1", "[" + deep("a.") + "a]", "[[" + deep("a . ") + "a]]", deep(`"a".`) + "a = 1",
		"b = \"\"\"x\"\"\"\na = " + deep("["), "b = 'x' # y\na = " + deep("["), `b = "\""` + "\na = " + deep("["), "b = 'no end\na = " + deep("["),
	} {
		_, err := Table("f.toml", text)
		if bad := (*exit.BadInput)(nil); !errors.As(err, &bad) || !strings.Contains(bad.Expected, "levels") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	for _, text := range []string{
		"a = \"" + deep("[") + "\"", "a = '" + deep(".") + "'", "# " + deep("[") + "\na = 1", "a = '''\n" + deep("[\n") + "'''", "a = \"\"\"\\\"" + deep("[") + "\"\"\"",
		"a = [" + deep("1.5, ") + "]", deep("[[a]]\n"), deep("# x.y\n"), "a = 1 #" + deep("."), strings.Repeat("[", 8) + "",
	} {
		_, err := Table("f.toml", text)
		if err != nil && strings.Contains(err.Error(), "levels") {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}
