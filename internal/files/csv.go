package files

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Column is a column of a table: numbers, or texts where a cell is none.
type Column struct {
	Name string
	Unit string    // from the row of units, without brackets; else empty
	Data []float64 // nil for texts

	// Gaps are the rows, ascending, whose cell is empty, and NaN in Data; only [ParseTable] allows
	// them.
	Gaps []int

	// Texts are the different texts in the order in which they first occur, Codes the index in
	// Texts of each row.
	Texts []string
	Codes []int32
}

// Len returns the number of rows.
func (c *Column) Len() int { return max(len(c.Data), len(c.Codes)) }

// ReadTable reads a text file of rows, as spreadsheets, measuring programs, NumPy and pandas write
// them. What differs between them is found in the first 64 KiB:
//
//   - text in UTF-8, or UTF-16 (by the byte order mark, or by zeros in every other byte);
//   - lines that end with a line feed, both, or a carriage return;
//   - cells between commas, semicolons, tabs, bars or spaces, of which only one gives each row the
//     same number of cells, or which the first line tells (sep=;);
//   - numbers with a decimal point or a decimal comma;
//   - lines of comments that begin with # or %;
//   - a row of names. Where there is none, the last comment names the columns (numpy.savetxt), or
//     else they are "0", "1" and so on; a first column without a name is "index" (pandas);
//   - under it a row of units.
//
// A column with a cell that is not a number is one of texts. An empty cell is an error in a column
// of numbers.
//
// Errors: [ErrFormat], with the line, the separator and what was found; [ErrCorrupt] where the file
// ends within a row; [ErrTooLarge] beyond [MaxElements] cells; or that of the file system. Memory:
// twice that of the columns, while one of them grows.
func ReadTable(path string) ([]Column, error) {
	f, err := OpenWhole(path)
	if err != nil {
		return nil, named("", err)
	}
	defer f.Close()
	columns, err := decodeTable(f, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return columns, nil
}

// ParseTable is [ReadTable] for the content of a file, whose name errors have. An empty cell of a
// column of numbers is a gap.
func ParseTable(name string, content []byte) ([]Column, error) {
	columns, err := decodeTable(bytes.NewReader(content), true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return columns, nil
}

// decodeTable reads a table; the columns are of the same length. gaps allows empty cells.
func decodeTable(r io.Reader, gaps bool) ([]Column, error) {
	text, err := textReader(r)
	if err != nil {
		return nil, err
	}
	text, told := plain(text)
	d, err := findDialect(text, told)
	if err != nil {
		return nil, err
	}
	t := table{dialect: d, gaps: gaps, columns: make([]Column, len(d.names))}
	for i, name := range d.names {
		t.columns[i].Name = name
		if d.units != nil {
			t.columns[i].Unit = strings.Trim(d.units[i], "()[] ")
		}
	}
	rows := d.rows(text)
	for {
		record, line, err := rows.next()
		if errors.Is(err, io.EOF) {
			return t.columns, t.finish()
		}
		if err != nil {
			return nil, d.explain(err, text)
		}
		if t.skip > 0 {
			t.skip--
			continue
		}
		t.rows++
		if err := t.add(record, line); err != nil {
			return nil, err
		}
	}
}

// table collects the columns.
type table struct {
	dialect
	columns []Column
	index   []map[string]int32 // of the texts of each column
	rows    int
	gaps    bool
}

func (t *table) add(record []string, line int) error {
	if t.rows*len(t.columns) > MaxElements {
		return fmt.Errorf("%w: .csv: at most %d cells", ErrTooLarge, MaxElements)
	}
	for i, cell := range record {
		c := &t.columns[i]
		cell = strings.TrimSpace(cell)
		if c.Codes == nil {
			if cell == "" && t.gaps {
				c.Data, c.Gaps = append(c.Data, math.NaN()), append(c.Gaps, t.rows-1)
				continue
			}
			v, err := t.number(cell)
			if err == nil {
				c.Data = append(c.Data, v)
				continue
			}
			if cell == "" || errors.Is(err, strconv.ErrRange) || errors.Is(err, errDecimal) {
				return fmt.Errorf("%w: .csv: line %d, column %q: expected a number, found %.40q%s", ErrFormat, line, c.Name, cell, t.hint(err))
			}
			if err := t.toTexts(i, line, cell); err != nil {
				return err
			}
		}
		if err := t.text(i, cell); err != nil {
			return err
		}
	}
	return nil
}

// toTexts makes a column of numbers one of texts.
func (t *table) toTexts(i, line int, cell string) error {
	c := &t.columns[i]
	if len(c.Data) > maxTexts {
		return fmt.Errorf("%w: .csv: line %d, column %q: expected a number, found %.40q after %d numbers", ErrFormat, line, c.Name, cell, len(c.Data))
	}
	numbers := c.Data
	c.Data, c.Codes = nil, make([]int32, 0, len(numbers)+1)
	for _, v := range numbers {
		if err := t.text(i, strconv.FormatFloat(v, 'g', -1, 64)); err != nil {
			return err
		}
	}
	return nil
}

// maxTexts bounds the number of different texts of a column: they are names of classes and groups.
const maxTexts = 1 << 16

func (t *table) text(i int, cell string) error {
	c := &t.columns[i]
	if t.index == nil {
		t.index = make([]map[string]int32, len(t.columns))
	}
	if t.index[i] == nil {
		t.index[i] = map[string]int32{}
	}
	code, ok := t.index[i][cell]
	if !ok {
		if len(c.Texts) == maxTexts {
			return fmt.Errorf("%w: .csv: column %q has more than %d different texts", ErrTooLarge, c.Name, maxTexts)
		}
		code = int32(len(c.Texts))
		t.index[i][strings.Clone(cell)] = code
		c.Texts = append(c.Texts, strings.Clone(cell))
	}
	c.Codes = append(c.Codes, code)
	return nil
}

// finish checks the names.
func (t *table) finish() error {
	seen := map[string]bool{}
	for _, c := range t.columns {
		if strings.ContainsRune(c.Name, 0) {
			return fmt.Errorf("%w: .csv: expected text, found a byte of 0 in the name %.40q", ErrFormat, c.Name)
		}
		if seen[c.Name] {
			return fmt.Errorf("%w: name %q occurs twice", ErrArray, c.Name)
		}
		seen[c.Name] = true
	}
	return nil
}

// decodeCSV reads columns of numbers.
func decodeCSV(r io.Reader) ([]Array, error) {
	columns, err := decodeTable(r, false)
	if err != nil {
		return nil, err
	}
	return Numbers(columns)
}

// Numbers returns columns of numbers as arrays of shape [rows], which share their memory. Those
// under a unit are converted to SI units without prefix.
//
// Errors: [ErrFormat] for a column of texts, and for a unit that is not known.
func Numbers(columns []Column) ([]Array, error) {
	arrays := make([]Array, len(columns))
	for i, c := range columns {
		if c.Codes != nil {
			bad := c.Texts[0]
			for _, text := range c.Texts {
				if _, err := strconv.ParseFloat(text, 64); err != nil {
					bad = text
					break
				}
			}
			return nil, fmt.Errorf("%w: .csv: column %q: expected numbers, found %.40q", ErrFormat, c.Name, bad)
		}
		factor, ok := SI(c.Unit)
		if !ok {
			return nil, fmt.Errorf("%w: .csv: column %q: expected a unit of time, current, voltage or frequency as ms, nA, mV, found %q", ErrFormat, c.Name, c.Unit)
		}
		if factor != 1 {
			for k := range c.Data {
				c.Data[k] *= factor
			}
		}
		arrays[i] = Array{Name: c.Name, DType: Float64, Shape: []int{len(c.Data)}, Data: c.Data}
	}
	return arrays, nil
}

// SI returns what a number in a unit (ms, nA, mV, kHz, none) is to be multiplied with to be one in
// s, A, V, Hz or without unit; ok is false for another unit.
func SI(unit string) (factor float64, ok bool) {
	switch unit {
	case "", "-", "1", "a.u.", "au", "count", "counts":
		return 1, true
	}
	prefixes := map[string]float64{"": 1, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
	for _, base := range []string{"Hz", "s", "A", "V"} {
		if prefix, found := strings.CutSuffix(unit, base); found {
			factor, ok = prefixes[prefix]
			return factor, ok
		}
	}
	return 0, false
}

// encodeCSV writes arrays of shape [n] as columns, with numbers that read back exactly.
func encodeCSV(w io.Writer, arrays []Array) error {
	out := csv.NewWriter(w)
	record := make([]string, len(arrays))
	numbers := 0
	for i, a := range arrays {
		if _, err := strconv.ParseFloat(a.Name, 64); err == nil && a.Name != strconv.Itoa(i) {
			numbers++
		}
		record[i] = a.Name
		if strings.ContainsAny(a.Name, ",;|\t \"\r\n#%") { // whatever the reader may take for a separator or a comment
			record[i] = `"` + strings.ReplaceAll(a.Name, `"`, `""`) + `"`
		}
		if a.Name == "" || a.Name != strings.TrimSpace(a.Name) || strings.ContainsRune(a.Name, 0) {
			return fmt.Errorf("%w: .csv: expected a name without spaces around it or a byte of 0 in it, found %q", ErrArray, a.Name)
		}
		if len(a.Shape) != 1 || a.Shape[0] != arrays[0].Shape[0] {
			return fmt.Errorf("%w: .csv: %q: expected the shape [n] of all columns, found %v", ErrArray, a.Name, a.Shape)
		}
	}
	if len(arrays) == 0 {
		return fmt.Errorf("%w: .csv: no columns", ErrArray)
	}
	if numbers == len(arrays) {
		return fmt.Errorf("%w: .csv: expected names, found numbers: %s", ErrArray, strings.Join(record, ", "))
	}
	if _, err := io.WriteString(w, strings.Join(record, ",")+"\n"); err != nil {
		return err
	}
	for row := range arrays[0].Data {
		for i, a := range arrays {
			record[i] = strconv.FormatFloat(a.Data[row], 'g', -1, 64)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
