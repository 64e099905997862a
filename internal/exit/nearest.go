package exit

import (
	"fmt"
	"regexp"
	"strings"
)

// choice is what the parser of the command line says of a word that is none of a list.
var choice = regexp.MustCompile(`must be one of (".*") but got "(.*)"$`)

// Hint adds to an error that lists words and quotes another one, as the parser of the command line
// does, the word that was meant. The error underneath stays.
func Hint(err error) error {
	if err == nil {
		return nil
	}
	m := choice.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	near := Nearest(m[2], strings.Split(strings.Trim(m[1], `"`), `","`))
	if near == "" {
		return err
	}
	return fmt.Errorf("%w, did you mean %q?", err, near)
}

// Nearest returns the one of the known names that found is most likely a misspelling of: that
// with the smallest edit distance (insertions, deletions, replacements and swaps of neighbours,
// Damerau 1964, doi:10.1145/363958.363994), letters of both cases being alike; the first of equals.
// It is empty where none is nearer than a third of the letters of found, or two.
func Nearest(found string, known []string) string {
	best, nearest := max(len(found)/3, 2)+1, ""
	for _, name := range known {
		if d := distance(strings.ToLower(found), strings.ToLower(name)); d < best && d < len(name) {
			best, nearest = d, name
		}
	}
	return nearest
}

// distance is the edit distance of two names.
func distance(a, b string) int {
	var rows [3][]int // of the letter before last, the last, and this
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
	}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := range len(a) {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i + 1
		for j := range len(b) {
			other := 1
			if a[i] == b[j] {
				other = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+other)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		rows[0], rows[1], rows[2] = last, row, before
	}
	return rows[1][len(b)]
}
