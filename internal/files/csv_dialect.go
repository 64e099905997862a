package files

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// sampleBytes is how much of a table decides how the rest is read.
const sampleBytes = 1 << 16

// dialect is how a table is written.
type dialect struct {
	separator rune // ' ' for any number of spaces
	comment   rune // 0: none
	decimal   bool // a comma is the decimal point
	names     []string
	units     []string // nil: none
	skip      int      // rows of names and units
}

// separators are the candidates.
var separators = []rune{';', '\t', ',', '|', ' '}

// toldSeparator is the first line by which spreadsheets are told the separator.
var toldSeparator = regexp.MustCompile(`^sep=([;\t,|])\r?\n`)

// separatorName names a separator in messages.
func separatorName(r rune) string {
	return map[rune]string{';': "semicolons", '\t': "tabs", ',': "commas", '|': "bars", ' ': "spaces"}[r]
}

// textReader returns the text of r in UTF-8, without byte order mark.
func textReader(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(&boundLines{r: r}, sampleBytes)
	head, _ := b.Peek(1 << 10)
	if len(head) == 0 {
		return nil, fmt.Errorf("%w: .csv: expected a row of names, found an empty file", ErrCorrupt)
	}
	order, wide := unicode.LittleEndian, true
	switch {
	case isUTF32(head):
		return nil, fmt.Errorf("%w: .csv: expected text in UTF-8 or UTF-16, found UTF-32", ErrFormat)
	case bytes.HasPrefix(head, []byte("\ufeff")):
		_, _ = b.Discard(3)
		return b, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		order = unicode.BigEndian
	default:
		// Without a mark, Latin letters and digits in UTF-16 are zeros in every other byte.
		zeros := [2]int{}
		for i, c := range head {
			if c == 0 {
				zeros[i%2]++
			}
		}
		half := len(head) / 2
		switch {
		case zeros[0]+zeros[1] == 0:
			wide = false
		case zeros[0] == 0 && 10*zeros[1] >= 9*half:
		case zeros[1] == 0 && 10*zeros[0] >= 9*half:
			order = unicode.BigEndian
		default:
			return nil, fmt.Errorf("%w: .csv: expected text, found %d bytes of 0 in the first %d", ErrFormat, zeros[0]+zeros[1], len(head))
		}
	}
	if wide {
		return bufio.NewReaderSize(unicode.UTF16(order, unicode.UseBOM).NewDecoder().Reader(b), sampleBytes), nil
	}
	return b, nil
}

// isUTF32 tells whether a text is in UTF-32: by the mark, or as the two upper bytes of all its
// characters are 0, in the upper half or in the lower half of each four.
func isUTF32(head []byte) bool {
	upper := [2]bool{true, true}
	for i := range len(head) / 4 {
		c := head[4*i : 4*i+4]
		upper[0], upper[1] = upper[0] && c[0] == 0 && c[1] == 0 && c[3] != 0, upper[1] && c[2] == 0 && c[3] == 0 && c[0] != 0
	}
	return bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")) || bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")) || len(head) >= 4 && (upper[0] || upper[1])
}

// plain returns the text with lines that end with a line feed, where they all end with a carriage
// return, and an empty line in place of sep=;, the separator that it told of; 0 if none.
func plain(text *bufio.Reader) (*bufio.Reader, rune) {
	sample, _ := text.Peek(sampleBytes)
	if bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		text = bufio.NewReaderSize(transform.NewReader(text, runes.Map(func(r rune) rune {
			if r == '\r' {
				return '\n'
			}
			return r
		})), sampleBytes)
		sample, _ = text.Peek(sampleBytes)
	}
	m := toldSeparator.FindSubmatch(sample)
	if m == nil {
		return text, 0
	}
	_, _ = text.Discard(len(m[0]))
	return bufio.NewReaderSize(io.MultiReader(strings.NewReader("\n"), text), sampleBytes), rune(m[1][0])
}

// findDialect looks at the beginning of a text without taking it. told is the separator, 0 if that
// is not known.
func findDialect(text *bufio.Reader, told rune) (d dialect, err error) {
	sample, err := text.Peek(sampleBytes)
	whole := errors.Is(err, io.EOF)
	if err != nil && !whole {
		return d, err
	}
	if i := bytes.LastIndexByte(sample, '\n'); !whole && i >= 0 {
		sample = sample[:i+1]
	} else if !whole {
		return d, fmt.Errorf("%w: .csv: expected a first line of at most %d bytes, found a longer one", ErrTooLarge, sampleBytes)
	}
	candidates := separators
	if told != 0 {
		candidates = []rune{told}
	}
	if !utf8.Valid(sample) {
		return d, fmt.Errorf("%w: .csv: expected text in UTF-8 or UTF-16, found %.20q", ErrFormat, invalid(sample))
	}
	if first := strings.TrimLeft(string(sample), " \t\r\n"); strings.HasPrefix(first, "#") || strings.HasPrefix(first, "%") {
		d.comment = rune(first[0])
	} else if bytes.Contains(sample, []byte("\n#")) {
		d.comment = '#'
	}
	tried := map[rune][][]string{}
	for _, separator := range candidates {
		d.separator = separator
		if records := d.sample(sample); len(records) > 0 && records.regular() && (len(records) > 1 || separator != ' ') {
			tried[separator] = records
		}
	}
	best, numbers := rune(0), -1
	for _, separator := range candidates {
		records, ok := tried[separator]
		if !ok {
			continue
		}
		d.separator = separator
		if n := d.numbers(records); n > numbers {
			best, numbers = separator, n
		}
	}
	if best == 0 {
		if d.separator, err = d.single(sample); err != nil {
			return d, err
		}
		best = d.separator
		tried[best] = d.sample(sample)
	}
	d.separator = best
	records := tried[best]
	if len(records) == 0 {
		return d, fmt.Errorf("%w: .csv: expected a row of names, found none", ErrCorrupt)
	}
	if d.decimal, err = d.findDecimal(records); err != nil {
		return d, err
	}
	return d, d.findNames(records, sample)
}

// invalid returns the sample from the first byte on that is not UTF-8.
func invalid(b []byte) []byte {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 {
			return b[i:]
		}
		i += n
	}
	return nil
}

// records are the rows of a sample.
type records [][]string

// sample returns the rows of a sample, until one cannot be split.
func (d *dialect) sample(text []byte) (all records) {
	rows := d.rows(bytes.NewReader(text))
	for len(all) < 1000 {
		record, _, err := rows.next()
		if err != nil && !errors.Is(err, csv.ErrFieldCount) {
			return all
		}
		copied := make([]string, len(record))
		for i, cell := range record {
			copied[i] = strings.TrimSpace(cell)
		}
		all = append(all, copied)
	}
	return all
}

// regular tells whether a separator separates: the first row has two or more cells, and at least
// half of the others as many.
func (r records) regular() bool {
	same := 0
	for _, record := range r[1:] {
		if len(record) == len(r[0]) {
			same++
		}
	}
	return len(r[0]) > 1 && 2*same >= len(r)-1
}

// numbers returns how many cells are numbers, besides names and units.
func (d *dialect) numbers(r records) int {
	n := 0
	for _, record := range r {
		for _, cell := range record {
			for _, comma := range []bool{false, d.separator != ','} {
				if _, err := (&dialect{decimal: comma}).number(cell); err == nil {
					n++
					break
				}
			}
		}
	}
	return n
}

// single returns the separator of a table of one column, and an error where the rows have several
// cells whose number differs.
func (d *dialect) single(text []byte) (rune, error) {
	for _, separator := range []rune{';', '\t', ',', '|'} {
		d.separator = separator
		all := d.sample(text)
		for i, record := range all {
			if len(record) != len(all[0]) {
				return 0, fmt.Errorf("%w: .csv with %s between cells: row %d: expected %d cells, as in the first row, found %d",
					ErrFormat, separatorName(separator), i+1, len(all[0]), len(record))
			}
		}
	}
	return ',', nil
}

// errDecimal signifies a number that can be read in two ways.
var errDecimal = errors.New("may be a decimal comma or a separator of thousands")

// number reads a cell.
func (d *dialect) number(cell string) (float64, error) {
	if d.decimal && strings.Contains(cell, ",") {
		if strings.Contains(cell, ".") || strings.Count(cell, ",") > 1 {
			return 0, errDecimal
		}
		cell = strings.Replace(cell, ",", ".", 1)
	}
	return strconv.ParseFloat(cell, 64)
}

func (d *dialect) hint(err error) string {
	if errors.Is(err, errDecimal) {
		return ", which " + errDecimal.Error()
	}
	return ""
}

// findDecimal tells whether numbers have a decimal comma. A file in which every comma has three
// digits after it and others before it is ambiguous.
func (d *dialect) findDecimal(r records) (bool, error) {
	if d.separator == ',' {
		return false, nil
	}
	ambiguous := ""
	for _, record := range r {
		for _, cell := range record {
			whole, fraction, found := strings.Cut(cell, ",")
			if _, err := (&dialect{decimal: true}).number(cell); !found || err != nil {
				continue
			}
			if whole = strings.TrimLeft(whole, "+-"); len(fraction) != 3 || strings.Trim(fraction, "0123456789") != "" || whole == "" || whole[0] == '0' || len(whole) > 3 {
				return true, nil
			}
			ambiguous = cell
		}
	}
	if ambiguous != "" {
		return false, fmt.Errorf("%w: .csv with %s between cells: %q %w", ErrFormat, separatorName(d.separator), ambiguous, errDecimal)
	}
	return false, nil
}

// findNames finds the rows of names and units.
func (d *dialect) findNames(r records, sample []byte) error {
	isNumber := func(cell string) bool { _, err := d.number(cell); return err == nil }
	count := func(record []string) (n int) {
		for _, cell := range record {
			if isNumber(cell) {
				n++
			}
		}
		return n
	}
	first := r[0]
	numbered := true // pandas numbers columns that have no name
	for i, cell := range first {
		numbered = numbered && cell == strconv.Itoa(i)
	}
	data := count(first) == len(first)
	if !data && len(r) > 1 { // a text above numbers is a name
		data = count(first) > 0
		for i, cell := range first {
			data = data && !(!isNumber(cell) && i < len(r[1]) && isNumber(r[1][i]))
		}
	}
	if data && !numbered {
		d.names = make([]string, len(first))
		for i := range first {
			d.names[i] = strconv.Itoa(i)
		}
		if names := d.commentNames(sample); len(names) == len(first) && count(names) < len(names) {
			d.names = names
		}
		return nil
	}
	d.skip, d.names = 1, first
	for i, name := range d.names {
		if name == "" && i == 0 && len(d.names) > 1 {
			d.names[0] = "index"
		} else if name == "" {
			return fmt.Errorf("%w: .csv with %s between cells: column %d has no name", ErrFormat, separatorName(d.separator), i+1)
		}
	}
	if len(r) > 2 && len(r[1]) == len(first) && count(r[1]) == 0 && count(r[2]) > 0 && isUnits(r[1]) {
		d.skip, d.units = 2, r[1]
	}
	return nil
}

// isUnits tells whether a row without numbers is one of units: short words, or words in brackets.
func isUnits(record []string) bool {
	some := false
	for _, cell := range record {
		bracket := strings.HasPrefix(cell, "(") && strings.HasSuffix(cell, ")") || strings.HasPrefix(cell, "[") && strings.HasSuffix(cell, "]")
		_, known := SI(cell)
		if !bracket && !known {
			return false
		}
		some = some || cell != ""
	}
	return some
}

// commentNames returns the cells of the last comment before the first row, as numpy.savetxt writes
// names.
func (d *dialect) commentNames(sample []byte) []string {
	last := ""
	for line := range strings.Lines(string(sample)) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if d.comment == 0 || !strings.HasPrefix(line, string(d.comment)) {
			break
		}
		last = strings.TrimLeft(line, string(d.comment)+" ")
	}
	for _, separator := range []rune{d.separator, ','} {
		c := dialect{separator: separator}
		if names := c.sample([]byte(last)); len(names) == 1 && len(names[0]) == len(d.names) {
			return names[0]
		}
	}
	return nil
}

// rowReader gives the rows of a table one after the other.
type rowReader interface {
	// next returns the cells of a row, which are its own until the next call, and its line.
	next() (record []string, line int, err error)
}

func (d *dialect) rows(text io.Reader) rowReader {
	if d.separator == ' ' {
		lines := bufio.NewScanner(text)
		lines.Buffer(nil, 1<<20)
		return &spaceRows{lines: lines, comment: d.comment}
	}
	in := csv.NewReader(&boundCells{r: text, separator: byte(d.separator)})
	in.Comma, in.Comment, in.ReuseRecord, in.TrimLeadingSpace = d.separator, d.comment, true, d.separator != '\t'
	return &csvRows{in}
}

// boundCells is a text without a line of so many cells that splitting it takes much more memory
// than it has bytes.
type boundCells struct {
	r         io.Reader
	separator byte
	cells     int // of the line at hand
}

// mostCells is more than the names of a first line of sampleBytes bytes can be.
const mostCells = sampleBytes

func (b *boundCells) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	last := bytes.LastIndexByte(p[:n], '\n')
	if last >= 0 {
		b.cells = 0
	}
	if b.cells += bytes.Count(p[last+1:n], []byte{b.separator}); b.cells > mostCells {
		return 0, fmt.Errorf("%w: expected lines of at most %d cells, found a longer one", ErrTooLarge, mostCells)
	}
	return n, err
}

type csvRows struct{ *csv.Reader }

func (r *csvRows) next() ([]string, int, error) {
	record, err := r.Read()
	if len(record) == 0 {
		return nil, 0, err
	}
	line, _ := r.FieldPos(0)
	return record, line, err
}

// spaceRows splits at any number of spaces and tabs.
type spaceRows struct {
	lines   *bufio.Scanner
	comment rune
	line    int
	cells   int // of the first row
}

func (r *spaceRows) next() ([]string, int, error) {
	for r.lines.Scan() {
		r.line++
		record := strings.Fields(r.lines.Text())
		if len(record) == 0 || r.comment != 0 && strings.HasPrefix(record[0], string(r.comment)) {
			continue
		}
		if r.cells == 0 {
			r.cells = len(record)
		}
		if len(record) != r.cells {
			return record, r.line, &csv.ParseError{StartLine: r.line, Line: r.line, Err: csv.ErrFieldCount}
		}
		return record, r.line, nil
	}
	if err := r.lines.Err(); err != nil {
		return nil, 0, err
	}
	return nil, 0, io.EOF
}

// explain says what is wrong with a row, of a text that is read until there.
func (d *dialect) explain(err error, text *bufio.Reader) error {
	_, end := text.Peek(1)
	parse := (*csv.ParseError)(nil)
	if !errors.As(err, &parse) {
		return fmt.Errorf("%w: .csv: %w", ErrCorrupt, err)
	}
	kind := ErrFormat
	if errors.Is(parse.Err, csv.ErrQuote) && end != nil {
		kind = ErrCorrupt // a quote that is not closed
	}
	if errors.Is(parse.Err, csv.ErrFieldCount) {
		return fmt.Errorf("%w: .csv: line %d: expected %d cells with %s between them, as in the first row", kind, parse.Line, len(d.names), separatorName(d.separator))
	}
	return fmt.Errorf("%w: .csv with %s between cells: line %d: %w", kind, separatorName(d.separator), parse.Line, parse.Err)
}
