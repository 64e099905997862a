package exit

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lines are the lines of an error's text, for a terminal: bytes that are no text, which names in a
// damaged file may have, and characters that steer it are written as in a string of Go (\x96).
func Lines(err error) []string {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		var out strings.Builder
		for len(line) > 0 {
			r, size := utf8.DecodeRuneInString(line)
			switch {
			case r == utf8.RuneError && size == 1:
				fmt.Fprintf(&out, `\x%02x`, line[0])
			case unicode.IsPrint(r) || r == '\t':
				out.WriteRune(r)
			default:
				out.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
			}
			line = line[size:]
		}
		lines[i] = out.String()
	}
	return lines
}
