package files

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// decodeCSV reads columns of numbers under a row of names.
func decodeCSV(r io.Reader) ([]Array, error) {
	b := bufio.NewReader(r)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\ufeff" { // spreadsheets write a byte order mark
		_, _ = b.Discard(3)
	}
	in := csv.NewReader(b)
	in.ReuseRecord, in.TrimLeadingSpace = true, true
	names, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: .csv: expected a row of names: %w", ErrCorrupt, err)
	}
	arrays := make([]Array, len(names))
	for i, n := range names {
		arrays[i] = Array{Name: strings.TrimSpace(n), DType: Float64}
		if arrays[i].Name == "" {
			return nil, fmt.Errorf("%w: .csv: column %d has no name", ErrCorrupt, i+1)
		}
	}
	for rows := 0; ; rows++ {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			for i := range arrays {
				arrays[i].Shape = []int{rows}
			}
			return arrays, check(arrays)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: .csv: %w", ErrCorrupt, err)
		}
		if (rows+1)*len(arrays) > MaxElements {
			return nil, fmt.Errorf("%w: .csv: at most %d cells", ErrTooLarge, MaxElements)
		}
		for i, cell := range record {
			v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
			if err != nil {
				line, _ := in.FieldPos(i)
				return nil, fmt.Errorf("%w: .csv: line %d, column %q: expected a number, found %.40q", ErrCorrupt, line, arrays[i].Name, cell)
			}
			arrays[i].Data = append(arrays[i].Data, v)
		}
	}
}

// encodeCSV writes arrays of shape [n] as columns, with numbers that read back exactly.
func encodeCSV(w io.Writer, arrays []Array) error {
	out := csv.NewWriter(w)
	record := make([]string, len(arrays))
	for i, a := range arrays {
		if record[i] = a.Name; a.Name == "" || a.Name != strings.TrimSpace(a.Name) {
			return fmt.Errorf("%w: .csv: expected a name without spaces around it, found %q", ErrArray, a.Name)
		}
		if len(a.Shape) != 1 || a.Shape[0] != arrays[0].Shape[0] {
			return fmt.Errorf("%w: .csv: %q: expected the shape [n] of all columns, found %v", ErrArray, a.Name, a.Shape)
		}
	}
	if len(arrays) == 0 {
		return fmt.Errorf("%w: .csv: no columns", ErrArray)
	}
	if err := out.Write(record); err != nil {
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
