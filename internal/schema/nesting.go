package schema

import (
	"fmt"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
)

// deepest is how deep the values and the keys of a text may be. The keys of surge have three parts,
// and its values are lists of lists at the most; what is deeper takes the parser of TOML memory and
// time that grow with the square of the depth.
const deepest = 32

// shallow returns an error for a text with brackets or dotted keys that are deeper than deepest.
func shallow(file, text string) error {
	brackets, dots, line := 0, 0, 1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\n':
			dots = 0
			line++
		case ',', '=':
			dots = 0
		case '[', '{':
			dots = 0
			brackets++
		case ']', '}':
			dots = 0
			brackets = max(brackets-1, 0)
		case '.':
			dots++
		case '#':
			n := strings.IndexByte(text[i:], '\n')
			if n < 0 {
				return nil
			}
			i += n - 1
		case '"', '\'':
			n := quoted(text[i:])
			line += strings.Count(text[i:i+n], "\n")
			i += n - 1
		}
		if brackets > deepest || dots > deepest {
			return &exit.BadInput{File: file, Member: fmt.Sprintf("line %d", line), Expected: fmt.Sprintf("keys and values of at most %d levels", deepest), Found: "more"}
		}
	}
	return nil
}

// quoted returns the length of the string that text begins with, all of it where it has no end.
func quoted(text string) int {
	quote := text[:1]
	if strings.HasPrefix(text, strings.Repeat(quote, 3)) {
		quote = text[:3]
	}
	for i := len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote[0] == '"':
			i++
		case text[i] == '\n' && len(quote) == 1:
			return i // it has no end, which the parser says
		case strings.HasPrefix(text[i:], quote):
			return i + len(quote)
		}
	}
	return len(text)
}
