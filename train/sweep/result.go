package sweep

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
)

// Result is what one run gave.
type Result struct {
	Point   int                `json:"point"`
	Seed    uint64             `json:"seed"`
	Numbers map[string]float64 `json:"numbers,omitempty"` // of its last line of JSON
	Error   string             `json:"error,omitempty"`   // why it gave none
}

// Row is a point over its seeds.
type Row struct {
	Point  Point
	Scores []float64 // of the seeds; NaN where the run failed
	N      int       // of runs that gave a score
	Mean   float64   // of these
	SD     float64   // standard deviation, n - 1; NaN for one run
	// Behind and its standard error are the mean of the differences from the best point over the
	// seeds that both have: > 0 is worse. The best point has 0 and NaN.
	Behind, BehindSE float64
}

// Table returns the points, the best mean first, and of equal ones the first. Points without a
// score come last.
func (s *Sweep) Table(points []Point, results []Result) []Row {
	var rows []Row
	if s == nil {
		return nil
	}
	for _, p := range points {
		r := Row{Point: p, Scores: make([]float64, len(s.Seeds))}
		for i, seed := range s.Seeds {
			r.Scores[i] = math.NaN()
			for _, x := range results {
				if score, ok := x.Numbers[s.Score]; ok && x.Point == p.Index && x.Seed == seed {
					r.Scores[i] = score
				}
			}
		}
		r.N, r.Mean, r.SD = moments(r.Scores)
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		switch {
		case a.N == 0 || b.N == 0:
			return min(1, b.N) - min(1, a.N)
		case a.Mean == b.Mean:
			return 0
		case (a.Mean > b.Mean) == (s.Goal == "max"):
			return -1
		}
		return 1
	})
	for i := range rows {
		sign := 1.0
		if s.Goal == "min" {
			sign = -1
		}
		differences := make([]float64, len(s.Seeds))
		for j := range differences {
			differences[j] = sign * (rows[0].Scores[j] - rows[i].Scores[j])
		}
		n, mean, sd := moments(differences)
		rows[i].Behind, rows[i].BehindSE = mean, sd/math.Sqrt(float64(n))
		if i == 0 {
			rows[i].BehindSE = math.NaN()
		}
	}
	return rows
}

// moments returns number, mean and standard deviation of what is a number.
func moments(x []float64) (n int, mean, sd float64) {
	for _, v := range x {
		if !math.IsNaN(v) {
			n++
			mean += v
		}
	}
	if n == 0 {
		return 0, math.NaN(), math.NaN()
	}
	mean /= float64(n)
	for _, v := range x {
		if !math.IsNaN(v) {
			sd += (v - mean) * (v - mean)
		}
	}
	return n, mean, math.Sqrt(sd / float64(n-1))
}

// WriteCSV writes a line for each run: point, from 1 on, seed, the keys, and all numbers of the
// results; error is the last column.
func (s *Sweep) WriteCSV(w io.Writer, points []Point, results []Result) error {
	if err := errors.Join(s.check(points...), s.writable(w)); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, r := range results {
		for name := range r.Numbers {
			names[name] = true
		}
	}
	numbers := slices.Sorted(maps.Keys(names))
	out := csv.NewWriter(w)
	head := []string{"point", "seed"}
	for _, k := range s.Keys {
		head = append(head, k.Name)
	}
	if err := out.Write(append(append(head, numbers...), "error")); err != nil {
		return err
	}
	for _, r := range results {
		line := []string{strconv.Itoa(r.Point + 1), strconv.FormatUint(r.Seed, 10)}
		if r.Point < 0 || r.Point >= len(points) {
			return fmt.Errorf("sweep: a result of point %d of %d", r.Point+1, len(points))
		}
		for _, v := range points[r.Point].Values {
			line = append(line, exact(v))
		}
		for _, name := range numbers {
			cell := ""
			if x, ok := r.Numbers[name]; ok {
				cell = strconv.FormatFloat(x, 'g', -1, 64)
			}
			line = append(line, cell)
		}
		if err := out.Write(append(line, r.Error)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// Text returns a value as a person writes it.
func Text(v any) string {
	if x, ok := v.(float64); ok {
		return strconv.FormatFloat(x, 'g', 6, 64)
	}
	return fmt.Sprint(v)
}

// exact returns a value with all its digits.
func exact(v any) string {
	if x, ok := v.(float64); ok {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}
